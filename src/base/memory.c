#include "memory.h"
#include "status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t annc_product(size_t a, size_t b)
{
    return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

void annc_machine_memory(uint64_t *total, uint64_t *available)
{
    const long page = sysconf(_SC_PAGESIZE), pages = sysconf(_SC_PHYS_PAGES), free_pages = sysconf(_SC_AVPHYS_PAGES);
    *total = page > 0 && pages > 0 ? (uint64_t)page * (uint64_t)pages : 0;
    *available = page > 0 && free_pages > 0 ? (uint64_t)page * (uint64_t)free_pages : 0;
    /* Where the system tells, memory that it would give up for us counts too. */
    FILE *file = fopen("/proc/meminfo", "r");
    char line[128];
    unsigned long long kilobytes;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1)
            *available = kilobytes * 1024;
    if (file)
        fclose(file);
}

annc_status annc_allocate(size_t count, size_t size, const char *what, void **block)
{
    *block = NULL;
    size_t bytes = annc_product(count, size);
    if (bytes == 0)
        bytes = 1;
    uint64_t total, available;
    annc_machine_memory(&total, &available);
    /* Asking for more than there is would be granted by a system that overcommits, and end in a kill. */
    const bool fits = bytes < SIZE_MAX - ANNC_ALIGNMENT && (available == 0 || bytes <= available);
    if (fits && posix_memalign(block, ANNC_ALIGNMENT, bytes) == 0) {
        memset(*block, 0, bytes);
        return ANNC_OK;
    }
    *block = NULL;
    return annc_fail(ANNC_DEVICE, "out of memory: %s needs %zu bytes; the machine has %llu free of %llu", what, bytes,
                     (unsigned long long)available, (unsigned long long)total);
}

void annc_release(void *block)
{
    free(block);
}
