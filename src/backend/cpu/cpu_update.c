#include "backend/cpu/cpu_update.h"
#include "base/functions.h"

#include <math.h>
#include <string.h>

static bool penalises(const struct annc_fused *fused)
{
    const annc_objective *objective = &fused->job->training->objective;
    return objective->l2 != 0 || objective->l1 != 0;
}

/* Rows and columns of a layer's W: ANNC_PAD columns of the units from `unit` of this worker on. */
struct columns {
    float *W, *gW;
    size_t stride;
};

static struct columns columns_of(const struct annc_worker *worker, uint32_t l, size_t unit)
{
    const struct annc_layer *layer = &worker->layer[l];
    const size_t at = l == 1 ? unit / ANNC_PAD * worker->fused->plane : unit;
    return (struct columns){layer->W[ANNC_THETA] + at, layer->gW + at, l == 1 ? ANNC_PAD : layer->stride};
}

/* The inputs whose weights can have a gradient other than 0; NULL = all. */
static const uint8_t *marked_of(const struct annc_worker *worker, uint32_t l)
{
    return l == 1 && worker->fused->lists && !penalises(worker->fused) ? worker->marked : NULL;
}

/* ---------------------------------------------------------------- gradients */

/* Adds the gradient of the penalties. V of a shared layer gets the same update as W. */
static void penalise(const struct annc_worker *worker, uint32_t l)
{
    const struct annc_fused *fused = worker->fused;
    const annc_objective *objective = &fused->job->training->objective;
    const struct annc_layer *layer = &worker->layer[l];
    const size_t count = l == 1 ? layer->stride / ANNC_PAD * fused->plane : layer->n_in * layer->stride;
    fused->kernels->penalise(count, objective->l2, objective->l1, layer->W[ANNC_THETA], layer->gW);
    if (layer->shared && l > 1)
        fused->kernels->penalise(layer->all * layer->stride_in, objective->l2, objective->l1, layer->V[ANNC_THETA],
                                 layer->gV);
}

/* Sums the squares of this worker's part of a layer's gradient, ANNC_PAD units at a time, whoever
 * owns them. */
static void sum_squares(struct annc_worker *worker, uint32_t l)
{
    const struct annc_cpu_kernels *kernels = worker->fused->kernels;
    const struct annc_layer *layer = &worker->layer[l];
    for (size_t unit = 0; unit < layer->stride; unit += ANNC_PAD) {
        const struct columns columns = columns_of(worker, l, unit);
        double column[ANNC_PAD] = {0}, sum = 0;
        kernels->add_squares(layer->n_in, columns.stride, marked_of(worker, l), columns.gW, column);
        kernels->add_squares(1, ANNC_PAD, NULL, layer->gb + unit, column);
        for (size_t j = 0; j < ANNC_PAD && unit + j < layer->n; j++)
            sum += column[j];
        layer->squares[(layer->first + unit) / ANNC_PAD] = sum;
    }
}

void annc_worker_complete_gradient(struct annc_worker *worker, uint32_t l, const struct annc_record *these, uint32_t m)
{
    const struct annc_fused *fused = worker->fused;
    if (penalises(fused))
        penalise(worker, l);
    if (marked_of(worker, l)) {
        memset(worker->marked, 0, worker->layer[l].n_in + ANNC_OCTET);
        fused->kernels->mark(&fused->records, these, m, worker->marked);
    }
    if (fused->job->training->clip > 0)
        sum_squares(worker, l);
}

/* Returns the factor that clips the gradient: the sum of squares is that of all workers' parts, in
 * the order of layers and units. */
