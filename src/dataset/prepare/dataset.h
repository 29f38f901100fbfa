/* dataset.h - the private part of annc_dataset. */
#ifndef ANNC_DATASET_PREPARE_DATASET_H
#define ANNC_DATASET_PREPARE_DATASET_H

#include "base/allocate.h"
#include "dataset/tables/table.h"

struct annc_dataset {
    annc_examples examples;         /* the data set owns its arrays */
    struct annc_mapping mapping;    /* of x that stays in its file */
    uint32_t rows, columns;         /* of an image, or inputs and 1 */
    uint32_t classes;               /* outputs, or 2 if outputs is 1; 0 with targets that are not one-hot */
    int32_t *one_hot;               /* the class of each example where all targets are one-hot; or NULL */
    bool unlabelled;                /* labels or targets only fill in for what the data lack */
    struct annc_texts class_names;  /* of the classes */
    struct annc_texts target_names; /* as many as are known */
    uint64_t before;                /* rows of the file in earlier pieces */
    uint64_t *number;               /* of each row in the file, from 1; NULL: they follow each other */
    double *target_scaling;         /* shifts, then factors: y was (y - shift) factor; or NULL */
    uint32_t total, first;          /* examples of all shards; the first of this one */
    uint32_t *class_totals;         /* examples per class in all shards; NULL: of all data */
    bool are_answers;               /* annc_targets_are_answers of all shards */
    uint64_t hash_of_all;           /* of the rows of all shards, as they were read; 0: it has them all */
};

/* Makes a data set that takes ownership of the arrays (each from annc_allocate or annc_resize); on
 * failure they stay the caller's. Weights are scaled to mean 1, or freed if they are equal. Class
 * names are initially 0, 1, 2, ... */
annc_status annc_dataset_adopt(const annc_examples *examples, uint32_t rows, uint32_t columns, annc_dataset **dataset);

/* Returns whether targets (rows x outputs, or NULL) are several answers of yes or no, 1 or 0, per
 * row. */
bool annc_targets_are_answers(const float *targets, uint32_t rows, uint32_t outputs);
/* Notes the classes of one-hot targets, given in the units of the file: those of the listed rows or,
 * with rows NULL, of all. */
annc_status annc_dataset_find_one_hot(annc_dataset *dataset, const float *targets, const uint32_t *rows);

/* Makes a data set one shard of `total` examples, of which it has those from `first` on: examples i of
 * all shards are row rows[i] of the table, or, with rows NULL, row i, and `labels` their classes,
 * or NULL. */
annc_status annc_dataset_make_shard(annc_dataset *dataset, const struct annc_table *table, const int32_t *labels,
                                    const uint32_t *rows, uint32_t total, uint32_t first);
/* Returns annc_dataset_fingerprint of `count` of the examples that it has, from `first` on. */
uint64_t annc_dataset_part_fingerprint(const annc_dataset *dataset, uint32_t first, uint32_t count);

/* Returns the weight of example i, 1 without weights; and the sum of the weights. */
double annc_dataset_weight(const annc_dataset *dataset, size_t i);
double annc_dataset_weight_of_all(const annc_dataset *dataset);

/* Returns a scaled value of target j in the units of the file. */
double annc_dataset_in_units(const annc_dataset *dataset, size_t j, double y);
/* Returns target j of example i, in the units of the file. */
double annc_dataset_target(const annc_dataset *dataset, size_t i, size_t j);

#endif
