/* cluster_engine.c - the cluster engine's host part: which jobs it takes, its memory, its launches.
 *
 * A call is divided into launches of at most ANNC_CLUSTER_STEPS steps. Each begins with complete
 * weights in theta and ends with complete weights there, so a launch is a block of the engine's
 * contract. While one launch trains, another stream plans the next: two buffers alternate. */
#include "backend/cuda/cluster.h"
#include "backend/cuda/cuda_device.h"
#include "backend/cuda_estimate.h"
#include "backend/engine.h"
#include "base/status.h"

#include <stdlib.h>
#include <string.h>

enum { BUFFERS = 2 };

struct cluster {
    annc_device *device;
    const struct annc_job *job;
    cudaStream_t ahead; /* of the plans */
    cudaEvent_t begun;  /* the call's cursor is copied */
    cudaEvent_t planned[BUFFERS], trained[BUFFERS];
    struct annc_cursor *start; /* the cursor as the call found it */
    uint16_t *rows[BUFFERS];
    float *records[BUFFERS];
    uint32_t launches;
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

static size_t bytes_of(uint32_t steps)
{
    const size_t step = ANNC_CLUSTER_ROWS * sizeof(uint16_t) + ANNC_CLUSTER_RECORD * sizeof(float);
    return sizeof(struct annc_cursor) + BUFFERS * steps * step;
}

/* An upper bound: few examples take less. */
static size_t cluster_memory(const annc_device *device, const struct annc_job *job, uint32_t n)
{
    (void)device;
    (void)job;
    (void)n; /* most_jobs is 1 */
    return bytes_of(ANNC_CLUSTER_STEPS);
}

static void cluster_close(void *engine)
{
    struct cluster *cluster = (struct cluster *)engine;
    annc_device *device = cluster->device;
    const struct annc_backend *backend = device->backend;
    annc_cuda_enter(device);
    cudaStreamSynchronize(annc_cuda(device)->stream);
    for (int i = 0; i < BUFFERS; i++) {
        if (cluster->rows[i])
            backend->free(device, cluster->rows[i]);
        if (cluster->records[i])
            backend->free(device, cluster->records[i]);
        if (cluster->planned[i])
            cudaEventDestroy(cluster->planned[i]);
        if (cluster->trained[i])
            cudaEventDestroy(cluster->trained[i]);
    }
    if (cluster->start)
        backend->free(device, cluster->start);
    if (cluster->begun)
        cudaEventDestroy(cluster->begun);
    if (cluster->ahead)
        cudaStreamDestroy(cluster->ahead);
    free(cluster);
}

static annc_status allocate(struct cluster *cluster, uint32_t steps)
{
    annc_status status = ANNC_OK;
    annc_device *device = cluster->device;
    const struct annc_backend *backend = device->backend;
    void *memory = NULL;
    ANNC_TRY(backend->alloc(device, sizeof *cluster->start, "the cursor of a call", &memory));
    cluster->start = (struct annc_cursor *)memory;
    for (int i = 0; i < BUFFERS; i++) {
        ANNC_TRY(
            backend->alloc(device, steps * ANNC_CLUSTER_ROWS * sizeof **cluster->rows, "the inputs of steps", &memory));
        cluster->rows[i] = (uint16_t *)memory;
        ANNC_TRY(backend->alloc(device, steps * ANNC_CLUSTER_RECORD * sizeof **cluster->records, "the plans of steps",
                                &memory));
        cluster->records[i] = (float *)memory;
    }
out:
    return status;
}

static annc_status cluster_open(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **engine)
{
    annc_status status = ANNC_OK;
    const annc_examples *examples = jobs[0]->examples;
    const uint32_t steps = (examples->count - 1) / jobs[0]->batch + 1;
    struct cluster *cluster = (struct cluster *)calloc(1, sizeof *cluster);
    (void)n; /* most_jobs is 1 */
    if (!cluster)
        return device->host->fail(ANNC_MEMORY, "out of memory: an engine needs %zu bytes", sizeof *cluster);
    cluster->device = device;
    cluster->job = jobs[0];
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaStreamCreateWithFlags(&cluster->ahead, cudaStreamNonBlocking));
    CUDA_TRY(cudaEventCreateWithFlags(&cluster->begun, cudaEventDisableTiming));
    for (int i = 0; i < BUFFERS; i++) {
        CUDA_TRY(cudaEventCreateWithFlags(&cluster->planned[i], cudaEventDisableTiming));
        CUDA_TRY(cudaEventCreateWithFlags(&cluster->trained[i], cudaEventDisableTiming));
    }
    ANNC_TRY(allocate(cluster, steps < ANNC_CLUSTER_STEPS ? steps : ANNC_CLUSTER_STEPS));
    *engine = cluster;
    cluster = NULL;
out:
    if (cluster)
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
    launch.theta = job->theta;
    launch.cursor = job->cursor;
    launch.scores = job->scores;
    return launch;
}

/* Plans one launch on the stream `ahead`, as soon as its buffer is free, and trains it. */
static annc_status run_launch(struct cluster *cluster, struct annc_cluster_launch *launch)
{
    annc_status status = ANNC_OK;
    annc_device *device = cluster->device;
    const cudaStream_t stream = annc_cuda(device)->stream;
    const uint32_t buffer = cluster->launches++ % BUFFERS;
    launch->rows = cluster->rows[buffer];
    launch->records = cluster->records[buffer];
    CUDA_TRY(cudaStreamWaitEvent(cluster->ahead, cluster->trained[buffer], 0)); /* at once if there was none */
    CUDA_TRY(annc_launch_cluster_plan(cluster->ahead, launch));
    CUDA_TRY(cudaEventRecord(cluster->planned[buffer], cluster->ahead));
    CUDA_TRY(cudaStreamWaitEvent(stream, cluster->planned[buffer], 0));
    CUDA_TRY(annc_launch_cluster_train(stream, launch));
    CUDA_TRY(cudaEventRecord(cluster->trained[buffer], stream));
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
    CUDA_TRY(cudaEventRecord(cluster->begun, stream));
    CUDA_TRY(cudaStreamWaitEvent(cluster->ahead, cluster->begun, 0));
    for (launch.offset = 0; launch.offset < count; launch.offset += launch.steps) {
        launch.steps = count - launch.offset;
        if (launch.steps > ANNC_CLUSTER_STEPS)
            launch.steps = ANNC_CLUSTER_STEPS;
        ANNC_TRY(run_launch(cluster, &launch));
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
