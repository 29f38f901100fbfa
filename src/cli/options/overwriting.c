/* overwriting.c - checks that outputs overwrite neither inputs nor each other. */
#include "cli/options/overwriting.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/terminal/usage.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_LINKS = 40, ANY_WRITES = S_IWUSR | S_IWGRP | S_IWOTH };

/* Pairs that may be one file, since the command reads it first and then replaces it whole. */
static const struct {
    enum option_id written, read;
} ALLOWED[] = {{OPTION_SAVE, OPTION_LOAD}, {OPTION_CHECKPOINT, OPTION_RESUME}};

static bool is_allowed(enum option_id written, enum option_id read)
{
    for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++)
        if (ALLOWED[i].written == written && ALLOWED[i].read == read)
            return true;
    return false;
}

/* ---------------------------------------------------------------- identity of files */

/* A regular file, or a future one as a name in a directory. A device or a pipe is neither, as it
 * has nothing to lose. */
struct place {
    enum { NO_FILE, OLD_FILE, NEW_FILE } kind;
    dev_t device; /* of the file, or of the directory */
    ino_t number;
    char name[NAME_MAX + 1];
};

/* Finds the place of a file that does not exist yet, also through dangling links. */
static void find_new(const char *path, int links, struct place *place)
{
    const char *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash - path) + 1 : 0;
    char target[PATH_MAX], next[2 * PATH_MAX];
    struct stat there;
    const ssize_t length = readlink(path, target, sizeof target);
    if (length > 0 && links > 0) { /* a link's target is relative to the link */
        snprintf(next, sizeof next, "%.*s%.*s", target[0] == '/' ? 0 : folder, path, (int)length, target);
        find_new(next, links - 1, place);
        return;
    }
    snprintf(next, sizeof next, "%.*s.", folder, path);
    if (stat(next, &there) != 0)
        return;
    place->kind = NEW_FILE;
    place->device = there.st_dev;
    place->number = there.st_ino;
    snprintf(place->name, sizeof place->name, "%s", path + folder);
}

static struct place place_of(const char *path)
{
    struct place place = {.kind = NO_FILE};
    struct stat there;
    if (stat(path, &there) == 0) {
        place.kind = S_ISREG(there.st_mode) ? OLD_FILE : NO_FILE;
        place.device = there.st_dev;
        place.number = there.st_ino;
    } else if (errno == ENOENT) {
        find_new(path, MOST_LINKS, &place);
    }
    return place;
}

static bool is_same_file(const char *one, const char *other)
{
    const struct place a = place_of(one), b = place_of(other);
    return a.kind != NO_FILE && a.kind == b.kind && a.device == b.device && a.number == b.number &&
           strcmp(a.name, b.name) == 0;
}

/* Returns whether an existing file has a name of an IDX file, which a search of an input directory
 * would find. */
static bool is_found_by_name(const char *path)
{
    static const char *const words[] = {"-images-idx", "-images.idx", "-labels-idx", "-labels.idx"};
    const char *slash = strrchr(path, '/');
    struct stat file;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(slash ? slash : path, words[i]) && stat(path, &file) == 0 && S_ISREG(file.st_mode))
            return true;
    return false;
}

/* ---------------------------------------------------------------- the options of a command */

bool option_names_file(enum option_id id, const char *text)
{
    double share;
    if (OPTIONS[id].kind != PATHNAME)
        return false;
    if (id == OPTION_DATA && (strcmp(text, "mnist") == 0 || strcmp(text, "digits") == 0))
        return false;
    return !(id == OPTION_VALIDATION && is_share(text, &share)) && strcmp(text, "-") != 0;
}

/* The file that "-" reads, if standard input is one. */
static const char STANDARD_INPUT[] = "/dev/stdin";

/* Returns the file that an option of a command reads or, with WRITES, writes; NULL if it names
 * none. */
static const char *file_of(unsigned command, const struct options *options, enum option_id id, unsigned writes)
{
    const char *text = options->value[id].text;
    const bool is_its_own = (OPTIONS[id].commands & command) && (OPTIONS[id].commands & WRITES) == writes;
    if (is_its_own && text && writes == 0 && OPTIONS[id].kind == PATHNAME && strcmp(text, "-") == 0)
        return STANDARD_INPUT;
    return is_its_own && text && option_names_file(id, text) ? text : NULL;
}

