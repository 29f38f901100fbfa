/* chart.h - charts of curves, as SVG. */
#ifndef ANNC_CLI_CHARTS_CHART_H
#define ANNC_CLI_CHARTS_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { MOST_SERIES = 64 };
/* Pixels: the chart's width; its left edge to its y axis; its top to its curves, with a legend of
 * one line. */
enum { CHART_WIDTH = 720, CHART_LEFT = 66, CHART_TOP = 44 };

/* One curve: y over x, each with `step` doubles between points; a y of NaN breaks the curve. */
struct series {
    char name[64];
    const double *x, *y;
    size_t count, step;
    double marked; /* the x of the marked point, or NaN */
    bool is_thin;  /* one of many curves, such as folds; the legend names only the first */
};

struct chart {
    const char *id; /* prefix of ids inside the chart, unique on the page */
    const char *title, *x_name, *y_name;
    const char *mark_name; /* the marked point's name, or NULL */
    bool is_share;         /* show y in percent */
    bool may_be_log;       /* allow a logarithmic y axis if it helps */
    struct series series[MOST_SERIES];
    size_t count;
};

/* CSS of charts, light and dark: the contents of a <style>. */
extern const char CHART_STYLE[];

/* Prints a chart as an <svg> element, for a page that includes CHART_STYLE. */
void chart_print(const struct chart *chart, FILE *out);
/* Returns the chart's height in pixels. */
double chart_height(const struct chart *chart);

#endif
