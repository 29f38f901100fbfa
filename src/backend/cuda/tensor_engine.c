/* tensor_engine.c - the tensor engine's host part: which jobs it takes, its launches.
 *
 * One block of threads trains one network, so several jobs of equal layers train in one launch, each
 * with the bits that it has alone. A launch has at most ANNC_TENSOR_STEPS steps; it begins and ends
 * with complete weights in theta, so it is a block of the engine's contract. The inputs are copied
 * once, with their columns in the order of their use (kernels/tensor/tensor_inputs.cu). */
#include "backend/cuda/cuda_device.h"
#include "backend/cuda/job_table.h"
#include "backend/cuda/tensor.h"
#include "backend/cuda_estimate.h"
#include "backend/engine.h"
#include "base/status.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_JOBS = 4096 };

struct tensor {
    struct annc_job_table table;
    struct annc_tensor_inputs *inputs; /* of the jobs; those of the same examples share a copy */
    bool is_headline;                  /* sigmoid in both layers and the quadratic cost */
};

/* ---------------------------------------------------------------- what it takes */

static const char *tensor_refuses(const annc_device *device, const struct annc_job *job)
{
    bool fits = false;
    const char *why = annc_cuda_tensor_refuses(job);
    if (why)
        return why;
    if (job->examples && job->examples->type != ANNC_BYTES)
        return "its inputs are bytes";
    if (annc_cuda_enter(device) != cudaSuccess ||
        annc_tensor_capacity(((const struct annc_cuda_device *)device)->index, &fits) != cudaSuccess) {
        cudaGetLastError();
        return "it takes GPUs of compute capability 9.0 and newer";
    }
    return fits ? NULL : "a block takes 227 KB of shared memory, more than this device gives one";
}

static double tensor_seconds(const annc_device *device, const struct annc_job *job)
{
    (void)device;
    (void)job; /* the same for all shapes */
    return annc_cuda_tensor_seconds();
}

/* Returns the bytes of a row of inputs, whole tiles. */
static uint32_t stride_of(const annc_examples *examples)
{
    const uint32_t tile = 16;
    return (examples->inputs + tile - 1) / tile * tile;
}

/* Returns the bytes that a copy of the inputs takes, behind which columns they are. */
static size_t inputs_bytes(const annc_examples *examples)
{
    return sizeof(struct annc_tensor_columns) + (size_t)examples->count * stride_of(examples);
}

static size_t tensor_memory(const annc_device *device, const struct annc_job *job, uint32_t n)
{
    (void)device;
    return n * sizeof(struct annc_tensor_network) + (job->examples ? inputs_bytes(job->examples) : 0);
}

/* ---------------------------------------------------------------- inputs */

/* Returns the first job that has the same inputs as job i. */
static uint32_t first_of_inputs(const struct tensor *engine, uint32_t i)
{
    uint32_t first = 0;
    while (engine->table.jobs[first]->examples->x != engine->table.jobs[i]->examples->x)
        first++;
    return first;
}

static annc_status copy_inputs(annc_device *device, const annc_examples *examples, struct annc_tensor_inputs *inputs)
{
    annc_status status = ANNC_OK;
    void *memory = NULL;
    ANNC_TRY(device->backend->alloc(device, inputs_bytes(examples), "inputs in the order of their use", &memory));
    inputs->columns = (struct annc_tensor_columns *)memory;
    inputs->rows = (uint8_t *)(inputs->columns + 1);
    inputs->stride = stride_of(examples);
    CUDA_TRY(annc_launch_tensor_inputs(annc_cuda(device)->stream, (const uint8_t *)examples->x, examples->count,
                                       examples->inputs, *inputs));
out:
    return status;
}

