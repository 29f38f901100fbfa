/* folds.c - K-fold cross-validation. */
#include "cli/train/folds.h"
#include "base/status.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"
#include "cli/train/session.h"
#include "cli/train/session_checkpoint.h"
#include "cli/train/session_state.h"
#include "cli/train/train_log.h"
#include "cli/train/training_output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct spread *spread, double value)
{
    spread->sum += value;
    spread->squares += value * value;
    spread->count++;
}

static double mean_of(const struct spread *spread)
{
    return spread->sum / spread->count;
}

/* Returns the sample standard deviation, over count - 1. */
static double deviation_of(const struct spread *spread)
{
    const double mean = mean_of(spread),
                 variance = (spread->squares - spread->count * mean * mean) / (spread->count - 1);
    return variance > 0 ? sqrt(variance) : 0;
}

static void count_fold(struct folds *folds, const struct session *session)
{
    const annc_evaluation *validation = &session_outcome(session)->validation;
    folds->classes = annc_dataset_has_classes(session->data.train);
    snprintf(folds->data, sizeof folds->data, "%s", session->data.description);
    add(&folds->spread[ACCURACY], annc_evaluation_accuracy(validation));
    add(&folds->spread[LOSS], validation->loss);
    add(&folds->spread[R2], validation->r2);
    add(&folds->spread[RMSE], validation->rmse);
    add(&folds->spread[MAE], validation->mae);
}

static FILE *json_out(const struct options *options)
{
    return options->value[OPTION_JSON].given ? stdout : NULL;
}

static annc_status print_fold(const struct session *session, uint32_t fold)
{
    const struct option_value *value = session->options->value;
    const struct outcome *outcome = session_outcome(session);
    FILE *out = value[OPTION_QUIET].given ? NULL : json_out(session->options);
    struct json json;
    if (out || session->log) {
        json_begin(&json, "annc.fold/1");
        json_whole(&json, "fold", fold + 1);
        json_whole(&json, "training_count", annc_dataset_examples(session->data.train)->count);
        json_whole(&json, "epochs", session->epochs);
        json_whole(&json, "best_epoch", outcome->epoch.epoch);
        json_measures(&json, session, "validation_", &outcome->validation);
        json_number(&json, "seconds", session->seconds);
        ANNC_RETURN_IF_FAILED(json_end(&json, out, session->log));
    }
    if (value[OPTION_QUIET].given || value[OPTION_JSON].given)
        return ANNC_OK;
    if (annc_dataset_has_classes(session->data.train))
        printf("Fold %u:  acc: %.2f%% (%u / %u)  best epoch %u of %u\n", fold + 1,
               100 * annc_evaluation_accuracy(&outcome->validation), outcome->validation.correct,
               outcome->validation.count, outcome->epoch.epoch, session->epochs);
    else
        printf("Fold %u:  R2: %.4f  RMSE: %.4g  best epoch %u of %u\n", fold + 1, outcome->validation.r2,
               outcome->validation.rmse, outcome->epoch.epoch, session->epochs);
    return flush(stdout, "standard output");
}

static void json_spread(struct json *json, const char *name, const struct spread *spread)
{
    char key[32];
    snprintf(key, sizeof key, "%s_mean", name);
    json_number(json, key, mean_of(spread));
    snprintf(key, sizeof key, "%s_sd", name);
    json_number(json, key, deviation_of(spread));
}

