/* memory_limit.h - limits of memory below that of the machine. */
#ifndef ANNC_BASE_MEMORY_LIMIT_H
#define ANNC_BASE_MEMORY_LIMIT_H

#include <stdint.h>

/* Lowers the bytes of memory, in total and available, to the limits of this process's control
 * groups (a container, systemd's MemoryMax, Slurm) and to its limit of address space (ulimit -v).
 * `root` is the directory that contains proc/ and sys/: "" except in tests. */
void annc_memory_limit(const char *root, uint64_t *total, uint64_t *available);

#endif
