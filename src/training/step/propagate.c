/* propagate.c - the order of the equations, the same for every backend. */
#include "training/step/propagate.h"
#include "backend/engine.h"
#include "backend/group.h"
#include "base/allocate.h"
#include "base/functions.h"
#include "base/status.h"

#include <string.h>

/* Matrices start at multiples of this many floats, for wide loads and whole cache lines. */
enum { MATRIX_ALIGNMENT = 64 };

/* Returns m x n floats of a block, or only counts them if `memory` is NULL. */
static float *take(float *memory, size_t *used, uint32_t m, uint32_t n)
{
    float *matrix = memory ? memory + *used : NULL;
    const size_t count = annc_product(m, n);
    *used = count > SIZE_MAX / 8 - *used ? SIZE_MAX / 8
                                         : *used + (count + MATRIX_ALIGNMENT - 1) / MATRIX_ALIGNMENT * MATRIX_ALIGNMENT;
    return matrix;
}

/* Returns the dropout share of layer l. */
static double dropped_share(const struct annc_pass *pass, uint32_t l)
{
    return l == 0 ? pass->objective.input_dropout : l < pass->shape->layers ? pass->objective.dropout : 0;
}

/* Returns whether Z of layer l is kept beside A. The output layer's cost reads it, evaluations show
 * it, and otherwise f' may need it; on a host, whose loops want arrays apart, it always is. */
static bool keeps_Z(const annc_shape *shape, const struct annc_backend *backend, uint32_t l, bool backward)
{
    return l == shape->layers || !backward || backend->host_memory ||
           annc_activation_slope_reads_z(shape->activation[l - 1]);
}

static size_t lay_out(struct annc_pass *pass, const struct annc_backend *backend, uint32_t m, bool backward)
{
    const annc_shape *shape = pass->shape;
    const uint32_t L = shape->layers, outputs = shape->width[L];
    size_t used = 0;
    pass->A[0] = take(pass->memory, &used, m, shape->width[0]);
    pass->Y = take(pass->memory, &used, m, outputs);
    pass->row_weights = take(pass->memory, &used, m, 1);
    if (annc_moves_images(&pass->augmentation))
        pass->unaugmented = take(pass->memory, &used, m, shape->width[0]);
    if (pass->augmentation.elastic > 0)
        pass->bends = take(pass->memory, &used, annc_product(4, m), shape->width[0]);
    for (uint32_t l = 1; l <= L; l++) {
        pass->A[l] = take(pass->memory, &used, m, shape->width[l]);
        pass->Z[l] = keeps_Z(shape, backend, l, backward) ? take(pass->memory, &used, m, shape->width[l]) : pass->A[l];
        if (backward)
            pass->delta[l] = take(pass->memory, &used, m, shape->width[l]);
    }
    for (uint32_t l = 0; l < L; l++)
        pass->layer_input[l] = dropped_share(pass, l) > 0 ? take(pass->memory, &used, m, shape->width[l]) : pass->A[l];
    if (pass->objective.class_weights)
        pass->class_weights = take(pass->memory, &used, 1, outputs == 1 ? 2 : outputs);
    return used;
}

static annc_status open_pass(struct annc_pass *pass, uint32_t m, bool backward)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = pass->device->backend;
    const uint32_t outputs = pass->shape->width[pass->shape->layers];
    const size_t floats = lay_out(pass, backend, m, backward);
    pass->layout = annc_layout_of(backend, pass->shape);
    ANNC_TRY(backend->alloc(pass->device, annc_product(floats, sizeof(float)), "one minibatch", &pass->memory));
    lay_out(pass, backend, m, backward);
    if (pass->class_weights)
        ANNC_TRY(backend->upload(pass->device, pass->class_weights, pass->objective.class_weights,
                                 (outputs == 1 ? 2 : outputs) * sizeof(float)));
out:
    return status;
}

annc_status annc_pass_open(annc_device *device, const annc_shape *shape, uint32_t m, struct annc_pass *pass)
{
    memset(pass, 0, sizeof *pass);
    pass->device = device;
    pass->shape = shape;
    return open_pass(pass, m, false);
}

/* Returns a pass with the settings of the options. */
static struct annc_pass training_pass(annc_device *device, const annc_shape *shape,
                                      const annc_training_options *options)
{
    return (struct annc_pass){.device = device,
                              .shape = shape,
                              .objective = options->objective,
                              .augmentation = options->augmentation,
                              .seed = options->seed,
                              .precision = options->precision};
}

