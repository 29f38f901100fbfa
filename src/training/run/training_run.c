/* training_run.c - one training from its first epoch to its end. */
#include "training/run/training_run.h"
#include "backend/backend.h"
#include "backend/group.h"
#include "backend/registry.h"
#include "base/allocate.h"
#include "base/clock.h"
#include "base/status.h"
#include "training/run/evaluate_beside.h"
#include "training/run/rank_checks.h"
#include "training/step/trainer.h"

#include <string.h>

const annc_run_state *annc_run_progress(const annc_run *run)
{
    return run ? &run->state : NULL;
}

const annc_outcome *annc_run_kept(const annc_run_state *state)
{
    if (!state)
        return NULL;
    return state->best.epoch.epoch > 0 ? &state->best : &state->last;
}

annc_trainer *annc_run_trainer(const annc_run *run)
{
    return run ? run->trainer : NULL;
}

bool annc_stop_when_set(void *context)
{
    return context && __atomic_load_n((const int *)context, __ATOMIC_RELAXED) != 0;
}

/* ---------------------------------------------------------------- opening */

/* Returns whether the test set may be evaluated beside the next epoch: the device can, and nothing
 * that the epoch needs depends on the result. */
static bool may_evaluate_beside(const annc_run *run)
{
    const annc_run_options *options = &run->options;
    return options->evaluate_beside && options->test && options->epochs > 1 && !options->validation &&
           options->target_accuracy == 0 && annc_group_size(options->group) == 1 && run->device->backend->open_beside &&
           !run->trainer->feed.streams;
}

/* Opens the evaluator of the test set beside the training; without memory for it, there is none. */
static void open_beside(annc_run *run)
{
    if (run->device->backend->open_beside(run->device, &run->beside) != ANNC_OK)
        return;
    if (annc_evaluator_create(run->beside, run->network, run->options.test, &run->test) == ANNC_OK &&
        annc_evaluator_may_run_beside(run->test))
        return;
    annc_evaluator_free(run->test);
    annc_device_close(run->beside);
    run->test = NULL;
    run->beside = NULL;
}

static annc_status open_evaluators(annc_run *run)
{
    const annc_run_options *options = &run->options;
    if (annc_group_rank(options->group) > 0) /* rank 0 evaluates for all */
        return ANNC_OK;
    if (may_evaluate_beside(run))
        open_beside(run);
    if (options->test && !run->test)
        ANNC_RETURN_IF_FAILED(annc_evaluator_create(run->device, run->network, options->test, &run->test));
    if (options->validation)
        ANNC_RETURN_IF_FAILED(annc_evaluator_create(run->device, run->network, options->validation, &run->validation));
    return ANNC_OK;
}

annc_status annc_run_create(annc_device *device, annc_network *network, const annc_dataset *train,
                            const annc_run_options *options, annc_run **result)
{
    ANNC_REQUIRE_RESULT(result, "run");
    ANNC_RETURN_IF_FAILED(annc_device_check(device));
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(train, "train");
    ANNC_REQUIRE(options, "options");
    annc_status status = ANNC_OK;
    annc_run *run = NULL;
    ANNC_TRY(annc_allocate(1, sizeof *run, "a run", (void **)&run));
    run->device = device;
    run->network = network;
    run->options = *options;
    run->state.classes = annc_dataset_has_classes(train);
    run->deadline = options->seconds > 0 ? annc_now() + options->seconds : 0;
    if (options->target_accuracy > 0 && !run->state.classes)
        ANNC_TRY(annc_fail(ANNC_USAGE, ANNC_FIELD_TARGET_ACCURACY " needs classes, but the data have targets"));
    ANNC_TRY(annc_ranks_check(device, network, train, options));
    ANNC_TRY(annc_trainer_create_in(device, network, train, &options->training,
                                    options->group ? options->group : &annc_group_alone, &run->trainer));
    if (annc_group_size(options->group) == 1) { /* ranks stop between steps, together */
        run->trainer->pass.stop = annc_run_ends_now;
        run->trainer->pass.context = run;
    }
    ANNC_TRY(open_evaluators(run));
    if (options->resume)
        ANNC_TRY(annc_run_resume(run));
    *result = run;
    run = NULL;
out:
    annc_run_free(run);
    return status;
}

