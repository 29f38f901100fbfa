/* safe_file.h - atomic file writes: the data go to a temporary file beside the target, which is
 * synchronised and renamed. */
#ifndef ANNC_BASE_SAFE_FILE_H
#define ANNC_BASE_SAFE_FILE_H

#include "annc.h"
#include "base/temporary_file.h"

struct annc_safe_file {
    char *target; /* the final file; if the path is a symbolic link, the link's target */
    /* The file that is written: a temporary one, or, if the target is no regular file (/dev/full, a
     * pipe), the target itself. */
    struct annc_temporary temporary;
    bool replaces; /* the target by the temporary file */
};

/* Each fails with ANNC_OUTPUT, the path and the system's reason. After a successful open, call
 * commit or abandon; abandon may also follow commit and then does nothing. */
annc_status annc_safe_open(const char *path, struct annc_safe_file *file);
annc_status annc_safe_write(struct annc_safe_file *file, const void *data, size_t bytes);
annc_status annc_safe_commit(struct annc_safe_file *file);
void annc_safe_abandon(struct annc_safe_file *file);

#endif
