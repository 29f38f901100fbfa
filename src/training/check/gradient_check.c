/* gradient_check.c - the gradient audit: the reference against finite differences, each device
 * against the reference. */
#include "backend/backend.h"
#include "backend/engine.h"
#include "backend/group.h"
#include "backend/registry.h"
#include "base/allocate.h"
#include "base/functions.h"
#include "base/order.h"
#include "base/philox.h"
#include "base/status.h"
#include "network/network.h"
#include "training/step/compatibility.h"
#include "training/step/engine_choice.h"
#include "training/step/feed.h"
#include "training/step/propagate.h"
#include "training/step/reference.h"
#include "training/step/training_options.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double STEP = 1e-5;                 /* h of the central difference */
static const double DIFFERENCE_TOLERANCE = 1e-6; /* relative; absolute times DIFFERENCE_FLOOR */
static const double PIECEWISE_TOLERANCE = 1e-5;  /* with kinks */
static const double DIFFERENCE_FLOOR = 1e-3;
/* Of a whole gradient, by precision. */
static const double DEVICE_TOLERANCE[ANNC_PRECISION_COUNT] = {1e-5, 1.5e-3, 1e-2};
static const double ROUNDING = 4.0 / (1 << 23); /* a few fp32 roundings */
/* The magnitude for which ROUNDING allows an error of fp32's smallest normal number; smaller
 * numbers lose digits or are flushed to 0. */
static const double UNDERFLOW = FLT_MIN / (4.0 / (1 << 23));

/* Data shared by all rows of one audit. */
struct audit {
    const annc_network *network;
    const annc_shape *shape;
    const annc_examples *examples;
    struct annc_order order;
    uint32_t m; /* examples */
    uint32_t image_rows, image_columns;
    const annc_check_options *options;
    struct annc_reference reference;
    size_t parameters;
    double *theta, *gradient; /* mean over the m examples */
    double *magnitude;        /* see add_magnitude */
    float *device_gradient;
    /* The piece of every unit of a piecewise layer, and of every output, per example. */
    int *pieces;
    annc_check_row *rows;
    size_t row_count;
};

/* ---------------------------------------------------------------- the reference */

/* Returns the magnitude that fp32 has to represent: 0 is exact, anything else counts as at least
 * UNDERFLOW. */
static double held(double magnitude)
{
    return magnitude > 0 ? magnitude + UNDERFLOW : 0;
}

/* Computes |delta^L| without cancellation: |a| + |y| + |dC/da| through |f'|, or through diag(a) + a
 * a^T. */
static void output_magnitude(struct annc_reference *r, const annc_shape *shape)
{
    const uint32_t L = shape->layers, n = shape->width[L];
    const annc_activation f = shape->activation[L - 1];
    const bool closed = annc_cost_partner(shape->cost) != ANY_OUTPUT;
    double *delta = r->delta[L], mean = 0;
    for (uint32_t j = 0; j < n; j++) {
        const double a = r->a[L][j], y = r->y[j];
        const double gradient =
            closed ? 0 : fabs(annc_cost_derivative_f64(shape->cost, shape->quantile, r->z[L][j], a, y));
        delta[j] = r->weight * (fabs(a) + fabs(y) + gradient);
        mean += a * delta[j];
    }
    for (uint32_t j = 0; j < n && !closed; j++)
        delta[j] = annc_activation_kind_of(f) == ROWWISE
                       ? r->a[L][j] * (delta[j] + mean)
                       : delta[j] * fabs(annc_activation_derivative_f64(f, r->z[L][j], r->a[L][j]));
    for (uint32_t j = 0; j < n; j++)
        delta[j] = held(delta[j]);
}

/* Adds |delta| |a|^T for one example, with |delta^L| as above and errors propagated back through
 * |W|. Rounding of fp32 activations perturbs the gradient by a small multiple of ROUNDING times
 * this, even if the gradient itself is small through cancellation: a well-trained network's
 * gradient is small, but no fp32 path can compute a - y more precisely than a. Nor can fp32
 * represent a number below its range (see held): the gradients of saturated narrow layers are
 * smaller than that. */
