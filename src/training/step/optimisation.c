#include "training/step/optimisation.h"
#include "backend/engine.h"
#include "base/allocate.h"
#include "base/functions.h"
#include "base/status.h"
#include "training/step/schedule.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double IMPROVEMENT = 1e-4; /* smallest relative improvement */

static bool steps_in_place(const annc_training_options *options)
{
    return annc_is_plain_sgd(options) && options->schedule.kind == ANNC_CONSTANT && options->schedule.warmup == 0;
}

size_t annc_optimisation_bytes(const struct annc_layout *layout, const annc_training_options *options)
{
    const int states = annc_optimiser_states(options->optimiser);
    const size_t blocks = 1 + (states & FIRST ? 1 : 0) + (states & SECOND ? 1 : 0);
    return steps_in_place(options) ? 0 : annc_product(layout->count, blocks * sizeof(float));
}

/* Allocates a parameter block of zeros on the device. */
static annc_status take_block(struct annc_optimisation *optimisation, size_t count, const char *what, float **block)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = optimisation->device->backend;
    void *memory = NULL;
    ANNC_TRY(backend->alloc(optimisation->device, count * sizeof(float), what, &memory));
    *block = memory;
    ANNC_TRY(backend->initialise(optimisation->device, 0, 0, count, false, 0, *block));
out:
    return status;
}

annc_status annc_optimisation_open(annc_device *device, const annc_shape *shape, const struct annc_layout *layout,
                                   const annc_training_options *options, const struct annc_group *group, uint32_t steps,
                                   struct annc_optimisation *optimisation)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = device->backend;
    const int states = annc_optimiser_states(options->optimiser);
    void *memory = NULL;
    memset(optimisation, 0, sizeof *optimisation);
    optimisation->device = device;
    optimisation->shape = shape;
    optimisation->options = options;
    optimisation->group = group;
    optimisation->steps = steps;
    optimisation->plateau = 1;
    optimisation->best = DBL_MAX;
    optimisation->in_place = group->size == 1 && steps_in_place(options);
    if (optimisation->in_place)
        return ANNC_OK;
    ANNC_TRY(take_block(optimisation, layout->count, "the gradient", &optimisation->gradient));
    if (states & FIRST)
        ANNC_TRY(take_block(optimisation, layout->count, "the optimiser", &optimisation->v));
    if (states & SECOND)
        ANNC_TRY(take_block(optimisation, layout->count, "the optimiser", &optimisation->s));
    ANNC_TRY(backend->alloc(device, ANNC_CLIP_SCRATCH * sizeof(double), "clipping", &memory));
    optimisation->scratch = memory;
    ANNC_TRY(backend->alloc(device, steps * sizeof *optimisation->d_rates, "the rates", &memory));
    optimisation->d_rates = memory;
    ANNC_TRY(annc_allocate(steps, sizeof *optimisation->rates, "the rates", (void **)&optimisation->rates));
out:
    return status;
}

void annc_optimisation_close(struct annc_optimisation *optimisation)
{
    void *const memory[] = {optimisation->gradient, optimisation->v, optimisation->s, optimisation->scratch,
                            optimisation->d_rates};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            optimisation->device->backend->free(optimisation->device, memory[i]);
    annc_release(optimisation->rates);
    memset(optimisation, 0, sizeof *optimisation);
}

void annc_optimisation_begin_epoch(struct annc_optimisation *optimisation, uint32_t epoch)
{
    const annc_training_options *options = optimisation->options;
    const uint32_t steps = optimisation->steps;
    if (optimisation->in_place)
        return;
    for (uint32_t step = 0; step < steps; step++) {
        const double t = (double)epoch * steps + step + 1; /* counts from 1 */
        const double eta =
            optimisation->plateau * annc_schedule_rate(&options->schedule, options->eta, epoch, step, steps);
        optimisation->rates[step] = (struct annc_rate){.eta = (float)eta,
                                                       .c1 = (float)(eta / (1 - pow(options->mu, t))),
                                                       .c2 = (float)(1 / sqrt(1 - pow(options->rho, t)))};
    }
}

