/* config.c - options from elsewhere than the command line: configuration files, presets, checkpoints; and back into such a file. */
#include "options.h"
#include "usage.h"

#include <errno.h>
#include <string.h>

static annc_status read_text(const char *path, char **text)
{
    FILE *file = take_given(fopen(path, "re"), "a configuration file");
    struct text all = {.bytes = NULL};
    char piece[4096];
    size_t got;
    if (!file) {
        usage_failed("%.300s: %s", path, strerror(errno));
        return ANNC_INPUT;
    }
    do {
        got = fread(piece, 1, sizeof piece, file);
        text_put(&all, piece, got);
    } while (got == sizeof piece && !memchr(piece, '\0', got));
    const bool failed = ferror(file);
    fclose(file);
    *text = all.bytes;
    if (failed || strlen(all.bytes) != all.length) {
        usage_failed("%.300s: is no text of lines 'name = value'", path);
        return ANNC_INPUT;
    }
    return ANNC_OK;
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    for (size_t n = strlen(text); n > 0 && strchr(" \t\r", text[n - 1]); n--)
        text[n - 1] = '\0';
    return text;
}

/* "name = value", or nothing, or a comment. */
static annc_status take_line(unsigned command, const char *path, int number, char *line, struct options *options)
{
    char what[512];
    enum option_id id;
    char *equals = strchr(line, '=');
    if (*trim(line) == '\0' || *trim(line) == '#')
        return ANNC_OK;
    if (equals)
        *equals = '\0';
    char *name = trim(line), *value = equals ? trim(equals + 1) : NULL;
    annc_status status =
        equals ? options_set(command, name, value, options, &id) : usage_failed("'%.64s' is not 'name = value'", name);
    if (status == ANNC_OK && id == OPTION_COUNT && !option_of_any(name) /* a file may serve several commands */) {
        const char *meant = closest(name, option_name, command);
        status = usage_failed("there is no option '%.64s'%s%s%s", name, meant && *meant ? "; did you mean " : "",
                              meant && *meant ? meant : "", meant && *meant ? "?" : "");
    }
    if (status != ANNC_OK) {
        snprintf(what, sizeof what, "%s", usage_error());
        usage_failed("%.200s, line %d: %.300s", path, number, what);
    }
    return status;
}

static annc_status read_config(unsigned command, struct options *options)
{
    const char *path = options->value[OPTION_CONFIG].text;
    annc_status status = read_text(path, &options->config);
    int number = 0;
    for (char *line = options->config; status == ANNC_OK && line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        status = take_line(command, path, ++number, line, options);
        line = end ? end + 1 : NULL;
    }
    return status;
}

static annc_status take_preset(unsigned command, struct options *options)
{
    annc_status status = ANNC_OK;
    enum option_id id;
    const char *const *values = preset_values(options->value[OPTION_PRESET].choice);
    for (; *values && status == ANNC_OK; values += 2)
        status = options_set(command, values[0], values[1], options, &id);
    return status;
}

annc_status options_complete(unsigned command, struct options *options)
{
    annc_status status = ANNC_OK;
    if (options->value[OPTION_CONFIG].given)
        status = read_config(command, options);
    if (status == ANNC_OK && options->value[OPTION_PRESET].given)
        status = take_preset(command, options);
    if (status == ANNC_OK && options->value[OPTION_RESUME].given)
        status = options_resume(options);
    return status == ANNC_OK ? options_default(options) : status;
}

bool option_comes_with_model(const struct options *options, enum option_id id)
{
    const bool is_of_shape =
        id == OPTION_LAYERS || id == OPTION_ACTIVATION || id == OPTION_OUTPUT_ACTIVATION || id == OPTION_COST;
    return is_of_shape && options->value[OPTION_LOAD].text && !options->value[id].given;
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

void options_print(unsigned command, const struct options *options, struct text *out)
{
    for (int id = 0; id < OPTION_COUNT; id++) {
        const char *text = option_shown(command, options, (enum option_id)id);
        if (text)
            text_add(out, "%s = %s\n", OPTIONS[id].name, text);
    }
}
