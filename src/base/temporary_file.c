/* temporary_file.c - a new file beside the file that it is to become.
 *
 * Its name is NAME.RANDOM-PROOF.tmp. The proof is a hash of the random digits, the target's name and
 * the file's own number on its device, so that no other file has such a name by chance or by copying:
 * a file is removed as a killed process's only where the proof holds. */
#include "base/temporary_file.h"
#include "base/allocate.h"
#include "base/sha256.h"
#include "base/status.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_KEPT = 200, DIGITS = ANNC_NAME_DIGITS, SHOWN = 300, REASON = 128 };
static const char SUFFIX[] = ".tmp", HEXADECIMAL[] = "0123456789abcdef";

annc_status annc_output_failed(const char *path, const char *what, int error)
{
    char shown[SHOWN], reason[REASON] = "";
    return annc_fail(ANNC_OUTPUT, "%s: %s: %s", annc_printable(path, shown, sizeof shown), what,
                     strerror_r(error, reason, sizeof reason));
}

/* ---------------------------------------------------------------- names */

static const char *name_in(const char *target)
{
    const char *slash = strrchr(target, '/');
    return slash ? slash + 1 : target;
}

/* Writes the directory of a target, with "/." so that an empty one is the root's or this one. */
static bool folder_of(const char *target, char *folder, size_t size)
{
    const int length = (int)(name_in(target) - target);
    return snprintf(folder, size, "%.*s.", length, target) < (int)size;
}

void annc_random_digits(char digits[ANNC_NAME_DIGITS + 1])
{
    uint64_t bits = 0;
    struct timespec now;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != sizeof bits) { /* very early after a boot */
        clock_gettime(CLOCK_REALTIME, &now);
        bits = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 16;
    }
    snprintf(digits, DIGITS + 1, "%016llx", (unsigned long long)bits);
}

/* Writes the proof of a file with these random digits beside a target. */
static void prove(const char *target, const char *digits, const struct stat *file, char *proof)
{
    char hash[65];
    struct annc_sha256 sha;
    const uint64_t numbers[] = {file->st_dev, file->st_ino};
    annc_sha256_begin(&sha);
    annc_sha256_add(&sha, digits, DIGITS);
    annc_sha256_add(&sha, numbers, sizeof numbers);
    annc_sha256_add(&sha, name_in(target), strlen(name_in(target)));
    annc_sha256_end(&sha, hash);
    memcpy(proof, hash, DIGITS);
    proof[DIGITS] = '\0';
}

/* Returns the length of the part of a target's name that its temporary files have: it may have the
 * maximum length, and leave no room for a suffix. */
static int length_kept(const char *target)
{
    const size_t length = strlen(name_in(target));
    return length < NAME_KEPT ? (int)length : NAME_KEPT;
}

/* Makes a name for the file. */
static annc_status make_name(const char *target, const struct stat *file, char **name)
{
    char digits[DIGITS + 1], proof[DIGITS + 1];
    const size_t size = strlen(target) + 2 * DIGITS + sizeof SUFFIX + 2;
    ANNC_RETURN_IF_FAILED(annc_allocate(size, 1, "a file's name", (void **)name));
    annc_random_digits(digits);
    prove(target, digits, file, proof);
    snprintf(*name, size, "%.*s%.*s.%s-%s%s", (int)(name_in(target) - target), target, length_kept(target),
             name_in(target), digits, proof, SUFFIX);
    return ANNC_OK;
}

/* ---------------------------------------------------------------- what killed processes have left */

/* Returns the random digits of an entry with the form of a temporary file's name beside the target,
 * or NULL. */
static const char *digits_of(const char *target, const char *entry)
{
    const size_t kept = (size_t)length_kept(target);
    const char *digits = entry + kept + 1, *proof = digits + DIGITS + 1;
    if (strlen(entry) != kept + 1 + DIGITS + 1 + DIGITS + strlen(SUFFIX) ||
        strncmp(entry, name_in(target), kept) != 0 || entry[kept] != '.')
        return NULL;
    return strspn(digits, HEXADECIMAL) == DIGITS && digits[DIGITS] == '-' && strspn(proof, HEXADECIMAL) == DIGITS &&
                   strcmp(proof + DIGITS, SUFFIX) == 0
               ? digits
               : NULL;
}

/* Returns whether an open file is the one of this name, and proves to be a temporary file of this
 * user. */