static void add_magnitude(struct audit *audit)
{
    struct annc_reference *r = &audit->reference;
    const annc_shape *shape = audit->shape;
    const uint32_t L = shape->layers;
    output_magnitude(r, shape);
    for (uint32_t l = L; l >= 1; l--) {
        const uint32_t n = shape->width[l], n_in = shape->width[l - 1];
        const size_t W = annc_shape_weights_at(shape, l), b = annc_shape_biases_at(shape, l);
        memset(r->delta[l - 1], 0, n_in * sizeof(double));
        for (uint32_t j = 0; j < n; j++) {
            audit->magnitude[b + j] += r->delta[l][j];
            for (uint32_t k = 0; k < n_in; k++) {
                const size_t i = (size_t)j * n_in + k;
                const double a = held(fabs(r->factor[l - 1][k] * r->a[l - 1][k]));
                audit->magnitude[W + i] += held(r->delta[l][j] * a);
                r->delta[l - 1][k] += r->delta[l][j] * fabs(audit->theta[W + i]);
            }
        }
        for (uint32_t k = 0; k < n_in && l > 1; k++) {
            const double slope =
                annc_activation_derivative_f64(shape->activation[l - 2], r->z[l - 1][k], r->a[l - 1][k]);
            r->delta[l - 1][k] = held(r->delta[l - 1][k] * r->factor[l - 1][k] * fabs(slope));
        }
    }
}

static void reference_gradient(struct audit *audit)
{
    struct annc_reference *reference = &audit->reference;
    for (uint32_t i = 0; i < audit->m; i++) {
        annc_reference_load(reference, audit->examples, annc_order_at(&audit->order, i), i);
        annc_reference_forward(reference, audit->theta);
        annc_reference_backward(reference, audit->theta, audit->gradient);
        add_magnitude(audit);
    }
    for (size_t i = 0; i < audit->parameters; i++) {
        audit->gradient[i] /= audit->m;
        audit->magnitude[i] /= audit->m;
    }
    annc_reference_penalty(audit->shape, &audit->options->objective, audit->theta, audit->gradient);
}

/* ---------------------------------------------------------------- finite differences */

static bool has_kinks(const annc_shape *shape)
{
    for (uint32_t l = 0; l < shape->layers; l++)
        if (annc_activation_kind_of(shape->activation[l]) == PIECEWISE)
            return true;
    return annc_cost_partner(shape->cost) == ANY_OUTPUT && shape->cost != ANNC_QUADRATIC;
}

/* Records the piece of a value, or, with compare, checks that it has not changed. */
static void note_piece(struct audit *audit, size_t *at, int piece, bool compare, bool *crossed)
{
    if (compare && piece != audit->pieces[*at])
        *crossed = true;
    audit->pieces[(*at)++] = piece;
}

static void note_pieces(struct audit *audit, size_t *at, bool compare, bool *crossed)
{
    const struct annc_reference *reference = &audit->reference;
    const annc_shape *shape = audit->shape;
    const uint32_t L = shape->layers;
    for (uint32_t l = 1; l <= L; l++)
        for (uint32_t j = 0; j < shape->width[l]; j++)
            note_piece(audit, at, annc_activation_piece(shape->activation[l - 1], reference->z[l][j]), compare,
                       crossed);
    for (uint32_t j = 0; j < shape->width[L]; j++)
        note_piece(audit, at, annc_cost_piece(shape->cost, reference->a[L][j], reference->y[j]), compare, crossed);
}

/* Returns the mean cost of the m examples. Records the pieces of the units and costs, or, with
 * compare, checks that they have not changed. */
static double mean_cost(struct audit *audit, bool compare, bool *crossed)
{
    struct annc_reference *reference = &audit->reference;
    double cost = 0;
    size_t at = 0;
    for (uint32_t i = 0; i < audit->m; i++) {
        annc_reference_load(reference, audit->examples, annc_order_at(&audit->order, i), i);
        cost += annc_reference_forward(reference, audit->theta);
        note_pieces(audit, &at, compare, crossed);
    }
    return cost / audit->m + annc_reference_penalty(audit->shape, &audit->options->objective, audit->theta, NULL);
}

