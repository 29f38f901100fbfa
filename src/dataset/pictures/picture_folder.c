/* picture_folder.c - reads a folder with one subfolder of pictures per class. */
#include "dataset/pictures/picture_folder.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/pictures/picture_table.h"
#include "formats/stream.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, MOST_INPUTS = 1 << 18 };

/* The state of reading a folder. */
struct reading {
    const struct annc_look *look; /* or NULL */
    struct annc_look own;         /* without a look: the size of the first picture */
    struct annc_table *table;
    struct annc_label_reader labels;
    uint32_t room;                /* rows allocated */
    uint32_t refused, fitted;     /* pictures left out; of another size than the first */
    struct annc_kept_error error; /* of the first that was left out */
    uint32_t turned;
    bool is_too_large; /* the first picture */
};

/* ---------------------------------------------------------------- listings */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Joins a folder and a name; false if the path is too long. */
static bool join(const char *folder, const char *name, char path[PATH_BYTES])
{
    return (size_t)snprintf(path, PATH_BYTES, "%s/%s", folder, name) < PATH_BYTES;
}

static bool is_folder(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    struct stat there;
    return join(folder, name, path) && stat(path, &there) == 0 && S_ISDIR(there.st_mode);
}

/* Lists the subfolders of a folder, or its files, sorted by name; hidden ones are left out. */
static annc_status list(const char *folder, bool folders, struct annc_texts *names)
{
    annc_status status = ANNC_OK;
    char shown[ANNC_TABLE_NAME], reason[128] = "";
    DIR *listing = opendir(folder);
    memset(names, 0, sizeof *names);
    if (!listing && errno == ENOMEM)
        return annc_fail(ANNC_MEMORY, "out of memory: the list of a folder");
    if (!listing)
        return annc_fail(ANNC_INPUT, "%s: %s", annc_printable(folder, shown, sizeof shown),
                         strerror_r(errno, reason, sizeof reason));
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing))
        if (entry->d_name[0] != '.' && is_folder(folder, entry->d_name) == folders)
            ANNC_TRY(annc_texts_add(names, entry->d_name, strlen(entry->d_name)));
    if (names->count > 0)
        qsort(names->text, names->count, sizeof *names->text, by_text);
out:
    closedir(listing);
    return status;
}

annc_status annc_find_subfolders(const char *path, bool *found)
{
    DIR *listing = opendir(path);
    *found = false;
    if (!listing)
        return errno == ENOMEM ? annc_fail(ANNC_MEMORY, "out of memory: the list of a folder") : ANNC_OK;
    for (struct dirent *entry = readdir(listing); entry && !*found; entry = readdir(listing))
        *found = entry->d_name[0] != '.' && is_folder(path, entry->d_name);
    closedir(listing);
    return ANNC_OK;
}

/* ---------------------------------------------------------------- pictures */

/* Sets the size of all pictures to that of the first. */
static annc_status take_size(struct reading *reading, const struct annc_picture *picture, const char *name)
{
    reading->is_too_large = (uint64_t)picture->rows * picture->columns > MOST_INPUTS;
    if (reading->is_too_large)
        return annc_fail(ANNC_INPUT,
                         "%s: has %u x %u pixels, each of which would be an input; at most %d can be used: make the "
                         "pictures smaller, as with ImageMagick: mogrify -resize 28x28 FILES",
                         name, picture->columns, picture->rows, MOST_INPUTS);
    reading->own = (struct annc_look){.rows = picture->rows, .columns = picture->columns, .white = 255};
    return ANNC_OK;
}

/* Reads one picture as a table of one row. */
static annc_status read_picture(struct reading *reading, struct annc_stream *stream, struct annc_table *one)
{
    annc_status status = ANNC_OK;
    struct annc_picture picture = {.grey = NULL};
    char notes[1024] = "", name[ANNC_TABLE_NAME];
    memset(one, 0, sizeof *one);
    if (reading->look) {
        ANNC_TRY(annc_picture_table(stream, reading->look, one, notes, sizeof notes));
    } else {
        ANNC_TRY(annc_picture_read(stream, &picture, notes, sizeof notes));
        if (reading->own.rows == 0)
            ANNC_TRY(take_size(reading, &picture, annc_stream_name(stream, name, sizeof name)));
        ANNC_TRY(annc_picture_fit(&picture, &reading->own, one));
        reading->fitted += picture.rows != reading->own.rows || picture.columns != reading->own.columns;
    }
    reading->turned += notes[0] != '\0' && strstr(notes, "turned upright") != NULL;
out:
    annc_release(picture.grey);
    return status;
}

