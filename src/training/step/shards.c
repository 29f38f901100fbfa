/* shards.c - trainings whose minibatches take their rows from several shards of the examples. */
#include "training/step/shards.h"
#include "base/allocate.h"
#include "base/share.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"

static bool is_whole(const annc_dataset *data)
{
    return data->total == data->examples.count;
}

annc_status annc_shards_check(const annc_training_options *options, const annc_dataset *data,
                              const struct annc_group *group)
{
    const uint32_t shards = annc_shards_of(options);
    const struct annc_share own = annc_share_of(data->total, shards, group->rank < shards ? group->rank : 0);
    if (shards > 1 && group->size > 1 && group->size != shards)
        return annc_fail(ANNC_USAGE, ANNC_FIELD_SHARDS " is %u, but there are %u ranks: each has one shard", shards,
                         group->size);
    if (data->total < shards)
        return annc_fail(ANNC_INPUT, "there are %u examples, fewer than " ANNC_FIELD_SHARDS ", %u", data->total,
                         shards);
    if (is_whole(data) || (group->size > 1 && data->first == own.first && data->examples.count == own.count))
        return ANNC_OK;
    return annc_fail(ANNC_USAGE,
                     "the training data are a shard, the %u examples from %u on of %u, but not that of rank %u of %u",
                     data->examples.count, data->first, data->total, group->rank, group->size);
}

annc_status annc_shards_fingerprint(const annc_training_options *options, const annc_dataset *data,
                                    const struct annc_group *group, uint64_t *fingerprint)
{
    annc_status status = ANNC_OK;
    const uint64_t odd = 0x9E3779B97F4A7C15u; /* 2^64 over the golden ratio */
    const uint32_t shards = annc_shards_of(options);
    double *halves = NULL; /* of 32 bits, which doubles hold exactly */
    ANNC_TRY(annc_allocate(shards, 2 * sizeof *halves, "fingerprints", (void **)&halves));
    for (uint32_t s = 0; s < shards; s++) {
        const struct annc_share share = annc_share_of(data->total, shards, s);
        if (!is_whole(data) && s != group->rank)
            continue;
        const uint64_t own = annc_dataset_part_fingerprint(data, share.first - data->first, share.count);
        halves[2 * (size_t)s] = (double)(own >> 32);
        halves[2 * (size_t)s + 1] = (double)(uint32_t)own;
    }
    if (!is_whole(data))
        ANNC_TRY(group->sum_numbers(group, halves, 2 * (size_t)shards));
    *fingerprint = 0;
    for (uint32_t s = 0; s < shards; s++)
        *fingerprint =
            *fingerprint * odd + ((uint64_t)halves[2 * (size_t)s] << 32 | (uint32_t)halves[2 * (size_t)s + 1]);
out:
    annc_release(halves);
    return status;
}