void annc_run_free(annc_run *run)
{
    if (!run)
        return;
    annc_evaluator_free(run->test);
    annc_device_close(run->beside);
    annc_evaluator_free(run->validation);
    annc_trainer_free(run->trainer);
    annc_release(run);
}

/* ---------------------------------------------------------------- reasons to pause or end */

static bool is_stopped(const annc_run *run)
{
    return run->options.stop && run->options.stop(run->options.context);
}

static bool is_over_time(const annc_run *run)
{
    return run->deadline > 0 && annc_now() >= run->deadline;
}

static bool is_due(const annc_run *run)
{
    return run->due > 0 && annc_now() >= run->due;
}

bool annc_run_ends_now(void *context)
{
    annc_run *run = context;
    run->is_stopped = is_stopped(run);
    run->is_over_time = is_over_time(run);
    return run->is_stopped || run->is_over_time;
}

bool annc_run_pauses(void *context)
{
    annc_run *run = context;
    return (run->is_evaluating && annc_evaluator_has_ended(run->test)) || annc_run_ends_now(run) || is_due(run);
}

annc_status annc_run_ends(annc_run *run, bool *ends)
{
    annc_run_ends_now(run);
    ANNC_RETURN_IF_FAILED(annc_ranks_any(run->options.group, run->is_stopped, &run->is_stopped));
    ANNC_RETURN_IF_FAILED(annc_ranks_any(run->options.group, run->is_over_time, &run->is_over_time));
    *ends = run->is_stopped || run->is_over_time;
    return ANNC_OK;
}

static bool is_reached(const annc_run *run)
{
    const annc_outcome *last = &run->state.last;
    const annc_run_options *options = &run->options;
    const annc_evaluation *held_out = options->validation ? &last->validation : options->test ? &last->test : NULL;
    const double accuracy =
        held_out ? annc_evaluation_accuracy(held_out) : (double)last->epoch.correct / last->epoch.examples;
    return options->target_accuracy > 0 && accuracy >= options->target_accuracy;
}

annc_status annc_run_is_over(annc_run *run, bool *over)
{
    const annc_run_options *options = &run->options;
    annc_run_state *state = &run->state;
    *over = state->epochs >= options->epochs;
    if (!*over)
        ANNC_RETURN_IF_FAILED(annc_run_ends(run, over));
    state->ending = state->epochs >= options->epochs ? ANNC_ENDED_BY_EPOCHS
                    : run->is_stopped                ? ANNC_ENDED_BY_STOP
                    : run->is_over_time              ? ANNC_ENDED_BY_TIME
                    : state->epochs == 0             ? ANNC_ENDED_NOT
                    : is_reached(run)                ? ANNC_ENDED_BY_TARGET
                    : annc_patience_is_over(options->patience, state->epochs, state->best.epoch.epoch)
                        ? ANNC_ENDED_BY_PATIENCE
                        : ANNC_ENDED_NOT;
    *over = state->ending != ANNC_ENDED_NOT;
    return ANNC_OK;
}

/* ---------------------------------------------------------------- epochs */

/* Evaluates the current parameters on the run's data sets. */
static annc_status measure_here(annc_run *run, annc_outcome *outcome)
{
    if (run->beside) {
        ANNC_RETURN_IF_FAILED(annc_evaluator_begin(run->test, run->trainer));
        ANNC_RETURN_IF_FAILED(annc_evaluator_end(run->test, &outcome->test));
    } else if (run->test) {
        ANNC_RETURN_IF_FAILED(annc_evaluator_run(run->test, run->trainer, NULL, NULL, &outcome->test));
    }
    if (run->validation)
        ANNC_RETURN_IF_FAILED(annc_evaluator_run(run->validation, run->trainer, NULL, NULL, &outcome->validation));
    run->state.evaluation_seconds += outcome->test.seconds + outcome->validation.seconds;
    return run->options.health ? annc_trainer_health(run->trainer, outcome->health) : ANNC_OK;
}

