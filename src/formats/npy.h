/* npy.h - NumPy's array files. */
#ifndef ANNC_FORMATS_NPY_H
#define ANNC_FORMATS_NPY_H

#include "annc.h"

enum { ANNC_ARRAY_MOST_RANK = 8, ANNC_ARRAY_NAME = 256 };

/* An array in C order. Unsigned bytes stay bytes; all other types become doubles. */
struct annc_array {
    char name[ANNC_ARRAY_NAME]; /* printable */
    uint32_t rank;
    size_t size[ANNC_ARRAY_MOST_RANK], count; /* count: the product of the sizes */
    bool is_bytes;
    void *elements; /* uint8_t or double; freed by annc_release */
};

/* Where bytes come from: a file, or a member of an archive. */
struct annc_bytes {
    annc_status (*read)(void *source, void *bytes, size_t count, size_t *got); /* fewer only at the end */
    void *source;
    uint64_t most; /* bytes that can come, at most */
};

/* Reads an array of bool, whole numbers or floats, of either byte order and memory order (NPY versions 1 to 3). Sizes are checked against
 * `most` before memory is taken, and memory grows with what was really read. ANNC_INPUT, beginning with the name, says what is wrong. */
annc_status annc_npy_read(const struct annc_bytes *bytes, const char *name, struct annc_array *array);

/* "28x28", for messages. */
void annc_array_shape(const struct annc_array *array, char *text, size_t size);

/* Whether the bytes begin an NPY file; there must be 6. */
bool annc_npy_begins(const void *bytes);

#endif
