/* cpu_fused.c - whole steps of small networks on the CPU.
 *
 * The operations of a step are efficient on large matrices; on the matrices of small networks, the
 * hand-over between operations costs more than the arithmetic. Here a step stays in the caches. W
 * is stored input-major (W[k] is the contribution of input k to each unit), so that forward and
 * update skip inputs of 0; the layers above also have it output-major, for BP2. If enough inputs
 * are 0, the nonzero ones are listed once, example by example (cpu_sparse.h); otherwise all inputs
 * are gathered. cpu_step.c has the steps. A call reads theta, the documented block, and the
 * optimiser's states at its start and writes them at its end. */
#include "backend/cpu/cpu_fused.h"
#include "backend/cpu/cpu_moved.h"
#include "backend/cpu/cpu_step.h"
#include "base/allocate.h"
#include "base/clock.h"
#include "base/functions.h"
#include "base/philox.h"
#include "base/status.h"

#include <string.h>

/* A network is small if no layer has more weights than this: 784-1024-10 still gains. */
static const size_t MOST_WEIGHTS = 1 << 20;
/* Largest share of nonzero inputs at which lists are faster. */
static const double DENSE = 0.5;
/* Rows of a minibatch pass through all layers in blocks whose matrices have so many bytes, part of
 * the second cache, and a multiple of so many rows. */
static const size_t BLOCK_BYTES = 1 << 18;
enum { BLOCK_ROWS = 48 };
/* Multiply-adds of a layer above the first whose products take longer than two exchanges. */
static const size_t WORTH_SHARING = 1 << 19;

/* ---------------------------------------------------------------- accepted jobs */

static bool is_small(const annc_shape *shape)
{
    for (uint32_t l = 1; l <= shape->layers; l++)
        if (((size_t)shape->width[l - 1] + ANNC_OCTET) * annc_padded(shape->width[l]) > MOST_WEIGHTS)
            return false;
    return true;
}

const char *annc_fused_refuses(const struct annc_job *job)
{
    if (!is_small(job->shape))
        return "the network is too large for the caches";
    return job->streams ? "the examples do not fit in memory at once" : NULL;
}

/* Returns what random changes of the examples add to a step (bench/results; as the rates below, of
 * one core). */
static double seconds_of_changes(const struct annc_job *job)
{
    const double factor_seconds = 1.5e-9, deviate_seconds = 2e-9, pixel_seconds = 2e-9;
    const double number_seconds = 1.5e-9, smoothing_seconds = 0.3e-9; /* of elastic distortion, per pixel to a side */
    const annc_objective *objective = &job->training->objective;
    const double inputs = job->shape->width[0];
    double units = 0, seconds = 0;
    for (uint32_t l = 1; l < job->shape->layers; l++)
        units += job->shape->width[l];
    seconds += objective->dropout > 0 ? units * factor_seconds : 0;
    seconds += objective->input_dropout > 0 ? inputs * factor_seconds : 0;
    seconds += objective->input_noise > 0 ? inputs * deviate_seconds : 0;
    seconds += annc_moves_images(&job->training->augmentation) ? inputs * pixel_seconds : 0;
    if (job->training->augmentation.elastic > 0)
        seconds += inputs * (number_seconds + annc_elastic_of(&job->training->augmentation).reach * smoothing_seconds);
    return job->batch * seconds;
}

/* Returns what an update takes beyond that of plain SGD: it passes over the parameters, their
 * gradients and states. */
static double seconds_of_update(const struct annc_job *job)
{
    const double pass_seconds = 0.1e-9;
    const annc_training_options *training = job->training;
    const int states = annc_optimiser_states(training->optimiser);
    int passes = 1;
    passes += (states & FIRST) != 0;
    passes += (states & SECOND) != 0;
    passes += training->objective.l2 > 0 || training->objective.l1 > 0;
    passes += training->clip > 0;
    passes += training->max_norm > 0;
    return passes * pass_seconds * (double)annc_shape_parameters(job->shape);
}

/* One core sustains about this rate, counting inputs of 0. */
double annc_fused_seconds(const struct annc_job *job)
{
    const double flops_per_second = 100e9, layer_seconds = 0.5e-6;
    double seconds = annc_job_flops(job) / flops_per_second + job->shape->layers * layer_seconds;
    if (job->training)
        seconds += seconds_of_changes(job);
    if (annc_job_kind_of(job) == ANNC_JOB_UPDATE)
        seconds += seconds_of_update(job);
    return seconds;
}

