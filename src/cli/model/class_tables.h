/* class_tables.h - tables of classification results, for a screen. */
#ifndef ANNC_CLI_MODEL_CLASS_TABLES_H
#define ANNC_CLI_MODEL_CLASS_TABLES_H

#include "annc.h"

enum { CLASS_NAME = 256 };

/* Returns the name of a class in printable form. */
const char *plain_class(const annc_dataset *data, uint32_t c, char name[CLASS_NAME]);

/* Prints support, precision, recall and F1 of each class, and their means. */
void print_class_table(const annc_dataset *data, const annc_confusion *confusion);
/* Prints the confusion matrix of few classes, or the most frequent confusions of many. */
void print_confusion(const annc_dataset *data, const annc_confusion *confusion);

#endif
