/* idx_table.h - IDX images and their labels as a table. */
#ifndef ANNC_DATASET_ARRAY_FILES_IDX_TABLE_H
#define ANNC_DATASET_ARRAY_FILES_IDX_TABLE_H

#include "dataset/tables/table.h"
#include "formats/stream.h"

/* Reads the open images and their labels, or, with labels_path "", only the images. turn transposes
 * the images; maps: leave those of a raw file of bytes there. Adds assumptions to notes (of `size`
 * bytes). */
annc_status annc_idx_table(struct annc_stream *stream, const char *labels_path, bool turn, bool maps,
                           struct annc_table *table, char *notes, size_t size);

#endif
