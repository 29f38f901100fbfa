/* stream.h - reads the contents of a file: plain, gzip, or gzip in gzip. The content determines the
 * format, never the name. */
#ifndef ANNC_FORMATS_STREAM_H
#define ANNC_FORMATS_STREAM_H

#include "base/allocate.h"

struct annc_stream;

/* Returns whether a path is "-", standard input. */
bool annc_is_standard_input(const char *path);

/* Opens a file for reading from its beginning, or standard input, which can be read once.
 * ANNC_INPUT for a file that is not regular, an empty one, a web page, a zip, more than two layers
 * of gzip, and gzip in a build without zlib. */
annc_status annc_stream_open(const char *path, struct annc_stream **stream);
void annc_stream_close(struct annc_stream *stream);

/* Reads up to `count` bytes; fewer only at the end. ANNC_INPUT if the file is damaged, or truncated
 * inside gzip. */
annc_status annc_stream_read(struct annc_stream *stream, void *bytes, size_t count, size_t *got);

/* Does the same, but if a pipe has no more data at the time `until` (annc_now), sets *paused; then
 * fewer bytes are not the end. */
annc_status annc_stream_read_until(struct annc_stream *stream, void *bytes, size_t count, double until, size_t *got,
                                   bool *paused);
/* Copies up to `count` of the next bytes without consuming them, and returns their number. The
 * first six are available once the stream is open, unless it is shorter. */
size_t annc_stream_peek(const struct annc_stream *stream, void *bytes, size_t count);
/* From now on reads the stream in order, never all at once, even if that is faster. */
void annc_stream_in_pieces(struct annc_stream *stream);
/* Returns whether the stream may pause and continue later. */
bool annc_stream_is_pipe(const struct annc_stream *stream);
/* Writes the printable path, or "standard input", to `name`, and returns it. */
const char *annc_stream_name(const struct annc_stream *stream, char *name, size_t size);

/* Maps a whole file without gzip into memory; see annc_map. */
annc_status annc_stream_map(const struct annc_stream *stream, struct annc_mapping *mapping);

/* Return the bytes in the file itself (UINT64_MAX for standard input, whose size is unknown); the
 * layers of gzip around its content (0, 1, 2). */
uint64_t annc_stream_file_bytes(const struct annc_stream *stream);
int annc_stream_gzip_layers(const struct annc_stream *stream);
/* Notes where the name and the content of a stream disagree about gzip, and where it is compressed
 * twice. Needs some bytes to have been read. */
void annc_stream_note_gzip(const struct annc_stream *stream, char *notes, size_t size);
/* Returns the bytes that a packed file of this size may unpack to, if all of it is held in memory: 100
 * times as many, or 4 GB if that is more. A few hundred bytes could otherwise fill the memory. */
uint64_t annc_stream_most_unpacked(uint64_t packed);

/* Returns ANNC_INPUT with the message "PATH: WHAT; REMEDY", the path printable. */
annc_status annc_stream_malformed(const struct annc_stream *stream, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