annc_status overwriting_check(unsigned command, const struct options *options, const char *what, const char *path)
{
    for (int id = 0; id < OPTION_COUNT; id++) {
        const char *written = file_of(command, options, (enum option_id)id, WRITES);
        if (written && is_same_file(written, path))
            return annc_fail(ANNC_USAGE, "--%s would overwrite %.100s: %.300s", OPTIONS[id].name, what, path);
    }
    return ANNC_OK;
}

/* Compares an output with all inputs and with the outputs after it. A file that nobody may write is
 * replaced only with --force. */
static annc_status check_output(unsigned command, const struct options *options, enum option_id id, const char *path)
{
    const char *other;
    struct stat there;
    for (int i = 0; i < OPTION_COUNT; i++) {
        const enum option_id read = (enum option_id)i;
        other = file_of(command, options, read, 0);
        if (other && !is_allowed(id, read) && is_same_file(path, other))
            return annc_fail(ANNC_USAGE, "--%s would overwrite the input of --%s%s: %.300s", OPTIONS[id].name,
                             OPTIONS[i].name, other == STANDARD_INPUT ? " from standard input" : "", path);
    }
    for (int i = (int)id + 1; i < OPTION_COUNT; i++) {
        other = file_of(command, options, (enum option_id)i, WRITES);
        if (other && is_same_file(path, other))
            return annc_fail(ANNC_USAGE, "--%s and --%s name the same file: %.300s", OPTIONS[id].name, OPTIONS[i].name,
                             path);
    }
    if (stat(path, &there) == 0 && S_ISREG(there.st_mode) && (there.st_mode & ANY_WRITES) == 0 &&
        !options->value[OPTION_FORCE].given)
        return annc_fail(ANNC_OUTPUT, "%.300s: is write-protected; give --force to replace it, or another --%s", path,
                         OPTIONS[id].name);
    if (is_found_by_name(path))
        return annc_fail(ANNC_USAGE, "--%s would overwrite images or labels: %.300s", OPTIONS[id].name, path);
    return ANNC_OK;
}

/* Returns whether a path is what standard output or standard error write to, such as /dev/stdout;
 * /dev/null, where nothing mixes, is not. */
static bool is_a_stream(const char *path)
{
    struct stat there, stream, null;
    if (stat(path, &there) != 0 ||
        (stat("/dev/null", &null) == 0 && S_ISCHR(there.st_mode) && there.st_rdev == null.st_rdev))
        return false;
    for (int descriptor = STDOUT_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fstat(descriptor, &stream) == 0 && stream.st_dev == there.st_dev && stream.st_ino == there.st_ino)
            return true;
    return false;
}

/* Rejects "-" for an output that cannot be a stream: a file of this name would be an accident. */
static annc_status check_dash(const struct options *options, enum option_id id)
{
    const unsigned traits = OPTIONS[id].commands;
    const char *text = options->value[id].text;
    if (!(traits & WRITES) || (traits & STREAMS) || !text)
        return ANNC_OK;
    if (is_a_stream(text))
        return annc_fail(ANNC_USAGE, "--%s %.300s: the program prints there; give a file of its own", OPTIONS[id].name,
                         text);
    if (strcmp(text, "-") != 0)
        return ANNC_OK;
    return annc_fail(ANNC_USAGE,
                     "--%s needs a file name and cannot write to standard output; for a file named '-', use ./-",
                     OPTIONS[id].name);
}

annc_status options_check_files(unsigned command, const struct options *options)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        ANNC_RETURN_IF_FAILED(check_dash(options, (enum option_id)i));
    for (int i = 0; i < OPTION_COUNT; i++) {
        const char *path = file_of(command, options, (enum option_id)i, WRITES);
        if (path)
            ANNC_RETURN_IF_FAILED(check_output(command, options, (enum option_id)i, path));
    }
    for (int i = 0; i < options->positional_count; i++)
        ANNC_RETURN_IF_FAILED(strcmp(options->positional[i], "-") == 0
                                  ? overwriting_check(command, options, "the file on standard input", STANDARD_INPUT)
                                  : overwriting_check(command, options, "an input file", options->positional[i]));
    return ANNC_OK;
}
