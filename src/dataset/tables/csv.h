/* csv.h - reads text tables (CSV). */
#ifndef ANNC_DATASET_TABLES_CSV_H
#define ANNC_DATASET_TABLES_CSV_H

#include "dataset/tables/table.h"
#include "dataset/text/records.h"
#include "formats/stream.h"

/* Reads a table, whose text the intake takes whole. `like` is the training table, whose columns are
 * required in the same order, or NULL for a training table. Without need_label, labels and targets
 * may be missing. Missing values become NaN, or their rows are dropped, according to the options. If
 * the intake maps, the inputs stay in the text: the table then keeps the stream, and the lists in
 * the options must outlive it. Adds assumptions to notes (of `size` bytes). ANNC_INPUT names line
 * and column. */
annc_status annc_csv_read(struct annc_stream *stream, const annc_text_options *options,
                          const struct annc_intake *intake, const struct annc_table *like, bool need_label,
                          struct annc_table *table, char *notes, size_t size);

/* Reads a table of any length in pieces. The beginning of the text, as `intake` defines it,
 * determines the format of the whole. The caller keeps the stream and the lists in the options,
 * which must outlive the reader. */
struct annc_csv;
annc_status annc_csv_open(struct annc_stream *stream, const annc_text_options *options,
                          const struct annc_intake *intake, const struct annc_table *like, bool need_label,
                          struct annc_csv **csv, char *notes, size_t size);
/* Reads up to `most` further rows, fewer if a pipe pauses, none past the last. On failure the table
 * has the rows before the error. Release it by annc_table_free in every case. */
annc_status annc_csv_piece(struct annc_csv *csv, uint32_t most, struct annc_table *table);
/* Notes the cells so far that have no level. */
void annc_csv_note_unknown(const struct annc_csv *csv, char *notes, size_t size);
/* Returns the inputs per row. */
uint32_t annc_csv_inputs(const struct annc_csv *csv);
/* Returns the number of rows dropped so far. */
uint64_t annc_csv_dropped(const struct annc_csv *csv);
void annc_csv_close(struct annc_csv *csv);

#endif
