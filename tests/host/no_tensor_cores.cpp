// no_tensor_cores.cpp - engines of the simulated device that need clusters of blocks or tensor cores, which
// it does not have, and so refuse all jobs.
#include "backend/cuda/cuda_device.h"
#include "backend/cuda_estimate.h"

static const char *cluster_refuses(const annc_device *, const annc_job *job)
{
    const char *why = annc_cuda_cluster_refuses(job);
    return why ? why : "the simulated device has no clusters of blocks";
}

static const char *tensor_refuses(const annc_device *, const annc_job *job)
{
    const char *why = annc_cuda_tensor_refuses(job);
    return why ? why : "the simulated device has no tensor cores";
}

extern const annc_engine_ops annc_cuda_cluster = {
    ANNC_ENGINE_CLUSTER,
    "cluster",
    "refuses all jobs",
    false, // of operations
    true,  // of bytes
    1,     // jobs
    1,     // steps of a block
    nullptr,
    cluster_refuses,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

extern const annc_engine_ops annc_cuda_tensor = {
    ANNC_ENGINE_TENSOR,
    "tensor",
    "refuses all jobs",
    false, // of operations
    true,  // of bytes
    1,     // jobs
    1,     // steps of a block
    nullptr,
    tensor_refuses,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};
