/* classes.h - what labels mean: which class each is, and what the classes are called. */
#ifndef ANNC_DATASET_CLASSES_H
#define ANNC_DATASET_CLASSES_H

#include "annc.h"

/* Class c is the label value[c]; trained[c] where a training example has it. */
struct annc_classes {
    uint32_t count;
    double *value;
    bool *trained;
};

/* Learns the classes from training labels, for a network of `outputs` outputs (0: as many as the labels need).
 *   Whole labels within 0...outputs-1 are the classes themselves; otherwise there must be exactly `outputs` distinct labels, which become
 *   the classes in the order of their values. One output takes two classes.
 * What was assumed goes to notes (of `size` bytes) as lines. ANNC_INPUT, beginning with `name`, says which label or which counts. */
annc_status annc_classes_learn(const char *name, const double *labels, uint32_t n, uint32_t outputs,
                               struct annc_classes *classes, char *notes, size_t size);
/* The classes of a network's metadata: a JSON array of labels as strings. */
annc_status annc_classes_parse(const char *json, struct annc_classes *classes);
void annc_classes_free(struct annc_classes *classes);

/* The class of each label; ANNC_INPUT for a label that was never trained on. */
annc_status annc_classes_apply(const struct annc_classes *classes, const char *name, const double *labels, uint32_t n,
                               int32_t *indices);

/* Adds a line to notes. */
void annc_note(char *notes, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