/* Returns (C(theta_i + h) - C(theta_i - h)) / 2h; sets *crossed if a kink lies in between. */
static double central_difference(struct audit *audit, size_t i, bool *crossed)
{
    const double value = audit->theta[i];
    *crossed = false;
    audit->theta[i] = value + STEP;
    const double above = mean_cost(audit, false, crossed);
    audit->theta[i] = value - STEP;
    const double below = mean_cost(audit, true, crossed);
    audit->theta[i] = value;
    if (audit->options->objective.l1 > 0 && fabs(value) <= STEP) /* the kink of |w| */
        *crossed = true;
    return (above - below) / (2 * STEP);
}

static annc_check_row *next_row(struct audit *audit, uint32_t layer, annc_parameter_kind kind, const char *path,
                                double tolerance)
{
    annc_check_row *row = &audit->rows[audit->row_count++];
    const size_t n = audit->shape->width[layer], n_in = audit->shape->width[layer - 1];
    row->layer = layer;
    row->kind = kind;
    snprintf(row->path, sizeof row->path, "%s", path);
    row->tolerance = tolerance;
    row->parameters = kind == ANNC_WEIGHT ? n * n_in : n;
    return row;
}

static size_t first_parameter(const struct audit *audit, const annc_check_row *row)
{
    return row->kind == ANNC_WEIGHT ? annc_shape_weights_at(audit->shape, row->layer)
                                    : annc_shape_biases_at(audit->shape, row->layer);
}

/* Selects the sampled parameters of a row, one after another. */
struct sampler {
    struct annc_order order; /* of all parameters of the row */
    uint32_t next;           /* position in the order */
    size_t nonzero_left;     /* to draw before others */
    /* Then: the position after the last nonzero one. */
    uint32_t nonzero_end;
};

/* Opens a sampler of all parameters in turn, or of parameters drawn by the seed without repeats. In
 * the latter case half have a nonzero gradient, if enough have one: most of a large layer may be 0,
 * from inputs that are always 0 and units that do not respond, and would compare 0 with 0. */
static struct sampler open_sampler(const struct audit *audit, const annc_check_row *row)
{
    const uint64_t stream_seed = audit->options->seed ^ (uint64_t)ANNC_STREAM_SAMPLE << 56;
    const double *gradient = audit->gradient + first_parameter(audit, row);
    const size_t wanted = (row->sampled + 1) / 2;
    struct sampler sampler = {.nonzero_left = 0};
    if (row->sampled == row->parameters) {
        sampler.order = annc_order_sequential((uint32_t)row->parameters);
        return sampler;
    }
    sampler.order = annc_order_shuffled((uint32_t)row->parameters, stream_seed, 2 * row->layer + (uint32_t)row->kind);
    for (size_t i = 0; i < row->parameters && sampler.nonzero_left < wanted; i++)
        sampler.nonzero_left += gradient[i] != 0;
    return sampler;
}

static size_t next_sample(const struct audit *audit, const annc_check_row *row, struct sampler *sampler)
{
    const double *gradient = audit->gradient + first_parameter(audit, row);
    for (;;) {
        const size_t i = annc_order_at(&sampler->order, sampler->next++);
        if (sampler->nonzero_left == 0) {
            if (gradient[i] == 0 || sampler->next > sampler->nonzero_end)
                return i;
        } else if (gradient[i] != 0) {
            if (--sampler->nonzero_left == 0) {
                sampler->nonzero_end = sampler->next;
                sampler->next = 0;
            }
            return i;
        }
    }
}

/* Returns the larger of two errors; NaN once either is NaN. */
static double larger(double worst, double error)
{
    return isnan(worst) || error <= worst ? worst : error;
}

