/* column.h - the columns of a text table and their statistics. */
#ifndef ANNC_DATASET_TABLES_COLUMN_H
#define ANNC_DATASET_TABLES_COLUMN_H

#include "annc.h"
#include "dataset/categories/categories.h"
#include "dataset/text/parts.h"

enum annc_role { ANNC_ROLE_INPUT, ANNC_ROLE_LABEL, ANNC_ROLE_TARGET, ANNC_ROLE_WEIGHT, ANNC_ROLE_LEFT_OUT };

/* A column, and the contents found below its header. */
struct annc_column {
    char *name;
    enum annc_role role;
    bool is_kind_given;                                 /* by an option */
    bool is_categorical;                                /* an input of words */
    bool is_date;                                       /* an input of dates */
    struct annc_category *category;                     /* of such an input, in annc_columns; or NULL */
    uint32_t unknown;                                   /* cells without a level */
    size_t unknown_line;                                /* of the first */
    bool is_dropped;                                    /* as asked, in a table like the training data */
    uint32_t place;                                     /* index in its role; of an input: its first */
    uint32_t points, commas, commas_before_three;       /* numbers with a decimal mark */
    uint32_t numbers, thousands, texts, missing, empty; /* cells by kind */
    uint32_t dates, like_dates;                         /* among the texts: dates, and what looks like one */
    bool counts;                                        /* consecutive whole numbers; of the first column, if unnamed */
    bool first_recurs;                                  /* the text of the first record is in another one */
    double first, last;                                 /* of such numbers */
    size_t text_line, missing_line;                     /* the first of each */
    char text[48];                                      /* the first, printable */
    size_t dateless_line;                               /* of the first cell that is neither a date nor missing */
    char dateless[48];                                  /* its text, printable */
};

/* Returns whether the texts of a column are mostly dates or times, in any form. */
static inline bool annc_column_looks_like_dates(const struct annc_column *column)
{
    return column->like_dates > column->texts / 2;
}

/* Returns whether the cells of a column, without the missing ones, are mostly dates that are read. */
static inline bool annc_column_has_dates(const struct annc_column *column)
{
    return column->dates > column->texts / 2 && column->texts > column->numbers + column->thousands;
}

struct annc_columns {
    uint32_t count;
    struct annc_column *column;
    uint32_t rows;   /* below the header */
    uint32_t inputs; /* of the network, levels included */
    struct annc_categories categories;
    struct annc_parts parts; /* of the text below the first record, with the rows of each */
    uint32_t repeats;        /* of the first record among the rows */
    size_t repeat_line;      /* of the first repeat */
    bool has_header;
    bool has_row_names;       /* rows have one field more than the header: the first */
    bool last_is_empty;       /* or the last, which is always empty */
    bool label_is_only_words; /* no option and no name says which column the label is */
    char decimal, thousands;
    char label_separator; /* as in annc_table */
};

#endif
