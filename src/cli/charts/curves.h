/* curves.h - curves of runs by epoch, as SVG. */
#ifndef ANNC_CLI_CHARTS_CURVES_H
#define ANNC_CLI_CHARTS_CURVES_H

#include "cli/charts/chart.h"
#include "cli/log/run.h"

/* The epochs of a run, and the run's name in the legend. */
struct named_history {
    const char *name;
    const struct history *history;
    double kept_epoch;        /* or NaN */
    const struct fold *folds; /* the folds whose mean is the history, or NULL */
    size_t fold_count;
};

/* Fills in chart number `which` of one run, or of several in one chart: loss, accuracy or R2, and,
 * for a single run, saturation. Returns false past the last chart. */
enum { MOST_CHARTS = 3 };
bool chart_of(const struct named_history *runs, size_t count, int which, struct chart *chart);

/* Prints all charts except saturation as one picture. */
void curves_print(const struct named_history *run, FILE *out);

#endif
