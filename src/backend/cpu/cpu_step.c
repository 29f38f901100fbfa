#include "backend/cpu/cpu_step.h"
#include "backend/cpu/cpu_rows.h"
#include "base/functions.h"

#include <sched.h>
#include <string.h>

/* ---------------------------------------------------------------- exchange */

/* Publishes this worker's part of the next exchange. */
static void post(struct annc_worker *worker)
{
    atomic_store_explicit(&worker->posted.exchanges, ++worker->exchanges, memory_order_release);
}

/* Waits for the other workers' parts. */
static void await(const struct annc_worker *worker)
{
    enum { PATIENCE = 2000 }; /* then the other may not be running */
    const struct annc_fused *fused = worker->fused;
    for (int i = 0; i < fused->workers; i++)
        for (int spins = 0;
             atomic_load_explicit(&fused->worker[i]->posted.exchanges, memory_order_acquire) < worker->exchanges;
             spins++) {
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
            if (spins > PATIENCE)
                sched_yield();
        }
}

/* A or delta of a layer: one piece, or, if shared, one piece per worker. */
struct piece {
    const float *rows;
    uint32_t n, first; /* units, the first of them */
    size_t stride;
};

static int pieces_of(const struct annc_worker *worker, uint32_t l)
{
    return worker->layer[l].shared ? worker->fused->workers : 1;
}

static const struct annc_worker *owner_of(const struct annc_worker *worker, uint32_t l, int i)
{
    return worker->layer[l].shared ? worker->fused->worker[i] : worker;
}

static struct piece piece_of_A(const struct annc_worker *worker, uint32_t l, int i, int parity)
{
    const struct annc_worker *owner = owner_of(worker, l, i);
    const struct annc_layer *layer = &owner->layer[l];
    return (struct piece){l == 1 ? owner->own_A[parity] : layer->A, layer->n, layer->first, layer->stride};
}

static struct piece piece_of_delta(const struct annc_worker *worker, uint32_t l, int i)
{
    const struct annc_layer *layer = &owner_of(worker, l, i)->layer[l];
    return (struct piece){layer->delta, layer->n, layer->first, layer->stride};
}

/* ---------------------------------------------------------------- targets and inputs */

/* Writes Y and the wanted classes. With labels, it resets only the entries of the previous
 * minibatch. */
static void take_targets(struct annc_worker *worker, const uint32_t *these, uint32_t m)
{
    const struct annc_job *job = worker->fused->job;
    const annc_examples *examples = job->examples;
    const size_t n = examples->outputs, stride = worker->layer[worker->fused->layers].stride;
    const struct annc_label_values values = job->values;
    for (uint32_t r = 0; r < m; r++) {
        float *y = worker->Y + r * stride;
        if (examples->targets) {
            memcpy(y, examples->targets + these[r] * n, n * sizeof *y);
            worker->wanted[r] = annc_cpu_class_wanted((uint32_t)n, y);
            continue;
        }
        const uint32_t label = (uint32_t)examples->labels[these[r]];
        if (n > 1)
            y[worker->wanted[r]] = values.off;
        y[n > 1 ? label : 0] = n > 1 || label ? values.on : values.off;
        worker->wanted[r] = label;
    }
}

static void gather(struct annc_worker *worker, const uint32_t *these, uint32_t m)
{
    const struct annc_fused *fused = worker->fused;
    const annc_examples *examples = fused->job->examples;
    const size_t n = examples->inputs, stride = worker->layer[1].stride_in;
    for (uint32_t r = 0; r < m; r++) {
        float *x = worker->X + r * stride;
        if (examples->type == ANNC_BYTES)
            fused->kernels->bytes_to_floats(n, 1.0f / examples->divisor, (const uint8_t *)examples->x + these[r] * n,
                                            x);
        else
            memcpy(x, (const float *)examples->x + these[r] * n, n * sizeof *x);
    }
}

/* ---------------------------------------------------------------- forward */

/* Z = bias + X W of the first layer. */
static void first_affine(struct annc_worker *worker, uint32_t position, uint32_t m)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_layer *layer = &worker->layer[1];
    const uint32_t n = fused->job->examples->count, after = position + m;
    if (fused->lists) {
        const struct annc_record *next = fused->these + (n - after >= m ? after : 0);
        fused->kernels->sparse_forward(&fused->records, fused->these + position, next, m, layer->stride,
                                       layer->W[ANNC_THETA], fused->plane, layer->b[ANNC_THETA], layer->Z,
                                       worker->values);
        return;
    }
    gather(worker, fused->order + position, m);
    for (size_t unit = 0; unit < layer->stride; unit += ANNC_PAD)
        fused->kernels->multiply(
            &(struct annc_product){.M = m,
                                   .N = ANNC_PAD,
                                   .K = layer->n_in,
                                   .A = {worker->X, layer->stride_in, 1},
                                   .B = {layer->W[ANNC_THETA] + unit / ANNC_PAD * fused->plane, ANNC_PAD},
                                   .C = {layer->Z + unit, layer->stride},
                                   .start = ANNC_START_BIAS,
                                   .bias = layer->b[ANNC_THETA] + unit});
}

