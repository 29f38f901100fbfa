/* command_export.c - annc-gpu export */
#include "cli/model/command_export.h"
#include "base/status.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Returns ANNC_USAGE with the values of --format. */
static annc_status format_missing(void)
{
    char names[100];
    size_t used = 0;
    for (int i = 0; i < ANNC_EXPORT_COUNT && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 annc_export_name((annc_export)i));
    return annc_fail(ANNC_USAGE, "export needs --format, one of %s", names);
}

annc_status run_export(const struct options *options)
{
    const struct option_value *value = options->value;
    annc_network *network = NULL;
    annc_shape said;
    if (options->positional_count < 1)
        return annc_fail(ANNC_USAGE, "export needs a model: annc-gpu export MODEL --format onnx --out FILE");
    if (!value[OPTION_FORMAT].given)
        return format_missing();
    if (!value[OPTION_OUT].given)
        return annc_fail(ANNC_USAGE, "export needs --out FILE");
    const char *out = value[OPTION_OUT].text;
    annc_status status = ANNC_OK;
    ANNC_TRY(load_model(options, options->positional[0], &network));
    ANNC_TRY(shape_from_options(options, annc_network_shape(network), &said));
    ANNC_TRY(annc_checkpoint_strip(network));
    set_stop_policy(END_WHEN_ASKED); /* complete every started file */
    ANNC_TRY(annc_model_export(network, (annc_export)value[OPTION_FORMAT].choice, output_path(out)));
    if (!is_standard_output(out))
        note(options, "wrote %s", out);
out:
    annc_network_free(network);
    return status;
}
