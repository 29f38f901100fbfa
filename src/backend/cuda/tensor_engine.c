/* tensor_engine.c - the tensor engine's host part: which jobs it takes, its launches.
 *
 * One block of threads trains one network, so several jobs of equal layers train in one launch, each
 * with the bits that it has alone. A launch has at most ANNC_TENSOR_STEPS steps; it begins and ends
 * with complete weights in theta, so it is a block of the engine's contract. */
#include "backend/cuda/cuda_device.h"
#include "backend/cuda/job_table.h"
#include "backend/cuda/tensor.h"
#include "backend/cuda_estimate.h"
#include "backend/engine.h"
#include "base/status.h"

#include <stdlib.h>

enum { MOST_JOBS = 4096 };

struct tensor {
    struct annc_job_table table;
    bool is_headline; /* sigmoid in both layers and the quadratic cost */
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

static size_t tensor_memory(const annc_device *device, const struct annc_job *job, uint32_t n)
{
    (void)device;
    (void)job;
    return n * sizeof(struct annc_two_layers);
}

/* ---------------------------------------------------------------- opening */

static void describe_job(const void *context, uint32_t i, void *to)
{
    *(struct annc_two_layers *)to = annc_two_layers_of(((const struct tensor *)context)->table.jobs[i]);
}

static annc_status tensor_changed(void *state)
{
    struct tensor *engine = (struct tensor *)state;
    return annc_job_table_send(&engine->table, describe_job, engine);
}

static void tensor_close(void *state)
{
    annc_job_table_close(&((struct tensor *)state)->table);
    free(state);
}

static annc_status tensor_open(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **state)
{
    annc_status status = ANNC_OK;
    struct tensor *engine = (struct tensor *)calloc(1, sizeof *engine);
    if (!engine)
        return device->host->fail(ANNC_MEMORY, "out of memory: an engine needs %zu bytes", sizeof *engine);
    engine->is_headline = annc_cuda_is_headline(jobs[0]);
    ANNC_TRY(annc_job_table_open(device, jobs, n, sizeof(struct annc_two_layers), &engine->table));
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
                                          (const struct annc_two_layers *)engine->table.on_device, engine->table.count,
                                          engine->is_headline, steps));
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
