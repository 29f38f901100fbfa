/* train_log.c - the file of --log. */
#include "cli/train/train_log.h"
#include "base/status.h"
#include "cli/options/option_types.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/train/session_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static annc_status failed(const struct session *session)
{
    return annc_fail(ANNC_OUTPUT, "%.300s: cannot be written: %s", session->options->value[OPTION_LOG].text,
                     strerror(errno));
}

/* Opens a log. A FIFO without a reader must not block: one is waited for a second. */
static int open_log(const char *path)
{
    enum { TRIES = 100 };
    const struct timespec pause = {.tv_nsec = 10000000};
    int descriptor = -1;
    for (int i = 0; i < TRIES && descriptor < 0; i++) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0666);
        if (descriptor < 0 && (errno != ENXIO || i + 1 == TRIES))
            return -1;
        if (descriptor < 0)
            nanosleep(&pause, NULL);
    }
    return fcntl(descriptor, F_SETFL, O_APPEND) == 0 ? descriptor : -1;
}

/* Lines are always appended, so that runs with a common log keep their lines whole, and the lines
 * of an interrupted run stay. */
annc_status log_open(struct session *session)
{
    static char line[1 << 16]; /* buffer, so that a long line is written in one piece */
    const char *path = session->options->value[OPTION_LOG].text;
    if (!path)
        return ANNC_OK;
    const int descriptor = is_standard_output(path) ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) : open_log(path);
    session->log = descriptor >= 0 ? check_allocation(fdopen(descriptor, "w"), "the log") : NULL;
    return session->log && setvbuf(session->log, line, _IOFBF, sizeof line) == 0 ? ANNC_OK : failed(session);
}

/* Returns whether a file can be emptied without losing output that this process has just printed
 * there. */
static bool is_of_its_own(const struct stat *file)
{
    struct stat stream;
    if (!S_ISREG(file->st_mode))
        return false;
    for (int descriptor = STDOUT_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fstat(descriptor, &stream) == 0 && stream.st_dev == file->st_dev && stream.st_ino == file->st_ino)
            return false;
    return true;
}

/* Returns the end of the last complete line of a file of `size` bytes; `size` if the file cannot be
 * read. */
static off_t end_of_lines(const char *path, off_t size)
{
    char piece[4096];
    off_t end = size;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (descriptor >= 0 && end > 0) {
        const size_t length = end < (off_t)sizeof piece ? (size_t)end : sizeof piece;
        const char *last = NULL;
        if (pread(descriptor, piece, length, end - (off_t)length) != (ssize_t)length) {
            end = size;
            break;
        }
        end -= (off_t)length;
        last = memrchr(piece, '\n', length);
        if (last) {
            end += last + 1 - piece;
            break;
        }
    }
    if (descriptor < 0)
        return size;
    close(descriptor);
    return end;
}

annc_status log_begin(const struct session *session)
{
    struct stat file;
    if (!session->log || session->repeats)
        return ANNC_OK;
    const int descriptor = fileno(session->log);
    if (fstat(descriptor, &file) != 0)
        return failed(session);
    if (!is_of_its_own(&file))
        return ANNC_OK;
    /* A resumed run appends after the last complete line; an incomplete one is removed. */
    const off_t kept = session->checkpoint ? end_of_lines(session->options->value[OPTION_LOG].text, file.st_size) : 0;
    return kept == file.st_size || ftruncate(descriptor, kept) == 0 ? ANNC_OK : failed(session);
}
