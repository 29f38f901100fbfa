/* zip.h - the members of a zip archive, as NumPy's savez writes them: stored or deflated, zip64 or not. */
#ifndef ANNC_FORMATS_ZIP_H
#define ANNC_FORMATS_ZIP_H

#include "formats/npy.h"

/* A member as the archive's directory has it. */
struct annc_zip_member {
    char name[ANNC_ARRAY_NAME]; /* printable; never a path to anything */
    uint16_t method;
    uint64_t packed, size; /* bytes in the file, and unpacked */
    uint64_t header_at;
    uint32_t crc;
};

struct annc_zip {
    char name[ANNC_ARRAY_NAME]; /* of the file, printable */
    int descriptor;
    uint64_t file_bytes;
    uint32_t count;
    struct annc_zip_member *member;
};

/* Reads an archive's directory. ANNC_INPUT where it is damaged or its members lie outside the file. */
annc_status annc_zip_open(const char *path, struct annc_zip *zip);
void annc_zip_close(struct annc_zip *zip);

/* Reads a member as an array: its size is checked before memory is taken, its checksum after. */
annc_status annc_zip_read_array(const struct annc_zip *zip, uint32_t i, struct annc_array *array);

/* Whether a file begins as an archive does; false where it cannot be opened. */
bool annc_zip_begins(const char *path);

#endif
