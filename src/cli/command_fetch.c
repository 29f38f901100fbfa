/* command_fetch.c - annc-gpu fetch */
#include "cli/command_fetch.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void tell(void *context, const char *line)
{
    note(context, "%s", line);
}

/* Notes that MNIST is read from another directory, such as data/mnist, than it was downloaded
 * to. */
static void note_another(const struct options *options, const char *folder)
{
    char found[4096];
    struct stat one, other;
    if (annc_mnist_find(found, sizeof found) == ANNC_OK && stat(found, &one) == 0 && stat(folder, &other) == 0 &&
        (one.st_dev != other.st_dev || one.st_ino != other.st_ino))
        note(options, "train reads MNIST from %s; for this download give --data %s", found, folder);
}

annc_status run_fetch(const struct options *options)
{
    const annc_fetch_options fetch = {.folder = options->value[OPTION_TO].text,
                                      .connect_seconds = 10,
                                      .progress = tell,
                                      .stop = should_stop,
                                      .context = (void *)options};
    char folder[4096];
    set_stop_policy(END_SOON);
    const annc_status status = annc_mnist_fetch(&fetch, folder, sizeof folder);
    if (status == ANNC_STOPPED)
        note(options, "%s", error_text());
    if (status != ANNC_OK)
        return status;
    note_another(options, folder);
    if (options->value[OPTION_JSON].given) {
        struct json json;
        json_begin(&json, "annc.fetch/1");
        json_text(&json, "folder", folder);
        json_truth(&json, "verified", true);
        return json_end(&json, stdout, NULL);
    }
    printf("MNIST is in ");
    print_plain(stdout, folder, strlen(folder));
    printf(", all checksums are right\n");
    return ANNC_OK;
}
