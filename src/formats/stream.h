/* stream.h - the bytes of a file, whatever wraps them: plain, gzip, or gzip in gzip. Content decides, never the name. */
#ifndef ANNC_FORMATS_STREAM_H
#define ANNC_FORMATS_STREAM_H

#include "base/allocate.h"

struct annc_stream;

/* Whether a path is "-", which stands for standard input. */
bool annc_is_standard_input(const char *path);

/* Opens a file for reading from its beginning, or standard input, which can be read once. ANNC_INPUT for what is no regular file, for an empty one, a web page, a zip, more than two
 * layers of gzip, and gzip in a build without zlib. */
annc_status annc_stream_open(const char *path, struct annc_stream **stream);
void annc_stream_close(struct annc_stream *stream);

/* Up to `count` bytes; fewer only at the end. ANNC_INPUT where the file is damaged, or cut short inside gzip. */
annc_status annc_stream_read(struct annc_stream *stream, void *bytes, size_t count, size_t *got);

/* As annc_stream_read, but where a pipe has nothing more at the time `until` (annc_now), *paused says so, and fewer bytes are not the end. */
annc_status annc_stream_read_until(struct annc_stream *stream, void *bytes, size_t count, double until, size_t *got,
                                   bool *paused);
/* Up to `count` of the next bytes, which stay to be read; how many. The first six are there once the stream is open, or else the end. */
size_t annc_stream_peek(const struct annc_stream *stream, void *bytes, size_t count);
/* From now on it is read as it comes, never all at once, be that faster. */
void annc_stream_in_pieces(struct annc_stream *stream);
/* Whether it may have nothing yet and go on later. */
bool annc_stream_is_pipe(const struct annc_stream *stream);
/* Its path as it can be shown, or "standard input", in `name`, which is given back. */
const char *annc_stream_name(const struct annc_stream *stream, char *name, size_t size);

/* The whole of a file that no gzip wraps as memory; see annc_map. */
annc_status annc_stream_map(const struct annc_stream *stream, struct annc_mapping *mapping);

/* Bytes in the file itself (of standard input UINT64_MAX, since nobody knows), and layers of gzip around its content (0, 1, 2). */
uint64_t annc_stream_file_bytes(const struct annc_stream *stream);
int annc_stream_gzip_layers(const struct annc_stream *stream);

/* ANNC_INPUT: "PATH: WHAT; REMEDY", the path printable. */
annc_status annc_stream_malformed(const struct annc_stream *stream, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
