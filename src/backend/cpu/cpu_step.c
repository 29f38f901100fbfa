#include "backend/cpu/cpu_step.h"
#include "backend/cpu/cpu_moved.h"
#include "backend/cpu/cpu_rows.h"
#include "backend/cpu/cpu_update.h"
#include "base/functions.h"

#include <string.h>

/* ---------------------------------------------------------------- pieces */

/* D or delta of a layer: one piece, or, if shared, one piece per worker. */
struct piece {
    const float *rows;
    uint32_t n, first; /* units, the first of them */
    size_t stride;
};

static struct piece piece_of_D(const struct annc_worker *worker, uint32_t l, int i, int parity)
{
    const struct annc_worker *owner = annc_worker_owner(worker, l, i);
    const struct annc_layer *layer = &owner->layer[l];
    return (struct piece){l == 1 ? owner->own_D[parity] : layer->D, layer->n, layer->first, layer->stride};
}

static struct piece piece_of_delta(const struct annc_worker *worker, uint32_t l, int i)
{
    const struct annc_layer *layer = &annc_worker_owner(worker, l, i)->layer[l];
    return (struct piece){layer->delta, layer->n, layer->first, layer->stride};
}

static void multiply(const struct annc_worker *worker, struct annc_product product)
{
    product.scratch = worker->scratch;
    worker->fused->kernels->multiply(&product);
}

/* ---------------------------------------------------------------- targets and inputs */

/* Writes Y, the wanted classes and the weights. With labels, it resets only the entries of the
 * previous minibatch. */
static void take_targets(struct annc_worker *worker, const uint32_t *these, uint32_t m)
{
    const struct annc_job *job = worker->fused->job;
    const annc_examples *examples = job->examples;
    const size_t n = examples->outputs, stride = worker->layer[worker->fused->layers].stride;
    const struct annc_label_values values = job->values;
    for (uint32_t r = 0; r < m; r++) {
        float *y = worker->Y + r * stride;
        if (worker->weights)
            worker->weights[r] = annc_cpu_weight_of(examples, job->weights, these[r]);
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

/* Returns the lists of a step's examples. */
static const struct annc_record *lists_of(const struct annc_fused *fused, uint32_t number)
{
    return fused->moves ? annc_moved_records(fused, number)
                        : fused->these + annc_cursor_position(fused->job->cursor, number, 0);
}

/* Returns the number of the block's first example, counted over the whole run. */
static uint64_t first_example(const struct annc_worker *worker, uint32_t number)
{
    const struct annc_cursor *cursor = worker->fused->job->cursor;
    return cursor->first + annc_cursor_position(cursor, number, 0) + worker->row;
}

/* Adds noise to the inputs, then drops some. */
static void change_inputs(struct annc_worker *worker, uint32_t number, uint32_t m)
{
    const struct annc_fused *fused = worker->fused;
    const size_t stride = worker->layer[1].stride_in;
    if (fused->noise > 0)
        fused->kernels->add_noise(fused->job->training->seed, first_example(worker, number), fused->noise, m,
                                  worker->layer[1].n_in, worker->X, stride);
    if (fused->dropout[0].threshold == 0)
        return;
    fused->kernels->dropout_factors(&fused->dropout[0], first_example(worker, number), m, 0, (uint32_t)stride,
                                    worker->F, stride);
    fused->kernels->multiply_by(m * stride, worker->F, worker->X);
}

/* ---------------------------------------------------------------- forward */

/* Z = bias + X W of the first layer. */
static void first_affine(struct annc_worker *worker, uint32_t number, uint32_t position, uint32_t m)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_layer *layer = &worker->layer[1];
    const uint32_t n = fused->job->examples->count, after = position + m;
    if (fused->lists) {
        const struct annc_record *these = lists_of(fused, number);
        const struct annc_record *next = fused->moves ? these : fused->these + (n - after >= m ? after : 0);
        fused->kernels->sparse_forward(&fused->records, these, next, m, layer->stride, layer->W[ANNC_THETA],
                                       fused->plane, layer->b[ANNC_THETA], layer->Z, worker->values);
        return;
    }
    if (fused->moves)
        annc_moved_gather(worker, number, m);
    else
        gather(worker, fused->order + position, m);
    change_inputs(worker, number, m);
    multiply(worker, (struct annc_product){.M = m,
                                           .N = (uint32_t)layer->stride,
                                           .K = layer->n_in,
                                           .A = {worker->X, layer->stride_in, 1},
                                           .B = {layer->W[ANNC_THETA], ANNC_PAD, fused->plane},
                                           .C = {layer->Z, layer->stride, ANNC_PAD},
                                           .start = ANNC_START_BIAS,
                                           .bias = layer->b[ANNC_THETA]});
}

/* Z = bias + D_in W. */
static void affine(struct annc_worker *worker, uint32_t l, uint32_t m, int parity)
{
    const struct annc_layer *layer = &worker->layer[l];
    for (int i = 0; i < annc_worker_pieces(worker, l - 1); i++) {
        const struct piece below = piece_of_D(worker, l - 1, i, parity);
        multiply(worker, (struct annc_product){
                             .M = m,
                             .N = (uint32_t)layer->stride,
                             .K = below.n,
                             .A = {below.rows, below.stride, 1},
                             .B = {layer->W[ANNC_THETA] + below.first * layer->stride, layer->stride, ANNC_PAD},
                             .C = {layer->Z, layer->stride, ANNC_PAD},
                             .start = i ? ANNC_START_THERE : ANNC_START_BIAS,
                             .bias = layer->b[ANNC_THETA]});
    }
}

/* A = f(Z), and 0 in the padding, which would otherwise enter the layer above. */
static void activate(struct annc_worker *worker, uint32_t l, uint32_t m)
{
    const struct annc_layer *layer = &worker->layer[l];
    if (annc_activation_kind_of(layer->f) == ROWWISE)
        worker->fused->kernels->normalise_rows(m, layer->n, layer->stride, layer->Z, layer->A);
    worker->fused->kernels->activate(layer->f, m * layer->stride, layer->Z, layer->A);
    for (uint32_t r = 0; r < m && l < worker->fused->layers && layer->n < layer->stride; r++)
        memset(layer->A + r * layer->stride + layer->n, 0, (layer->stride - layer->n) * sizeof(float));
}

/* D = A times the factors of dropout, which also BP2 needs. */
static void drop(struct annc_worker *worker, uint32_t number, uint32_t l, uint32_t m)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_layer *layer = &worker->layer[l];
    const size_t count = m * layer->stride;
    if (fused->dropout[l].threshold == 0)
        return;
    fused->kernels->dropout_factors(&fused->dropout[l], first_example(worker, number), m, layer->first,
                                    (uint32_t)layer->stride, layer->F, layer->stride);
    memcpy(layer->D, layer->A, count * sizeof *layer->D);
    fused->kernels->multiply_by(count, layer->F, layer->D);
}

