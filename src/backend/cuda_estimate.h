/* cuda_estimate.h - which jobs the engines of a GPU take, and the estimated duration of their
 * steps, for the CUDA module and for the decision whether to load it. */
#ifndef ANNC_BACKEND_CUDA_ESTIMATE_H
#define ANNC_BACKEND_CUDA_ESTIMATE_H

#include "backend/engine.h"

#include <math.h>

/* Limits of the engines cluster and tensor (kernels/cluster, kernels/tensor). */
enum {
    ANNC_TWO_LAYERS_BATCH = 16,
    ANNC_TWO_LAYERS_HIDDEN = 32,
    ANNC_CLUSTER_INPUTS = 863,
    ANNC_CLUSTER_FLOATS = 431, /* inputs that are no bytes */
    ANNC_CLUSTER_OUTPUTS = 16,
    ANNC_CLUSTER_HEADLINE_OUTPUTS = 10,
    ANNC_CLUSTER_STEPS = 512, /* most steps of a launch */
    ANNC_TENSOR_OUTPUTS = 10,
    ANNC_TENSOR_INPUTS = 784, /* by the shared memory of a block */
    ANNC_TENSOR_STEPS = 512,  /* most steps of a launch */
};

/* Whether a training drops inputs or adds noise to them. */
static inline bool annc_changes_inputs(const annc_training_options *training)
{
    return training->objective.input_dropout > 0 || training->objective.input_noise > 0;
}

/* Returns why neither of the two takes a job, on any device, or NULL. */
static inline const char *annc_cuda_two_layers_refuse(const struct annc_job *job)
{
    const annc_shape *shape = job->shape;
    const annc_training_options *training = job->training;
    if (!training)
        return "it trains, and this is an evaluation";
    if (training->precision != ANNC_FP32)
        return "it computes in fp32";
    if (shape->layers != 2)
        return "it takes networks of one hidden layer";
    if (shape->width[1] > ANNC_TWO_LAYERS_HIDDEN)
        return "it takes up to 32 hidden units";
    if (job->batch > ANNC_TWO_LAYERS_BATCH)
        return "it takes minibatches of up to 16 examples";
    if (annc_moves_images(&training->augmentation))
        return "it moves no images";
    if (job->streams)
        return "the examples do not fit the device's memory";
    if (job->predictions)
        return "it gives no predictions";
    return NULL;
}

/* The same for the cluster engine. */
static inline const char *annc_cuda_cluster_refuses(const struct annc_job *job)
{
    const annc_training_options *training = job->training;
    const char *why = annc_cuda_two_layers_refuse(job);
    if (why)
        return why;
    if (job->shape->width[0] > ANNC_CLUSTER_INPUTS)
        return "it takes up to 863 inputs";
    if (annc_changes_inputs(training) && job->shape->width[0] > ANNC_CLUSTER_FLOATS)
        return "it takes up to 431 inputs with dropped inputs or noise";
    if (job->shape->width[2] > ANNC_CLUSTER_OUTPUTS)
        return "it takes up to 16 outputs";
    if (training->optimiser != ANNC_SGD && training->optimiser != ANNC_MOMENTUM && training->optimiser != ANNC_NESTEROV)
        return "it takes the linear optimisers: sgd, momentum and nesterov";
    if (training->clip != 0 || training->max_norm != 0 || training->objective.l1 != 0)
        return "it takes an L2 penalty and weight decay: no L1 penalty, clipping or limit of norms";
    return NULL;
}

/* Whether the cluster and tensor engines have kernels that know a job's functions: sigmoid, the
 * quadratic cost, few outputs, bytes, no dropout. Inputs that are not known yet count as bytes. */
static inline bool annc_cuda_is_headline(const struct annc_job *job)
{
    const annc_shape *shape = job->shape;
    return shape->activation[0] == ANNC_SIGMOID && shape->activation[1] == ANNC_SIGMOID &&
           shape->cost == ANNC_QUADRATIC && shape->width[2] <= ANNC_CLUSTER_HEADLINE_OUTPUTS &&
           job->training->objective.dropout == 0 && !annc_changes_inputs(job->training) &&
           (!job->examples || job->examples->type == ANNC_BYTES);
}

/* Returns seconds per step of the cluster engine: cycles by a model of the machine code's time
 * (kernels/README.md), not confirmed on a GPU, and the share of a launch and of an epoch's first
 * plan, estimated. The same for all shapes, as the chain of dependent products is. */
static inline double annc_cuda_cluster_seconds(const struct annc_job *job)
{
    const double cycles = !annc_cuda_is_headline(job)        ? 2444
                          : annc_is_plain_sgd(job->training) ? 846
                                                             : 1170,
                 cycles_per_second = 1.98e9, launch_seconds = 6e-6, plan_seconds = 10e-6,
                 most_steps = ANNC_CLUSTER_STEPS,
                 epoch_steps = job->examples ? ceil((double)job->examples->count / job->batch) : most_steps,
                 launch_steps = fmin(epoch_steps, most_steps);
    return cycles / cycles_per_second + launch_seconds / launch_steps + plan_seconds / epoch_steps;
}

/* Returns why the tensor engine takes no such job, on any device, or NULL. */
static inline const char *annc_cuda_tensor_refuses(const struct annc_job *job)
{
    const char *why = annc_cuda_two_layers_refuse(job);
    if (why)
        return why;
    if (job->shape->width[0] > ANNC_TENSOR_INPUTS)
        return "it takes up to 784 inputs";
    if (job->shape->width[2] > ANNC_TENSOR_OUTPUTS)
        return "it takes up to 10 outputs";
    if (job->training->objective.dropout > 0 || annc_changes_inputs(job->training))
        return "it takes no dropout and no noise";
    return annc_is_plain_sgd(job->training) ? NULL : "it takes plain sgd";
}