static void difference_row(struct audit *audit, uint32_t layer, annc_parameter_kind kind)
{
    const double tolerance = has_kinks(audit->shape) ? PIECEWISE_TOLERANCE : DIFFERENCE_TOLERANCE;
    annc_check_row *row = next_row(audit, layer, kind, "finite-difference", tolerance);
    const size_t first = first_parameter(audit, row), sample = audit->options->sample;
    double error_squares = 0, squares = 0;
    row->sampled = sample == 0 || sample > row->parameters ? row->parameters : sample;
    struct sampler sampler = open_sampler(audit, row);
    for (size_t s = 0; s < row->sampled; s++) {
        const size_t i = first + next_sample(audit, row, &sampler);
        bool crossed;
        const double numeric = central_difference(audit, i, &crossed), analytic = audit->gradient[i];
        if (crossed) {
            row->kinks++;
            continue;
        }
        const double error = fabs(numeric - analytic), scale = fmax(fabs(numeric), fabs(analytic)) + DIFFERENCE_FLOOR;
        row->worst = larger(row->worst, error / scale);
        error_squares += error * error;
        squares += analytic * analytic;
    }
    row->normwise = sqrt(error_squares) / (sqrt(squares) + DIFFERENCE_FLOOR);
    row->pass = row->worst <= tolerance && row->normwise <= tolerance;
}

/* ---------------------------------------------------------------- devices */

/* Stages all examples, from which the device gathers the minibatch, or only the minibatch if they
 * do not fit. */
static annc_status stage(const struct audit *audit, annc_device *device, struct annc_rows *rows,
                         struct annc_cursor *cursor, annc_examples *staged)
{
    memset(cursor, 0, sizeof *cursor);
    cursor->order = audit->order;
    cursor->batch = audit->m;
    annc_status status = annc_examples_stage(device, audit->examples, staged);
    if ((status != ANNC_MEMORY && status != ANNC_DEVICE) || device->backend->host_memory)
        return status;
    ANNC_TRY(annc_rows_open(NULL, audit->examples, audit->m, rows));
    annc_rows_gather(rows, audit->examples, &audit->order, 0, audit->m);
    const annc_examples minibatch = annc_rows_examples(rows, audit->examples, audit->m);
    cursor->order = annc_order_sequential(audit->m);
    ANNC_TRY(annc_examples_stage(device, &minibatch, staged));
out:
    return status;
}

/* Computes the gradient of the same minibatch on a device. */
static annc_status device_gradient(struct audit *audit, annc_device *device, annc_precision precision)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = device->backend;
    const struct annc_layout layout = annc_layout_of(backend, audit->shape);
    const size_t bytes = layout.count * sizeof(float);
    void *theta = NULL, *gradient = NULL, *d_cursor = NULL;
    annc_examples staged = {0};
    struct annc_rows rows = {0};
    struct annc_pass pass = {0};
    struct annc_cursor cursor;

    ANNC_TRY(backend->alloc(device, bytes, "the parameters", &theta));
    ANNC_TRY(backend->alloc(device, bytes, "the gradient", &gradient));
    ANNC_TRY(backend->alloc(device, sizeof cursor, "the cursor", &d_cursor));
    ANNC_TRY(annc_layout_upload(&layout, device, theta, audit->network->theta));
    const annc_training_options options = {.objective = audit->options->objective,
                                           .augmentation = audit->options->augmentation,
                                           .seed = audit->options->seed,
                                           .precision = precision};
    ANNC_TRY(annc_pass_open_training(device, audit->shape, audit->m, &options, audit->image_rows, audit->image_columns,
                                     &pass));
    ANNC_TRY(stage(audit, device, &rows, &cursor, &staged));
    ANNC_TRY(backend->upload(device, d_cursor, &cursor, sizeof cursor));
    ANNC_TRY(annc_pass_forward(&pass, &staged, d_cursor, audit->m, theta));
    ANNC_TRY(
        annc_pass_gradient(&pass, d_cursor, audit->m, theta, (float)(1.0 / audit->m), &annc_group_alone, gradient));
    ANNC_TRY(annc_pass_penalise(&pass, theta, gradient));
    ANNC_TRY(annc_layout_download(&layout, device, audit->device_gradient, gradient));
out:
    annc_pass_close(&pass);
    annc_examples_unstage(device, &staged);
    annc_rows_close(&rows);
    void *const memory[] = {theta, gradient, d_cursor};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            backend->free(device, memory[i]);
    return status;
}

