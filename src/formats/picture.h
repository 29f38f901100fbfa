/* picture.h - reads PNG pictures of any kind as grey; writes them in colour. */
#ifndef ANNC_FORMATS_PICTURE_H
#define ANNC_FORMATS_PICTURE_H

#include "formats/stream.h"

enum { ANNC_MOST_PIXELS = 100000000 };

struct annc_picture {
    uint32_t rows, columns;
    uint8_t *grey;   /* rows x columns, 0 black; freed by annc_release */
    int orientation; /* how it is stored, by its EXIF data: 1 to 8; 0: not said; -1: damaged */
};

/* Reads an open PNG of any size up to 100 megapixels, depth, colour and interlacing. Grey is 0.299
 * R + 0.587 G + 0.114 B; a value of 16 bits becomes v / 257. Transparent pixels lie over white, or
 * over black if the drawing is light (its mean, weighted by opacity, above 127). ANNC_INPUT gives
 * the reason; the header's size is checked first. */
annc_status annc_png_read(struct annc_stream *stream, struct annc_picture *picture);

/* Writes rows x columns pixels of red, green and blue as a PNG. ANNC_OUTPUT if that fails; then no
 * file is left. */
annc_status annc_png_write(const char *path, uint32_t rows, uint32_t columns, const uint8_t *pixels);

/* Returns whether 6 bytes begin a PNG file. */
bool annc_png_begins(const void *bytes);

#endif
