/* metrics.c - measures of classification beyond accuracy. */
#include "cli/model/metrics.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/usage.h"

#include <math.h>
#include <stdlib.h>

static const double LEAST_PROBABILITY = 1e-15;

/* An example's output for the second of two classes, and whether that is its class. */
struct score {
    float output;
    bool positive;
};

static int by_output(const void *a, const void *b)
{
    const float x = ((const struct score *)a)->output, y = ((const struct score *)b)->output;
    return (x > y) - (x < y);
}

static bool is_binary(const annc_examples *examples)
{
    return examples->labels && examples->outputs <= 2;
}

static float positive_output(const annc_examples *examples, const float *outputs, uint32_t i)
{
    return examples->outputs == 1 ? outputs[i] : outputs[2 * (size_t)i + 1];
}

/* Returns the share of pairs of a positive and a negative example with outputs in the right
 * order. */
static double auc_of(struct score *scores, uint32_t count)
{
    double positives = 0, negatives = 0, pairs = 0;
    qsort(scores, count, sizeof *scores, by_output);
    for (uint32_t first = 0; first < count;) {
        double equal_positives = 0, equal_negatives = 0;
        uint32_t i = first;
        for (; i < count && scores[i].output == scores[first].output; i++)
            *(scores[i].positive ? &equal_positives : &equal_negatives) += 1;
        pairs += equal_positives * (negatives + equal_negatives / 2);
        positives += equal_positives;
        negatives += equal_negatives;
        first = i;
    }
    return positives > 0 && negatives > 0 ? pairs / (positives * negatives) : NAN;
}

static double auc(const annc_dataset *data, const float *outputs)
{
    const annc_examples *examples = annc_dataset_examples(data);
    if (!is_binary(examples))
        return NAN;
    struct score *scores = take_memory(examples->count, sizeof *scores, "the scores");
    for (uint32_t i = 0; i < examples->count; i++)
        scores[i] = (struct score){positive_output(examples, outputs, i), examples->labels[i] == 1};
    const double area = auc_of(scores, examples->count);
    free(scores);
    return area;
}

static double log_loss(const annc_shape *shape, const annc_dataset *data, const float *outputs)
{
    const annc_examples *examples = annc_dataset_examples(data);
    const annc_activation f = shape->activation[shape->layers - 1];
    const uint32_t n = examples->outputs;
    double sum = 0;
    if (!examples->labels || !(f == ANNC_SOFTMAX || (f == ANNC_SIGMOID && n == 1)))
        return NAN;
    for (uint32_t i = 0; i < examples->count; i++) {
        const int32_t label = examples->labels[i];
        const double p = n > 1   ? (double)outputs[(size_t)i * n + (uint32_t)label]
                         : label ? (double)outputs[i]
                                 : 1 - (double)outputs[i];
        sum -= log(fmax(p, LEAST_PROBABILITY));
    }
    return sum / examples->count;
}

struct binary_figures binary_figures(const annc_shape *shape, const annc_dataset *data, const float *outputs)
{
    return (struct binary_figures){auc(data, outputs), log_loss(shape, data, outputs)};
}

annc_status check_threshold(const annc_shape *shape, double threshold)
{
#define RANGE(enumerator, name, f, derivative, kind, piece, lowest, highest, init) [enumerator] = {lowest, highest},
    static const struct {
        double lowest, highest;
    } ranges[] = {ANNC_ACTIVATIONS(RANGE)};
#undef RANGE
    const annc_activation f = shape->activation[shape->layers - 1];
    const double lowest = ranges[f].lowest, highest = ranges[f].highest;
    if (threshold >= lowest && threshold <= highest)
        return ANNC_OK;
    if (isinf(highest))
        return annc_fail(ANNC_USAGE, "--threshold %g: the outputs of %s are never below %g", threshold,
                         annc_activation_name(f), lowest);
    return annc_fail(ANNC_USAGE, "--threshold %g: the outputs of %s lie between %g and %g", threshold,
                     annc_activation_name(f), lowest, highest);
}