/* Device memory of an engine's audit. */
struct engine_audit {
    void *theta, *gradient, *cursor, *rate, *score;
    struct annc_rows rows;
    annc_examples staged;
    struct annc_pass pass;
    void *state; /* the engine's state */
};

static annc_status open_engine_audit(const struct audit *audit, annc_device *device,
                                     const annc_training_options *training, struct engine_audit *own)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = device->backend;
    const size_t count = audit->parameters, bytes = count * sizeof(float);
    const struct annc_rate rate = {0};
    struct annc_cursor cursor;
    ANNC_TRY(backend->alloc(device, bytes, "the parameters", &own->theta));
    ANNC_TRY(backend->alloc(device, bytes, "the gradient", &own->gradient));
    ANNC_TRY(backend->alloc(device, sizeof cursor, "the cursor", &own->cursor));
    ANNC_TRY(backend->alloc(device, sizeof rate, "the rates", &own->rate));
    ANNC_TRY(backend->alloc(device, sizeof(struct annc_score), "the scores", &own->score));
    ANNC_TRY(backend->upload(device, own->theta, audit->network->theta, bytes));
    ANNC_TRY(backend->initialise(device, 0, 0, count, false, 0, own->gradient));
    ANNC_TRY(backend->upload(device, own->rate, &rate, sizeof rate));
    ANNC_TRY(annc_pass_open_training(device, audit->shape, audit->m, training, audit->image_rows, audit->image_columns,
                                     &own->pass));
    ANNC_TRY(stage(audit, device, &own->rows, &cursor, &own->staged));
    ANNC_TRY(backend->upload(device, own->cursor, &cursor, sizeof cursor));
out:
    return status;
}

static void close_engine_audit(annc_device *device, const struct annc_engine_ops *engine, struct engine_audit *own)
{
    void *const memory[] = {own->theta, own->gradient, own->cursor, own->rate, own->score};
    if (own->state)
        engine->close(own->state);
    annc_pass_close(&own->pass);
    annc_examples_unstage(device, &own->staged);
    annc_rows_close(&own->rows);
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            device->backend->free(device, memory[i]);
}

/* Computes the gradient with an engine, if it accepts such a step: momentum with mu = 0 stores
 * exactly the gradient. */
static annc_status engine_gradient(struct audit *audit, annc_device *device, const struct annc_engine_ops *engine,
                                   bool *taken)
{
    annc_status status = ANNC_OK;
    const annc_training_options training = {.optimiser = ANNC_MOMENTUM,
                                            .objective = audit->options->objective,
                                            .augmentation = audit->options->augmentation,
                                            .batch = audit->m,
                                            .seed = audit->options->seed};
    struct engine_audit own = {.theta = NULL};
    struct annc_job job = {.shape = audit->shape,
                           .batch = audit->m,
                           .training = &training,
                           .rows = audit->image_rows,
                           .columns = audit->image_columns,
                           .examples = audit->examples};
    struct annc_job *jobs[] = {&job};
    *taken = !engine->of_operations && !engine->refuses(device, &job);
    if (!*taken)
        return ANNC_OK;
    ANNC_TRY(open_engine_audit(audit, device, &training, &own));
    job.theta = own.theta;
    job.v = own.gradient;
    job.examples = &own.staged;
    job.cursor = own.cursor;
    job.scores = own.score;
    job.rates = own.rate;
    job.values = annc_pass_label_values(&own.pass);
    job.weights = own.pass.class_weights;
    ANNC_TRY(engine->open(device, jobs, 1, &own.state));
    ANNC_TRY(engine->steps(own.state, audit->m, 1));
    ANNC_TRY(
        device->backend->download(device, audit->device_gradient, own.gradient, audit->parameters * sizeof(float)));
out:
    close_engine_audit(device, engine, &own);
    return status;
}

/* Fills a row. Errors are relative to the gradient, or to fp32's smallest normal number if that is
 * larger. */
