/* cluster_engine.c - the cluster engine's host part: which jobs it takes, its memory, its launches.
 *
 * A call is divided into launches of at most ANNC_CLUSTER_STEPS steps, each planned and then
 * trained. A launch begins with complete weights in theta and ends with complete weights there, so
 * it is a block of the engine's contract.
 *
 * A plan reads no weight, so other clusters of a launch plan the next one while the first trains.
 * Two plans alternate. */
#include "backend/cuda/cluster.h"
#include "backend/cuda/cuda_device.h"
#include "backend/cuda_estimate.h"
#include "backend/engine.h"
#include "base/philox.h"
#include "base/status.h"

#include <stdlib.h>
#include <string.h>

enum { PLANS = 2 };

/* The plan of a launch: inputs and records of its steps (annc_launch_cluster_plan). */
struct plan {
    uint16_t *rows;
    float *records;
};

struct cluster {
    annc_device *device;
    const struct annc_job *job;
    struct annc_cursor *start; /* the cursor as the call found it */
    struct plan plans[PLANS];  /* the second one only if an epoch has several launches */
    uint32_t planners;         /* clusters that plan beside the one that trains */
};

/* ---------------------------------------------------------------- what it takes */

/* The weight of the bias belongs to an input of the divisor's value, in bf16. */
static bool is_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & 0xFFFF) == 0;
}

/* Whether the inputs are taken as floats: each is the sum of three bf16. */
static bool has_floats(const struct annc_job *job)
{
    return annc_changes_inputs(job->training) || job->examples->type != ANNC_BYTES || !is_bf16(job->examples->divisor);
}

/* Returns the bf16 numbers of a step's inputs; the larger number where the data are not known. */
static size_t rows_of_step(const struct annc_job *job)
{
    return !job->examples || has_floats(job) ? ANNC_CLUSTER_FLOAT_ROWS : ANNC_CLUSTER_ROWS;
}

static const char *device_refuses(const annc_device *device)
{
    int index = ((const struct annc_cuda_device *)device)->index, clusters = 0, launches = 0;
    if (annc_cuda_enter(device) != cudaSuccess ||
        cudaDeviceGetAttribute(&launches, cudaDevAttrClusterLaunch, index) != cudaSuccess || !launches) {
        cudaGetLastError();
        return "the device has no clusters of blocks, as GPUs of compute capability 9.0 and newer have";
    }
    const cudaError_t error = annc_cluster_capacity(&clusters);
    cudaGetLastError();
    if (error != cudaSuccess)
        return "this build has no clusters for the device";
    return clusters > 0 ? NULL : "the device does not run a cluster of 7 blocks with the shared memory that it needs";
}

static const char *cluster_refuses(const annc_device *device, const struct annc_job *job)
{
    const char *why = annc_cuda_cluster_refuses(job);
    const annc_examples *examples = job->examples;
    if (why)
        return why;
    if (examples && has_floats(job) && examples->inputs > ANNC_CLUSTER_FLOATS)
        return examples->type == ANNC_BYTES ? "it takes up to 431 inputs whose divisor has more than 8 significant bits"
                                            : "it takes up to 431 inputs that are floats";
    return device_refuses(device);
}

static double cluster_seconds(const annc_device *device, const struct annc_job *job)
{
    (void)device;
    return annc_cuda_cluster_seconds(job);
}

/* ---------------------------------------------------------------- memory */

/* Returns the steps of the first launch of `steps` steps. */
static uint32_t launch_steps(uint32_t steps)
{
    return steps < ANNC_CLUSTER_STEPS ? steps : ANNC_CLUSTER_STEPS;
}

/* Returns the clusters that plan: on a third of the multiprocessors, one block on each. They fit
 * beside the cluster that trains. */
static uint32_t planners_of(const annc_device *device)
{
    const int planners = device->info.multiprocessors / (3 * ANNC_CLUSTER_BLOCKS);
    return planners > 1 ? (uint32_t)planners : 1;
}

/* An upper bound: fewer steps in an epoch take less. */
static size_t cluster_memory(const annc_device *device, const struct annc_job *job, uint32_t n)
{
    const size_t step = rows_of_step(job) * sizeof(uint16_t) + ANNC_CLUSTER_RECORD * sizeof(float);
    (void)device;
    (void)n; /* most_jobs is 1 */
    return sizeof(struct annc_cursor) + PLANS * ANNC_CLUSTER_STEPS * step;
}

static void cluster_close(void *engine)
{
    struct cluster *cluster = (struct cluster *)engine;
    const struct plan *plans = cluster->plans;
    void *const memory[] = {cluster->start, plans[0].rows, plans[0].records, plans[1].rows, plans[1].records};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            cluster->device->backend->free(cluster->device, memory[i]);
    free(cluster);
}

static annc_status open_plan(const struct cluster *cluster, size_t steps, struct plan *plan)
{
    annc_status status = ANNC_OK;
    annc_device *device = cluster->device;
    const struct annc_backend *backend = device->backend;
    void *memory = NULL;
    ANNC_TRY(
        backend->alloc(device, steps * rows_of_step(cluster->job) * sizeof *plan->rows, "inputs of steps", &memory));
    plan->rows = (uint16_t *)memory;
    ANNC_TRY(backend->alloc(device, steps * ANNC_CLUSTER_RECORD * sizeof *plan->records, "plans of steps", &memory));
    plan->records = (float *)memory;
out:
    return status;
}

