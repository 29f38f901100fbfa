/* resume.c - saves the options of a run in its checkpoint and restores them. */
#include "cli/options/resume.h"
#include "cli/options/note.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/options/overwriting.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/usage.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Options that may differ from the checkpoint's: paths, devices, and time limits of this
 * process. */
static const enum option_id FREE[] = {OPTION_SAVE,   OPTION_CHECKPOINT, OPTION_CHECKPOINT_EVERY, OPTION_DEVICE,
                                      OPTION_ENGINE, OPTION_THREADS,    OPTION_MAX_TIME,         OPTION_OFFLINE};

static bool is_free(enum option_id id)
{
    for (size_t i = 0; i < sizeof FREE / sizeof *FREE; i++)
        if (FREE[i] == id)
            return true;
    return false;
}

/* ---------------------------------------------------------------- writing */

/* Prints a text with %XX for characters that would end or trim a line, or are not portable text. */
static void print_encoded(const char *text, struct annc_buffer *out)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c <= ' ' || c == '%' || c >= 127)
            text_add(out, "%%%02X", (unsigned)c);
        else
            text_add(out, "%c", c);
    }
}

static bool is_in_run(enum option_id id)
{
    const struct option_spec *spec = &OPTIONS[id];
    if (!(spec->commands & TRAIN) || id == OPTION_CONFIG || id == OPTION_LOG || id == OPTION_PLOT ||
        id == OPTION_RESUME || id == OPTION_CHECKPOINT)
        return false;
    return spec->kind == PATHNAME || id == OPTION_CHECKPOINT_EVERY || spec->kind == TEXT;
}

void options_print_run(const struct options *options, struct annc_buffer *out)
{
    char *folder = check_allocation(getcwd(NULL, 0), "the folder's name");
    for (int i = 0; i < OPTION_COUNT; i++) {
        const enum option_id id = (enum option_id)i;
        const char *text = options->value[id].text;
        if (!text || !is_in_run(id) || option_comes_with_model(options, id))
            continue;
        text_add(out, "%s = ", OPTIONS[id].name);
        if (text[0] != '/' && option_names_file(id, text) && folder) {
            print_encoded(folder, out);
            text_add(out, "/");
        }
        print_encoded(text, out);
        text_add(out, "\n");
    }
    free(folder);
}

/* ---------------------------------------------------------------- reading */

static annc_status damaged(const char *what)
{
    return annc_fail(ANNC_INPUT, "%s", what);
}

