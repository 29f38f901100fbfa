#include "base/allocate.h"
#include "base/memory_limit.h"
#include "base/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SMALL = 1 << 20, LARGE = 4 << 20, LARGE_PAGE = 2 << 20 };

size_t annc_product(size_t a, size_t b)
{
    return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

void annc_machine_memory(uint64_t *total, uint64_t *available)
{
    const long page = sysconf(_SC_PAGESIZE), pages = sysconf(_SC_PHYS_PAGES), free_pages = sysconf(_SC_AVPHYS_PAGES);
    *total = page > 0 && pages > 0 ? (uint64_t)page * (uint64_t)pages : 0;
    *available = page > 0 && free_pages > 0 ? (uint64_t)page * (uint64_t)free_pages : 0;
    /* MemAvailable also counts memory that the system can reclaim. */
    FILE *file = fopen("/proc/meminfo", "r");
    char line[128];
    unsigned long long kilobytes;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1) {
            *available = kilobytes * 1024;
            break;
        }
    if (file)
        fclose(file);
    annc_memory_limit("", total, available);
}

static annc_status refused(size_t bytes, const char *what)
{
    uint64_t total, available;
    annc_machine_memory(&total, &available);
    return annc_fail(ANNC_MEMORY, "out of memory: %s needs %zu bytes; the machine has %llu free of %llu", what, bytes,
                     (unsigned long long)available, (unsigned long long)total);
}

/* Returns whether the machine can provide `bytes`. An overcommitting system grants more and later
 * kills the process. Small blocks are not checked. */
static bool may_fit(size_t bytes)
{
    uint64_t total, available;
    if (bytes <= SMALL)
        return true;
    if (bytes > SIZE_MAX / 2)
        return false;
    annc_machine_memory(&total, &available);
    return available == 0 || bytes <= available;
}

annc_status annc_allocate(size_t count, size_t size, const char *what, void **block)
{
    size_t bytes = annc_product(count, size);
    if (bytes == 0)
        bytes = 1;
    *block = NULL;
    const bool large = bytes >= LARGE;
    if (!may_fit(bytes) || posix_memalign(block, large ? LARGE_PAGE : ANNC_ALIGNMENT, bytes) != 0) {
        *block = NULL;
        return refused(bytes, what);
    }
    if (large) /* fewer page faults and TLB misses; ignored without such pages */
        (void)madvise(*block, bytes, MADV_HUGEPAGE);
    memset(*block, 0, bytes);
    return ANNC_OK;
}

annc_status annc_resize(size_t count, size_t size, const char *what, void **block)
{
    const size_t bytes = annc_product(count, size);
    void *resized = may_fit(bytes) ? realloc(*block, bytes ? bytes : 1) : NULL;
    if (!resized)
        return refused(bytes, what);
    *block = resized;
    return ANNC_OK;
}

void annc_release(void *block)
{
    free(block);
}

annc_status annc_map(int descriptor, size_t length, struct annc_mapping *mapping)
{
    void *base = mmap(NULL, length, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (base == MAP_FAILED)
        return annc_fail(ANNC_MEMORY, "out of memory: a file of %zu bytes cannot be mapped", length);
    *mapping = (struct annc_mapping){base, length};
    return ANNC_OK;
}

void annc_unmap(struct annc_mapping *mapping)
{
    if (mapping->base)
        munmap(mapping->base, mapping->length);
    *mapping = (struct annc_mapping){NULL, 0};
}

/* Gives advice on a part of a mapping: a hint, which a file system may ignore. */
static void advise(const struct annc_mapping *mapping, size_t first, size_t count, int advice)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), begin = first / page * page;
    (void)madvise((char *)mapping->base + begin, first + count - begin, advice);
}

void annc_mapping_scatter(const struct annc_mapping *mapping, bool scattered)
{
    advise(mapping, 0, mapping->length, scattered ? MADV_RANDOM : MADV_NORMAL);
}

void annc_mapping_fetch(const struct annc_mapping *mapping, size_t first, size_t count)
{
    advise(mapping, first, count, MADV_WILLNEED);
}

void annc_mapping_leave(const struct annc_mapping *mapping, size_t first, size_t count)
{
    advise(mapping, first, count, MADV_DONTNEED);
}

bool annc_is_too_large_to_read(uint64_t bytes)
{
    uint64_t total, available;
    if (bytes <= SMALL)
        return false;
    annc_machine_memory(&total, &available);
    return bytes > available / 4;
}
