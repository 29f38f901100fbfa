/* input_files.c - the files that a command's arguments name. */
#include "cli/model/input_files.h"
#include "base/status.h"
#include "cli/terminal/memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool is_picture(const char *name)
{
    const char *end = strrchr(name, '.');
    return end && end != name &&
           (strcasecmp(end, ".png") == 0 || strcasecmp(end, ".jpg") == 0 || strcasecmp(end, ".jpeg") == 0);
}

static void take_file(struct input_files *files, const char *folder, const char *name)
{
    const size_t length = strlen(folder) + strlen(name) + 2;
    char *path = take_memory(length, 1, "a file name");
    snprintf(path, length, "%s%s%s", folder, folder[0] && folder[strlen(folder) - 1] != '/' ? "/" : "", name);
    files->path = take_more(files->path, (size_t)files->count + 1, &files->room, sizeof *files->path, "the file names");
    files->path[files->count++] = path;
    files->pictures += is_picture(name);
}

static int is_listed(const struct dirent *entry)
{
    return is_picture(entry->d_name);
}

/* A folder without pictures is taken as it is: it may have IDX files. */
static annc_status take_folder(struct input_files *files, const char *folder)
{
    struct dirent **entries;
    const int count = scandir(folder, &entries, is_listed, alphasort);
    if (count < 0 && errno == ENOMEM)
        no_memory("the file names", 0);
    if (count < 0)
        return annc_fail(ANNC_INPUT, "%.300s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        take_file(files, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (count == 0)
        take_file(files, "", folder);
    return ANNC_OK;
}

annc_status input_files_open(const char *const *arguments, int count, struct input_files *files)
{
    struct stat file;
    memset(files, 0, sizeof *files);
    for (int i = 0; i < count; i++) {
        if (stat(arguments[i], &file) == 0 && S_ISDIR(file.st_mode))
            ANNC_RETURN_IF_FAILED(take_folder(files, arguments[i]));
        else
            take_file(files, "", arguments[i]);
    }
    if (count == 0)
        take_file(files, "", "-");
    return ANNC_OK;
}

void input_files_close(struct input_files *files)
{
    for (int i = 0; i < files->count; i++)
        free(files->path[i]);
    free(files->path);
}