static void device_row(struct audit *audit, uint32_t layer, annc_parameter_kind kind, const char *path,
                       annc_precision precision)
{
    annc_check_row *row = next_row(audit, layer, kind, path, DEVICE_TOLERANCE[precision]);
    const size_t first = first_parameter(audit, row);
    double worst = 0, largest = 0, error_squares = 0, squares = 0, magnitude_squares = 0;
    row->sampled = row->parameters;
    for (size_t i = first; i < first + row->parameters; i++) {
        const double error = fabs((double)audit->device_gradient[i] - audit->gradient[i]);
        worst = larger(worst, error);
        largest = fmax(largest, fabs(audit->gradient[i]));
        error_squares += error * error;
        squares += audit->gradient[i] * audit->gradient[i];
        magnitude_squares += audit->magnitude[i] * audit->magnitude[i];
    }
    const double norm = fmax(sqrt(squares), FLT_MIN);
    row->worst = worst / fmax(largest, FLT_MIN);
    row->normwise = sqrt(error_squares) / norm;
    row->tolerance = fmax(DEVICE_TOLERANCE[precision], ROUNDING * sqrt(magnitude_squares) / norm);
    row->pass = row->worst <= row->tolerance && row->normwise <= row->tolerance;
}

/* Compares audit->device_gradient with the reference, layer by layer. */
static void device_rows(struct audit *audit, const char *path, annc_precision precision)
{
    for (uint32_t l = 1; l <= audit->shape->layers; l++)
        for (int kind = ANNC_WEIGHT; kind <= ANNC_BIAS; kind++)
            device_row(audit, l, (annc_parameter_kind)kind, path, precision);
}

/* Audits the operations in the precision that is asked for, in rows of their own: "cuda, tf32". */
static annc_status audit_precision(struct audit *audit, annc_device *device)
{
    annc_status status = ANNC_OK;
    const annc_precision precision = audit->options->precision;
    char path[sizeof audit->rows->path];
    if (precision == ANNC_FP32 || !annc_device_has_tensor_cores(device))
        return ANNC_OK;
    ANNC_TRY(device_gradient(audit, device, precision));
    snprintf(path, sizeof path, "%s, %s", device->info.kind, annc_precision_name(precision));
    device_rows(audit, path, precision);
out:
    return status;
}

/* Audits each engine that accepts the job, in rows of its own: "cpu, fused". */
static annc_status audit_engines(struct audit *audit, annc_device *device)
{
    annc_status status = ANNC_OK;
    for (const struct annc_engine_ops *const *engine = device->backend->engines; *engine; engine++) {
        char path[sizeof audit->rows->path];
        bool taken;
        ANNC_TRY(engine_gradient(audit, device, *engine, &taken));
        snprintf(path, sizeof path, "%s, %s", device->info.kind, (*engine)->name);
        if (taken)
            device_rows(audit, path, ANNC_FP32);
    }
out:
    return status;
}

/* Returns the number of row sets of the devices: one for the operations, one for their other
 * precision, one for each engine. */
static size_t paths_of(annc_device *const *devices, size_t n_devices)
{
    size_t paths = 2 * n_devices;
    for (size_t d = 0; d < n_devices; d++)
        for (const struct annc_engine_ops *const *engine = devices[d]->backend->engines; *engine; engine++)
            paths++;
    return paths;
}

/* ---------------------------------------------------------------- the audit */

static annc_status open_audit(struct audit *audit, size_t paths)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = audit->shape;
    size_t units = shape->width[shape->layers]; /* counted once more, for the costs */
    for (uint32_t l = 1; l <= shape->layers; l++)
        units += shape->width[l];
    audit->parameters = annc_shape_parameters(shape);
    ANNC_TRY(annc_reference_open(shape, &audit->options->objective, audit->options->seed, &audit->reference));
    if (annc_moves_images(&audit->options->augmentation))
        ANNC_TRY(annc_reference_augment(&audit->reference, &audit->options->augmentation, audit->image_rows,
                                        audit->image_columns));
    ANNC_TRY(annc_allocate(audit->parameters, sizeof(double), "the audit", (void **)&audit->theta));
    ANNC_TRY(annc_allocate(audit->parameters, sizeof(double), "the audit", (void **)&audit->gradient));
    ANNC_TRY(annc_allocate(audit->parameters, sizeof(double), "the audit", (void **)&audit->magnitude));
    ANNC_TRY(annc_allocate(audit->parameters, sizeof(float), "the audit", (void **)&audit->device_gradient));
    ANNC_TRY(annc_allocate(annc_product(units, audit->m), sizeof(int), "the audit", (void **)&audit->pieces));
    ANNC_TRY(annc_allocate((1 + paths) * 2 * shape->layers, sizeof *audit->rows, "the audit", (void **)&audit->rows));
    for (size_t i = 0; i < audit->parameters; i++)
        audit->theta[i] = (double)audit->network->theta[i];
