/* curves.c - curves of runs by epoch, as SVG. */
#include "cli/charts/curves.h"
#include "cli/terminal/output.h"

#include <math.h>

enum { MOST_THIN = MOST_SERIES - 4 };

/* Adds a column of a run as a curve, if the run has it. */
static void add_series(struct chart *chart, const struct named_history *run, size_t column, const char *name)
{
    const double *values = history_column(run->history, column);
    const double *best = history_best(run->history, run->kept_epoch);
    if (!values || chart->count == MOST_SERIES)
        return;
    struct series *series = &chart->series[chart->count++];
    *series = (struct series){.x = run->history->rows + EPOCH,
                              .y = values,
                              .count = run->history->count,
                              .step = history_width(run->history),
                              .marked = best ? best[EPOCH] : NAN};
    snprintf(series->name, sizeof series->name, "%s", name);
}

/* Adds the same column of each fold, as many as fit. */
static void add_folds(struct chart *chart, const struct named_history *run, size_t column)
{
    for (size_t f = 0; f < run->fold_count && f < MOST_THIN; f++) {
        const struct named_history fold = {.history = &run->folds[f].history, .kept_epoch = NAN};
        char name[32];
        const size_t before = chart->count;
        snprintf(name, sizeof name, "fold %zu", f + 1);
        add_series(chart, &fold, column, name);
        if (chart->count > before) {
            chart->series[before].is_thin = true;
            chart->series[before].marked = NAN;
        }
    }
}

/* Adds several columns of one run, or, of several runs, the first column that each has. */
static void add_columns(struct chart *chart, const struct named_history *runs, size_t count,
                        const enum epoch_column *columns, const char *const *names, size_t column_count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < column_count; c++) {
            if (count == 1 && chart->count == 0)
                add_folds(chart, runs, columns[c]);
            const size_t before = chart->count;
            add_series(chart, &runs[i], columns[c], count > 1 ? runs[i].name : names[c]);
            if (count > 1 && chart->count > before)
                break;
        }
}

static void add_layers(struct chart *chart, const struct named_history *run)
{
    for (uint32_t l = 0; l < run->history->layers; l++) {
        char name[32];
        snprintf(name, sizeof name, "layer %u", l + 1);
        add_series(chart, run, EPOCH_COLUMNS + l, name);
    }
}

static bool has_column(const struct named_history *runs, size_t count, enum epoch_column column)
{
    for (size_t i = 0; i < count; i++)
        if (history_column(runs[i].history, column))
            return true;
    return false;
}

bool chart_of(const struct named_history *runs, size_t count, int which, struct chart *chart)
{
    static const char *const ids[] = {"loss", "measure", "saturation"};
    static const enum epoch_column loss[] = {TEST_LOSS, VALIDATION_LOSS, TRAINING_LOSS},
                                   accuracy[] = {TEST_ACCURACY, VALIDATION_ACCURACY, TRAINING_ACCURACY},
                                   r2[] = {TEST_R2, VALIDATION_R2};
    static const char *const alone[] = {"test set", "validation set", "training set"}, *const means[] = {
                                                                                           "test set, mean",
                                                                                           "validation set, mean",
                                                                                           "training set, mean"};
    const char *const *names = runs[0].folds ? means : alone;
    const bool are_classes = has_column(runs, count, TRAINING_ACCURACY) || has_column(runs, count, TEST_ACCURACY);
    if (which >= MOST_CHARTS)
        return false;
    *chart = (struct chart){.id = ids[which],
                            .x_name = "epoch",
                            .may_be_log = which == 0,
                            .is_share = which == 2 || (which == 1 && are_classes)};
    chart->mark_name = isnan(runs[0].kept_epoch) || count > 1 ? "best epoch"
                       : runs[0].folds                        ? "smallest validation loss"
                                                              : "epoch that was kept";
    if (which == 0) {
        chart->title =
            count > 1 ? "Loss per example, of the test set, or else of validation or training" : "Loss per example";
        add_columns(chart, runs, count, loss, names, 3);
    } else if (which == 1 && are_classes) {
        chart->title = count > 1 ? "Accuracy on the test set, or else of validation or training" : "Accuracy";
        add_columns(chart, runs, count, accuracy, names, 3);
    } else if (which == 1) {
        chart->title = "R\xC2\xB2, the share of the variance that is explained";
        add_columns(chart, runs, count, r2, names, 2);
    } else if (count == 1) {
        chart->title = "Saturation: units and examples whose slope f\xE2\x80\xB2 is near 0";
        chart->mark_name = NULL;
        add_layers(chart, runs);
    }
    return true;
}

void curves_print(const struct named_history *run, FILE *out)
{
    struct chart chart;
    double height = 0;
    for (int i = 0; i < MOST_CHARTS - 1 && chart_of(run, 1, i, &chart); i++)
        height += chart.count ? chart_height(&chart) : 0;
    height = height > 0 ? height : CHART_TOP;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 %d %.0f\" width=\"%d\" "
            "height=\"%.0f\">\n<title>",
            CHART_WIDTH, height, CHART_WIDTH, height);
    print_markup_text(out, run->name);
    fprintf(out, "</title>\n<style>%s</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n",
            CHART_STYLE);
    if (run->history->count == 0)
        fprintf(out, "<text x=\"%d\" y=\"26\">No epoch was completed.</text>\n", CHART_LEFT);
    height = 0;
    for (int i = 0; i < MOST_CHARTS - 1 && chart_of(run, 1, i, &chart); i++) {
        if (chart.count == 0)
            continue;
        fprintf(out, "<g transform=\"translate(0 %.0f)\">\n", height);
        chart_print(&chart, out);
        fputs("</g>\n", out);
        height += chart_height(&chart);
    }
    fputs("</svg>\n", out);
}
