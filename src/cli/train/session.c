/* session.c - one training of one network. */
#include "cli/train/session.h"
#include "base/status.h"
#include "cli/log/history.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/options/training_from_options.h"
#include "cli/terminal/process.h"
#include "cli/terminal/usage.h"
#include "cli/train/live_line.h"
#include "cli/train/session_checkpoint.h"
#include "cli/train/session_state.h"
#include "cli/train/train_log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct outcome *session_outcome(const struct session *session)
{
    return session->has_best ? &session->best : &session->last;
}

double session_kept_epoch(const struct session *session)
{
    return session->has_best ? session->best.epoch.epoch : NAN;
}

/* ---------------------------------------------------------------- opening */

static annc_status make_network(struct session *session)
{
    const struct option_value *value = session->options->value;
    const annc_init init = annc_init_resolve((annc_init)value[OPTION_INIT].choice, &session->shape);
    const uint64_t seed = value[OPTION_SEED].whole;
    const char *from = session->checkpoint ? value[OPTION_RESUME].text : value[OPTION_LOAD].text;
    char layers[1024], activations[1024];
    print_layers(&session->shape, layers, sizeof layers);
    print_activations(&session->shape, activations, sizeof activations);
    if (!session->repeats)
        note(session->options, "network: %s, %s, %s cost, %zu parameters, %s %s, seed %llu", layers, activations,
             annc_cost_name(session->shape.cost), annc_shape_parameters(&session->shape),
             session->network ? "from" : "init", session->network ? from : annc_init_name(init),
             (unsigned long long)seed);
    if (session->network)
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(annc_network_create(&session->shape, &session->network));
    ANNC_RETURN_IF_FAILED(annc_network_initialise(session->network, session->device, init, seed));
    return annc_network_set_metadata(session->network, "annc.init", annc_init_name(init));
}

static annc_status make_evaluators(struct session *session)
{
    if (session->data.test)
        ANNC_RETURN_IF_FAILED(
            annc_evaluator_create(session->device, session->network, session->data.test, &session->test));
    if (session->data.validation)
        ANNC_RETURN_IF_FAILED(
            annc_evaluator_create(session->device, session->network, session->data.validation, &session->validation));
    return ANNC_OK;
}

annc_status session_prepare(struct session *session, const annc_data_options *source, bool may_fetch)
{
    annc_data_options parts = *source;
    if (session->checkpoint)
        ANNC_RETURN_IF_FAILED(annc_network_copy(session->checkpoint, &session->network));
    if (session->network)
        ANNC_RETURN_IF_FAILED(checkpoint_forget(session->network));
    parts.model = session->network;
    parts.need_train = true;
    ANNC_RETURN_IF_FAILED(
        load_data(session->options, session->options->value[OPTION_DATA].text, &parts, may_fetch, &session->data));
    if (session->options->value[OPTION_TARGET_ACCURACY].given && !annc_dataset_has_classes(session->data.train))
        return annc_fail(ANNC_USAGE, "--target-accuracy needs classes, and the data have targets");
    ANNC_RETURN_IF_FAILED(
        annc_training_fits(session->device, &session->shape, &session->training, session->data.train));
    ANNC_RETURN_IF_FAILED(make_network(session));
    ANNC_RETURN_IF_FAILED(weigh_classes(session->options, session->data.train, &session->class_weights));
    session->training.objective.class_weights = session->class_weights;
    if (session->training.batch > annc_dataset_examples(session->data.train)->count)
        note(session->options, "batch size reduced to %u, the number of examples",
             annc_dataset_examples(session->data.train)->count);
    return ANNC_OK;
}

annc_status session_open(struct session *session, const annc_data_options *source, bool may_fetch)
{
    ANNC_RETURN_IF_FAILED(session_prepare(session, source, may_fetch));
    ANNC_RETURN_IF_FAILED(annc_trainer_create(session->device, session->network, session->data.train,
                                              &session->training, &session->trainer));
    if (annc_trainer_window(session->trainer) < annc_dataset_examples(session->data.train)->count)
        note(session->options, "the examples do not fit on the device and come %u at a time",
             annc_trainer_window(session->trainer));
    if (session->checkpoint)
        ANNC_RETURN_IF_FAILED(session_restore(session));
    return make_evaluators(session);
}

void session_end_training(struct session *session)
{
    annc_evaluator_free(session->test);
    annc_evaluator_free(session->validation);
    annc_trainer_free(session->trainer);
    session->test = session->validation = NULL;
    session->trainer = NULL;
}