static void forward_first(struct annc_worker *worker, uint32_t number, uint32_t position, uint32_t m, int parity)
{
    struct annc_layer *layer = &worker->layer[1];
    layer->D = worker->own_D[parity];
    if (worker->fused->dropout[1].threshold == 0)
        layer->A = layer->D;
    first_affine(worker, number, position, m);
    activate(worker, 1, m);
    drop(worker, number, 1, m);
    if (worker->layer[1].shared)
        annc_worker_post(worker);
}

static void forward_others(struct annc_worker *worker, uint32_t number, uint32_t m, int parity)
{
    for (uint32_t l = 2; l <= worker->fused->layers; l++) {
        if (worker->layer[l - 1].shared)
            annc_worker_await(worker);
        affine(worker, l, m, parity);
        activate(worker, l, m);
        drop(worker, number, l, m);
        if (worker->layer[l].shared)
            annc_worker_post(worker);
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
    const float *weights = worker->weights;
    fused->kernels->cost_derivative(cost, (float)fused->job->shape->quantile, count, layer->Z, layer->A, worker->Y,
                                    layer->delta);
    if (annc_cost_partner(cost) == ANY_OUTPUT && annc_activation_kind_of(layer->f) == ROWWISE)
        annc_cpu_times_jacobian(m, layer->n, stride, layer->A, layer->delta);
    else if (annc_cost_partner(cost) == ANY_OUTPUT)
        fused->kernels->times_derivative(layer->f, count, layer->Z, layer->A, layer->delta);
    for (uint32_t r = 0; r < m && weights; r++)
        fused->kernels->scale(stride, alpha * weights[r], layer->delta + r * stride);
    if (!weights)
        fused->kernels->scale(count, alpha, layer->delta);
}

/* BP2: delta of the layer below l; dropped units have none. */
static void hidden_delta(struct annc_worker *worker, uint32_t l, uint32_t m)
{
    const struct annc_layer *layer = &worker->layer[l], *below = &worker->layer[l - 1];
    for (int i = 0; i < annc_worker_pieces(worker, l); i++) {
        const struct piece delta = piece_of_delta(worker, l, i);
        multiply(worker, (struct annc_product){
                             .M = m,
                             .N = (uint32_t)below->stride,
                             .K = delta.n,
                             .A = {delta.rows, delta.stride, 1},
                             .B = {layer->V[ANNC_THETA] + delta.first * layer->stride_in, layer->stride_in, ANNC_PAD},
                             .C = {below->delta, below->stride, ANNC_PAD},
                             .start = i ? ANNC_START_THERE : ANNC_START_ZERO});
    }
    worker->fused->kernels->times_derivative(below->f, m * below->stride, below->Z, below->A, below->delta);
    if (worker->fused->dropout[l - 1].threshold > 0)
        worker->fused->kernels->multiply_by(m * below->stride, below->F, below->delta);
}

/* Destination of BP3 and BP4: the parameters, with delta already scaled, or the gradients if an
 * update follows. The gradients of a step's first block of rows begin at 0. */
struct destination {
    float *W, *V, *b;
    enum annc_start start;
};

static struct destination destination_of(const struct annc_worker *worker, uint32_t l)
{
    const struct annc_layer *layer = &worker->layer[l];
    if (worker->fused->kind == ANNC_JOB_UPDATE)
        return (struct destination){layer->gW, layer->gV, layer->gb,
                                    worker->row == 0 ? ANNC_START_ZERO : ANNC_START_THERE};
    return (struct destination){layer->W[ANNC_THETA], layer->V[ANNC_THETA], layer->b[ANNC_THETA], ANNC_START_THERE};
}

/* BP4 of the first layer: W += X^T delta. */
static void first_step(struct annc_worker *worker, uint32_t number, uint32_t m)
{
    const struct annc_fused *fused = worker->fused;
    struct annc_layer *layer = &worker->layer[1];
    const struct destination into = destination_of(worker, 1);
    if (fused->lists) {
        /* An update leaves gradients of 0 behind (annc_worker_update). */
        fused->kernels->sparse_update(&fused->records, lists_of(fused, number), m, layer->stride, layer->delta,
                                      worker->values, into.W, fused->plane);
        return;
    }
    multiply(worker, (struct annc_product){.M = layer->n_in,
                                           .N = (uint32_t)layer->stride,
                                           .K = m,
                                           .A = {worker->X, 1, layer->stride_in},
                                           .B = {layer->delta, layer->stride, ANNC_PAD},
                                           .C = {into.W, ANNC_PAD, fused->plane},
                                           .start = into.start});
}

/* The transpose of BP4 for a shared layer: V += delta^T D_in. */
static void transposed_step(struct annc_worker *worker, uint32_t l, uint32_t m)
{
    const struct annc_layer *layer = &worker->layer[l], *below = &worker->layer[l - 1];
    const struct destination into = destination_of(worker, l);
    for (int i = 0; i < annc_worker_pieces(worker, l); i++) {
        const struct piece delta = piece_of_delta(worker, l, i);
        multiply(worker,
                 (struct annc_product){.M = delta.n,
                                       .N = (uint32_t)layer->stride_in,
                                       .K = m,
                                       .A = {delta.rows, 1, delta.stride},
                                       .B = {below->D, below->stride, ANNC_PAD},
                                       .C = {into.V + delta.first * layer->stride_in, layer->stride_in, ANNC_PAD},
                                       .start = into.start});
    }
}

/* BP4: W += D_in^T delta. */
static void step(struct annc_worker *worker, uint32_t l, uint32_t m, int parity)
{
    const struct annc_layer *layer = &worker->layer[l];
    const struct destination into = destination_of(worker, l);
    for (int i = 0; i < annc_worker_pieces(worker, l - 1); i++) {
        const struct piece D_in = piece_of_D(worker, l - 1, i, parity);
        multiply(worker, (struct annc_product){.M = D_in.n,
                                               .N = (uint32_t)layer->stride,
                                               .K = m,
                                               .A = {D_in.rows, 1, D_in.stride},
                                               .B = {layer->delta, layer->stride, ANNC_PAD},
                                               .C = {into.W + D_in.first * layer->stride, layer->stride, ANNC_PAD},
                                               .start = into.start});
    }
    if (layer->shared)
        transposed_step(worker, l, m);
    else if (worker->fused->kind == ANNC_JOB_DESCENT)
        annc_worker_transpose(worker, l);
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

/* Backward through a block of rows, of m in all. */
static void backward(struct annc_worker *worker, uint32_t number, uint32_t rows, uint32_t m, int parity)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_job *job = fused->job;
    const bool updates = fused->kind == ANNC_JOB_UPDATE, is_last = worker->row + rows == m;
    const double eta = job->rates ? (double)job->rates[number].eta : job->training->eta;
    output_delta(worker, rows, (float)(updates ? 1.0 / m : -eta / m));
    for (uint32_t l = fused->layers; l >= 1; l--) {
        if (l > 1 && worker->layer[l].shared) {
            annc_worker_post(worker);
            annc_worker_await(worker);
        }
        if (l > 1)
            hidden_delta(worker, l, rows);
        bias_step(worker, l, rows);
        if (l > 1)
            step(worker, l, rows, parity);
        else
            first_step(worker, number, rows);
        if (updates && is_last)
            annc_worker_complete_gradient(worker, l, lists_of(fused, number), m);
    }
    if (updates && is_last)
        annc_worker_update(worker, number);
}

/* ---------------------------------------------------------------- steps */

static void score(struct annc_worker *worker, uint32_t position, uint32_t m, struct annc_score *score)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_layer *layer = &worker->layer[fused->layers];
    const struct annc_job *job = fused->job;
    const float middle = annc_cost_middle(job->shape->cost);
    const struct annc_outputs outputs = {.cost = job->shape->cost,
                                         .tau = (float)job->shape->quantile,
                                         .m = m,
                                         .n = layer->n,
                                         .stride = layer->stride,
                                         .Z = layer->Z,
                                         .A = layer->A,
                                         .Y = worker->Y,
                                         .wanted = worker->wanted,
                                         .weights = worker->weights,
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

/* Transforms the images of the first step for all workers. */
static void move_first(struct annc_worker *worker, uint32_t first)
{
    annc_worker_move(worker, first);
    if (worker->fused->workers > 1) {
        annc_worker_post(worker);
        annc_worker_await(worker);
    }
}

/* Makes the block of rows begin at `row`. The matrices of the last layer, which are scored, have all
 * rows of the minibatch; the other layers' have those of a block. */
static void move_to_row(struct annc_worker *worker, uint32_t row)
{
    struct annc_layer *last = &worker->layer[worker->fused->layers];
    const ptrdiff_t rows = (ptrdiff_t)row - worker->row, floats = rows * (ptrdiff_t)last->stride;
    float **const matrices[] = {&last->Z, &last->A, &last->D, &last->delta, &worker->Y};
    if (rows == 0)
        return;
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++)
        *matrices[i] += floats;
    if (worker->weights)
        worker->weights += rows;
    worker->row = row;
}

/* Takes a step, block by block: the matrices of a large minibatch do not fit the caches. Sums
 * continue from block to block in the same order, so results do not depend on the blocks. */
static void take_step(struct annc_worker *worker, uint32_t number, uint32_t before, bool is_first)
{
    const struct annc_fused *fused = worker->fused;
    const uint32_t m = fused->m, position = annc_cursor_position(fused->job->cursor, number, 0);
    const int parity = (int)(number % 2);
    for (uint32_t row = 0; row < m; row += fused->block) {
        const uint32_t rows = m - row < fused->block ? m - row : fused->block;
        move_to_row(worker, row);
        /* The outputs are the first layer's and are about to be overwritten. */
        if (fused->layers == 1)
            score_previous_step(worker, before, number, is_first);
        forward_first(worker, number, position + row, rows, parity);
        if (fused->layers > 1 && row == 0)
            score_previous_step(worker, before, number, is_first);
        forward_others(worker, number, rows, parity);
        if (fused->kind != ANNC_JOB_FORWARD)
            backward(worker, number, rows, m, parity);
    }
    move_to_row(worker, 0);
}

void annc_worker_run(struct annc_worker *worker)
{
    const struct annc_fused *fused = worker->fused;
    const bool descends = fused->kind != ANNC_JOB_FORWARD;
    const uint32_t end = fused->first + fused->count, stride = descends ? 1 : (uint32_t)fused->workers;
    const uint32_t first = fused->first + (descends ? 0 : (uint32_t)worker->index);
    uint32_t before = first;
    if (fused->moves)
        move_first(worker, first);
    for (uint32_t number = first; number < end; number += stride) {
        if (fused->moves && number + 1 < end)
            annc_worker_move(worker, number + 1);
        take_step(worker, number, before, number == first);
        before = number;
    }
    if (first < end)
        score_previous_step(worker, before, before, false);
}
