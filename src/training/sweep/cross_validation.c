/* cross_validation.c - K-fold cross-validation, and the mean and deviation of its measures. */
#include "backend/backend.h"
#include "backend/group.h"
#include "backend/registry.h"
#include "base/allocate.h"
#include "base/status.h"
#include "training/run/training_run.h"
#include "training/step/engine_choice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- mean and deviation */

void annc_spread_add(annc_spread *spread, double value)
{
    if (!spread)
        return;
    spread->sum += value;
    spread->squares += value * value;
    spread->count++;
}

double annc_spread_mean(const annc_spread *spread)
{
    if (!spread || spread->count == 0)
        return NAN;
    return spread->sum / spread->count;
}

double annc_spread_deviation(const annc_spread *spread)
{
    if (!spread || spread->count == 0)
        return NAN;
    if (spread->count < 2)
        return 0;
    const double mean = annc_spread_mean(spread),
                 variance = (spread->squares - spread->count * mean * mean) / (spread->count - 1);
    return variance > 0 ? sqrt(variance) : 0;
}

/* ---------------------------------------------------------------- folds */

static void count_fold(const annc_run_state *state, annc_folds *folds)
{
    const annc_evaluation *validation = &annc_run_kept(state)->validation;
    folds->classes = state->classes;
    annc_spread_add(&folds->accuracy, annc_evaluation_accuracy(validation));
    annc_spread_add(&folds->loss, validation->loss);
    annc_spread_add(&folds->r2, validation->r2);
    annc_spread_add(&folds->rmse, validation->rmse);
    annc_spread_add(&folds->mae, validation->mae);
}

/* A cross-validation, with room for the folds that train together. */
struct course {
    annc_device *device;
    const annc_folds_options *options;
    annc_folds *folds;
    annc_candidate *candidates;
    struct annc_kept_error *errors; /* of the candidates */
};

/* Adds the result of a fold, and tells it. */
static annc_status finish(const struct course *course, uint32_t i)
{
    const annc_folds_options *options = course->options;
    const annc_candidate *candidate = &course->candidates[i];
    const uint32_t fold = course->folds->fold + i;
    if (candidate->status != ANNC_OK)
        return annc_fail(candidate->status, "fold %u: %s", fold + 1, course->errors[i].text);
    count_fold(&candidate->result, course->folds);
    return options->done ? options->done(options->context, fold, candidate) : ANNC_OK;
}

/* Returns how many of the folds that are left train together, by the first of them: in a group all;
 * 1 if a checkpoint or a limit is of one training. */
static uint32_t folds_at_once(const struct course *course, uint32_t left)
{
    if (annc_group_size(course->options->group) > 1)
        return left;
    const annc_candidate *candidate = &course->candidates[0];
    const annc_run_options *run = &candidate->options;
    if (course->options->checkpoint || run->checkpoint || run->target_accuracy > 0 || run->seconds > 0 ||
        !candidate->network || annc_training_check(&run->training, annc_network_shape(candidate->network)) != ANNC_OK)
        return 1;
    const struct annc_job job = {.shape = annc_network_shape(candidate->network),
                                 .batch = run->training.batch,
                                 .training = &run->training,
                                 .examples = annc_dataset_examples(candidate->train)};
    return annc_device_at_once(course->device, &job, left);
}

static void tell_trained(const struct course *course, uint32_t i)
{
    const annc_folds_options *options = course->options;
    if (options->trained)
        options->trained(options->context, course->folds->fold + i, &course->candidates[i]);
}

/* Trains one fold as a run of its own. */
static annc_status train_alone(const struct course *course)
{
    annc_status status = ANNC_OK;
    annc_candidate *candidate = &course->candidates[0];
    annc_run *run = NULL;
    if (candidate->is_complete)
        return ANNC_OK;
    ANNC_TRY(annc_run_create(course->device, candidate->network, candidate->train, &candidate->options, &run));
    ANNC_TRY(annc_run_complete(run));
    if (run->state.ending == ANNC_ENDED_BY_TIME) /* the mean needs all folds */
        ANNC_TRY(annc_fail(ANNC_FAILURE, "the time limit was reached in fold %u of %u", course->folds->fold + 1,
                           course->options->folds));
out:
    if (run)
        candidate->result = run->state;
    candidate->status = status;
    annc_run_free(run);
    if (status == ANNC_OK)
        tell_trained(course, 0);
    return status;
}

static bool should_stop(void *context)
{
    const annc_folds_options *options = ((const struct course *)context)->options;
    return options->stop && options->stop(options->context);
}

