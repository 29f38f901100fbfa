/* cuda_estimate.h - which jobs the engines of a GPU take, and the estimated duration of their steps,
 * for the CUDA module and for the decision whether to load it. */
#ifndef ANNC_BACKEND_CUDA_ESTIMATE_H
#define ANNC_BACKEND_CUDA_ESTIMATE_H

#include "backend/engine.h"

/* Limits of the cluster engine (kernels/cluster). */
enum {
    ANNC_CLUSTER_BATCH = 16,
    ANNC_CLUSTER_INPUTS = 863,
    ANNC_CLUSTER_HIDDEN = 32,
    ANNC_CLUSTER_OUTPUTS = 10,
    ANNC_CLUSTER_STEPS = 512, /* most steps of a launch */
};

/* Returns why the cluster engine takes no such job, on any device and with any data, or NULL. */
static inline const char *annc_cuda_cluster_refuses(const struct annc_job *job)
{
    const annc_shape *shape = job->shape;
    const annc_training_options *training = job->training;
    if (!training)
        return "it trains, and this is an evaluation";
    if (shape->layers != 2)
        return "it takes networks of one hidden layer";
    if (shape->width[0] > ANNC_CLUSTER_INPUTS)
        return "it takes up to 863 inputs";
    if (shape->width[1] > ANNC_CLUSTER_HIDDEN)
        return "it takes up to 32 hidden units";
    if (shape->width[2] > ANNC_CLUSTER_OUTPUTS)
        return "it takes up to 10 outputs";
    if (job->batch > ANNC_CLUSTER_BATCH)
        return "it takes minibatches of up to 16 examples";
    if (!annc_is_plain_sgd(training))
        return "it takes plain SGD: no other optimiser, decay, penalty, clipping or limit of norms";
    if (training->objective.dropout > 0 || training->objective.input_dropout > 0 ||
        training->objective.input_noise > 0 || annc_moves_images(&training->augmentation))
        return "it takes inputs as they are: no dropout, noise or moved images";
    if (job->streams)
        return "the examples do not fit the device's memory";
    if (job->predictions)
        return "it gives no predictions";
    return NULL;
}

/* Returns seconds per step of the cluster engine: cycles by a model of the machine code's time
 * (kernels/README.md), not confirmed on a GPU, and the share of a launch and its plan, estimated. */
static inline double annc_cuda_cluster_seconds(const struct annc_job *job)
{
    const double cycles = 1052, cycles_per_second = 1.98e9, launch_seconds = 16e-6;
    (void)job; /* the same for all shapes: the chain of dependent products is */
    return cycles / cycles_per_second + launch_seconds / ANNC_CLUSTER_STEPS;
}

/* Returns seconds per recorded step, an estimate not yet confirmed by measurements on a GPU: each
 * layer is a chain of six or seven dependent kernels, and the products run at a rate typical of
 * such networks. */
static inline double annc_cuda_recorded_seconds(const struct annc_job *job)
{
    const double layer_seconds = 13e-6, flops_per_second = 20e12;
    return job->shape->layers * layer_seconds + annc_job_flops(job) / flops_per_second;
}

#endif
