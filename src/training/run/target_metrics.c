/* target_metrics.c - measures of targets beyond R^2: of quantiles, counts and several labels per
 * example. */
#include "training/run/target_metrics.h"
#include "base/functions.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"
#include "network/shape.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- quantiles and counts */

/* Returns 2 (y ln(y / mu) - (y - mu)), with 0 ln 0 = 0. */
static double poisson_deviance(double y, double mu)
{
    return 2 * ((y > 0 ? y * log(y / mu) : 0) - (y - mu));
}

annc_cost_measures annc_cost_measure(const annc_shape *shape, const annc_dataset *dataset, const float *outputs)
{
    annc_cost_measures measures = {NAN, NAN, NAN};
    if (!annc_shape_is_in_range(shape) || !dataset || !outputs || !annc_dataset_examples(dataset)->targets)
        return measures;
    const size_t count = annc_dataset_examples(dataset)->count, n = annc_dataset_examples(dataset)->outputs;
    double pinball = 0, deviance = 0, covered = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < n; j++) {
            const double y = annc_dataset_target(dataset, i, j),
                         a = annc_dataset_in_units(dataset, j, (double)outputs[i * n + j]);
            const double w = annc_dataset_weight(dataset, i);
            pinball += w * annc_cost_value_f64(ANNC_QUANTILE, shape->quantile, a, a, y);
            covered += y <= a ? w : 0;
            deviance += w * poisson_deviance(y, a);
        }
    const double all = annc_dataset_weight_of_all(dataset) * (double)n;
    if (shape->cost == ANNC_QUANTILE) {
        measures.pinball = pinball / all;
        measures.coverage = covered / all;
    }
    if (shape->cost == ANNC_POISSON)
        measures.poisson_deviance = deviance / all;
    return measures;
}

/* ---------------------------------------------------------------- several labels per example */

static bool are_labels(const annc_shape *shape, const annc_dataset *dataset)
{
    const annc_examples *examples = annc_dataset_examples(dataset);
    return annc_shape_is_in_range(shape) && examples && !annc_dataset_labels(dataset) &&
           annc_targets_are_answers(examples->targets, examples->count, examples->outputs);
}

/* The weights of the examples that annc_class_measures counts. */
struct label_weights {
    double support, predicted, correct;
};

static void finish(annc_class_measures *measures, struct label_weights weights)
{
    measures->precision = weights.predicted > 0 ? weights.correct / weights.predicted : 0;
    measures->recall = weights.support > 0 ? weights.correct / weights.support : 0;
    /* 2 p r / (p + r) */
    const double sum = weights.support + weights.predicted;
    measures->f1 = sum > 0 ? 2 * weights.correct / sum : 0;
}

/* Measures one label, and adds its weights to `all`. */
static annc_class_measures measure_label(const annc_shape *shape, const annc_dataset *dataset, const float *outputs,
                                         uint32_t target, struct label_weights *all)
{
    const annc_examples *examples = annc_dataset_examples(dataset);
    const float middle = annc_cost_middle(shape->cost);
    annc_class_measures measures = {.support = 0};
    struct label_weights weights = {0, 0, 0};
    for (size_t i = 0; i < examples->count; i++) {
        const size_t at = i * examples->outputs + target;
        const bool wanted = examples->targets[at] == 1, predicted = outputs[at] > middle;
        const double weight = annc_dataset_weight(dataset, i);
        measures.support += wanted;
        measures.predicted += predicted;
        measures.correct += wanted && predicted;
        weights.support += wanted ? weight : 0;
        weights.predicted += predicted ? weight : 0;
        weights.correct += wanted && predicted ? weight : 0;
    }
    finish(&measures, weights);
    all->support += weights.support;
    all->predicted += weights.predicted;
    all->correct += weights.correct;
    return measures;
}

annc_class_measures annc_multilabel_target(const annc_shape *shape, const annc_dataset *dataset, const float *outputs,
                                           uint32_t target)
{
    struct label_weights ignored = {0, 0, 0};
    if (!outputs || !are_labels(shape, dataset) || target >= annc_dataset_examples(dataset)->outputs)
        return (annc_class_measures){.support = 0};
    return measure_label(shape, dataset, outputs, target, &ignored);
}

double annc_label_accuracy(const annc_shape *shape, const annc_dataset *dataset, const float *outputs)
{
    if (!are_labels(shape, dataset))
        return NAN;
    const annc_examples *examples = annc_dataset_examples(dataset);
    const uint32_t n = examples->outputs;
    const float middle = annc_cost_middle(shape->cost);
    double right = 0;
    for (size_t i = 0; i < examples->count; i++)
        for (size_t at = i * n; at < (i + 1) * n; at++)
            right += (examples->targets[at] == 1) == (outputs[at] > middle) ? annc_dataset_weight(dataset, i) : 0;
    return right / (annc_dataset_weight_of_all(dataset) * n);
}

/* Returns the number of examples that have every label right. */
static uint32_t count_exact(const annc_shape *shape, const annc_examples *examples, const float *outputs)
{
    const float middle = annc_cost_middle(shape->cost);
    const size_t n = examples->outputs;
    uint32_t exact = 0;
    for (size_t i = 0; i < examples->count; i++) {
        bool right = true;
        for (size_t j = 0; j < n; j++)
            right = right && (examples->targets[i * n + j] == 1) == (outputs[i * n + j] > middle);
        exact += right;
    }
    return exact;
}

annc_multilabel annc_multilabel_measure(const annc_shape *shape, const annc_dataset *dataset, const float *outputs)
{
    annc_multilabel measures;
    memset(&measures, 0, sizeof measures);
    if (!outputs || !are_labels(shape, dataset))
        return measures;
    const annc_examples *examples = annc_dataset_examples(dataset);
    annc_class_measures *micro = &measures.micro, *macro = &measures.macro;
    struct label_weights all = {0, 0, 0};
    measures.labels = examples->outputs;
    measures.exact = count_exact(shape, examples, outputs);
    for (uint32_t j = 0; j < examples->outputs; j++) {
        const annc_class_measures one = measure_label(shape, dataset, outputs, j, &all);
        micro->support += one.support;
        micro->predicted += one.predicted;
        micro->correct += one.correct;
        macro->precision += one.precision / examples->outputs;
        macro->recall += one.recall / examples->outputs;
        macro->f1 += one.f1 / examples->outputs;
    }
    macro->support = micro->support;
    macro->predicted = micro->predicted;
    macro->correct = micro->correct;
    finish(micro, all);
    measures.accuracy = annc_label_accuracy(shape, dataset, outputs);
    return measures;
}