/* ---------------------------------------------------------------- memory */

/* Returns the next `count` floats of a block; with base NULL it only counts. */
static float *take(float *base, size_t *used, size_t count)
{
    float *taken = base ? base + *used : NULL;
    *used += annc_padded(count);
    return taken;
}

/* Returns the block, in the layout of theta, for reading and writing a part; NULL if the job has no
 * such part. */
static float *block_of(const struct annc_job *job, int part)
{
    if (part == ANNC_THETA)
        return job->theta;
    return annc_job_kind_of(job) != ANNC_JOB_UPDATE ? NULL : part == ANNC_FIRST ? job->v : job->s;
}

/* Returns the same before the job has its memory. */
static bool has_part(const struct annc_job *job, int part)
{
    const int states = annc_job_kind_of(job) == ANNC_JOB_UPDATE ? annc_optimiser_states(job->training->optimiser) : 0;
    return part == ANNC_THETA || (states & (part == ANNC_FIRST ? FIRST : SECOND));
}

/* Lays out a worker's matrices in one block, as if it owned all units; returns its floats. */
static size_t lay_out(struct annc_worker *worker, uint32_t m, float *base)
{
    const struct annc_fused *fused = worker->fused;
    const annc_shape *shape = fused->job->shape;
    const bool updates = fused->kind == ANNC_JOB_UPDATE;
    size_t used = 0, groups = 0;
    for (uint32_t l = 1; l <= fused->layers; l++) {
        struct annc_layer *layer = &worker->layer[l];
        layer->n = layer->all = shape->width[l];
        layer->n_in = shape->width[l - 1];
        layer->stride = annc_padded(layer->n);
        layer->stride_in = annc_padded(layer->n_in);
        layer->f = shape->activation[l - 1];
        for (int part = 0; part < ANNC_PARTS; part++) {
            const bool there = has_part(fused->job, part);
            layer->W[part] = there && l > 1 ? take(base, &used, layer->n_in * layer->stride) : NULL;
            layer->V[part] = there && l > 1 ? take(base, &used, layer->n * layer->stride_in) : NULL;
            layer->b[part] = there ? take(base, &used, layer->stride) : NULL;
        }
        layer->gW = updates && l > 1 ? take(base, &used, layer->n_in * layer->stride) : NULL;
        layer->gV = updates && l > 1 ? take(base, &used, layer->n * layer->stride_in) : NULL;
        layer->gb = updates ? take(base, &used, layer->stride) : NULL;
        const bool drops = l < fused->layers && fused->dropout[l].threshold > 0;
        layer->Z = take(base, &used, m * layer->stride);
        layer->A = take(base, &used, m * layer->stride);
        layer->D = drops ? take(base, &used, m * layer->stride) : layer->A;
        layer->F = drops ? take(base, &used, m * layer->stride) : NULL;
        layer->delta = take(base, &used, m * layer->stride);
        layer->factor = updates ? take(base, &used, annc_padded(layer->all)) : NULL;
        layer->squares = base ? worker->squares + groups : NULL;
        groups += annc_padded(layer->all) / ANNC_PAD;
    }
    worker->own_D[0] = worker->layer[1].D;
    worker->own_D[1] = take(base, &used, m * worker->layer[1].stride);
    worker->Y = take(base, &used, m * worker->layer[fused->layers].stride);
    worker->weights = fused->is_weighted ? take(base, &used, m) : NULL;
    worker->values = take(base, &used, m * fused->records.step + fused->records.most);
    worker->scratch = take(base, &used, ANNC_PRODUCT_SCRATCH);
    worker->canvas = take(base, &used, annc_moved_scratch(fused));
    worker->pixels = take(base, &used, fused->moves ? fused->records.most + ANNC_PAD : 0);
    worker->X = fused->lists ? NULL : take(base, &used, m * worker->layer[1].stride_in);
    worker->F = fused->dropout[0].threshold == 0 ? NULL : take(base, &used, m * worker->layer[1].stride_in);
    return used;
}

