/* table.h - the table that a reader makes of a file: rows of inputs, with labels or targets as in
 * the file. */
#ifndef ANNC_DATASET_TABLES_TABLE_H
#define ANNC_DATASET_TABLES_TABLE_H

#include "base/allocate.h"
#include "dataset/categories/categories.h"
#include "dataset/categories/texts.h"
#include "dataset/dates/dates.h"
#include "dataset/tables/remainders.h"

enum { ANNC_TABLE_NAME = 300, ANNC_LABEL_NAME = 8192 };

/* A column of labels: for each row, the index into the distinct labels as first written. */
struct annc_labels {
    uint32_t *index; /* NULL: no labels */
    struct annc_texts distinct;
};

struct annc_table;

/* The inputs of a table that stay in its text: each row is read from there whenever it is needed. */
struct annc_inputs_in_text {
    annc_status (*read)(const struct annc_table *table, size_t row, double *values);
    void (*close)(struct annc_inputs_in_text *inputs);
    bool miss;      /* some are missing */
    bool are_bytes; /* all are whole and within 0...255 */
    double largest; /* of such */
    uint64_t hash;  /* annc_hash of them as floats, row by row */
};

struct annc_table {
    char name[ANNC_TABLE_NAME]; /* of the file, printable */
    uint32_t rows, inputs;
    annc_input_type type;
    void *x;                            /* rows x inputs, uint8_t or float; NaN if missing; or NULL */
    struct annc_inputs_in_text *text;   /* in place of x; or NULL */
    struct annc_remainders remainders;  /* of x, to doubles */
    struct annc_mapping mapping;        /* of x that stays in its file */
    bool borrowed;                      /* x is the caller's */
    uint32_t image_rows, image_columns; /* 0 for rows of features */
    struct annc_texts input_names;      /* one per input, or none */
    struct annc_categories categories;  /* columns whose levels are inputs of 0 and 1 */
    bool *dates;                        /* inputs that are days since 1970-01-01; NULL: none */
    bool has_header;                    /* the names come from the file and are not numbers */
    uint32_t columns, label_at;         /* of a text file: fields per record; index of the label */
    char label_name[ANNC_LABEL_NAME];
    char label_separator; /* of the labels in a cell, which are targets; 0: a cell is a class */
    struct annc_labels labels;
    uint32_t outputs; /* targets per row */
    float *targets;   /* rows x outputs; NULL: none */
    struct annc_remainders target_remainders;
    struct annc_texts target_names;
    float *weights; /* of the rows, above 0; NULL: none */
    char weight_name[ANNC_LABEL_NAME];
    uint32_t *lines;  /* line of each row in a text file; or NULL */
    uint64_t before;  /* rows of the file in earlier pieces */
    uint64_t *number; /* of each row in the file, from 1, where rows were dropped; or NULL */
    bool has_shards;  /* ranks hold parts of it: never measured by a sample, so that all measure alike */
};

/* Returns the number of a row in its file, from 1. */
static inline uint64_t annc_table_row(const struct annc_table *table, uint32_t row)
{
    return table->number ? table->number[row] : table->before + row + 1;
}

void annc_table_free(struct annc_table *table);

/* Returns whether a character may separate labels: a blank, a tab or ASCII punctuation except a
 * quotation mark. */
bool annc_is_label_separator(char separator);

/* Returns an input of a row of a table with x. */
static inline double annc_table_value(const struct annc_table *table, size_t row, uint32_t input)
{
    const size_t i = row * table->inputs + input;
    return table->type == ANNC_BYTES
               ? ((const uint8_t *)table->x)[i]
               : annc_remainders_number(&table->remainders, row, input, ((const float *)table->x)[i]);
}

/* Reads the inputs of a row of any table. Fails only where they stay in a text: ANNC_INPUT if that has
 * changed. */
annc_status annc_table_read(const struct annc_table *table, size_t row, double *values);

/* Returns whether a number is one that a byte has. */
static inline bool annc_could_be_byte(double x)
{
    return x >= 0 && x <= UINT8_MAX && x == (int)x;
}

/* Returns a target of a row. */
static inline double annc_table_target(const struct annc_table *table, size_t row, uint32_t target)
{
    return annc_remainders_number(&table->target_remainders, row, target,
                                  table->targets[row * table->outputs + target]);
}

/* Begins to load the inputs of a row in a mapped file. */
void annc_table_fetch(const struct annc_table *table, size_t row);
/* For passes over the rows in their order: gives back the memory of the inputs before `row` that
 * are in a mapped file, unless they are few, from `left` on. Returns the next `left`; it begins
 * with 0. */
size_t annc_table_leave(const struct annc_table *table, size_t row, size_t left);

/* Set an input of type float, and a target, of a row, in a table with room for `rows` rows. */
static inline annc_status annc_table_set_value(struct annc_table *table, uint32_t rows, uint32_t row, uint32_t input,
                                               double value)
{
    float *x = (float *)table->x + (size_t)row * table->inputs + input;
    return annc_remainders_split(&table->remainders, rows, table->inputs, row, input, value, x);
}

static inline annc_status annc_table_set_target(struct annc_table *table, uint32_t rows, uint32_t row, uint32_t target,
                                                double value)
{
    float *y = table->targets + (size_t)row * table->outputs + target;
    return annc_remainders_split(&table->target_remainders, rows, table->outputs, row, target, value, y);
}

/* Returns annc_hash of all inputs, row by row. */
uint64_t annc_table_hash(const struct annc_table *table);

/* Copies row `from` to row `to` of a table with numbers of rows. */
void annc_table_move_row(struct annc_table *table, uint32_t from, uint32_t to);

/* Handles inputs that are NaN: an error with the first one and their number; or drops their rows
 * and counts them in *dropped; or leaves them. */
annc_status annc_table_missing(struct annc_table *table, annc_missing missing, uint32_t *dropped);

/* Leaves out the rows whose weight is 0, and counts them. ANNC_INPUT if no row is left. */
annc_status annc_table_drop_weightless(struct annc_table *table, uint32_t *dropped);

/* Interns labels one by one: zero-initialise the reader, add the label of each row, end; the table
 * then owns the labels. */
struct annc_label_reader {
    uint32_t *index; /* as in annc_labels */
    uint32_t rows, room;
    struct annc_text_set distinct;
};

annc_status annc_labels_add(struct annc_label_reader *reader, const char *text, size_t length);
/* Adds the labels that another reader took of the rows that follow. */
annc_status annc_labels_append(struct annc_label_reader *reader, const struct annc_label_reader *next);
void annc_labels_end(struct annc_label_reader *reader, struct annc_labels *labels);
void annc_labels_drop(struct annc_label_reader *reader); /* in place of annc_labels_end */
void annc_labels_free(struct annc_labels *labels);

/* 2^53: from here on, different whole numbers may be the same double. */
#define ANNC_INEXACT 0x1p53

/* Makes labels of numbers, as text: whole numbers with all their digits. ANNC_INPUT, with the name of
 * the file, for a number from ANNC_INEXACT on. */
annc_status annc_labels_of_numbers(const char *name, const double *numbers, uint32_t count, struct annc_labels *labels);

#endif
