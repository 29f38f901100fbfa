/* npy.h - reads NumPy's array files. */
#ifndef ANNC_FORMATS_NPY_H
#define ANNC_FORMATS_NPY_H

#include "annc.h"
#include "base/allocate.h"

enum { ANNC_ARRAY_MOST_RANK = 8, ANNC_ARRAY_NAME = 256 };

/* An array in C order. Unsigned bytes stay bytes; all other types become doubles, but for floats of
 * four bytes in a mapped file. */
struct annc_array {
    char name[ANNC_ARRAY_NAME]; /* printable */
    uint32_t rank;
    size_t size[ANNC_ARRAY_MOST_RANK], count; /* count: the product of the sizes */
    bool is_bytes, is_floats;
    void *elements;              /* uint8_t, float or double */
    struct annc_mapping mapping; /* of the file of the elements; or none */
};

/* Frees the elements, or unmaps them. */
void annc_array_free(struct annc_array *array);

/* A source of bytes: a file, or a member of an archive. */
struct annc_bytes {
    /* Returns fewer bytes only at the end. */
    annc_status (*read)(void *source, void *bytes, size_t count, size_t *got);
    void *source;
    uint64_t most; /* upper bound of the bytes available */
};

/* Reads an array of bool, whole numbers or floats, of either byte order and memory order (NPY
 * versions 1 to 3). It checks sizes against `most` before it allocates memory, and memory grows
 * with the bytes read. ANNC_INPUT begins with the name and gives the reason. */
annc_status annc_npy_read(const struct annc_bytes *bytes, const char *name, struct annc_array *array);

/* Finds the elements of an array in a mapped file, which the array takes over. *found is false, and
 * the array without elements, if they are not there as they are used: unsigned bytes or floats of
 * four bytes, in this machine's byte order and in C order. Otherwise as annc_npy_read. */
annc_status annc_npy_find(struct annc_mapping *file, const char *name, struct annc_array *array, bool *found);

/* Writes the shape for messages: "28x28". */
void annc_array_shape(const struct annc_array *array, char *text, size_t size);

/* Returns whether 6 bytes begin an NPY file. */
bool annc_npy_begins(const void *bytes);

#endif