out:
    return status;
}

static void close_audit(struct audit *audit)
{
    annc_reference_close(&audit->reference);
    annc_release(audit->theta);
    annc_release(audit->gradient);
    annc_release(audit->magnitude);
    annc_release(audit->device_gradient);
    annc_release(audit->pieces);
    annc_release(audit->rows);
}

/* Checks that one of the devices has the precision. */
static annc_status check_precision(annc_precision precision, annc_device *const *devices, size_t n_devices)
{
    bool has_it = precision == ANNC_FP32;
    if (!annc_precision_name(precision))
        return annc_fail(ANNC_USAGE, "precision %d does not exist; valid values are 0 to %d", (int)precision,
                         ANNC_PRECISION_COUNT - 1);
    for (size_t d = 0; d < n_devices; d++)
        has_it = has_it || annc_device_has_tensor_cores(devices[d]);
    return has_it ? ANNC_OK
                  : annc_fail(ANNC_DEVICE, "no device computes in %s, which needs a GPU of compute capability 8.0",
                              annc_precision_name(precision));
}

annc_status annc_check(const annc_network *network, const annc_dataset *dataset, annc_device *const *devices,
                       size_t n_devices, const annc_check_options *options, annc_check_row **rows, size_t *count)
{
    ANNC_REQUIRE_RESULT(rows, "rows");
    ANNC_REQUIRE(count, "count");
    *count = 0;
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(dataset, "dataset");
    ANNC_REQUIRE(devices || n_devices == 0, "devices");
    ANNC_REQUIRE(options, "options");
    annc_status status = ANNC_OK;
    const annc_examples *examples = annc_dataset_examples(dataset);
    struct audit audit = {.network = network, .shape = &network->shape, .examples = examples, .options = options};
    for (size_t d = 0; d < n_devices; d++)
        ANNC_RETURN_IF_FAILED(annc_device_check(devices[d]));
    if (options->batch == 0)
        return annc_fail(ANNC_USAGE, "an audit needs a minibatch of 1 or more examples");
    ANNC_RETURN_IF_FAILED(check_precision(options->precision, devices, n_devices));
    ANNC_TRY(annc_examples_fit(audit.shape, examples));
    ANNC_TRY(annc_objective_check(&options->objective, audit.shape));
    ANNC_TRY(annc_augmentation_check(&options->augmentation));
    ANNC_TRY(annc_augmentation_fits(dataset, &options->augmentation));
    annc_dataset_image_size(dataset, &audit.image_rows, &audit.image_columns);
    audit.m = options->batch < examples->count ? options->batch : examples->count;
    audit.order = annc_order_shuffled(examples->count, options->seed, 0);
    ANNC_TRY(open_audit(&audit, paths_of(devices, n_devices)));
    reference_gradient(&audit);
    for (uint32_t l = 1; l <= audit.shape->layers; l++)
        for (int kind = ANNC_WEIGHT; kind <= ANNC_BIAS; kind++)
            difference_row(&audit, l, (annc_parameter_kind)kind);
    for (size_t d = 0; d < n_devices; d++) {
        ANNC_TRY(device_gradient(&audit, devices[d], ANNC_FP32));
        device_rows(&audit, devices[d]->info.kind, ANNC_FP32);
        ANNC_TRY(audit_precision(&audit, devices[d]));
        ANNC_TRY(audit_engines(&audit, devices[d]));
    }
    *rows = audit.rows;
    *count = audit.row_count;
    audit.rows = NULL;
out:
    close_audit(&audit);
    return status;
}

void annc_check_free(annc_check_row *rows)
{
    annc_release(rows);
}