/* Z = bias + A_in W. */
static void affine(struct annc_worker *worker, uint32_t l, uint32_t m, int parity)
{
    const struct annc_layer *layer = &worker->layer[l];
    for (int i = 0; i < pieces_of(worker, l - 1); i++) {
        const struct piece below = piece_of_A(worker, l - 1, i, parity);
        worker->fused->kernels->multiply(
            &(struct annc_product){.M = m,
                                   .N = (uint32_t)layer->stride,
                                   .K = below.n,
                                   .A = {below.rows, below.stride, 1},
                                   .B = {layer->W[ANNC_THETA] + below.first * layer->stride, layer->stride},
                                   .C = {layer->Z, layer->stride},
                                   .start = i ? ANNC_START_THERE : ANNC_START_BIAS,
                                   .bias = layer->b[ANNC_THETA]});
    }
}

/* A = f(Z), and 0 in the padding, which would otherwise enter the layer above. */
static void activate(struct annc_worker *worker, uint32_t l, uint32_t m)
{
    const struct annc_layer *layer = &worker->layer[l];
    if (annc_activation_kind_of(layer->f) == ROWWISE)
        annc_cpu_normalise_rows(m, layer->n, layer->stride, layer->Z);
    worker->fused->kernels->activate(layer->f, m * layer->stride, layer->Z, layer->A);
    for (uint32_t r = 0; r < m && l < worker->fused->layers && layer->n < layer->stride; r++)
        memset(layer->A + r * layer->stride + layer->n, 0, (layer->stride - layer->n) * sizeof(float));
}

static void forward_first(struct annc_worker *worker, uint32_t position, uint32_t m, int parity)
{
    worker->layer[1].A = worker->own_A[parity];
    first_affine(worker, position, m);
    activate(worker, 1, m);
    if (worker->layer[1].shared)
        post(worker);
}

static void forward_others(struct annc_worker *worker, uint32_t m, int parity)
{
    for (uint32_t l = 2; l <= worker->fused->layers; l++) {
        if (worker->layer[l - 1].shared)
            await(worker);
        affine(worker, l, m, parity);
        activate(worker, l, m);
        if (worker->layer[l].shared)
            post(worker);
    }
}

/* ---------------------------------------------------------------- backward */

/* BP1, times alpha. */
static void output_delta(struct annc_worker *worker, uint32_t m, float alpha)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_layer *layer = &worker->layer[fused->layers];
    const annc_cost cost = fused->job->shape->cost;
    const size_t stride = layer->stride, count = m * stride;
    const float *weights = fused->job->weights;
    fused->kernels->cost_derivative(cost, count, layer->Z, layer->A, worker->Y, layer->delta);
    if (annc_cost_partner(cost) == ANY_OUTPUT && annc_activation_kind_of(layer->f) == ROWWISE)
        annc_cpu_times_jacobian(m, layer->n, stride, layer->A, layer->delta);
    else if (annc_cost_partner(cost) == ANY_OUTPUT)
        fused->kernels->times_derivative(layer->f, count, layer->Z, layer->A, layer->delta);
    for (uint32_t r = 0; r < m && weights; r++)
        fused->kernels->scale(stride, alpha * weights[worker->wanted[r]], layer->delta + r * stride);
    if (!weights)
        fused->kernels->scale(count, alpha, layer->delta);
}

/* BP2: delta of the layer below l. */
static void hidden_delta(struct annc_worker *worker, uint32_t l, uint32_t m)
{
    const struct annc_layer *layer = &worker->layer[l], *below = &worker->layer[l - 1];
    for (int i = 0; i < pieces_of(worker, l); i++) {
        const struct piece delta = piece_of_delta(worker, l, i);
        worker->fused->kernels->multiply(
            &(struct annc_product){.M = m,
                                   .N = (uint32_t)below->stride,
                                   .K = delta.n,
                                   .A = {delta.rows, delta.stride, 1},
                                   .B = {layer->V[ANNC_THETA] + delta.first * layer->stride_in, layer->stride_in},
                                   .C = {below->delta, below->stride},
                                   .start = i ? ANNC_START_THERE : ANNC_START_ZERO});
    }
    worker->fused->kernels->times_derivative(below->f, m * below->stride, below->Z, below->A, below->delta);
}

