/* session.c - one training of one network. */
#include "cli/train/session.h"
#include "base/status.h"
#include "cli/log/history.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/options/training_from_options.h"
#include "cli/terminal/process.h"
#include "cli/terminal/ranks.h"
#include "cli/terminal/usage.h"
#include "cli/train/live_line.h"
#include "cli/train/saving.h"
#include "cli/train/session_state.h"
#include "cli/train/train_log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const annc_outcome *session_outcome(const struct session *session)
{
    return annc_run_kept(&session->state);
}

double session_mean_loss(const annc_epoch *epoch)
{
    return epoch->loss / epoch->steps;
}

/* Returns the epochs that a model had before `own` of this run; of an implausible number none. */
static uint32_t earlier_epochs(const annc_network *network, uint32_t own)
{
    const char *text = annc_network_metadata(network, "annc.epochs");
    const unsigned long long epochs = text ? strtoull(text, NULL, 10) : 0;
    return epochs >= own && epochs < INT32_MAX ? (uint32_t)epochs - own : 0;
}

double session_kept_epoch(const struct session *session)
{
    const uint32_t best = session->state.best.epoch.epoch;
    return best > 0 ? session_epoch(session, best) : NAN;
}

/* ---------------------------------------------------------------- callbacks of the run */

/* Returns the stop policy of a training. Epochs that only this process has are worth waiting for;
 * with a checkpoint of all but the current epoch, the process ends soon. Ranks end together. A
 * second signal ends the process at once. */
static enum stop_policy patience_for(const struct session *session)
{
    const struct option_value *value = session->options->value;
    const bool is_kept = value[OPTION_CHECKPOINT].text && session->state.saved_epochs == session->state.epochs;
    const bool is_kept_here = !(value[OPTION_SAVE].text || value[OPTION_CHECKPOINT].text) || is_kept;
    return ranks_count() == 1 && is_kept_here ? END_SOON : END_WHEN_ASKED;
}

/* Updates the progress line and the stop policy between blocks of steps. */
static bool between_steps(void *context)
{
    struct session *session = context;
    if (session->run)
        live_draw(&session->live, session_epoch(session, session->state.epochs),
                  annc_trainer_progress(annc_run_trainer(session->run)));
    const bool stop = stop_signal() != 0;
    set_stop_policy(stop ? END_WHEN_ASKED : patience_for(session)); /* a last checkpoint is near */
    return stop;
}

static annc_status run_begun(void *context, const annc_run *run)
{
    struct session *session = context;
    session->state = *annc_run_progress(run);
    if (ranks_count() == 1)
        set_stop_policy(END_SOON);                /* nothing is lost before the first steps end */
    if (session->fold > 0 && session->checkpoint) /* otherwise session_open has said it */
        note_resumed(session, run);
    return session->fold > 0 ? ANNC_OK : log_begin(session); /* the folds have begun it */
}

/* Keeps the numbers of an epoch for its curves. */
static void remember(struct session *session)
{
    const annc_outcome *last = &session->state.last;
    const bool classes = annc_dataset_has_classes(session->data.train);
    double row[EPOCH_COLUMNS];
    if (!session->options->value[OPTION_PLOT].given)
        return;
    for (int i = 0; i < EPOCH_COLUMNS; i++)
        row[i] = NAN;
    row[EPOCH] = session_epoch(session, last->epoch.epoch);
    row[TRAINING_LOSS] = session_mean_loss(&last->epoch);
    if (classes)
        row[TRAINING_ACCURACY] = (double)last->epoch.correct / last->epoch.examples;
    if (session->data.validation) {
        row[VALIDATION_LOSS] = last->validation.loss;
        row[classes ? VALIDATION_ACCURACY : VALIDATION_R2] =
            classes ? annc_evaluation_accuracy(&last->validation) : last->validation.r2;
    }
    if (session->data.test) {
        row[TEST_LOSS] = last->test.loss;
        row[classes ? TEST_ACCURACY : TEST_R2] = classes ? annc_evaluation_accuracy(&last->test) : last->test.r2;
    }
    history_add(&session->history, row);
}

