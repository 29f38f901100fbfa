#include "base/safe_file.h"
#include "base/allocate.h"
#include "base/status.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_TRIES = 100, FIXED_NAMES = 16, NAME_KEPT = 200, SHOWN = 300, REASON = 128 };

static annc_status output_failed(const char *path, const char *what, int error)
{
    char shown[SHOWN], reason[REASON] = "";
    return annc_fail(ANNC_OUTPUT, "%s: %s: %s", annc_printable(path, shown, sizeof shown), what,
                     strerror_r(error, reason, sizeof reason));
}

/* Writes the status of the file at a path. All errors but a missing file are failures: otherwise
 * the caller would replace a file that only seems to be missing. */
static annc_status look_at(const char *path, bool follow, struct stat *there, bool *exists)
{
    *exists = (follow ? stat(path, there) : lstat(path, there)) == 0;
    return *exists || errno == ENOENT ? ANNC_OK : output_failed(path, "cannot be written", errno);
}

/* Finds the file to write for `path`: the end of a chain of links, or the path itself if the end is
 * not a replaceable file (/dev/stdout). */
static annc_status resolve(const char *path, char **target)
{
    annc_status status = ANNC_OK;
    struct stat link, end;
    char resolved[PATH_MAX];
    const char *chosen = path;
    bool there, exists;
    ANNC_TRY(look_at(path, true, &end, &exists));
    ANNC_TRY(look_at(path, false, &link, &there));
    const bool is_stream = exists && !S_ISREG(end.st_mode) && !S_ISDIR(end.st_mode);
    if (!is_stream && there && S_ISLNK(link.st_mode)) {
        if (!realpath(path, resolved))
            return output_failed(path, "the link leads nowhere", errno);
        chosen = resolved;
    }
    ANNC_TRY(annc_allocate(strlen(chosen) + 1, 1, "a file's name", (void **)target));
    memcpy(*target, chosen, strlen(chosen) + 1);
out:
    return status;
}

/* Returns whether an open file is still the one at this path. */
static bool is_at(int descriptor, const char *path)
{
    struct stat ours, named;
    return fstat(descriptor, &ours) == 0 && lstat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

/* Removes the unlocked temporary file of a killed process. */
static void remove_left(const char *path)
{
    const int descriptor = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0)
        return;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 && is_at(descriptor, path))
        unlink(path);
    close(descriptor);
}

/* Creates a new file, locked while open, and returns its descriptor; -1 with EEXIST if another
 * process has just removed it as abandoned. */
static int make(const char *path, mode_t mode)
{
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0)
        return -1;
    const bool locked = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    /* Without locks, no process removes it either. */
    if (locked ? is_at(descriptor, path) : errno != EWOULDBLOCK)
        return descriptor;
    close(descriptor);
    errno = EEXIST;
    return -1;
}

/* Opens a temporary file beside the target. Its name is one of a few, so that the next run finds
 * and removes the files of killed runs. If all are in use or cannot be locked, the name is
 * unique. */
static annc_status open_temporary(struct annc_safe_file *file, mode_t mode)
{
    annc_status status = ANNC_OK;
    const char *slash = strrchr(file->target, '/'), *name = slash ? slash + 1 : file->target;
    const size_t size = strlen(file->target) + 64;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    ANNC_TRY(annc_allocate(size, 1, "a file's name", (void **)&file->temporary));
    /* A target's name may have the maximum length and leave no room for a suffix. */
    const int kept =
        snprintf(file->temporary, size, "%.*s%.*s.", (int)(name - file->target), file->target, NAME_KEPT, name);
    char *const end = file->temporary + kept;
    for (int i = 0; i < NAME_TRIES && file->descriptor < 0; i++) {
        if (i < FIXED_NAMES)
            snprintf(end, size - (size_t)kept, "%d.tmp", i);
        else
            snprintf(end, size - (size_t)kept, "%ld.%lx.%d.tmp", (long)getpid(), (unsigned long)now.tv_nsec, i);
        remove_left(file->temporary);
        file->descriptor = make(file->temporary, mode);
        if (file->descriptor < 0 && errno != EEXIST)
            break;
    }
    if (file->descriptor < 0) {
        status = output_failed(file->target, "cannot be written", errno);
        annc_release(file->temporary);
        file->temporary = NULL;
    }
out:
    return status;
}

