/* array_columns.h - the columns of arrays in memory: which of them are words, and their inputs. */
#ifndef ANNC_DATASET_ARRAYS_ARRAY_COLUMNS_H
#define ANNC_DATASET_ARRAYS_ARRAY_COLUMNS_H

#include "annc.h"
#include "dataset/categories/levels.h"
#include "dataset/tables/column.h"
#include "dataset/tables/table.h"
#include "dataset/text/records.h"

/* A column of text, and what its texts mean. */
struct annc_array_text {
    const annc_text_column *from;
    struct annc_field *field; /* per text, trimmed */
    uint32_t *rows, *first;   /* per text: the rows that have it, and the first of them, from 1 */
    uint32_t missing, first_missing;
    int32_t *input; /* per text and for missing cells, of words; or ANNC_NO_LEVEL */
    double *number; /* per text, of a column of numbers; NaN if missing */
};

struct annc_array_columns {
    struct annc_columns columns;   /* of x */
    struct annc_array_text *texts; /* as the arrays have them */
    uint32_t text_count;
    struct annc_array_text **text; /* per column of x; NULL for numbers in x */
};

/* Finds the columns of arrays, which are checked: their kinds and levels, or those of `like`, whose
 * columns they have by names, if both have any, or by places. Adds assumptions, and texts without a
 * level, to notes (of `size` bytes). ANNC_INPUT names row and column. Release them in every
 * case. */
annc_status annc_array_columns_find(const annc_arrays *arrays, const char *name, const struct annc_table *like,
                                    struct annc_array_columns *found, char *notes, size_t size);
void annc_array_columns_free(struct annc_array_columns *found);

#endif