annc_status annc_pass_open_training(annc_device *device, const annc_shape *shape, uint32_t m,
                                    const annc_training_options *options, uint32_t rows, uint32_t columns,
                                    struct annc_pass *pass)
{
    *pass = training_pass(device, shape, options);
    pass->rows = rows;
    pass->columns = columns;
    return open_pass(pass, m, true);
}

size_t annc_pass_bytes(const struct annc_backend *backend, const annc_shape *shape, uint32_t m,
                       const annc_training_options *options)
{
    struct annc_pass pass = training_pass(NULL, shape, options);
    return annc_product(lay_out(&pass, backend, m, true), sizeof(float));
}

void annc_pass_close(struct annc_pass *pass)
{
    if (pass->memory)
        pass->device->backend->free(pass->device, pass->memory);
    memset(pass, 0, sizeof *pass);
}

size_t annc_examples_input_bytes(const annc_examples *examples)
{
    return examples->inputs * (examples->type == ANNC_BYTES ? 1 : sizeof(float));
}

annc_status annc_examples_stage(annc_device *device, const annc_examples *examples, annc_examples *staged)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = device->backend;
    const size_t n = examples->count;
    const void *labels = NULL, *targets = NULL, *weights = NULL;
    *staged = *examples;
    staged->x = NULL;
    staged->labels = NULL;
    staged->targets = NULL;
    staged->weights = NULL;
    ANNC_TRY(backend->stage(device, examples->x, n * annc_examples_input_bytes(examples), "the examples", &staged->x));
    if (examples->labels)
        ANNC_TRY(backend->stage(device, examples->labels, n * sizeof *examples->labels, "the labels", &labels));
    staged->labels = labels;
    if (examples->targets)
        ANNC_TRY(
            backend->stage(device, examples->targets, n * examples->outputs * sizeof(float), "the targets", &targets));
    staged->targets = targets;
    if (examples->weights)
        ANNC_TRY(
            backend->stage(device, examples->weights, n * sizeof *examples->weights, "the weights of rows", &weights));
    staged->weights = weights;
out:
    if (status != ANNC_OK)
        annc_examples_unstage(device, staged);
    return status;
}

void annc_examples_unstage(annc_device *device, annc_examples *staged)
{
    const void *const arrays[] = {staged->x, staged->labels, staged->targets, staged->weights};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (arrays[i])
            device->backend->unstage(device, arrays[i]);
    memset(staged, 0, sizeof *staged);
}

struct annc_label_values annc_pass_label_values(const struct annc_pass *pass)
{
    const uint32_t outputs = pass->shape->width[pass->shape->layers];
    const double e = pass->objective.label_smoothing;
    const double off = e / (outputs == 1 ? 2 : outputs);
    return (struct annc_label_values){.off = (float)off, .on = (float)(1 - e + off)};
}

/* ---------------------------------------------------------------- slices */

/* Multiply-adds of a slice of a product: a fraction of a second on a few cores. */
static const double SLICE = 4e9;

/* Returns the rows per slice of a product of m x n_in and n_in x n matrices; m if it is not cut.
 * Only products in host memory are: a GPU takes less time for any minibatch that fits into it. */
static uint32_t rows_per_slice(const struct annc_pass *pass, uint32_t m, uint32_t n_in, uint32_t n)
{
    const double rows = SLICE / ((double)n_in * n);
    if (!pass->device->backend->host_memory || rows >= m)
        return m;
    return rows > 1 ? (uint32_t)rows : 1;
}

bool annc_pass_is_long(const struct annc_pass *pass, uint32_t m)
{
    const annc_shape *shape = pass->shape;
    for (uint32_t l = 1; l <= shape->layers; l++)
        if (rows_per_slice(pass, m, shape->width[l - 1], shape->width[l]) < m)
            return true;
    return false;
}

/* Asks whether to stop before each slice but the first of a product. */
static annc_status ask(const struct annc_pass *pass, uint32_t row)
{
    return row > 0 && pass->stop && pass->stop(pass->context) ? annc_fail(ANNC_STOPPED, "stopped within a minibatch")
                                                              : ANNC_OK;
}

/* The operations of the backend, slice by slice. Rows are independent, but for the sum of
 * hidden_delta and weight_step. */
static annc_status forward(const struct annc_pass *pass, annc_activation f, uint32_t m, uint32_t n_in, uint32_t n,
                           const float *A_in, const float *W, const float *b, float *Z, float *A)
{
    annc_status status = ANNC_OK;
    const uint32_t slice = rows_per_slice(pass, m, n_in, n);
    if (pass->block > 0)
        return pass->device->backend->forward_rows(pass->device, f, m, pass->block, n_in, n, A_in, W, b, Z, A);
    for (uint32_t r = 0; r < m; r += m - r < slice ? m - r : slice) {
        const size_t in = (size_t)r * n_in, out = (size_t)r * n;
        ANNC_TRY(ask(pass, r));
        ANNC_TRY(pass->device->backend->forward(pass->device, f, m - r < slice ? m - r : slice, n_in, n, A_in + in, W,
                                                b, Z + out, A + out));
    }
out:
    return status;
}

