/* first_bytes.h - names files that are not read, by their first bytes, and what to do with them. */
#ifndef ANNC_FORMATS_FIRST_BYTES_H
#define ANNC_FORMATS_FIRST_BYTES_H

#include <stdbool.h>
#include <stddef.h>

enum annc_purpose { ANNC_AS_DATA, ANNC_AS_MODEL };

/* What a file is, as in "is a bzip2 archive", and the remedy; static texts. */
struct annc_other_format {
    const char *what, *remedy;
};

/* Recognises a format that is not read for this purpose; NULL for others. `count` bytes are there:
 * fewer than the whole file, or all of it. */
const struct annc_other_format *annc_other_format(enum annc_purpose purpose, const void *bytes, size_t count);
/* Does the same for a zip archive, by the name of one of its members. */
const struct annc_other_format *annc_other_zip(const char *member);

#endif
