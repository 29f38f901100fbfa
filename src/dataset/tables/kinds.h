/* kinds.h - which input columns of a training table are words, and their levels. */
#ifndef ANNC_DATASET_TABLES_KINDS_H
#define ANNC_DATASET_TABLES_KINDS_H

#include "annc.h"
#include "dataset/categories/levels.h"
#include "dataset/tables/column.h"
#include "dataset/text/cells.h"
#include "dataset/text/records.h"

/* Decides which inputs are categorical: those named by the options, and those most of whose cells,
 * without the missing ones, are not numbers. ANNC_INPUT for a column of dates, ANNC_USAGE for a
 * column that two options name. */
annc_status annc_kinds_choose(const struct annc_records *records, const annc_text_options *options,
                              struct annc_columns *columns, char *notes, size_t size);

/* Reads all records in memory once more for the levels of the categorical columns. ANNC_INPUT for a
 * column that is no category: a different text in every row, too many texts or too long ones. */
annc_status annc_kinds_find_levels(struct annc_records *records, struct annc_columns *columns, char *notes,
                                   size_t size);

/* Returns the origin of a file's columns, whose name goes to `name` (of `size` bytes). */
struct annc_origin annc_origin_of(const struct annc_records *records, char *name, size_t size);
/* Counts a cell of `rows` rows of a column; `line` is the first of them. */
void annc_column_count(struct annc_column *column, const struct annc_field *field, enum annc_cell cell, uint32_t rows,
                       size_t line);
/* Decides whether an input whose cells are counted is categorical, unless an option says so: if most
 * of them, without the missing ones, are not numbers. ANNC_INPUT for dates. */
annc_status annc_kind_choose(const struct annc_origin *origin, uint32_t rows, struct annc_column *column);
/* Makes an empty tally for each categorical column; their number goes to *count. */
annc_status annc_tallies_open(const struct annc_columns *columns, struct annc_tally **tallies, uint32_t *count);

/* Returns whether a text is a date or a time of day, as in 2020-01-05, 5.1.2020 or 05/01/20 12:30. */
bool annc_is_date(const char *text, size_t length);

#endif
