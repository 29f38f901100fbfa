/* engine_choice.c - selects the engine of a job, and the device. */
#include "training/step/engine_choice.h"
#include "backend/registry.h"
#include "base/status.h"

#include <math.h>
#include <stdio.h>

static const char NO_ENGINE[] = "the operations run one after another",
                  SEVERAL_RANKS[] = "several ranks sum their gradients in each step";

const struct annc_engine_ops *annc_engine_find(const annc_device *device, const struct annc_job *job,
                                               annc_engine wanted, const char **refusal)
{
    *refusal = NO_ENGINE;
    if (wanted == ANNC_ENGINE_OPS)
        return NULL;
    if (job->group && job->group->size > 1) {
        *refusal = SEVERAL_RANKS;
        return NULL;
    }
    for (const struct annc_engine_ops *const *engine = device->backend->engines; *engine; engine++) {
        if (wanted != ANNC_ENGINE_AUTO && wanted != (*engine)->kind)
            continue;
        const char *why = (*engine)->refuses(device, job);
        if (!why)
            return *engine;
        *refusal = why;
    }
    return NULL;
}

bool annc_engine_exists(const annc_device *device, annc_engine kind)
{
    if (kind == ANNC_ENGINE_AUTO || kind == ANNC_ENGINE_OPS)
        return true;
    for (const struct annc_engine_ops *const *engine = device->backend->engines; *engine; engine++)
        if ((*engine)->kind == kind)
            return true;
    return false;
}

size_t annc_device_engines(const annc_device *device, const annc_shape *shape, const annc_training_options *training,
                           annc_engine_info *list, size_t most)
{
    if (!device || !list || annc_training_check(training, shape) != ANNC_OK)
        return 0;
    const struct annc_job job = {.shape = shape, .batch = training->batch, .training = training};
    size_t count = 0;
    for (const struct annc_engine_ops *const *engine = device->backend->engines; *engine && count < most; engine++) {
        const char *refusal = (*engine)->refuses(device, &job);
        list[count++] = (annc_engine_info){.engine = (*engine)->kind,
                                           .name = (*engine)->name,
                                           .about = (*engine)->about,
                                           .refusal = refusal,
                                           .seconds = refusal ? NAN : (*engine)->seconds(device, &job)};
    }
    if (count < most)
        list[count++] = (annc_engine_info){
            .engine = ANNC_ENGINE_OPS, .name = annc_engine_name(ANNC_ENGINE_OPS), .about = NO_ENGINE, .seconds = NAN};
    return count;
}

/* ---------------------------------------------------------------- devices */

/* Returns seconds per step of the best engine that accepts a job, whatever its data are; INFINITY for
 * the operations, which have no estimate. */
static double best_seconds(const annc_device *device, const struct annc_job *job, annc_engine wanted)
{
    const struct annc_engine_ops *const *engine = device->backend->engines;
    const char *refusal;
    if (wanted != ANNC_ENGINE_AUTO) {
        const struct annc_engine_ops *named = annc_engine_find(device, job, wanted, &refusal);
        return named ? named->seconds(device, job) : INFINITY;
    }
    while (*engine && ((*engine)->of_bytes || (*engine)->refuses(device, job)))
        engine++;
    return *engine ? (*engine)->seconds(device, job) : INFINITY;
}

/* Returns whether any other device could be faster than the CPU with its best engine, as far as
 * known without loading a backend. */
static bool another_may_be_faster(const struct annc_job *job, double cpu_seconds)
{
    for (size_t i = 1; annc_device_row_at(i); i++)
        if (annc_device_row_at(i)->least_seconds(job) < cpu_seconds)
            return true;
    return false;
}

annc_status annc_device_open_for(const annc_device_options *options, const annc_shape *shape,
                                 const annc_training_options *training, annc_device **device)
{
    ANNC_REQUIRE_RESULT(device, "device");
    ANNC_REQUIRE(options, "options");
    ANNC_REQUIRE(shape, "shape");
    const struct annc_job job = {.shape = shape, .batch = training ? training->batch : 1, .training = training};
    const annc_engine wanted = training ? training->engine : ANNC_ENGINE_AUTO;
    annc_device_options cpu = *options;
    annc_device *other = NULL;
    ANNC_RETURN_IF_FAILED(training ? annc_training_check(training, shape) : annc_shape_check(shape));
    if (options->kind != ANNC_DEVICE_AUTO)
        return annc_device_open(options, device);
    cpu.kind = ANNC_DEVICE_CPU;
    const annc_status opened = annc_device_open(&cpu, device);
    if (opened != ANNC_OK)
        return opened;
    const double cpu_seconds = best_seconds(*device, &job, wanted);
    const char *why = training ? "steps this small are faster on the CPU than on a GPU"
                               : "a network this small is evaluated faster on the CPU than on a GPU";
    if (another_may_be_faster(&job, cpu_seconds)) {
        const annc_status status = annc_device_open(options, &other);
        if (status != ANNC_OK || best_seconds(other, &job, wanted) <= cpu_seconds ||
            other->backend->kind == ANNC_DEVICE_CPU) {
            annc_device_close(*device);
            *device = other;
            return status;
        }
        annc_device_close(other);
    }
    snprintf((*device)->info.why, sizeof(*device)->info.why, "%s", why);
    return ANNC_OK;
}
