#include "cli/terminal/open_input.h"
#include "cli/terminal/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { WAIT_MILLISECONDS = 1000, PIPEFS = 0x50495045 }; /* PIPEFS_MAGIC of <linux/magic.h> */

/* Returns whether a file is a FIFO with a name, whose writer may never come. An anonymous pipe, as
 * in /dev/stdin, had its writer from the start. */
static bool is_named_fifo(int descriptor)
{
    struct stat file;
    struct statfs system;
    return fstat(descriptor, &file) == 0 && S_ISFIFO(file.st_mode) && fstatfs(descriptor, &system) == 0 &&
           system.f_type != PIPEFS;
}

/* Waits for a FIFO's writer; false with ENXIO if none comes. poll cannot tell a missing writer from
 * one that pauses, but read can: *first is a byte that it took, or EOF. */
static bool has_writer(int descriptor, int *first)
{
    struct pollfd there = {.fd = descriptor, .events = POLLIN};
    unsigned char byte;
    if (poll(&there, 1, WAIT_MILLISECONDS) > 0)
        return true;
    const ssize_t got = read(descriptor, &byte, 1);
    if (got == 1)
        *first = byte;
    if (got == 0)
        errno = ENXIO;
    return got == 1 || (got < 0 && errno == EAGAIN);
}

FILE *open_input(const char *path, const char *what)
{
    /* Without O_NONBLOCK open would block on a FIFO. */
    const int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    int first = EOF;
    if (descriptor < 0)
        return NULL;
    if ((is_named_fifo(descriptor) && !has_writer(descriptor, &first)) || fcntl(descriptor, F_SETFL, 0) != 0) {
        const int error = errno;
        close(descriptor);
        errno = error;
        return NULL;
    }
    FILE *file = check_allocation(fdopen(descriptor, "r"), what);
    if (file && first != EOF)
        ungetc(first, file);
    if (!file)
        close(descriptor);
    return file;
}
