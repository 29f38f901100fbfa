/* kinds.h - which input columns of a training table are words or dates, and the levels of words. */
#ifndef ANNC_DATASET_TABLES_KINDS_H
#define ANNC_DATASET_TABLES_KINDS_H

#include "annc.h"
#include "dataset/categories/levels.h"
#include "dataset/tables/column.h"
#include "dataset/text/cells.h"
#include "dataset/text/records.h"

/* Decides which inputs of a file are categorical: those that an option names, and those most of whose
 * cells, without the missing ones, are neither numbers nor dates. If most are not numbers and most of
 * these are dates, the input is dates, unless an option says that it is words. ANNC_INPUT for dates
 * whose form is not read, ANNC_USAGE for a column that two options name. */
annc_status annc_kinds_of_file(const struct annc_records *records, const annc_text_options *options,
                               struct annc_columns *columns, char *notes, size_t size);
/* Does so for columns whose cells are counted and for which the options have spoken. */
annc_status annc_kinds_choose(const struct annc_origin *origin, struct annc_columns *columns, char *notes, size_t size);

/* Reads all records in memory once more for the levels of the categorical columns. ANNC_INPUT for a
 * column that is no category: a different text in every row, too many texts or too long ones. */
annc_status annc_kinds_find_levels(struct annc_records *records, struct annc_columns *columns, char *notes,
                                   size_t size);

/* Returns the origin of a file's columns, whose name goes to `name` (of `size` bytes). */
struct annc_origin annc_origin_of(const struct annc_records *records, char *name, size_t size);
/* Counts a cell of `rows` rows of a column; `line` is the first of them. */
void annc_column_count(struct annc_column *column, const struct annc_field *field, enum annc_cell cell, uint32_t rows,
                       size_t line);
/* Makes an empty tally for each categorical column; their number goes to *count. */
annc_status annc_tallies_open(const struct annc_columns *columns, struct annc_tally **tallies, uint32_t *count);

#endif