static annc_status print_folds(const struct session *model, const struct folds *folds, uint32_t count)
{
    FILE *out = json_out(model->options);
    struct json json;
    if (out || model->log) {
        json_begin(&json, "annc.folds/1");
        json_network(&json, model);
        json_text(&json, "data", folds->data);
        json_whole(&json, "folds", count);
        if (folds->classes) {
            json_spread(&json, "accuracy", &folds->spread[ACCURACY]);
        } else {
            json_spread(&json, "r2", &folds->spread[R2]);
            json_spread(&json, "rmse", &folds->spread[RMSE]);
            json_spread(&json, "mae", &folds->spread[MAE]);
        }
        json_spread(&json, "loss", &folds->spread[LOSS]);
        json_number(&json, "wall_seconds", since_start());
        json_configuration(&json, model);
        ANNC_RETURN_IF_FAILED(json_end(&json, out, model->log));
    }
    if (out)
        return ANNC_OK;
    if (folds->classes)
        printf("%u folds:  acc: %.2f%% +- %.2f%%\n", count, 100 * mean_of(&folds->spread[ACCURACY]),
               100 * deviation_of(&folds->spread[ACCURACY]));
    else
        printf("%u folds:  R2: %.4f +- %.4f  RMSE: %.4g +- %.2g\n", count, mean_of(&folds->spread[R2]),
               deviation_of(&folds->spread[R2]), mean_of(&folds->spread[RMSE]), deviation_of(&folds->spread[RMSE]));
    return flush(stdout, "standard output");
}

/* Fails if the time limit interrupts a fold: the mean needs all folds. */
static annc_status out_of_time(const struct session *session, uint32_t fold, uint32_t folds)
{
    const char *checkpoint = session->options->value[OPTION_CHECKPOINT].text;
    return annc_fail(ANNC_FAILURE, "the time is over in fold %u of %u%s%s", fold + 1, folds,
                     checkpoint ? "; go on with annc-gpu train --resume " : "", checkpoint ? checkpoint : "");
}

/* Trains one fold and prints its result. */
static annc_status train_fold(struct session *session, const annc_data_options *source, bool is_first)
{
    ANNC_RETURN_IF_FAILED(session_open(session, source, is_first));
    if (is_first)
        print_balance(session);
    const annc_status status = session_train(session, log_epoch);
    if (status == ANNC_STOPPED && session->ending == ENDED_BY_SIGNAL)
        print_stop(session, false);
    ANNC_RETURN_IF_FAILED(status);
    if (session->ending == ENDED_BY_TIME)
        return out_of_time(session, source->fold, source->folds);
    count_fold(session->folds, session);
    return print_fold(session, source->fold);
}

/* Trains the folds one after another, each as a session that can be interrupted and resumed. */
static annc_status fold_by_fold(const struct session *model, const annc_data_options *source, struct folds *folds)
{
    const uint32_t first = folds->fold;
    for (uint32_t fold = first; fold < source->folds; fold++) {
        struct session session = *model;
        annc_data_options parts = *source;
        parts.fold = folds->fold = fold;
        session.folds = folds;
        session.fold = fold + 1;
        session.checkpoint = fold == first ? model->checkpoint : NULL;
        session.repeats = fold > first;
        const annc_status status = train_fold(&session, &parts, fold == first);
        session_close(&session);
        ANNC_RETURN_IF_FAILED(status);
    }
    return ANNC_OK;
}

/* Copies the result of a candidate to its session. */
static void take_candidate(const annc_candidate *candidate, struct session *session)
{
    session->epochs = candidate->epochs_done;
    session->seconds = candidate->seconds;
    session->best.validation = candidate->validation;
    session->best.epoch.epoch = candidate->best_epoch;
    session->has_best = true;
}

/* Prints an epoch of one of several folds trained together. */
static void tell_epoch(void *context, const annc_epoch *epoch, const annc_evaluation *validation)
{
    struct session *session = context;
    session->last.epoch = *epoch;
    session->last.validation = *validation;
    struct folds *folds = session->folds;
    if (folds->print_status != ANNC_OK)
        return;
    folds->print_status = log_epoch(session);
    keep_error(&folds->error);
}

/* Keeps the error message of a failed fold; the last error belongs to this thread. */
static void take_reason(void *context, uint32_t i)
{
    annc_candidate *candidate = (annc_candidate *)context + i;
    if (candidate->status != ANNC_OK)
        snprintf(candidate->reason, sizeof candidate->reason, "%s", error_text());
}

