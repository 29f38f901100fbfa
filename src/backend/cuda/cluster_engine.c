/* cluster_engine.c - the cluster engine's host part: which jobs it takes, its memory, its launches.
 *
 * A call is divided into launches of at most ANNC_CLUSTER_STEPS steps, each planned and then
 * trained. A launch begins with complete weights in theta and ends with complete weights there, so
 * it is a block of the engine's contract.
 *
 * A plan reads no weight, so the next launch is planned on a stream of its own while the cluster,
 * which occupies a few multiprocessors, trains this one. Two plans alternate. */
#include "backend/cuda/cluster.h"
#include "backend/cuda/cuda_device.h"
#include "backend/cuda_estimate.h"
#include "backend/engine.h"
#include "base/philox.h"
#include "base/status.h"

#include <stdlib.h>
#include <string.h>

enum { PLANS = 2 };

/* The plan of a launch. */
struct plan {
    uint16_t *rows; /* of its steps, as annc_launch_cluster_plan writes them */
    float *records;
    cudaEvent_t written, used; /* by the plan; by the training */
};

struct cluster {
    annc_device *device;
    const struct annc_job *job;
    struct annc_cursor *start; /* the cursor as the call found it */
    cudaStream_t planning;
    cudaEvent_t begun;
    struct plan plans[PLANS];
    uint32_t plan_count, beside; /* blocks of a plan beside the training */
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

/* An upper bound: fewer steps in an epoch take less. */
static size_t cluster_memory(const annc_device *device, const struct annc_job *job, uint32_t n)
{
    const size_t step = rows_of_step(job) * sizeof(uint16_t) + ANNC_CLUSTER_RECORD * sizeof(float);
    (void)device;
    (void)n; /* most_jobs is 1 */
    return sizeof(struct annc_cursor) + PLANS * ANNC_CLUSTER_STEPS * step;
}

static void close_event(cudaEvent_t event)
{
    if (event)
        cudaEventDestroy(event);
}

static void close_plan(const struct cluster *cluster, const struct plan *plan)
{
    if (plan->rows)
        cluster->device->backend->free(cluster->device, plan->rows);
    if (plan->records)
        cluster->device->backend->free(cluster->device, plan->records);
    close_event(plan->written);
    close_event(plan->used);
}

static void cluster_close(void *engine)
{
    struct cluster *cluster = (struct cluster *)engine;
    annc_cuda_enter(cluster->device);
    if (cluster->planning)
        cudaStreamDestroy(cluster->planning);
    close_event(cluster->begun);
    for (uint32_t i = 0; i < cluster->plan_count; i++)
        close_plan(cluster, &cluster->plans[i]);
    if (cluster->start)
        cluster->device->backend->free(cluster->device, cluster->start);
    free(cluster);
}

static annc_status open_plan(struct cluster *cluster, size_t steps, struct plan *plan)
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
    CUDA_TRY(cudaEventCreateWithFlags(&plan->written, cudaEventDisableTiming));
    CUDA_TRY(cudaEventCreateWithFlags(&plan->used, cudaEventDisableTiming));
out:
    return status;
}

/* Opens what a call of `steps` steps needs. */
static annc_status open_parts(struct cluster *cluster, uint32_t steps)
{
    annc_status status = ANNC_OK;
    annc_device *device = cluster->device;
    void *memory = NULL;
    int processors = 0;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, annc_cuda(device)->index));
    /* Half of the multiprocessors, so that the cluster finds free ones and need not wait for a plan. */
    cluster->beside = processors > 1 ? (uint32_t)processors / 2 : 1;
    ANNC_TRY(device->backend->alloc(device, sizeof *cluster->start, "the cursor of a call", &memory));
    cluster->start = (struct annc_cursor *)memory;
    CUDA_TRY(cudaStreamCreateWithFlags(&cluster->planning, cudaStreamNonBlocking));
    CUDA_TRY(cudaEventCreateWithFlags(&cluster->begun, cudaEventDisableTiming));
    for (uint32_t first = 0; first < steps && cluster->plan_count < PLANS; first += ANNC_CLUSTER_STEPS) {
        const uint32_t left = steps - first;
        ANNC_TRY(open_plan(cluster, left < ANNC_CLUSTER_STEPS ? left : ANNC_CLUSTER_STEPS,
                           &cluster->plans[cluster->plan_count++]));
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

/* Plans launch i of a call, after the training that used the plan's memory before. */
static annc_status plan_steps(struct cluster *cluster, const struct annc_cluster_launch *launch, uint32_t i)
{
    annc_status status = ANNC_OK;
    const annc_device *device = cluster->device;
    const struct plan *plan = &cluster->plans[i % PLANS];
    if (i >= PLANS)
        CUDA_TRY(cudaStreamWaitEvent(cluster->planning, plan->used, 0));
    CUDA_TRY(annc_launch_cluster_plan(cluster->planning, launch, i == 0 ? launch->steps : cluster->beside));
    CUDA_TRY(cudaEventRecord(plan->written, cluster->planning));
out:
    return status;
}

static annc_status train_steps(struct cluster *cluster, const struct annc_cluster_launch *launch, uint32_t i)
{
    annc_status status = ANNC_OK;
    annc_device *device = cluster->device;
    const cudaStream_t stream = annc_cuda(device)->stream;
    const struct plan *plan = &cluster->plans[i % PLANS];
    CUDA_TRY(cudaStreamWaitEvent(stream, plan->written, 0));
    CUDA_TRY(annc_launch_cluster_train(stream, launch));
    CUDA_TRY(cudaEventRecord(plan->used, stream));
out:
    return status;
}

static annc_status cluster_steps(void *engine, uint32_t m, uint32_t count)
{
    annc_status status = ANNC_OK;
    struct cluster *cluster = (struct cluster *)engine;
    annc_device *device = cluster->device;
    const cudaStream_t stream = annc_cuda(device)->stream;
    struct annc_cluster_launch launch = launch_of(cluster, m);
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaMemcpyAsync(cluster->start, cluster->job->cursor, sizeof *cluster->start, cudaMemcpyDeviceToDevice,
                             stream));
    /* The first plan of a call waits for all work before it, the last call's training included. */
    CUDA_TRY(cudaEventRecord(cluster->begun, stream));
    CUDA_TRY(cudaStreamWaitEvent(cluster->planning, cluster->begun, 0));
    for (uint32_t i = 0; launch.offset < count; i++, launch.offset += launch.steps) {
        const struct plan *plan = &cluster->plans[i % PLANS];
        launch.steps = count - launch.offset < ANNC_CLUSTER_STEPS ? count - launch.offset : ANNC_CLUSTER_STEPS;
        launch.rows = plan->rows;
        launch.records = plan->records;
        ANNC_TRY(plan_steps(cluster, &launch, i));
        ANNC_TRY(train_steps(cluster, &launch, i));
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
