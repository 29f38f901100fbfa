/* csv.h - tables of text. */
#ifndef ANNC_DATASET_TABLES_CSV_H
#define ANNC_DATASET_TABLES_CSV_H

#include "dataset/tables/records.h"
#include "dataset/tables/table.h"
#include "formats/stream.h"

/* Reads a table. `like` is the one that was trained on, whose columns are wanted in the same order, or NULL for a table to train on.
 * Without need_label labels and targets may be missing. Missing values become NaN, or their rows are left out, as the options say. What was
 * assumed goes to notes (of `size` bytes). ANNC_INPUT names line and column. */
annc_status annc_csv_read(struct annc_stream *stream, const annc_text_options *options, const struct annc_table *like,
                          bool need_label, struct annc_table *table, char *notes, size_t size);

/* The same in pieces, for a table of any length. All that has to be decided is decided by the beginning of the text, as `intake` says, and holds
 * from then on. The stream and the options stay the caller's and must outlive it. */
struct annc_csv;
annc_status annc_csv_open(struct annc_stream *stream, const annc_text_options *options,
                          const struct annc_intake *intake, const struct annc_table *like, bool need_label,
                          struct annc_csv **csv, char *notes, size_t size);
/* Up to `most` rows more, fewer where a pipe pauses, none past the last. Where it fails the table has the rows before what is wrong. Freed by
 * annc_table_free in every case. */
annc_status annc_csv_piece(struct annc_csv *csv, uint32_t most, struct annc_table *table);
/* Inputs a row. */
uint32_t annc_csv_inputs(const struct annc_csv *csv);
/* Rows that were left out so far. */
uint64_t annc_csv_dropped(const struct annc_csv *csv);
void annc_csv_close(struct annc_csv *csv);

#endif
