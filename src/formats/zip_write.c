/* zip_write.c - writes arrays to a zip archive like NumPy's savez. */
#include "formats/zip_write.h"
#include "base/allocate.h"
#include "base/checksum.h"
#include "base/status.h"

#include <stdio.h>
#include <string.h>

enum { NPY_HEADER = 128, VERSION = 20, DATE = 33 /* 1 January 1980: the same network gives the same bytes */ };

void annc_zip_write_begin(struct annc_safe_file *file, struct annc_zip_writer *writer)
{
    *writer = (struct annc_zip_writer){.file = file};
}

static void put(struct annc_buffer *buffer, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        const char byte = (char)(value >> 8 * i);
        annc_buffer_add(buffer, &byte, 1);
    }
}

/* Writes the fields common to the local header and the directory. */
static void put_member(struct annc_buffer *buffer, uint32_t crc, uint32_t size, size_t name_length)
{
    put(buffer, VERSION, 2);
    put(buffer, 0, 2); /* flags */
    put(buffer, 0, 2); /* stored */
    put(buffer, 0, 2); /* time */
    put(buffer, DATE, 2);
    put(buffer, crc, 4);
    put(buffer, size, 4);
    put(buffer, size, 4);
    put(buffer, name_length, 2);
    put(buffer, 0, 2); /* extra */
}

static annc_status write_buffer(struct annc_zip_writer *writer, struct annc_buffer *buffer)
{
    annc_status status = buffer->status;
    if (status == ANNC_OK)
        status = annc_safe_write(writer->file, buffer->bytes, buffer->length);
    writer->at += buffer->length;
    annc_buffer_free(buffer);
    return status;
}

static void npy_header(size_t rows, size_t columns, char *header)
{
    char text[NPY_HEADER];
    if (columns > 0)
        snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
    else
        snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu,), }", rows);
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(header + 10, ' ', NPY_HEADER - 10);
    memcpy(header + 10, text, strlen(text));
    header[NPY_HEADER - 1] = '\n';
}

annc_status annc_zip_write_floats(struct annc_zip_writer *writer, const char *name, size_t rows, size_t columns,
                                  const float *values)
{
    annc_status status = ANNC_OK;
    const size_t data = annc_product(rows * (columns ? columns : 1), sizeof *values), length = strlen(name) + 4;
    struct annc_buffer local = {NULL, 0, 0, ANNC_OK};
    char header[NPY_HEADER];
    if (data > UINT32_MAX - writer->at - NPY_HEADER - 1024)
        return annc_fail(ANNC_OUTPUT, "%s: an NPZ file holds at most 4 GB; keep this model as safetensors",
                         writer->file->target);
    npy_header(rows, columns, header);
    const uint32_t crc = annc_crc32(annc_crc32(ANNC_CRC32, header, NPY_HEADER), values, data),
                   size = (uint32_t)data + NPY_HEADER;
    put(&writer->directory, 0x02014B50, 4);
    put(&writer->directory, VERSION, 2);
    put_member(&writer->directory, crc, size, length);
    put(&writer->directory, 0, 2 + 2); /* comment, disk */
    put(&writer->directory, 0, 2 + 4); /* attributes */
    put(&writer->directory, writer->at, 4);
    annc_buffer_format(&writer->directory, "%s.npy", name);
    put(&local, 0x04034B50, 4);
    put_member(&local, crc, size, length);
    annc_buffer_format(&local, "%s.npy", name);
    ANNC_TRY(write_buffer(writer, &local));
    ANNC_TRY(annc_safe_write(writer->file, header, NPY_HEADER));
    ANNC_TRY(annc_safe_write(writer->file, values, data));
    writer->at += size;
    writer->count++;
out:
    return status;
}

annc_status annc_zip_write_end(struct annc_zip_writer *writer, bool whole)
{
    const uint64_t begin = writer->at, bytes = writer->directory.length;
    put(&writer->directory, 0x06054B50, 4);
    put(&writer->directory, 0, 4); /* disks */
    put(&writer->directory, writer->count, 2);
    put(&writer->directory, writer->count, 2);
    put(&writer->directory, bytes, 4);
    put(&writer->directory, begin, 4);
    put(&writer->directory, 0, 2); /* comment */
    if (whole)
        return write_buffer(writer, &writer->directory);
    annc_buffer_free(&writer->directory);
    return ANNC_OK;
}
