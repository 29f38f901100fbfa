/* options.c - command-line options: parsing, names, help. */
#include "cli/options/options.h"
#include "base/number.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *option_name(int i, unsigned command)
{
    if (i >= OPTION_COUNT)
        return NULL;
    return OPTIONS[i].commands & command ? OPTIONS[i].name : "";
}

/* ---------------------------------------------------------------- values */

static bool parse_whole(const char *text, uint64_t *whole)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *whole = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0;
}

static bool parse_number(const char *text, double *number)
{
    return annc_number_parse(text, strlen(text), '.', '\0', number);
}

/* Returns whether two names are equal but for case, and for '_' in place of '-'. */
static bool is_same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        const int x = *a == '_' ? '-' : tolower((unsigned char)*a), y = *b == '_' ? '-' : tolower((unsigned char)*b);
        if (x != y)
            return false;
    }
    return *a == *b;
}

static int find_choice(const char *(*choice)(int value), const char *name)
{
    for (int i = 0; choice(i); i++)
        if (is_same_name(choice(i), name))
            return i;
    return -1;
}

int choice_named(const char *(*choice)(int value), const char *name)
{
    /* What other programs call them. */
    static const struct {
        const char *alias, *name;
    } aliases[] = {{"mse", "quadratic"},
                   {"squared-error", "quadratic"},
                   {"mae", "mean-absolute"},
                   {"xent", "cross-entropy"},
                   {"bce", "cross-entropy"},
                   {"binary-cross-entropy", "cross-entropy"},
                   {"log-loss", "cross-entropy"},
                   {"cce", "categorical-cross-entropy"},
                   {"softmax-cross-entropy", "categorical-cross-entropy"},
                   {"linear", "identity"},
                   {"logistic", "sigmoid"},
                   {"swish", "silu"},
                   {"nag", "nesterov"},
                   {"glorot", "xavier"},
                   {"kaiming", "he"},
                   {"minmax", "min-max"},
                   {"standard", "standardise"},
                   {"standardize", "standardise"}};
    const int found = find_choice(choice, name);
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases && found < 0; i++)
        if (is_same_name(aliases[i].alias, name))
            return find_choice(choice, aliases[i].name);
    return found;
}

static annc_status refuse_choice(const struct option_spec *spec, const char *text)
{
    char names[256] = "";
    for (int i = 0; spec->choice(i); i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "", spec->choice(i));
    return annc_fail(ANNC_USAGE, "--%s takes one of %s; not '%.64s'", spec->name, names, text);
}

bool option_comes_with_model(const struct options *options, enum option_id id)
{
    const bool is_of_shape = id == OPTION_LAYERS || id == OPTION_ACTIVATION || id == OPTION_OUTPUT_ACTIVATION ||
                             id == OPTION_COST || id == OPTION_QUANTILE;
    return is_of_shape && options->value[OPTION_LOAD].text && !options->value[id].given;
}

bool is_share(const char *text, double *share)
{
    const size_t length = strlen(text);
    if (length < 2 || text[length - 1] != '%')
        return parse_number(text, share);
    const bool parsed = annc_number_parse(text, length - 1, '.', '\0', share);
    *share /= 100;
    return parsed;
}

annc_status option_parse(const struct option_spec *spec, const char *text, struct option_value *value)
{
    value->text = text;
    switch (spec->kind) {
    case FLAG:
        break;
    case TEXT:
    case PATHNAME:
    case LIST:
        if (text[0] == '\0')
            return annc_fail(ANNC_USAGE, "--%s takes %s, not an empty text", spec->name, spec->argument);
        break;
    case WHOLE:
        if (!parse_whole(text, &value->whole) || value->whole < spec->low || value->whole > spec->high)
            return annc_fail(ANNC_USAGE, "--%s takes a whole number from %llu to %llu, not '%.64s'", spec->name,
                             (unsigned long long)spec->low, (unsigned long long)spec->high, text);
        break;
    case NUMBER:
        if (!parse_number(text, &value->number) || !isfinite(value->number) || value->number <= 0)
            return annc_fail(ANNC_USAGE, "--%s takes a finite number above 0, not '%.64s'", spec->name, text);
        break;
    case AMOUNT:
        if (!parse_number(text, &value->number) || !isfinite(value->number) || value->number < 0)
            return annc_fail(ANNC_USAGE, "--%s takes a finite number, 0 or more, not '%.64s'", spec->name, text);
        break;
    case SIGNED:
        if (!parse_number(text, &value->number) || !isfinite(value->number))
            return annc_fail(ANNC_USAGE, "--%s takes a finite number, not '%.64s'", spec->name, text);
        break;
    case SHARE:
        if (!is_share(text, &value->number) || !(value->number >= 0 && value->number < 1))
            return annc_fail(ANNC_USAGE, "--%s takes a number from 0 to below 1, or a percentage, not '%.64s'",
                             spec->name, text);
        break;
    case CHOICE:
        value->choice = choice_named(spec->choice, text);
        if (value->choice < 0)
            return refuse_choice(spec, text);
        value->text = spec->choice(value->choice);
        break;
    }
    return ANNC_OK;
}

