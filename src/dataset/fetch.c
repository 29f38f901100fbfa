/* fetch.c - MNIST by way of curl, each file checked before it takes its name. */
#include "mnist.h"
#include "sha256.h"
#include "source.h"
#include "status.h"
#include "stream.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHOWN = 300, REASON = 256, URL = 1024, MOST_BYTES = 20000000, MOST_SECONDS = 600 };

struct mnist_file {
    const char *name;
    uint64_t bytes;
    const char *sha256;
};

#define ENTRY(name, bytes, sha256) {name, bytes, sha256},
static const struct mnist_file FILES[] = {ANNC_MNIST_FILES(ENTRY)};
#undef ENTRY

static void tell(const annc_fetch_options *options, const char *what, const char *name, const char *where)
{
    char line[URL + SHOWN];
    snprintf(line, sizeof line, "%s %s%s", name, what, where);
    if (options->progress)
        options->progress(options->context, line);
}

/* Whether a file is there whose content, unpacked, is the right one; the reason otherwise. */
static bool is_right(const char *path, const struct mnist_file *file, char *reason)
{
    struct annc_stream *stream = NULL;
    struct annc_sha256 sha;
    uint8_t chunk[1 << 15];
    char digest[65];
    size_t got = 0;
    uint64_t bytes = 0;
    annc_sha256_begin(&sha);
    annc_status status = annc_stream_open(path, &stream);
    do {
        if (status == ANNC_OK)
            status = annc_stream_read(stream, chunk, sizeof chunk, &got);
        if (status == ANNC_OK)
            annc_sha256_add(&sha, chunk, got);
        bytes += got;
    } while (status == ANNC_OK && got > 0 && bytes <= file->bytes);
    annc_stream_close(stream);
    annc_sha256_end(&sha, digest);
    if (status != ANNC_OK)
        snprintf(reason, REASON, "%.*s", REASON - 1, annc_last_error());
    else if (bytes != file->bytes || strcmp(digest, file->sha256) != 0)
        snprintf(reason, REASON, "what came is not the file: its checksum differs");
    else
        return true;
    return false;
}

/* Runs curl; what it says goes to `reason`. */
static bool run_curl(const char *url, const char *path, double connect_seconds, char *reason)
{
    char connect[32], most_bytes[32], most_seconds[32];
    const bool local = strncmp(url, "file://", 7) == 0;
    int ends[2], status = 0;
    size_t used = 0;
    ssize_t got;
    snprintf(connect, sizeof connect, "%d", connect_seconds < 1 ? 1 : (int)connect_seconds);
    snprintf(most_bytes, sizeof most_bytes, "%d", MOST_BYTES);
    snprintf(most_seconds, sizeof most_seconds, "%d", MOST_SECONDS);
    const char *const arguments[] = {"curl",
                                     "--proto",
                                     local ? "=file" : "=https",
                                     "--proto-redir",
                                     "=https",
                                     "--fail",
                                     "--silent",
                                     "--show-error",
                                     "--location",
                                     "--max-redirs",
                                     "5",
                                     "--connect-timeout",
                                     connect,
                                     "--speed-limit",
                                     "1000",
                                     "--speed-time",
                                     connect,
                                     "--max-time",
                                     most_seconds,
                                     "--max-filesize",
                                     most_bytes,
                                     "--output",
                                     path,
                                     "--",
                                     url,
                                     NULL};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        strerror_r(errno, reason, REASON);
        return false;
    }
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        execvp("curl", (char *const *)arguments);
        _exit(127);
    }
    close(ends[1]);
    while (child > 0 && ((got = read(ends[0], reason + used, REASON - 1 - used)) > 0 || (got < 0 && errno == EINTR)))
        used += got > 0 ? (size_t)got : 0;
    close(ends[0]);
    reason[used] = '\0';
    reason[strcspn(reason, "\n")] = '\0';
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 127))
        snprintf(reason, REASON, "curl could not be run; is it installed?");
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Makes a folder and those above it. */
static annc_status make_folder(const char *folder)
{
    char path[ANNC_PATH], shown[SHOWN], reason[128] = "";
    if ((size_t)snprintf(path, sizeof path, "%s", folder) >= sizeof path)
        return annc_fail(ANNC_OUTPUT, "the folder's name is too long");
    for (char *slash = path + 1;; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        const char kept = *slash;
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return annc_fail(ANNC_OUTPUT, "%s: %s", annc_printable(path, shown, sizeof shown),
                             strerror_r(errno, reason, sizeof reason));
        *slash = kept;
        if (kept == '\0')
            break;
    }
    if (access(folder, W_OK) != 0)
        return annc_fail(ANNC_OUTPUT, "%s: %s", annc_printable(folder, shown, sizeof shown),
                         strerror_r(errno, reason, sizeof reason));
    return ANNC_OK;
}

