/* bad_cells.h - the errors for cells that are no numbers. */
#ifndef ANNC_DATASET_TABLES_BAD_CELLS_H
#define ANNC_DATASET_TABLES_BAD_CELLS_H

#include "dataset/tables/column.h"
#include "dataset/text/records.h"

/* Returns the error for an input or target column with text: its first such cell, their number, and
 * the remedy, which is another for a few cells among numbers than for a column of text. */
annc_status annc_refuse_texts(const struct annc_records *records, const annc_text_options *options,
                              const struct annc_columns *columns, const struct annc_column *column);

/* Returns the same for an input of dates with cells that are no dates. */
annc_status annc_refuse_dateless(const struct annc_records *records, const struct annc_columns *columns,
                                 const struct annc_column *column);

/* ANNC_INPUT if one line, the same for all, has text in every column of numbers, as a header has
 * that stands among the rows. */
annc_status annc_refuse_stray_header(const struct annc_records *records, const struct annc_columns *columns);

/* Writes " (with U+00A0, U+2212)" for the first characters of a text that are not ASCII, which may
 * look like ASCII; or nothing. Returns the codes. */
const char *annc_strange_characters(const char *text, char *codes, size_t size);

#endif