/* Does the same for the first layer's W, which the workers share. */
static size_t lay_out_first(struct annc_fused *fused, float *base)
{
    const size_t count = fused->stride / ANNC_PAD * fused->plane;
    size_t used = 0;
    for (int part = 0; part < ANNC_PARTS; part++)
        fused->W[part] = has_part(fused->job, part) ? take(base, &used, count) : NULL;
    fused->gW = fused->kind == ANNC_JOB_UPDATE ? take(base, &used, count) : NULL;
    return used;
}

static void close_worker(struct annc_worker *worker)
{
    if (!worker)
        return;
    annc_release(worker->memory);
    annc_release(worker->costs);
    annc_release(worker->wanted);
    annc_release(worker->marked);
    annc_release(worker->squares);
    annc_release(worker);
}

static annc_status open_worker(struct annc_fused *fused, int index)
{
    annc_status status = ANNC_OK;
    struct annc_worker *worker = NULL;
    size_t groups = 0;
    const uint32_t m = fused->job->batch, outputs = fused->job->shape->width[fused->layers];
    ANNC_TRY(annc_allocate(1, sizeof *worker, "the engine", (void **)&worker));
    worker->fused = fused;
    worker->index = index;
    for (uint32_t l = 1; l <= fused->layers; l++)
        groups += annc_padded(fused->job->shape->width[l]) / ANNC_PAD;
    ANNC_TRY(annc_allocate(groups, sizeof *worker->squares, "the engine", (void **)&worker->squares));
    ANNC_TRY(annc_allocate(lay_out(worker, m, NULL), sizeof(float), "the engine", &worker->memory));
    lay_out(worker, m, worker->memory);
    const size_t stride = worker->layer[fused->layers].stride;
    ANNC_TRY(annc_allocate(stride, sizeof *worker->costs, "the engine", (void **)&worker->costs));
    ANNC_TRY(annc_allocate(m, sizeof *worker->wanted, "the engine", (void **)&worker->wanted));
    ANNC_TRY(annc_allocate(worker->layer[1].n_in + ANNC_OCTET, 1, "the engine", (void **)&worker->marked));
    for (size_t r = 0; r < m; r++)
        for (uint32_t j = 0; j < outputs; j++)
            worker->Y[r * stride + j] = fused->job->values.off;
    fused->worker[index] = worker;
    worker = NULL;
out:
    close_worker(worker);
    return status;
}

void annc_fused_close(void *engine)
{
    struct annc_fused *fused = engine;
    if (!fused)
        return;
    for (int i = 0; i < ANNC_MOST_WORKERS; i++)
        close_worker(fused->worker[i]);
    annc_release(fused->memory);
    annc_release(fused->order);
    annc_release(fused->these);
    annc_moved_close(fused);
    annc_release(fused);
}

/* Returns whether to list the nonzero inputs: if they are few and the lists take at most a quarter
 * of the machine's memory, since the data may be in a mapped file. The memory free at the moment
 * does not count, because sums with and without lists are rounded differently. */
static bool worth_listing(const annc_examples *examples)
{
    uint64_t total, available;
    if (!annc_sparse_can_list(examples->inputs))
        return false;
    const double density = annc_sparse_density(examples), number = examples->type == ANNC_BYTES ? 1 : sizeof(float);
    annc_machine_memory(&total, &available);
    return density <= DENSE &&
           density * examples->count * examples->inputs * (sizeof(uint16_t) + number) <= total / 4.0;
}

/* Sets the fields that depend only on the job. */
static void plan(const struct annc_job *job, struct annc_fused *fused)
{
    const size_t inputs = job->shape->width[0];
    fused->job = job;
    fused->kind = annc_job_kind_of(job);
    if (job->training)
        fused->rule = annc_rule_of(job->training);
    fused->layers = job->shape->layers;
    fused->is_weighted = job->weights || (job->examples && job->examples->weights);
    fused->stride = annc_padded(job->shape->width[1]);
    fused->plane = (inputs + ANNC_OCTET) * ANNC_PAD;
    for (uint32_t l = 0; job->training && l < fused->layers; l++) {
        const annc_objective *objective = &job->training->objective;
        const double share = l == 0 ? objective->input_dropout : objective->dropout;
        fused->dropout[l] = (struct annc_dropout){job->training->seed, l, job->shape->width[l],
                                                  annc_dropout_threshold(share), annc_dropout_scale(share)};
    }
    fused->noise = job->training ? (float)job->training->objective.input_noise : 0;
    annc_moved_plan(fused);
}

