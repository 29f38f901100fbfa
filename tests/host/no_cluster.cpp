// no_cluster.cpp - the cluster engine of the simulated device, which has no clusters and so refuses all jobs.
#include "backend/cuda/cuda_device.h"
#include "backend/cuda_estimate.h"

static const char *refuses(const annc_device *, const annc_job *job)
{
    const char *why = annc_cuda_cluster_refuses(job);
    return why ? why : "the simulated device has no clusters of blocks";
}

extern const annc_engine_ops annc_cuda_cluster = {
    ANNC_ENGINE_CLUSTER,
    "cluster",
    "refuses all jobs",
    false, // of operations
    true,  // of bytes
    1,     // jobs
    1,     // steps of a block
    refuses,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};
