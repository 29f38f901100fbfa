/* array_table.h - makes tables of arrays in memory. */
#ifndef ANNC_DATASET_ARRAYS_ARRAY_TABLE_H
#define ANNC_DATASET_ARRAYS_ARRAY_TABLE_H

#include "dataset/tables/table.h"

/* Makes a table of the caller's arrays, with the name `name` in messages, whose columns are those of
 * `like`, the training table, or, with NULL, of a training table. It borrows x where nothing is
 * converted, unless `changes` says that rows of the table will be moved. Adds assumptions to notes (of
 * `size` bytes). ANNC_USAGE for arrays that are missing or contradict each other; ANNC_INPUT names
 * the row of a value that cannot be used. */
annc_status annc_array_table(const annc_arrays *arrays, const char *name, const struct annc_table *like,
                             bool unlabelled, bool changes, struct annc_table *table, char *notes, size_t size);

#endif
