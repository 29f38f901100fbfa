/* train_log.c - the file of --log. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static annc_status failed(const struct session *session)
{
    usage_failed("%.300s: cannot be written: %s", session->options->value[OPTION_LOG].text, strerror(errno));
    return ANNC_OUTPUT;
}

/* Lines are always added at the end, so that those of runs with one log stay whole; what a broken run said is kept. */
annc_status log_open(struct session *session)
{
    static char line[1 << 16]; /* so long a line goes out in one piece */
    const char *path = session->options->value[OPTION_LOG].text;
    if (!path)
        return ANNC_OK;
    const int descriptor = strcmp(path, "-") == 0
                               ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                               : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
    session->log = descriptor >= 0 ? take_given(fdopen(descriptor, "w"), "the log") : NULL;
    return session->log && setvbuf(session->log, line, _IOFBF, sizeof line) == 0 ? ANNC_OK : failed(session);
}

/* Whether a file is one that can be emptied without what this process has just said there. */
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

annc_status log_begin(const struct session *session)
{
    struct stat file;
    if (!session->log || session->checkpoint || session->repeats)
        return ANNC_OK;
    const int descriptor = fileno(session->log);
    const bool done = fstat(descriptor, &file) == 0 && (!is_of_its_own(&file) || ftruncate(descriptor, 0) == 0);
    return done ? ANNC_OK : failed(session);
}
