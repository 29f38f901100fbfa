/* curves.h - curves as SVG: of runs, by epoch. */
#ifndef ANNC_CLI_CHARTS_CURVES_H
#define ANNC_CLI_CHARTS_CURVES_H

#include "cli/charts/chart.h"
#include "cli/log/run.h"

/* Epochs of a run under the name that it has beside others. */
struct named_history {
    const char *name;
    const struct history *history;
    double kept_epoch;        /* or NaN */
    const struct fold *folds; /* that the history is the mean of, or NULL */
    size_t fold_count;
};

/* The charts of one run, or of several over each other: the training loss, the loss of the other sets, accuracy or R2, and, of one run,
 * saturation. Gives false past the last. */
enum { MOST_CHARTS = 4 };
bool chart_of(const struct named_history *runs, size_t count, int which, struct chart *chart);

/* All of them, saturation excepted, as one picture by itself. */
void curves_print(const struct named_history *run, FILE *out);

#endif
