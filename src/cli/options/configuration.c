/* configuration.c - reads options from configuration files, presets and checkpoints, and writes
 * such a file. */
#include "cli/options/configuration.h"
#include "base/status.h"
#include "cli/options/note.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/options/resume.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/open_input.h"
#include "cli/terminal/usage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

bool configuration_next(char **rest, const char **name, const char **value)
{
    for (char *line; (line = strsep(rest, "\n"));) {
        char *const equals = strstr(line, " = ");
        if (!equals)
            continue;
        *equals = '\0';
        *name = line;
        *value = equals + strlen(" = ");
        return true;
    }
    return false;
}

static annc_status read_text(const char *path, char **text)
{
    FILE *file = open_input(path, "a configuration file");
    struct annc_buffer all = {.bytes = NULL};
    char piece[4096];
    size_t got;
    if (!file)
        return annc_fail(ANNC_INPUT, "%.300s: %s", path, strerror(errno));
    do {
        got = fread(piece, 1, sizeof piece, file);
        text_put(&all, piece, got);
    } while (got == sizeof piece && !memchr(piece, '\0', got));
    const bool failed = ferror(file);
    fclose(file);
    *text = all.bytes;
    if (failed || strlen(all.bytes) != all.length)
        return annc_fail(ANNC_INPUT, "%.300s: is not a text of lines 'name = value'", path);
    return ANNC_OK;
}

/* Reads a configuration file, or the configuration in a model. */
static annc_status read_lines(const char *path, char **text)
{
    struct stat file;
    annc_network *model = NULL;
    /* A pipe can be read only once, and has no model. */
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode) || annc_model_load(path, NULL, &model) != ANNC_OK)
        return read_text(path, text);
    const char *config = annc_network_metadata(model, "annc.config");
    *text = config ? take_copy(config, "a configuration") : NULL;
    annc_network_free(model);
    return config ? ANNC_OK : annc_fail(ANNC_INPUT, "%.300s: is a model without a configuration", path);
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    for (size_t n = strlen(text); n > 0 && strchr(" \t\r", text[n - 1]); n--)
        text[n - 1] = '\0';
    return text;
}

/* The state of reading a configuration file. */
struct config {
    unsigned command;
    struct options *options;
    bool was_given[OPTION_COUNT], told[OPTION_COUNT]; /* before the file; in it */
    struct annc_buffer strangers;                     /* options in it of other commands only */
    bool is_description, is_inside;                   /* it is the output of `info MODEL`; the line is of annc.config */
};

static annc_status refuse_name(const struct config *config, const char *name)
{
    const char *meant = closest(name, option_name, config->command);
    if (option_named(ANY_COMMAND, name) != OPTION_COUNT)
        return annc_fail(ANNC_USAGE, "%s cannot be set in a configuration file", name);
    return annc_fail(ANNC_USAGE, "unknown option '%.64s'%s%s%s", name, meant && *meant ? "; did you mean " : "",
                     meant && *meant ? meant : "", meant && *meant ? "?" : "");
}

/* Sets an option of the file unless the command line has it. A file may serve several of the
 * commands that take one: options of other commands are skipped, with a note. */
static annc_status take_value(struct config *config, const char *name, const char *value)
{
    const enum option_id any = option_named(OPTIONS[OPTION_CONFIG].commands & ANY_COMMAND, name);
    if (any == OPTION_COUNT || any == OPTION_CONFIG || any == OPTION_HELP)
        return refuse_name(config, name);
    const enum option_id id = option_named(config->command, name);
    const bool again = config->told[any];
    config->told[any] = true;
    if (again && OPTIONS[any].kind != LIST)
        return annc_fail(ANNC_USAGE, "%s is given twice", name);
    if (id == OPTION_COUNT) {
        if (!again)
            text_add(&config->strangers, "%s%s", config->strangers.length ? ", " : "", name);
        return ANNC_OK;
    }
    return config->was_given[id] ? ANNC_OK : option_set(id, value, config->options);
}

