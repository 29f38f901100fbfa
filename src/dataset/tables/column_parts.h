/* column_parts.h - joins the columns that threads found in the parts of a text. */
#ifndef ANNC_DATASET_TABLES_COLUMN_PARTS_H
#define ANNC_DATASET_TABLES_COLUMN_PARTS_H

#include "dataset/tables/column.h"

/* Adds what was found in the part that follows: the same as if it had been examined with those
 * before. */
void annc_columns_add(struct annc_columns *columns, const struct annc_columns *part);

/* Adds the cells without a level in the part that follows. */
void annc_columns_add_unknown(struct annc_columns *columns, const struct annc_columns *part);

#endif
