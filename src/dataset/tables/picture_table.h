/* picture_table.h - someone's own picture as a table of one example. */
#ifndef ANNC_DATASET_TABLES_PICTURE_TABLE_H
#define ANNC_DATASET_TABLES_PICTURE_TABLE_H

#include "dataset/tables/image_style.h"

/* Reads an open PNG and makes it look like the images that a model was trained on: inverted where its background is on the other side, the paper
 * taken off where theirs is of one brightness, and then, for a model of MNIST-like images, the ink scaled to a box of 20 and its centre of
 * mass moved to the middle, for others the whole fitted and padded. What is so already stays as it is. ANNC_INPUT where nothing is drawn, or
 * the model's inputs are no images. */
annc_status annc_picture_table(struct annc_stream *stream, const struct annc_look *look, struct annc_table *table,
                               char *notes, size_t size);

#endif
