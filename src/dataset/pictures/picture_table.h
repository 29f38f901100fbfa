/* picture_table.h - reads a user's picture as a table of one example. */
#ifndef ANNC_DATASET_PICTURES_PICTURE_TABLE_H
#define ANNC_DATASET_PICTURES_PICTURE_TABLE_H

#include "dataset/pictures/image_style.h"

/* Reads an open PNG or JPEG, turns it upright as its EXIF data say, and adapts it to the style of
 * the model's training images. It inverts a picture with the opposite background, and subtracts the
 * paper if the style's background is uniform. Then, for a model of MNIST-like images, it scales the
 * ink to a box of 20 and moves its centre of mass to the middle; for other models it fits and pads
 * the whole picture. A picture already in the style is unchanged. ANNC_INPUT if the picture is
 * empty, or the model's inputs are not images. */
annc_status annc_picture_table(struct annc_stream *stream, const struct annc_look *look, struct annc_table *table,
                               char *notes, size_t size);

/* Reads an open PNG or JPEG as it is, but upright; says in notes (of `size` bytes) if it was turned.
 * The caller releases picture->grey, after a failure too. */
annc_status annc_picture_read(struct annc_stream *stream, struct annc_picture *picture, char *notes, size_t size);

/* Makes a table of one row of a picture in the size of a look, as it is but for its size: others are
 * scaled to fit, and padded with their own paper, the median of their outermost pixels. */
annc_status annc_picture_fit(const struct annc_picture *picture, const struct annc_look *look,
                             struct annc_table *table);

#endif