/* ---------------------------------------------------------------- a command's arguments */

enum option_id option_named(unsigned command, const char *name)
{
    int id = 0;
    while (id < OPTION_COUNT && (strcmp(OPTIONS[id].name, name) != 0 || !(OPTIONS[id].commands & command)))
        id++;
    return (enum option_id)id;
}

static annc_status unknown_option(const char *name, unsigned command)
{
    const char *known = option_known_as(name, command), *meant = known ? known : closest(name, option_name, command);
    if (option_named(ANY_COMMAND, name) != OPTION_COUNT)
        return annc_fail(ANNC_USAGE, "this command has no option --%s%s%s%s", name, known ? "; did you mean --" : "",
                         known ? known : "", known ? "?" : "");
    return meant && *meant ? annc_fail(ANNC_USAGE, "unknown option --%.64s; did you mean --%s?", name, meant)
                           : annc_fail(ANNC_USAGE, "unknown option --%.64s", name);
}

/* Sets the value of an option, or adds one to a list. */
static annc_status take_value(enum option_id id, const char *text, struct options *options)
{
    const struct option_spec *spec = &OPTIONS[id];
    options->value[id].given = true;
    if (spec->kind == LIST && options->repeated_count == MOST_REPEATED)
        return annc_fail(ANNC_USAGE, "--%s is given more than %d times", spec->name, MOST_REPEATED);
    if (spec->kind == LIST)
        options->repeated[options->repeated_count++] = text;
    return option_parse(spec, text, &options->value[id]);
}

static annc_status parse_option(unsigned command, const char *argument, const char *next, struct options *options,
                                bool *took_next)
{
    char name[80];
    const char *equals = strchr(argument, '=');
    const size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    snprintf(name, sizeof name, "%.*s", length < sizeof name ? (int)length : (int)sizeof name - 1, argument);
    const enum option_id id = option_named(command, name);
    if (id == OPTION_COUNT)
        return unknown_option(name, command);
    const struct option_spec *spec = &OPTIONS[id];
    if (options->value[id].given && spec->kind != LIST)
        return annc_fail(ANNC_USAGE, "--%s is given twice", name);
    if (spec->kind == FLAG && equals)
        return annc_fail(ANNC_USAGE, "--%s takes no value", name);
    *took_next = spec->kind != FLAG && !equals;
    if (*took_next && !next)
        return annc_fail(ANNC_USAGE, "--%s needs a value: %s", name, spec->argument);
    options->value[id].typed = true;
    const char *text = spec->kind == FLAG ? "" : equals ? equals + 1 : next;
    return take_value(id, text, options);
}

static annc_status parse_arguments(unsigned command, int most_positional, int argc, char **argv,
                                   struct options *options)
{
    bool only_positional = false;
    for (int i = 0; i < argc; i++) {
        bool took_next = false;
        if (!only_positional && strcmp(argv[i], "--") == 0) {
            only_positional = true;
        } else if (!only_positional && strcmp(argv[i], "-h") == 0) {
            options->value[OPTION_HELP].given = true;
        } else if (!only_positional && strncmp(argv[i], "--", 2) == 0) {
            ANNC_RETURN_IF_FAILED(
                parse_option(command, argv[i] + 2, i + 1 < argc ? argv[i + 1] : NULL, options, &took_next));
        } else if (!only_positional && argv[i][0] == '-' && argv[i][1] != '\0') {
            return annc_fail(ANNC_USAGE, "unknown option %.64s; options begin with --", argv[i]);
        } else if (options->positional_count >= most_positional) {
            options->extra = options->extra ? options->extra : argv[i];
        } else {
            options->positional[options->positional_count++] = argv[i];
        }
        i += took_next;
    }
    return ANNC_OK;
}

/* ---------------------------------------------------------------- setting */

annc_status option_set(enum option_id id, const char *text, struct options *options)
{
    const bool is_flag = OPTIONS[id].kind == FLAG;
    if (is_flag && (strcmp(text, "no") == 0 || strcmp(text, "false") == 0))
        return ANNC_OK;
    if (is_flag && strcmp(text, "yes") != 0 && strcmp(text, "true") != 0)
        return annc_fail(ANNC_USAGE, "%s must be yes or no, not '%.64s'", OPTIONS[id].name, text);
    return take_value(id, is_flag ? "" : text, options);
}

