/* table.c - tables: lists of texts, labels, missing values. */
#include "dataset/tables/table.h"
#include "base/allocate.h"
#include "base/number.h"
#include "base/status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- texts */

static bool is_power_of_two(uint32_t n)
{
    return (n & (n - 1)) == 0;
}

annc_status annc_texts_add(struct annc_texts *texts, const char *text, size_t length)
{
    annc_status status = ANNC_OK;
    const uint32_t n = texts->count;
    char *copy = NULL;
    if (is_power_of_two(n)) /* capacity is full at 0, 1, 2, 4, ... texts */
        ANNC_TRY(annc_resize(n == 0 ? 1 : 2 * (size_t)n, sizeof *texts->text, "names", (void **)&texts->text));
    ANNC_TRY(annc_allocate(length + 1, 1, "names", (void **)&copy));
    memcpy(copy, text, length);
    texts->text[texts->count++] = copy;
out:
    return status;
}

void annc_texts_free(struct annc_texts *texts)
{
    for (uint32_t i = 0; i < texts->count; i++)
        annc_release(texts->text[i]);
    annc_release(texts->text);
    memset(texts, 0, sizeof *texts);
}

/* ---------------------------------------------------------------- labels */

static uint32_t hash(const char *text, size_t length)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 16777619u;
    return h;
}

/* Returns the slot of a text, or the free slot for it. */
static uint32_t *slot_of(const struct annc_label_reader *reader, const char *text, size_t length)
{
    const struct annc_texts *distinct = &reader->labels.distinct;
    uint32_t at = hash(text, length) & (reader->slot_count - 1);
    for (;; at = (at + 1) & (reader->slot_count - 1)) {
        uint32_t *slot = &reader->slots[at];
        if (*slot == 0)
            return slot;
        const char *there = distinct->text[*slot - 1];
        if (strlen(there) == length && memcmp(there, text, length) == 0)
            return slot;
    }
}

/* Doubles the slots, initially 64. */
static annc_status grow(struct annc_label_reader *reader)
{
    annc_status status = ANNC_OK;
    const struct annc_texts *distinct = &reader->labels.distinct;
    annc_release(reader->slots);
    reader->slots = NULL;
    reader->slot_count = reader->slot_count == 0 ? 64 : 2 * reader->slot_count;
    ANNC_TRY(annc_allocate(reader->slot_count, sizeof *reader->slots, "the labels", (void **)&reader->slots));
    for (uint32_t i = 0; i < distinct->count; i++)
        *slot_of(reader, distinct->text[i], strlen(distinct->text[i])) = i + 1;
out:
    return status;
}

annc_status annc_labels_add(struct annc_label_reader *reader, const char *text, size_t length)
{
    annc_status status = ANNC_OK;
    struct annc_texts *distinct = &reader->labels.distinct;
    if (2 * (size_t)distinct->count >= reader->slot_count)
        ANNC_TRY(grow(reader));
    if (reader->rows == reader->room) {
        const size_t room = reader->room == 0 ? 1024 : 2 * (size_t)reader->room;
        ANNC_TRY(annc_resize(room, sizeof *reader->labels.index, "the labels", (void **)&reader->labels.index));
        reader->room = (uint32_t)room;
    }
    uint32_t *slot = slot_of(reader, text, length);
    if (*slot == 0) {
        ANNC_TRY(annc_texts_add(distinct, text, length));
        *slot = distinct->count;
    }
    reader->labels.index[reader->rows++] = *slot - 1;
out:
    return status;
}

void annc_labels_end(struct annc_label_reader *reader, struct annc_labels *labels)
{
    *labels = reader->labels;
    annc_release(reader->slots);
    memset(reader, 0, sizeof *reader);
}

void annc_labels_free(struct annc_labels *labels)
{
    annc_release(labels->index);
    annc_texts_free(&labels->distinct);
    labels->index = NULL;
}

annc_status annc_labels_of_numbers(const double *numbers, uint32_t count, struct annc_labels *labels)
{
    annc_status status = ANNC_OK;
    struct annc_label_reader reader = {.rows = 0};
    for (uint32_t i = 0; i < count; i++) {
        char text[32];
        int length = 0;
        const bool small = numbers[i] >= 0 && numbers[i] < 10 && numbers[i] == (int)numbers[i];
        if (small)
            text[length++] = (char)('0' + (int)numbers[i]);
        else
            length = annc_print(text, sizeof text, "%.9g", numbers[i]);
        ANNC_TRY(annc_labels_add(&reader, text, (size_t)length));
    }
out:
    annc_labels_end(&reader, labels);
    if (status != ANNC_OK)
        annc_labels_free(labels);
    return status;
}

void annc_table_free(struct annc_table *table)
{
    if (!table->mapping.base)
        annc_release(table->x);
    annc_unmap(&table->mapping);
    annc_texts_free(&table->input_names);
    annc_labels_free(&table->labels);
    annc_release(table->targets);
    annc_texts_free(&table->target_names);
    annc_release(table->lines);
    memset(table, 0, sizeof *table);
}

/* ---------------------------------------------------------------- missing values */

static bool row_misses(const struct annc_table *table, uint32_t row)
{
    const float *x = (const float *)table->x + (size_t)row * table->inputs;
    for (uint32_t j = 0; j < table->inputs; j++)
        if (isnan(x[j]))
            return true;
    return false;
}

static annc_status refuse_missing(const struct annc_table *table)
{
    const float *x = table->x;
    const size_t count = (size_t)table->rows * table->inputs;
    size_t first = count, missing = 0;
    for (size_t i = 0; i < count; i++) {
        first = isnan(x[i]) && missing == 0 ? i : first;
        missing += isnan(x[i]);
    }
    if (missing == 0)
        return ANNC_OK;
    return annc_fail(ANNC_INPUT,
                     "%s: row %zu, column %zu: the value is missing (%zu in all); use " ANNC_FIELD_MISSING
                     " drop or " ANNC_FIELD_MISSING " "
                     "mean",
                     table->name, first / table->inputs + 1, first % table->inputs + 1, missing);
}

/* Copies row `from` to row `to`. */
static void move_row(struct annc_table *table, uint32_t from, uint32_t to)
{
    const size_t n = table->inputs, m = table->outputs;
    float *x = table->x;
    memmove(x + to * n, x + from * n, n * sizeof *x);
    if (table->targets)
        memmove(table->targets + to * m, table->targets + from * m, m * sizeof *table->targets);
    if (table->labels.index)
        table->labels.index[to] = table->labels.index[from];
    if (table->lines)
        table->lines[to] = table->lines[from];
}

annc_status annc_table_missing(struct annc_table *table, annc_missing missing, uint32_t *dropped)
{
    uint32_t kept = 0;
    *dropped = 0;
    if (table->type == ANNC_BYTES || missing == ANNC_MISSING_MEAN)
        return ANNC_OK;
    if (missing == ANNC_MISSING_ERROR)
        return refuse_missing(table);
    for (uint32_t row = 0; row < table->rows; row++)
        if (!row_misses(table, row))
            move_row(table, row, kept++);
    *dropped = table->rows - kept;
    table->rows = kept;
    if (kept == 0)
        return annc_fail(ANNC_INPUT, "%s: has missing values in every row", table->name);
    return ANNC_OK;
}
