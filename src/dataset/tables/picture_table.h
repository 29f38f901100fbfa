/* picture_table.h - reads a user's picture as a table of one example. */
#ifndef ANNC_DATASET_TABLES_PICTURE_TABLE_H
#define ANNC_DATASET_TABLES_PICTURE_TABLE_H

#include "dataset/tables/image_style.h"

/* Reads an open PNG and adapts it to the style of the model's training images. It inverts a picture
 * with the opposite background, and subtracts the paper if the style's background is uniform. Then,
 * for a model of MNIST-like images, it scales the ink to a box of 20 and moves its centre of mass
 * to the middle; for other models it fits and pads the whole picture. A picture already in the
 * style is unchanged. ANNC_INPUT if the picture is empty, or the model's inputs are not images. */
annc_status annc_picture_table(struct annc_stream *stream, const struct annc_look *look, struct annc_table *table,
                               char *notes, size_t size);

#endif
