/* fetch.c - downloads MNIST by curl, and checks each file before it gets its name. */
#include "base/safe_file.h"
#include "base/sha256.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/idx/idx_find.h"
#include "dataset/mnist.h"
#include "dataset/mnist_location.h"
#include "formats/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { SHOWN = 300, REASON = 256, URL = 1024, MOST_BYTES = 20000000, MOST_SECONDS = 600, ASK_MILLISECONDS = 100 };

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

/* What a file is: MNIST's, something else, or nothing that could be read to its end. */
enum content { RIGHT, OTHER, UNREADABLE };

/* Reads a file, packed or not. Writes the reason unless it is right. */
static enum content read_content(const char *path, const struct mnist_file *file, char *reason)
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
        snprintf(reason, REASON, "the downloaded file has the wrong checksum");
    else
        return RIGHT;
    return status != ANNC_OK ? UNREADABLE : OTHER;
}

/* Starts curl, which writes the file to one pipe and its messages to another. It ignores the user's
 * configuration file. */
static int start_curl(const char *url, double connect_seconds, int bytes, int words, pid_t *child)
{
    char connect[32], most_bytes[32], most_seconds[32];
    const char *proto = strncmp(url, "file://", 7) == 0 ? "=file" : "=https";
    snprintf(connect, sizeof connect, "%d", connect_seconds < 1 ? 1 : (int)connect_seconds);
    snprintf(most_bytes, sizeof most_bytes, "%d", MOST_BYTES);
    snprintf(most_seconds, sizeof most_seconds, "%d", MOST_SECONDS);
    const char *const arguments[] = {"curl",       "-q",
                                     "--globoff",  "--proto",
                                     proto,        "--proto-redir",
                                     "=https",     "--fail",
                                     "--silent",   "--show-error",
                                     "--location", "--max-redirs",
                                     "5",          "--connect-timeout",
                                     connect,      "--speed-limit",
                                     "1000",       "--speed-time",
                                     connect,      "--max-time",
                                     most_seconds, "--max-filesize",
                                     most_bytes,   "--",
                                     url,          NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, bytes, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, words, STDERR_FILENO);
    if (error == 0)
        error = posix_spawnp(child, "curl", &actions, NULL, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Receives curl's output until it ends: the file, with a size limit regardless of the server's
 * claim, and a line for `reason`. */
static annc_status receive(const annc_fetch_options *options, int bytes, int words, struct annc_safe_file *file,
                           char *reason)
{
    annc_status status = ANNC_OK;
    struct pollfd ends[] = {{bytes, POLLIN, 0}, {words, POLLIN, 0}};
    char chunk[1 << 15];
    size_t total = 0, used = 0;
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        if (options->stop && options->stop(options->context))
            return annc_fail(ANNC_STOPPED, "the download was stopped");
        if (poll(ends, 2, ASK_MILLISECONDS) <= 0)
            continue;
        for (int i = 0; i < 2; i++) {
            const ssize_t got = ends[i].revents ? read(ends[i].fd, chunk, sizeof chunk) : 0;
            if (ends[i].revents && got == 0)
                ends[i].fd = -1;
            if (got <= 0)
                continue;
            if (i == 1) {
                const size_t room = REASON - 1 - used, taken = (size_t)got < room ? (size_t)got : room;
                memcpy(reason + used, chunk, taken);
                used += taken;
                reason[used] = '\0';
                continue;
            }
            total += (size_t)got;
            if (total > MOST_BYTES) {
                snprintf(reason, REASON, "the server sent more than %d bytes", MOST_BYTES);
                return ANNC_INPUT;
            }
            ANNC_TRY(annc_safe_write(file, chunk, (size_t)got));
        }
    }
out:
    return status;
}

/* Runs curl. ANNC_INPUT if it fails, with its message in `reason`. */
static annc_status run_curl(const annc_fetch_options *options, const char *url, struct annc_safe_file *file,
                            char *reason)
{
    annc_status status = ANNC_INPUT;
    int bytes[2] = {-1, -1}, words[2] = {-1, -1}, code = 0;
    char raw[REASON] = "", why[128] = "";
    pid_t child;
    int error = pipe2(bytes, O_CLOEXEC) == 0 && pipe2(words, O_CLOEXEC) == 0 ? 0 : errno;
    if (error == 0)
        error = start_curl(url, options->connect_seconds, bytes[1], words[1], &child);
    close(bytes[1]);
    close(words[1]);
    if (error == 0) {
        status = receive(options, bytes[0], words[0], file, raw);
        if (status != ANNC_OK)
            kill(child, SIGKILL);
        while (waitpid(child, &code, 0) < 0 && errno == EINTR)
            continue;
        if (status == ANNC_OK && code != 0)
            status = ANNC_INPUT;
        raw[strcspn(raw, "\n")] = '\0';
        annc_printable(raw[0] ? raw : "curl failed", reason, REASON);
    } else {
        snprintf(reason, REASON, "curl could not be run: %s; is it installed?", strerror_r(error, why, sizeof why));
    }
    close(bytes[0]);
    close(words[0]);
    return status;
}

/* Chooses the target directory. */
static annc_status choose_folder(const char *wanted, char *folder, size_t size)
{
    if (!wanted && !annc_mnist_cache_folder(folder, size))
        return annc_fail(
            ANNC_OUTPUT,
            "there is no cache folder ($XDG_CACHE_HOME and $HOME are not set); name a folder with " ANNC_FIELD_FOLDER);
    if (wanted && wanted[0] == '\0')
        return annc_fail(ANNC_OUTPUT, "the folder's name is empty");
    if (wanted && (size_t)snprintf(folder, size, "%s", wanted) >= size)
        return annc_fail(ANNC_OUTPUT, "the folder's name is too long");
    return ANNC_OK;
}

/* Makes a directory and its parents. The name must not be empty; it is temporarily cut at each
 * parent. */
static annc_status make_folder(char *folder)
{
    char shown[SHOWN], reason[128] = "";
    for (char *slash = folder + 1;; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        const char kept = *slash;
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return annc_fail(ANNC_OUTPUT, "%s: %s", annc_printable(folder, shown, sizeof shown),
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

/* Fetches a file from one mirror. ANNC_INPUT with the reason if the next mirror should be tried. */
static annc_status fetch_from(const annc_fetch_options *options, const char *url, const char *path,
                              const struct mnist_file *file, char *reason)
{
    annc_status status = ANNC_OK;
    struct annc_safe_file safe;
    char shown[SHOWN], written[ANNC_PATH + 64];
    ANNC_TRY(annc_safe_open(path, &safe));
    if (!safe.replaces)
        status = annc_fail(ANNC_OUTPUT, "%s: is not a regular file", annc_printable(path, shown, sizeof shown));
    if (status == ANNC_OK)
        status = run_curl(options, url, &safe, reason);
    if (status == ANNC_OK &&
        read_content(annc_temporary_path(&safe.temporary, written, sizeof written), file, reason) != RIGHT)
        status = ANNC_INPUT;
    if (status == ANNC_OK)
        status = annc_safe_commit(&safe);
    annc_safe_abandon(&safe);
out:
    return status;
}

/* Downloads a file to `path` from the first mirror that has it. */
static annc_status fetch_file(const annc_fetch_options *options, const char *path, const struct mnist_file *file)
{
    annc_status status = ANNC_INPUT;
    const char *mirrors = getenv("ANNC_MIRRORS");
    char url[URL], shown[URL], reason[REASON] = "", reasons[2048] = "";
    mirrors = mirrors && mirrors[0] ? mirrors : ANNC_MNIST_MIRRORS;
    mirrors += strspn(mirrors, " ");
    while (*mirrors && status == ANNC_INPUT) {
        const size_t length = strcspn(mirrors, " ");
        snprintf(url, sizeof url, "%.*s%s.gz", (int)length, mirrors, file->name);
        annc_printable(url, shown, sizeof shown);
        tell(options, "from ", file->name, shown);
        status = fetch_from(options, url, path, file, reason);
        if (status == ANNC_INPUT)
            snprintf(reasons + strlen(reasons), sizeof reasons - strlen(reasons), "%s%s: %s", reasons[0] ? "; " : "",
                     shown, reason);
        mirrors += length + strspn(mirrors + length, " ");
    }
    return status == ANNC_INPUT ? annc_fail(status, "%s could not be downloaded: %s", file->name,
                                            reasons[0] ? reasons : "ANNC_MIRRORS names no mirror")
                                : status;
}

/* ---------------------------------------------------------------- files already downloaded */

/* The four files of a directory, in the order of FILES: the path of each, and whether it is there
 * and right. */
enum { COUNT = sizeof FILES / sizeof *FILES };

struct places {
    char path[COUNT][ANNC_PATH];
    bool is_right[COUNT];
};

/* Finds the files that a training would read in a directory; "" where there is none. */
static annc_status find_files(const char *folder, const char *found[COUNT], struct annc_idx_files *files)
{
    char shown[SHOWN];
    const annc_status status = annc_idx_find(folder, files);
    if (status == ANNC_INPUT)
        return annc_fail(status, "%s: has other data sets; choose another folder with " ANNC_FIELD_FOLDER,
                         annc_printable(folder, shown, sizeof shown));
    for (int i = 0; i < COUNT; i++) {
        const enum annc_part part = strncmp(FILES[i].name, "train", 5) == 0 ? ANNC_PART_TRAIN : ANNC_PART_TEST;
        found[i] = strstr(FILES[i].name, "images") ? files->images[part] : files->labels[part];
    }
    return status;
}

/* Looks for the files under any name that a training would read, and chooses the paths of those to
 * download. Another data set may have the same names, as Fashion-MNIST has: a file that can be read
 * but is not MNIST's is never replaced, nor would a training read past it. */
static annc_status look_around(const annc_fetch_options *options, const char *folder, struct places *places)
{
    annc_status status = ANNC_OK;
    struct annc_idx_files files;
    const char *found[COUNT];
    char shown[SHOWN], reason[REASON];
    ANNC_TRY(find_files(folder, found, &files));
    for (int i = 0; i < COUNT; i++) {
        char *path = places->path[i];
        if ((size_t)snprintf(path, ANNC_PATH, "%s/%s.gz", folder, FILES[i].name) >= ANNC_PATH)
            return annc_fail(ANNC_OUTPUT, "the folder's name is too long");
        const enum content content = found[i][0] ? read_content(found[i], &FILES[i], reason) : UNREADABLE;
        places->is_right[i] = content == RIGHT;
        if (content == OTHER || (content == UNREADABLE && found[i][0] && strcmp(found[i], path) != 0))
            return annc_fail(ANNC_INPUT,
                             "%s: is not MNIST's, and is not replaced; remove it, or choose another folder "
                             "with " ANNC_FIELD_FOLDER,
                             annc_printable(found[i], shown, sizeof shown));
        if (!places->is_right[i])
            continue;
        snprintf(path, ANNC_PATH, "%s", found[i]);
        tell(options, "is already downloaded", FILES[i].name, "");
    }
out:
    return status;
}

/* Checks that a training reads the files that have been checked: others may have come meanwhile. */
static annc_status look_again(const char *folder, const struct places *places)
{
    annc_status status = ANNC_OK;
    struct annc_idx_files files;
    const char *found[COUNT];
    char shown[SHOWN];
    ANNC_TRY(find_files(folder, found, &files));
    for (int i = 0; i < COUNT; i++)
        if (strcmp(found[i], places->path[i]) != 0)
            return annc_fail(ANNC_INPUT, "%s: is in the place of MNIST's file; remove it",
                             annc_printable(found[i][0] ? found[i] : folder, shown, sizeof shown));
out:
    return status;
}

annc_status annc_mnist_fetch(const annc_fetch_options *options, char *folder, size_t size)
{
    ANNC_REQUIRE(options, "options");
    ANNC_REQUIRE(folder, "folder");
    annc_status status = ANNC_OK;
    struct places places;
    ANNC_TRY(choose_folder(options->folder, folder, size));
    ANNC_TRY(make_folder(folder));
    ANNC_TRY(look_around(options, folder, &places));
    for (int i = 0; i < COUNT; i++)
        if (!places.is_right[i])
            ANNC_TRY(fetch_file(options, places.path[i], &FILES[i]));
    ANNC_TRY(look_again(folder, &places));
out:
    return status;
}
