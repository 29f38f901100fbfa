/* folds.c - K-fold cross-validation. */
#include "cli/train/folds.h"
#include "base/status.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"
#include "cli/terminal/ranks.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"
#include "cli/train/kept_networks.h"
#include "cli/train/saving.h"
#include "cli/train/session.h"
#include "cli/train/session_state.h"
#include "cli/train/train_log.h"
#include "cli/train/training_output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct folds_session {
    const struct session *model; /* what is common to all folds */
    const annc_data_options *source;
    struct session **sessions; /* of the folds in training */
    uint64_t *fingerprints;    /* of their data, with --save-all */
    uint32_t begun, trained;   /* folds; trained: those that were already, too */
    char data[512];            /* source of the data */
    bool is_over_time;         /* the time limit has ended a fold */
    annc_status kept;          /* result of --save-all, and its error */
    struct annc_kept_error error;
};

/* ---------------------------------------------------------------- output */

static FILE *json_out(const struct options *options)
{
    return options->value[OPTION_JSON].given ? stdout : NULL;
}

static annc_status print_fold(const struct session *session)
{
    const struct option_value *value = session->options->value;
    const annc_outcome *outcome = session_outcome(session);
    FILE *out = value[OPTION_QUIET].given ? NULL : json_out(session->options);
    struct json json;
    if (out || session->log) {
        json_begin(&json, "annc.fold/1");
        json_whole(&json, "fold", session->fold);
        json_whole(&json, "training_count", annc_dataset_examples(session->data.train)->count);
        json_whole(&json, "epochs", session->state.epochs);
        json_whole(&json, "best_epoch", outcome->epoch.epoch);
        json_measures(&json, session, "validation_", &outcome->validation);
        json_number(&json, "seconds", session->state.seconds);
        ANNC_RETURN_IF_FAILED(json_end(&json, out, session->log));
    }
    if (value[OPTION_QUIET].given || value[OPTION_JSON].given)
        return ANNC_OK;
    if (annc_dataset_has_classes(session->data.train))
        printf("Fold %u:  acc: %.2f%% (%u / %u)  best epoch %u of %u\n", session->fold,
               100 * annc_evaluation_accuracy(&outcome->validation), outcome->validation.correct,
               outcome->validation.count, outcome->epoch.epoch, session->state.epochs);
    else
        printf("Fold %u:  R2: %.4f  RMSE: %.4g  best epoch %u of %u\n", session->fold, outcome->validation.r2,
               outcome->validation.rmse, outcome->epoch.epoch, session->state.epochs);
    return flush(stdout, "standard output");
}

static void json_spread(struct json *json, const char *name, const annc_spread *spread)
{
    char key[32];
    snprintf(key, sizeof key, "%s_mean", name);
    json_number(json, key, annc_spread_mean(spread));
    snprintf(key, sizeof key, "%s_sd", name);
    json_number(json, key, annc_spread_deviation(spread));
}

static annc_status print_folds(const struct folds_session *all, const annc_folds *folds)
{
    const struct session *model = all->model;
    const uint32_t count = all->source->folds;
    FILE *out = json_out(model->options);
    struct json json;
    if (out || model->log) {
        json_begin(&json, "annc.folds/1");
        json_network(&json, model);
        json_text(&json, "data", all->data);
        json_whole(&json, "folds", count);
        if (folds->classes) {
            json_spread(&json, "accuracy", &folds->accuracy);
        } else {
            json_spread(&json, "r2", &folds->r2);
            json_spread(&json, "rmse", &folds->rmse);
            json_spread(&json, "mae", &folds->mae);
        }
        json_spread(&json, "loss", &folds->loss);
        json_number(&json, "wall_seconds", since_start());
        json_configuration(&json, model);
        ANNC_RETURN_IF_FAILED(json_end(&json, out, model->log));
    }
    if (out)
        return ANNC_OK;
    if (model->options->value[OPTION_EPOCHS].whole > 1)
        note(model->options, "each fold is scored at its best epoch by validation loss, which flatters a little");
    if (folds->classes)
        printf("%u folds:  acc: %.2f%% +- %.2f%%\n", count, 100 * annc_spread_mean(&folds->accuracy),
               100 * annc_spread_deviation(&folds->accuracy));
    else
        printf("%u folds:  R2: %.4f +- %.4f  RMSE: %.4g +- %.2g\n", count, annc_spread_mean(&folds->r2),
               annc_spread_deviation(&folds->r2), annc_spread_mean(&folds->rmse), annc_spread_deviation(&folds->rmse));
    return flush(stdout, "standard output");
}

/* ---------------------------------------------------------------- callbacks */

/* Folds of other ranks have no lines of epochs here, and so those of rank 0 have none either. */
static annc_status log_no_epoch(const struct session *session)
{
    (void)session;
    return ANNC_OK;
}

/* Restores a fold that an interrupted command has saved. */
static annc_status restore_fold(struct folds_session *all, uint32_t fold, annc_candidate *candidate)
{
    const struct session *session = all->sessions[fold];
    if (!session->options->value[OPTION_SAVE_ALL].text)
        return ANNC_OK;
    all->fingerprints[fold] = kept_networks_fingerprint(&session->data);
    ANNC_RETURN_IF_FAILED(restore_kept_network(session, fold, all->fingerprints[fold], candidate));
    all->trained += candidate->is_complete;
    if (candidate->is_complete)
        note(session->options, "fold %u is already trained", fold + 1);
    return ANNC_OK;
}