/* Returns the bytes of the parameters and one worker's matrices, without the lists and the other
 * workers. */
size_t annc_fused_memory(const struct annc_job *job)
{
    struct annc_fused fused = {.job = NULL};
    struct annc_worker worker = {.fused = &fused};
    plan(job, &fused);
    return (lay_out_first(&fused, NULL) + lay_out(&worker, job->batch, NULL)) * sizeof(float) +
           annc_moved_bytes(&fused);
}

annc_status annc_fused_open(const struct annc_cpu_kernels *kernels, struct annc_staged *staged, struct annc_pool *pool,
                            int threads, bool choose, const struct annc_job *job, void **engine)
{
    annc_status status = ANNC_OK;
    struct annc_fused *fused = NULL;
    const annc_examples *examples = job->examples;
    ANNC_TRY(annc_allocate(1, sizeof *fused, "the engine", (void **)&fused));
    plan(job, fused);
    fused->kernels = kernels;
    fused->pool = pool;
    fused->threads = threads;
    fused->choose = choose;
    fused->lists = fused->noise == 0 && fused->dropout[0].threshold == 0 && worth_listing(examples);
    if (fused->moves)
        ANNC_TRY(annc_moved_open(fused));
    else if (fused->lists)
        ANNC_TRY(annc_staged_lists(staged, kernels, examples, &fused->sparse));
    if (fused->sparse)
        fused->records = fused->sparse->records;
    /* Without an update, the values are read once, so each example's overwrite the previous
     * ones. */
    fused->records.step = fused->kind == ANNC_JOB_FORWARD ? 0 : fused->records.most;
    ANNC_TRY(annc_allocate(lay_out_first(fused, NULL), sizeof(float), "the engine", &fused->memory));
    lay_out_first(fused, fused->memory);
    ANNC_TRY(annc_allocate(examples->count, sizeof *fused->order, "the order", (void **)&fused->order));
    if (fused->sparse)
        ANNC_TRY(annc_allocate(examples->count, sizeof *fused->these, "the order", (void **)&fused->these));
    ANNC_TRY(open_worker(fused, 0));
    *engine = fused;
    fused = NULL;
out:
    annc_fused_close(fused);
    return status;
}

const char *annc_fused_describe(const void *engine)
{
    return ((const struct annc_fused *)engine)->lists ? "fused, sparse" : "fused, dense";
}

/* ---------------------------------------------------------------- shares */

/* Returns whether workers share a layer: always the first, and others whose products take longer
 * than the exchange. Every worker needs the outputs of the last layer. */
static bool is_shared(const struct annc_fused *fused, uint32_t l, int workers)
{
    const struct annc_shape *shape = fused->job->shape;
    const size_t units = annc_padded(shape->width[l]) / ANNC_PAD;
    if (fused->kind == ANNC_JOB_FORWARD || workers == 1 || l == fused->layers || units < (size_t)workers)
        return false;
    return l == 1 || (size_t)fused->m * shape->width[l - 1] * shape->width[l] >= WORTH_SHARING;
}

/* Returns the rows of a block: all of the minibatch if workers share a layer, if plain SGD changes
 * the weights, or if the inputs are lists. */
static uint32_t rows_of_block(const struct annc_fused *fused)
{
    const struct annc_worker *worker = fused->worker[0];
    size_t floats = worker->layer[1].stride_in;
    for (uint32_t l = 1; l < fused->layers; l++)
        floats += 3 * worker->layer[l].stride; /* Z, A and delta */
    const size_t rows = BLOCK_BYTES / sizeof(float) / floats / BLOCK_ROWS * BLOCK_ROWS;
    const bool whole = fused->kind == ANNC_JOB_DESCENT || fused->lists || fused->moves || fused->layers == 1 ||
                       (fused->kind == ANNC_JOB_UPDATE && fused->workers > 1);
    if (whole || rows >= fused->m)
        return fused->m;
    return rows > 0 ? (uint32_t)rows : BLOCK_ROWS;
}

