/* Calls for files that fail, at every single call of what reads and writes them: an error that says so, or the same result, and nothing left.
 * Reads and writes that are interrupted, or do a part of what they should, go on; so do files that another run seems to have replaced. */
#include "base/allocate.h"
#include "base/config.h"
#include "base/status.h"
#include "base/temporary_file.h"
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------------- calls that fail */

enum way { WHOLLY, INTERRUPTED, IN_PART, REPLACED, ELSEWHERE, WAYS };

static long calls, failing; /* number `failing`, from 1, fails; 0: none does */
static enum way way;
static int error;       /* of a call that fails wholly */
static bool no_unnamed; /* as on file systems without files that have no name */

static bool fails(void)
{
    return ++calls == failing && way == WHOLLY;
}

static int failed(void)
{
    errno = error;
    return -1;
}

/* A read or a write that fails, is interrupted, or is cut to one byte. */
static bool is_broken(size_t *count)
{
    const bool chosen = ++calls == failing;
    if (!chosen || *count == 0)
        return false;
    if (way == IN_PART)
        *count = 1;
    errno = way == INTERRUPTED ? EINTR : error;
    return way == WHOLLY || way == INTERRUPTED;
}

#pragma GCC visibility push(                                                                                           \
    default) /* shared libraries may refer to the same functions, and the linker then wants these to be seen */

ssize_t __real_read(int descriptor, void *bytes, size_t count);
ssize_t __wrap_read(int descriptor, void *bytes, size_t count);
ssize_t __real_pread64(int descriptor, void *bytes, size_t count, off_t at);
ssize_t __wrap_pread64(int descriptor, void *bytes, size_t count, off_t at);
ssize_t __real_write(int descriptor, const void *bytes, size_t count);
ssize_t __wrap_write(int descriptor, const void *bytes, size_t count);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags);
int __wrap_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags);
int __real_fchmod(int descriptor, mode_t mode);
int __wrap_fchmod(int descriptor, mode_t mode);
int __real_close(int descriptor);
int __wrap_close(int descriptor);
int __real_fstat64(int descriptor, struct stat *file);
int __wrap_fstat64(int descriptor, struct stat *file);
int __real_stat64(const char *path, struct stat *file);
int __wrap_stat64(const char *path, struct stat *file);
int __real_lstat64(const char *path, struct stat *file);
int __wrap_lstat64(const char *path, struct stat *file);
int __real_flock(int descriptor, int operation);
int __wrap_flock(int descriptor, int operation);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
DIR *__real_opendir(const char *folder);
DIR *__wrap_opendir(const char *folder);
int __real_dup(int descriptor);
int __wrap_dup(int descriptor);
int __real_fcntl64(int descriptor, int command, ...);
int __wrap_fcntl64(int descriptor, int command, ...);
int __wrap_fsync(int descriptor);

ssize_t __wrap_read(int descriptor, void *bytes, size_t count)
{
    return is_broken(&count) ? -1 : __real_read(descriptor, bytes, count);
}

ssize_t __wrap_pread64(int descriptor, void *bytes, size_t count, off_t at)
{
    return is_broken(&count) ? -1 : __real_pread64(descriptor, bytes, count, at);
}

ssize_t __wrap_write(int descriptor, const void *bytes, size_t count)
{
    return is_broken(&count) ? -1 : __real_write(descriptor, bytes, count);
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
    va_end(more);
    if (no_unnamed && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return fails() ? failed() : __real_open64(path, flags, mode);
}

int __wrap_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    return fails() ? failed() : __real_linkat(from_folder, from, to_folder, to, flags);
}

int __wrap_fchmod(int descriptor, mode_t mode)
{
    return fails() ? failed() : __real_fchmod(descriptor, mode);
}

/* As Linux has it: the descriptor is gone whatever is said. */
int __wrap_close(int descriptor)
{
    const int closed = __real_close(descriptor);
    return fails() ? failed() : closed;
}

int __wrap_fstat64(int descriptor, struct stat *file)
{
    return fails() ? failed() : __real_fstat64(descriptor, file);
}

int __wrap_stat64(const char *path, struct stat *file)
{
    return fails() ? failed() : __real_stat64(path, file);
}

/* Where it does not fail, it may tell of another file than the one there. */
int __wrap_lstat64(const char *path, struct stat *file)
{
    const bool chosen = ++calls == failing;
    if (chosen && way == WHOLLY)
        return failed();
    const int got = __real_lstat64(path, file);
    file->st_ino += chosen && way == REPLACED;
    file->st_dev += chosen && way == ELSEWHERE;
    return got;
}

