/* classes.h - maps labels to classes, with the names of the classes. */
#ifndef ANNC_DATASET_PREPARE_CLASSES_H
#define ANNC_DATASET_PREPARE_CLASSES_H

#include "annc.h"
#include "base/json/json_write.h"
#include "dataset/tables/table.h"

/* A label: a number if it reads as one, true and false in any case as "true" and "false", any other
 * text unchanged. */
struct annc_label {
    bool is_number;
    double number;
    char *text;   /* as first written in the training data; shown to users */
    bool trained; /* occurs in the training data */
};

/* Class c is label[c]. */
struct annc_classes {
    uint32_t count;
    struct annc_label *label;
};

/* Learns the classes from training labels, for a network of `outputs` outputs (0: as many as the
 * labels need). Whole numbers within 0...outputs-1 are the classes themselves. Otherwise exactly
 * `outputs` distinct labels are required; they become the classes, sorted by number, or, if any is
 * text, by bytes. One output takes two classes. Adds assumptions to notes (of `size` bytes) as
 * lines. ANNC_INPUT, beginning with `name`, gives the invalid label or the counts. */
annc_status annc_classes_learn(const char *name, const struct annc_labels *labels, uint32_t outputs,
                               struct annc_classes *classes, char *notes, size_t size);
/* Read the classes from a network's metadata, a JSON array of labels as strings; write them. */
annc_status annc_classes_parse(const char *json, struct annc_classes *classes);
void annc_classes_format(const struct annc_classes *classes, struct annc_json_writer *json);
/* Makes classes 0...count-1 named by their numbers, for a model without class names. */
annc_status annc_classes_number(uint32_t count, struct annc_classes *classes);
void annc_classes_free(struct annc_classes *classes);

/* Returns the class of each of `rows` labels. ANNC_INPUT with row and line for a label unknown from
 * training. */
annc_status annc_classes_apply(const struct annc_classes *classes, const struct annc_table *table, int32_t *indices);

#endif
