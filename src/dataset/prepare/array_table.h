/* array_table.h - makes tables of arrays in memory. */
#ifndef ANNC_DATASET_PREPARE_ARRAY_TABLE_H
#define ANNC_DATASET_PREPARE_ARRAY_TABLE_H

#include "dataset/tables/table.h"

/* Makes a table of the caller's arrays, with the name `name` in messages. It borrows x where no
 * number is converted, unless `changes` says that rows of the table will be moved. ANNC_USAGE for
 * arrays that are missing or contradict each other; ANNC_INPUT names the row of a value that cannot
 * be used. */
annc_status annc_array_table(const annc_arrays *arrays, const char *name, bool unlabelled, bool changes,
                             struct annc_table *table);

#endif