annc_status apply_threshold(const annc_shape *shape, const annc_dataset *data, const float *outputs, double threshold,
                            int32_t *predictions, uint32_t *correct)
{
    const annc_examples *examples = annc_dataset_examples(data);
    if (!examples->labels)
        return annc_fail(ANNC_USAGE, "--threshold tells two classes apart, and the data have targets");
    if (!is_binary(examples))
        return annc_fail(ANNC_USAGE, "--threshold tells two classes apart, and there are %u",
                         shape->width[shape->layers]);
    *correct = 0;
    for (uint32_t i = 0; i < examples->count; i++) {
        predictions[i] = (double)positive_output(examples, outputs, i) > threshold;
        *correct += predictions[i] == examples->labels[i];
    }
    return ANNC_OK;
}

/* ---------------------------------------------------------------- by class */

void confusion_open(const annc_dataset *data, const int32_t *predictions, struct confusion *confusion)
{
    const annc_examples *examples = annc_dataset_examples(data);
    confusion->classes = examples->outputs == 1 ? 2 : examples->outputs;
    confusion->count =
        take_memory((size_t)confusion->classes * confusion->classes, sizeof *confusion->count, "the confusion matrix");
    for (uint32_t i = 0; i < examples->count; i++)
        confusion->count[(size_t)examples->labels[i] * confusion->classes + (uint32_t)predictions[i]]++;
}

void confusion_close(struct confusion *confusion)
{
    free(confusion->count);
    confusion->count = NULL;
}

struct class_figures confusion_class(const struct confusion *confusion, uint32_t c)
{
    struct class_figures figures = {.correct = confusion->count[(size_t)c * confusion->classes + c]};
    for (uint32_t other = 0; other < confusion->classes; other++) {
        figures.support += confusion->count[(size_t)c * confusion->classes + other];
        figures.predicted += confusion->count[(size_t)other * confusion->classes + c];
    }
    figures.precision = figures.predicted ? (double)figures.correct / figures.predicted : 0;
    figures.recall = figures.support ? (double)figures.correct / figures.support : 0;
    const double sum = figures.precision + figures.recall;
    figures.f1 = sum > 0 ? 2 * figures.precision * figures.recall / sum : 0;
    return figures;
}

struct class_figures confusion_mean(const struct confusion *confusion, bool weighted)
{
    struct class_figures mean = {.support = 0};
    double all = 0;
    for (uint32_t c = 0; c < confusion->classes; c++) {
        const struct class_figures one = confusion_class(confusion, c);
        const double weight = weighted ? one.support : one.support + one.predicted > 0;
        all += weight;
        mean.support += one.support;
        mean.predicted += one.predicted;
        mean.correct += one.correct;
        mean.precision += weight * one.precision;
        mean.recall += weight * one.recall;
        mean.f1 += weight * one.f1;
    }
    mean.precision /= all;
    mean.recall /= all;
    mean.f1 /= all;
    return mean;
}

/* ---------------------------------------------------------------- calibration */

static double confidence_of(const annc_examples *examples, const float *outputs, uint32_t i, int32_t predicted)
{
    const double output =
        (double)outputs[(size_t)i * examples->outputs + (examples->outputs == 1 ? 0 : (uint32_t)predicted)];
    return examples->outputs == 1 && predicted == 0 ? 1 - output : output;
}

struct calibration calibrate(const annc_shape *shape, const annc_dataset *data, const int32_t *predictions,
                             const float *outputs)
{
    const annc_examples *examples = annc_dataset_examples(data);
    const annc_activation f = shape->activation[shape->layers - 1];
    struct calibration calibration = {.exists = examples->labels && (f == ANNC_SOFTMAX || f == ANNC_SIGMOID)};
    for (uint32_t i = 0; calibration.exists && i < examples->count; i++) {
        const double confidence = confidence_of(examples, outputs, i, predictions[i]);
        const int bin = confidence >= 1 ? CALIBRATION_BINS - 1 : (int)(confidence * CALIBRATION_BINS);
        calibration.count[bin]++;
        calibration.confidence[bin] += confidence;
        calibration.accuracy[bin] += predictions[i] == examples->labels[i];
    }
    for (int bin = 0; calibration.exists && bin < CALIBRATION_BINS; bin++) {
        const double count = calibration.count[bin] ? calibration.count[bin] : 1;
        calibration.error += fabs(calibration.confidence[bin] - calibration.accuracy[bin]) / examples->count;
        calibration.confidence[bin] /= count;
        calibration.accuracy[bin] /= count;
    }
    return calibration;
}
