/* block_engine.c - the host part of the engines block and split: which jobs they take, the plan,
 * the launches.
 *
 * One block of threads trains one network, or a cluster of blocks that divide its inputs: the engine
 * split. Several jobs of equal shape and minibatch train in one launch, each with the bits that it
 * has alone. */
#include "backend/cuda/block.h"
#include "backend/cuda/cuda_device.h"
#include "backend/cuda/job_table.h"
#include "backend/cuda_estimate.h"
#include "backend/engine.h"
#include "base/functions.h"
#include "base/philox.h"
#include "base/status.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_JOBS = 4096 };

struct block_engine {
    struct annc_job_table table;
    struct annc_block_plan plan;
    float *copies; /* the blocks' parameters, if not in shared memory */
};

static const struct annc_block_limits *limits_of(const annc_device *device)
{
    return &((const struct annc_cuda_device *)device)->block;
}

/* ---------------------------------------------------------------- the plan */

/* Returns the floats between rows of n numbers: a multiple of 4, an odd one, so that wide loads of
 * eight neighbouring rows use different banks. */
static uint32_t stride_of(uint32_t n)
{
    return ((n + 3) / 4 | 1) * 4;
}

/* Takes `floats` of shared memory, in whole groups of four. */
static uint32_t take(size_t *used, size_t floats)
{
    const size_t at = *used;
    *used += (floats + 3) / 4 * 4;
    return (uint32_t)at;
}

/* Returns how many warps share a tile of Z: all of them, if there are few tiles. */
static uint32_t splits_of(uint32_t batch, uint32_t n, uint32_t n_in)
{
    const uint32_t warps = ANNC_BLOCK_THREADS / 32, tiles = ((batch + 15) / 16) * ((n + 31) / 32),
                   groups = (n_in + 3) / 4, splits = warps / tiles;
    return splits < 1 ? 1 : splits < groups ? splits : groups;
}

/* Returns the most inputs that one of `blocks` blocks has, which get whole groups of four. */
static uint32_t inputs_per_block(uint32_t inputs, uint32_t blocks)
{
    const uint32_t groups = (inputs + 3) / 4, most = (groups + blocks - 1) / blocks * 4;
    return most < inputs ? most : inputs;
}

/* Returns how many arrays in theta's layout the optimiser of a job has. */
static uint32_t states_of(const struct annc_job *job)
{
    const int states = annc_optimiser_states(job->training->optimiser);
    return (states & FIRST ? 1u : 0u) + (states & SECOND ? 1u : 0u);
}

/* Lays out the shared memory of a block, one of `blocks` of a network, for up to `states` arrays of
 * the optimiser; false if it does not fit the device. Bytes that are not known yet count as
 * floats. */
