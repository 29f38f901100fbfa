/* csv.h - tables of text. */
#ifndef ANNC_DATASET_CSV_H
#define ANNC_DATASET_CSV_H

#include "table.h"

/* Reads a table. `like` is the one that was trained on, whose columns are wanted in the same order, or NULL for a table to train on.
 * Without need_label labels and targets may be missing. Missing values become NaN, or their rows are left out, as the options say. What was
 * assumed goes to notes (of `size` bytes). ANNC_INPUT names line and column. */
annc_status annc_csv_read(const char *path, const annc_text_options *options, const struct annc_table *like,
                          bool need_label, struct annc_table *table, char *notes, size_t size);

#endif
