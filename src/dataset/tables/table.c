/* table.c - tables: labels, missing values. */
#include "dataset/tables/table.h"
#include "base/allocate.h"
#include "base/checksum.h"
#include "base/number.h"
#include "base/status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 80 };

/* ---------------------------------------------------------------- labels */

/* Makes room for the labels of `rows` more rows. */
static annc_status make_room(struct annc_label_reader *reader, uint32_t rows)
{
    annc_status status = ANNC_OK;
    const size_t wanted = (size_t)reader->rows + rows;
    size_t room = reader->room == 0 ? 1024 : reader->room;
    if (wanted <= reader->room)
        return ANNC_OK;
    while (room < wanted)
        room *= 2;
    ANNC_TRY(annc_resize(room, sizeof *reader->index, "the labels", (void **)&reader->index));
    reader->room = (uint32_t)room;
out:
    return status;
}

annc_status annc_labels_add(struct annc_label_reader *reader, const char *text, size_t length)
{
    annc_status status = ANNC_OK;
    uint32_t index = 0;
    ANNC_TRY(make_room(reader, 1));
    ANNC_TRY(annc_text_set_add(&reader->distinct, text, length, &index));
    reader->index[reader->rows++] = index;
out:
    return status;
}

annc_status annc_labels_append(struct annc_label_reader *reader, const struct annc_label_reader *next)
{
    annc_status status = ANNC_OK;
    const struct annc_texts *texts = &next->distinct.texts;
    uint32_t *index = NULL; /* of the texts of `next` among all */
    ANNC_TRY(make_room(reader, next->rows));
    ANNC_TRY(annc_allocate(texts->count, sizeof *index, "the labels", (void **)&index));
    for (uint32_t i = 0; i < texts->count; i++)
        ANNC_TRY(annc_text_set_add(&reader->distinct, texts->text[i], strlen(texts->text[i]), &index[i]));
    for (uint32_t row = 0; row < next->rows; row++)
        reader->index[reader->rows++] = index[next->index[row]];
out:
    annc_release(index);
    return status;
}

void annc_labels_end(struct annc_label_reader *reader, struct annc_labels *labels)
{
    labels->index = reader->index;
    labels->distinct = reader->distinct.texts;
    reader->distinct.texts = (struct annc_texts){0, NULL};
    annc_text_set_free(&reader->distinct);
    memset(reader, 0, sizeof *reader);
}

void annc_labels_drop(struct annc_label_reader *reader)
{
    annc_release(reader->index);
    annc_text_set_free(&reader->distinct);
    memset(reader, 0, sizeof *reader);
}

void annc_labels_free(struct annc_labels *labels)
{
    annc_release(labels->index);
    annc_texts_free(&labels->distinct);
    labels->index = NULL;
}

annc_status annc_labels_of_numbers(const char *name, const double *numbers, uint32_t count, struct annc_labels *labels)
{
    annc_status status = ANNC_OK;
    struct annc_label_reader reader = {.rows = 0};
    for (uint32_t i = 0; i < count; i++) {
        char text[32];
        int length = 0;
        const bool small = numbers[i] >= 0 && numbers[i] < 10 && numbers[i] == (int)numbers[i];
        if (!(fabs(numbers[i]) < ANNC_INEXACT))
            ANNC_TRY(
                annc_fail(ANNC_INPUT,
                          "%s: row %u has the label %.17g: whole numbers of this size are not exact, and different "
                          "labels would be one; save the labels as text, in a table, or number them anew",
                          name, i + 1, numbers[i]));
        if (small)
            text[length++] = (char)('0' + (int)numbers[i]);
        else
            length = annc_print(text, sizeof text, numbers[i] == floor(numbers[i]) ? "%.0f" : "%.9g", numbers[i]);
        ANNC_TRY(annc_labels_add(&reader, text, (size_t)length));
    }
out:
    annc_labels_end(&reader, labels);
    if (status != ANNC_OK)
        annc_labels_free(labels);
    return status;
}

bool annc_is_label_separator(char separator)
{
    return separator && strchr(" \t!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", separator);
}

void annc_table_free(struct annc_table *table)
{
    if (!table->mapping.base && !table->borrowed)
        annc_release(table->x);
    annc_unmap(&table->mapping);
    if (table->text)
        table->text->close(table->text);
    annc_texts_free(&table->input_names);
    annc_categories_free(&table->categories);
    annc_release(table->dates);
    annc_labels_free(&table->labels);
    annc_release(table->targets);
    annc_remainders_free(&table->remainders);
    annc_remainders_free(&table->target_remainders);
    annc_texts_free(&table->target_names);
    annc_release(table->weights);
    annc_release(table->lines);
    annc_release(table->number);
    memset(table, 0, sizeof *table);
}

static size_t bytes_of_row(const struct annc_table *table)
{
    return table->inputs * (table->type == ANNC_BYTES ? 1 : sizeof(float));
}

/* Returns where a row begins in its file, which is mapped. */
static size_t place_of(const struct annc_table *table, size_t row)
{
    return (size_t)((const char *)table->x - (const char *)table->mapping.base) + row * bytes_of_row(table);
}

void annc_table_fetch(const struct annc_table *table, size_t row)
{
    annc_mapping_fetch(&table->mapping, place_of(table, row), bytes_of_row(table));
}

size_t annc_table_leave(const struct annc_table *table, size_t row, size_t left)
{
    enum { FEW = 4 << 20 };
    if (!table->mapping.base)
        return 0;
    const size_t end = place_of(table, row);
    if (end < left + FEW)
        return left;
    annc_mapping_leave(&table->mapping, left, end - left);
    return end;
}

