/* numpy_table.h - reads NumPy's files as tables. */
#ifndef ANNC_DATASET_ARRAY_FILES_NUMPY_TABLE_H
#define ANNC_DATASET_ARRAY_FILES_NUMPY_TABLE_H

#include "dataset/tables/table.h"
#include "formats/stream.h"

/* Reads inputs from an open NPY file, and labels or targets from another, NPY or NPZ of one array;
 * a missing second file is an error unless unlabelled. numbers: targets rather than labels. maps:
 * leave inputs in the file that are there as they are used. */
annc_status annc_npy_table(struct annc_stream *stream, const char *labels_path, bool unlabelled, bool numbers,
                           bool maps, struct annc_table *table);

/* Names of the arrays in an NPZ file: the given ones, or else those of a training or a test set. */
struct annc_npz_names {
    const char *x, *y, *weight; /* or NULL */
    bool test, needs_weight;    /* of the test set; the array of weights must be there */
};

/* Reads arrays of an NPZ file as a table; *has_test: it has a test set. It finds arrays by name
 * (x_train, y_train, x_test, y_test; x, y; images, labels; a lone array; arr_0, arr_1). The labels
 * of a lone array come from labels_path, or from the file whose name has "labels" in place of
 * "imgs" or "images". unlabelled: read only the inputs. */
annc_status annc_npz_table(const char *path, const char *labels_path, const struct annc_npz_names *names,
                           bool unlabelled, bool numbers, struct annc_table *table, bool *has_test);

/* Reads the weights of a table's rows from a file of one array, NPY or NPZ. */
annc_status annc_npy_weights(const char *path, struct annc_table *table);

#endif