static bool make_plan(const annc_device *device, const struct annc_job *job, uint32_t states, uint32_t blocks,
                      struct annc_block_plan *plan)
{
    const size_t capacity = (size_t)limits_of(device)->bytes;
    const annc_shape *shape = job->shape;
    const annc_objective *objective = &job->training->objective;
    const uint32_t L = shape->layers, batch = job->batch, outputs = shape->width[L],
                   inputs = inputs_per_block(shape->width[0], blocks), rows = (batch + blocks - 1) / blocks;
    const bool bytes = job->examples && job->examples->type == ANNC_BYTES;
    size_t used = 0, partial = 0, parameters = 0, theta = 0;
    memset(plan, 0, sizeof *plan);
    for (uint32_t l = 0; l <= L; l++)
        if ((size_t)shape->width[l] * (l < L ? shape->width[l + 1] : 1) > capacity * 64)
            return false; /* far too large, and sums would overflow */
    plan->blocks = blocks;
    plan->layers = L;
    plan->batch = batch;
    plan->cost = shape->cost;
    plan->tau = (float)shape->quantile;
    for (uint32_t l = 0; l <= L; l++) {
        struct annc_block_layer *layer = &plan->layer[l];
        layer->n = shape->width[l];
        layer->stride = stride_of(l == 0 ? inputs : layer->n);
        layer->A = layer->input = take(&used, (size_t)batch * layer->stride);
        if (l == 0)
            continue;
        layer->activation = shape->activation[l - 1];
        layer->Z = layer->delta = take(&used, (size_t)batch * layer->stride);
        if (l == L)
            layer->delta = take(&used, (size_t)batch * layer->stride);
        else if (objective->dropout > 0)
            layer->input = take(&used, (size_t)batch * layer->stride);
        const uint32_t multiplied = l == 1 ? batch : rows;
        layer->splits = splits_of(multiplied, layer->n, l == 1 ? inputs : shape->width[l - 1]);
        const size_t tiles = (size_t)((multiplied + 15) / 16) * ((layer->n + 31) / 32),
                     numbers = tiles * layer->splits * 512;
        partial = layer->splits > 1 && numbers > partial ? numbers : partial;
        layer->theta_W = (uint32_t)theta;
        theta += (size_t)layer->n * shape->width[l - 1];
        layer->theta_b = (uint32_t)theta;
        theta += layer->n;
        layer->W = take(&parameters, (size_t)layer->n * plan->layer[l - 1].stride);
        layer->b = take(&parameters, layer->n);
    }
    plan->Y = take(&used, (size_t)2 * batch * plan->layer[L].stride);
    plan->partial = take(&used, partial);
    plan->weights = take(&used, objective->class_weights ? (outputs == 1 ? 2 : outputs) : 0);
    plan->numbers = take(&used, (size_t)6 * batch);
    plan->squares = take(&used, blocks > 1 ? 2 * (size_t)shape->width[1] : 0);
    plan->row_bytes = ((bytes ? inputs : 4 * inputs) + 3) / 4 * 4;
    plan->rows = take(&used, (size_t)2 * batch * plan->row_bytes / 4);
    plan->parameters = (uint32_t)parameters;
    plan->shares = (used + parameters) * sizeof(float) <= capacity;
    if (plan->shares)
        plan->copy = take(&used, parameters);
    if (plan->shares && states > 0 && (used + states * parameters) * sizeof(float) <= capacity)
        plan->states = take(&used, states * parameters);
    plan->bytes = used * sizeof(float);
    return plan->bytes <= capacity;
}

/* ---------------------------------------------------------------- what it takes */

static const char *block_refuses(const annc_device *device, const struct annc_job *job)
{
    struct annc_block_plan plan;
    const char *why = annc_cuda_block_refuses(job);
    if (why)
        return why;
    return make_plan(device, job, states_of(job), 1, &plan)
               ? NULL
               : "a minibatch and its activations do not fit a block's shared memory";
}

static const char *split_refuses(const annc_device *device, const struct annc_job *job)
{
    struct annc_block_plan plan;
    const char *why = annc_cuda_split_refuses(job);
    if (why)
        return why;
    if (!limits_of(device)->has_clusters)
        return "the device, or this build for it, has no clusters of blocks, as compute capability 9.0 and newer have";
    const bool fits = make_plan(device, job, states_of(job), annc_cuda_split_blocks(job), &plan);
    return fits && plan.shares && (plan.states || states_of(job) == 0)
               ? NULL
               : "a minibatch, the parameters and the optimiser's states do not fit the shared memory of 8 blocks";
}

static double block_seconds(const annc_device *device, const struct annc_job *job)
{
    struct annc_block_plan plan;
    make_plan(device, job, states_of(job), 1, &plan);
    return annc_cuda_block_seconds(job, plan.shares, plan.states > 0);
}

static double split_seconds(const annc_device *device, const struct annc_job *job)
{
    (void)device;
    return annc_cuda_split_seconds(job);
}

static size_t block_memory(const annc_device *device, const struct annc_job *job, uint32_t n)
{
    struct annc_block_plan plan;
    make_plan(device, job, states_of(job), 1, &plan);
    return n * (sizeof(struct annc_block_network) + (plan.shares ? 0 : plan.parameters * sizeof(float)));
}

static size_t split_memory(const annc_device *device, const struct annc_job *job, uint32_t n)
{
    (void)device;
    (void)job;
    return n * sizeof(struct annc_block_network);
}

/* ---------------------------------------------------------------- opening */

static struct annc_block_network network_of(const struct annc_job *job, float *copy)
{
    const annc_training_options *training = job->training;
    const annc_objective *objective = &training->objective;
    struct annc_block_network network;
    memset(&network, 0, sizeof network);
    network.examples = *job->examples;
    network.values = job->values;
    network.weights = job->weights;
    network.rates = job->rates;
    network.eta = (float)training->eta;
    network.rule = annc_rule_of(training);
    network.decay = (float)training->decay;
    network.l2 = (float)objective->l2;
    network.l1 = (float)objective->l1;
    network.clip = training->clip;
    network.max_norm = training->max_norm;
    network.plain = annc_is_plain_sgd(training);
    network.seed = training->seed;
    network.noise = objective->input_noise;
    network.input_threshold = annc_dropout_threshold(objective->input_dropout);
    network.hidden_threshold = annc_dropout_threshold(objective->dropout);
    network.input_scale = objective->input_dropout > 0 ? annc_dropout_scale(objective->input_dropout) : 1;
    network.hidden_scale = objective->dropout > 0 ? annc_dropout_scale(objective->dropout) : 1;
    network.theta = job->theta;
    network.v = job->v;
    network.s = job->s;
    network.copy = copy;
    network.cursor = job->cursor;
    network.scores = job->scores;
    return network;
}