/* Appends the row of one picture. */
static annc_status add_row(struct reading *reading, const struct annc_table *one)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = reading->table;
    const size_t row = annc_product(one->inputs, one->type == ANNC_BYTES ? 1 : sizeof(float));
    if (table->rows == reading->room) {
        const uint32_t room = reading->room == 0 ? 64 : 2 * reading->room;
        ANNC_TRY(annc_resize(annc_product(room, row), 1, "the pictures", &table->x));
        reading->room = room;
    }
    memcpy((char *)table->x + table->rows * row, one->x, row);
    table->type = one->type;
    table->inputs = one->inputs;
    table->image_rows = one->image_rows;
    table->image_columns = one->image_columns;
    table->rows++;
out:
    return status;
}

/* Reads a file, or leaves it out if it is no picture that can be read. */
static annc_status take_file(struct reading *reading, const char *path, const char *label, bool unlabelled)
{
    struct annc_stream *stream = NULL;
    struct annc_table one = {.rows = 0};
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_stream_open(path, &stream));
    ANNC_TRY(read_picture(reading, stream, &one));
    if (reading->table->rows == INT32_MAX)
        ANNC_TRY(annc_stream_malformed(stream, "is one picture too many: at most %d are read", INT32_MAX));
    ANNC_TRY(add_row(reading, &one));
    if (!unlabelled)
        ANNC_TRY(annc_labels_add(&reading->labels, label, strlen(label)));
out:
    annc_table_free(&one);
    annc_stream_close(stream);
    if (status == ANNC_INPUT && !reading->is_too_large) {
        if (reading->refused++ == 0)
            annc_error_keep(&reading->error);
        status = ANNC_OK;
    }
    return status;
}

static annc_status read_class(struct reading *reading, const char *folder, const char *label, bool unlabelled)
{
    annc_status status = ANNC_OK;
    char path[PATH_BYTES], within[PATH_BYTES];
    struct annc_texts files = {0, NULL};
    if (!join(folder, label, within))
        return annc_fail(ANNC_INPUT, "%.100s: has a path that is too long", folder);
    ANNC_TRY(list(within, false, &files));
    for (uint32_t i = 0; i < files.count; i++)
        if (join(within, files.text[i], path))
            ANNC_TRY(take_file(reading, path, label, unlabelled));
out:
    annc_texts_free(&files);
    return status;
}

/* ---------------------------------------------------------------- the folder */

static void tell(const struct reading *reading, uint32_t classes, char *notes, size_t size)
{
    const uint32_t rows = reading->table->rows;
    annc_note(notes, size, "%u picture%s in %u folder%s, whose names are the classes", rows, annc_plural(rows), classes,
              annc_plural(classes));
    if (reading->fitted > 0)
        annc_note(notes, size,
                  "%u of them %s not %u x %u pixels, as the first is, and %s fitted and padded to that size",
                  reading->fitted, reading->fitted == 1 ? "is" : "are", reading->own.columns, reading->own.rows,
                  reading->fitted == 1 ? "was" : "were");
    if (reading->turned > 0)
        annc_note(notes, size, "%u of them turned upright, as their EXIF data say", reading->turned);
    if (reading->refused > 0)
        annc_note(notes, size, "%u file%s left out; the first: %.300s", reading->refused, annc_plural(reading->refused),
                  reading->error.text);
}

annc_status annc_picture_folder(const char *folder, const struct annc_look *look, bool unlabelled,
                                struct annc_table *table, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct reading reading = {.look = look, .table = table};
    struct annc_texts classes = {0, NULL};
    memset(table, 0, sizeof *table);
    annc_printable(folder, table->name, sizeof table->name);
    ANNC_TRY(list(folder, true, &classes));
    for (uint32_t i = 0; i < classes.count; i++)
        ANNC_TRY(read_class(&reading, folder, classes.text[i], unlabelled));
    if (table->rows == 0 && reading.refused > 0)
        ANNC_TRY(annc_fail(ANNC_INPUT, "%s: has no picture that can be read (%u file%s); the first: %.500s",
                           table->name, reading.refused, annc_plural(reading.refused), reading.error.text));
    if (table->rows == 0)
        ANNC_TRY(annc_fail(ANNC_INPUT, "%s: has no pictures in its subfolders", table->name));
    tell(&reading, classes.count, notes, size);
out:
    annc_labels_end(&reading.labels, &table->labels);
    annc_texts_free(&classes);
    if (status != ANNC_OK)
        annc_table_free(table);
    return status;
}