int __wrap_flock(int descriptor, int operation)
{
    return fails() ? failed() : __real_flock(descriptor, operation);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails() ? failed() : __real_rename(from, to);
}

DIR *__wrap_opendir(const char *folder)
{
    if (!fails())
        return __real_opendir(folder);
    failed();
    return NULL;
}

int __wrap_dup(int descriptor)
{
    return fails() ? failed() : __real_dup(descriptor);
}

int __wrap_fcntl64(int descriptor, int command, ...)
{
    va_list more;
    va_start(more, command);
    const int argument = va_arg(more, int);
    va_end(more);
    return fails() ? failed() : __real_fcntl64(descriptor, command, argument);
}

int __wrap_fsync(int descriptor)
{
    (void)descriptor; /* no test switches the machine off */
    return fails() ? failed() : 0;
}

#pragma GCC visibility pop

/* ---------------------------------------------------------------- every call fails */

static char folder[64];

/* Some work on files, the same each time, and what it came to. */
typedef annc_status work_fn(const void *what, uint64_t *result);

static int open_descriptors(void)
{
    int count = 0;
    DIR *listing = opendir("/proc/self/fd");
    while (listing && readdir(listing))
        count++;
    if (listing)
        closedir(listing);
    return count;
}

static bool leaves_temporary(void)
{
    glob_t left;
    const bool leaves = glob("*.tmp", 0, NULL, &left) != GLOB_NOMATCH;
    globfree(&left);
    return leaves;
}

/* Files that a work writes may be there or not, but not in part. A temporary one stays only where it seemed to be another run's by now; the next
 * run removes it. */
static void check_left(const char *name, work_fn *work, const void *what, long k)
{
    annc_network *network = NULL;
    uint64_t result;
    CHECK_MSG(!leaves_temporary() || (work(what, &result) == ANNC_OK && !leaves_temporary()),
              "%s, call %ld leaves a temporary file", name, k);
    CHECK_MSG(access("model", F_OK) != 0 || annc_model_load("model", NULL, &network) == ANNC_OK, "%s, call %ld: %s",
              name, k, annc_last_error());
    annc_network_free(network);
}

static void one_fault(const char *name, work_fn *work, const void *what, long k, uint64_t want)
{
    const int descriptors = open_descriptors();
    uint64_t result = 0;
    annc_fail(ANNC_OK, "%s", "");
    calls = 0;
    failing = k;
    const annc_status status = work(what, &result);
    failing = 0;
    if (status == ANNC_OK)
        CHECK_MSG(result == want, "%s, call %ld: it went on to something else", name, k);
    else
        CHECK_MSG(way == WHOLLY && (status == ANNC_INPUT || status == ANNC_OUTPUT || status == ANNC_MEMORY) &&
                      annc_last_error()[0],
                  "%s, call %ld: status %d: %s", name, k, (int)status, annc_last_error());
    CHECK_MSG(open_descriptors() == descriptors, "%s, call %ld leaves a file open", name, k);
    check_left(name, work, what, k);
}

static void every_call(const char *name, work_fn *work, const void *what)
{
    static const int errors[] = {EIO, EINVAL, EACCES, EWOULDBLOCK, EEXIST, ENOMEM};
    uint64_t want = 0;
    calls = 0;
    REQUIRE_OK(work(what, &want));
    const long count = calls;
    for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
        for (long k = 1; k <= count; k++) {
            way = WHOLLY;
            error = errors[e];
            one_fault(name, work, what, k, want);
        }
    for (way = INTERRUPTED; way < WAYS; way++)
        for (long k = 1; k <= count; k++)
            one_fault(name, work, what, k, want);
    printf("%s: %ld calls\n", name, count);
}

/* ---------------------------------------------------------------- works */

static annc_status make_network(annc_network **network)
{
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_shape shape = {.layers = 1, .width = {4, 3}, .activation = {ANNC_SIGMOID}, .cost = ANNC_QUADRATIC};
    annc_device *device = NULL;
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_device_open(&cpu, &device));
    ANNC_TRY(annc_network_create(&shape, network));
    ANNC_TRY(annc_network_initialise(*network, device, ANNC_INIT_AUTO, 1));
out:
    annc_device_close(device);
    return status;
}

static annc_status save(const void *what, uint64_t *result)
{
    annc_status status = annc_model_save(what, "model");
    *result = status == ANNC_OK;
    if (status == ANNC_OK)
        status = annc_model_can_save("model");
    return status;
}

