/* hostile.h - every reader of the program on bytes that nobody vouches for. */
#ifndef ANNC_TESTS_FUZZ_HOSTILE_H
#define ANNC_TESTS_FUZZ_HOSTILE_H

#include "annc.h"

/* A reader: what comes from outside, read through the function that the program reads it with. */
struct reader {
    const char *name;
    void (*read)(void);
    bool
        may_be_usage; /* a file of options, or one that options name columns of: mistakes may be those of a command line */
    size_t at_once; /* bytes that it may hold for any file, besides those of other readers */
};

extern const struct reader READERS[];
extern const int READER_COUNT;

/* Makes what readers need beside the file at hand, in a temporary folder; false where that fails. And takes it away. */
bool readers_begin(void);
void readers_end(void);

/* What reading a file came to: whether something was made of it, the bytes of memory that were held at once, and how many may be. */
struct reading {
    bool taken;
    size_t held, allowed;
};

/* Reads a file of these bytes. NULL if it was taken, or refused by ANNC_INPUT with a message that can be printed and names the file, within the
 * memory that its size allows; otherwise what went wrong. */
const char *reader_complaint(const struct reader *reader, const void *bytes, size_t size, struct reading *reading);

/* seeds.c: gives small valid files of every kind to `take`, each with the name of its reader. */
void seeds_make(void (*take)(const char *reader, const char *name, const void *bytes, size_t size));
/* An NPY file of a version, with a type, memory order, shape and elements; gives its size. */
size_t npy_make(uint8_t *bytes, uint8_t version, const char *type, bool fortran_order, const char *shape,
                const void *elements, size_t size);

/* A file of the temporary folder, where the training of readers_begin has left a "checkpoint": its path, until the next call; writing one, and
 * reading one of at most `size` bytes. */
const char *scratch(const char *name);
bool scratch_write(const char *name, const void *bytes, size_t size);
size_t scratch_read(const char *name, void *bytes, size_t size);

/* heap.c: bytes on the heap, of everything in the process; most_held since held_begin. Both 0 where they cannot be counted. */
void held_begin(void);
size_t most_held(void);

#endif
