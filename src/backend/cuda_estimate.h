/* cuda_estimate.h - the estimated duration of a recorded step on a GPU, for the CUDA module and for
 * the decision whether to load it. */
#ifndef ANNC_BACKEND_CUDA_ESTIMATE_H
#define ANNC_BACKEND_CUDA_ESTIMATE_H

#include "backend/engine.h"

/* Returns seconds per step, an estimate not yet confirmed by measurements on a GPU: each layer is a
 * chain of six or seven dependent kernels, and the products run at a rate typical of such
 * networks. */
static inline double annc_cuda_recorded_seconds(const struct annc_job *job)
{
    const double layer_seconds = 13e-6, flops_per_second = 20e12;
    return job->shape->layers * layer_seconds + annc_job_flops(job) / flops_per_second;
}

#endif