/* Loops that compilers vectorise. */
static void read_bytes(const uint8_t *restrict x, uint32_t n, double *restrict values)
{
    for (uint32_t j = 0; j < n; j++)
        values[j] = x[j];
}

static void read_floats(const float *restrict x, uint32_t n, double *restrict values)
{
    for (uint32_t j = 0; j < n; j++)
        values[j] = (double)x[j];
}

annc_status annc_table_read(const struct annc_table *table, size_t row, double *values)
{
    const uint32_t n = table->inputs;
    int32_t *const *remainders = table->remainders.column;
    if (table->text)
        return table->text->read(table, row, values);
    if (table->type == ANNC_BYTES)
        read_bytes((const uint8_t *)table->x + row * n, n, values);
    else
        read_floats((const float *)table->x + row * n, n, values);
    for (uint32_t j = 0; remainders && j < n; j++)
        if (remainders[j])
            values[j] += remainders[j][row] * annc_remainder_unit(values[j]);
    return ANNC_OK;
}

uint64_t annc_table_hash(const struct annc_table *table)
{
    const size_t n = bytes_of_row(table);
    uint64_t hash = 0;
    size_t left = 0;
    if (table->text)
        return table->text->hash;
    for (size_t row = 0; row < table->rows; row++) {
        hash = annc_hash(hash, (const char *)table->x + row * n, n);
        left = annc_table_leave(table, row, left);
    }
    return hash;
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
    size_t first = 0, missing = 0, i = 0, left = 0;
    for (size_t row = 0; row < table->rows; row++) {
        for (const size_t end = i + table->inputs; i < end; i++) {
            first = isnan(x[i]) && missing == 0 ? i : first;
            missing += isnan(x[i]);
        }
        left = annc_table_leave(table, row, left);
    }
    if (missing == 0)
        return ANNC_OK;
    const size_t j = first % table->inputs;
    char column[SHOWN];
    if (j < table->input_names.count)
        annc_printable(table->input_names.text[j], column, sizeof column);
    else
        snprintf(column, sizeof column, "%zu", j + 1);
    return annc_fail(ANNC_INPUT,
                     "%s: row %zu, column %s: the value is missing (%zu in all); use " ANNC_FIELD_MISSING
                     " drop or " ANNC_FIELD_MISSING " mean",
                     table->name, first / table->inputs + 1, column, missing);
}

void annc_table_move_row(struct annc_table *table, uint32_t from, uint32_t to)
{
    const size_t n = bytes_of_row(table), m = table->outputs;
    char *x = table->x;
    memmove(x + to * n, x + from * n, n);
    annc_remainders_move(&table->remainders, from, to);
    annc_remainders_move(&table->target_remainders, from, to);
    if (table->targets)
        memmove(table->targets + to * m, table->targets + from * m, m * sizeof *table->targets);
    if (table->labels.index)
        table->labels.index[to] = table->labels.index[from];
    if (table->weights)
        table->weights[to] = table->weights[from];
    if (table->lines)
        table->lines[to] = table->lines[from];
    table->number[to] = table->number[from];
}

/* Numbers the rows as they are in the file, unless they are. */
static annc_status number_rows(struct annc_table *table)
{
    annc_status status = ANNC_OK;
    if (table->number) /* a text table has dropped its rows while it was read */
        return ANNC_OK;
    ANNC_TRY(annc_allocate(table->rows, sizeof *table->number, "row numbers", (void **)&table->number));
    for (uint32_t row = 0; row < table->rows; row++)
        table->number[row] = row + 1;
out:
    return status;
}

annc_status annc_table_drop_weightless(struct annc_table *table, uint32_t *dropped)
{
    annc_status status = ANNC_OK;
    uint32_t kept = 0;
    *dropped = 0;
    for (uint32_t row = 0; table->weights && row < table->rows; row++)
        *dropped += table->weights[row] == 0;
    if (*dropped == 0)
        return ANNC_OK;
    if (*dropped == table->rows)
        return annc_fail(ANNC_INPUT, "%s: the weight of every row is 0", table->name);
    if (table->mapping.base)
        return annc_fail(ANNC_INPUT,
                         "%s: is too large for the memory, so that rows of weight 0 cannot be left out; give "
                         "them a small weight, or remove them",
                         table->name);
    ANNC_TRY(number_rows(table));
    for (uint32_t row = 0; row < table->rows; row++)
        if (table->weights[row] > 0)
            annc_table_move_row(table, row, kept++);
    table->rows = kept;
out:
    return status;
}

annc_status annc_table_missing(struct annc_table *table, annc_missing missing, uint32_t *dropped)
{
    annc_status status = ANNC_OK;
    uint32_t kept = 0;
    *dropped = 0;
    if (table->type == ANNC_BYTES || missing == ANNC_MISSING_MEAN)
        return ANNC_OK;
    if (table->lines) /* a text table was read without such rows */
        return ANNC_OK;
    if (missing == ANNC_MISSING_ERROR)
        return refuse_missing(table);
    ANNC_TRY(number_rows(table));
    for (uint32_t row = 0; row < table->rows; row++)
        if (!row_misses(table, row))
            annc_table_move_row(table, row, kept++);
    *dropped = table->rows - kept;
    table->rows = kept;
    if (kept == 0)
        return annc_fail(ANNC_INPUT, "%s: has missing values in every row", table->name);
out:
    return status;
}
