/* curves.h - curves as SVG: of runs, by epoch. */
#ifndef ANNC_CLI_CURVES_H
#define ANNC_CLI_CURVES_H

#include "run.h"

#include <stdio.h>

enum { MOST_SERIES = 64 };

/* One curve: y over x, each `step` doubles from one point to the next; where y is no number the curve is broken. */
struct series {
    char name[64];
    const double *x, *y;
    size_t count, step;
    double marked; /* the x of a point to be marked, or NaN */
    bool is_thin;  /* one of the many that another is the mean of; the legend names the first for all */
};

struct chart {
    const char *id; /* of its parts, unlike those of others on the page */
    const char *title, *x_name, *y_name;
    const char *mark_name; /* what a marked point is, or NULL */
    bool is_share;         /* y is shown in percent */
    bool may_be_log;       /* the axis of y may be logarithmic, and is where that pays */
    struct series series[MOST_SERIES];
    size_t count;
};

/* What the charts look like, light and dark: the contents of a <style>. */
extern const char CURVES_STYLE[];

/* A chart as an <svg> element; in a page that has CURVES_STYLE. */
void chart_print(const struct chart *chart, FILE *out);

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
