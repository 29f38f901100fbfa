/* array_table.c - makes tables of arrays in memory. */
#include "dataset/arrays/array_table.h"
#include "base/allocate.h"
#include "base/status.h"
#include "dataset/arrays/array_columns.h"
#include "dataset/tables/columns.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static annc_status check_text(const annc_arrays *arrays, uint32_t k)
{
    ANNC_REQUIRE(arrays->texts, "texts");
    const annc_text_column *text = &arrays->texts[k];
    if (text->column >= arrays->inputs || (k > 0 && text->column <= arrays->texts[k - 1].column))
        return annc_fail(
            ANNC_USAGE,
            ANNC_FIELD("column") " is %u: columns of text must be below " ANNC_FIELD("inputs") ", %u, and "
                                                                                               "in increasing order",
            text->column, arrays->inputs);
    if ((unsigned)text->categorical > ANNC_NO)
        return annc_fail(ANNC_USAGE, ANNC_FIELD_CATEGORICAL " is %d: it must be 0 to %d", (int)text->categorical,
                         ANNC_NO);
    ANNC_REQUIRE(text->cells, "cells");
    if (text->text_count > 0)
        ANNC_REQUIRE(text->texts, "texts");
    return ANNC_OK;
}

static annc_status check_images(const annc_arrays *arrays)
{
    const uint32_t rows = arrays->image_rows, columns = arrays->image_columns;
    if ((rows > 0 || columns > 0) && (uint64_t)rows * columns != arrays->inputs)
        return annc_fail(
            ANNC_USAGE,
            ANNC_FIELD("image_rows") " is %u and " ANNC_FIELD("image_columns") " is %u: their product must "
                                                                               "be the number of inputs, %u",
            rows, columns, arrays->inputs);
    if (rows > 0 && arrays->text_count > 0)
        return annc_fail(ANNC_USAGE, ANNC_FIELD("image_rows") " is %u: images have no columns of text", rows);
    return ANNC_OK;
}

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
    for (uint32_t k = 0; k < arrays->text_count; k++)
        ANNC_RETURN_IF_FAILED(check_text(arrays, k));
    ANNC_RETURN_IF_FAILED(check_images(arrays));
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

/* ---------------------------------------------------------------- columns with text */

/* Returns number `at` of x. */
static double value_of(const annc_arrays *arrays, size_t at)
{
    switch (arrays->type) {
    case ANNC_NUMBER_UINT8:
        return ((const uint8_t *)arrays->x)[at];
    case ANNC_NUMBER_FLOAT32:
        return (double)((const float *)arrays->x)[at];
    default:
        return ((const double *)arrays->x)[at];
    }
}

/* Sets the inputs of a column, of text or of numbers, in a row. */
static annc_status take_cell(const annc_arrays *arrays, const struct annc_array_columns *found, uint32_t row,
                             uint32_t c, struct annc_table *table)
{
    const struct annc_array_text *text = found->text[c];
    const uint32_t place = found->columns.column[c].place;
    const uint32_t cell = text ? text->from->cells[row] : UINT32_MAX;
    if (text && text->input) {
        const int32_t input = text->input[cell == UINT32_MAX ? text->from->text_count : cell];
        if (input != ANNC_NO_LEVEL)
            ((float *)table->x)[(size_t)row * table->inputs + place + (uint32_t)input] = 1;
        return ANNC_OK;
    }
    const double value = !text                ? value_of(arrays, (size_t)row * arrays->inputs + c)
                         : cell == UINT32_MAX ? NAN
                                              : (double)text->number[cell];
    if (fabs(value) > (double)FLT_MAX)
        return annc_fail(ANNC_INPUT, "%s: row %u, column %u is %g, which is too large for single precision",
                         table->name, row + 1, c + 1, value);
    return annc_table_set_value(table, table->rows, row, place, value);
}

/* Makes the inputs of columns of text and numbers. */
static annc_status take_columns(const annc_arrays *arrays, const struct annc_table *like, struct annc_table *table,
                                char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_array_columns found;
    ANNC_TRY(annc_array_columns_find(arrays, table->name, like, &found, notes, size));
    const struct annc_columns *columns = &found.columns;
    table->rows = arrays->count;
    table->inputs = columns->inputs;
    table->type = ANNC_FLOATS;
    ANNC_TRY(annc_allocate(annc_product(table->rows, table->inputs), sizeof(float), "the examples", &table->x));
    for (uint32_t row = 0; row < table->rows; row++)
        for (uint32_t c = 0; c < columns->count; c++)
            if (columns->column[c].role == ANNC_ROLE_INPUT)
                ANNC_TRY(take_cell(arrays, &found, row, c, table));
    ANNC_TRY(annc_columns_name_inputs(columns, &table->input_names));
    ANNC_TRY(annc_columns_list_dates(columns, &table->dates));
    table->categories = columns->categories;
    found.columns.categories = (struct annc_categories){0, NULL};
out:
    annc_array_columns_free(&found);
    return status;
}

/* Returns whether the columns of x are the inputs as they are; those of levels may be among them. */
static bool are_inputs(const annc_arrays *arrays, const struct annc_table *like)
{
    if (arrays->text_count > 0)
        return false;
    if (like && like->categories.count > 0)
        return arrays->inputs == like->inputs;
    return !like || !arrays->input_names || like->input_names.count == 0;
}

static annc_status name_inputs(const annc_arrays *arrays, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    for (uint32_t j = 0; arrays->input_names && j < table->inputs; j++)
        ANNC_TRY(annc_texts_add(&table->input_names, arrays->input_names[j], strlen(arrays->input_names[j])));
out:
    return status;
}

/* ---------------------------------------------------------------- labels, targets, weights */

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

/* ---------------------------------------------------------------- the whole table */

annc_status annc_array_table(const annc_arrays *arrays, const char *name, const struct annc_table *like,
                             bool unlabelled, bool changes, struct annc_table *table, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    memset(table, 0, sizeof *table);
    ANNC_RETURN_IF_FAILED(check(arrays, name, unlabelled));
    snprintf(table->name, sizeof table->name, "%s", name);
    if (are_inputs(arrays, like)) {
        ANNC_TRY(take_inputs(arrays, changes || arrays->weights, table));
        ANNC_TRY(name_inputs(arrays, table));
    } else {
        ANNC_TRY(take_columns(arrays, like, table, notes, size));
    }
    table->has_header = arrays->input_names != NULL;
    table->image_rows = arrays->image_rows;
    table->image_columns = arrays->image_columns;
    if (arrays->weights)
        ANNC_TRY(take_weights(arrays, table));
    if (arrays->labels)
        ANNC_TRY(take_labels(arrays, table));
    if (arrays->targets)
        ANNC_TRY(take_targets(arrays, table));
out:
    if (status != ANNC_OK)
        annc_table_free(table);
    return status;
}
