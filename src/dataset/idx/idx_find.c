/* idx_find.c - finds IDX files by name. */
#include "dataset/idx/idx_find.h"
#include "base/status.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 300, NAME = 256, MOST_SETS = 8 };

/* The parts of a name: "emnist-letters-train-images.idx3-ubyte.gz" has prefix "emnist-letters-",
 * part train, images, gzip. */
struct name {
    char prefix[NAME];
    enum annc_part part;
    bool images, gzip;
};

/* Returns whether the text before `end` ends with a word, and the word's begin. */
static bool ends_with(const char *text, size_t end, const char *word, size_t *begin)
{
    const size_t length = strlen(word);
    if (end < length || memcmp(text + end - length, word, length) != 0)
        return false;
    *begin = end - length;
    return true;
}

/* Returns whether a name marks a hidden or incomplete file, such as the rest of an interrupted
 * download. */
static bool is_unfinished(const char *text)
{
    size_t begin;
    return text[0] == '.' || ends_with(text, strlen(text), ".tmp", &begin) ||
           ends_with(text, strlen(text), ".part", &begin);
}

static bool parse_name(const char *text, struct name *name)
{
    const char *what = strstr(text, "-images"), *idx;
    size_t begin;
    if (is_unfinished(text))
        return false;
    name->images = what != NULL;
    what = what ? what : strstr(text, "-labels");
    if (!what)
        return false;
    idx = what + strlen("-images"); /* as long as "-labels" */
    if (strncmp(idx, "-idx", 4) != 0 && strncmp(idx, ".idx", 4) != 0)
        return false;
    const size_t end = (size_t)(what - text);
    if (ends_with(text, end, "train", &begin))
        name->part = ANNC_PART_TRAIN;
    else if (ends_with(text, end, "t10k", &begin) || ends_with(text, end, "test", &begin))
        name->part = ANNC_PART_TEST;
    else
        return false;
    if (begin >= sizeof name->prefix)
        return false;
    memcpy(name->prefix, text, begin);
    name->prefix[begin] = '\0';
    name->gzip = ends_with(text, strlen(text), ".gz", &begin);
    return true;
}

/* The prefixes found, without duplicates. */
struct sets {
    char prefix[MOST_SETS][NAME];
    uint32_t count;
};

static void add_set(struct sets *sets, const char *prefix)
{
    for (uint32_t i = 0; i < sets->count; i++)
        if (strcmp(sets->prefix[i], prefix) == 0)
            return;
    if (sets->count < MOST_SETS)
        snprintf(sets->prefix[sets->count++], NAME, "%s", prefix);
}

static annc_status refuse_several(const char *folder, const struct sets *sets)
{
    char shown[SHOWN], list[MOST_SETS * 40] = "", one[36];
    for (uint32_t i = 0; i < sets->count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s'%s'", i ? ", " : "",
                 annc_printable(sets->prefix[i], one, sizeof one));
    return annc_fail(ANNC_INPUT, "%s: has several data sets, with names beginning %s; name the images file of one",
                     annc_printable(folder, shown, sizeof shown), list);
}

/* Adds a file by its name: plain before gzip, otherwise the first by name. */
static void take_file(const char *folder, const char *text, const struct name *name, struct annc_idx_files *files)
{
    char *place = name->images ? files->images[name->part] : files->labels[name->part];
    char path[ANNC_PATH];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, text) >= sizeof path)
        return;
    size_t end;
    const bool there_is_gzip = ends_with(place, strlen(place), ".gz", &end);
    if (place[0] == '\0' || (there_is_gzip == name->gzip ? strcmp(path, place) < 0 : there_is_gzip))
        memcpy(place, path, strlen(path) + 1);
}

/* Finds all files of a directory with prefix `only`, or with any if NULL. */
static annc_status scan(const char *folder, const char *only, struct annc_idx_files *files, struct sets *sets)
{
    char shown[SHOWN], reason[128] = "";
    memset(files, 0, sizeof *files);
    sets->count = 0;
    DIR *listing = opendir(folder);
    if (!listing && errno == ENOMEM)
        return annc_fail(ANNC_MEMORY, "out of memory: the list of a folder");
    if (!listing)
        return annc_fail(ANNC_INPUT, "%s: %s", annc_printable(folder, shown, sizeof shown),
                         strerror_r(errno, reason, sizeof reason));
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        struct name name;
        if (!parse_name(entry->d_name, &name) || (only && strcmp(only, name.prefix) != 0))
            continue;
        if (name.images)
            add_set(sets, name.prefix);
        take_file(folder, entry->d_name, &name, files);
    }
    closedir(listing);
    return ANNC_OK;
}

annc_status annc_idx_find(const char *folder, struct annc_idx_files *files)
{
    annc_status status = ANNC_OK;
    struct sets sets;
    ANNC_TRY(scan(folder, NULL, files, &sets));
    if (sets.count > 1)
        return refuse_several(folder, &sets);
    if (sets.count == 1) /* ignore labels of other sets */
        ANNC_TRY(scan(folder, sets.prefix[0], files, &sets));
out:
    return status;
}

annc_status annc_idx_find_labels(const char *images, char *labels, size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_idx_files files;
    struct sets sets;
    struct name name;
    char folder[ANNC_PATH], shown[SHOWN];
    const char *slash = strrchr(images, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - images) : 1, slash ? images : ".");
    if (folder[0] == '\0')
        snprintf(folder, sizeof folder, "/");
    labels[0] = '\0';
    if (parse_name(slash ? slash + 1 : images, &name) && name.images) {
        ANNC_TRY(scan(folder, name.prefix, &files, &sets));
        snprintf(labels, size, "%s", files.labels[name.part]);
    }
    if (labels[0] == '\0')
        return annc_fail(ANNC_INPUT, "%s: no matching labels file found; name one with " ANNC_FIELD_LABELS_PATH,
                         annc_printable(images, shown, sizeof shown));
out:
    return status;
}
