/* safe_file.h - atomic file writes: the data go to a temporary file beside the target, which is
 * synchronised and renamed. */
#ifndef ANNC_BASE_SAFE_FILE_H
#define ANNC_BASE_SAFE_FILE_H

#include "annc.h"

struct annc_safe_file {
    int descriptor;
    char *target; /* the final file; if the path is a symbolic link, the link's target */
    /* Temporary file beside the target, locked while open; NULL if the target is not a regular file
     * and is written directly (/dev/full, a pipe). */
    char *temporary;
};

/* Each fails with ANNC_OUTPUT, the path and the system's reason. After a successful open, call
 * commit or abandon; abandon may also follow commit and then does nothing. */
annc_status annc_safe_open(const char *path, struct annc_safe_file *file);
annc_status annc_safe_write(struct annc_safe_file *file, const void *data, size_t bytes);
annc_status annc_safe_commit(struct annc_safe_file *file);
void annc_safe_abandon(struct annc_safe_file *file);

#endif