annc_status annc_safe_open(const char *path, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    struct stat there;
    bool exists;
    file->descriptor = -1;
    file->target = file->temporary = NULL;
    ANNC_TRY(resolve(path, &file->target));
    ANNC_TRY(look_at(file->target, true, &there, &exists));
    if (strcmp(path, "/dev/stdout") == 0) { /* with its own mode, e.g. appending */
        file->descriptor = dup(STDOUT_FILENO);
        if (file->descriptor < 0)
            status = output_failed(path, "cannot be written", errno);
    } else if (exists && S_ISDIR(there.st_mode)) {
        status = output_failed(file->target, "cannot be written", EISDIR);
    } else if (exists && !S_ISREG(there.st_mode)) {
        /* Opening a pipe without a reader must not block. */
        file->descriptor = open(file->target, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (file->descriptor < 0 || fcntl(file->descriptor, F_SETFL, 0) != 0)
            status = output_failed(file->target, "cannot be written", errno);
    } else {
        status = open_temporary(file, exists ? there.st_mode & 0777 : 0666);
    }
out:
    if (status != ANNC_OK)
        annc_safe_abandon(file);
    return status;
}

annc_status annc_safe_write(struct annc_safe_file *file, const void *data, size_t bytes)
{
    const char *next = data;
    while (bytes > 0) {
        const ssize_t written = write(file->descriptor, next, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return output_failed(file->target, "cannot be written", errno);
        next += written;
        bytes -= (size_t)written;
    }
    return ANNC_OK;
}

/* Synchronises the directory, so that the new name survives a power loss. */
static annc_status synchronise_folder(const char *target)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", target);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    const int descriptor = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool failed = descriptor < 0 || fsync(descriptor) != 0;
    const int error = errno;
    if (descriptor >= 0)
        close(descriptor);
    /* Some file systems cannot synchronise directories and return these errors. */
    return failed && error != EINVAL && error != EACCES
               ? output_failed(target, "its folder cannot be synchronised", error)
               : ANNC_OK;
}

/* Renames the file while it is open and locked: after closing, another process would treat it as
 * abandoned. */
static annc_status settle(struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    if (fsync(file->descriptor) != 0)
        return output_failed(file->target, "cannot be written", errno);
    if (rename(file->temporary, file->target) != 0)
        return output_failed(file->target, "cannot be replaced", errno);
    annc_release(file->temporary);
    file->temporary = NULL;
    ANNC_TRY(synchronise_folder(file->target));
out:
    return status;
}

annc_status annc_safe_commit(struct annc_safe_file *file)
{
    annc_status status = file->temporary ? settle(file) : ANNC_OK;
    const int closed = close(file->descriptor);
    file->descriptor = -1;
    if (status == ANNC_OK && closed != 0)
        status = output_failed(file->target, "cannot be written", errno);
    annc_safe_abandon(file);
    return status;
}

void annc_safe_abandon(struct annc_safe_file *file)
{
    if (file->temporary)
        unlink(file->temporary);
    if (file->descriptor >= 0)
        close(file->descriptor);
    annc_release(file->temporary);
    annc_release(file->target);
    file->descriptor = -1;
    file->target = file->temporary = NULL;
}

annc_status annc_file_save(const char *path, const void *data, size_t bytes)
{
    annc_status status = ANNC_OK;
    struct annc_safe_file file;
    ANNC_TRY(annc_safe_open(path, &file));
    ANNC_TRY(annc_safe_write(&file, data, bytes));
    ANNC_TRY(annc_safe_commit(&file));
out:
    annc_safe_abandon(&file);
    return status;
}
