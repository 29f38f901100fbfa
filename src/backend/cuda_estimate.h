/* cuda_estimate.h - what a recorded step takes on a GPU, for the module that runs it and for whoever decides whether to load it. */
#ifndef ANNC_BACKEND_CUDA_ESTIMATE_H
#define ANNC_BACKEND_CUDA_ESTIMATE_H

#include "backend/engine.h"

/* An estimate that no measurement on a GPU has confirmed yet: for each layer a chain of six or seven kernels, each of which waits for
 * the one before, and the products at a rate that networks of this kind reach. */
static inline double annc_cuda_recorded_seconds(const struct annc_job *job)
{
    const double layer_seconds = 13e-6, flops_per_second = 20e12;
    return job->shape->layers * layer_seconds + annc_job_flops(job) / flops_per_second;
}

#endif
