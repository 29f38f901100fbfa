/* kept_networks.c - keeps and restores the networks of --save-all. */
#include "cli/train/kept_networks.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options/configuration.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/process.h"
#include "cli/terminal/usage.h"
#include "cli/train/saving.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder_of(const struct options *options)
{
    return options->value[OPTION_SAVE_ALL].text;
}

uint64_t kept_networks_fingerprint(const annc_data *data)
{
    const uint64_t odd = 3; /* so that exchanged data sets have another number */
    return annc_dataset_fingerprint(data->train) + odd * annc_dataset_fingerprint(data->validation);
}

annc_status kept_networks_open(const struct options *options)
{
    const char *folder = folder_of(options);
    if (!folder)
        return ANNC_OK;
    if ((mkdir(folder, 0777) != 0 && errno != EEXIST) || access(folder, W_OK | X_OK) != 0)
        return annc_fail(ANNC_OUTPUT, "--save-all: %.300s: %s", folder, strerror(errno));
    return ANNC_OK;
}

/* "DIR/network-3.safetensors", "DIR/fold-3.safetensors" */
static void print_path(const struct session *session, uint32_t index, char *path, size_t size)
{
    snprintf(path, size, "%s/%s-%u.safetensors", folder_of(session->options), session->fold > 0 ? "fold" : "network",
             index + 1);
}

annc_status keep_network(const struct session *session, uint32_t index, uint64_t data, const annc_candidate *candidate)
{
    annc_status status = ANNC_OK;
    annc_network *kept = NULL;
    const uint32_t best = candidate->result.best.epoch.epoch;
    const enum stop_policy before = set_stop_policy(END_WHEN_ASKED);
    char path[PATH_MAX];
    print_path(session, index, path, sizeof path);
    ANNC_TRY(annc_network_copy(candidate->network, &kept));
    ANNC_TRY(describe_network(session, best > 0 ? best : candidate->result.epochs, kept));
    ANNC_TRY(annc_candidate_store(candidate, data, kept));
    ANNC_TRY(annc_model_save(kept, path));
out:
    set_stop_policy(before);
    annc_network_free(kept);
    return status;
}

/* Returns whether a network was trained with the options of a session. */
static bool has_options(const annc_network *kept, const struct session *session)
{
    struct annc_buffer text = {.bytes = NULL};
    const char *then = annc_network_metadata(kept, "annc.config");
    options_print(TRAIN, session->options, &text);
    const bool is_same = then && strcmp(then, text.bytes) == 0;
    text_free(&text);
    return is_same;
}

annc_status restore_kept_network(const struct session *session, uint32_t index, uint64_t data,
                                 annc_candidate *candidate)
{
    annc_status status = ANNC_OK;
    annc_network *kept = NULL;
    char path[PATH_MAX], why[ANNC_ERROR_SIZE];
    print_path(session, index, path, sizeof path);
    if (access(path, F_OK) != 0)
        return ANNC_OK;
    ANNC_TRY(annc_model_load(path, NULL, &kept));
    if (!has_options(kept, session))
        ANNC_TRY(
            annc_fail(ANNC_INPUT, "%.300s was trained with other options; give --save-all another directory", path));
    status = annc_candidate_restore(kept, data, candidate);
    if (status != ANNC_OK) {
        snprintf(why, sizeof why, "%s", error_text());
        annc_fail(status, "%.300s: %.300s; give --save-all another directory", path, why);
    }
out:
    annc_network_free(kept);
    return status;
}

void note_kept_networks(const struct options *options, uint32_t complete, uint32_t count)
{
    if (complete > 0)
        note(options, "%u of %u networks are already trained in %s", complete, count, folder_of(options));
    if (complete < count)
        note(options, "trained networks are saved in %s; if this command is interrupted, repeat it to train the rest",
             folder_of(options));
}
