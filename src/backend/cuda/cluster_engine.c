/* cluster_engine.c - the cluster engine's host part: which jobs it takes, its memory, its launches.
 *
 * A call is divided into launches of at most ANNC_CLUSTER_STEPS steps, each planned and then
 * trained. A launch begins with complete weights in theta and ends with complete weights there, so
 * it is a block of the engine's contract. */
#include "backend/cuda/cluster.h"
#include "backend/cuda/cuda_device.h"
#include "backend/cuda_estimate.h"
#include "backend/engine.h"
#include "base/status.h"

#include <stdlib.h>
#include <string.h>

struct cluster {
    annc_device *device;
    const struct annc_job *job;
    struct annc_cursor *start; /* the cursor as the call found it */
    uint16_t *rows;            /* of the steps of a launch, as the plan writes them */
    float *records;
};

/* ---------------------------------------------------------------- what it takes */

/* The weight of the bias belongs to an input of the divisor's value, in bf16. */
static bool is_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & 0xFFFF) == 0;
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
    if (examples && examples->type != ANNC_BYTES)
        return "its inputs are bytes";
    if (examples && !is_bf16(examples->divisor))
        return "the divisor of the bytes has more than 8 significant bits";
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
    const size_t step = ANNC_CLUSTER_ROWS * sizeof(uint16_t) + ANNC_CLUSTER_RECORD * sizeof(float);
    (void)device;
    (void)job;
    (void)n; /* most_jobs is 1 */
    return sizeof(struct annc_cursor) + ANNC_CLUSTER_STEPS * step;
}

static void cluster_close(void *engine)
{
    struct cluster *cluster = (struct cluster *)engine;
    void *const memory[] = {cluster->start, cluster->rows, cluster->records};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            cluster->device->backend->free(cluster->device, memory[i]);
    free(cluster);
}

static annc_status allocate(struct cluster *cluster, size_t steps)
{
    annc_status status = ANNC_OK;
    annc_device *device = cluster->device;
    const struct annc_backend *backend = device->backend;
    void *memory = NULL;
    ANNC_TRY(backend->alloc(device, sizeof *cluster->start, "the cursor of a call", &memory));
    cluster->start = (struct annc_cursor *)memory;
    ANNC_TRY(backend->alloc(device, steps * ANNC_CLUSTER_ROWS * sizeof *cluster->rows, "inputs of steps", &memory));
    cluster->rows = (uint16_t *)memory;
    ANNC_TRY(backend->alloc(device, steps * ANNC_CLUSTER_RECORD * sizeof *cluster->records, "plans of steps", &memory));
    cluster->records = (float *)memory;
out:
    return status;
}

static annc_status cluster_open(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **engine)
{
    const uint32_t steps = (jobs[0]->examples->count - 1) / jobs[0]->batch + 1;
    struct cluster *cluster = (struct cluster *)calloc(1, sizeof *cluster);
    (void)n; /* most_jobs is 1 */
    if (!cluster)
        return device->host->fail(ANNC_MEMORY, "out of memory: an engine needs %zu bytes", sizeof *cluster);
    cluster->device = device;
    cluster->job = jobs[0];
    const annc_status status = allocate(cluster, steps < ANNC_CLUSTER_STEPS ? steps : ANNC_CLUSTER_STEPS);
    if (status == ANNC_OK)
        *engine = cluster;
    else
        cluster_close(cluster);
    return status;
}

/* ---------------------------------------------------------------- steps */

static struct annc_cluster_launch launch_of(const struct cluster *cluster, uint32_t m)
{
    const struct annc_job *job = cluster->job;
    const annc_shape *shape = job->shape;
    struct annc_cluster_launch launch;
    memset(&launch, 0, sizeof launch);
    launch.inputs = shape->width[0];
    launch.hidden = shape->width[1];
    launch.outputs = shape->width[2];
    launch.m = m;
    launch.hidden_activation = shape->activation[0];
    launch.output_activation = shape->activation[1];
    launch.cost = shape->cost;
    launch.examples = *job->examples;
    launch.values = job->values;
    launch.weights = job->weights;
    launch.rates = job->rates;
    launch.eta = (float)job->training->eta;
    launch.start = cluster->start;
    launch.rows = cluster->rows;
    launch.records = cluster->records;
    launch.theta = job->theta;
    launch.cursor = job->cursor;
    launch.scores = job->scores;
    return launch;
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
    for (launch.offset = 0; launch.offset < count; launch.offset += launch.steps) {
        launch.steps = count - launch.offset;
        if (launch.steps > ANNC_CLUSTER_STEPS)
            launch.steps = ANNC_CLUSTER_STEPS;
        CUDA_TRY(annc_launch_cluster_plan(stream, &launch));
        CUDA_TRY(annc_launch_cluster_train(stream, &launch));
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
