/* cross_validation.c - K-fold cross-validation, and the mean and deviation of its measures. */
#include "backend/backend.h"
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

/* Returns how many of the folds that are left train together, by the first of them; 1 if a
 * checkpoint or a limit is of one training. */
static uint32_t folds_at_once(const struct course *course, uint32_t left)
{
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

/* Trains one fold as a run of its own. */
static annc_status train_alone(const struct course *course)
{
    annc_status status = ANNC_OK;
    annc_candidate *candidate = &course->candidates[0];
    annc_run *run = NULL;
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
    return status;
}

static bool should_stop(void *context)
{
    const annc_folds_options *options = ((const struct course *)context)->options;
    return options->stop && options->stop(options->context);
}

/* Keeps the error of a candidate: it belongs to the thread that trained it. */
static void keep_reason(void *context, uint32_t i)
{
    annc_error_keep(&((const struct course *)context)->errors[i]);
}

static annc_status train_together(struct course *course, uint32_t count)
{
    const annc_device *device = course->device;
    const annc_device_options crew = {.kind = device->backend->kind, .threads = device->info.threads};
    return annc_sweep(&crew, course->candidates, count, NULL, NULL, should_stop, keep_reason, course);
}

/* Trains the next folds that train together, the first from a checkpoint unless that is NULL; moves
 * folds->fold behind them. */
static annc_status train_group(struct course *course, const annc_network *checkpoint)
{
    annc_status status = ANNC_OK;
    const annc_folds_options *options = course->options;
    const uint32_t first = course->folds->fold, left = options->folds - first;
    uint32_t count = 1, begun = 0;
    while (begun < count) {
        annc_candidate *candidate = &course->candidates[begun];
        memset(candidate, 0, sizeof *candidate);
        begun++;
        ANNC_TRY(options->begin(options->context, first + begun - 1, candidate));
        if (!candidate->options.validation) /* the results are of the examples held out */
            ANNC_TRY(annc_fail(ANNC_USAGE, "fold %u: " ANNC_FIELD("validation") " must not be NULL", first + begun));
        candidate->options.folds = course->folds;
        if (begun == 1)
            count = folds_at_once(course, left);
    }
    course->candidates[0].options.resume = checkpoint;
    ANNC_TRY(count == 1 ? train_alone(course) : train_together(course, count));
    for (uint32_t i = 0; i < count; i++)
        ANNC_TRY(finish(course, i));
    course->folds->fold = first + count;
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
