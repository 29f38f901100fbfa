/* numpy_table.h - NumPy's files as tables. */
#ifndef ANNC_DATASET_TABLES_NUMPY_TABLE_H
#define ANNC_DATASET_TABLES_NUMPY_TABLE_H

#include "dataset/tables/table.h"
#include "formats/stream.h"

/* Reads inputs from an open NPY file and what is to be learnt from another, NPY or NPZ of one array; alone it is refused unless unlabelled. numbers:
 * targets rather than labels. */
annc_status annc_npy_table(struct annc_stream *stream, const char *labels_path, bool unlabelled, bool numbers,
                           struct annc_table *table);

/* Which arrays of an NPZ file: those that are named, or else those of a training or a test set. */
struct annc_npz_names {
    const char *x, *y; /* or NULL */
    bool test;
};

/* Reads arrays of an NPZ file as a table, and *has_test: whether there is a test set. Arrays are found by their names (x_train, y_train,
 * x_test, y_test; x, y; images, labels; a lone array; arr_0, arr_1). A lone array of inputs takes its labels from labels_path, or from the file
 * whose name has "labels" where this one has "imgs" or "images". unlabelled: the inputs alone. */
annc_status annc_npz_table(const char *path, const char *labels_path, const struct annc_npz_names *names,
                           bool unlabelled, bool numbers, struct annc_table *table, bool *has_test);

#endif
