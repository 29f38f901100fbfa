/* sweep.c - trains many networks at once. */
#include "base/allocate.h"
#include "base/pool.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"
#include "network/network.h"
#include "training/step/propagate.h"

#include <pthread.h>
#include <stdio.h>
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

/* The objects of one candidate's training. */
struct course {
    annc_trainer *trainer;
    annc_evaluator *evaluator;
};

static annc_status keep(struct course *course, annc_candidate *candidate, const annc_evaluation *validation)
{
    const annc_status status = annc_trainer_store(course->trainer);
    if (status != ANNC_OK)
        return status; /* the best parameters before are kept */
    candidate->validation = *validation;
    candidate->best_epoch = candidate->epochs_done;
    return ANNC_OK;
}

static annc_status one_epoch(struct sweep *sweep, struct course *course, annc_candidate *candidate)
{
    annc_status status = ANNC_OK;
    annc_evaluation validation;
    annc_epoch report;
    ANNC_TRY(annc_trainer_epoch(course->trainer, sweep->stop, sweep->context, &report));
    candidate->epochs_done++;
    candidate->seconds += report.seconds;
    ANNC_TRY(annc_evaluator_run(course->evaluator, course->trainer, NULL, NULL, &validation));
    annc_trainer_report(course->trainer, validation.loss);
    pthread_mutex_lock(&sweep->mutex);
    if (candidate->each)
        candidate->each(candidate->context, &report, &validation);
    pthread_mutex_unlock(&sweep->mutex);
    if (annc_epoch_is_better(validation.loss, candidate->best_epoch, candidate->validation.loss))
        ANNC_TRY(keep(course, candidate, &validation));
out:
    return status;
}

static annc_status train(struct sweep *sweep, const struct worker *worker, annc_candidate *candidate)
{
    annc_status status = ANNC_OK;
    struct course course = {NULL, NULL};
    ANNC_TRY(annc_trainer_create(worker->device, candidate->network,
                                 candidate->train_set ? candidate->train_set : sweep->train, &candidate->options,
                                 &course.trainer));
    ANNC_TRY(annc_evaluator_create(worker->device, candidate->network,
                                   candidate->validation_set ? candidate->validation_set : sweep->validation,
                                   &course.evaluator));
    while (candidate->epochs_done < candidate->epochs &&
           !annc_patience_is_over(candidate->patience, candidate->epochs_done, candidate->best_epoch))
        ANNC_TRY(one_epoch(sweep, &course, candidate));
    if (candidate->best_epoch == 0) { /* no epochs, or no finite loss */
        ANNC_TRY(annc_evaluator_run(course.evaluator, course.trainer, NULL, NULL, &candidate->validation));
        ANNC_TRY(annc_trainer_store(course.trainer));
    }
out:
    annc_evaluator_free(course.evaluator);
    annc_trainer_free(course.trainer);
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
    annc_status status = ANNC_OK;
    annc_device *device = NULL;
    ANNC_TRY(annc_device_open_for(options, annc_network_shape(candidates->network), &candidates->options, &device));
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
        candidate->epochs_done = candidate->best_epoch = 0;
        candidate->seconds = 0;
        memset(&candidate->validation, 0, sizeof candidate->validation);
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
