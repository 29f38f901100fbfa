/* class_tables.h - on a screen, how examples of each class were classified. */
#ifndef ANNC_CLI_MODEL_CLASS_TABLES_H
#define ANNC_CLI_MODEL_CLASS_TABLES_H

#include "cli/model/metrics.h"

enum { CLASS_NAME = 256 };

/* The name of a class as people may see it. */
const char *plain_class(const annc_dataset *data, uint32_t c, char name[CLASS_NAME]);

/* Support, precision, recall and F1 of each class, and their means. */
void print_class_table(const annc_dataset *data, const struct confusion *confusion);
/* Of few classes the confusion matrix, of many what is confused most often. */
void print_confusion(const annc_dataset *data, const struct confusion *confusion);

#endif
