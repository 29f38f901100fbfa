/* sweep.c - trains many networks at once. */
#include "base/allocate.h"
#include "base/pool.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"
#include "network/network.h"
#include "training/run/training_run.h"
#include "training/step/propagate.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A thread of the sweep, with its own device. It keeps the data sets staged all its life, so that
 * structures which a device derives from them serve all candidates. */
struct worker {
    annc_device *device;
    annc_examples train, validation;
};

struct sweep {
    annc_candidate *candidates;
    uint32_t count, next;
    const annc_dataset *train, *validation;
    bool (*stop)(void *context);
    void (*done)(void *context, uint32_t candidate);
    void *context;
    pthread_mutex_t mutex; /* guards next, and the calls of done and each */
    struct worker *workers;
};

/* ---------------------------------------------------------------- one candidate */

/* The context of a candidate's run: its own callbacks, and the sweep's. */
struct course {
    struct sweep *sweep;
    const annc_candidate *candidate;
};

static bool should_stop(void *context)
{
    const struct course *course = context;
    const struct sweep *sweep = course->sweep;
    const annc_run_options *options = &course->candidate->options;
    return (sweep->stop && sweep->stop(sweep->context)) || (options->stop && options->stop(options->context));
}

static annc_status tell(const struct course *course, annc_status (*what)(void *context, const annc_run *run),
                        const annc_run *run)
{
    pthread_mutex_lock(&course->sweep->mutex);
    const annc_status status = what(course->candidate->options.context, run);
    pthread_mutex_unlock(&course->sweep->mutex);
    return status;
}

static annc_status begun(void *context, const annc_run *run)
{
    const struct course *course = context;
    return tell(course, course->candidate->options.begun, run);
}

static annc_status each(void *context, const annc_run *run)
{
    const struct course *course = context;
    return tell(course, course->candidate->options.each, run);
}

static annc_status describe(void *context, const annc_run *run, annc_network *checkpoint)
{
    const annc_run_options *options = &((const struct course *)context)->candidate->options;
    return options->describe(options->context, run, checkpoint);
}

/* Returns a candidate's options with the sweep's data and callbacks. */
static annc_run_options options_of(struct course *course)
{
    annc_run_options options = course->candidate->options;
    if (!options.validation)
        options.validation = course->sweep->validation;
    options.stop = should_stop;
    options.begun = options.begun ? begun : NULL;
    options.each = options.each ? each : NULL;
    options.describe = options.describe ? describe : NULL;
    options.context = course;
    return options;
}

static annc_status train(struct sweep *sweep, const struct worker *worker, annc_candidate *candidate)
{
    annc_status status = ANNC_OK;
    struct course course = {sweep, candidate};
    const annc_run_options options = options_of(&course);
    annc_run *run = NULL;
    ANNC_TRY(annc_run_create(worker->device, candidate->network, candidate->train ? candidate->train : sweep->train,
                             &options, &run));
    status = annc_run_complete(run);
    candidate->result = run->state;
    if (status != ANNC_OK && run->state.best.epoch.epoch == 0)
        memset(&candidate->result.last, 0, sizeof candidate->result.last);
out:
    annc_run_free(run);
    return status;
}

/* ---------------------------------------------------------------- all candidates */

/* Takes the next free candidate; false if none is left. */
static bool take_next(struct sweep *sweep, uint32_t *i)
{
    pthread_mutex_lock(&sweep->mutex);
    *i = sweep->next;
    if (*i < sweep->count)
        sweep->next++;
    pthread_mutex_unlock(&sweep->mutex);
    return *i < sweep->count;
}

static void work(void *context, int index)
{
    struct sweep *sweep = context;
    const struct worker *worker = &sweep->workers[index];
    uint32_t i;
    while (!(sweep->stop && sweep->stop(sweep->context)) && take_next(sweep, &i)) {
        annc_candidate *candidate = &sweep->candidates[i];
        candidate->status = train(sweep, worker, candidate);
        if (candidate->status != ANNC_OK)
            snprintf(candidate->reason, sizeof candidate->reason, "%s", annc_last_error());
        pthread_mutex_lock(&sweep->mutex);
        if (sweep->done)
            sweep->done(sweep->context, i);
        pthread_mutex_unlock(&sweep->mutex);
    }
}

/* Selects the number of workers and their device: one per thread on a device with threads, one on a
 * GPU, which has one queue. The first candidate decides for all. */
