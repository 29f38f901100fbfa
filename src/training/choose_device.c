/* choose_device.c - the device that ANNC_DEVICE_AUTO stands for, given the work. */
#include "backend.h"
#include "train.h"

#include <stdio.h>

/* Estimates of seconds per step; none of the GPU's has been measured yet. On a CPU core the fused engine sustains about CPU_FLOPS,
 * counting inputs that are 0 (bench/results). A recorded step on a GPU is a chain of about 13 kernels for two layers, each of which
 * waits for the one before. */
static const double CPU_FLOPS = 100e9, CPU_LAYER_SECONDS = 0.5e-6;
static const double GPU_FLOPS = 20e12, GPU_LAYER_SECONDS = 13e-6;

/* Floating-point operations of a step: three products a layer, but for the first, whose inputs need no error. */
static double flops_of_step(const annc_shape *shape, uint32_t batch)
{
    double flops = 0;
    for (uint32_t l = 1; l <= shape->layers; l++)
        flops += 2.0 * shape->width[l] * shape->width[l - 1] * (l == 1 ? 2 : 3);
    return flops * batch;
}

static bool cpu_is_faster(const annc_shape *shape, const annc_training_options *training)
{
    if (!annc_backend_cpu.takes(shape))
        return false;
    if (!training) /* an evaluation is over before a GPU is ready */
        return true;
    if (annc_job_kind_of(training) == ANNC_JOB_OTHER)
        return false;
    const double flops = flops_of_step(shape, training->batch);
    return flops / CPU_FLOPS + shape->layers * CPU_LAYER_SECONDS <
           flops / GPU_FLOPS + shape->layers * GPU_LAYER_SECONDS;
}

annc_status annc_device_open_for(const annc_device_options *options, const annc_shape *shape,
                                 const annc_training_options *training, annc_device **device)
{
    annc_device_options chosen = *options;
    const bool any_engine = !training || training->engine == ANNC_ENGINE_AUTO || training->engine == ANNC_ENGINE_FUSED;
    if (options->kind != ANNC_DEVICE_AUTO || !any_engine || !cpu_is_faster(shape, training))
        return annc_device_open(options, device);
    chosen.kind = ANNC_DEVICE_CPU;
    const annc_status status = annc_device_open(&chosen, device);
    if (status == ANNC_OK)
        snprintf((*device)->info.why, sizeof(*device)->info.why, "%s",
                 training ? "steps this small are faster on the CPU than on a GPU"
                          : "a network this small is evaluated faster on the CPU than on a GPU");
    return status;
}
