/* classes.h - what labels mean: which class each is, and what the classes are called. */
#ifndef ANNC_DATASET_PREPARE_CLASSES_H
#define ANNC_DATASET_PREPARE_CLASSES_H

#include "annc.h"
#include "base/buffer.h"
#include "dataset/tables/table.h"

/* A label: a number where it reads as one, true and false in any case as "true" and "false", any other text as it is. */
struct annc_label {
    bool is_number;
    double number;
    char *text;   /* as first written in the training data, and what is shown */
    bool trained; /* a training example has it */
};

/* Class c is label[c]. */
struct annc_classes {
    uint32_t count;
    struct annc_label *label;
};

/* Learns the classes from training labels, for a network of `outputs` outputs (0: as many as the labels need).
 *   Whole numbers within 0...outputs-1 are the classes themselves; otherwise there must be exactly `outputs` distinct labels, which become the
 *   classes in the order of their numbers, or, where any is text, of their bytes. One output takes two classes.
 * What was assumed goes to notes (of `size` bytes) as lines. ANNC_INPUT, beginning with `name`, says which label or which counts. */
annc_status annc_classes_learn(const char *name, const struct annc_labels *labels, uint32_t outputs,
                               struct annc_classes *classes, char *notes, size_t size);
/* The classes of a network's metadata: a JSON array of labels as strings; and back. */
annc_status annc_classes_parse(const char *json, struct annc_classes *classes);
annc_status annc_classes_format(const struct annc_classes *classes, struct annc_buffer *json);
/* Classes 0...count-1 by their numbers, for a model that has no names for them. */
annc_status annc_classes_number(uint32_t count, struct annc_classes *classes);
void annc_classes_free(struct annc_classes *classes);

/* The class of each of `rows` labels; ANNC_INPUT for a label that was never trained on, naming its row and line. */
annc_status annc_classes_apply(const struct annc_classes *classes, const struct annc_table *table, int32_t *indices);

#endif
