/* jpeg.h - reads JPEG pictures as grey. */
#ifndef ANNC_FORMATS_JPEG_H
#define ANNC_FORMATS_JPEG_H

#include "formats/picture.h"

/* Returns whether 6 bytes begin a JPEG file. */
bool annc_jpeg_begins(const void *bytes);

/* Reads an open JPEG of up to 100 megapixels, baseline or progressive, and its orientation. Grey is
 * the luma of the file, or that of its red, green and blue as annc_png_read has it. ANNC_INPUT gives
 * the reason; the header's size is checked first. */
annc_status annc_jpeg_read(struct annc_stream *stream, struct annc_picture *picture);

#endif
