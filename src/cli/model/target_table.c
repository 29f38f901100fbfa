/* target_table.c - the measures of each of several targets. */
#include "cli/model/target_table.h"
#include "base/number.h"
#include "base/status.h"
#include "cli/terminal/screen.h"

#include <math.h>
#include <stdio.h>

enum { NAME = 64, LEAST_HEAD = 8, MOST_HEAD = 24, MOST_SHOWN = 30 };

static const char *plain_target(const annc_dataset *data, uint32_t j, char name[NAME])
{
    char number[32];
    const char *known = annc_dataset_target_name(data, j);
    snprintf(number, sizeof number, "target%u", j + 1);
    return plain_text(known ? known : number, name, NAME);
}

static int head_width(const annc_dataset *data, uint32_t count)
{
    char name[NAME];
    int wide = LEAST_HEAD;
    for (uint32_t j = 0; j < count; j++) {
        const int columns = text_columns(plain_target(data, j, name));
        wide = columns > wide ? columns : wide;
    }
    return wide < MOST_HEAD ? wide : MOST_HEAD;
}

/* Prints the share of all answers that are right; nothing if a target is no answer of 0 or 1. */
static annc_status print_accuracy(const annc_dataset *data, const float *outputs)
{
    const annc_examples *examples = annc_dataset_examples(data);
    double sum = 0;
    for (uint32_t j = 0; j < examples->outputs; j++) {
        annc_target_measures measures;
        ANNC_RETURN_IF_FAILED(annc_target_measure(data, outputs, j, &measures));
        sum += measures.accuracy; /* NaN stays */
    }
    if (!isnan(sum))
        printf("accuracy %.2f%% of %llu answers, each 0 or 1\n", 100 * sum / examples->outputs,
               (unsigned long long)examples->count * examples->outputs);
    return ANNC_OK;
}

annc_status print_targets(const annc_dataset *data, const float *outputs, bool each)
{
    const uint32_t n = annc_dataset_examples(data)->outputs, shown = n < MOST_SHOWN ? n : MOST_SHOWN;
    const int wide = head_width(data, shown);
    ANNC_RETURN_IF_FAILED(print_accuracy(data, outputs));
    if (!each || n == 1)
        return ANNC_OK;
    printf("\n%-*s %9s %10s %10s\n", wide, "target", "R2", "RMSE", "MAE");
    for (uint32_t j = 0; j < shown; j++) {
        annc_target_measures measures;
        char name[NAME], r2[SHORT_NUMBER];
        ANNC_RETURN_IF_FAILED(annc_target_measure(data, outputs, j, &measures));
        print_left(stdout, plain_target(data, j, name), wide);
        printf(" %9s %10.4g %10.4g", short_number(measures.r2, 4, r2), measures.rmse, measures.mae);
        if (!isnan(measures.accuracy))
            printf("  %.2f%% right", 100 * measures.accuracy);
        printf("\n");
    }
    if (shown < n)
        printf("and %u more; --json has all\n", n - shown);
    return ANNC_OK;
}

annc_status json_targets(struct json *json, const annc_dataset *data, const float *outputs)
{
    const uint32_t n = annc_dataset_examples(data)->outputs;
    json_open(json, "targets", '[');
    for (uint32_t j = 0; j < n; j++) {
        annc_target_measures measures;
        char name[NAME];
        const char *known = annc_dataset_target_name(data, j);
        ANNC_RETURN_IF_FAILED(annc_target_measure(data, outputs, j, &measures));
        json_open(json, NULL, '{');
        json_text(json, "target", known ? known : plain_target(data, j, name));
        json_number(json, "r2", measures.r2);
        json_number(json, "rmse", measures.rmse);
        json_number(json, "mae", measures.mae);
        if (!isnan(measures.accuracy))
            json_number(json, "accuracy", measures.accuracy);
        json_close(json, '}');
    }
    json_close(json, ']');
    return ANNC_OK;
}

