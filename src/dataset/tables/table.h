/* table.h - the table that a reader makes of a file: rows of inputs, with labels or targets as in
 * the file. */
#ifndef ANNC_DATASET_TABLES_TABLE_H
#define ANNC_DATASET_TABLES_TABLE_H

#include "base/allocate.h"

enum { ANNC_TABLE_NAME = 300, ANNC_LABEL_NAME = 8192 };

/* A list of texts, each allocated separately. */
struct annc_texts {
    uint32_t count;
    char **text;
};

annc_status annc_texts_add(struct annc_texts *texts, const char *text, size_t length);
void annc_texts_free(struct annc_texts *texts);

/* A column of labels: for each row, the index into the distinct labels as first written. */
struct annc_labels {
    uint32_t *index; /* NULL: no labels */
    struct annc_texts distinct;
};

struct annc_table {
    char name[ANNC_TABLE_NAME]; /* of the file, printable */
    uint32_t rows, inputs;
    annc_input_type type;
    void *x;                            /* rows x inputs, uint8_t or float; NaN if missing */
    struct annc_mapping mapping;        /* of x in a file too large to be read */
    uint32_t image_rows, image_columns; /* 0 for rows of features */
    struct annc_texts input_names;      /* one per input, or none */
    bool has_header;                    /* the names come from the file and are not numbers */
    uint32_t columns, label_at;         /* of a text file: fields per record; index of the label */
    char label_name[ANNC_LABEL_NAME];
    struct annc_labels labels;
    uint32_t outputs; /* targets per row */
    float *targets;   /* rows x outputs; NULL: none */
    struct annc_texts target_names;
    uint32_t *lines; /* line of each row in a text file; or NULL */
    uint64_t before; /* rows of the file in earlier pieces */
};

void annc_table_free(struct annc_table *table);

/* Returns input i of the whole table. */
static inline double annc_table_value(const struct annc_table *table, size_t i)
{
    return table->type == ANNC_BYTES ? ((const uint8_t *)table->x)[i] : (double)((const float *)table->x)[i];
}

/* Handles inputs that are NaN: an error with the first one and their number; or drops their rows
 * and counts them in *dropped; or leaves them. */
annc_status annc_table_missing(struct annc_table *table, annc_missing missing, uint32_t *dropped);

/* Interns labels one by one: zero-initialise the reader, add the label of each row, end; the table
 * then owns the labels. */
struct annc_label_reader {
    struct annc_labels labels;
    uint32_t rows, room;
    uint32_t *slots; /* a hash table of indices into distinct, plus 1 */
    uint32_t slot_count;
};

annc_status annc_labels_add(struct annc_label_reader *reader, const char *text, size_t length);
void annc_labels_end(struct annc_label_reader *reader, struct annc_labels *labels);
void annc_labels_free(struct annc_labels *labels);

/* Makes labels of numbers, as text: whole numbers without a decimal point. */
annc_status annc_labels_of_numbers(const double *numbers, uint32_t count, struct annc_labels *labels);

#endif
