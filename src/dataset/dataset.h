/* dataset.h - the inside of annc_dataset. */
#ifndef ANNC_DATASET_DATASET_H
#define ANNC_DATASET_DATASET_H

#include "annc.h"

struct annc_dataset {
    annc_examples examples; /* its arrays are the data set's own */
    uint32_t rows, columns; /* of an image, or inputs and 1 */
    char **class_names;     /* outputs of them (two where outputs is 1), or NULL where the classes are 0, 1, 2, ... */
};

#endif