/* Assigns worker i of `workers` its units of a layer, in whole cache lines of floats. */
static void share_layer(struct annc_layer *layer, int i, int workers)
{
    const size_t lines = annc_padded(layer->all) / ANNC_PAD, n = (size_t)(layer->shared ? workers : 1);
    const size_t k = layer->shared ? (size_t)i : 0;
    const size_t first = lines * k / n * ANNC_PAD, after = lines * (k + 1) / n * ANNC_PAD;
    layer->first = (uint32_t)first;
    layer->stride = after - first;
    layer->n = (after < layer->all ? (uint32_t)after : layer->all) - layer->first;
}

/* Assigns the units. In a forward-only job every worker has all units, and different examples. */
static annc_status share_out(struct annc_fused *fused, int workers)
{
    annc_status status = ANNC_OK;
    fused->workers = workers;
    for (int i = 0; i < workers; i++) {
        if (!fused->worker[i])
            ANNC_TRY(open_worker(fused, i));
        struct annc_worker *worker = fused->worker[i];
        for (uint32_t l = 1; l <= fused->layers; l++) {
            struct annc_layer *layer = &worker->layer[l];
            layer->shared = is_shared(fused, l, workers);
            share_layer(layer, i, workers);
            if (l > 1)
                layer->stride_in = worker->layer[l - 1].stride;
        }
        const size_t own = worker->layer[1].first / ANNC_PAD * fused->plane;
        for (int part = 0; part < ANNC_PARTS; part++)
            worker->layer[1].W[part] = fused->W[part] ? fused->W[part] + own : NULL;
        worker->layer[1].gW = fused->gW ? fused->gW + own : NULL;
        worker->exchanges = 0;
        atomic_store(&worker->posted.exchanges, 0);
    }
out:
    return status;
}

/* Returns the largest number of workers that can share a step: each needs units, and a layer above
 * must exist for the exchange. */
static int most_workers(const struct annc_fused *fused, int threads)
{
    const int units = fused->layers > 1 ? (int)(fused->stride / ANNC_PAD) : 1;
    int most = threads < ANNC_MOST_WORKERS ? threads : ANNC_MOST_WORKERS;
    if (fused->kind != ANNC_JOB_FORWARD && units < most)
        most = units;
    return most;
}

/* Selects one worker or all, whichever is faster: it depends on the machine, its other processes
 * and the network, while results do not depend on it. Each is tried a few times, and the slower one
 * now and then again. Calls of few examples run on one worker and are not measured. */
enum { ONE, ALL, TRIALS = 3, AGAIN = 32, FEW = 256 };

static int choose_pace(const struct annc_fused *fused, uint64_t examples)
{
    const uint32_t one = fused->pace[ONE].calls, all = fused->pace[ALL].calls;
    const int better = fused->pace[ALL].seconds < fused->pace[ONE].seconds ? ALL : ONE;
    if (examples < FEW || one < TRIALS)
        return ONE;
    if (all < TRIALS)
        return ALL;
    return (one + all) % AGAIN == 0 ? !better : better;
}

static void note_pace(struct annc_fused *fused, int pace, uint64_t examples, double seconds)
{
    const double one = seconds / (double)examples, before = fused->pace[pace].seconds;
    if (examples < FEW)
        return;
    fused->pace[pace].calls++;
    fused->pace[pace].seconds = before == 0 || one < before ? one : (one + before) / 2;
}

/* ---------------------------------------------------------------- parameters */

/* Units of a layer's W side by side, one row per input: all, or a plane of the first layer. */
struct columns {
    float *W;
    size_t units, row;
};

/* Returns the units from `first` on. */
static struct columns columns_from(const struct annc_fused *fused, const struct annc_layer *layer, uint32_t l, int part,
                                   size_t first)
{
    const size_t left = layer->n - first;
    if (l > 1)
        return (struct columns){layer->W[part], left, layer->stride};
    return (struct columns){layer->W[part] + first / ANNC_PAD * fused->plane, left < ANNC_PAD ? left : ANNC_PAD,
                            ANNC_PAD};
}