/* Returns seconds per step of the tensor engine: cycles by a model of the machine code's time, where
 * each product warp has a rare tile that is not 0 (kernels/README.md), not confirmed on a GPU. */
static inline double annc_cuda_tensor_seconds(void)
{
    const double cycles = 3330, cycles_per_second = 1.98e9;
    return cycles / cycles_per_second;
}

/* Limits of the engines block and split (kernels/block); their shared memory sets the others. */
#ifndef ANNC_BLOCK_WARPS
#define ANNC_BLOCK_WARPS 16
#endif
enum {
    ANNC_BLOCK_THREADS = 32 * ANNC_BLOCK_WARPS,
    ANNC_BLOCK_LAYERS = 8,
    ANNC_BLOCK_BATCH = 128,
    ANNC_SPLIT_BLOCKS = 8,  /* the largest cluster that every device with clusters runs */
    ANNC_SPLIT_INPUTS = 32, /* of each block, at least */
};

/* Returns why the block engine takes no such job, on any device, or NULL. */
static inline const char *annc_cuda_block_refuses(const struct annc_job *job)
{
    if (!job->training)
        return "it trains, and this is an evaluation";
    if (job->training->precision != ANNC_FP32)
        return "it computes in fp32";
    if (job->shape->layers > ANNC_BLOCK_LAYERS)
        return "it takes up to 8 layers";
    if (job->batch > ANNC_BLOCK_BATCH)
        return "it takes minibatches of up to 128 examples";
    if (annc_moves_images(&job->training->augmentation))
        return "it moves no images";
    if (job->streams)
        return "the examples do not fit the device's memory";
    if (job->predictions)
        return "it gives no predictions";
    return NULL;
}

/* Returns seconds of a step with so many operations in each block and `more` cycles for the rest:
 * products at the rate that shared memory allows one multiprocessor, and the barriers of each
 * layer. */
static inline double annc_cuda_block_step(const struct annc_job *job, double flops, double more)
{
    const double cycles_per_second = 1.98e9, flops_per_cycle = 150, layer_cycles = 700, step_cycles = 1500;
    return (flops / flops_per_cycle + layer_cycles * job->shape->layers + step_cycles + more) / cycles_per_second;
}

/* Returns seconds per step of the block engine, an estimate not confirmed on a GPU; beside the above
 * the traffic of what is not in shared memory. */
static inline double annc_cuda_block_seconds(const struct annc_job *job, bool shares, bool shares_states)
{
    const double bytes_per_cycle = 48;
    double parameters = 0;
    for (uint32_t l = 1; l <= job->shape->layers; l++)
        parameters += (double)job->shape->width[l] * job->shape->width[l - 1];
    const bool moves_states = job->training->optimiser != ANNC_SGD && !shares_states;
    const double bytes = parameters * ((moves_states ? 16 : 0) + (shares ? 0 : 16));
    return annc_cuda_block_step(job, annc_job_flops(job), bytes / bytes_per_cycle);
}

/* Returns how many blocks divide the inputs of a job's network. */
static inline uint32_t annc_cuda_split_blocks(const struct annc_job *job)
{
    uint32_t blocks = ANNC_SPLIT_BLOCKS;
    while (blocks > 1 && job->shape->width[0] < blocks * ANNC_SPLIT_INPUTS)
        blocks /= 2;
    return blocks;
}

/* Returns why the split engine takes no such job, on any device, or NULL. */
static inline const char *annc_cuda_split_refuses(const struct annc_job *job)
{
    const char *why = annc_cuda_block_refuses(job);
    return !why && annc_cuda_split_blocks(job) == 1 ? "it takes 64 inputs or more, which blocks divide among them"
                                                    : why;
}

/* Returns seconds per step of the split engine, an estimate not confirmed on a GPU: the first
 * layer's products and the upper layers' but those of their weights, which every block computes, are
 * divided; two meetings of the blocks; and what they send each other. */
static inline double annc_cuda_split_seconds(const struct annc_job *job)
{
    const double meeting_cycles = 400, bytes_per_cycle = 16, blocks = annc_cuda_split_blocks(job);
    const annc_shape *shape = job->shape;
    double flops = annc_job_flops(job) / blocks, numbers = job->batch * shape->width[1]; /* Z^1 */
    for (uint32_t l = 2; l <= shape->layers; l++)
        flops += 2.0 * job->batch * shape->width[l] * shape->width[l - 1] * (1 - 1 / blocks);
    for (uint32_t l = 1; l <= shape->layers; l++)
        numbers += 2.0 * job->batch * shape->width[l];
    return annc_cuda_block_step(job, flops, 2 * meeting_cycles + numbers * sizeof(float) / bytes_per_cycle);
}

/* Returns seconds per recorded step, an estimate not yet confirmed by measurements on a GPU: the
 * chain of four dependent kernels per layer with a margin, so that a CPU that may be as fast is
 * kept, and products at a rate typical of such networks. */
static inline double annc_cuda_recorded_seconds(const struct annc_job *job)
{
    const double layer_seconds = 13e-6, flops_per_second = 20e12;
    return job->shape->layers * layer_seconds + annc_job_flops(job) / flops_per_second;
}

#endif
