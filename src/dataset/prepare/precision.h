/* precision.h - finds numbers of a table that are equal in what a network receives. */
#ifndef ANNC_DATASET_PREPARE_PRECISION_H
#define ANNC_DATASET_PREPARE_PRECISION_H

#include "dataset/prepare/preparation.h"

/* Notes inputs and targets whose differences are so small that doubles, while a file is read, or
 * floats, once scaled, make different values equal; with their number where it is known. */
annc_status annc_precision_note(const struct annc_preparation *preparation, const struct annc_table *table, char *notes,
                                size_t size);

#endif
