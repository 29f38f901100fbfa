/* cells.h - the kind and value of one cell of a text table. */
#ifndef ANNC_DATASET_TEXT_CELLS_H
#define ANNC_DATASET_TEXT_CELLS_H

#include "annc.h"
#include "dataset/text/records.h"

enum annc_cell { ANNC_CELL_MISSING, ANNC_CELL_NUMBER, ANNC_CELL_TRUTH, ANNC_CELL_THOUSANDS, ANNC_CELL_TEXT };

/* Returns whether a cell is empty or a word for a missing value. */
bool annc_cell_is_missing(const struct annc_field *field);

/* Returns the kind of a cell, and the value of a number or a truth value (1 or 0). */
enum annc_cell annc_cell_read(const struct annc_field *field, char decimal, char thousands, double *number);

#endif