static void describe_job(const void *context, uint32_t i, void *to)
{
    const struct block_engine *engine = (const struct block_engine *)context;
    *(struct annc_block_network *)to =
        network_of(engine->table.jobs[i], engine->copies ? engine->copies + (size_t)i * engine->plan.parameters : NULL);
}

static annc_status block_changed(void *state)
{
    struct block_engine *engine = (struct block_engine *)state;
    return annc_job_table_send(&engine->table, describe_job, engine);
}

static void block_close(void *state)
{
    struct block_engine *engine = (struct block_engine *)state;
    annc_job_table_close(&engine->table);
    if (engine->copies)
        engine->table.device->backend->free(engine->table.device, engine->copies);
    free(engine);
}

static annc_status open_engine(annc_device *device, struct annc_job *const *jobs, uint32_t n, uint32_t blocks,
                               void **state)
{
    annc_status status = ANNC_OK;
    void *memory = NULL;
    struct block_engine *engine = (struct block_engine *)calloc(1, sizeof *engine);
    if (!engine)
        return device->host->fail(ANNC_MEMORY, "out of memory: an engine needs %zu bytes", sizeof *engine);
    uint32_t states = 0;
    for (uint32_t i = 0; i < n; i++)
        states = states_of(jobs[i]) > states ? states_of(jobs[i]) : states;
    make_plan(device, jobs[0], states, blocks, &engine->plan); /* which fits, as the job with most does */
    ANNC_TRY(annc_job_table_open(device, jobs, n, sizeof(struct annc_block_network), &engine->table));
    if (!engine->plan.shares) {
        ANNC_TRY(device->backend->alloc(device, n * engine->plan.parameters * sizeof(float), "a copy of the parameters",
                                        &memory));
        engine->copies = (float *)memory;
    }
    ANNC_TRY(block_changed(engine));
    *state = engine;
out:
    if (status != ANNC_OK)
        block_close(engine);
    return status;
}

static annc_status block_open(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **state)
{
    return open_engine(device, jobs, n, 1, state);
}

static annc_status split_open(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **state)
{
    return open_engine(device, jobs, n, annc_cuda_split_blocks(jobs[0]), state);
}

/* ---------------------------------------------------------------- steps */

static annc_status block_steps(void *state, uint32_t m, uint32_t count)
{
    annc_status status = ANNC_OK;
    struct block_engine *engine = (struct block_engine *)state;
    annc_device *device = engine->table.device;
    (void)m; /* blocks see from their data where the last minibatch is smaller */
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(annc_launch_block_train(annc_cuda(device)->stream, &engine->plan,
                                     (const struct annc_block_network *)engine->table.on_device, engine->table.count,
                                     count));
out:
    return status;
}

static const char *block_describe(const void *state)
{
    const struct block_engine *engine = (const struct block_engine *)state;
    return engine->plan.blocks > 1 ? "split" : "block";
}

const struct annc_engine_ops annc_cuda_block = {
    ANNC_ENGINE_BLOCK,
    "block",
    "whole steps of a small network in one block of threads, and of many networks at once",
    false, /* of operations */
    false, /* of bytes */
    MOST_JOBS,
    1,    /* steps of a block */
    NULL, /* one multiprocessor per job */
    block_refuses,
    block_seconds,
    block_memory,
    block_open,
    block_steps,
    block_changed,
    block_describe,
    block_close,
};

const struct annc_engine_ops annc_cuda_split = {
    ANNC_ENGINE_SPLIT,
    "split",
    "whole steps of a small network in a cluster of blocks that divide its inputs among them",
    false, /* of operations */
    false, /* of bytes */
    MOST_JOBS,
    1, /* steps of a block */
    annc_cuda_split_blocks,
    split_refuses,
    split_seconds,
    split_memory,
    split_open,
    block_steps,
    block_changed,
    block_describe,
    block_close,
};
