/* allocate.h - the allocator: overflow-checked sizes, blocks aligned for vectors, file mappings. */
#ifndef ANNC_BASE_ALLOCATE_H
#define ANNC_BASE_ALLOCATE_H

#include "annc.h"

/* Two cache lines, which processors fetch together: different threads' blocks then never share a
 * fetch. */
enum { ANNC_ALIGNMENT = 128 };

/* Allocates count x size bytes, at least one, zeroed and aligned to ANNC_ALIGNMENT; annc_release
 * frees them. ANNC_MEMORY gives the bytes needed and free, and `what`, the purpose; *block is then
 * NULL. */
annc_status annc_allocate(size_t count, size_t size, const char *what, void **block);
void annc_release(void *block);

/* Resizes a block to count x size bytes and keeps its content; new bytes are undefined, and the
 * alignment is malloc's. *block is unchanged after a failure. */
annc_status annc_resize(size_t count, size_t size, const char *what, void **block);

/* A read-only mapping of the first `length` bytes of a file, for files too large to read: pages
 * load on first use. base and length are the arguments of annc_unmap; base is NULL for no mapping.
 * Truncating the file meanwhile ends the process. */
struct annc_mapping {
    void *base;
    size_t length;
};
annc_status annc_map(int descriptor, size_t length, struct annc_mapping *mapping);
void annc_unmap(struct annc_mapping *mapping);
/* Tells the system whether places far from each other are read next: it then loads no pages around
 * them, which are 8 MB for each on some disks. */
void annc_mapping_scatter(const struct annc_mapping *mapping, bool scattered);
/* Begins to load `count` bytes of a mapping from `first` on, which are needed soon. */
void annc_mapping_fetch(const struct annc_mapping *mapping, size_t first, size_t count);
/* Gives back the memory of `count` bytes of a mapping from `first` on: they load again at the next
 * use. */
void annc_mapping_leave(const struct annc_mapping *mapping, size_t first, size_t count);
/* Returns whether to map rather than read so many bytes: more than a quarter of the available
 * memory. */
bool annc_is_too_large_to_read(uint64_t bytes);

/* Returns a x b, or SIZE_MAX on overflow (no allocation of that size succeeds). */
size_t annc_product(size_t a, size_t b);

/* Writes the total and the available memory of the machine in bytes, or of this process, if a
 * control group or the limit of address space leaves less. */
void annc_machine_memory(uint64_t *total, uint64_t *available);

#endif
