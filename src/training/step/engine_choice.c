/* engine_choice.c - selects the engine of a job, and the device. */
#include "training/step/engine_choice.h"
#include "backend/registry.h"
#include "base/status.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char NO_ENGINE[] = "the operations run one after another",
                  SEVERAL_RANKS[] = "several ranks sum their gradients in each step",
                  SHARDS[] = "each shard of the examples has an order of its own";

/* Returns why an engine refuses a job, or NULL. */
static const char *refusal_of(const struct annc_engine_ops *engine, const annc_device *device,
                              const struct annc_job *job)
{
    return job->training && job->training->shards > 1 ? SHARDS : engine->refuses(device, job);
}

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
    const struct annc_engine_ops *best = NULL;
    double best_seconds = INFINITY;
    for (const struct annc_engine_ops *const *engine = device->backend->engines; *engine; engine++) {
        if (wanted != ANNC_ENGINE_AUTO && wanted != (*engine)->kind)
            continue;
        const char *why = refusal_of(*engine, device, job);
        const double seconds = why ? INFINITY : (*engine)->seconds(device, job);
        if (why)
            *refusal = why;
        else if (!best || seconds < best_seconds) {
            best = *engine;
            best_seconds = seconds;
        }
    }
    return best;
}

bool annc_device_has_tensor_cores(const annc_device *device)
{
    const int first = 80; /* compute capability */
    return device->backend->use_precision && device->info.compute_capability >= first;
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

/* Refused engines come first, then those that accept, by their time. */
static int by_time(const void *left, const void *right)
{
    const annc_engine_info *a = left, *b = right;
    if (!a->refusal != !b->refusal)
        return a->refusal ? -1 : 1;
    if (!a->refusal && a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    return (a->engine > b->engine) - (a->engine < b->engine);
}

size_t annc_device_engines(const annc_device *device, const annc_shape *shape, const annc_training_options *training,
                           annc_engine_info *list, size_t most)
{
    if (!device || !list || annc_training_check(training, shape) != ANNC_OK)
        return 0;
    const struct annc_job job = {.shape = shape, .batch = training->batch, .training = training};
    size_t count = 0;
    for (const struct annc_engine_ops *const *engine = device->backend->engines; *engine && count < most; engine++) {
        const char *refusal = refusal_of(*engine, device, &job);
        list[count++] = (annc_engine_info){.engine = (*engine)->kind,
                                           .name = (*engine)->name,
                                           .about = (*engine)->about,
                                           .refusal = refusal,
                                           .seconds = refusal ? NAN : (*engine)->seconds(device, &job)};
    }
    qsort(list, count, sizeof *list, by_time);
    if (count < most)
        list[count++] = (annc_engine_info){
            .engine = ANNC_ENGINE_OPS, .name = annc_engine_name(ANNC_ENGINE_OPS), .about = NO_ENGINE, .seconds = NAN};
    return count;
}

/* ---------------------------------------------------------------- devices */

/* Returns seconds of a step of `count` jobs by an engine that accepts them: together, each on its
 * multiprocessors, or as many at a time as the device has threads. */
static double seconds_of_many(const annc_device *device, const struct annc_engine_ops *engine,
                              const struct annc_job *job, uint32_t count)
{
    const int own = engine->multiprocessors ? (int)engine->multiprocessors(job) : 1,
              at_once = engine->most_jobs > 1 ? device->info.multiprocessors / own : device->info.threads;
    const uint32_t width = at_once > 1 ? (uint32_t)at_once : 1;
    return engine->seconds(device, job) * (double)(count > 1 ? (count - 1) / width + 1 : 1);
}

annc_engine annc_engine_for_many(const annc_device *device, const struct annc_job *job, uint32_t count)
{
    const char *refusal;
    const struct annc_engine_ops *best = annc_engine_find(device, job, ANNC_ENGINE_AUTO, &refusal);
    annc_engine kind = ANNC_ENGINE_AUTO;
    double least = best ? seconds_of_many(device, best, job, count) : INFINITY;
    for (const struct annc_engine_ops *const *engine = device->backend->engines; *engine; engine++) {
        if ((*engine)->most_jobs <= 1 || refusal_of(*engine, device, job))
            continue;
        const double seconds = seconds_of_many(device, *engine, job, count);
        if (seconds < least || *engine == best) {
            least = seconds;
            kind = (*engine)->kind;
        }
    }
    return kind;
}

uint32_t annc_device_at_once(const annc_device *device, const struct annc_job *job, uint32_t count)
{
    const int threads = device->info.threads;
    if (threads > 1)
        return (uint32_t)threads < count ? (uint32_t)threads : count;
    const struct annc_engine_ops *const *engine = device->backend->engines;
    const annc_engine kind =
        job->training->engine == ANNC_ENGINE_AUTO ? annc_engine_for_many(device, job, count) : job->training->engine;
    while (*engine && (*engine)->kind != kind)
        engine++;
    return *engine && (*engine)->most_jobs > 1 ? count : 1;
}

/* Returns seconds of a step of `count` jobs by the fastest engine that accepts them, whatever their
 * data are unless these are known; INFINITY for the operations, which have no estimate. */
static double best_seconds(const annc_device *device, const struct annc_job *job, annc_engine wanted, uint32_t count)
{
    double least = INFINITY;
    const char *refusal;
    if (wanted != ANNC_ENGINE_AUTO) {
        const struct annc_engine_ops *named = annc_engine_find(device, job, wanted, &refusal);
        return named ? seconds_of_many(device, named, job, count) : INFINITY;
    }
    for (const struct annc_engine_ops *const *engine = device->backend->engines; *engine; engine++)
        if ((job->examples || !(*engine)->of_bytes) && !refusal_of(*engine, device, job))
            least = fmin(least, seconds_of_many(device, *engine, job, count));
    return least;
}

/* Returns the seconds of `steps` steps on a kind of device from the start of the process; of one
 * step, if their number is not known (0). */
static double run_seconds(annc_device_kind kind, double seconds, double steps)
{
    return steps > 0 ? annc_device_row_of(kind)->start_seconds + steps * seconds : seconds;
}

/* Returns whether any other device could be faster than the CPU with its best engine, as far as
 * known without loading a backend: for many networks always. */
static bool another_may_be_faster(const struct annc_job *job, double cpu_seconds, double steps, uint32_t count)
{
    if (count > 1)
        return true;
    for (size_t i = 1; annc_device_row_at(i); i++) {
        const struct annc_device_row *row = annc_device_row_at(i);
        if (run_seconds(row->kind, row->least_seconds(job), steps) < run_seconds(ANNC_DEVICE_CPU, cpu_seconds, steps))
            return true;
    }
    return false;
}

annc_status annc_device_open_for_many(const annc_device_options *options, const annc_shape *shape,
                                      const annc_training_options *training, const annc_dataset *train, uint32_t epochs,
                                      uint32_t count, annc_device **device)
{
    ANNC_REQUIRE_RESULT(device, "device");
    ANNC_REQUIRE(options, "options");
    ANNC_REQUIRE(shape, "shape");
    const annc_examples *examples = train ? annc_dataset_examples(train) : NULL;
    const struct annc_job job = {
        .shape = shape, .batch = training ? training->batch : 1, .training = training, .examples = examples};
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
    const double steps = examples ? ceil((double)annc_dataset_total(train) / job.batch) * epochs : 0,
                 cpu_seconds = training && training->precision != ANNC_FP32
                                   ? INFINITY
                                   : best_seconds(*device, &job, wanted, count);
    const char *why = !training ? "a network this small is evaluated faster on the CPU than on a GPU"
                                : "a training this small is faster on the CPU than on a GPU";
    if (another_may_be_faster(&job, cpu_seconds, steps, count)) {
        const annc_status status = annc_device_open(options, &other);
        const double seconds = status == ANNC_OK ? best_seconds(other, &job, wanted, count) : 0;
        if (status != ANNC_OK || other->backend->kind == ANNC_DEVICE_CPU ||
            run_seconds(other->backend->kind, seconds, steps) <= run_seconds(ANNC_DEVICE_CPU, cpu_seconds, steps)) {
            annc_device_close(*device);
            *device = other;
            return status;
        }
        annc_device_close(other);
    }
    snprintf((*device)->info.why, sizeof(*device)->info.why, "%s", why);
    return ANNC_OK;
}

annc_status annc_device_open_for(const annc_device_options *options, const annc_shape *shape,
                                 const annc_training_options *training, const annc_dataset *train, uint32_t epochs,
                                 annc_device **device)
{
    return annc_device_open_for_many(options, shape, training, train, epochs, 1, device);
}