/* The same on rank 0, for all ranks of a group: their decisions need equal bits. */
static annc_status measure(annc_run *run, annc_outcome *outcome)
{
    annc_group *group = run->options.group;
    if (annc_group_size(group) == 1)
        return measure_here(run, outcome);
    ANNC_RETURN_IF_FAILED(annc_group_agree(group, group->rank == 0 ? measure_here(run, outcome) : ANNC_OK));
    return group->broadcast(group, 0, outcome, sizeof *outcome);
}

/* Keeps the parameters of the best epoch. */
static annc_status keep_best(annc_run *run)
{
    annc_run_state *state = &run->state;
    if (!run->options.validation ||
        !annc_epoch_is_better(state->last.validation.loss, state->best.epoch.epoch, state->best.validation.loss))
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(annc_trainer_store(run->trainer)); /* what was best before stays so then */
    state->best = state->last;
    return ANNC_OK;
}

/* Takes the outcome of an epoch: keeps the best parameters, calls `each`. */
static annc_status take_outcome(annc_run *run, const annc_outcome *outcome)
{
    annc_run_state *state = &run->state;
    state->last = *outcome;
    state->epochs++;
    ANNC_RETURN_IF_FAILED(keep_best(run));
    return run->options.each ? annc_group_agree(run->options.group, run->options.each(run->options.context, run))
                             : ANNC_OK;
}

/* Ends the evaluation that runs beside an epoch, if one does, and takes its outcome. */
static annc_status end_evaluation(annc_run *run)
{
    if (!run->is_evaluating)
        return ANNC_OK;
    run->is_evaluating = false;
    ANNC_RETURN_IF_FAILED(annc_evaluator_end(run->test, &run->outcome.test));
    run->state.evaluation_seconds += run->outcome.test.seconds;
    return take_outcome(run, &run->outcome);
}

/* The same after steps that ended with `status`. Returns the first failure. */
static annc_status end_evaluation_after(annc_run *run, annc_status status)
{
    struct annc_kept_error first;
    if (status == ANNC_OK)
        return end_evaluation(run);
    annc_error_keep(&first);
    end_evaluation(run);
    return annc_fail_again(status, &first);
}

/* Trains one epoch to its end, with pauses for checkpoints and for the evaluation of the epoch
 * before. Of an interrupted epoch only the steps count. */
static annc_status train_epoch(annc_run *run, annc_epoch *report)
{
    for (;;) {
        bool ends;
        struct annc_kept_error stopped;
        const annc_status status = annc_trainer_epoch(run->trainer, annc_run_pauses, run, report);
        run->unfinished = report->seconds;
        if (status != ANNC_STOPPED)
            return end_evaluation_after(run, status);
        annc_error_keep(&stopped);
        const bool was_evaluating = run->is_evaluating;
        ANNC_RETURN_IF_FAILED(end_evaluation(run));
        ANNC_RETURN_IF_FAILED(annc_run_ends(run, &ends));
        if (ends)
            return annc_fail_again(status, &stopped);
        if (!was_evaluating || is_due(run))
            ANNC_RETURN_IF_FAILED(annc_run_save(run));
    }
}

/* Counts the seconds of an epoch that ended, and begins its outcome. */
static annc_status begin_outcome(annc_run *run, const annc_epoch *report, annc_outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    outcome->epoch = *report;
    run->state.seconds += run->unfinished;
    run->unfinished = 0;
    return annc_ranks_check_parameters(run->options.group, run->trainer, report->epoch);
}

/* Saves a checkpoint after an epoch, if one is due. */
static annc_status save_if_due(annc_run *run)
{
    const uint32_t every = run->options.checkpoint_epochs;
    bool saves;
    ANNC_RETURN_IF_FAILED(
        annc_ranks_any(run->options.group, is_due(run) || (every > 0 && run->state.epochs % every == 0), &saves));
    return saves ? annc_run_save(run) : ANNC_OK;
}

annc_status annc_run_count_epoch(annc_run *run, const annc_epoch *report)
{
    annc_outcome outcome;
    ANNC_RETURN_IF_FAILED(begin_outcome(run, report, &outcome));
    ANNC_RETURN_IF_FAILED(measure(run, &outcome));
    annc_trainer_report(run->trainer, run->options.validation ? outcome.validation.loss : outcome.epoch.loss);
    ANNC_RETURN_IF_FAILED(take_outcome(run, &outcome));
    return save_if_due(run);
}

