/* zip.h - reads the members of a zip archive like those of NumPy's savez: stored or deflated, zip64
 * or not. */
#ifndef ANNC_FORMATS_ZIP_H
#define ANNC_FORMATS_ZIP_H

#include "formats/npy.h"

/* A member as listed in the archive's directory. */
struct annc_zip_member {
    char name[ANNC_ARRAY_NAME]; /* printable; never used as a path */
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

/* Reads an archive's directory. ANNC_INPUT if it is damaged or its members lie outside the file. */
annc_status annc_zip_open(const char *path, struct annc_zip *zip);
void annc_zip_close(struct annc_zip *zip);

/* Reads a member as an array. It checks the size before it allocates memory, and the checksum
 * afterwards. */
annc_status annc_zip_read_array(const struct annc_zip *zip, uint32_t i, struct annc_array *array);

/* Returns whether a file begins like an archive; false if it cannot be opened. */
bool annc_zip_begins(const char *path);

#endif