static annc_status open_inputs(struct tensor *engine)
{
    annc_status status = ANNC_OK;
    annc_device *device = engine->table.device;
    const size_t bytes = engine->table.count * sizeof *engine->inputs;
    engine->inputs = (struct annc_tensor_inputs *)calloc(1, bytes);
    if (!engine->inputs)
        return device->host->fail(ANNC_MEMORY, "out of memory: an engine needs %zu bytes", bytes);
    CUDA_TRY(annc_cuda_enter(device));
    for (uint32_t i = 0; i < engine->table.count; i++) {
        const uint32_t first = first_of_inputs(engine, i);
        if (first == i)
            ANNC_TRY(copy_inputs(device, engine->table.jobs[i]->examples, &engine->inputs[i]));
        else
            engine->inputs[i] = engine->inputs[first];
    }
out:
    return status;
}

static void close_inputs(struct tensor *engine)
{
    annc_device *device = engine->table.device;
    for (uint32_t i = 0; engine->inputs && i < engine->table.count; i++)
        if (engine->inputs[i].columns && first_of_inputs(engine, i) == i)
            device->backend->free(device, engine->inputs[i].columns);
    free(engine->inputs);
}

/* ---------------------------------------------------------------- opening */

static void describe_job(const void *context, uint32_t i, void *to)
{
    const struct tensor *engine = (const struct tensor *)context;
    struct annc_tensor_network *network = (struct annc_tensor_network *)to;
    memset(network, 0, sizeof *network);
    network->net = annc_two_layers_of(engine->table.jobs[i]);
    network->inputs = engine->inputs[i];
}

static annc_status tensor_changed(void *state)
{
    struct tensor *engine = (struct tensor *)state;
    return annc_job_table_send(&engine->table, describe_job, engine);
}

static void tensor_close(void *state)
{
    struct tensor *engine = (struct tensor *)state;
    close_inputs(engine);
    annc_job_table_close(&engine->table);
    free(engine);
}

static annc_status tensor_open(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **state)
{
    annc_status status = ANNC_OK;
    struct tensor *engine = (struct tensor *)calloc(1, sizeof *engine);
    if (!engine)
        return device->host->fail(ANNC_MEMORY, "out of memory: an engine needs %zu bytes", sizeof *engine);
    engine->is_headline = annc_cuda_is_headline(jobs[0]);
    ANNC_TRY(annc_job_table_open(device, jobs, n, sizeof(struct annc_tensor_network), &engine->table));
    ANNC_TRY(open_inputs(engine));
    ANNC_TRY(tensor_changed(engine));
    *state = engine;
out:
    if (status != ANNC_OK)
        tensor_close(engine);
    return status;
}

/* ---------------------------------------------------------------- steps */

static annc_status tensor_steps(void *state, uint32_t m, uint32_t count)
{
    annc_status status = ANNC_OK;
    struct tensor *engine = (struct tensor *)state;
    annc_device *device = engine->table.device;
    (void)m; /* blocks see from their data where the last minibatch is smaller */
    CUDA_TRY(annc_cuda_enter(device));
    for (uint32_t done = 0, steps; done < count; done += steps) {
        steps = count - done < ANNC_TENSOR_STEPS ? count - done : ANNC_TENSOR_STEPS;
        CUDA_TRY(annc_launch_tensor_train(annc_cuda(device)->stream,
                                          (const struct annc_tensor_network *)engine->table.on_device,
                                          engine->table.count, engine->is_headline, steps));
    }
out:
    return status;
}

static const char *tensor_describe(const void *state)
{
    (void)state;
    return "tensor";
}

const struct annc_engine_ops annc_cuda_tensor = {
    .kind = ANNC_ENGINE_TENSOR,
    .name = "tensor",
    .about = "whole steps of a small network on the tensor cores of one multiprocessor, and of many networks at once",
    .of_bytes = true,
    .most_jobs = MOST_JOBS,
    .block = ANNC_TENSOR_STEPS,
    .refuses = tensor_refuses,
    .seconds = tensor_seconds,
    .memory = tensor_memory,
    .open = tensor_open,
    .steps = tensor_steps,
    .changed = tensor_changed,
    .describe = tensor_describe,
    .close = tensor_close,
};