static annc_status after_epoch(void *context, const annc_run *run)
{
    struct session *session = context;
    session->state = *annc_run_progress(run);
    remember(session);
    live_epoch(&session->live, session->state.last.epoch.loss);
    live_hide(&session->live);
    const annc_status status = session->each(session);
    live_show(&session->live);
    return status;
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

/* Makes the options of the run from those of the command line and the data. */
static void complete_run_options(struct session *session)
{
    const struct option_value *value = session->options->value;
    annc_run_options *run = &session->run_options;
    run->epochs = (uint32_t)value[OPTION_EPOCHS].whole;
    run->validation = session->data.validation;
    run->test = session->data.test;
    run->patience = (uint32_t)value[OPTION_PATIENCE].whole;
    run->target_accuracy = value[OPTION_TARGET_ACCURACY].given ? value[OPTION_TARGET_ACCURACY].number : 0;
    run->seconds = session->deadline > 0 ? fmax(session->deadline - since_start(), 1e-9) : 0;
    run->health = session->fold == 0 && (session->log || value[OPTION_JSON].given);
    run->evaluate_beside = true;
    run->checkpoint = value[OPTION_CHECKPOINT].text;
    run->resume = session->checkpoint;
    run->training.objective.class_weights = session->class_weights;
    run->begun = run_begun;
    run->each = after_epoch;
    run->stop = between_steps;
    run->describe = describe_checkpoint;
    run->context = session;
    run->group = session->fold > 0 ? NULL : ranks_group(); /* folds are distributed whole */
}

/* Checks, before the work, that the model and its checkpoints could be loaded again. */
static annc_status check_saving(struct session *session)
{
    const struct option_value *value = session->options->value;
    if (!value[OPTION_SAVE].text && !value[OPTION_CHECKPOINT].text)
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(describe_network(session, 0, session->network));
    return annc_model_check(session->network);
}

annc_status session_open_device(struct session *session)
{
    return device_from_options(session->options, &session->shape, &session->run_options.training, session->data.train,
                               &session->device);
}

annc_status session_prepare(struct session *session, const annc_data_options *source, bool may_fetch,
                            annc_status (*each)(const struct session *session))
{
    annc_data_options parts = *source;
    session->each = each;
    if (session->checkpoint)
        ANNC_RETURN_IF_FAILED(annc_network_copy(session->checkpoint, &session->network));
    if (session->network)
        ANNC_RETURN_IF_FAILED(annc_checkpoint_strip(session->network));
    if (session->network && !session->checkpoint)
        session->earlier = earlier_epochs(session->network, 0);
    parts.model = session->network;
    parts.need_train = true;
    if (!session->data.train) /* otherwise the options were chosen by these data */
        ANNC_RETURN_IF_FAILED(
            load_data(session->options, session->options->value[OPTION_DATA].text, &parts, may_fetch, &session->data));
    if (!session->device)
        ANNC_RETURN_IF_FAILED(session_open_device(session));
    ANNC_RETURN_IF_FAILED(
        annc_training_fits(session->device, &session->shape, &session->run_options.training, session->data.train));
    ANNC_RETURN_IF_FAILED(make_network(session));
    ANNC_RETURN_IF_FAILED(check_saving(session));
    ANNC_RETURN_IF_FAILED(weigh_classes(session->options, session->data.train, &session->class_weights));
    complete_run_options(session);
    if (session->run_options.training.batch > annc_dataset_total(session->data.train))
        note(session->options, "batch size reduced to %u, the number of examples",
             annc_dataset_total(session->data.train));
    return ANNC_OK;
}

annc_status session_open(struct session *session)
{
    const uint32_t count = annc_dataset_total(session->data.train);
    const annc_status status =
        annc_run_create(session->device, session->network, session->data.train, &session->run_options, &session->run);
    if (status != ANNC_OK)
        return session->checkpoint ? name_checkpoint(session, status) : status;
    session->state = *annc_run_progress(session->run);
    if (session->checkpoint)
        session->earlier = earlier_epochs(session->checkpoint, session->state.epochs);
    const uint32_t window = annc_trainer_window(annc_run_trainer(session->run));
    if (window < count)
        note(session->options, "the examples do not fit on the device and are copied there %u at a time", window);
    if (session->checkpoint)
        note_resumed(session, session->run);
    return ANNC_OK;
}

void session_end_training(struct session *session)
{
    annc_run_free(session->run);
    session->run = NULL;
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

/* ---------------------------------------------------------------- training */

/* Opens the progress line, unless it would mix with lines for scripts. */
static void open_live(struct session *session)
{
    const struct option_value *value = session->options->value;
    if (!value[OPTION_QUIET].given && !(value[OPTION_JSON].given && isatty(STDOUT_FILENO)))
        live_open(&session->live, session_epoch(session, (uint32_t)value[OPTION_EPOCHS].whole),
                  session_epoch(session, session->state.epochs), annc_dataset_total(session->data.train),
                  session->deadline);
}

annc_status session_train(struct session *session)
{
    open_live(session);
    const annc_status status = annc_run_train(session->run);
    set_stop_policy(END_WHEN_ASKED); /* the result is to be saved */
    live_hide(&session->live);
    session->state = *annc_run_progress(session->run);
    if (status != ANNC_OK && status != ANNC_STOPPED)
        return status;
    const annc_status measured = annc_trainer_health(annc_run_trainer(session->run), session->health);
    return measured == ANNC_OK ? status : measured;
}
