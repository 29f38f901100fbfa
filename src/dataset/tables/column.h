/* column.h - the columns of a table of text, as data. */
#ifndef ANNC_DATASET_TABLES_COLUMN_H
#define ANNC_DATASET_TABLES_COLUMN_H

#include "annc.h"

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

#endif
