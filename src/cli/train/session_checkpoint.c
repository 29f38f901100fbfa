/* session_checkpoint.c - saves a session to a checkpoint and restores it. */
#include "cli/train/session_checkpoint.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options/configuration.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/resume.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"
#include "cli/train/session_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- metadata of a network */

static annc_status set_whole(annc_network *network, const char *key, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return annc_network_set_metadata(network, key, text);
}

static annc_status set_number(annc_network *network, const char *key, double value)
{
    char text[64];
    snprintf(text, sizeof text, "%a", value);
    return annc_network_set_metadata(network, key, text);
}

static void print_config(const struct options *options, struct annc_buffer *out)
{
    options_print(TRAIN, options, out);
}

/* Stores the output of `print` for the options. */
static annc_status set_options(annc_network *network, const char *key, const struct options *options,
                               void (*print)(const struct options *options, struct annc_buffer *out))
{
    struct annc_buffer text = {.bytes = NULL};
    print(options, &text);
    const annc_status status = annc_network_set_metadata(network, key, text.bytes);
    text_free(&text);
    return status;
}

annc_status describe_network(const struct session *session, uint32_t epochs, annc_network *network)
{
    const struct option_value *value = session->options->value;
    ANNC_RETURN_IF_FAILED(set_whole(network, "annc.seed", value[OPTION_SEED].whole));
    ANNC_RETURN_IF_FAILED(set_whole(network, "annc.epochs", epochs));
    ANNC_RETURN_IF_FAILED(set_whole(network, "annc.batch", value[OPTION_BATCH].whole));
    ANNC_RETURN_IF_FAILED(set_number(network, "annc.lr", session->training.eta));
    ANNC_RETURN_IF_FAILED(set_options(network, "annc.config", session->options, print_config));
    ANNC_RETURN_IF_FAILED(annc_data_describe(&session->data, network));
    if (session->checkpoint) /* which now names the same file in another way */
        ANNC_RETURN_IF_FAILED(
            annc_network_set_metadata(network, "annc.data", annc_network_metadata(session->checkpoint, "annc.data")));
    return ANNC_OK;
}

annc_status save_model(const struct options *options, const annc_network *network, const char *path, const char *what)
{
    const char *folder = getenv("TMPDIR");
    char elsewhere[4096], told[4200];
    const enum stop_policy before = set_stop_policy(END_WHEN_ASKED);
    struct kept_error why;
    annc_status status = annc_model_save(network, path);
    if (status == ANNC_OK) {
        note(options, "saved: %s%s", path, what);
    } else if (status == ANNC_OUTPUT) {
        keep_error(&why);
        snprintf(elsewhere, sizeof elsewhere, "%s/annc-gpu-%ld.safetensors", folder && folder[0] ? folder : "/tmp",
                 (long)getpid());
        snprintf(told, sizeof told, "the model is in %s instead", elsewhere);
        if (annc_model_save(network, elsewhere) == ANNC_OK)
            complain(told);
        status = fail_again(status, &why);
    }
    set_stop_policy(before);
    return status;
}

annc_status checkpoint_forget(annc_network *network)
{
    static const char *const keys[] = {"annc.state", "annc.progress", "annc.run", "annc.machine", "annc.measured"};
    static const char *const blocks[] = {"first", "second", "best"};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        ANNC_RETURN_IF_FAILED(annc_network_set_block(network, blocks[i], NULL));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        ANNC_RETURN_IF_FAILED(annc_network_set_metadata(network, keys[i], NULL));
    return ANNC_OK;
}

/* ---------------------------------------------------------------- numbers of a session */

/* Reads or writes numbers of a session as text, in the same order. */
struct codec {
    struct annc_buffer *out; /* or */
    const char *in;          /* the rest of the text */
    bool failed;
};

static void pass_number(struct codec *codec, double *number)
{
    char *end;
    if (codec->out) {
        text_add(codec->out, "%a ", *number);
        return;
    }
    *number = strtod(codec->in, &end);
    codec->failed = codec->failed || end == codec->in || *end != ' ';
    codec->in = codec->failed ? codec->in : end + 1;
}