/* Returns whether the evaluation of the epoch just trained may run beside the next: there is one,
 * and no checkpoint comes between. */
static bool may_go_on(const annc_run *run)
{
    const uint32_t epoch = run->state.epochs + 1, every = run->options.checkpoint ? run->options.checkpoint_epochs : 0;
    return run->beside && epoch < run->options.epochs && !is_due(run) && !(every > 0 && epoch % every == 0);
}

/* Begins the evaluation of an epoch beside the next. */
static annc_status begin_evaluation(annc_run *run, const annc_epoch *report)
{
    ANNC_RETURN_IF_FAILED(begin_outcome(run, report, &run->outcome));
    ANNC_RETURN_IF_FAILED(annc_evaluator_begin(run->test, run->trainer));
    run->is_evaluating = true;
    annc_trainer_report(run->trainer, report->loss);
    return run->options.health ? annc_trainer_health(run->trainer, run->outcome.health) : ANNC_OK;
}

/* Trains and evaluates one epoch. */
static annc_status one_epoch(annc_run *run)
{
    annc_epoch report;
    ANNC_RETURN_IF_FAILED(train_epoch(run, &report));
    return may_go_on(run) ? begin_evaluation(run, &report) : annc_run_count_epoch(run, &report);
}

/* Returns the status of a run whose epochs ended with `status`, and sets the ending of an
 * incomplete epoch. */
static annc_status final_status(annc_run *run, annc_status status)
{
    annc_run_state *state = &run->state;
    if (status == ANNC_STOPPED && !run->is_stopped) {
        state->ending = ANNC_ENDED_BY_TIME;
        return ANNC_OK;
    }
    if (status == ANNC_DIVERGED)
        state->ending = ANNC_ENDED_BY_DIVERGENCE;
    else if (status == ANNC_STOPPED)
        state->ending = ANNC_ENDED_BY_STOP;
    else if (status == ANNC_OK && state->ending == ANNC_ENDED_BY_STOP)
        return annc_fail(ANNC_STOPPED, "stopped after epoch %u", state->epochs);
    return status;
}

/* Saves a last checkpoint and the parameters; both are tried. */
static annc_status keep_end(annc_run *run, bool ended)
{
    const annc_status saved = annc_run_save(run);
    if (!ended || run->state.best.epoch.epoch > 0)
        return saved;
    const annc_status stored = annc_trainer_store(run->trainer);
    return saved == ANNC_OK ? stored : saved;
}

annc_status annc_run_finish(annc_run *run, annc_status status)
{
    struct annc_kept_error first;
    status = final_status(run, status);
    const bool ended = status == ANNC_OK || status == ANNC_STOPPED;
    annc_error_keep(&first);
    const annc_status kept = ended || status == ANNC_OUTPUT ? keep_end(run, ended) : ANNC_OK;
    run->state.seconds += run->unfinished;
    run->unfinished = 0;
    if (ended && kept != ANNC_OK)
        return kept;
    return status == ANNC_OK ? ANNC_OK : annc_fail_again(status, &first);
}

annc_status annc_run_begin(annc_run *run)
{
    const annc_run_options *options = &run->options;
    if (!options->resume)
        ANNC_RETURN_IF_FAILED(annc_run_save(run));
    return options->begun ? annc_group_agree(options->group, options->begun(options->context, run)) : ANNC_OK;
}

annc_status annc_run_train(annc_run *run)
{
    ANNC_REQUIRE(run, "run");
    bool over = false;
    ANNC_RETURN_IF_FAILED(annc_run_begin(run));
    annc_status status = annc_run_is_over(run, &over);
    while (status == ANNC_OK && !over) {
        status = one_epoch(run);
        if (status == ANNC_OK)
            status = annc_run_is_over(run, &over);
    }
    return annc_run_finish(run, end_evaluation_after(run, status));
}

annc_status annc_run_measure_unless_trained(annc_run *run)
{
    return run->state.epochs > 0 ? ANNC_OK : measure(run, &run->state.last);
}

annc_status annc_run_complete(annc_run *run)
{
    ANNC_RETURN_IF_FAILED(annc_run_train(run));
    return annc_run_measure_unless_trained(run);
}