/* The last layer of a training pass, with BP1. */
static annc_status output(const struct annc_pass *pass, uint32_t m, const float *W, const float *b)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = pass->shape;
    const uint32_t L = shape->layers, n = shape->width[L], n_in = shape->width[L - 1];
    const uint32_t slice = rows_per_slice(pass, m, n_in, n);
    for (uint32_t r = 0; r < m; r += m - r < slice ? m - r : slice) {
        const size_t in = (size_t)r * n_in, out = (size_t)r * n;
        ANNC_TRY(ask(pass, r));
        ANNC_TRY(pass->device->backend->output(pass->device, shape->activation[L - 1], shape->cost,
                                               (float)shape->quantile, m - r < slice ? m - r : slice, n_in, n,
                                               pass->layer_input[L - 1] + in, W, b, pass->Y + out,
                                               pass->is_weighted ? pass->row_weights + r : NULL, pass->Z[L] + out,
                                               pass->A[L] + out, pass->delta[L] + out));
    }
out:
    return status;
}

static annc_status hidden_delta(const struct annc_pass *pass, annc_activation f, uint32_t m, uint32_t n,
                                uint32_t n_next, const float *delta_next, const float *W_next, const float *Z,
                                const float *A, float *delta, float alpha, float beta, float *b)
{
    annc_status status = ANNC_OK;
    const uint32_t slice = rows_per_slice(pass, m, n_next, n);
    for (uint32_t r = 0; r < m; r += m - r < slice ? m - r : slice) {
        const size_t next = (size_t)r * n_next, own = (size_t)r * n;
        ANNC_TRY(ask(pass, r));
        ANNC_TRY(pass->device->backend->hidden_delta(pass->device, f, m - r < slice ? m - r : slice, n, n_next,
                                                     delta_next + next, W_next, Z + own, A + own, delta + own, alpha,
                                                     r == 0 ? beta : 1, b));
    }
out:
    return status;
}

static annc_status weight_step(const struct annc_pass *pass, uint32_t m, uint32_t n_in, uint32_t n, float alpha,
                               float beta, const float *delta, const float *A_in, float *W, float *b)
{
    annc_status status = ANNC_OK;
    const uint32_t slice = rows_per_slice(pass, m, n_in, n);
    for (uint32_t r = 0; r < m; r += m - r < slice ? m - r : slice) {
        ANNC_TRY(ask(pass, r));
        ANNC_TRY(pass->device->backend->weight_step(pass->device, m - r < slice ? m - r : slice, n_in, n, alpha,
                                                    r == 0 ? beta : 1, delta + (size_t)r * n, A_in + (size_t)r * n_in,
                                                    W, b));
    }
out:
    return status;
}

/* ---------------------------------------------------------------- passes */

/* Computes the input of layer l + 1. */
static annc_status feed(struct annc_pass *pass, const struct annc_cursor *cursor, uint32_t m, uint32_t l)
{
    if (dropped_share(pass, l) == 0)
        return ANNC_OK;
    return pass->device->backend->dropout(pass->device, pass->seed, cursor, l, dropped_share(pass, l), m,
                                          pass->shape->width[l], pass->A[l], pass->layer_input[l]);
}

annc_status annc_pass_forward(struct annc_pass *pass, const annc_examples *staged, struct annc_cursor *cursor,
                              uint32_t m, const float *theta)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = pass->shape;
    const struct annc_backend *backend = pass->device->backend;

    float *const X = pass->unaugmented ? pass->unaugmented : pass->A[0];
    if (backend->use_precision)
        backend->use_precision(pass->device, pass->precision);
    pass->is_weighted = staged->weights || pass->class_weights;
    ANNC_TRY(backend->gather(pass->device, cursor, staged, annc_pass_label_values(pass), pass->class_weights, m, X,
                             pass->Y, pass->is_weighted ? pass->row_weights : NULL));
    if (pass->unaugmented)
        ANNC_TRY(backend->augment(pass->device, pass->seed, cursor, pass->augmentation, pass->rows, pass->columns, m, X,
                                  pass->bends, pass->A[0]));
    if (pass->objective.input_noise > 0)
        ANNC_TRY(backend->perturb(pass->device, pass->seed, cursor, pass->objective.input_noise, m, shape->width[0],
                                  pass->A[0]));
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const float *const W = theta + pass->layout.W[l];
        const float *const b = theta + pass->layout.b[l];
        ANNC_TRY(feed(pass, cursor, m, l - 1));
        if (l == shape->layers && pass->delta[l])
            ANNC_TRY(output(pass, m, W, b));
        else
            ANNC_TRY(forward(pass, shape->activation[l - 1], m, shape->width[l - 1], shape->width[l],
                             pass->layer_input[l - 1], W, b, pass->Z[l], pass->A[l]));
    }
