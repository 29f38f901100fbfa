/* picture.h - pictures in PNG: of any kind, read as grey; written in colour. */
#ifndef ANNC_FORMATS_PICTURE_H
#define ANNC_FORMATS_PICTURE_H

#include "formats/stream.h"

struct annc_picture {
    uint32_t rows, columns;
    uint8_t *grey; /* rows x columns, 0 black; freed by annc_release */
};

/* Reads an open PNG of any size up to 100 megapixels, depth, colour and interlacing: grey is 0.299 R + 0.587 G + 0.114 B, a value of 16 bits v / 257,
 * and what is transparent lies over white, or over black where what is drawn is light (its mean, weighted by opacity, above 127). ANNC_INPUT
 * says what is wrong; sizes are judged by the header. */
annc_status annc_png_read(struct annc_stream *stream, struct annc_picture *picture);

/* Writes rows x columns pixels of red, green and blue as a PNG, whole or not at all. ANNC_OUTPUT. */
annc_status annc_png_write(const char *path, uint32_t rows, uint32_t columns, const uint8_t *pixels);

/* Whether the bytes begin a PNG file; there must be 6. */
bool annc_png_begins(const void *bytes);

#endif