void print_target_value(FILE *out, const annc_dataset *data, uint32_t target, double value)
{
    const int digits = annc_dataset_target_digits(data, target);
    /* A float, where it suffices, does not show how scaling rounded. */
    if (digits > ANNC_FLOAT_DIGITS)
        fprintf(out, "%.*g", digits, value);
    else
        print_float(out, (double)(float)value);
}

/* ---------------------------------------------------------------- measures of costs and labels */

static void print_label(const char *name, int wide, annc_class_measures measures)
{
    print_left(stdout, name, wide);
    printf(" %8u %9.2f%% %7.2f%% %7.2f%%\n", measures.support, 100 * measures.precision, 100 * measures.recall,
           100 * measures.f1);
}

static void print_labels(const annc_shape *shape, const annc_dataset *data, const float *outputs,
                         const annc_multilabel *all)
{
    const uint32_t shown = all->labels < MOST_SHOWN ? all->labels : MOST_SHOWN;
    const int least = (int)sizeof "all labels" - 1, own = head_width(data, shown), wide = own > least ? own : least;
    char name[NAME];
    printf("\n%-*s %8s %10s %8s %8s\n", wide, "label", "support", "precision", "recall", "F1");
    for (uint32_t j = 0; j < shown; j++)
        print_label(plain_target(data, j, name), wide, annc_multilabel_target(shape, data, outputs, j));
    print_label("mean", wide, all->macro);
    print_label("all labels", wide, all->micro);
}

void print_cost_measures(const annc_shape *shape, const annc_dataset *data, const float *outputs, bool each)
{
    const annc_cost_measures measures = annc_cost_measure(shape, data, outputs);
    const annc_multilabel labels = annc_multilabel_measure(shape, data, outputs);
    const uint32_t count = annc_dataset_examples(data)->count;
    if (!isnan(measures.pinball))
        printf("pinball loss %.6g, coverage %.2f%% (quantile %g)\n", measures.pinball, 100 * measures.coverage,
               shape->quantile);
    if (!isnan(measures.poisson_deviance))
        printf("Poisson deviance %.6g\n", measures.poisson_deviance);
    if (labels.labels == 0)
        return;
    printf("subset accuracy %.2f%% (%u / %u): rows with every label right\n", 100.0 * labels.exact / count,
           labels.exact, count);
    if (each)
        print_labels(shape, data, outputs, &labels);
}

static void json_label(struct json *json, annc_class_measures measures)
{
    json_whole(json, "support", measures.support);
    json_number(json, "precision", measures.precision);
    json_number(json, "recall", measures.recall);
    json_number(json, "f1", measures.f1);
    json_close(json, '}');
}

void json_cost_measures(struct json *json, const annc_shape *shape, const annc_dataset *data, const float *outputs)
{
    const annc_cost_measures measures = annc_cost_measure(shape, data, outputs);
    const annc_multilabel labels = annc_multilabel_measure(shape, data, outputs);
    if (!isnan(measures.pinball)) {
        json_number(json, "quantile", shape->quantile);
        json_number(json, "pinball", measures.pinball);
        json_number(json, "coverage", measures.coverage);
    }
    if (!isnan(measures.poisson_deviance))
        json_number(json, "poisson_deviance", measures.poisson_deviance);
    if (labels.labels == 0)
        return;
    json_whole(json, "exact", labels.exact);
    json_number(json, "subset_accuracy", (double)labels.exact / annc_dataset_examples(data)->count);
    json_number(json, "label_accuracy", labels.accuracy);
    json_open(json, "micro", '{');
    json_label(json, labels.micro);
    json_open(json, "macro", '{');
    json_label(json, labels.macro);
    json_open(json, "labels", '[');
    for (uint32_t j = 0; j < labels.labels; j++) {
        char name[NAME];
        const char *known = annc_dataset_target_name(data, j);
        json_open(json, NULL, '{');
        json_text(json, "label", known ? known : plain_target(data, j, name));
        json_label(json, annc_multilabel_target(shape, data, outputs, j));
    }
    json_close(json, ']');
}