annc_status annc_optimisation_send_rates(struct annc_optimisation *optimisation, uint32_t first, uint32_t count)
{
    if (optimisation->in_place)
        return ANNC_OK;
    return optimisation->device->backend->upload(optimisation->device, optimisation->d_rates,
                                                 optimisation->rates + first, count * sizeof *optimisation->rates);
}

double annc_optimisation_rate(const struct annc_optimisation *optimisation, uint32_t step)
{
    return optimisation->in_place ? optimisation->options->eta : (double)optimisation->rates[step].eta;
}

/* Updates theta at once, or, with weight decay, layer by layer, since biases do not decay. */
static annc_status update(struct annc_optimisation *optimisation, const struct annc_layout *layout,
                          const struct annc_cursor *cursor, float *theta)
{
    annc_status status = ANNC_OK;
    annc_device *device = optimisation->device;
    const annc_training_options *options = optimisation->options;
    float *const G = optimisation->gradient, *const v = optimisation->v, *const s = optimisation->s;
    const struct annc_rule rule = annc_rule_of(options);
    if (options->decay == 0)
        return device->backend->update(device, rule, 0, cursor, optimisation->d_rates, layout->count, G, theta, v, s);
    for (uint32_t l = 1; l <= layout->layers; l++) {
        const size_t W = layout->W[l], b = layout->b[l], n = layout->end[l] - b;
        ANNC_TRY(device->backend->update(device, rule, options->decay, cursor, optimisation->d_rates, b - W, G + W,
                                         theta + W, v ? v + W : NULL, s ? s + W : NULL));
        ANNC_TRY(device->backend->update(device, rule, 0, cursor, optimisation->d_rates, n, G + b, theta + b,
                                         v ? v + b : NULL, s ? s + b : NULL));
    }
out:
    return status;
}

static annc_status limit_norms(struct annc_optimisation *optimisation, const struct annc_layout *layout, float *theta)
{
    annc_status status = ANNC_OK;
    annc_device *device = optimisation->device;
    const annc_shape *shape = optimisation->shape;
    for (uint32_t l = 1; l <= shape->layers && optimisation->options->max_norm > 0; l++)
        ANNC_TRY(device->backend->limit_rows(device, shape->width[l], shape->width[l - 1],
                                             optimisation->options->max_norm, theta + layout->W[l]));
out:
    return status;
}

annc_status annc_optimisation_step(struct annc_optimisation *optimisation, struct annc_pass *pass,
                                   const struct annc_cursor *cursor, uint32_t m, uint32_t rows, float *theta)
{
    annc_status status = ANNC_OK;
    const annc_training_options *options = optimisation->options;
    float *const G = optimisation->gradient;
    if (optimisation->in_place) /* theta = theta - (eta / m) (sum of dC/dtheta) */
        return annc_pass_step(pass, cursor, m, (float)(options->eta / m), theta);
    ANNC_TRY(annc_pass_gradient(pass, cursor, rows > 0 ? rows : 1, theta, rows > 0 ? (float)(1.0 / m) : 0,
                                optimisation->group, G));
    ANNC_TRY(annc_pass_penalise(pass, theta, G));
    if (options->clip > 0)
        ANNC_TRY(optimisation->device->backend->clip(optimisation->device, pass->layout.count, options->clip, G,
                                                     optimisation->scratch));
    ANNC_TRY(update(optimisation, &pass->layout, cursor, theta));
    ANNC_TRY(limit_norms(optimisation, &pass->layout, theta));
out:
    return status;
}

void annc_optimisation_report(struct annc_optimisation *optimisation, double loss)
{
    const annc_schedule *schedule = &optimisation->options->schedule;
    if (schedule->kind != ANNC_PLATEAU)
        return;
    if (loss < optimisation->best * (1 - IMPROVEMENT)) {
        optimisation->best = loss;
        optimisation->waited = 0;
    } else if (++optimisation->waited > annc_schedule_period(schedule)) {
        optimisation->plateau *= annc_schedule_factor(schedule);
        optimisation->waited = 0;
    }
}
