/* split.h - chooses the validation rows: by seed and row number alone, stratified by label. */
#ifndef ANNC_DATASET_PREPARE_SPLIT_H
#define ANNC_DATASET_PREPARE_SPLIT_H

#include "dataset/tables/table.h"

/* Two lists of rows, each in file order. */
struct annc_split {
    uint32_t *train, *held;
    uint32_t train_count, held_count;
};

/* Split off a share of each class; or part `fold` of `folds` parts of nearly equal size and class
 * mixture. ANNC_INPUT if either side is empty. */
annc_status annc_split_share(const struct annc_table *table, double share, uint64_t seed, struct annc_split *split);
annc_status annc_split_fold(const struct annc_table *table, uint32_t folds, uint32_t fold, uint64_t seed,
                            struct annc_split *split);
/* Keeps all rows for training. */
annc_status annc_split_none(const struct annc_table *table, struct annc_split *split);
void annc_split_free(struct annc_split *split);

#endif