static float clipped(struct annc_worker *worker)
{
    const struct annc_fused *fused = worker->fused;
    const double limit = fused->job->training->clip;
    double squares = 0;
    if (limit == 0)
        return 1;
    if (fused->workers > 1) {
        annc_worker_post(worker);
        annc_worker_await(worker);
    }
    for (uint32_t l = 1; l <= fused->layers; l++)
        for (int i = 0; i < annc_worker_pieces(worker, l); i++) {
            const struct annc_layer *part = &annc_worker_owner(worker, l, i)->layer[l];
            for (size_t unit = 0; unit < part->stride; unit += ANNC_PAD)
                squares += part->squares[(part->first + unit) / ANNC_PAD];
        }
    return squares <= limit * limit ? 1 : (float)(limit / sqrt(squares));
}

/* ---------------------------------------------------------------- parameters */

/* Applies the rule to this worker's part of a layer. Weights decay, biases do not. */
static void apply_rule(const struct annc_worker *worker, uint32_t l, uint32_t number, float scale)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_cpu_kernels *kernels = fused->kernels;
    const struct annc_layer *layer = &worker->layer[l];
    float *const *const W = layer->W, *const *const V = layer->V, *const *const b = layer->b;
    struct annc_update update = {fused->rule, fused->job->rates[number], (float)fused->job->training->decay, scale};
    for (size_t at = 0; l == 1 && at < layer->stride / ANNC_PAD * fused->plane; at += fused->plane)
        kernels->update_rows(&update, layer->n_in, marked_of(worker, l), layer->gW + at, W[ANNC_THETA] + at,
                             W[ANNC_FIRST] ? W[ANNC_FIRST] + at : NULL, W[ANNC_SECOND] ? W[ANNC_SECOND] + at : NULL);
    if (l > 1)
        kernels->update(&update, layer->n_in * layer->stride, layer->gW, W[ANNC_THETA], W[ANNC_FIRST], W[ANNC_SECOND]);
    if (l > 1 && layer->shared)
        kernels->update(&update, layer->all * layer->stride_in, layer->gV, V[ANNC_THETA], V[ANNC_FIRST],
                        V[ANNC_SECOND]);
    update.decay = 0;
    kernels->update(&update, layer->stride, layer->gb, b[ANNC_THETA], b[ANNC_FIRST], b[ANNC_SECOND]);
}

/* Scales the weights to each unit whose norm is above the limit down to it. */
static void limit_norms(struct annc_worker *worker, uint32_t l)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_layer *layer = &worker->layer[l];
    const double limit = fused->job->training->max_norm;
    for (size_t unit = 0; unit < layer->stride; unit += ANNC_PAD) {
        const struct columns columns = columns_of(worker, l, unit);
        float *factor = layer->factor + layer->first + unit;
        double squares[ANNC_PAD] = {0};
        bool any = false;
        fused->kernels->add_squares(layer->n_in, columns.stride, NULL, columns.W, squares);
        for (size_t j = 0; j < ANNC_PAD; j++) {
            factor[j] = squares[j] <= limit * limit ? 1 : (float)(limit / sqrt(squares[j]));
            any = any || factor[j] != 1;
        }
        if (any)
            fused->kernels->scale_columns(layer->n_in, columns.stride, factor, columns.W);
    }
    if (l == 1 || !layer->shared)
        return;
    annc_worker_post(worker);
    annc_worker_await(worker);
    for (int i = 0; i < annc_worker_pieces(worker, l); i++) {
        const struct annc_layer *part = &annc_worker_owner(worker, l, i)->layer[l];
        for (size_t j = part->first; j < part->first + part->n; j++)
            if (part->factor[j] != 1)
                fused->kernels->scale(layer->stride_in, part->factor[j], layer->V[ANNC_THETA] + j * layer->stride_in);
    }
}

void annc_worker_update(struct annc_worker *worker, uint32_t number)
{
    const float scale = clipped(worker);
    for (uint32_t l = 1; l <= worker->fused->layers; l++) {
        apply_rule(worker, l, number, scale);
        if (worker->fused->job->training->max_norm > 0)
            limit_norms(worker, l);
        if (l > 1 && !worker->layer[l].shared)
            annc_worker_transpose(worker, l);
    }
}
