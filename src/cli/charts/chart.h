/* chart.h - a chart of curves as SVG. */
#ifndef ANNC_CLI_CHARTS_CHART_H
#define ANNC_CLI_CHARTS_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { MOST_SERIES = 64 };
/* Pixels: of every chart, from its left edge to its axis, and above its curves where the legend has one line. */
enum { CHART_WIDTH = 720, CHART_LEFT = 66, CHART_TOP = 44 };

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
extern const char CHART_STYLE[];

/* A chart as an <svg> element; in a page that has CHART_STYLE. */
void chart_print(const struct chart *chart, FILE *out);
/* Its height in pixels. */
double chart_height(const struct chart *chart);

#endif