static const char CONFIG_TITLE[] = "annc.config:";

/* Reads "name = value", an empty line or a comment; of a model's description the lines of its
 * configuration alone. */
static annc_status take_line(struct config *config, const char *path, int number, char *line)
{
    char *equals = strchr(line, '=');
    const bool is_title = strcmp(line, CONFIG_TITLE) == 0;
    config->is_inside = is_title || (config->is_inside && line[0] == ' ');
    if (config->is_description && (is_title || !config->is_inside))
        return ANNC_OK;
    if (*trim(line) == '\0' || *trim(line) == '#')
        return ANNC_OK;
    if (equals)
        *equals = '\0';
    char *name = trim(line), *value = equals ? trim(equals + 1) : NULL;
    const annc_status status =
        equals ? take_value(config, name, value) : annc_fail(ANNC_USAGE, "'%.64s' is not 'name = value'", name);
    return status == ANNC_OK ? ANNC_OK : annc_fail(status, "%.200s, line %d: %.300s", path, number, error_text());
}

static annc_status read_config(unsigned command, struct options *options)
{
    const char *path = options->value[OPTION_CONFIG].text;
    struct config config = {.command = command, .options = options};
    annc_status status = ANNC_OK;
    ANNC_TRY(read_lines(path, &options->config));
    const char *title = strstr(options->config, CONFIG_TITLE);
    config.is_description = title && title > options->config && title[-1] == '\n';
    int number = 0;
    for (int id = 0; id < OPTION_COUNT; id++)
        config.was_given[id] = options->value[id].given;
    for (char *line = options->config; line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        ANNC_TRY(take_line(&config, path, ++number, line));
        line = end ? end + 1 : NULL;
    }
    if (config.strangers.length > 0)
        note(options, "%.300s: ignored options that this command does not have: %s", path, config.strangers.bytes);
out:
    text_free(&config.strangers);
    return status;
}

static annc_status take_preset(unsigned command, struct options *options)
{
    const char *const *values = preset_values(options->value[OPTION_PRESET].choice);
    for (; *values; values += 2)
        ANNC_RETURN_IF_FAILED(options_set(command, values[0], values[1], options));
    return ANNC_OK;
}

/* "MNIST" and "Digits" name the data of the program, too, unless a file is called so. */
static void name_known_data(struct option_value *data)
{
    static const char *const known[] = {"mnist", "digits"};
    for (size_t i = 0; data->text && i < sizeof known / sizeof *known; i++)
        if (strcasecmp(data->text, known[i]) == 0 && access(data->text, F_OK) != 0)
            data->text = known[i];
}

annc_status options_complete(unsigned command, struct options *options)
{
    if (options->value[OPTION_CONFIG].given)
        ANNC_RETURN_IF_FAILED(read_config(command, options));
    if (options->value[OPTION_PRESET].given)
        ANNC_RETURN_IF_FAILED(take_preset(command, options));
    if (options->value[OPTION_RESUME].given)
        ANNC_RETURN_IF_FAILED(options_resume(options));
    name_known_data(&options->value[OPTION_DATA]);
    return options_default(options);
}

const char *option_shown(unsigned command, const struct options *options, enum option_id id)
{
    const struct option_value *value = &options->value[id];
    const char *text = value->shown ? value->shown : value->text;
    if (option_comes_with_model(options, id))
        return NULL;
    if (!(OPTIONS[id].commands & command) || !text || (OPTIONS[id].commands & ASIDE) || strpbrk(text, "\r\n"))
        return NULL;
    return OPTIONS[id].kind != FLAG ? text : value->given ? "yes" : NULL;
}

void options_print(unsigned command, const struct options *options, struct annc_buffer *out)
{
    for (int id = 0; id < OPTION_COUNT; id++) {
        const char *text = option_shown(command, options, (enum option_id)id);
        if (text)
            text_add(out, "%s = %s\n", OPTIONS[id].name, text);
    }
}