/* Destination of BP3 and BP4: the parameters, with delta already scaled, or the gradients if an
 * update follows. */
struct destination {
    float *W, *V, *b;
    enum annc_start start;
};

static struct destination destination_of(const struct annc_worker *worker, uint32_t l)
{
    const struct annc_layer *layer = &worker->layer[l];
    if (worker->fused->kind == ANNC_JOB_UPDATE)
        return (struct destination){layer->gW, layer->gV, layer->gb, ANNC_START_ZERO};
    return (struct destination){layer->W[ANNC_THETA], layer->V[ANNC_THETA], layer->b[ANNC_THETA], ANNC_START_THERE};
}

/* Updates one array of parameters by its gradient; penalties and decay apply to weights only. */
static void apply_update(const struct annc_worker *worker, uint32_t number, bool weights, size_t count, float *G,
                         float *const parts[ANNC_PARTS])
{
    const struct annc_cpu_kernels *kernels = worker->fused->kernels;
    const struct annc_job *job = worker->fused->job;
    const annc_objective *objective = &job->training->objective;
    if (weights && (objective->l2 != 0 || objective->l1 != 0))
        kernels->penalise(count, objective->l2, objective->l1, parts[ANNC_THETA], G);
    kernels->update(worker->fused->rule, job->rates[number], weights ? job->training->decay : 0, count, G,
                    parts[ANNC_THETA], parts[ANNC_FIRST], parts[ANNC_SECOND]);
}

/* Updates all parameters of a layer. V is the transpose of W and gets the same update. */
static void learn_layer(const struct annc_worker *worker, uint32_t l, uint32_t number)
{
    const struct annc_layer *layer = &worker->layer[l];
    const size_t first = layer->stride / ANNC_PAD * worker->fused->plane;
    apply_update(worker, number, true, l == 1 ? first : layer->n_in * layer->stride, layer->gW, layer->W);
    if (l > 1)
        apply_update(worker, number, true, layer->all * layer->stride_in, layer->gV, layer->V);
    apply_update(worker, number, false, layer->stride, layer->gb, layer->b);
}

/* BP4 of the first layer: W += X^T delta. */
static void first_step(struct annc_worker *worker, uint32_t position, uint32_t m)
{
    const struct annc_fused *fused = worker->fused;
    struct annc_layer *layer = &worker->layer[1];
    const struct destination into = destination_of(worker, 1);
    if (fused->lists) {
        if (into.start == ANNC_START_ZERO)
            memset(into.W, 0, layer->stride / ANNC_PAD * fused->plane * sizeof *into.W);
        fused->kernels->sparse_update(&fused->records, fused->these + position, m, layer->stride, layer->delta,
                                      worker->values, into.W, fused->plane);
        return;
    }
    for (size_t unit = 0; unit < layer->stride; unit += ANNC_PAD)
        fused->kernels->multiply(&(struct annc_product){.M = layer->n_in,
                                                        .N = ANNC_PAD,
                                                        .K = m,
                                                        .A = {worker->X, 1, layer->stride_in},
                                                        .B = {layer->delta + unit, layer->stride},
                                                        .C = {into.W + unit / ANNC_PAD * fused->plane, ANNC_PAD},
                                                        .start = into.start});
}

/* BP4: W += A_in^T delta, and its transpose into V. */
static void step(struct annc_worker *worker, uint32_t l, uint32_t m, int parity)
{
    const struct annc_layer *layer = &worker->layer[l], *below = &worker->layer[l - 1];
    const struct destination into = destination_of(worker, l);
    for (int i = 0; i < pieces_of(worker, l - 1); i++) {
        const struct piece A_in = piece_of_A(worker, l - 1, i, parity);
        worker->fused->kernels->multiply(
            &(struct annc_product){.M = A_in.n,
                                   .N = (uint32_t)layer->stride,
                                   .K = m,
                                   .A = {A_in.rows, 1, A_in.stride},
                                   .B = {layer->delta, layer->stride},
                                   .C = {into.W + A_in.first * layer->stride, layer->stride},
                                   .start = into.start});
    }
    for (int i = 0; i < pieces_of(worker, l); i++) {
        const struct piece delta = piece_of_delta(worker, l, i);
        worker->fused->kernels->multiply(
            &(struct annc_product){.M = delta.n,
                                   .N = (uint32_t)layer->stride_in,
                                   .K = m,
                                   .A = {delta.rows, 1, delta.stride},
                                   .B = {below->A, below->stride},
                                   .C = {into.V + delta.first * layer->stride_in, layer->stride_in},
                                   .start = into.start});
    }
}