/* Leaves a temporary file as a killed process does; no call fails meanwhile. */
static void leave(const char *target)
{
    const long then_failing = failing, then_calls = calls;
    struct annc_temporary temporary;
    failing = 0;
    no_unnamed = true;
    CHECK(annc_temporary_open(target, 0600, &temporary) == ANNC_OK && temporary.name);
    __real_close(temporary.descriptor);
    annc_release(temporary.name);
    no_unnamed = false;
    failing = then_failing;
    calls = then_calls;
}

static annc_status save_beside_left(const void *what, uint64_t *result)
{
    leave("model");
    return save(what, result);
}

static annc_status save_named(const void *what, uint64_t *result)
{
    no_unnamed = true;
    const annc_status status = save(what, result);
    no_unnamed = false;
    return status;
}

static annc_status save_new(const void *what, uint64_t *result)
{
    unlink("model");
    return save(what, result);
}

static annc_status draw(const void *what, uint64_t *result)
{
    const annc_status status = annc_gallery_draw(what, "drawing.svg");
    *result = status == ANNC_OK;
    return status;
}

static annc_status export(const void *what, uint64_t *result)
{
    annc_status status = ANNC_OK;
    for (int format = 0; format < ANNC_EXPORT_COUNT; format++)
        ANNC_TRY(annc_model_export(what, (annc_export)format, annc_export_name((annc_export)format)));
    *result = 1;
out:
    return status;
}

static annc_status load_model(const void *what, uint64_t *result)
{
    annc_network *network = NULL;
    const annc_shape shape = {.layers = 1, .width = {4, 3}, .activation = {ANNC_SIGMOID}, .cost = ANNC_QUADRATIC};
    const annc_status status = annc_model_load(what, &shape, &network);
    for (int i = 0; network && i < 15; i++) {
        uint32_t bits;
        memcpy(&bits, annc_network_parameters_const(network) + i, sizeof bits);
        *result = *result * 31 + bits;
    }
    annc_network_free(network);
    return status;
}

static annc_status load_data(const void *what, uint64_t *result)
{
    annc_data data;
    const annc_status status = annc_data_load(what, &data);
    if (status == ANNC_OK) {
        *result = annc_dataset_fingerprint(data.train);
        annc_data_free(&data);
    }
    return status;
}

/* A table from standard input, from its beginning. */
static annc_status load_input(const void *what, uint64_t *result)
{
    lseek(STDIN_FILENO, 0, SEEK_SET);
    return load_data(what, result);
}

