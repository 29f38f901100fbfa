/* importance.c - permutation importance of the inputs. */
#include "base/allocate.h"
#include "base/order.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"
#include "network/network.h"

#include <math.h>
#include <string.h>

enum { USUAL_REPEATS = 5 };

/* A data set whose inputs can be permuted, and the network to evaluate on it. */
struct subject {
    annc_device *device;
    const annc_network *network;
    const annc_dataset *original;
    struct annc_dataset permuted; /* shares all but x with the original */
    uint8_t *x;
    size_t element; /* bytes of an input */
};

static annc_status evaluate(const struct subject *subject, const annc_dataset *dataset, annc_evaluation *evaluation)
{
    annc_status status = ANNC_OK;
    annc_evaluator *evaluator = NULL;
    ANNC_TRY(annc_evaluator_create(subject->device, subject->network, dataset, &evaluator));
    ANNC_TRY(annc_evaluator_run(evaluator, NULL, NULL, NULL, evaluation));
out:
    annc_evaluator_free(evaluator);
    return status;
}

/* Gives each example the inputs first...end-1 of the example that the order has at its place. */
static void permute(struct subject *subject, uint32_t first, uint32_t end, const struct annc_order *order)
{
    const annc_examples *examples = &subject->original->examples;
    const size_t row = examples->inputs * subject->element, at = first * subject->element,
                 bytes = (end - first) * subject->element;
    const uint8_t *from = examples->x;
    for (uint32_t i = 0; i < examples->count; i++)
        memcpy(subject->x + i * row + at, from + annc_order_at(order, i) * row + at, bytes);
}

/* Returns what importance is measured by: accuracy, or R^2 where there are no classes. */
static double score_of(const annc_dataset *dataset, const annc_evaluation *evaluation)
{
    return annc_dataset_labels(dataset) ? annc_evaluation_accuracy(evaluation) : evaluation->r2;
}

static annc_status measure_column(struct subject *subject, const annc_importance_options *options, uint32_t column,
                                  const annc_evaluation *before, annc_importance *importance)
{
    annc_status status = ANNC_OK;
    const uint32_t n = subject->original->examples.count, repeats = options->repeats ? options->repeats : USUAL_REPEATS;
    const uint32_t first = options->columns ? options->columns->first[column] : column,
                   end = options->columns ? options->columns->first[column + 1] : column + 1;
    for (uint32_t r = 0; r < repeats; r++) {
        annc_evaluation after;
        const struct annc_order order = annc_order_shuffled(n, options->seed, column * repeats + r);
        permute(subject, first, end, &order);
        ANNC_TRY(evaluate(subject, &subject->permuted, &after));
        annc_spread_add(&importance->score, score_of(subject->original, before) - score_of(subject->original, &after));
        annc_spread_add(&importance->loss, after.loss - before->loss);
    }
    const struct annc_order same = annc_order_sequential(n);
    permute(subject, first, end, &same);
out:
    return status;
}

static annc_status check_columns(const annc_input_columns *columns, uint32_t inputs)
{
    bool fits = columns->count >= 1 && columns->count <= inputs && columns->first[0] == 0 &&
                columns->first[columns->count] == inputs;
    for (uint32_t c = 0; fits && c < columns->count; c++)
        fits = columns->first[c] < columns->first[c + 1];
    return fits ? ANNC_OK : annc_fail(ANNC_USAGE, "the columns must partition the %u inputs", inputs);
}

annc_status annc_importance_measure(annc_device *device, const annc_network *network, const annc_dataset *dataset,
                                    const annc_importance_options *options, annc_importance *importance,
                                    annc_evaluation *unpermuted)
{
    ANNC_REQUIRE(device, "device");
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(dataset, "dataset");
    ANNC_REQUIRE(options, "options");
    ANNC_REQUIRE(importance, "importance");
    if (dataset->unlabelled)
        return annc_fail(ANNC_USAGE, "the importance of inputs needs labels or targets");
    annc_status status = ANNC_OK;
    annc_evaluation before;
    struct subject subject = {.device = device, .network = network, .original = dataset, .permuted = *dataset};
    const annc_examples *examples = &dataset->examples;
    const uint32_t columns = options->columns ? options->columns->count : examples->inputs;
    subject.element = examples->type == ANNC_BYTES ? sizeof(uint8_t) : sizeof(float);
    if (options->columns)
        ANNC_TRY(check_columns(options->columns, examples->inputs));
    ANNC_TRY(annc_allocate(annc_product(examples->count, examples->inputs), subject.element, "the permuted inputs",
                           (void **)&subject.x));
    memcpy(subject.x, examples->x, (size_t)examples->count * examples->inputs * subject.element);
    subject.permuted.examples.x = subject.x;
    memset(importance, 0, columns * sizeof *importance);
    ANNC_TRY(evaluate(&subject, dataset, &before));
    for (uint32_t c = 0; c < columns; c++)
        ANNC_TRY(measure_column(&subject, options, c, &before, &importance[c]));
    if (unpermuted)
        *unpermuted = before;
out:
    annc_release(subject.x);
    return status;
}
