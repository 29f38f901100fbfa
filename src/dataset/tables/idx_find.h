/* idx_find.h - IDX files by their names. */
#ifndef ANNC_DATASET_TABLES_IDX_FIND_H
#define ANNC_DATASET_TABLES_IDX_FIND_H

#include "annc.h"

enum annc_part { ANNC_PART_TRAIN, ANNC_PART_TEST, ANNC_PART_VALIDATION, ANNC_PARTS };

enum { ANNC_PATH = 4096 };

/* Files of a folder; "" where there is none. */
struct annc_idx_files {
    char images[2][ANNC_PATH], labels[2][ANNC_PATH]; /* of the training and the test part */
};

/* Finds the IDX files of a folder: any prefix, train, t10k or test, '-' or '.' before idx, plain before .gz. Several sets in one folder are
 * an error that lists them. */
annc_status annc_idx_find(const char *folder, struct annc_idx_files *files);

/* Finds the labels that go with an images file, by its name. */
annc_status annc_idx_find_labels(const char *images, char *labels, size_t size);

#endif
