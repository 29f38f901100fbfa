/* allocate.h - the project's allocator: sizes that cannot overflow, blocks aligned for vectors. */
#ifndef ANNC_BASE_ALLOCATE_H
#define ANNC_BASE_ALLOCATE_H

#include "annc.h"

/* Two cache lines, which processors fetch together: what one thread writes is then not fetched with what another does. */
enum { ANNC_ALIGNMENT = 128 };

/* count x size bytes, zeroed, aligned to ANNC_ALIGNMENT; at least one byte. ANNC_MEMORY with the bytes needed and free.
 * `what` names the purpose in the message. *block is NULL after a failure. Freed by annc_release. */
annc_status annc_allocate(size_t count, size_t size, const char *what, void **block);
void annc_release(void *block);

/* The same block with room for count x size bytes, its first bytes kept, the rest undefined; aligned as malloc aligns. *block stays as it is
 * after a failure. */
annc_status annc_resize(size_t count, size_t size, const char *what, void **block);

/* A part of a file as memory that cannot be written, for what is too large to be read: its bytes come as they are used. base and length are
 * what annc_unmap takes; base is NULL where nothing is mapped. A file that is cut short meanwhile ends the process. */
struct annc_mapping {
    void *base;
    size_t length;
};
annc_status annc_map(int descriptor, size_t length, struct annc_mapping *mapping);
void annc_unmap(struct annc_mapping *mapping);
/* Whether so much is better mapped than read: more than a quarter of what the machine has left. */
bool annc_is_too_large_to_read(uint64_t bytes);

/* a x b, or SIZE_MAX where it does not fit (no allocation of that size succeeds). */
size_t annc_product(size_t a, size_t b);

/* Bytes of memory that the machine has, and that can still be had. */
void annc_machine_memory(uint64_t *total, uint64_t *available);

#endif
