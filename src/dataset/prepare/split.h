/* split.h - which rows are held out for validation: by seed and row number alone, stratified by label. */
#ifndef ANNC_DATASET_PREPARE_SPLIT_H
#define ANNC_DATASET_PREPARE_SPLIT_H

#include "dataset/tables/table.h"

/* Two lists of rows, each in the order of the file. */
struct annc_split {
    uint32_t *train, *held;
    uint32_t train_count, held_count;
};

/* All rows but a share of each class; or, of `folds` parts of near equal size and mixture, all but part `fold`. ANNC_INPUT where that leaves
 * nothing on either side. */
annc_status annc_split_share(const struct annc_table *table, double share, uint64_t seed, struct annc_split *split);
annc_status annc_split_fold(const struct annc_table *table, uint32_t folds, uint32_t fold, uint64_t seed,
                            struct annc_split *split);
/* All rows, none held out. */
annc_status annc_split_none(const struct annc_table *table, struct annc_split *split);
void annc_split_free(struct annc_split *split);

#endif
