/* temporary_file.h - a new file beside the file that it is to become. */
#ifndef ANNC_BASE_TEMPORARY_FILE_H
#define ANNC_BASE_TEMPORARY_FILE_H

#include "annc.h"

#include <sys/types.h>

struct annc_temporary {
    int descriptor; /* -1: none */
    char *name;     /* NULL while the file has none */
};

/* Opens a file in the directory of `target`, locked while it is open: without a name where the file
 * system allows that, so that a killed process leaves nothing; otherwise with a name that nobody can
 * guess. Removes what killed processes have left beside the same target. ANNC_OUTPUT; ANNC_MEMORY. */
annc_status annc_temporary_open(const char *target, mode_t mode, struct annc_temporary *temporary);
/* Writes a path by which the open file can be read, to `path` (of `size` bytes), and returns it. */
const char *annc_temporary_path(const struct annc_temporary *temporary, char *path, size_t size);
/* Renames the file to `target`, in one step. */
annc_status annc_temporary_rename(struct annc_temporary *temporary, const char *target);
/* Closes the file and removes it, unless it was renamed. Returns the result of close. */
int annc_temporary_close(struct annc_temporary *temporary);

/* Writes random hexadecimal digits, for a name that nobody can guess. */
enum { ANNC_NAME_DIGITS = 16 };
void annc_random_digits(char digits[ANNC_NAME_DIGITS + 1]);

/* Fails with ANNC_OUTPUT, the path and the system's reason. */
annc_status annc_output_failed(const char *path, const char *what, int error);

#endif
