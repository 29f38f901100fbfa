/* split.c - chooses the validation rows: by seed and row number alone, stratified by label. */
#include "dataset/prepare/split.h"
#include "base/allocate.h"
#include "base/order.h"
#include "base/status.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* A separate order of the rows: training never reaches this epoch. */
enum { SPLIT_EPOCH = INT32_MAX };

/* Returns the kind of a row for stratification: the index of its label. */
static uint32_t kind_of(const struct annc_table *table, uint32_t row)
{
    return table->labels.index ? table->labels.index[row] : 0;
}

static uint32_t kinds_of(const struct annc_table *table)
{
    return table->labels.index ? table->labels.distinct.count : 1;
}

static annc_status open_split(const struct annc_table *table, struct annc_split *split)
{
    annc_status status = ANNC_OK;
    memset(split, 0, sizeof *split);
    ANNC_TRY(annc_allocate(table->rows, sizeof *split->train, "the split", (void **)&split->train));
    ANNC_TRY(annc_allocate(table->rows, sizeof *split->held, "the split", (void **)&split->held));
out:
    return status;
}

/* Lists the rows by the flags of held-out rows. */
static annc_status list(const struct annc_table *table, const bool *held, struct annc_split *split)
{
    for (uint32_t row = 0; row < table->rows; row++)
        if (held[row])
            split->held[split->held_count++] = row;
        else
            split->train[split->train_count++] = row;
    if (split->held_count == 0 || split->train_count == 0)
        return annc_fail(ANNC_INPUT,
                         "%s: a split of %u row%s leaves %u for training and %u for validation; each needs at least 1",
                         table->name, table->rows, annc_plural(table->rows), split->train_count, split->held_count);
    return ANNC_OK;
}

annc_status annc_split_none(const struct annc_table *table, struct annc_split *split)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(open_split(table, split));
    while (split->train_count < table->rows) {
        split->train[split->train_count] = split->train_count;
        split->train_count++;
    }
out:
    return status;
}

annc_status annc_split_share(const struct annc_table *table, double share, uint64_t seed, struct annc_split *split)
{
    annc_status status = ANNC_OK;
    const struct annc_order order = annc_order_shuffled(table->rows, seed, SPLIT_EPOCH);
    const uint32_t kinds = kinds_of(table);
    uint32_t *left = NULL; /* rows of each kind still to be held out */
    bool *held = NULL;
    ANNC_TRY(open_split(table, split));
    ANNC_TRY(annc_allocate(kinds, sizeof *left, "the split", (void **)&left));
    ANNC_TRY(annc_allocate(table->rows, sizeof *held, "the split", (void **)&held));
    for (uint32_t row = 0; row < table->rows; row++)
        left[kind_of(table, row)]++;
    for (uint32_t kind = 0; kind < kinds; kind++)
        left[kind] = (uint32_t)floor(share * left[kind] + 0.5);
    for (uint32_t position = 0; position < table->rows; position++) {
        const uint32_t row = annc_order_at(&order, position), kind = kind_of(table, row);
        held[row] = left[kind] > 0;
        left[kind] -= held[row];
    }
    ANNC_TRY(list(table, held, split));
out:
    annc_release(left);
    annc_release(held);
    return status;
}

annc_status annc_split_fold(const struct annc_table *table, uint32_t folds, uint32_t fold, uint64_t seed,
                            struct annc_split *split)
{
    annc_status status = ANNC_OK;
    const struct annc_order order = annc_order_shuffled(table->rows, seed, SPLIT_EPOCH);
    const uint32_t kinds = kinds_of(table);
    uint32_t *next = NULL; /* fold of the next row of a kind, in turn across kinds */
    bool *held = NULL;
    memset(split, 0, sizeof *split);
    if (folds > table->rows) /* the first fold would not show it: only the last ones are empty */
        return annc_fail(ANNC_INPUT,
                         "%s: " ANNC_FIELD_FOLDS " is %u, but there are only %u rows; each fold needs at least one",
                         table->name, folds, table->rows);
    ANNC_TRY(open_split(table, split));
    ANNC_TRY(annc_allocate((size_t)kinds + 1, sizeof *next, "the split", (void **)&next));
    ANNC_TRY(annc_allocate(table->rows, sizeof *held, "the split", (void **)&held));
    for (uint32_t row = 0; row < table->rows; row++)
        next[kind_of(table, row) + 1]++;
    for (uint32_t kind = 1; kind <= kinds; kind++)
        next[kind] = (next[kind] + next[kind - 1]) % folds;
    for (uint32_t position = 0; position < table->rows; position++) {
        const uint32_t row = annc_order_at(&order, position), kind = kind_of(table, row);
        held[row] = next[kind] == fold;
        next[kind] = (next[kind] + 1) % folds;
    }
    status = list(table, held, split);
out:
    annc_release(next);
    annc_release(held);
    return status;
}

void annc_split_free(struct annc_split *split)
{
    annc_release(split->train);
    annc_release(split->held);
    memset(split, 0, sizeof *split);
}
