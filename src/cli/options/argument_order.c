/* argument_order.c - arguments in the wrong place: shows the command that works. */
#include "cli/options/argument_order.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options/option_table.h"

#include <stdio.h>
#include <sys/stat.h>

static bool is_file(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode); /* a pipe might wait for a writer */
}

bool is_model(const char *path)
{
    annc_network *network = NULL;
    if (!is_file(path))
        return false;
    const annc_status status = annc_model_load(path, NULL, &network);
    annc_network_free(network);
    return status == ANNC_OK;
}

static bool is_called_table(const char *path)
{
    return (annc_ends_with(path, ".csv") || annc_ends_with(path, ".tsv")) && is_file(path);
}

static bool has_option(const struct options *options, enum option_id id)
{
    return OPTIONS[id].commands & options->command;
}

static annc_status refuse_order(const struct options *options, const char *model, const char *data_option,
                                const char *data)
{
    return annc_fail(ANNC_USAGE, "%.200s is not a model; put the model first: annc-gpu %s %.200s %s%.200s", data,
                     options->command_name, model, data_option, data);
}

/* ---------------------------------------------------------------- too many */

annc_status check_extra_argument(const struct options *options)
{
    const char *extra = options->extra, *first = options->positional_count ? options->positional[0] : NULL;
    const bool takes_data = has_option(options, OPTION_DATA) && !options->value[OPTION_DATA].given;
    if (!extra)
        return ANNC_OK;
    if (first && !is_model(first) && is_model(extra))
        return takes_data ? refuse_order(options, extra, "--data ", first)
                          : annc_fail(ANNC_USAGE, "%.200s is not a model; give the model alone: annc-gpu %s %.200s",
                                      first, options->command_name, extra);
    const bool is_extra_model = is_model(extra);
    if (!first && is_extra_model && has_option(options, OPTION_LOAD))
        return annc_fail(ANNC_USAGE,
                         "unexpected argument '%.200s', a model; to train it further: annc-gpu %s --load %.200s", extra,
                         options->command_name, extra);
    if (takes_data && !is_extra_model && (!first || is_model(first)))
        return annc_fail(ANNC_USAGE,
                         "unexpected argument '%.200s'; name the data with --data: annc-gpu %s %.200s%s--data %.200s",
                         extra, options->command_name, first ? first : "", first ? " " : "", extra);
    return annc_fail(ANNC_USAGE, "unexpected argument '%.64s'", extra);
}

/* ---------------------------------------------------------------- wrong order */

annc_status check_model_first(const struct options *options)
{
    const char *first = options->positional[0], *data = options->value[OPTION_DATA].text;
    struct annc_kept_error kept;
    annc_error_keep(&kept);
    for (int i = 1; i < options->positional_count; i++)
        if (is_model(options->positional[i]))
            return refuse_order(options, options->positional[i], "", first);
    if (data && is_model(data))
        return refuse_order(options, data, "--data ", first);
    if (is_called_table(first) && !data && options->positional_count == 1)
        if (options->command == PREDICT || has_option(options, OPTION_DATA))
            return annc_fail(ANNC_INPUT,
                             "%.200s is a table, not a model; a model comes first: annc-gpu %s MODEL %s%.200s", first,
                             options->command_name, options->command == PREDICT ? "" : "--data ", first);
    annc_fail_again(ANNC_INPUT, &kept);
    return ANNC_OK;
}