annc_status options_set(unsigned command, const char *name, const char *text, struct options *options)
{
    const enum option_id id = option_named(command, name);
    return id == OPTION_COUNT || options->value[id].given ? ANNC_OK : option_set(id, text, options);
}

annc_status options_parse(unsigned command, int most_positional, int argc, char **argv, struct options *options)
{
    memset(options, 0, sizeof *options);
    options->command = command;
    return parse_arguments(command, most_positional, argc, argv, options);
}

annc_status options_default(struct options *options)
{
    for (int id = 0; id < OPTION_COUNT; id++)
        if (!options->value[id].given && OPTIONS[id].preset)
            ANNC_RETURN_IF_FAILED(option_parse(&OPTIONS[id], OPTIONS[id].preset, &options->value[id]));
    return ANNC_OK;
}

void options_free(struct options *options)
{
    free(options->config);
    free(options->resumed);
    options->config = options->resumed = NULL;
}

/* ---------------------------------------------------------------- help */

enum { HELP_INDENT = 27 };

/* Prints words, wrapped before the width, from the indent on. */
static void print_wrapped(const char *text, uint32_t width)
{
    uint32_t at = HELP_INDENT;
    while (*text) {
        const uint32_t length = (uint32_t)strcspn(text, " ");
        if (at > HELP_INDENT && at + 1 + length > width) {
            printf("\n%*s", HELP_INDENT, "");
            at = HELP_INDENT;
        } else if (at > HELP_INDENT) {
            putchar(' ');
            at++;
        }
        printf("%.*s", (int)length, text);
        at += length;
        text += length + strspn(text + length, " ");
    }
    putchar('\n');
}

/* Adds as many of an option's accepted names as fit, and its default. */
static void add_names(const struct option_spec *spec, size_t width, char *text, size_t size)
{
    char end[80] = "";
    size_t used = strlen(text);
    if (spec->preset)
        snprintf(end, sizeof end, " [%s]", spec->preset);
    for (int i = 0; spec->kind == CHOICE && spec->choice(i); i++) {
        const size_t left = spec->choice(i + 1) ? strlen(", ...") : 0;
        const bool fits = used + strlen(spec->choice(i)) + 2 + left + strlen(end) <= width;
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : ": ", fits ? spec->choice(i) : "...");
        if (!fits)
            break;
    }
    snprintf(text + used, size - used, "%s", end);
}

void option_describe(const struct option_spec *spec, size_t width, char *text, size_t size)
{
    const char *first = strchr(spec->help, ';'), *shown = strstr(spec->help, "; default");
    snprintf(text, size, "%s", spec->help);
    if (first && strlen(text) > width)
        snprintf(text + (first - spec->help), size - (size_t)(first - spec->help), "%s", shown ? shown : "");
    add_names(spec, width < size ? width : size, text, size);
}

void option_help(enum option_id id)
{
    const struct option_spec *spec = &OPTIONS[id];
    printf("--%s%s%s: %s", spec->name, spec->argument ? " " : "", spec->argument ? spec->argument : "", spec->help);
    if (spec->preset)
        printf(" [%s]", spec->preset);
    putchar('\n');
    for (int i = 0; spec->kind == CHOICE && spec->choice(i); i++)
        printf("  %s\n", spec->choice(i));
}

/* Of train and sweep, which have most, only common options are, and the command's own. */
static bool is_in_short_help(enum option_id id, unsigned command)
{
    const unsigned bits = OPTIONS[id].commands;
    return command & (TRAIN | SWEEP) ? (bits & COMMON) || (id < OPTION_DATA && !(bits & RARE)) : !(bits & RARE);
}

int options_help(unsigned command, bool all)
{
    const uint32_t width = terminal_columns(stdout);
    const char *group = NULL;
    int left_out = 0;
    for (enum option_id id = 0; id < OPTION_COUNT; id++) {
        const struct option_spec *spec = &OPTIONS[id];
        char left[48], text[600];
        if (!(spec->commands & command))
            continue;
        if (!all && !is_in_short_help(id, command)) {
            left_out++;
            continue;
        }
        if (group != option_group(id))
            printf("%s:\n", option_group(id));
        group = option_group(id);
        snprintf(left, sizeof left, "--%s%s%s", spec->name, spec->argument ? " " : "",
                 spec->argument ? spec->argument : "");
        printf("  %-24s ", left);
        option_describe(spec, all || width <= HELP_INDENT ? SIZE_MAX : width - HELP_INDENT, text, sizeof text);
        print_wrapped(text, width);
    }
    return left_out;
}
