/* heap.c - counts the bytes on the heap: through the sanitizer's hooks, or through functions put in
 * the place of glibc's. */
#include "fuzz/hostile.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_llong held, most;

#define UNUSED __attribute__((unused)) /* under ThreadSanitizer nothing is counted */

UNUSED static void gained(size_t bytes)
{
    const long long now = atomic_fetch_add(&held, (long long)bytes) + (long long)bytes;
    if (now > atomic_load(&most))
        atomic_store(&most, now);
}

UNUSED static void lost(size_t bytes)
{
    atomic_fetch_sub(&held, (long long)bytes);
}

#if defined(__has_feature)
#define HAS(feature) __has_feature(feature)
#else
#define HAS(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HAS(address_sanitizer)

int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *block);

static void on_malloc(const volatile void *block, size_t bytes)
{
    (void)block;
    gained(bytes);
}

static void on_free(const volatile void *block)
{
    if (block)
        lost(__sanitizer_get_allocated_size(block));
}

static void begin_counting(void)
{
    static bool begun;
    if (!begun)
        __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    begun = true;
}

#else

static void begin_counting(void) {}

#if defined(__GLIBC__) && !defined(__SANITIZE_THREAD__) && !HAS(thread_sanitizer)
#include <errno.h>
#include <malloc.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);

#pragma GCC visibility push(default) /* for the libraries too */

static void *counted(void *block)
{
    if (block)
        gained(malloc_usable_size(block));
    return block;
}

void *malloc(size_t bytes)
{
    return counted(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes)
{
    return counted(__libc_calloc(count, bytes));
}

void *realloc(void *block, size_t bytes)
{
    const size_t before = block ? malloc_usable_size(block) : 0;
    void *moved = __libc_realloc(block, bytes);
    if (moved || bytes == 0)
        lost(before);
    return counted(moved);
}

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
    *block = counted(__libc_memalign(alignment, bytes));
    return *block ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return counted(__libc_memalign(alignment, bytes));
}

void free(void *block)
{
    if (block)
        lost(malloc_usable_size(block));
    __libc_free(block);
}

#pragma GCC visibility pop
#endif
#endif

static long long before;

void held_begin(void)
{
    begin_counting();
    before = atomic_load(&held);
    atomic_store(&most, before);
}

size_t most_held(void)
{
    return (size_t)(atomic_load(&most) - before);
}
