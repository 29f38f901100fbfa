/* sweep.c - trains many networks at once. */
#include "backend/group.h"
#include "base/allocate.h"
#include "base/pool.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"
#include "network/network.h"
#include "network/shape.h"
#include "training/run/rank_checks.h"
#include "training/run/runs_together.h"
#include "training/run/training_run.h"
#include "training/step/compatibility.h"
#include "training/step/engine_choice.h"
#include "training/step/feed.h"
#include "training/step/propagate.h"
#include "training/sweep/hand_out.h"

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
    uint32_t count;
    const annc_dataset *train, *validation;
    struct annc_hand_out out; /* its mutex is held in calls of `each`, too */
    struct worker *workers;
    int worker_count;
    annc_status served; /* of the messages between ranks */
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
    const annc_run_options *options = &course->candidate->options;
    return annc_hand_out_is_stopped(&course->sweep->out) || (options->stop && options->stop(options->context));
}

static annc_status tell(const struct course *course, annc_status (*what)(void *context, const annc_run *run),
                        const annc_run *run)
{
    pthread_mutex_lock(&course->sweep->out.mutex);
    const annc_status status = what(course->candidate->options.context, run);
    pthread_mutex_unlock(&course->sweep->out.mutex);
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

/* ---------------------------------------------------------------- candidates together */

enum { MOST_TOGETHER = 1024 };

/* Candidates that a worker trains at once; of one, the arrays have one entry. */
struct party {
    struct sweep *sweep;
    uint32_t first, count;
    struct course *courses;
    annc_run **runs;
    annc_status *statuses;
    struct annc_kept_error *errors;
};

static const annc_dataset *data_of(const struct sweep *sweep, const annc_candidate *candidate)
{
    return candidate->train ? candidate->train : sweep->train;
}

/* Stores the result of a candidate whose status is known, and tells it. */
static void end_candidate(void *context, uint32_t i)
{
    const struct party *party = context;
    struct sweep *sweep = party->sweep;
    annc_candidate *candidate = &sweep->candidates[party->first + i];
    candidate->status = party->statuses[i];
    if (candidate->status != ANNC_OK) {
        annc_fail_again(candidate->status, &party->errors[i]);
        snprintf(candidate->reason, sizeof candidate->reason, "%s", annc_last_error());
    }
    if (party->runs[i]) {
        candidate->result = party->runs[i]->state;
        if (candidate->status != ANNC_OK && candidate->result.best.epoch.epoch == 0)
            memset(&candidate->result.last, 0, sizeof candidate->result.last);
    }
    annc_hand_out_ended(&sweep->out, party->first + i);
}

/* Returns the candidates of a party that one launch could train together with candidate i. */
static uint32_t count_like(const struct party *party, uint32_t i)
{
    const annc_candidate *all = party->sweep->candidates + party->first;
    uint32_t count = 0;
    for (uint32_t j = 0; j < party->count; j++)
        count += all[j].options.training.batch == all[i].options.training.batch && all[j].network &&
                 annc_shape_is_same(annc_network_shape(all[j].network), annc_network_shape(all[i].network));
    return count;
}

/* Begins a candidate's run; if several train together faster, with the engine that does it. */
static annc_status begin_candidate(struct party *party, const struct worker *worker, uint32_t i)
{
    annc_candidate *candidate = &party->sweep->candidates[party->first + i];
    annc_run_options options = options_of(&party->courses[i]);
    ANNC_REQUIRE(candidate->network, "network");
    if (options.group)
        return annc_fail(ANNC_USAGE, ANNC_FIELD("group") " must be NULL: networks that train at once train alone");
    const struct annc_job job = {.shape = annc_network_shape(candidate->network),
                                 .batch = options.training.batch,
                                 .training = &options.training,
                                 .examples = annc_dataset_examples(data_of(party->sweep, candidate))};
    if (party->count > 1 && options.training.engine == ANNC_ENGINE_AUTO &&
        annc_training_check(&options.training, job.shape) == ANNC_OK)
        options.training.engine = annc_engine_for_many(worker->device, &job, count_like(party, i));
    ANNC_RETURN_IF_FAILED(annc_run_create(worker->device, candidate->network, data_of(party->sweep, candidate),
                                          &options, &party->runs[i]));
    snprintf(candidate->engine, sizeof candidate->engine, "%s", annc_trainer_engine(annc_run_trainer(party->runs[i])));
    return ANNC_OK;
}

static void train_party(struct party *party, const struct worker *worker)
{
    for (uint32_t i = 0; i < party->count; i++) {
        party->courses[i] = (struct course){party->sweep, &party->sweep->candidates[party->first + i]};
        party->statuses[i] = begin_candidate(party, worker, i);
        if (party->statuses[i] != ANNC_OK) {
            annc_error_keep(&party->errors[i]);
            end_candidate(party, i);
        }
    }
    const annc_status status =
        annc_runs_complete(party->runs, party->count, party->statuses, party->errors, end_candidate, party);
    if (status != ANNC_OK) /* without memory for the runs */
        for (uint32_t i = 0; i < party->count; i++)
            if (party->runs[i]) {
                party->statuses[i] = status;
                annc_error_keep(&party->errors[i]);
                end_candidate(party, i);
            }
    for (uint32_t i = 0; i < party->count; i++)
        annc_run_free(party->runs[i]);
}

/* Returns whether a data set may stay on a device: trainers still need room for a copy, if they do
 * not find it there. */
static bool has_room(annc_device *device, const annc_dataset *data)
{
    uint64_t free = 0;
    return device->backend->host_memory || (device->backend->free_memory(device, &free) == ANNC_OK &&
                                            annc_examples_bytes(annc_dataset_examples(data)) < free / 4);
}

/* Returns how many candidates train at once: as many as a device that trains several networks in a
 * launch has room for, else 1, also if the data do not fit whole. */
static uint32_t party_size(const struct sweep *sweep, const struct worker *worker)
{
    const annc_candidate *candidate = &sweep->candidates[0];
    const annc_dataset *data = data_of(sweep, candidate);
    const struct annc_engine_ops *const *engine = worker->device->backend->engines;
    uint64_t free = 0;
    while (*engine && (*engine)->most_jobs <= 1)
        engine++;
    if (!*engine || !candidate->network || !data ||
        annc_training_check(&candidate->options.training, annc_network_shape(candidate->network)) != ANNC_OK ||
        !has_room(worker->device, data) || worker->device->backend->free_memory(worker->device, &free) != ANNC_OK)
        return 1;
    const uint64_t bytes = 4 * annc_training_bytes(worker->device, annc_network_shape(candidate->network),
                                                   &candidate->options.training, annc_dataset_examples(data)) +
                           (candidate->train ? annc_examples_bytes(annc_dataset_examples(data)) : 0);
    const uint64_t room = free / 2 / bytes, most = sweep->count < MOST_TOGETHER ? sweep->count : MOST_TOGETHER;
    return (uint32_t)(room < 1 ? 1 : room < most ? room : most);
}

/* ---------------------------------------------------------------- all candidates */

static annc_status open_party(struct party *party)
{
    annc_status status = ANNC_OK;
    const size_t count = party->count;
    ANNC_TRY(annc_allocate(count, sizeof *party->courses, "the sweep", (void **)&party->courses));
    ANNC_TRY(annc_allocate(count, sizeof *party->runs, "the sweep", (void **)&party->runs));
    ANNC_TRY(annc_allocate(count, sizeof *party->statuses, "the sweep", (void **)&party->statuses));
    ANNC_TRY(annc_allocate(count, sizeof *party->errors, "the sweep", (void **)&party->errors));
out:
    return status;
}

static void close_party(struct party *party)
{
    annc_release(party->courses);
    annc_release(party->runs);
    annc_release(party->statuses);
    annc_release(party->errors);
}

/* Ends the candidates of a party that had no memory to begin. */
static void fail_party(const struct party *party, annc_status status)
{
    struct sweep *sweep = party->sweep;
    struct annc_kept_error error;
    annc_error_keep(&error);
    for (uint32_t i = party->first; i < party->first + party->count; i++) {
        sweep->candidates[i].status = annc_fail_again(status, &error);
        snprintf(sweep->candidates[i].reason, sizeof sweep->candidates[i].reason, "%s", annc_last_error());
        annc_hand_out_ended(&sweep->out, i);
    }
}

/* Trains candidates until none is left. */
static void work(void *context, int index)
{
    struct sweep *sweep = context;
    const struct worker *worker = &sweep->workers[index];
    for (;;) {
        struct party party = {.sweep = sweep};
        party.count = annc_hand_out_take(&sweep->out, party_size(sweep, worker), &party.first);
        if (party.count == 0)
            break;
        const annc_status opened = open_party(&party);
        if (opened == ANNC_OK)
            train_party(&party, worker);
        else
            fail_party(&party, opened);
        close_party(&party);
    }
    annc_hand_out_leave(&sweep->out);
}

/* The same in a group, whose messages are the main thread's, 0. */
static void work_in_group(void *context, int index)
{
    struct sweep *sweep = context;
    if (index == 0)
        sweep->served = annc_hand_out_serve(&sweep->out);
    else
        work(sweep, index - 1);
}

/* Selects the number of workers and their device: one per thread on a device with threads, one on a
 * GPU, which has one queue. The first candidate decides for all. */
static annc_status count_workers(const struct sweep *sweep, annc_device_options *options, int *workers)
{
    const annc_candidate *candidate = &sweep->candidates[0];
    const annc_dataset *data = data_of(sweep, candidate);
    const uint32_t count = sweep->count;
    ANNC_REQUIRE(candidate->network, "network");
    annc_status status = ANNC_OK;
    annc_device *device = NULL;
    ANNC_TRY(annc_device_open_for_many(options, annc_network_shape(candidate->network), &candidate->options.training,
                                       data, candidate->options.epochs, count, &device));
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
    if (sweep->train && has_room(worker->device, sweep->train))
        ANNC_TRY(annc_examples_stage(worker->device, annc_dataset_examples(sweep->train), &worker->train));
    if (sweep->validation && has_room(worker->device, sweep->validation))
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

/* Forgets the results of earlier sweeps, but for those of candidates that are complete. */
static void reset_results(annc_candidate *candidates, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        annc_candidate *candidate = &candidates[i];
        if (candidate->is_complete)
            continue;
        candidate->status = ANNC_STOPPED;
        candidate->reason[0] = '\0';
        candidate->engine[0] = '\0';
        memset(&candidate->result, 0, sizeof candidate->result);
    }
}

static annc_status open_workers(struct sweep *sweep, const annc_device_options *options)
{
    annc_status status = ANNC_OK;
    annc_device_options device = *options;
    int workers = 0;
    ANNC_TRY(count_workers(sweep, &device, &workers));
    ANNC_TRY(annc_allocate((size_t)workers, sizeof *sweep->workers, "the sweep", (void **)&sweep->workers));
    sweep->worker_count = sweep->out.workers = workers;
    for (int i = 0; i < workers; i++)
        ANNC_TRY(open_worker(sweep, &device, workers, &sweep->workers[i]));
out:
    return status;
}

/* Trains all candidates that are not complete. */
static annc_status train_all(struct sweep *sweep, const annc_device_options *device, annc_group *group)
{
    annc_status status = ANNC_OK;
    struct annc_pool *pool = NULL;
    const bool is_alone = annc_group_size(group) == 1;
    ANNC_TRY(annc_group_agree(group, open_workers(sweep, device)));
    ANNC_TRY(annc_ranks_check_sweep(group, sweep->workers[0].device, sweep->candidates, sweep->count,
                                    data_of(sweep, &sweep->candidates[0])));
    const int threads = sweep->worker_count + !is_alone;
    ANNC_TRY(annc_group_agree(group, annc_pool_open(threads, &pool)));
    annc_pool_run(pool, threads, is_alone ? work : work_in_group, sweep);
    ANNC_TRY(sweep->served);
    if (annc_group_rank(group) == 0 && annc_hand_out_is_stopped(&sweep->out))
        status = annc_fail(ANNC_STOPPED, "stopped after %u of %u networks", sweep->out.next, sweep->count);
    ANNC_TRY(annc_group_agree(group, status));
out:
    annc_pool_close(pool);
    for (int i = 0; i < sweep->worker_count; i++)
        close_worker(&sweep->workers[i]);
    annc_release(sweep->workers);
    return status;
}

annc_status annc_sweep(const annc_device_options *device, annc_group *group, annc_candidate *candidates, uint32_t count,
                       const annc_dataset *train_set, const annc_dataset *validation, bool (*stop)(void *context),
                       void (*done)(void *context, uint32_t candidate), void *context)
{
    ANNC_REQUIRE(device, "device");
    ANNC_REQUIRE(candidates || count == 0, "candidates");
    struct sweep sweep = {.candidates = candidates,
                          .count = count,
                          .train = train_set,
                          .validation = validation,
                          .out = {.group = group ? group : &annc_group_alone,
                                  .candidates = candidates,
                                  .count = count,
                                  .stop = stop,
                                  .done = done,
                                  .context = context}};
    reset_results(candidates, count);
    if (count == 0)
        return ANNC_OK;
    annc_status status = annc_group_agree(group, annc_hand_out_open(&sweep.out));
    if (status == ANNC_OK)
        status = train_all(&sweep, device, group);
    annc_hand_out_close(&sweep.out);
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

/* Returns the loss of the validation set, which decides between equal merits. */
static double loss_of(const annc_candidate *candidate)
{
    const double loss = annc_run_kept(&candidate->result)->validation.loss;
    return isnan(loss) ? INFINITY : loss;
}

struct ranked {
    double merit, loss; /* of the validation set */
    uint32_t index;
};

static int by_merit(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->merit != b->merit)
        return a->merit > b->merit ? -1 : 1;
    if (a->loss != b->loss)
        return a->loss < b->loss ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

annc_status annc_sweep_rank(const annc_candidate *candidates, uint32_t count, uint32_t *ranked)
{
    ANNC_REQUIRE(candidates || count == 0, "candidates");
    ANNC_REQUIRE(ranked || count == 0, "ranked");
    struct ranked *list;
    ANNC_RETURN_IF_FAILED(annc_allocate(count, sizeof *list, "the ranks", (void **)&list));
    for (uint32_t i = 0; i < count; i++)
        list[i] = (struct ranked){annc_candidate_merit(&candidates[i]), loss_of(&candidates[i]), i};
    qsort(list, count, sizeof *list, by_merit);
    for (uint32_t i = 0; i < count; i++)
        ranked[i] = list[i].index;
    annc_release(list);
    return ANNC_OK;
}