/* BP3: b += delta^T 1. */
static void bias_step(const struct annc_worker *worker, uint32_t l, uint32_t m)
{
    const struct annc_layer *layer = &worker->layer[l];
    const struct destination into = destination_of(worker, l);
    if (into.start == ANNC_START_ZERO)
        memset(into.b, 0, layer->stride * sizeof *into.b);
    worker->fused->kernels->add_rows(m, layer->stride, layer->stride, layer->delta, into.b);
}

static void backward(struct annc_worker *worker, uint32_t number, uint32_t position, uint32_t m, int parity)
{
    const struct annc_job *job = worker->fused->job;
    const bool updates = worker->fused->kind == ANNC_JOB_UPDATE;
    const double eta = job->rates ? (double)job->rates[number].eta : job->training->eta;
    output_delta(worker, m, (float)(updates ? 1.0 / m : -eta / m));
    for (uint32_t l = worker->fused->layers; l >= 1; l--) {
        if (l > 1 && worker->layer[l].shared) {
            post(worker);
            await(worker);
        }
        if (l > 1)
            hidden_delta(worker, l, m);
        bias_step(worker, l, m);
        if (l > 1)
            step(worker, l, m, parity);
        else
            first_step(worker, position, m);
        if (updates)
            learn_layer(worker, l, number);
    }
}

/* ---------------------------------------------------------------- steps */

static void score(struct annc_worker *worker, uint32_t position, uint32_t m, struct annc_score *score)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_layer *layer = &worker->layer[fused->layers];
    const struct annc_job *job = fused->job;
    const float middle = annc_cost_middle(job->shape->cost);
    const struct annc_outputs outputs = {.cost = job->shape->cost,
                                         .m = m,
                                         .n = layer->n,
                                         .stride = layer->stride,
                                         .Z = layer->Z,
                                         .A = layer->A,
                                         .Y = worker->Y,
                                         .wanted = worker->wanted,
                                         .weights = job->weights,
                                         .costs = worker->costs};
    score->cost = fused->kernels->sum_costs(&outputs);
    score->examples = m;
    score->correct = layer->n > 1 ? fused->kernels->count_correct(&outputs) : 0;
    for (uint32_t r = 0; r < m && layer->n == 1; r++)
        score->correct += (layer->A[r * layer->stride] > middle) == worker->wanted[r];
    for (uint32_t r = 0; r < m && job->predictions; r++)
        job->predictions[position + r] = (int32_t)annc_cpu_class_of(layer->n, layer->A + r * layer->stride, middle);
}

/* Scores the previous step and loads this step's targets while the first layer's A travels to the
 * other workers. */
static void score_previous_step(struct annc_worker *worker, uint32_t before, uint32_t number, bool is_first)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_job *job = fused->job;
    const bool scores = fused->kind == ANNC_JOB_FORWARD || worker->index == 0;
    if (scores && !is_first)
        score(worker, annc_cursor_position(job->cursor, before, 0), fused->m, &job->scores[before]);
    if (number != before || is_first)
        take_targets(worker, fused->order + annc_cursor_position(job->cursor, number, 0), fused->m);
}

void annc_worker_run(struct annc_worker *worker)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_job *job = fused->job;
    const bool descends = fused->kind != ANNC_JOB_FORWARD;
    const uint32_t m = fused->m, end = fused->first + fused->count, stride = descends ? 1 : (uint32_t)fused->workers;
    const uint32_t first = fused->first + (descends ? 0 : (uint32_t)worker->index);
    uint32_t before = first;
    for (uint32_t number = first; number < end; number += stride) {
        const uint32_t position = annc_cursor_position(job->cursor, number, 0);
        const int parity = (int)(number % 2);
        /* The outputs are the first layer's and are about to be overwritten. */
        if (fused->layers == 1)
            score_previous_step(worker, before, number, number == first);
        forward_first(worker, position, m, parity);
        if (fused->layers > 1)
            score_previous_step(worker, before, number, number == first);
        forward_others(worker, m, parity);
        if (descends)
            backward(worker, number, position, m, parity);
        before = number;
    }
    if (first < end)
        score_previous_step(worker, before, before, false);
}