static void decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        const char digits[3] = {from[0] == '%' ? from[1] : '\0', from[1] ? from[2] : '\0', '\0'};
        if (isxdigit((unsigned char)digits[0]) && isxdigit((unsigned char)digits[1])) {
            *to++ = (char)strtoul(digits, NULL, 16);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* Options that contradict the checkpoint, for the message. */
struct contradictions {
    char text[400];
    int count;
};

static void contradict(struct contradictions *all, enum option_id id, const char *theirs)
{
    const size_t used = strlen(all->text);
    snprintf(all->text + used, sizeof all->text - used, "%s--%s (the checkpoint has %.60s)", all->count++ ? ", " : "",
             OPTIONS[id].name, theirs);
}

static bool same(const struct option_spec *spec, const struct option_value *a, const struct option_value *b)
{
    switch (spec->kind) {
    case FLAG:
        return true;
    case TEXT:
        return strcmp(a->text, b->text) == 0;
    case PATHNAME: {
        double x_share, y_share;
        if (is_share(a->text, &x_share) && is_share(b->text, &y_share))
            return x_share == y_share;
        char *x = check_allocation(realpath(a->text, NULL), "a file's name"),
             *y = check_allocation(realpath(b->text, NULL), "a file's name");
        const bool equal = x && y ? strcmp(x, y) == 0 : strcmp(a->text, b->text) == 0;
        free(x);
        free(y);
        return equal;
    }
    case WHOLE:
        return a->whole == b->whole;
    case CHOICE:
        return a->choice == b->choice;
    default:
        return a->number == b->number;
    }
}

/* Returns whether two paths lie in one directory. */
static bool are_beside(const char *one, const char *other)
{
    struct stat folders[2];
    const char *const paths[] = {one, other};
    for (int i = 0; i < 2; i++) {
        const char *slash = strrchr(paths[i], '/');
        char folder[PATH_MAX];
        if (snprintf(folder, sizeof folder, "%.*s.", slash ? (int)(slash - paths[i]) + 1 : 0, paths[i]) >=
                (int)sizeof folder ||
            stat(folder, &folders[i]) != 0)
            return false;
    }
    return folders[0].st_dev == folders[1].st_dev && folders[0].st_ino == folders[1].st_ino;
}

/* Returns whether a file is a model of the same training as a checkpoint. */
static bool is_of_training(const char *path, const annc_network *checkpoint)
{
    static const char *const keys[] = {"annc.seed", "annc.layers", "annc.activations", "annc.cost", "annc.data"};
    annc_network *model = NULL;
    bool equal = annc_model_load(path, NULL, &model) == ANNC_OK;
    for (size_t i = 0; equal && i < sizeof keys / sizeof *keys; i++) {
        const char *a = annc_network_metadata(model, keys[i]), *b = annc_network_metadata(checkpoint, keys[i]);
        equal = a && b && strcmp(a, b) == 0;
    }
    annc_network_free(model);
    return equal;
}

/* Returns whether the model may be saved where the checkpoint says. A checkpoint may come from a
 * stranger, and must not decide which files are overwritten: the model is saved again only beside
 * the checkpoint, as a new file or in place of a model of the same training. */
static bool may_save_again(const struct options *options, const char *path, const annc_network *checkpoint)
{
    struct stat there;
    if (!are_beside(path, options->value[OPTION_RESUME].text))
        return false;
    if (lstat(path, &there) != 0)
        return errno == ENOENT;
    return S_ISREG(there.st_mode) && is_of_training(path, checkpoint);
}

/* Restores one option of the checkpoint. */
static annc_status take(struct options *options, enum option_id id, const char *text, struct contradictions *all)
{
    const struct option_spec *spec = &OPTIONS[id];
    struct option_value *value = &options->value[id], theirs = {.given = true};
    if (option_parse(spec, spec->kind == FLAG ? "" : text, &theirs) != ANNC_OK)
        return ANNC_INPUT; /* an error in a file is not a usage error */
    if (!value->given)
        *value = theirs;
    else if (id == OPTION_EPOCHS && value->whole > theirs.whole)
        options->goes_further = true;
    else if (!is_free(id) && !same(spec, value, &theirs))
        contradict(all, id, text);
    return ANNC_OK;
}

/* Splits a line "name = value". Returns the option, or OPTION_COUNT if it is malformed. */
static enum option_id split(char *line, char **text)
{
    char *equals = strstr(line, " = ");
    if (!equals)
        return OPTION_COUNT;
    *equals = '\0';
    *text = equals + 3;
    return option_named(TRAIN, line);
}

/* Returns whether a checkpoint has an option: in the lines of its run, or in its configuration. */
static bool is_saved(enum option_id id, bool is_run)
{
    return id != OPTION_COUNT && (is_run ? is_in_run(id) : !(OPTIONS[id].commands & ASIDE));
}

/* Restores the lines of the run, and then those of the configuration, which have options of the run
 * as typed. `told` marks the options found. */
static annc_status take_lines(struct options *options, const annc_network *checkpoint, char *lines, bool is_run,
                              bool *told, struct contradictions *all)
{
    for (char *line = lines; *line;) {
        char *end = line + strcspn(line, "\n"), *text;
        char *next = end + (*end != '\0');
        *end = '\0';
        const enum option_id id = split(line, &text);
        if (!is_saved(id, is_run))
            return damaged("its configuration is damaged");
        if (is_run)
            decode(text);
        if (id == OPTION_SAVE && !options->value[id].given && !may_save_again(options, text, checkpoint))
            options->unsaved = text;
        else if (!told[id])
            ANNC_RETURN_IF_FAILED(take(options, id, text, all));
        else if (!is_free(id)) /* may differ now */
            options->value[id].shown = text;
        told[id] = true;
        line = next;
    }
    return ANNC_OK;
}

/* Writes the value of an option that was not given, which the optimiser or another option
 * determines: in words, or "none". */
static void find_own(const struct options *options, enum option_id id, struct option_value *own, char words[32])
{
    const annc_training_options of = annc_training_defaults((annc_optimiser)options->value[OPTION_OPTIMIZER].choice);
    const struct {
        enum option_id id;
        double number;
    } numbers[] = {{OPTION_LR, of.eta},
                   {OPTION_MOMENTUM, of.mu},
                   {OPTION_BETA2, of.rho},
                   {OPTION_EPSILON, of.epsilon},
                   {OPTION_WEIGHT_DECAY, of.decay}};
    *own = (struct option_value){.text = "", .number = NAN, .whole = UINT64_MAX};
    snprintf(words, 32, "none");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].id == id) {
            own->number = numbers[i].number;
            snprintf(words, 32, "%.9g", own->number);
        }
    if (id == OPTION_SPLIT_SEED) {
        own->whole = options->value[OPTION_SEED].whole;
        snprintf(words, 32, "%llu", (unsigned long long)own->whole);
    }
}

