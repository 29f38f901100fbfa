/* shards.h - trainings whose minibatches take their rows from several shards of the examples. */
#ifndef ANNC_TRAINING_STEP_SHARDS_H
#define ANNC_TRAINING_STEP_SHARDS_H

#include "annc.h"
#include "backend/group.h"

/* Returns the number of shards, 1 without any. */
static inline uint32_t annc_shards_of(const annc_training_options *options)
{
    return options->shards > 1 ? options->shards : 1;
}

/* Checks that the data are all examples, or the shard of this rank. ANNC_USAGE otherwise;
 * ANNC_INPUT for fewer examples than shards. */
annc_status annc_shards_check(const annc_training_options *options, const annc_dataset *data,
                              const struct annc_group *group);

/* Computes a hash of the fingerprints of all shards, the same on all ranks and in one process:
 * collective, where a rank has one shard alone. */
annc_status annc_shards_fingerprint(const annc_training_options *options, const annc_dataset *data,
                                    const struct annc_group *group, uint64_t *fingerprint);

#endif
