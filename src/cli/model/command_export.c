/* command_export.c - annc-gpu export */
#include "cli/model/command_export.h"
#include "base/status.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/options/setup.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_DRAWN_INPUTS = 2, MOST_DRAWN_OUTPUTS = 64, MOST_DRAWN = 500 }; /* of rows: MOST_DRAWN */

/* Returns ANNC_USAGE with the values of --format. */
static annc_status format_missing(void)
{
    char names[100];
    size_t used = 0;
    for (int i = 0; i < ANNC_EXPORT_COUNT && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 annc_export_name((annc_export)i));
    return annc_fail(ANNC_USAGE, "export needs --format, one of %s, or --out with such an ending", names);
}

static const char *format_name(int i)
{
    return annc_export_name((annc_export)i);
}

/* Returns the format that a file's name ends in, or -1. */
static int format_of(const char *path)
{
    const char *end = strrchr(path, '.');
    return end ? choice_named(format_name, end + 1) : -1;
}

/* Adds numbers as a list. */
static void add_row(struct annc_buffer *text, const double *row, uint32_t count)
{
    for (uint32_t j = 0; j < count; j++)
        text_add(text, "%s%.9g", j ? "," : "[", row[j]);
    text_add(text, "]");
}

/* Adds a list of the inputs or targets of every `step`-th example. */
static void add_rows(struct annc_buffer *text, const annc_examples *examples, uint32_t step, bool inputs)
{
    const uint32_t n = inputs ? examples->inputs : examples->outputs;
    double row[MOST_DRAWN_OUTPUTS];
    for (uint32_t i = 0; i < examples->count; i += step) {
        for (uint32_t j = 0; j < n; j++) {
            const size_t at = (size_t)i * n + j;
            if (inputs)
                row[j] = examples->type == ANNC_FLOATS ? (double)((const float *)examples->x)[at]
                                                       : ((const uint8_t *)examples->x)[at] / (double)examples->divisor;
            else if (examples->targets)
                row[j] = (double)examples->targets[at];
            else
                row[j] = n == 1 ? examples->labels[i] : examples->labels[i] == (int32_t)j;
        }
        text_add(text, "%s", i ? "," : "");
        add_row(text, row, n);
    }
}

/* Puts rows of --points, as the network receives them, into its metadata: its page draws and learns
 * them. */
static annc_status take_points(const struct options *options, annc_network *network)
{
    const annc_shape *shape = annc_network_shape(network);
    annc_data_options source;
    annc_data data = {0};
    struct annc_buffer text = {.bytes = NULL};
    annc_status status = ANNC_OK;
    if (shape->width[0] > MOST_DRAWN_INPUTS || shape->width[shape->layers] > MOST_DRAWN_OUTPUTS)
        return annc_fail(ANNC_USAGE,
                         "--points is for models of 1 or 2 inputs and at most %d outputs; this one has %u and %u",
                         MOST_DRAWN_OUTPUTS, shape->width[0], shape->width[shape->layers]);
    ANNC_TRY(data_options_from(options, shape, &source));
    source.model = network;
    source.need_train = true;
    ANNC_TRY(load_data(options, options->value[OPTION_POINTS].text, &source, false, &data));
    const annc_examples *examples = annc_dataset_examples(data.train);
    const uint32_t step = (examples->count - 1) / MOST_DRAWN + 1;
    text_add(&text, "{\"x\":[");
    add_rows(&text, examples, step, true);
    text_add(&text, "],\"y\":[");
    add_rows(&text, examples, step, false);
    text_add(&text, "]}");
    status = annc_network_set_metadata(network, "annc.points", text.bytes);
out:
    text_free(&text);
    annc_data_free(&data);
    return status;
}

annc_status run_export(const struct options *options)
{
    const struct option_value *value = options->value;
    annc_network *network = NULL;
    annc_shape said;
    if (options->positional_count < 1)
        return annc_fail(ANNC_USAGE, "export needs a model: annc-gpu export MODEL --format onnx --out FILE");
    const char *out = value[OPTION_OUT].text;
    const int format = value[OPTION_FORMAT].given ? value[OPTION_FORMAT].choice : out ? format_of(out) : -1;
    if (format < 0)
        return format_missing();
    if (!out)
        return annc_fail(ANNC_USAGE, "export needs --out FILE");
    annc_status status = ANNC_OK;
    ANNC_TRY(load_model(options, options->positional[0], &network));
    ANNC_TRY(shape_from_options(options, annc_network_shape(network), &said));
    ANNC_TRY(annc_checkpoint_strip(network));
    if (value[OPTION_POINTS].given && format != ANNC_EXPORT_HTML)
        ANNC_TRY(annc_fail(ANNC_USAGE, "--points is for pages: add --format html"));
    if (value[OPTION_POINTS].given)
        ANNC_TRY(take_points(options, network));
    set_stop_policy(END_WHEN_ASKED); /* complete every started file */
    ANNC_TRY(annc_model_export(network, (annc_export)format, output_path(out)));
    if (!is_standard_output(out))
        note(options, "wrote %s", out);
out:
    annc_network_free(network);
    return status;
}