/* Trains `count` folds from `first` on together, one per core. */
static annc_status fold_group(const struct session *model, const annc_data_options *source, uint32_t first,
                              uint32_t count, struct folds *folds)
{
    annc_status status = ANNC_OK;
    annc_device_options device;
    struct session *sessions = take_memory(count, sizeof *sessions, "the folds");
    annc_candidate *candidates = take_memory(count, sizeof *candidates, "the folds");
    for (uint32_t i = 0; i < count; i++) {
        struct session *session = &sessions[i];
        annc_data_options parts = *source;
        *session = *model;
        parts.fold = first + i;
        session->folds = folds;
        session->fold = first + i + 1;
        session->repeats = first + i > 0;
        ANNC_TRY(session_prepare(session, &parts, first + i == 0));
        if (first + i == 0)
            print_balance(session);
        candidates[i] = (annc_candidate){.network = session->network,
                                         .options = session->training,
                                         .epochs = (uint32_t)model->options->value[OPTION_EPOCHS].whole,
                                         .patience = (uint32_t)model->options->value[OPTION_PATIENCE].whole,
                                         .train_set = session->data.train,
                                         .validation_set = session->data.validation,
                                         .each = tell_epoch,
                                         .context = session};
    }
    ANNC_TRY(device_options_from(model->options, &device));
    ANNC_TRY(log_begin(&sessions[0]));
    status = annc_sweep(&device, candidates, count, NULL, NULL, should_stop, take_reason, candidates);
    if (status == ANNC_STOPPED)
        complain(error_text());
    ANNC_TRY(status);
    if (folds->print_status != ANNC_OK)
        ANNC_TRY(fail_again(folds->print_status, &folds->error));
    for (uint32_t i = 0; i < count; i++) {
        if (candidates[i].status != ANNC_OK)
            ANNC_TRY(annc_fail(candidates[i].status, "fold %u: %s", first + i + 1, candidates[i].reason));
        take_candidate(&candidates[i], &sessions[i]);
        count_fold(folds, &sessions[i]);
        ANNC_TRY(print_fold(&sessions[i], first + i));
    }
out:
    for (uint32_t i = 0; i < count; i++)
        session_close(&sessions[i]);
    free(sessions);
    free(candidates);
    return status;
}

/* Returns the number of folds to train together: one per core, or 1 if an option needs a
 * session. */
static uint32_t folds_at_once(const struct session *model)
{
    const struct option_value *value = model->options->value;
    const annc_device_info *info = annc_device_describe(model->device);
    const bool alone = model->checkpoint || value[OPTION_CHECKPOINT].given || value[OPTION_TARGET_ACCURACY].given ||
                       value[OPTION_MAX_TIME].given || value[OPTION_EPOCHS].whole == 0;
    return alone || strcmp(info->kind, "cpu") != 0 ? 1 : (uint32_t)info->threads;
}

annc_status train_folds(const struct session *model, const annc_data_options *source)
{
    struct folds folds;
    memset(&folds, 0, sizeof folds);
    if (model->checkpoint)
        ANNC_RETURN_IF_FAILED(folds_restore(model->checkpoint, &folds));
    if (folds.fold > 0 && model->options->goes_further)
        return annc_fail(ANNC_USAGE, "--epochs cannot be raised any more: %u of the folds were trained to their end",
                         folds.fold);
    const uint32_t at_once = folds_at_once(model);
    if (at_once == 1)
        ANNC_RETURN_IF_FAILED(fold_by_fold(model, source, &folds));
    for (uint32_t fold = 0; at_once > 1 && fold < source->folds; fold += at_once) {
        const uint32_t left = source->folds - fold;
        ANNC_RETURN_IF_FAILED(fold_group(model, source, fold, left < at_once ? left : at_once, &folds));
    }
    return print_folds(model, &folds, source->folds);
}
