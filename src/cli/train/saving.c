/* saving.c - saves a session to a checkpoint and restores it. */
#include "cli/train/saving.h"
#include "base/status.h"
#include "base/temporary_file.h"
#include "base/text.h"
#include "cli/options/configuration.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/resume.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/process.h"
#include "cli/terminal/ranks.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"
#include "cli/train/session_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    ANNC_RETURN_IF_FAILED(set_whole(network, "annc.epochs", session_epoch(session, epochs)));
    ANNC_RETURN_IF_FAILED(set_whole(network, "annc.batch", value[OPTION_BATCH].whole));
    ANNC_RETURN_IF_FAILED(set_number(network, "annc.lr", session->run_options.training.eta));
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
    char elsewhere[4096], told[4200], digits[ANNC_NAME_DIGITS + 1];
    const enum stop_policy before = set_stop_policy(END_WHEN_ASKED);
    struct annc_kept_error why;
    annc_status status = annc_model_save(network, path);
    if (status == ANNC_OK) {
        note(options, "saved: %s%s", path, what);
    } else if (status == ANNC_OUTPUT) {
        annc_error_keep(&why);
        annc_random_digits(digits); /* so that nobody can have planted a link there */
        snprintf(elsewhere, sizeof elsewhere, "%s/annc-gpu-%s.safetensors", folder && folder[0] ? folder : "/tmp",
                 digits);
        snprintf(told, sizeof told, "the model is in %s instead", elsewhere);
        if (annc_model_save(network, elsewhere) == ANNC_OK)
            complain(told);
        status = annc_fail_again(status, &why);
    }
    set_stop_policy(before);
    return status;
}

/* ---------------------------------------------------------------- checkpoints */

annc_status checkpoint_interval(const struct options *options, annc_run_options *run)
{
    const char *text = options->value[OPTION_CHECKPOINT_EVERY].text;
    char *end;
    const double every = strtod(text, &end);
    run->checkpoint_epochs = 0;
    run->checkpoint_seconds = 0;
    if (text[0] < '0' || text[0] > '9' || !(every > 0 && every <= 1e9) ||
        (strcmp(end, "s") != 0 && (strcmp(end, "e") != 0 || every != floor(every))))
        return annc_fail(ANNC_USAGE, "--checkpoint-every takes epochs like 1e or seconds like 30s, not '%.64s'", text);
    if (!options->value[OPTION_CHECKPOINT].text)
        return ANNC_OK;
    if (*end == 'e')
        run->checkpoint_epochs = (uint32_t)every;
    else
        run->checkpoint_seconds = every;
    return ANNC_OK;
}

/* Prints the properties of the machine that affect rounding. */
static void print_machine(const annc_device *device, const annc_run *run, char *text, size_t size)
{
    const annc_device_info *info = annc_device_describe(device);
    const int length = snprintf(text, size, "%s, engine %s, %d threads", info->name,
                                annc_trainer_engine(annc_run_trainer(run)), info->threads);
    if (ranks_count() > 1 && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, ", %u ranks", ranks_count());
}

annc_status describe_checkpoint(void *context, const annc_run *run, annc_network *checkpoint)
{
    struct session *session = context;
    char machine[512];
    set_stop_policy(END_WHEN_ASKED); /* until the next steps */
    session->state = *annc_run_progress(run);
    session->state.saved_epochs = session->state.epochs;
    ANNC_RETURN_IF_FAILED(describe_network(session, session->state.epochs, checkpoint));
    ANNC_RETURN_IF_FAILED(set_options(checkpoint, "annc.run", session->options, options_print_run));
    print_machine(session->device, run, machine, sizeof machine);
    return annc_network_set_metadata(checkpoint, "annc.machine", machine);
}

annc_status name_checkpoint(const struct session *session, annc_status status)
{
    return annc_fail(status, "%.200s: %s", session->options->value[OPTION_RESUME].text, error_text());
}

void note_resumed(const struct session *session, const annc_run *run)
{
    const char *then = annc_network_metadata(session->checkpoint, "annc.machine");
    const bool is_done = session->state.epochs >= session->options->value[OPTION_EPOCHS].whole;
    char now[512];
    print_machine(session->device, run, now, sizeof now);
    if (then && strcmp(then, now) != 0)
        note(session->options,
             "the checkpoint was saved with another setup (%.300s), so rounding will differ from an uninterrupted run",
             then);
    note(session->options, "resumed after %u epoch%s%s", session_epoch(session, session->state.epochs),
         annc_plural(session_epoch(session, session->state.epochs)),
         is_done ? ", which is all of them; raise --epochs to continue" : "");
}