static void write_file(const char *name, const void *bytes, size_t count)
{
    FILE *file = fopen(name, "wb");
    CHECK(file && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

static void put_little(unsigned char *bytes, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
}

/* An archive again, one field of its end (at `field`, of so many bytes) told elsewhere, as in archives of more than 4 GB. */
static void write_zip64(const char *from, const char *to, size_t field, size_t width)
{
    enum { MOST = 1 << 16, END = 22, END64 = 56, LOCATOR = 20 };
    static unsigned char bytes[MOST + END64 + LOCATOR];
    FILE *file = fopen(from, "rb");
    const size_t size = file ? fread(bytes, 1, MOST, file) : 0;
    CHECK(file && size > END && fclose(file) == 0);
    unsigned char *end64 = bytes + size - END, *locator = end64 + END64, *end = locator + LOCATOR;
    memmove(end, end64, END);
    memset(end64, 0, END64 + LOCATOR);
    memcpy(end64, "PK\6\6", 4);
    put_little(end64 + 4, END64 - 12, 8);
    memcpy(end64 + 32, end + 10, 2);
    memcpy(end64 + 40, end + 12, 4);
    memcpy(end64 + 48, end + 16, 4);
    memcpy(locator, "PK\6\7", 4);
    put_little(locator + 8, size - END, 8);
    memset(end + field, 0xFF, width);
    write_file(to, bytes, size + END64 + LOCATOR);
}

static void models(void)
{
    annc_network *network = NULL;
    REQUIRE_OK(make_network(&network));
    every_call("saving", save, network);
    every_call("saving a new file", save_new, network);
    every_call("saving beside a left file", save_beside_left, network);
    every_call("saving where every file has a name", save_named, network);
    every_call("exporting", export, network);
    every_call("loading", load_model, "model");
    every_call("loading an archive", load_model, "npz");
    static const size_t fields[][2] = {{10, 2}, {12, 4}, {16, 4}}; /* members, the directory's bytes, its place */
    for (size_t f = 0; f < 3; f++) {
        uint64_t small = 0, large = 0;
        write_zip64("npz", "npz64", fields[f][0], fields[f][1]);
        CHECK(load_model("npz", &small) == ANNC_OK && load_model("npz64", &large) == ANNC_OK && small == large);
    }
    every_call("loading an archive with zip64's directory", load_model, "npz64");
    annc_network_free(network);
}

static void drawings(void)
{
    static const uint8_t pixels[12] = {255};
    const annc_gallery gallery = {.count = 1, .rows = 2, .columns = 2, .pixels = pixels, .title = "one"};
    every_call("drawing", draw, &gallery);
}

/* Returns the name of the only temporary file. */
static const char *name_left(void)
{
    static char name[256];
    glob_t left;
    CHECK(glob("*.tmp", 0, NULL, &left) == 0 && left.gl_pathc == 1);
    snprintf(name, sizeof name, "%s", left.gl_pathc > 0 ? left.gl_pathv[0] : "");
    globfree(&left);
    return name;
}

/* A temporary file that no process has open is removed by the next run that writes the same target. Every other file stays: one that is in use,
 * one that has a second name, one of another target, a copy under the same name, a link, and whatever else ends in .tmp. */
static void only_ours_is_removed(void)
{
    static const char *const others[] = {"kept.0.tmp", "kept.tmp", "kept.0123456789abcdef-0123456789abcdef.tmp"};
    char name[256];
    annc_network *network = NULL;
    REQUIRE_OK(make_network(&network));
    REQUIRE_OK(annc_model_save(network, "kept"));
    leave("kept");
    snprintf(name, sizeof name, "%s", name_left());
    REQUIRE_OK(annc_model_save(network, "another"));
    CHECK(access(name, F_OK) == 0); /* of another target */
    const int used = __real_open64(name, O_RDONLY);
    CHECK(used >= 0 && __real_flock(used, LOCK_EX) == 0);
    REQUIRE_OK(annc_model_save(network, "kept"));
    CHECK(access(name, F_OK) == 0 && __real_close(used) == 0);
    CHECK(link(name, "second") == 0);
    REQUIRE_OK(annc_model_save(network, "kept"));
    CHECK(access(name, F_OK) == 0 && unlink("second") == 0);
    REQUIRE_OK(annc_model_save(network, "kept"));
    CHECK(access(name, F_OK) != 0);
    write_file(name, "a copy", 6); /* unless it got the same number again, which the hole below makes unlikely */
    write_file("hole", "", 0);
    CHECK(rename("hole", name) == 0);
    REQUIRE_OK(annc_model_save(network, "kept"));
    CHECK(unlink(name) == 0 && symlink("model", name) == 0);
    REQUIRE_OK(annc_model_save(network, "kept"));
    CHECK(unlink(name) == 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        write_file(others[i], "not ours", 8);
    REQUIRE_OK(annc_model_save(network, "kept"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(unlink(others[i]) == 0);
    CHECK(!leaves_temporary());
    annc_network_free(network);
}

/* What comes from curl cannot be written: that ends the download, and nothing stays of it. curl is a script that brings what is no file of MNIST. */
static void downloads(void)
{
    const annc_fetch_options options = {.folder = "."};
    char path[4096], told[64];
    long unwritten = 0, count = 1;
    FILE *curl = fopen("curl", "w");
    CHECK(curl && fputs("#!/bin/sh\necho something\n", curl) >= 0 && fclose(curl) == 0 && chmod("curl", 0700) == 0);
    snprintf(path, sizeof path, "%s:%s", folder, getenv("PATH"));
    setenv("PATH", path, 1);
    setenv("ANNC_MIRRORS", "https://nowhere/", 1);
    way = WHOLLY;
    error = ENOSPC;
    for (long k = 0; k <= count; k++) {
        const int descriptors = open_descriptors();
        calls = 0;
        failing = k;
        const annc_status status = annc_mnist_fetch(&options, told, sizeof told);
        failing = 0;
        CHECK_MSG(status == ANNC_INPUT || (k > 0 && status == ANNC_OUTPUT), "call %ld: status %d: %s", k, (int)status,
                  annc_last_error());
        unwritten += status == ANNC_OUTPUT && strstr(annc_last_error(), "No space left") != NULL;
        CHECK_MSG(open_descriptors() == descriptors, "call %ld leaves a file open", k);
        count = k == 0 ? calls : count;
    }
    CHECK(annc_mnist_fetch(&options, told, sizeof told) == ANNC_INPUT && !leaves_temporary());
    CHECK_MSG(unwritten > 0, "no call was for writing");
}

static void links(void)
{
    annc_network *network = NULL;
    REQUIRE_OK(make_network(&network));
    CHECK(unlink("model") == 0 && mkdir("far", 0700) == 0 && symlink("far/model", "model") == 0);
    CHECK(annc_model_save(network, "model") == ANNC_OUTPUT); /* which leads nowhere as yet */
    CHECK_MSG(strstr(annc_last_error(), "the link leads nowhere"), "%s", annc_last_error());
    REQUIRE_OK(annc_model_save(network, "far/model"));
    every_call("saving through a link", save, network);
    CHECK(access("far/model", F_OK) == 0);
    annc_network_free(network);
}

/* What is no file is written to and never replaced, whatever a call says of it: a pipe, and a standard output. */
static void streams(void)
{
    annc_network *network = NULL;
    struct stat there;
    REQUIRE_OK(make_network(&network));
    CHECK(mkfifo("pipe", 0600) == 0);
    const int reader = __real_open64("pipe", O_RDONLY | O_NONBLOCK), before = __real_dup(STDOUT_FILENO);
    fflush(stdout);
    CHECK(reader >= 0 && freopen("output", "w", stdout) != NULL);
    for (long turn = 0; turn < 24; turn++) {
        calls = 0;
        failing = 1 + turn / 2;
        way = WHOLLY;
        error = EIO;
        const annc_status status = annc_model_save(network, turn % 2 ? "pipe" : "/dev/stdout");
        CHECK(status == ANNC_OK || status == ANNC_OUTPUT);
    }
    failing = 0;
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    __real_close(before);
    __real_close(reader);
    CHECK(__real_lstat64("pipe", &there) == 0 && S_ISFIFO(there.st_mode));
    annc_network_free(network);
}

static void data(void)
{
    annc_data_options options = {.source = ANNC_SOURCE_PATH, .path = "table.csv", .need_train = true, .outputs = 3};
    every_call("a table", load_data, &options);
    options.path = "-";
    CHECK(freopen("table.csv", "r", stdin) != NULL);
    every_call("standard input", load_input, &options);
    if (ANNC_ZLIB_FOUND) {
        CHECK(freopen("table.csv.gz", "r", stdin) != NULL);
        every_call("packed standard input", load_input, &options);
    }
    options.path = "images";
    options.need_test = false;
    every_call("images", load_data, &options);
    options.path = "images/train-images-idx3-ubyte";
    every_call("a file of images", load_data, &options);
    if (ANNC_ZLIB_FOUND) {
        options.path = "packed";
        every_call("packed images", load_data, &options);
    }
}

/* ---------------------------------------------------------------- files */

enum { IMAGES = 300, PIXELS = 900 }; /* more than one buffer of them when packed, too: their pixels are drawn */

static bool write_images(void)
{
    static unsigned char images[16 + IMAGES * PIXELS] = "\0\0\x08\x03\0\0\x01\x2c\0\0\0\x1e\0\0\0\x1e";
    unsigned char labels[8 + IMAGES] = "\0\0\x08\x01\0\0\x01\x2c";
    uint32_t state = 1;
    for (size_t i = 16; i < sizeof images; i++) {
        state = state * 1664525 + 1013904223;
        images[i] = (unsigned char)(state >> 24);
    }
    for (int i = 0; i < IMAGES; i++)
        labels[8 + i] = (unsigned char)(i % 3);
    write_file("images/train-images-idx3-ubyte", images, sizeof images);
    write_file("images/train-labels-idx1-ubyte", labels, sizeof labels);
    return system("cp -r images packed && gzip packed/*") == 0;
}

static bool begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/annc-test-files-XXXXXX");
    if (!mkdtemp(folder) || chdir(folder) != 0 || mkdir("images", 0700) != 0 || !write_images())
        return false;
    FILE *table = fopen("table.csv", "w");
    for (int i = 0; table && i < 60; i++)
        fprintf(table, "%d.5,%d,%s\n", i % 3 + i % 5, 7 * i % 11, (const char *[]){"rose", "fern", "moss"}[i % 3]);
    return table && fclose(table) == 0 && system("gzip -k table.csv") == 0;
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(models),    TEST(drawings), TEST(links), TEST(streams), TEST(only_ours_is_removed),
        TEST(downloads), TEST(data)};
    char command[128];
    if (!begin())
        return 1;
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? result : 1;
}