out:
    return status;
}

/* BP2 for the layer below l, and its BP3, unless units have been dropped: these have no error. */
static annc_status lower_delta(struct annc_pass *pass, const struct annc_cursor *cursor, uint32_t m, uint32_t l,
                               const float *theta, float alpha, float beta, float *target)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = pass->shape;
    const uint32_t n = shape->width[l], n_in = shape->width[l - 1];
    const double dropped = l > 1 ? dropped_share(pass, l - 1) : 0;
    if (l == 1)
        return ANNC_OK;
    ANNC_TRY(hidden_delta(pass, shape->activation[l - 2], m, n_in, n, pass->delta[l], theta + pass->layout.W[l],
                          pass->Z[l - 1], pass->A[l - 1], pass->delta[l - 1], alpha, beta,
                          dropped > 0 ? NULL : target + pass->layout.b[l - 1]));
    if (dropped > 0)
        ANNC_TRY(pass->device->backend->dropout(pass->device, pass->seed, cursor, l - 1, dropped, m, n_in,
                                                pass->delta[l - 1], pass->delta[l - 1]));
out:
    return status;
}

/* BP4 of layer l, and BP3 of the output layer and of layers with dropped units. */
static annc_status layer_step(const struct annc_pass *pass, uint32_t m, uint32_t l, float alpha, float beta,
                              float *target)
{
    const annc_shape *shape = pass->shape;
    const bool has_no_sums = l == shape->layers || dropped_share(pass, l) > 0;
    return weight_step(pass, m, shape->width[l - 1], shape->width[l], alpha, beta, pass->delta[l],
                       pass->layer_input[l - 1], target + pass->layout.W[l],
                       has_no_sums ? target + pass->layout.b[l] : NULL);
}

annc_status annc_pass_step(struct annc_pass *pass, const struct annc_cursor *cursor, uint32_t m, float alpha,
                           float *theta)
{
    annc_status status = ANNC_OK;
    for (uint32_t l = pass->shape->layers; l >= 1; l--) {
        ANNC_TRY(lower_delta(pass, cursor, m, l, theta, -alpha, 1, theta)); /* before the step changes W^l */
        ANNC_TRY(layer_step(pass, m, l, -alpha, 1, theta));
    }
out:
    return status;
}

annc_status annc_pass_gradient(struct annc_pass *pass, const struct annc_cursor *cursor, uint32_t m, const float *theta,
                               float alpha, const struct annc_group *group, float *gradient)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = pass->shape;
    for (uint32_t l = shape->layers; l >= 1; l--) {
        const size_t W = pass->layout.W[l], end = pass->layout.end[l];
        ANNC_TRY(layer_step(pass, m, l, alpha, 0, gradient));
        if (group->size > 1) /* goes on during the layers below */
            ANNC_TRY(annc_group_begin_sum(group, pass->device, gradient + W, end - W));
        ANNC_TRY(lower_delta(pass, cursor, m, l, theta, alpha, 0, gradient));
    }
    if (group->size > 1)
        ANNC_TRY(annc_group_end_sums(group, pass->device));
out:
    return status;
}

annc_status annc_pass_penalise(struct annc_pass *pass, const float *theta, float *gradient)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = pass->shape;
    if (pass->objective.l2 == 0 && pass->objective.l1 == 0)
        return ANNC_OK;
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const size_t W = pass->layout.W[l], count = pass->layout.b[l] - W;
        ANNC_TRY(pass->device->backend->penalise(pass->device, count, pass->objective.l2, pass->objective.l1, theta + W,
                                                 gradient + W));
    }
out:
    return status;
}

annc_status annc_pass_score(struct annc_pass *pass, struct annc_cursor *cursor, uint32_t m, struct annc_score *scores,
                            int32_t *predictions)
{
    const annc_shape *shape = pass->shape;
    const uint32_t L = shape->layers;
    return pass->device->backend->score(pass->device, shape->cost, (float)shape->quantile, m, shape->width[L],
                                        pass->Z[L], pass->A[L], pass->Y, pass->is_weighted ? pass->row_weights : NULL,
                                        cursor, scores, predictions);
}
