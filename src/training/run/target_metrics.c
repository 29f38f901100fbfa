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
            pinball += annc_cost_value_f64(ANNC_QUANTILE, shape->quantile, a, a, y);
            covered += y <= a;
            deviance += poisson_deviance(y, a);
        }
    const double all = (double)(count * n);
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

static void finish(annc_class_measures *measures)
{
    measures->precision = measures->predicted ? (double)measures->correct / measures->predicted : 0;
    measures->recall = measures->support ? (double)measures->correct / measures->support : 0;
    /* 2 p r / (p + r) */
    const double sum = (double)measures->support + measures->predicted;
    measures->f1 = sum > 0 ? 2.0 * measures->correct / sum : 0;
}

annc_class_measures annc_multilabel_target(const annc_shape *shape, const annc_dataset *dataset, const float *outputs,
                                           uint32_t target)
{
    annc_class_measures measures = {.support = 0};
    if (!outputs || !are_labels(shape, dataset) || target >= annc_dataset_examples(dataset)->outputs)
        return measures;
    const annc_examples *examples = annc_dataset_examples(dataset);
    const float middle = annc_cost_middle(shape->cost);
    for (size_t i = 0; i < examples->count; i++) {
        const size_t at = i * examples->outputs + target;
        const bool wanted = examples->targets[at] == 1, predicted = outputs[at] > middle;
        measures.support += wanted;
        measures.predicted += predicted;
        measures.correct += wanted && predicted;
    }
    finish(&measures);
    return measures;
}

double annc_label_accuracy(const annc_shape *shape, const annc_dataset *dataset, const float *outputs)
{
    if (!are_labels(shape, dataset))
        return NAN;
    const annc_examples *examples = annc_dataset_examples(dataset);
    const size_t all = (size_t)examples->count * examples->outputs;
    const float middle = annc_cost_middle(shape->cost);
    size_t right = 0;
    for (size_t at = 0; at < all; at++)
        right += (examples->targets[at] == 1) == (outputs[at] > middle);
    return (double)right / (double)all;
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
    measures.labels = examples->outputs;
    measures.exact = count_exact(shape, examples, outputs);
    for (uint32_t j = 0; j < examples->outputs; j++) {
        const annc_class_measures one = annc_multilabel_target(shape, dataset, outputs, j);
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
    finish(micro);
    measures.accuracy = annc_label_accuracy(shape, dataset, outputs);
    return measures;
}
