/* columns.h - what the columns of a text file are: names, kinds of cells, and which of them are inputs, label and targets. */
#ifndef ANNC_DATASET_COLUMNS_H
#define ANNC_DATASET_COLUMNS_H

#include "records.h"
#include "table.h"

enum annc_cell { ANNC_CELL_MISSING, ANNC_CELL_NUMBER, ANNC_CELL_TRUTH, ANNC_CELL_THOUSANDS, ANNC_CELL_TEXT };

/* What a cell holds, and the number that a number or a truth (1 or 0) is. */
enum annc_cell annc_cell_read(const struct annc_field *field, char decimal, char thousands, double *number);

enum annc_role { ANNC_ROLE_INPUT, ANNC_ROLE_LABEL, ANNC_ROLE_TARGET, ANNC_ROLE_LEFT_OUT };

/* A column, and what was seen in it below the header. */
struct annc_column {
    char *name;
    enum annc_role role;
    uint32_t place;                                     /* among those of its role */
    uint32_t points, commas, commas_before_three;       /* numbers with a decimal mark */
    uint32_t numbers, thousands, texts, missing, empty; /* cells of a kind */
    bool counts;                                        /* whole numbers, each one more than the last */
    double last;
    size_t text_line, missing_line; /* the first such */
    char text[48];                  /* the first, printable */
};

struct annc_columns {
    uint32_t count;
    struct annc_column *column;
    uint32_t rows; /* below the header */
    bool has_header;
    bool has_row_names; /* the rows have one field more than the header: the first */
    bool last_is_empty; /* or the last, which never holds anything */
    char decimal, thousands;
};

/* roles.c: gives every column its role and place. */
annc_status annc_columns_give_roles(const struct annc_records *records, const annc_text_options *options,
                                    const struct annc_table *like, bool need_label, struct annc_columns *columns,
                                    char *notes, size_t size);

/* Looks at all records that are held and settles separator, decimal mark, header and roles. `like` is the table that was trained on, whose columns are
 * wanted here too, or NULL. What was assumed goes to notes (of `size` bytes). */
annc_status annc_columns_find(struct annc_records *records, const annc_text_options *options,
                              const struct annc_table *like, bool need_label, struct annc_columns *columns, char *notes,
                              size_t size);
/* Whether the last record has the fields that all have. */
annc_status annc_columns_check(const struct annc_records *records, const struct annc_columns *columns);
void annc_columns_free(struct annc_columns *columns);

#endif
