#include "metrics.h"
#include "options.h"

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

/* The share of pairs of a positive and a negative example whose outputs are in the right order. */
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
    struct score *scores = is_binary(examples) ? malloc(examples->count * sizeof *scores) : NULL;
    if (!scores)
        return NAN;
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

annc_status apply_threshold(const annc_shape *shape, const annc_dataset *data, const float *outputs, double threshold,
                            int32_t *predictions, uint32_t *correct)
{
    const annc_examples *examples = annc_dataset_examples(data);
    if (!is_binary(examples))
        return usage_failed("--threshold tells two classes apart, and there are %u", shape->width[shape->layers]);
    *correct = 0;
    for (uint32_t i = 0; i < examples->count; i++) {
        predictions[i] = (double)positive_output(examples, outputs, i) > threshold;
        *correct += predictions[i] == examples->labels[i];
    }
    return ANNC_OK;
}