/* Finds options that were given now but not for the checkpoint. A value equal to the one in use
 * does not count and is removed, so that saved files have the bits of an uninterrupted run. */
static void find_strangers(struct options *options, const bool *told, struct contradictions *all)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const enum option_id id = (enum option_id)i;
        struct option_value *value = &options->value[id];
        struct option_value own;
        char words[32];
        if (!(OPTIONS[id].commands & TRAIN) || (OPTIONS[id].commands & ASIDE) || !value->given || told[id] ||
            is_free(id))
            continue;
        find_own(options, id, &own, words);
        if (OPTIONS[id].kind != FLAG && same(&OPTIONS[id], value, &own))
            *value = (struct option_value){.given = false};
        else
            contradict(all, id, words);
    }
}

static annc_status take_checkpoint(struct options *options, const annc_network *checkpoint)
{
    const char *run = annc_network_metadata(checkpoint, "annc.run");
    const char *config = annc_network_metadata(checkpoint, "annc.config");
    bool told[OPTION_COUNT] = {false};
    struct contradictions all = {.count = 0};
    if (!run || !config)
        return damaged("is not a checkpoint of annc-gpu train");
    const size_t length = strlen(run) + 1;
    options->resumed = take_memory(length + strlen(config) + 1, 1, "a configuration");
    memcpy(options->resumed, run, length);
    memcpy(options->resumed + length, config, strlen(config) + 1);
    ANNC_RETURN_IF_FAILED(take_lines(options, checkpoint, options->resumed, true, told, &all));
    ANNC_RETURN_IF_FAILED(take_lines(options, checkpoint, options->resumed + length, false, told, &all));
    find_strangers(options, told, &all);
    if (all.count > 0)
        return annc_fail(ANNC_USAGE,
                         "its training cannot resume with another %s; only --epochs may be raised; for a new training "
                         "from its parameters give it to --load in place of --resume",
                         all.text);
    return ANNC_OK;
}

annc_status options_resume(struct options *options)
{
    const char *path = options->value[OPTION_RESUME].text;
    annc_network *checkpoint = NULL;
    ANNC_RETURN_IF_FAILED(annc_model_load(path, NULL, &checkpoint));
    const annc_status status = take_checkpoint(options, checkpoint);
    annc_network_free(checkpoint);
    if (!options->value[OPTION_CHECKPOINT].given)
        options->value[OPTION_CHECKPOINT] = options->value[OPTION_RESUME];
    if (status == ANNC_OK && options->unsaved)
        note(options, "the model will not be saved to %.300s, as in the checkpoint's run: give --save FILE",
             options->unsaved);
    return status == ANNC_OK ? ANNC_OK : annc_fail(status, "%.200s: %s", path, error_text());
}
