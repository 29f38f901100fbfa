/* numpy_table.h - NumPy's files as tables. */
#ifndef ANNC_DATASET_NUMPY_TABLE_H
#define ANNC_DATASET_NUMPY_TABLE_H

#include "table.h"

/* Reads inputs from an NPY file and what is to be learnt from another, NPY or NPZ of one array; alone it is refused unless unlabelled. numbers:
 * targets rather than labels. */
annc_status annc_npy_table(const char *path, const char *labels_path, bool unlabelled, bool numbers,
                           struct annc_table *table);

/* Reads the training set of an NPZ file, or with test its test set, and *has_test: whether it has one. Arrays are found by their names (x_train,
 * y_train, x_test, y_test; x, y; images, labels; a lone array; arr_0, arr_1), or are those that x_name and y_name name. A lone array of
 * inputs takes its labels from labels_path, or from the file whose name has "labels" where this one has "imgs" or "images". */
annc_status annc_npz_table(const char *path, const char *labels_path, const char *x_name, const char *y_name,
                           bool numbers, bool test, struct annc_table *table, bool *has_test);

#endif
