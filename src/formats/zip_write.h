/* zip_write.h - writes arrays to a zip archive like NumPy's savez: members NAME.npy, stored,
 * version 1 of the array format. */
#ifndef ANNC_FORMATS_ZIP_WRITE_H
#define ANNC_FORMATS_ZIP_WRITE_H

#include "base/buffer.h"
#include "base/safe_file.h"

struct annc_zip_writer {
    struct annc_safe_file *file; /* the caller's, open */
    uint64_t at;                 /* bytes written */
    uint32_t count;
    struct annc_buffer directory; /* freed by annc_zip_write_end */
};

void annc_zip_write_begin(struct annc_safe_file *file, struct annc_zip_writer *writer);
/* Writes rows x columns floats in C order; columns 0: a vector of `rows` floats. ANNC_OUTPUT if
 * writing fails, or the archive would exceed 4 GB, which would need zip64. */
annc_status annc_zip_write_floats(struct annc_zip_writer *writer, const char *name, size_t rows, size_t columns,
                                  const float *values);
/* Writes the directory if `whole`, and frees it. Write nothing after it or after a failure. */
annc_status annc_zip_write_end(struct annc_zip_writer *writer, bool whole);

#endif