static annc_status count_workers(annc_device_options *options, const annc_candidate *candidates, uint32_t count,
                                 int *workers)
{
    ANNC_REQUIRE(candidates->network, "network");
    annc_status status = ANNC_OK;
    annc_device *device = NULL;
    ANNC_TRY(
        annc_device_open_for(options, annc_network_shape(candidates->network), &candidates->options.training, &device));
    options->kind = device->backend->kind;
    *workers = device->info.threads > 0 ? device->info.threads : 1;
    if ((uint32_t)*workers > count)
        *workers = (int)count;
out:
    annc_device_close(device);
    return status;
}

static annc_status open_worker(const struct sweep *sweep, const annc_device_options *options, int workers,
                               struct worker *worker)
{
    annc_status status = ANNC_OK;
    annc_device_options own = *options;
    if (workers > 1)
        own.threads = 1;
    ANNC_TRY(annc_device_open(&own, &worker->device));
    if (!worker->device->backend->host_memory)
        return ANNC_OK; /* trainers copy what they need */
    if (sweep->train)
        ANNC_TRY(annc_examples_stage(worker->device, annc_dataset_examples(sweep->train), &worker->train));
    if (sweep->validation)
        ANNC_TRY(annc_examples_stage(worker->device, annc_dataset_examples(sweep->validation), &worker->validation));
out:
    return status;
}

static void close_worker(struct worker *worker)
{
    if (!worker->device)
        return;
    annc_examples_unstage(worker->device, &worker->train);
    annc_examples_unstage(worker->device, &worker->validation);
    annc_device_close(worker->device);
}

annc_status annc_sweep(const annc_device_options *options, annc_candidate *candidates, uint32_t count,
                       const annc_dataset *train_set, const annc_dataset *validation, bool (*stop)(void *context),
                       void (*done)(void *context, uint32_t candidate), void *context)
{
    ANNC_REQUIRE(options, "device");
    ANNC_REQUIRE(candidates || count == 0, "candidates");
    annc_status status = ANNC_OK;
    struct annc_pool *pool = NULL;
    int workers = 0;
    annc_device_options device = *options;
    struct sweep sweep = {.candidates = candidates,
                          .count = count,
                          .train = train_set,
                          .validation = validation,
                          .stop = stop,
                          .done = done,
                          .context = context,
                          .mutex = PTHREAD_MUTEX_INITIALIZER};
    for (uint32_t i = 0; i < count; i++) {
        annc_candidate *candidate = &candidates[i];
        candidate->status = ANNC_STOPPED;
        candidate->reason[0] = '\0';
        memset(&candidate->result, 0, sizeof candidate->result);
    }
    if (count == 0)
        return ANNC_OK;
    ANNC_TRY(count_workers(&device, candidates, count, &workers));
    ANNC_TRY(annc_allocate((size_t)workers, sizeof *sweep.workers, "the sweep", (void **)&sweep.workers));
    for (int i = 0; i < workers; i++)
        ANNC_TRY(open_worker(&sweep, &device, workers, &sweep.workers[i]));
    ANNC_TRY(annc_pool_open(workers, &pool));
    annc_pool_run(pool, workers, work, &sweep);
    if (stop && stop(context))
        status = annc_fail(ANNC_STOPPED, "stopped after %u of %u networks", sweep.next, count);
out:
    annc_pool_close(pool);
    for (int i = 0; i < workers && sweep.workers; i++)
        close_worker(&sweep.workers[i]);
    annc_release(sweep.workers);
    return status;
}

/* ---------------------------------------------------------------- the best candidates */

double annc_candidate_merit(const annc_candidate *candidate)
{
    if (!candidate)
        return -INFINITY;
    const annc_evaluation *validation = &annc_run_kept(&candidate->result)->validation;
    if (validation->count == 0)
        return -INFINITY;
    if (candidate->result.classes)
        return annc_evaluation_accuracy(validation);
    return isnan(validation->r2) ? -INFINITY : validation->r2;
}

struct ranked {
    double merit;
    uint32_t index;
};

static int by_merit(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->merit != b->merit)
        return a->merit > b->merit ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

annc_status annc_sweep_rank(const annc_candidate *candidates, uint32_t count, uint32_t *ranked)
{
    ANNC_REQUIRE(candidates || count == 0, "candidates");
    ANNC_REQUIRE(ranked || count == 0, "ranked");
    struct ranked *list;
    ANNC_RETURN_IF_FAILED(annc_allocate(count, sizeof *list, "the ranks", (void **)&list));
    for (uint32_t i = 0; i < count; i++)
        list[i] = (struct ranked){annc_candidate_merit(&candidates[i]), i};
    qsort(list, count, sizeof *list, by_merit);
    for (uint32_t i = 0; i < count; i++)
        ranked[i] = list[i].index;
    annc_release(list);
    return ANNC_OK;
}
