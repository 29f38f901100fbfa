/* table.h - what a reader makes of a file: rows of inputs, and what is to be learnt of them as the file has it. */
#ifndef ANNC_DATASET_TABLES_TABLE_H
#define ANNC_DATASET_TABLES_TABLE_H

#include "base/allocate.h"

enum { ANNC_TABLE_NAME = 300, ANNC_LABEL_NAME = 8192 };

/* A list of texts, each its own block. */
struct annc_texts {
    uint32_t count;
    char **text;
};

annc_status annc_texts_add(struct annc_texts *texts, const char *text, size_t length);
void annc_texts_free(struct annc_texts *texts);

/* A column of labels: for each row the index of its label among the distinct ones, as they are first written. */
struct annc_labels {
    uint32_t *index; /* NULL: there are no labels */
    struct annc_texts distinct;
};

struct annc_table {
    char name[ANNC_TABLE_NAME]; /* of the file, printable */
    uint32_t rows, inputs;
    annc_input_type type;
    void *x;                            /* rows x inputs, uint8_t or float; NaN where a value is missing */
    struct annc_mapping mapping;        /* where x lies in a file too large to be read */
    uint32_t image_rows, image_columns; /* 0 for rows of features */
    struct annc_texts input_names;      /* inputs of them, or none */
    bool has_header;                    /* and so the names are the file's own, not numbers */
    uint32_t columns, label_at;         /* of a text file: fields a record, and which of them is the label */
    char label_name[ANNC_LABEL_NAME];
    struct annc_labels labels;
    uint32_t outputs; /* targets a row */
    float *targets;   /* rows x outputs; NULL: there are none */
    struct annc_texts target_names;
    uint32_t *lines; /* where each row begins in a text file; or NULL */
    uint64_t before; /* rows of the file that came in pieces before this one */
};

void annc_table_free(struct annc_table *table);

/* Input i of the whole table. */
static inline double annc_table_value(const struct annc_table *table, size_t i)
{
    return table->type == ANNC_BYTES ? ((const uint8_t *)table->x)[i] : (double)((const float *)table->x)[i];
}

/* What becomes of inputs that are NaN: an error that names the first and counts them, or their rows left out, *dropped of them, or nothing
 * yet. */
annc_status annc_table_missing(struct annc_table *table, annc_missing missing, uint32_t *dropped);

/* Interns labels one after another: begin with all zero, add each row's, end; the labels are then the table's. */
struct annc_label_reader {
    struct annc_labels labels;
    uint32_t rows, room;
    uint32_t *slots; /* a hash table of indices into distinct, plus 1 */
    uint32_t slot_count;
};

annc_status annc_labels_add(struct annc_label_reader *reader, const char *text, size_t length);
void annc_labels_end(struct annc_label_reader *reader, struct annc_labels *labels);
void annc_labels_free(struct annc_labels *labels);

/* Labels that are numbers, as text: whole ones without a point. */
annc_status annc_labels_of_numbers(const double *numbers, uint32_t count, struct annc_labels *labels);

#endif
