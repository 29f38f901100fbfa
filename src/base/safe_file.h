/* safe_file.h - files that are whole or absent: written beside the target, synchronised, renamed. */
#ifndef ANNC_BASE_SAFE_FILE_H
#define ANNC_BASE_SAFE_FILE_H

#include "annc.h"

struct annc_safe_file {
    int descriptor;
    char *target;    /* the file that will be there: a link's own target where the path is a link */
    char *temporary; /* beside it, locked as long as it is open; NULL where the target is no regular file and is written
                      * straight (/dev/full, a pipe) */
};

/* Each gives ANNC_OUTPUT with the path and the system's reason. After open succeeded, one of commit and abandon must follow; abandon may
 * follow a commit, and does nothing then. */
annc_status annc_safe_open(const char *path, struct annc_safe_file *file);
annc_status annc_safe_write(struct annc_safe_file *file, const void *data, size_t bytes);
annc_status annc_safe_commit(struct annc_safe_file *file);
void annc_safe_abandon(struct annc_safe_file *file);

#endif
