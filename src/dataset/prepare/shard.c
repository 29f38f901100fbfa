/* shard.c - one of several consecutive parts of the training rows. */
#include "dataset/prepare/shard.h"
#include "base/allocate.h"
#include "base/checksum.h"
#include "base/share.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/prepare/dataset.h"

static annc_status check(const struct annc_table *table, uint32_t count, uint32_t shards)
{
    if (table->weights)
        return annc_fail(ANNC_USAGE,
                         "%s: has weights of rows, of which no shard knows the mean: " ANNC_FIELD_SHARDS
                         " needs rows without " ANNC_FIELD_WEIGHT,
                         table->name);
    if (count < shards)
        return annc_fail(ANNC_INPUT, "%s: has %u row%s for training, fewer than " ANNC_FIELD_SHARDS ", %u", table->name,
                         count, annc_plural(count), shards);
    return ANNC_OK;
}

/* Returns a hash of all rows of the table, with their classes or targets, and of which are for
 * training. */
static uint64_t hash_of(const struct annc_table *table, const int32_t *labels, const uint32_t *rows, uint32_t count)
{
    uint64_t hash = annc_table_hash(table);
    if (labels)
        hash = annc_hash(hash, labels, table->rows * sizeof *labels);
    if (table->targets)
        hash = annc_hash(hash, table->targets, annc_product(table->rows, table->outputs) * sizeof *table->targets);
    return rows ? annc_hash(hash, rows, count * sizeof *rows) : hash;
}

annc_status annc_shard_apply(const struct annc_preparation *preparation, struct annc_table *table, uint32_t outputs,
                             const uint32_t *rows, uint32_t count, uint32_t shards, uint32_t shard,
                             annc_dataset **dataset)
{
    annc_status status = ANNC_OK;
    const struct annc_share share = annc_share_of(count, shards, shard);
    uint32_t *own = NULL;
    int32_t *labels = NULL;
    ANNC_TRY(check(table, count, shards));
    ANNC_TRY(annc_allocate(share.count, sizeof *own, "the rows of a shard", (void **)&own));
    for (uint32_t i = 0; i < share.count; i++)
        own[i] = rows ? rows[share.first + i] : share.first + i;
    ANNC_TRY(annc_preparation_apply(preparation, table, outputs, own, share.count, dataset));
    if (table->labels.index) {
        ANNC_TRY(annc_allocate(table->rows, sizeof *labels, "the labels", (void **)&labels));
        ANNC_TRY(annc_classes_apply(&preparation->classes, table, labels));
    }
    ANNC_TRY(annc_dataset_make_shard(*dataset, table, labels, rows, count, share.first));
    (*dataset)->hash_of_all = hash_of(table, labels, rows, count);
out:
    annc_release(own);
    annc_release(labels);
    return status;
}