static bool is_ours(int folder, int descriptor, const char *target, const char *entry)
{
    struct stat file, named;
    char proof[DIGITS + 1];
    if (fstat(descriptor, &file) != 0 || fstatat(folder, entry, &named, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    const char *digits = digits_of(target, entry);
    prove(target, digits, &file, proof);
    return file.st_dev == named.st_dev && file.st_ino == named.st_ino && S_ISREG(file.st_mode) && file.st_nlink == 1 &&
           file.st_uid == geteuid() && strncmp(digits + DIGITS + 1, proof, DIGITS) == 0;
}

/* Removes an entry that has the form of a temporary file's name, if no process has it locked. */
static void remove_left(int folder, const char *target, const char *entry)
{
    const int descriptor = openat(folder, entry, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 && is_ours(folder, descriptor, target, entry))
        unlinkat(folder, entry, 0);
    close(descriptor);
}

/* A directory that cannot be read has nothing to remove, unless memory runs out. */
static annc_status clean(const char *target)
{
    char folder[PATH_MAX], shown[SHOWN];
    if (!folder_of(target, folder, sizeof folder))
        return ANNC_OK;
    DIR *listing = opendir(folder);
    const struct dirent *entry;
    if (!listing)
        return errno == ENOMEM ? annc_fail(ANNC_MEMORY, "out of memory: reading the directory of %s",
                                           annc_printable(target, shown, sizeof shown))
                               : ANNC_OK;
    while ((entry = readdir(listing)))
        if (digits_of(target, entry->d_name))
            remove_left(dirfd(listing), target, entry->d_name);
    closedir(listing);
    return ANNC_OK;
}

/* ---------------------------------------------------------------- opening */

/* Opens a file without a name; -1 where the file system has none, or no name could be given later. */
static int open_unnamed(const char *target, mode_t mode)
{
    char folder[PATH_MAX];
    if (access("/proc/self/fd", X_OK) != 0 || !folder_of(target, folder, sizeof folder))
        return -1;
    return open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
}

/* Opens a file under a name without a proof, and then gives it one with. */
static annc_status open_named(const char *target, mode_t mode, struct annc_temporary *temporary)
{
    annc_status status = ANNC_OK;
    struct stat file;
    char *proven = NULL;
    memset(&file, 0, sizeof file); /* which no file has */
    ANNC_TRY(make_name(target, &file, &temporary->name));
    temporary->descriptor = open(temporary->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (temporary->descriptor < 0) {
        status = annc_output_failed(target, "cannot be written", errno);
        annc_release(temporary->name); /* another's, if there is one */
        temporary->name = NULL;
        goto out;
    }
    flock(temporary->descriptor, LOCK_EX | LOCK_NB); /* where there are no locks, nobody removes it either */
    if (fstat(temporary->descriptor, &file) != 0)
        ANNC_TRY(annc_output_failed(target, "cannot be written", errno));
    ANNC_TRY(make_name(target, &file, &proven));
    if (rename(temporary->name, proven) != 0)
        ANNC_TRY(annc_output_failed(target, "cannot be written", errno));
    annc_release(temporary->name);
    temporary->name = proven;
    proven = NULL;
out:
    annc_release(proven);
    return status;
}

annc_status annc_temporary_open(const char *target, mode_t mode, struct annc_temporary *temporary)
{
    *temporary = (struct annc_temporary){.descriptor = -1};
    ANNC_RETURN_IF_FAILED(clean(target));
    temporary->descriptor = open_unnamed(target, mode);
    if (temporary->descriptor < 0)
        return open_named(target, mode, temporary);
    flock(temporary->descriptor, LOCK_EX | LOCK_NB);
    return ANNC_OK;
}

/* ---------------------------------------------------------------- renaming */

const char *annc_temporary_path(const struct annc_temporary *temporary, char *path, size_t size)
{
    if (temporary->name)
        snprintf(path, size, "%s", temporary->name);
    else
        snprintf(path, size, "/proc/self/fd/%d", temporary->descriptor);
    return path;
}

/* Gives a file without a name the name of the target, if nothing is there, or else a name of its
 * own. */
static annc_status give_name(struct annc_temporary *temporary, const char *target, bool *is_target)
{
    annc_status status = ANNC_OK;
    char path[64], *name = NULL;
    struct stat file;
    annc_temporary_path(temporary, path, sizeof path);
    if (fstat(temporary->descriptor, &file) != 0)
        ANNC_TRY(annc_output_failed(target, "cannot be written", errno));
    ANNC_TRY(make_name(target, &file, &name));
    *is_target = linkat(AT_FDCWD, path, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0;
    if (*is_target)
        goto out;
    if (errno != EEXIST || linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW) != 0)
        ANNC_TRY(annc_output_failed(target, "cannot be written", errno));
    temporary->name = name;
    name = NULL;
out:
    annc_release(name);
    return status;
}

annc_status annc_temporary_rename(struct annc_temporary *temporary, const char *target)
{
    bool is_target = false;
    if (!temporary->name)
        ANNC_RETURN_IF_FAILED(give_name(temporary, target, &is_target));
    if (is_target)
        return ANNC_OK;
    if (rename(temporary->name, target) != 0)
        return annc_output_failed(target, "cannot be replaced", errno);
    annc_release(temporary->name);
    temporary->name = NULL;
    return ANNC_OK;
}

int annc_temporary_close(struct annc_temporary *temporary)
{
    if (temporary->name)
        unlink(temporary->name);
    const int closed = temporary->descriptor >= 0 ? close(temporary->descriptor) : 0;
    annc_release(temporary->name);
    *temporary = (struct annc_temporary){.descriptor = -1};
    return closed;
}
