/* shard.h - one of several consecutive parts of the training rows. */
#ifndef ANNC_DATASET_PREPARE_SHARD_H
#define ANNC_DATASET_PREPARE_SHARD_H

#include "dataset/prepare/preparation.h"

/* Makes a data set of shard `shard` of `shards` of `count` rows of a table: the listed ones or,
 * with rows NULL, the first. ANNC_USAGE for a table with weights; ANNC_INPUT for fewer rows than
 * shards. */
annc_status annc_shard_apply(const struct annc_preparation *preparation, struct annc_table *table, uint32_t outputs,
                             const uint32_t *rows, uint32_t count, uint32_t shards, uint32_t shard,
                             annc_dataset **dataset);

#endif
