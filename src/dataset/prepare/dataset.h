/* dataset.h - the inside of annc_dataset. */
#ifndef ANNC_DATASET_PREPARE_DATASET_H
#define ANNC_DATASET_PREPARE_DATASET_H

#include "base/allocate.h"
#include "dataset/tables/table.h"

struct annc_dataset {
    annc_examples examples;         /* its arrays are the data set's own */
    struct annc_mapping mapping;    /* where x lies in a file too large to be read */
    uint32_t rows, columns;         /* of an image, or inputs and 1 */
    uint32_t classes;               /* outputs, or 2 where outputs is 1; 0 where there are targets */
    struct annc_texts class_names;  /* of them */
    struct annc_texts target_names; /* as many as are known */
    double *target_scaling;         /* outputs shifts, then outputs factors: y was (y - shift) factor; or NULL */
};

/* Makes a data set of arrays that it then owns (each from annc_allocate or annc_resize); on failure they stay the caller's. Class names are
 * 0, 1, 2, ... until they are changed. */
annc_status annc_dataset_adopt(const annc_examples *examples, uint32_t rows, uint32_t columns, annc_dataset **dataset);

/* Target j of example i, in the units of the file. */
double annc_dataset_target(const annc_dataset *dataset, size_t i, size_t j);

#endif