void session_close(struct session *session)
{
    session_end_training(session);
    annc_network_free(session->network);
    annc_data_free(&session->data);
    history_free(&session->history);
    free(session->class_weights);
    memset(session, 0, sizeof *session);
}

/* ---------------------------------------------------------------- epochs */

static bool is_over(const struct session *session)
{
    return session->deadline > 0 && since_start() >= session->deadline;
}

static bool is_due(const struct session *session)
{
    return session->due > 0 && since_start() >= session->due;
}

/* Returns whether the steps should pause, for good or for a checkpoint; otherwise updates the
 * progress line. */
static bool should_pause(void *context)
{
    struct session *session = context;
    live_draw(&session->live, session->epochs, annc_trainer_progress(session->trainer));
    return stop_signal() != 0 || is_over(context) || is_due(context);
}

static annc_status measure(struct session *session, struct outcome *outcome)
{
    if (session->test)
        ANNC_RETURN_IF_FAILED(annc_evaluator_run(session->test, session->trainer, NULL, NULL, &outcome->test));
    if (session->validation)
        ANNC_RETURN_IF_FAILED(
            annc_evaluator_run(session->validation, session->trainer, NULL, NULL, &outcome->validation));
    if (!session->fold && (session->log || session->options->value[OPTION_JSON].given))
        ANNC_RETURN_IF_FAILED(annc_trainer_health(session->trainer, outcome->health));
    session->test_seconds += session->test ? outcome->test.seconds : 0;
    session->test_seconds += session->validation ? outcome->validation.seconds : 0;
    return ANNC_OK;
}

/* Keeps the numbers of an epoch for its curves. */
static void remember(struct session *session)
{
    const struct outcome *last = &session->last;
    const bool classes = annc_dataset_has_classes(session->data.train);
    double row[EPOCH_COLUMNS];
    if (!session->options->value[OPTION_PLOT].given)
        return;
    for (int i = 0; i < EPOCH_COLUMNS; i++)
        row[i] = NAN;
    row[EPOCH] = last->epoch.epoch;
    row[TRAINING_LOSS] = last->epoch.loss;
    if (classes)
        row[TRAINING_ACCURACY] = (double)last->epoch.correct / last->epoch.examples;
    if (session->validation) {
        row[VALIDATION_LOSS] = last->validation.loss;
        row[classes ? VALIDATION_ACCURACY : VALIDATION_R2] =
            classes ? annc_evaluation_accuracy(&last->validation) : last->validation.r2;
    }
    if (session->test) {
        row[TEST_LOSS] = last->test.loss;
        row[classes ? TEST_ACCURACY : TEST_R2] = classes ? annc_evaluation_accuracy(&last->test) : last->test.r2;
    }
    history_add(&session->history, row);
}

/* Returns the best epoch so far; 0 before the first. */
static uint32_t best_epoch(const struct session *session)
{
    return session->has_best ? session->best.epoch.epoch : 0;
}

/* Keeps the best parameters by validation. */
static annc_status keep_best(struct session *session)
{
    if (!session->validation ||
        !annc_epoch_is_better(session->last.validation.loss, best_epoch(session), session->best.validation.loss))
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(annc_trainer_store(session->trainer)); /* what was best before stays so then */
    session->best = session->last;
    session->has_best = true;
    return ANNC_OK;
}

/* Returns whether the training has reached the requested result. */
static bool is_reached(const struct session *session)
{
    const struct option_value *wanted = &session->options->value[OPTION_TARGET_ACCURACY];
    const struct outcome *last = &session->last;
    const double reached = session->validation ? annc_evaluation_accuracy(&last->validation)
                           : session->test     ? annc_evaluation_accuracy(&last->test)
                                               : (double)last->epoch.correct / last->epoch.examples;
    return wanted->given && reached >= wanted->number;
}

/* Trains and evaluates one epoch. Of an interrupted epoch only the steps count. */
static annc_status one_epoch(struct session *session, annc_status (*each)(const struct session *))
{
    struct outcome outcome = {.epoch = {0}};
    annc_status status = annc_trainer_epoch(session->trainer, should_pause, session, &outcome.epoch);
    session->unfinished = outcome.epoch.seconds;
    if (status == ANNC_STOPPED && !stop_signal() && !is_over(session))
        return session_save(session);
    ANNC_RETURN_IF_FAILED(status);
    session->seconds += session->unfinished;
    session->unfinished = 0;
    ANNC_RETURN_IF_FAILED(measure(session, &outcome));
    session->last = outcome;
    session->epochs++;
    annc_trainer_report(session->trainer, session->validation ? outcome.validation.loss : outcome.epoch.loss);
    status = keep_best(session);
    remember(session);
    live_epoch(&session->live, outcome.epoch.loss);
    live_hide(&session->live);
    if (status == ANNC_OK)
        status = each(session);
    live_show(&session->live);
    const bool wanted = is_due(session) || (session->every_epochs > 0 && session->epochs % session->every_epochs == 0);
    return status == ANNC_OK && wanted ? session_save(session) : status;
}