/* Reports a candidate, or keeps its error, which belongs to the thread that trained it. */
static void keep_result(void *context, uint32_t i)
{
    const struct course *course = context;
    if (course->candidates[i].status == ANNC_OK)
        tell_trained(course, i);
    else
        annc_error_keep(&course->errors[i]);
}

static annc_status train_together(struct course *course, uint32_t count)
{
    const annc_device *device = course->device;
    const annc_device_options crew = {.kind = device->backend->kind, .threads = device->info.threads};
    return annc_sweep(&crew, course->options->group, course->candidates, count, NULL, NULL, should_stop, keep_result,
                      course);
}

/* Prepares the next folds that train together, and counts those begun. */
static annc_status begin_folds(const struct course *course, uint32_t *count, uint32_t *begun)
{
    const annc_folds_options *options = course->options;
    const uint32_t first = course->folds->fold, left = options->folds - first;
    for (*count = 1; *begun < *count;) {
        annc_candidate *candidate = &course->candidates[*begun];
        memset(candidate, 0, sizeof *candidate);
        ++*begun;
        ANNC_RETURN_IF_FAILED(options->begin(options->context, first + *begun - 1, candidate));
        if (!candidate->options.validation) /* the results are of the examples held out */
            return annc_fail(ANNC_USAGE, "fold %u: " ANNC_FIELD("validation") " must not be NULL", first + *begun);
        if (annc_group_size(options->group) > 1 && (candidate->options.checkpoint || candidate->options.seconds > 0))
            return annc_fail(ANNC_USAGE,
                             "fold %u: " ANNC_FIELD("checkpoint") " and " ANNC_FIELD("seconds") " must be 0 in a group",
                             first + *begun);
        candidate->options.folds = course->folds;
        if (*begun == 1)
            *count = folds_at_once(course, left);
    }
    return ANNC_OK;
}

/* Adds the results of `count` folds; in a group rank 0, which has them, does it for all. */
static annc_status finish_folds(const struct course *course, uint32_t count)
{
    annc_status status = ANNC_OK;
    annc_group *group = course->options->group;
    for (uint32_t i = 0; i < count && annc_group_rank(group) == 0 && status == ANNC_OK; i++)
        status = finish(course, i);
    ANNC_RETURN_IF_FAILED(annc_group_agree(group, status));
    course->folds->fold += count;
    return annc_group_size(group) > 1 ? group->broadcast(group, 0, course->folds, sizeof *course->folds) : ANNC_OK;
}

/* Trains the next folds that train together, the first from a checkpoint unless that is NULL; moves
 * folds->fold behind them. */
static annc_status train_group(struct course *course, const annc_network *checkpoint)
{
    annc_status status = ANNC_OK;
    const annc_folds_options *options = course->options;
    const uint32_t first = course->folds->fold;
    uint32_t count = 1, begun = 0;
    ANNC_TRY(annc_group_agree(options->group, begin_folds(course, &count, &begun)));
    course->candidates[0].options.resume = checkpoint;
    ANNC_TRY(count == 1 ? train_alone(course) : train_together(course, count));
    ANNC_TRY(finish_folds(course, count));
out:
    for (uint32_t i = 0; i < begun && options->end; i++)
        options->end(options->context, first + i, &course->candidates[i]);
    return status;
}

annc_status annc_cross_validate(annc_device *device, const annc_folds_options *options, annc_folds *folds)
{
    ANNC_RETURN_IF_FAILED(annc_device_check(device));
    ANNC_REQUIRE(options, "options");
    ANNC_REQUIRE(folds, "folds");
    ANNC_REQUIRE(options->begin, "begin");
    annc_status status = ANNC_OK;
    struct course course = {.device = device, .options = options, .folds = folds};
    if (options->folds < 2)
        return annc_fail(ANNC_USAGE, ANNC_FIELD_FOLDS " is %u: it must be 2 or more", options->folds);
    const size_t most = options->folds;
    memset(folds, 0, sizeof *folds);
    if (options->checkpoint)
        ANNC_TRY(annc_folds_restore(options->checkpoint, folds));
    if (folds->fold >= options->folds)
        ANNC_TRY(
            annc_fail(ANNC_INPUT, "the checkpoint is of fold %u, but there are %u", folds->fold + 1, options->folds));
    ANNC_TRY(annc_allocate(most, sizeof *course.candidates, "the folds", (void **)&course.candidates));
    ANNC_TRY(annc_allocate(most, sizeof *course.errors, "the folds", (void **)&course.errors));
    for (const annc_network *checkpoint = options->checkpoint; folds->fold < options->folds; checkpoint = NULL)
        ANNC_TRY(train_group(&course, checkpoint));
out:
    annc_release(course.candidates);
    annc_release(course.errors);
    return status;
}