/* Reads one part of a worker's own parameters from its block. */
static void read_part(struct annc_worker *worker, int part)
{
    const struct annc_fused *fused = worker->fused;
    const annc_shape *shape = fused->job->shape;
    const float *block = block_of(fused->job, part);
    for (uint32_t l = 1; l <= fused->layers; l++) {
        const struct annc_layer *layer = &worker->layer[l], *below = &worker->layer[l - 1];
        const size_t n_in = layer->n_in;
        const float *W = block + annc_shape_weights_at(shape, l), *own = W + layer->first * n_in;
        /* The workers share the first layer's W, so only worker 0 reads it. */
        const bool mine = l > 1 || layer->shared || worker->index == 0;
        for (size_t j = 0; mine && j < layer->n;) {
            const struct columns at = columns_from(fused, layer, l, part, j);
            fused->kernels->transpose(at.units, n_in, own + j * n_in, n_in, at.W, at.row);
            j += at.units;
        }
        for (size_t j = 0; l > 1 && j < layer->all; j++) {
            memset(layer->V[part] + j * layer->stride_in, 0, layer->stride_in * sizeof *W);
            memcpy(layer->V[part] + j * layer->stride_in, W + j * n_in + below->first, below->n * sizeof *W);
        }
        memset(layer->b[part], 0, layer->stride * sizeof *W);
        memcpy(layer->b[part], block + annc_shape_biases_at(shape, l) + layer->first, layer->n * sizeof *W);
    }
}

/* Writes them back; the first worker writes layers that all workers hold equally. */
static void write_part(const struct annc_worker *worker, int part)
{
    const struct annc_fused *fused = worker->fused;
    const annc_shape *shape = fused->job->shape;
    float *block = block_of(fused->job, part);
    for (uint32_t l = 1; l <= fused->layers; l++) {
        const struct annc_layer *layer = &worker->layer[l];
        const size_t n_in = layer->n_in;
        float *W = block + annc_shape_weights_at(shape, l) + layer->first * n_in;
        if (!layer->shared && worker->index > 0)
            continue;
        for (size_t j = 0; j < layer->n;) {
            const struct columns at = columns_from(fused, layer, l, part, j);
            fused->kernels->transpose(n_in, at.units, at.W, at.row, W + j * n_in, n_in);
            j += at.units;
        }
        memcpy(block + annc_shape_biases_at(shape, l) + layer->first, layer->b[part], layer->n * sizeof *W);
    }
}

static void read_own(struct annc_worker *worker)
{
    for (int part = 0; part < ANNC_PARTS; part++)
        if (has_part(worker->fused->job, part))
            read_part(worker, part);
}

static void write_own(const struct annc_worker *worker)
{
    for (int part = 0; part < ANNC_PARTS; part++)
        if (has_part(worker->fused->job, part))
            write_part(worker, part);
}

/* ---------------------------------------------------------------- a call */

/* Lists the examples in the order of the cursor, unless they are already. */
static void find_order(struct annc_fused *fused, const struct annc_order *order)
{
    if (memcmp(&fused->known, order, sizeof *order) == 0)
        return;
    fused->known = *order;
    fused->kernels->order(order, 0, order->n, fused->order);
    for (uint32_t i = 0; fused->sparse && i < order->n; i++)
        fused->these[i] = fused->sparse->record[fused->order[i]];
}

static void work(void *context, int i)
{
    struct annc_fused *fused = context;
    /* The caller has read worker 0's parameters, including the shared arrays, before the others
     * began. */
    struct annc_worker *worker = fused->worker[i];
    if (i > 0)
        read_own(worker);
    annc_worker_run(worker);
}

annc_status annc_fused_steps(void *engine, uint32_t m, uint32_t count)
{
    annc_status status = ANNC_OK;
    struct annc_fused *fused = engine;
    struct annc_cursor *cursor = fused->job->cursor;
    if (count == 0)
        return ANNC_OK;
    find_order(fused, &cursor->order);
    fused->m = m;
    fused->count = count;
    fused->first = cursor->step;
    const uint64_t examples = (uint64_t)m * count;
    const int most = most_workers(fused, fused->threads);
    const int pace = fused->choose && most > 1 ? choose_pace(fused, examples) : ALL;
    const double start = annc_now();
    ANNC_TRY(share_out(fused, pace == ALL ? most : 1));
    fused->block = rows_of_block(fused);
    read_own(fused->worker[0]);
    annc_pool_run(fused->pool, fused->workers, work, fused);
    note_pace(fused, pace, examples, annc_now() - start);
    for (int i = 0; i < fused->workers && fused->kind != ANNC_JOB_FORWARD; i++)
        write_own(fused->worker[i]);
    cursor->next = cursor->step += count;
out:
    return status;
}
