#include "faults/faults.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static atomic_long calls, blocks;
static long first, last; /* of the calls that fail; 0: none does */

void faults_begin(long k, bool on)
{
    first = k;
    last = on ? LONG_MAX : k;
    calls = 0;
}

long faults_end(void)
{
    first = last = 0;
    return calls;
}

long faults_blocks(void)
{
    return blocks;
}

static bool fails(void)
{
    const long call = ++calls;
    return first > 0 && call >= first && call <= last;
}

/* A block that the system gave, counted. */
static void *given(void *block)
{
    blocks += block != NULL;
    return block;
}

static void *refused(void)
{
    errno = ENOMEM;
    return NULL;
}

#pragma GCC visibility push(                                                                                           \
    default) /* shared libraries may refer to the same functions, and the linker then wants these to be seen */

/* ---------------------------------------------------------------- the program's own */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
int __real_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
void __real_free(void *block);
void __wrap_free(void *block);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__real_getcwd(char *folder, size_t size);
char *__wrap_getcwd(char *folder, size_t size);
char *__real_realpath(const char *path, char *resolved);
char *__wrap_realpath(const char *path, char *resolved);
ssize_t __real_getdelim(char **line, size_t *room, int end, FILE *file);
ssize_t __wrap_getdelim(char **line, size_t *room, int end, FILE *file);
void *__real_mmap64(void *address, size_t length, int protection, int flags, int descriptor, off_t offset);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int descriptor, off_t offset);
int __real_munmap(void *address, size_t length);
int __wrap_munmap(void *address, size_t length);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *argument);

void *__wrap_malloc(size_t size)
{
    return fails() ? refused() : given(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? refused() : given(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (fails())
        return refused();
    void *resized = __real_realloc(block, size);
    return block ? resized : given(resized);
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
    const int error = fails() ? ENOMEM : __real_posix_memalign(block, alignment, size);
    if (error == 0)
        given(*block);
    return error;
}

void __wrap_free(void *block)
{
    blocks -= block != NULL;
    __real_free(block);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? refused() : given(__real_strdup(text));
}

char *__wrap_getcwd(char *folder, size_t size)
{
    if (!folder && fails())
        return refused();
    char *got = __real_getcwd(folder, size);
    return folder ? got : given(got);
}

char *__wrap_realpath(const char *path, char *resolved)
{
    if (!resolved && fails())
        return refused();
    char *got = __real_realpath(path, resolved);
    return resolved ? got : given(got);
}

ssize_t __wrap_getdelim(char **line, size_t *room, int end, FILE *file)
{
    const bool was_there = *line != NULL;
    if (fails()) {
        refused();
        return -1;
    }
    const ssize_t got = __real_getdelim(line, room, end, file);
    if (!was_there)
        given(*line);
    return got;
}

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int descriptor, off_t offset)
{
    void *mapping = MAP_FAILED;
    if (fails())
        refused();
    else
        mapping = __real_mmap64(address, length, protection, flags, descriptor, offset);
    blocks += mapping != MAP_FAILED;
    return mapping;
}

int __wrap_munmap(void *address, size_t length)
{
    blocks--;
    return __real_munmap(address, length);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *argument)
{
    return fails() ? EAGAIN : __real_pthread_create(thread, how, run, argument);
}

/* ---------------------------------------------------------------- streams, which the C library makes of memory; refused to the program alone */

#define MAYBE __attribute__((weak)) /* what a program or a build has not */
FILE *__real_fopen64(const char *path, const char *mode) MAYBE;
FILE *__wrap_fopen64(const char *path, const char *mode);
FILE *__real_fdopen(int descriptor, const char *mode) MAYBE;
FILE *__wrap_fdopen(int descriptor, const char *mode);
FILE *__real_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions) MAYBE;
FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);
DIR *__real_opendir(const char *folder) MAYBE;
DIR *__wrap_opendir(const char *folder);

/* What the machine says of itself is not needed: it is left as it is. */
FILE *__wrap_fopen64(const char *path, const char *mode)
{
    return strncmp(path, "/proc/", 6) != 0 && strncmp(path, "/sys/", 5) != 0 && fails() ? refused()
                                                                                        : __real_fopen64(path, mode);
}

FILE *__wrap_fdopen(int descriptor, const char *mode)
{
    return fails() ? refused() : __real_fdopen(descriptor, mode);
}

FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions)
{
    return fails() ? refused() : __real_fopencookie(cookie, mode, functions);
}

DIR *__wrap_opendir(const char *folder)
{
    return fails() ? refused() : __real_opendir(folder);
}

/* ---------------------------------------------------------------- other libraries', which come back empty-handed when memory is short */

int __real_inflateInit2_(void *stream, int bits, const char *version, int size) MAYBE;
int __wrap_inflateInit2_(void *stream, int bits, const char *version, int size);
void *__real_libdeflate_alloc_decompressor(void) MAYBE;
void *__wrap_libdeflate_alloc_decompressor(void);
void *__real_png_create_read_struct(const char *version, void *pointer, void *error, void *warning) MAYBE;
void *__wrap_png_create_read_struct(const char *version, void *pointer, void *error, void *warning);
void *__real_png_create_info_struct(const void *png) MAYBE;
void *__wrap_png_create_info_struct(const void *png);

int __wrap_inflateInit2_(void *stream, int bits, const char *version, int size)
{
    enum { Z_MEM_ERROR = -4 };
    return fails() ? Z_MEM_ERROR : __real_inflateInit2_(stream, bits, version, size);
}

void *__wrap_libdeflate_alloc_decompressor(void)
{
    return fails() ? NULL : __real_libdeflate_alloc_decompressor();
}

void *__wrap_png_create_read_struct(const char *version, void *pointer, void *error, void *warning)
{
    return fails() ? NULL : __real_png_create_read_struct(version, pointer, error, warning);
}

void *__wrap_png_create_info_struct(const void *png)
{
    return fails() ? NULL : __real_png_create_info_struct(png);
}

/* ---------------------------------------------------------------- and one that takes time */

int __wrap_fsync(int descriptor);

int __wrap_fsync(int descriptor)
{
    (void)descriptor; /* no test switches the machine off */
    return 0;
}

#pragma GCC visibility pop

/* ---------------------------------------------------------------- programs */

static long setting(const char *name)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

/* Before main: ANNC_FAULT_AT=K makes call K fail, ANNC_FAULT_FROM=K it and all that follow. */
static void __attribute__((constructor)) begin(void)
{
    const long at = setting("ANNC_FAULT_AT"), from = setting("ANNC_FAULT_FROM");
    faults_begin(at ? at : from, from > 0);
}

/* In the end: the number of calls to the file that ANNC_FAULT_COUNT names. */
static void __attribute__((destructor)) tell(void)
{
    const char *path = getenv("ANNC_FAULT_COUNT");
    const long all = calls;
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", all);
        fclose(file);
    }
}
