/* input_files.h - the files that a command's arguments name. */
#ifndef ANNC_CLI_MODEL_INPUT_FILES_H
#define ANNC_CLI_MODEL_INPUT_FILES_H

#include "annc.h"

struct input_files {
    char **path;
    size_t room;
    int count, pictures; /* pictures: by their names */
};

/* Lists the arguments, and, for a folder with PNG pictures, those by name in its place; none:
 * standard input, "-". */
annc_status input_files_open(const char *const *arguments, int count, struct input_files *files);
void input_files_close(struct input_files *files);

#endif
