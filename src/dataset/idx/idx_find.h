/* idx_find.h - finds IDX files by name. */
#ifndef ANNC_DATASET_IDX_IDX_FIND_H
#define ANNC_DATASET_IDX_IDX_FIND_H

#include "annc.h"

enum annc_part { ANNC_PART_TRAIN, ANNC_PART_TEST, ANNC_PART_VALIDATION, ANNC_PARTS };

enum { ANNC_PATH = 4096 };

/* The IDX files of a directory; "" if missing. */
struct annc_idx_files {
    char images[2][ANNC_PATH], labels[2][ANNC_PATH]; /* of the training and the test part */
};

/* Finds the IDX files of a directory: any prefix; train, t10k or test; '-' or '.' before idx; plain
 * before .gz. Several sets in one directory are an error that lists them. */
annc_status annc_idx_find(const char *folder, struct annc_idx_files *files);

/* Finds the labels file for an images file, by its name. */
annc_status annc_idx_find_labels(const char *images, char *labels, size_t size);

#endif