static void pass_whole(struct codec *codec, uint32_t *whole)
{
    double number = *whole;
    pass_number(codec, &number);
    if (!(number >= 0 && number <= UINT32_MAX))
        codec->failed = true;
    else
        *whole = (uint32_t)number;
}

static void pass_truth(struct codec *codec, bool *truth)
{
    uint32_t whole = *truth;
    pass_whole(codec, &whole);
    *truth = whole != 0;
}

static void pass_evaluation(struct codec *codec, annc_evaluation *evaluation)
{
    pass_whole(codec, &evaluation->count);
    pass_whole(codec, &evaluation->correct);
    pass_number(codec, &evaluation->loss);
    pass_number(codec, &evaluation->r2);
    pass_number(codec, &evaluation->rmse);
    pass_number(codec, &evaluation->mae);
    pass_number(codec, &evaluation->seconds);
}

static void pass_outcome(struct codec *codec, struct outcome *outcome)
{
    annc_epoch *epoch = &outcome->epoch;
    pass_whole(codec, &epoch->epoch);
    pass_whole(codec, &epoch->steps);
    pass_whole(codec, &epoch->examples);
    pass_whole(codec, &epoch->correct);
    pass_number(codec, &epoch->loss);
    pass_number(codec, &epoch->rate);
    pass_number(codec, &epoch->seconds);
    pass_evaluation(codec, &outcome->test);
    pass_evaluation(codec, &outcome->validation);
}

static void pass_folds(struct codec *codec, struct folds *folds)
{
    pass_whole(codec, &folds->fold);
    pass_truth(codec, &folds->classes);
    for (int i = 0; i < MEASURES; i++) {
        pass_number(codec, &folds->spread[i].sum);
        pass_number(codec, &folds->spread[i].squares);
        pass_whole(codec, &folds->spread[i].count);
    }
}

static void pass_session(struct codec *codec, struct session *session)
{
    pass_whole(codec, &session->epochs);
    pass_truth(codec, &session->has_best);
    pass_number(codec, &session->seconds);
    pass_number(codec, &session->test_seconds);
    pass_outcome(codec, &session->last);
    pass_outcome(codec, &session->best);
}

/* ---------------------------------------------------------------- writing */

annc_status checkpoint_interval(const struct options *options, uint32_t *epochs, double *seconds)
{
    const char *text = options->value[OPTION_CHECKPOINT_EVERY].text;
    char *end;
    const double every = strtod(text, &end);
    *epochs = 0;
    *seconds = 0;
    if (text[0] < '0' || text[0] > '9' || !(every > 0 && every <= 1e9) ||
        (strcmp(end, "s") != 0 && (strcmp(end, "e") != 0 || every != floor(every))))
        return annc_fail(ANNC_USAGE, "--checkpoint-every takes epochs like 1e or seconds like 30s, not '%.64s'", text);
    if (!options->value[OPTION_CHECKPOINT].text)
        return ANNC_OK;
    if (*end == 'e')
        *epochs = (uint32_t)every;
    else
        *seconds = every;
    return ANNC_OK;
}

/* Prints the properties of the machine that affect rounding. */
static void print_machine(const struct session *session, char *text, size_t size)
{
    const annc_device_info *info = annc_device_describe(session->device);
    snprintf(text, size, "%s, engine %s, %d threads", info->name, annc_trainer_engine(session->trainer), info->threads);
}

static annc_status set_progress(struct session *session, annc_network *checkpoint)
{
    struct annc_buffer text = {.bytes = NULL};
    struct codec codec = {.out = &text};
    if (session->folds)
        pass_folds(&codec, session->folds);
    pass_session(&codec, session);
    const annc_status status = annc_network_set_metadata(checkpoint, "annc.progress", text.bytes);
    text_free(&text);
    return status;
}

/* Prints the data used for evaluation: losses on other data are not comparable. */
static void print_measured(struct session *session, char *text, size_t size)
{
    const annc_dataset *const sets[] = {session->data.test, session->data.validation};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (sets[i] && session->fingerprint[i] == 0)
            session->fingerprint[i] = annc_dataset_fingerprint(sets[i]);
    snprintf(text, size, "%016llx %016llx", (unsigned long long)session->fingerprint[0],
             (unsigned long long)session->fingerprint[1]);
}

