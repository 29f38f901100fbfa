/* column.h - the columns of a text table and their statistics. */
#ifndef ANNC_DATASET_TABLES_COLUMN_H
#define ANNC_DATASET_TABLES_COLUMN_H

#include "annc.h"

enum annc_role { ANNC_ROLE_INPUT, ANNC_ROLE_LABEL, ANNC_ROLE_TARGET, ANNC_ROLE_LEFT_OUT };

/* A column, and the contents found below its header. */
struct annc_column {
    char *name;
    enum annc_role role;
    uint32_t place;                                     /* index among the columns of its role */
    uint32_t points, commas, commas_before_three;       /* numbers with a decimal mark */
    uint32_t numbers, thousands, texts, missing, empty; /* cells by kind */
    bool counts;                                        /* consecutive whole numbers */
    double last;
    size_t text_line, missing_line; /* the first of each */
    char text[48];                  /* the first, printable */
};

struct annc_columns {
    uint32_t count;
    struct annc_column *column;
    uint32_t rows; /* below the header */
    bool has_header;
    bool has_row_names; /* rows have one field more than the header: the first */
    bool last_is_empty; /* or the last, which is always empty */
    char decimal, thousands;
};

#endif