/* Gives a checked file its name, on the disk for good. */
static annc_status settle(const char *part, const char *path)
{
    char shown[SHOWN], reason[128] = "";
    const int descriptor = open(part, O_RDONLY | O_CLOEXEC);
    const bool done = descriptor >= 0 && fsync(descriptor) == 0 && rename(part, path) == 0;
    const int error = errno;
    if (descriptor >= 0)
        close(descriptor);
    return done ? ANNC_OK
                : annc_fail(ANNC_OUTPUT, "%s: %s", annc_printable(path, shown, sizeof shown),
                            strerror_r(error, reason, sizeof reason));
}

static annc_status fetch_file(const annc_fetch_options *options, const char *folder, const struct mnist_file *file)
{
    annc_status status = ANNC_INPUT;
    const char *mirrors = getenv("ANNC_MIRRORS");
    char path[ANNC_PATH], part[ANNC_PATH], url[URL], reason[REASON] = "", reasons[1024] = "";
    if ((size_t)snprintf(part, sizeof part, "%s/.%s.%ld.part", folder, file->name, (long)getpid()) >= sizeof part)
        return annc_fail(ANNC_OUTPUT, "the folder's name is too long");
    snprintf(path, sizeof path, "%s/%s.gz", folder, file->name);
    if (access(path, F_OK) == 0 && is_right(path, file, reason)) {
        tell(options, "is there", file->name, "");
        return ANNC_OK;
    }
    mirrors = mirrors && mirrors[0] ? mirrors : ANNC_MNIST_MIRRORS;
    while (*mirrors && status != ANNC_OK) {
        const size_t length = strcspn(mirrors, " ");
        snprintf(url, sizeof url, "%.*s%s.gz", (int)length, mirrors, file->name);
        tell(options, "from ", file->name, url);
        if (run_curl(url, part, options->connect_seconds, reason) && is_right(part, file, reason))
            status = settle(part, path);
        else
            snprintf(reasons + strlen(reasons), sizeof reasons - strlen(reasons), "\n  %.*s: %s", (int)length, mirrors,
                     reason);
        unlink(part);
        mirrors += length + strspn(mirrors + length, " ");
        if (status == ANNC_OUTPUT)
            return status;
    }
    return status == ANNC_OK ? ANNC_OK : annc_fail(ANNC_INPUT, "%s could not be had:%s", file->name, reasons);
}

annc_status annc_mnist_fetch(const annc_fetch_options *options, char *folder, size_t size)
{
    annc_status status = ANNC_OK;
    const bool named = options->folder ? (size_t)snprintf(folder, size, "%s", options->folder) < size && folder[0]
                                       : annc_mnist_cache_folder(folder, size);
    if (!named)
        return annc_fail(ANNC_OUTPUT,
                         "there is no cache folder ($XDG_CACHE_HOME and $HOME are not set); name a folder with --to");
    ANNC_TRY(make_folder(folder));
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++)
        ANNC_TRY(fetch_file(options, folder, &FILES[i]));
out:
    return status;
}
