/* stream.h - the bytes of a file, whatever wraps them: plain, gzip, or gzip in gzip. Content decides, never the name. */
#ifndef ANNC_FORMATS_STREAM_H
#define ANNC_FORMATS_STREAM_H

#include "allocate.h"

struct annc_stream;

/* Whether a path is "-", which stands for standard input. */
bool annc_is_standard_input(const char *path);

/* Opens a file for reading from its beginning, or standard input, which can be read once. ANNC_INPUT for what is no regular file, for an empty one, a web page, a zip, more than two
 * layers of gzip, and gzip in a build without zlib. */
annc_status annc_stream_open(const char *path, struct annc_stream **stream);
void annc_stream_close(struct annc_stream *stream);

/* Up to `count` bytes; fewer only at the end. ANNC_INPUT where the file is damaged, or cut short inside gzip. */
annc_status annc_stream_read(struct annc_stream *stream, void *bytes, size_t count, size_t *got);

/* The whole of a file that no gzip wraps as memory; see annc_map. */
annc_status annc_stream_map(const struct annc_stream *stream, struct annc_mapping *mapping);

/* Bytes in the file itself (of standard input UINT64_MAX, since nobody knows), and layers of gzip around its content (0, 1, 2). */
uint64_t annc_stream_file_bytes(const struct annc_stream *stream);
int annc_stream_gzip_layers(const struct annc_stream *stream);

/* ANNC_INPUT: "PATH: WHAT; REMEDY", the path printable. */
annc_status annc_stream_malformed(const struct annc_stream *stream, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
