/* columns.h - finds the columns of a text file: names, kinds of cells, roles. */
#ifndef ANNC_DATASET_TABLES_COLUMNS_H
#define ANNC_DATASET_TABLES_COLUMNS_H

#include "annc.h"
#include "dataset/tables/column.h"
#include "dataset/tables/table.h"
#include "dataset/text/records.h"

/* Examines all records in memory and determines separator, decimal mark, header and roles. `like`
 * is the training table, whose columns are required here too, or NULL. Adds assumptions to notes
 * (of `size` bytes). */
annc_status annc_columns_find(struct annc_records *records, const annc_text_options *options,
                              const struct annc_table *like, bool need_label, struct annc_columns *columns, char *notes,
                              size_t size);
/* Checks that the last record has the expected number of fields. */
annc_status annc_columns_check(const struct annc_records *records, const struct annc_columns *columns);
/* Lists the names of the inputs: a column's, or one per level. */
annc_status annc_columns_name_inputs(const struct annc_columns *columns, struct annc_texts *names);
/* Makes the array of the inputs that are dates; NULL if none is. */
annc_status annc_columns_list_dates(const struct annc_columns *columns, bool **dates);
void annc_columns_free(struct annc_columns *columns);

#endif
