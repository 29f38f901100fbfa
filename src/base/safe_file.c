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
#include <sys/stat.h>
#include <unistd.h>

/* Writes the status of the file at a path. All errors but a missing file are failures: otherwise
 * the caller would replace a file that only seems to be missing. */
static annc_status look_at(const char *path, bool follow, struct stat *there, bool *exists)
{
    *exists = (follow ? stat(path, there) : lstat(path, there)) == 0;
    return *exists || errno == ENOENT ? ANNC_OK : annc_output_failed(path, "cannot be written", errno);
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
            return annc_output_failed(path, "the link leads nowhere", errno);
        chosen = resolved;
    }
    ANNC_TRY(annc_allocate(strlen(chosen) + 1, 1, "a file's name", (void **)target));
    memcpy(*target, chosen, strlen(chosen) + 1);
out:
    return status;
}

/* Gives the new file the mode of the old one, and its owner and group where this process may. A group
 * that it may not have kept loses its own rights to those of all others. */
static annc_status keep_identity(int descriptor, const struct stat *old, const char *target)
{
    struct stat now;
    mode_t mode = old->st_mode & 0777;
    if (fstat(descriptor, &now) != 0)
        return annc_output_failed(target, "cannot be written", errno);
    if ((now.st_uid != old->st_uid || now.st_gid != old->st_gid) && fchown(descriptor, old->st_uid, old->st_gid) != 0 &&
        now.st_gid != old->st_gid && fchown(descriptor, (uid_t)-1, old->st_gid) != 0)
        mode = (mode & 0707) | (mode & 07) << 3;
    return fchmod(descriptor, mode) == 0 ? ANNC_OK : annc_output_failed(target, "cannot be written", errno);
}

annc_status annc_safe_open(const char *path, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    struct stat there;
    bool exists;
    *file = (struct annc_safe_file){.temporary = {.descriptor = -1}};
    ANNC_TRY(resolve(path, &file->target));
    ANNC_TRY(look_at(file->target, true, &there, &exists));
    if (strcmp(path, "/dev/stdout") == 0) { /* with its own mode, e.g. appending */
        file->temporary.descriptor = dup(STDOUT_FILENO);
        if (file->temporary.descriptor < 0)
            status = annc_output_failed(path, "cannot be written", errno);
    } else if (exists && S_ISDIR(there.st_mode)) {
        status = annc_output_failed(file->target, "cannot be written", EISDIR);
    } else if (exists && !S_ISREG(there.st_mode)) {
        /* Opening a pipe without a reader must not block. */
        file->temporary.descriptor = open(file->target, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (file->temporary.descriptor < 0 || fcntl(file->temporary.descriptor, F_SETFL, 0) != 0)
            status = annc_output_failed(file->target, "cannot be written", errno);
    } else {
        ANNC_TRY(annc_temporary_open(file->target, 0666, &file->temporary));
        file->replaces = true;
        if (exists)
            ANNC_TRY(keep_identity(file->temporary.descriptor, &there, file->target));
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
        const ssize_t written = write(file->temporary.descriptor, next, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return annc_output_failed(file->target, "cannot be written", errno);
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
               ? annc_output_failed(target, "its folder cannot be synchronised", error)
               : ANNC_OK;
}

static annc_status synchronise(int descriptor, const char *target)
{
    int failed;
    do
        failed = fsync(descriptor);
    while (failed != 0 && errno == EINTR);
    return failed == 0 ? ANNC_OK : annc_output_failed(target, "cannot be written", errno);
}

annc_status annc_safe_commit(struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    if (file->replaces) {
        ANNC_TRY(synchronise(file->temporary.descriptor, file->target));
        /* While it is open and locked: another process would remove it as abandoned. */
        ANNC_TRY(annc_temporary_rename(&file->temporary, file->target));
        ANNC_TRY(synchronise_folder(file->target));
    }
    if (annc_temporary_close(&file->temporary) != 0)
        status = annc_output_failed(file->target, "cannot be written", errno);
out:
    annc_safe_abandon(file);
    return status;
}

void annc_safe_abandon(struct annc_safe_file *file)
{
    annc_temporary_close(&file->temporary);
    annc_release(file->target);
    file->target = NULL;
}

annc_status annc_file_save(const char *path, const void *data, size_t bytes)
{
    ANNC_REQUIRE(path, "path");
    ANNC_REQUIRE(data || bytes == 0, "data");
    annc_status status = ANNC_OK;
    struct annc_safe_file file;
    ANNC_TRY(annc_safe_open(path, &file));
    ANNC_TRY(annc_safe_write(&file, data, bytes));
    ANNC_TRY(annc_safe_commit(&file));
out:
    annc_safe_abandon(&file);
    return status;
}