/* Returns whether the training ends after this epoch, and sets the reason. */
static bool ends(struct session *session)
{
    const uint64_t epochs = session->options->value[OPTION_EPOCHS].whole;
    session->ending = session->epochs >= epochs ? ENDED_BY_EPOCHS
                      : stop_signal()           ? ENDED_BY_SIGNAL
                      : is_over(session)        ? ENDED_BY_TIME
                      : session->epochs == 0    ? ENDED_BY_EPOCHS
                      : is_reached(session)     ? ENDED_BY_TARGET
                      : annc_patience_is_over((uint32_t)session->options->value[OPTION_PATIENCE].whole, session->epochs,
                                              best_epoch(session))
                          ? ENDED_BY_PATIENCE
                          : ENDED_BY_EPOCHS;
    return session->epochs >= epochs || session->ending != ENDED_BY_EPOCHS;
}

/* Opens the progress line, unless it would mix with lines for scripts, or the training is one of
 * several. */
static void open_live(struct session *session)
{
    const struct option_value *value = session->options->value;
    if (!value[OPTION_QUIET].given && !session->folds && !(value[OPTION_JSON].given && isatty(STDOUT_FILENO)))
        live_open(&session->live, (uint32_t)value[OPTION_EPOCHS].whole, session->epochs,
                  annc_dataset_examples(session->data.train)->count, session->deadline);
}

/* Returns the final status of a training that ended with `status`, and sets the ending of an
 * incomplete epoch. */
static annc_status final_status(struct session *session, annc_status status)
{
    if (status == ANNC_STOPPED && !stop_signal()) { /* ended by the time limit */
        session->ending = ENDED_BY_TIME;
        return ANNC_OK;
    }
    if (status == ANNC_STOPPED) {
        session->ending = ENDED_BY_SIGNAL;
        snprintf(session->stopped, sizeof session->stopped, "%s", error_text());
    } else if (status == ANNC_OK && session->ending == ENDED_BY_SIGNAL) {
        snprintf(session->stopped, sizeof session->stopped, "stopped after epoch %u", session->epochs);
        return ANNC_STOPPED;
    }
    return status;
}

/* Returns the stop policy of a training. Epochs that only this process has are worth waiting for;
 * with a checkpoint of all but the current epoch, the process ends soon. A second signal ends it at
 * once. */
static enum stop_policy patience_for(const struct session *session)
{
    const struct option_value *value = session->options->value;
    const bool is_kept = value[OPTION_CHECKPOINT].text && session->kept_epochs == session->epochs;
    return (value[OPTION_SAVE].text || value[OPTION_CHECKPOINT].text) && !is_kept ? END_WHEN_ASKED : END_SOON;
}

annc_status session_train(struct session *session, annc_status (*each)(const struct session *))
{
    struct kept_error first;
    annc_status status = ANNC_OK;
    if (!session->checkpoint)
        ANNC_RETURN_IF_FAILED(session_save(session)); /* a checkpoint exists from the start */
    ANNC_RETURN_IF_FAILED(log_begin(session));
    open_live(session);
    while (status == ANNC_OK && !ends(session)) {
        set_stop_policy(patience_for(session));
        status = one_epoch(session, each);
    }
    set_stop_policy(END_WHEN_ASKED); /* the result is to be saved */
    live_hide(&session->live);
    status = final_status(session, status);
    const bool ended = status == ANNC_OK || status == ANNC_STOPPED;
    keep_error(&first); /* the final error must not hide the first */
    annc_status kept = ended || status == ANNC_OUTPUT ? session_save(session) : ANNC_OK;
    if (ended && !session->has_best) {
        const annc_status stored = annc_trainer_store(session->trainer);
        kept = kept == ANNC_OK ? stored : kept;
    }
    if (kept == ANNC_OK && ended)
        kept = annc_trainer_health(session->trainer, session->last.health);
    session->seconds += session->unfinished;
    session->unfinished = 0;
    if (!ended)
        return fail_again(status, &first);
    return kept != ANNC_OK ? kept : status;
}
