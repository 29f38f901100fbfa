/* exif.h - which way is up in a picture, as EXIF has it. */
#ifndef ANNC_FORMATS_EXIF_H
#define ANNC_FORMATS_EXIF_H

#include "annc.h"

/* Returns the orientation, 1 to 8, in the EXIF data of a picture (a TIFF file: II or MM, 42, ...),
 * 0 if they have none, or ANNC_ORIENTATION_DAMAGED. */
enum { ANNC_ORIENTATION_DAMAGED = -1 };
int annc_exif_orientation(const uint8_t *bytes, size_t size);

/* Collects the eXIf chunk of a PNG whose bytes pass by. Zero-initialise; free by annc_release of
 * `bytes`. */
struct annc_exif_chunk {
    uint8_t head[8]; /* of the chunk at hand: length and type */
    uint64_t at;     /* bytes of the file so far */
    uint64_t begin;  /* of the chunk at hand; 0 before the first */
    bool is_exif;
    uint8_t *bytes; /* data of the chunk, and its CRC */
    size_t size, room;
};

/* Takes the next bytes of the file. */
annc_status annc_exif_chunk_pass(struct annc_exif_chunk *chunk, const uint8_t *bytes, size_t count);
/* Returns the orientation as annc_exif_orientation does; damaged if the CRC is wrong. */
int annc_exif_chunk_orientation(const struct annc_exif_chunk *chunk);

#endif
