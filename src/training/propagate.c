/* propagate.c - the order of the equations, written once for every backend. */
#include "propagate.h"
#include "allocate.h"
#include "status.h"

#include <string.h>

/* Matrices begin at multiples of this many floats: a cache line, and what wide loads want. */
enum { MATRIX_ALIGNMENT = 64 };

/* Takes m x n floats from a block, or only counts them where there is none yet. */
static float *take(float *memory, size_t *used, uint32_t m, uint32_t n)
{
    float *matrix = memory ? memory + *used : NULL;
    const size_t count = annc_product(m, n);
    *used = count > SIZE_MAX / 8 - *used ? SIZE_MAX / 8
                                         : *used + (count + MATRIX_ALIGNMENT - 1) / MATRIX_ALIGNMENT * MATRIX_ALIGNMENT;
    return matrix;
}

static size_t lay_out(struct annc_pass *pass, uint32_t m, bool backward)
{
    const annc_shape *shape = pass->shape;
    size_t used = 0;
    pass->A[0] = take(pass->memory, &used, m, shape->width[0]);
    pass->Y = take(pass->memory, &used, m, shape->width[shape->layers]);
    for (uint32_t l = 1; l <= shape->layers; l++) {
        pass->Z[l] = take(pass->memory, &used, m, shape->width[l]);
        pass->A[l] = take(pass->memory, &used, m, shape->width[l]);
        if (backward)
            pass->delta[l] = take(pass->memory, &used, m, shape->width[l]);
    }
    return used;
}

annc_status annc_pass_open(annc_device *device, const annc_shape *shape, uint32_t m, bool backward,
                           struct annc_pass *pass)
{
    annc_status status = ANNC_OK;
    memset(pass, 0, sizeof *pass);
    pass->device = device;
    pass->shape = shape;
    const size_t floats = lay_out(pass, m, backward);
    ANNC_TRY(device->backend->alloc(device, annc_product(floats, sizeof(float)), "one minibatch", &pass->memory));
    lay_out(pass, m, backward);
out:
    return status;
}

void annc_pass_close(struct annc_pass *pass)
{
    if (pass->memory)
        pass->device->backend->free(pass->device, pass->memory);
    memset(pass, 0, sizeof *pass);
}

annc_status annc_examples_stage(annc_device *device, const annc_examples *examples, annc_examples *staged)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = device->backend;
    const size_t n = examples->count, element = examples->type == ANNC_BYTES ? 1 : sizeof(float);
    const void *labels = NULL, *targets = NULL;
    *staged = *examples;
    staged->x = NULL;
    staged->labels = NULL;
    staged->targets = NULL;
    ANNC_TRY(backend->stage(device, examples->x, n * examples->inputs * element, "the examples", &staged->x));
    if (examples->labels)
        ANNC_TRY(backend->stage(device, examples->labels, n * sizeof *examples->labels, "the labels", &labels));
    staged->labels = labels;
    if (examples->targets)
        ANNC_TRY(
            backend->stage(device, examples->targets, n * examples->outputs * sizeof(float), "the targets", &targets));
    staged->targets = targets;
out:
    if (status != ANNC_OK)
        annc_examples_unstage(device, staged);
    return status;
}

void annc_examples_unstage(annc_device *device, annc_examples *staged)
{
    const void *const arrays[] = {staged->x, staged->labels, staged->targets};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (arrays[i])
            device->backend->unstage(device, arrays[i]);
    memset(staged, 0, sizeof *staged);
}

annc_status annc_pass_forward(struct annc_pass *pass, const annc_examples *staged, const struct annc_cursor *cursor,
                              uint32_t m, const float *theta)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = pass->shape;
    const struct annc_backend *backend = pass->device->backend;

    ANNC_TRY(backend->gather(pass->device, cursor, staged, m, pass->A[0], pass->Y));
    for (uint32_t l = 1; l <= shape->layers; l++)
        ANNC_TRY(backend->forward(pass->device, shape->activation[l - 1], m, shape->width[l - 1], shape->width[l],
                                  pass->A[l - 1], theta + annc_shape_weights_at(shape, l),
                                  theta + annc_shape_biases_at(shape, l), pass->Z[l], pass->A[l]));
out:
    return status;
}

annc_status annc_pass_backward(struct annc_pass *pass, uint32_t m, const float *theta, float alpha, float beta,
                               float *target)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = pass->shape;
    const struct annc_backend *backend = pass->device->backend;
    const uint32_t L = shape->layers;

    /* BP1 */
    ANNC_TRY(backend->output_delta(pass->device, shape->activation[L - 1], shape->cost, m, shape->width[L], pass->Z[L],
                                   pass->A[L], pass->Y, pass->delta[L]));
    for (uint32_t l = L; l >= 1; l--) {
        const size_t W = annc_shape_weights_at(shape, l), b = annc_shape_biases_at(shape, l);
        /* BP2 for the layer below, before a step changes W^l. */
        if (l > 1)
            ANNC_TRY(backend->hidden_delta(pass->device, shape->activation[l - 2], m, shape->width[l - 1],
                                           shape->width[l], pass->delta[l], theta + W, pass->Z[l - 1], pass->A[l - 1],
                                           pass->delta[l - 1]));
        /* BP3, BP4 */
        ANNC_TRY(backend->weight_step(pass->device, m, shape->width[l - 1], shape->width[l], alpha, beta,
                                      pass->delta[l], pass->A[l - 1], target + W, target + b));
    }
out:
    return status;
}
