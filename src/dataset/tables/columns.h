/* columns.h - finds the columns of a text file: names, kinds of cells, roles. */
#ifndef ANNC_DATASET_TABLES_COLUMNS_H
#define ANNC_DATASET_TABLES_COLUMNS_H

#include "annc.h"
#include "dataset/tables/column.h"
#include "dataset/tables/records.h"
#include "dataset/tables/table.h"

/* Looks at all records that are held and settles separator, decimal mark, header and roles. `like` is the table that was trained on, whose columns are
 * wanted here too, or NULL. What was assumed goes to notes (of `size` bytes). */
annc_status annc_columns_find(struct annc_records *records, const annc_text_options *options,
                              const struct annc_table *like, bool need_label, struct annc_columns *columns, char *notes,
                              size_t size);
/* Whether the last record has the fields that all have. */
annc_status annc_columns_check(const struct annc_records *records, const struct annc_columns *columns);
void annc_columns_free(struct annc_columns *columns);

#endif