annc_status session_save(struct session *session)
{
    const char *path = session->options->value[OPTION_CHECKPOINT].text;
    annc_network *checkpoint = NULL;
    char machine[512], measured[64];
    if (!path)
        return ANNC_OK;
    const enum stop_policy before = set_stop_policy(END_WHEN_ASKED);
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_trainer_checkpoint(session->trainer, &checkpoint));
    ANNC_TRY(describe_network(session, session->epochs, checkpoint));
    ANNC_TRY(set_options(checkpoint, "annc.run", session->options, options_print_run));
    ANNC_TRY(set_progress(session, checkpoint));
    print_machine(session, machine, sizeof machine);
    ANNC_TRY(annc_network_set_metadata(checkpoint, "annc.machine", machine));
    print_measured(session, measured, sizeof measured);
    ANNC_TRY(annc_network_set_metadata(checkpoint, "annc.measured", measured));
    if (session->has_best)
        ANNC_TRY(annc_network_set_block(checkpoint, "best", annc_network_parameters(session->network)));
    ANNC_TRY(annc_model_save(checkpoint, path));
out:
    set_stop_policy(before);
    annc_network_free(checkpoint);
    if (status == ANNC_OK)
        session->kept_epochs = session->epochs;
    session->due = session->every_seconds > 0 ? since_start() + session->every_seconds : 0;
    return status;
}

/* ---------------------------------------------------------------- reading */

static annc_status damaged(const struct session *session, const char *what)
{
    return annc_fail(ANNC_INPUT, "%.200s: %s", session->options->value[OPTION_RESUME].text, what);
}

static void note_machine(const struct session *session)
{
    const char *then = annc_network_metadata(session->checkpoint, "annc.machine");
    char now[512];
    print_machine(session, now, sizeof now);
    if (then && strcmp(then, now) != 0)
        note(session->options,
             "the checkpoint was made elsewhere (%.300s), so rounding will differ from that of an unbroken run", then);
}

annc_status folds_restore(const annc_network *checkpoint, struct folds *folds)
{
    struct codec codec = {.in = annc_network_metadata(checkpoint, "annc.progress")};
    if (codec.in)
        pass_folds(&codec, folds);
    if (codec.in && !codec.failed)
        return ANNC_OK;
    return annc_fail(ANNC_INPUT, "the checkpoint is damaged: its annc.progress makes no sense");
}

annc_status session_restore(struct session *session)
{
    struct codec codec = {.in = annc_network_metadata(session->checkpoint, "annc.progress")};
    struct folds ignored;
    char measured[64];
    annc_status status = annc_trainer_resume(session->trainer, session->checkpoint);
    if (status != ANNC_OK)
        return annc_fail(status, "%.200s: %s", session->options->value[OPTION_RESUME].text, error_text());
    memset(&ignored, 0, sizeof ignored);
    if (codec.in && session->folds)
        pass_folds(&codec, &ignored);
    if (codec.in)
        pass_session(&codec, session);
    const float *best = annc_network_block(session->checkpoint, "best");
    if (!codec.in || codec.failed || session->has_best != (best != NULL))
        return damaged(session, "is damaged: its annc.progress makes no sense");
    if (best)
        memcpy(annc_network_parameters(session->network), best, annc_shape_parameters(&session->shape) * sizeof *best);
    const char *then = annc_network_metadata(session->checkpoint, "annc.measured");
    print_measured(session, measured, sizeof measured);
    if (then && strcmp(then, measured) != 0)
        return damaged(session, "was taken with other data to validate or test with");
    note_machine(session);
    const bool is_done = session->epochs >= session->options->value[OPTION_EPOCHS].whole;
    note(session->options, "resumed after %u epoch%s%s", session->epochs, annc_plural(session->epochs),
         is_done ? ", which is all of them: --epochs N goes further" : "");
    session->kept_epochs = session->epochs;
    session->due = session->every_seconds > 0 ? since_start() + session->every_seconds : 0;
    return ANNC_OK;
}
