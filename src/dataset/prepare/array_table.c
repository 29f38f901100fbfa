/* array_table.c - makes tables of arrays in memory. */
#include "dataset/prepare/array_table.h"
#include "base/allocate.h"
#include "base/status.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static annc_status check(const annc_arrays *arrays, const char *name, bool unlabelled)
{
    if ((unsigned)arrays->type >= ANNC_NUMBER_COUNT)
        return annc_fail(ANNC_USAGE, ANNC_FIELD("type") " is %d: it must be 0 to %d", (int)arrays->type,
                         ANNC_NUMBER_COUNT - 1);
    if (arrays->count == 0 || arrays->count > INT32_MAX || arrays->inputs == 0 || arrays->inputs > ANNC_MAX_WIDTH)
        return annc_fail(ANNC_INPUT, "%s: has %u rows of %u inputs; there must be 1 to %d rows of 1 to %d", name,
                         arrays->count, arrays->inputs, INT32_MAX, ANNC_MAX_WIDTH);
    ANNC_REQUIRE(arrays->x, "x");
    if (arrays->labels && arrays->targets)
        return annc_fail(ANNC_USAGE, ANNC_FIELD("labels") " and " ANNC_FIELD("targets") " cannot both be given");
    if (!arrays->labels && !arrays->targets && !unlabelled)
        return annc_fail(ANNC_USAGE, ANNC_FIELD("labels") " or " ANNC_FIELD("targets") " must not be NULL");
    if (arrays->labels)
        ANNC_REQUIRE(arrays->label_names, "label_names");
    if (arrays->targets && (arrays->outputs == 0 || arrays->outputs > ANNC_MAX_WIDTH))
        return annc_fail(ANNC_USAGE, ANNC_FIELD("outputs") " is %u: it must be 1 to %d", arrays->outputs,
                         ANNC_MAX_WIDTH);
    return ANNC_OK;
}

static annc_status take_doubles(const double *x, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    const size_t n = table->inputs, count = table->rows * n;
    ANNC_TRY(annc_allocate(count, sizeof(float), "the examples", &table->x));
    for (size_t i = 0; i < count; i++) {
        if (fabs(x[i]) > (double)FLT_MAX)
            return annc_fail(ANNC_INPUT, "%s: row %zu, input %zu is %g, which is too large for single precision",
                             table->name, i / n + 1, i % n + 1, x[i]);
        ANNC_TRY(annc_table_set_value(table, table->rows, (uint32_t)(i / n), (uint32_t)(i % n), x[i]));
    }
out:
    return status;
}

static annc_status take_inputs(const annc_arrays *arrays, bool changes, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    const size_t count = (size_t)arrays->count * arrays->inputs;
    const bool bytes = arrays->type == ANNC_NUMBER_UINT8;
    table->rows = arrays->count;
    table->inputs = arrays->inputs;
    table->type = bytes ? ANNC_BYTES : ANNC_FLOATS;
    if (arrays->type == ANNC_NUMBER_FLOAT64)
        return take_doubles(arrays->x, table);
    if (changes) {
        const size_t size = bytes ? 1 : sizeof(float);
        ANNC_TRY(annc_allocate(count, size, "the examples", &table->x));
        memcpy(table->x, arrays->x, count * size);
        return ANNC_OK;
    }
    table->borrowed = true;
    table->x = (void *)arrays->x;
out:
    return status;
}

static annc_status take_labels(const annc_arrays *arrays, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(table->rows, sizeof *table->labels.index, "the labels", (void **)&table->labels.index));
    for (uint32_t i = 0; i < table->rows; i++) {
        if (arrays->labels[i] >= arrays->label_count)
            return annc_fail(ANNC_INPUT, "%s: row %u has label %u of %u label names", table->name, i + 1,
                             arrays->labels[i], arrays->label_count);
        table->labels.index[i] = arrays->labels[i];
    }
    for (uint32_t c = 0; c < arrays->label_count; c++)
        ANNC_TRY(annc_texts_add(&table->labels.distinct, arrays->label_names[c], strlen(arrays->label_names[c])));
out:
    return status;
}

static annc_status take_targets(const annc_arrays *arrays, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    const size_t n = arrays->outputs, count = table->rows * n;
    table->outputs = arrays->outputs;
    ANNC_TRY(annc_allocate(count, sizeof *table->targets, "the targets", (void **)&table->targets));
    for (size_t i = 0; i < count; i++) {
        if (!(fabs(arrays->targets[i]) <= (double)FLT_MAX))
            return annc_fail(ANNC_INPUT, "%s: row %zu, target %zu is not finite, or too large for single precision",
                             table->name, i / n + 1, i % n + 1);
        ANNC_TRY(annc_table_set_target(table, table->rows, (uint32_t)(i / n), (uint32_t)(i % n), arrays->targets[i]));
    }
    for (uint32_t j = 0; j < table->outputs; j++) {
        char name[16];
        ANNC_TRY(annc_texts_add(&table->target_names, name, (size_t)snprintf(name, sizeof name, "%u", j + 1)));
    }
out:
    return status;
}

static annc_status take_weights(const annc_arrays *arrays, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(table->rows, sizeof *table->weights, "the weights", (void **)&table->weights));
    for (uint32_t i = 0; i < table->rows; i++) {
        if (!(arrays->weights[i] >= 0 && arrays->weights[i] <= (double)FLT_MAX))
            return annc_fail(ANNC_INPUT, "%s: row %u has the weight %g: weights must be finite and 0 or more",
                             table->name, i + 1, arrays->weights[i]);
        table->weights[i] = (float)arrays->weights[i];
    }
out:
    return status;
}

annc_status annc_array_table(const annc_arrays *arrays, const char *name, bool unlabelled, bool changes,
                             struct annc_table *table)
{
    annc_status status = ANNC_OK;
    memset(table, 0, sizeof *table);
    ANNC_RETURN_IF_FAILED(check(arrays, name, unlabelled));
    snprintf(table->name, sizeof table->name, "%s", name);
    ANNC_TRY(take_inputs(arrays, changes || arrays->weights, table));
    if (arrays->weights)
        ANNC_TRY(take_weights(arrays, table));
    for (uint32_t j = 0; arrays->input_names && j < table->inputs; j++)
        ANNC_TRY(annc_texts_add(&table->input_names, arrays->input_names[j], strlen(arrays->input_names[j])));
    table->has_header = arrays->input_names != NULL;
    if (arrays->labels)
        ANNC_TRY(take_labels(arrays, table));
    if (arrays->targets)
        ANNC_TRY(take_targets(arrays, table));
out:
    if (status != ANNC_OK)
        annc_table_free(table);
    return status;
}
