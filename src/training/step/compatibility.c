/* compatibility.c - checks that a data set, a network and a device match. */
#include "training/step/compatibility.h"
#include "backend/backend.h"
#include "backend/engine.h"
#include "backend/registry.h"
#include "base/allocate.h"
#include "base/status.h"
#include "base/text.h"
#include "network/shape.h"
#include "training/step/engine_choice.h"
#include "training/step/feed.h"
#include "training/step/optimisation.h"
#include "training/step/propagate.h"

#include <math.h>

/* Checks that the cost accepts one row's targets and the outputs can reach them; targets of the
 * categorical cost must sum to 1. */
static annc_status row_fits(const annc_shape *shape, const float *y, uint32_t n, uint32_t row)
{
    const annc_activation output = shape->activation[shape->layers - 1];
    const struct annc_range takes = annc_cost_targets(shape->cost), reaches = annc_activation_range(output);
    double sum = 0;
    for (uint32_t j = 0; j < n; j++) {
        const double target = (double)y[j];
        if (!(target >= takes.low && target <= takes.high))
            return annc_fail(ANNC_INPUT,
                             "row %u: the target %g is outside [%g, %g], the range of %s; use " ANNC_FIELD_COST
                             " quadratic",
                             row + 1, target, takes.low, takes.high, annc_cost_name(shape->cost));
        if (shape->cost != ANNC_HINGE && !(target >= reaches.low && target <= reaches.high))
            return annc_fail(ANNC_INPUT,
                             "row %u: the target %g is out of reach of %s outputs, which are within [%g, %g]; "
                             "use " ANNC_FIELD_ACTIVATION " identity",
                             row + 1, target, annc_activation_name(output), reaches.low, reaches.high);
        sum += target;
    }
    if (shape->cost == ANNC_CATEGORICAL_CROSS_ENTROPY && fabs(sum - 1) > 1e-4)
        return annc_fail(ANNC_INPUT,
                         "row %u: the targets sum to %g, but %s needs probabilities that sum to 1; use " ANNC_FIELD_COST
                         " quadratic",
                         row + 1, sum, annc_cost_name(shape->cost));
    return ANNC_OK;
}

annc_status annc_examples_counts_fit(const annc_shape *shape, const annc_examples *examples)
{
    const uint32_t inputs = shape->width[0], outputs = shape->width[shape->layers];
    if (examples->inputs != inputs)
        return annc_fail(ANNC_INPUT,
                         "the network has %u input%s, but the data have %u; begin " ANNC_FIELD_WIDTH " with %u", inputs,
                         annc_plural(inputs), examples->inputs, examples->inputs);
    if (examples->outputs != outputs)
        return annc_fail(ANNC_INPUT,
                         "the network has %u output%s, but the data have %u %s; end " ANNC_FIELD_WIDTH " with %u",
                         outputs, annc_plural(outputs), examples->outputs,
                         examples->labels         ? "classes"
                         : examples->outputs == 1 ? "target"
                                                  : "targets",
                         examples->outputs);
    return ANNC_OK;
}

annc_status annc_examples_fit(const annc_shape *shape, const annc_examples *examples)
{
    const uint32_t outputs = shape->width[shape->layers];
    ANNC_RETURN_IF_FAILED(annc_examples_counts_fit(shape, examples));
    for (uint32_t i = 0; examples->targets && i < examples->count; i++) {
        const annc_status status = row_fits(shape, examples->targets + (size_t)i * outputs, outputs, i);
        if (status != ANNC_OK)
            return status;
    }
    return ANNC_OK;
}

/* Bytes of a training without its examples. */
struct needs {
    size_t weights, optimiser, minibatch, engine;
    uint32_t m;
};

static struct needs needs_of(const annc_device *device, const annc_shape *shape, const annc_training_options *options,
                             const annc_examples *examples)
{
    const char *refusal;
    struct needs needs = {.m = options->batch < examples->count ? options->batch : examples->count};
    const struct annc_layout layout = annc_layout_of(device->backend, shape);
    needs.weights = annc_product(layout.count, sizeof(float));
    needs.optimiser = annc_optimisation_bytes(&layout, options);
    needs.minibatch = annc_pass_bytes(device->backend, shape, needs.m, options);
    const struct annc_job job = {.shape = shape, .batch = needs.m, .training = options};
    const struct annc_engine_ops *engine = annc_engine_find(device, &job, options->engine, &refusal);
    needs.engine = engine ? engine->memory(device, &job, 1) : 0;
    return needs;
}

/* In double, where these sums cannot overflow. */
static double sum_of(const struct needs *needs)
{
    return (double)needs->weights + (double)needs->optimiser + (double)needs->minibatch + (double)needs->engine;
}

annc_status annc_augmentation_fits(const annc_dataset *dataset, const annc_augmentation *augmentation)
{
    uint32_t rows, columns;
    annc_dataset_image_size(dataset, &rows, &columns);
    if (columns > 1 || !annc_moves_images(augmentation))
        return ANNC_OK;
    return annc_fail(ANNC_INPUT, "only images can be augmented, but the data are rows of %u feature%s", rows,
                     annc_plural(rows));
}

uint64_t annc_training_bytes(const annc_device *device, const annc_shape *shape, const annc_training_options *options,
                             const annc_examples *examples)
{
    const struct needs needs = needs_of(device, shape, options, examples);
    const double sum = sum_of(&needs);
    return sum < 0x1p63 ? (uint64_t)sum : UINT64_MAX;
}

annc_status annc_training_fits(const annc_device *device, const annc_shape *shape, const annc_training_options *options,
                               const annc_dataset *train)
{
    ANNC_RETURN_IF_FAILED(annc_device_check(device));
    ANNC_RETURN_IF_FAILED(annc_training_check(options, shape));
    ANNC_REQUIRE(train, "train");
    const annc_examples *examples = annc_dataset_examples(train);
    const annc_device_info *info = annc_device_describe(device);
    uint64_t free;
    const struct needs needs = needs_of(device, shape, options, examples);
    /* Examples are used in place, or copied, as many at a time as fit, down to two
     * windows of one minibatch. */
    const uint64_t windows = device->backend->host_memory ? 0 : 2 * (uint64_t)annc_feed_window(examples, needs.m, 0);
    const double rows = (double)(windows < examples->count ? windows : examples->count);
    const double staged = (double)annc_examples_bytes(examples) / examples->count * rows;
    const double needed = sum_of(&needs) + staged;
    const annc_status status = device->backend->free_memory(device, &free);
    if (status != ANNC_OK || needed <= (double)free)
        return status;
    return annc_fail(
        ANNC_MEMORY,
        "out of memory on %s (%s): the training needs %.0f bytes (weights %zu, optimiser %zu, a minibatch of "
        "%u %zu, engine %zu, examples %.0f); %llu are free of %llu",
        info->kind, info->name, needed, needs.weights, needs.optimiser, needs.m, needs.minibatch, needs.engine, staged,
        (unsigned long long)free, (unsigned long long)info->memory_bytes);
}