static annc_status begin(void *context, uint32_t fold, annc_candidate *candidate)
{
    struct folds_session *all = context;
    struct session *session = take_memory(1, sizeof *session, "a fold");
    annc_data_options parts = *all->source;
    all->sessions[fold] = session;
    *session = *all->model;
    parts.fold = fold;
    session->fold = fold + 1;
    session->checkpoint = all->begun == 0 ? all->model->checkpoint : NULL;
    session->repeats = all->begun > 0;
    ANNC_RETURN_IF_FAILED(
        session_prepare(session, &parts, all->begun == 0, ranks_count() > 1 ? log_no_epoch : log_epoch));
    if (all->begun == 0) {
        snprintf(all->data, sizeof all->data, "%s", session->data.description);
        print_balance(session);
        ANNC_RETURN_IF_FAILED(log_begin(session));
    }
    all->begun++;
    *candidate =
        (annc_candidate){.network = session->network, .options = session->run_options, .train = session->data.train};
    return restore_fold(all, fold, candidate);
}

/* Saves a fold as soon as it is trained. */
static void keep_fold(void *context, uint32_t fold, const annc_candidate *candidate)
{
    struct folds_session *all = context;
    const struct session *session = all->sessions[fold];
    all->trained++;
    if (!session->options->value[OPTION_SAVE_ALL].text || all->kept != ANNC_OK)
        return;
    all->kept = keep_network(session, fold, all->fingerprints[fold], candidate);
    annc_error_keep(&all->error);
}

static annc_status done(void *context, uint32_t fold, const annc_candidate *candidate)
{
    const struct folds_session *all = context;
    struct session *session = all->sessions[fold];
    session->state = candidate->result;
    ANNC_RETURN_IF_FAILED(print_fold(session));
    return all->kept == ANNC_OK ? ANNC_OK : annc_fail_again(all->kept, &all->error);
}

static void end(void *context, uint32_t fold, annc_candidate *candidate)
{
    struct folds_session *all = context;
    all->is_over_time = candidate->result.ending == ANNC_ENDED_BY_TIME;
    session_close(all->sessions[fold]);
    free(all->sessions[fold]);
}

/* ---------------------------------------------------------------- all folds */

/* Tells how far a stopped cross-validation came, what is kept of it, and how to go on. */
static void print_folds_stop(const struct folds_session *all, const annc_folds *folds)
{
    const struct option_value *value = all->model->options->value;
    const char *how = value[OPTION_SAVE_ALL].text     ? "; repeat the command to train those that are not in --save-all"
                      : value[OPTION_CHECKPOINT].text ? ""
                      : ranks_count() > 1
                          ? "; nothing is kept, start again with --save-all DIR to be able to continue"
                          : "; nothing is kept, start again with --checkpoint FILE to be able to resume";
    char stopped[ANNC_ERROR_SIZE];
    snprintf(stopped, sizeof stopped, "stopped: %u of %u folds are complete, too few for their mean%s",
             all->trained > folds->fold ? all->trained : folds->fold, all->source->folds, how);
    print_stop(all->model, stopped, false);
}

/* Completes the message of a cross-validation that ended with `status`. */
static annc_status tell_failure(const struct folds_session *all, const annc_folds *folds, annc_status status)
{
    const char *checkpoint = all->model->options->value[OPTION_CHECKPOINT].text;
    if (status == ANNC_STOPPED && own_rank() == 0)
        print_folds_stop(all, folds);
    if (status == ANNC_FAILURE && all->is_over_time && checkpoint)
        return annc_fail(status, "%s; resume with annc-gpu train --resume %s", error_text(), checkpoint);
    return status;
}

annc_status train_folds(const struct session *model, const annc_data_options *source)
{
    struct folds_session all = {.model = model, .source = source};
    const annc_folds_options options = {.folds = source->folds,
                                        .begin = begin,
                                        .done = done,
                                        .trained = keep_fold,
                                        .end = end,
                                        .stop = should_stop,
                                        .context = &all,
                                        .checkpoint = model->checkpoint,
                                        .group = ranks_group()};
    annc_folds folds;
    memset(&folds, 0, sizeof folds);
    if (model->checkpoint && model->options->goes_further) {
        ANNC_RETURN_IF_FAILED(annc_folds_restore(model->checkpoint, &folds));
        if (folds.fold > 0)
            return annc_fail(ANNC_USAGE, "--epochs can no longer be raised: %u of the folds are finished", folds.fold);
    }
    ANNC_RETURN_IF_FAILED(annc_group_agree(ranks_group(), kept_networks_open(model->options)));
    if (model->options->value[OPTION_SAVE_ALL].text)
        note_kept_networks(model->options, 0, source->folds);
    all.sessions = take_memory(source->folds, sizeof *all.sessions, "the folds");
    all.fingerprints = take_memory(source->folds, sizeof *all.fingerprints, "the folds");
    annc_status status = annc_cross_validate(model->device, &options, &folds);
    if (status == ANNC_OK)
        status = annc_group_agree(ranks_group(), print_folds(&all, &folds));
    else
        status = tell_failure(&all, &folds, status);
    free(all.fingerprints);
    free(all.sessions);
    return status;
}