/* Opens what the epochs of `steps` steps need. */
static annc_status open_parts(struct cluster *cluster, uint32_t steps)
{
    annc_status status = ANNC_OK;
    annc_device *device = cluster->device;
    void *memory = NULL;
    ANNC_TRY(device->backend->alloc(device, sizeof *cluster->start, "the cursor of a call", &memory));
    cluster->start = (struct annc_cursor *)memory;
    for (uint32_t i = 0; i < PLANS && steps > 0; i++) {
        const uint32_t planned = launch_steps(steps);
        ANNC_TRY(open_plan(cluster, planned, &cluster->plans[i]));
        steps -= planned;
    }
out:
    return status;
}

static annc_status cluster_open(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **engine)
{
    struct cluster *cluster = (struct cluster *)calloc(1, sizeof *cluster);
    (void)n; /* most_jobs is 1 */
    if (!cluster)
        return device->host->fail(ANNC_MEMORY, "out of memory: an engine needs %zu bytes", sizeof *cluster);
    cluster->device = device;
    cluster->job = jobs[0];
    cluster->planners = planners_of(device);
    const annc_status status = open_parts(cluster, (jobs[0]->examples->count - 1) / jobs[0]->batch + 1);
    if (status == ANNC_OK)
        *engine = cluster;
    else
        cluster_close(cluster);
    return status;
}

/* ---------------------------------------------------------------- steps */

/* annc_functions.h, annc_penalised and weight decay, collected by theta, v and g. */
static struct annc_cluster_rule linear_rule(const annc_training_options *training)
{
    const double mu = training->mu, l2 = training->objective.l2, decay = training->decay;
    switch (training->optimiser) {
    case ANNC_MOMENTUM: /* decay theta + v, v the new one */
        return (struct annc_cluster_rule){(float)mu, (float)l2, (float)(decay + l2), (float)mu, 1};
    case ANNC_NESTEROV: /* decay theta + (g + l2 theta) + mu v, v the new one */
        return (struct annc_cluster_rule){(float)mu, (float)l2, (float)(decay + (1 + mu) * l2), (float)(mu * mu),
                                          (float)(1 + mu)};
    default: /* decay theta + g + l2 theta */
        return (struct annc_cluster_rule){0, (float)l2, (float)(decay + l2), 0, 1};
    }
}

static struct annc_cluster_launch launch_of(const struct cluster *cluster, uint32_t m)
{
    const struct annc_job *job = cluster->job;
    struct annc_cluster_launch launch;
    memset(&launch, 0, sizeof launch);
    launch.net = annc_two_layers_of(job);
    launch.m = m;
    launch.rule = linear_rule(job->training);
    launch.has_floats = has_floats(job);
    launch.is_headline = annc_cuda_is_headline(job) && !launch.has_floats;
    launch.divisor = launch.has_floats ? 1 : job->examples->divisor;
    launch.input_noise = (float)job->training->objective.input_noise;
    launch.input_threshold = annc_dropout_threshold(job->training->objective.input_dropout);
    launch.input_scale = annc_dropout_scale(job->training->objective.input_dropout);
    launch.is_plain = annc_is_plain_sgd(job->training);
    launch.seed = job->training->seed;
    launch.dropout_threshold = annc_dropout_threshold(job->training->objective.dropout);
    launch.dropout_scale = annc_dropout_scale(job->training->objective.dropout);
    launch.start = cluster->start;
    return launch;
}

/* Returns launch i of a call of `count` steps, the one after `before`; without steps if there is none. */
static struct annc_cluster_launch next_launch(const struct cluster *cluster, struct annc_cluster_launch before,
                                              uint32_t i, uint32_t count)
{
    struct annc_cluster_launch next = before;
    next.offset += before.steps;
    next.steps = launch_steps(count - next.offset);
    next.rows = cluster->plans[i % PLANS].rows;
    next.records = cluster->plans[i % PLANS].records;
    return next;
}

static annc_status cluster_steps(void *engine, uint32_t m, uint32_t count)
{
    annc_status status = ANNC_OK;
    struct cluster *cluster = (struct cluster *)engine;
    annc_device *device = cluster->device;
    const cudaStream_t stream = annc_cuda(device)->stream;
    struct annc_cluster_launch launch = next_launch(cluster, launch_of(cluster, m), 0, count);
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaMemcpyAsync(cluster->start, cluster->job->cursor, sizeof *cluster->start, cudaMemcpyDeviceToDevice,
                             stream));
    CUDA_TRY(annc_launch_cluster_plan(stream, &launch));
    for (uint32_t i = 1; launch.steps > 0; i++) {
        const struct annc_cluster_launch next = next_launch(cluster, launch, i, count);
        CUDA_TRY(annc_launch_cluster_train(stream, &launch, &next, cluster->planners));
        launch = next;
    }
out:
    return status;
}

/* Every launch reads the rate. */
static annc_status cluster_changed(void *engine)
{
    (void)engine;
    return ANNC_OK;
}

static const char *cluster_describe(const void *engine)
{
    (void)engine;
    return "cluster";
}

const struct annc_engine_ops annc_cuda_cluster = {
    .kind = ANNC_ENGINE_CLUSTER,
    .name = "cluster",
    .about = "whole steps of a small network in one cluster of blocks, the first layer's update delayed exactly",
    .of_bytes = true,
    .most_jobs = 1,
    .block = ANNC_CLUSTER_STEPS,
    .refuses = cluster_refuses,
    .seconds = cluster_seconds,
    .memory = cluster_memory,
    .open = cluster_open,
    .steps = cluster_steps,
    .changed = cluster_changed,
    .describe = cluster_describe,
    .close = cluster_close,
};
