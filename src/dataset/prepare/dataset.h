/* dataset.h - the private part of annc_dataset. */
#ifndef ANNC_DATASET_PREPARE_DATASET_H
#define ANNC_DATASET_PREPARE_DATASET_H

#include "base/allocate.h"
#include "dataset/tables/table.h"

struct annc_dataset {
    annc_examples examples;         /* the data set owns its arrays */
    struct annc_mapping mapping;    /* of x in a file too large to be read */
    uint32_t rows, columns;         /* of an image, or inputs and 1 */
    uint32_t classes;               /* outputs, or 2 if outputs is 1; 0 with targets */
    struct annc_texts class_names;  /* of the classes */
    struct annc_texts target_names; /* as many as are known */
    double *target_scaling;         /* shifts, then factors: y was (y - shift) factor; or NULL */
};

/* Makes a data set that takes ownership of the arrays (each from annc_allocate or annc_resize); on
 * failure they stay the caller's. Class names are initially 0, 1, 2, ... */
annc_status annc_dataset_adopt(const annc_examples *examples, uint32_t rows, uint32_t columns, annc_dataset **dataset);

/* Returns target j of example i, in the units of the file. */
double annc_dataset_target(const annc_dataset *dataset, size_t i, size_t j);

#endif
