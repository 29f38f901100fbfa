/* precision.c - finds numbers of a table that are equal in what a network receives. */
#include "dataset/prepare/precision.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_NAMED = 3, NAME = 64, FEW_STEPS = 16 };

/* Inputs or targets of a table. */
struct numbers {
    const struct annc_table *table;
    const struct annc_ranges *ranges; /* of inputs */
    const struct annc_scaling *scaling;
    const struct annc_texts *names;
    annc_status (*read)(const struct annc_table *table, size_t row, uint32_t column, double *values);
    struct annc_figures (*figures)(const struct numbers *numbers, uint32_t column);
    const char *what; /* "input" */
    uint32_t columns;
};

static struct annc_figures figures_of_input(const struct numbers *numbers, uint32_t j)
{
    const struct annc_ranges *ranges = numbers->ranges;
    return (struct annc_figures){ranges->mean[j], ranges->deviation[j], ranges->least[j], ranges->most[j]};
}

/* Read at least values[j] of a row. */
static annc_status read_input(const struct annc_table *table, size_t row, uint32_t j, double *values)
{
    if (table->text)
        return annc_table_read(table, row, values);
    values[j] = annc_table_value(table, row, j);
    return ANNC_OK;
}

static annc_status read_target(const struct annc_table *table, size_t row, uint32_t j, double *values)
{
    values[j] = annc_table_target(table, row, j);
    return ANNC_OK;
}

static struct annc_figures figures_of_target(const struct numbers *numbers, uint32_t j)
{
    return annc_target_figures(numbers->table, j, NULL, numbers->table->rows);
}

static float received(const struct numbers *numbers, uint32_t column, double x)
{
    return (float)(numbers->scaling->count ? annc_scaled(numbers->scaling, column, x) : x);
}

/* A column, and the distances between neighbouring numbers of its size, in units of the file. */
struct column {
    struct annc_figures figures;
    double read_step; /* of doubles */
    double step;      /* of the floats that the network receives */
};

static struct column column_of(const struct numbers *numbers, uint32_t j, struct annc_figures figures)
{
    const double size = fmax(fabs(figures.least), fabs(figures.most));
    const double factor = numbers->scaling->count ? fabs(numbers->scaling->factor[j]) : 1;
    const float largest = fmaxf(fabsf(received(numbers, j, figures.least)), fabsf(received(numbers, j, figures.most)));
    return (struct column){figures, nextafter(size, INFINITY) - size,
                           factor > 0 ? ((double)nextafterf(largest, INFINITY) - (double)largest) / factor : 0};
}

/* A number and what the network receives. */
struct pair {
    double x;
    float received;
};

static int by_number(const void *a, const void *b)
{
    const double x = ((const struct pair *)a)->x, y = ((const struct pair *)b)->x;
    return (x > y) - (x < y);
}

/* Counts the different values of a column, and those that the network receives. */
static annc_status count_values(const struct numbers *numbers, uint32_t j, uint32_t *different, uint32_t *kept)
{
    annc_status status = ANNC_OK;
    struct pair *pairs = NULL;
    double *values = NULL;
    uint32_t count = 0;
    ANNC_TRY(annc_allocate(numbers->table->rows, sizeof *pairs, "different values", (void **)&pairs));
    ANNC_TRY(annc_allocate(numbers->columns, sizeof *values, "a row", (void **)&values));
    for (uint32_t i = 0; i < numbers->table->rows; i++) {
        ANNC_TRY(numbers->read(numbers->table, i, j, values));
        if (!isnan(values[j]))
            pairs[count++] = (struct pair){values[j], received(numbers, j, values[j])};
    }
    qsort(pairs, count, sizeof *pairs, by_number);
    *different = *kept = count > 0;
    for (uint32_t i = 1; i < count; i++) {
        *different += pairs[i].x != pairs[i - 1].x;
        *kept += pairs[i].received != pairs[i - 1].received;
    }
out:
    annc_release(values);
    annc_release(pairs);
    return status;
}

/* Writes the note on a column; empty if no values become equal. */
static annc_status describe(const struct numbers *numbers, uint32_t j, const struct column *column, char *text,
                            size_t size)
{
    annc_status status = ANNC_OK;
    uint32_t different, kept;
    char name[NAME];
    text[0] = '\0';
    if (numbers->names->count > 0)
        snprintf(name, sizeof name, "'%.50s'", numbers->names->text[j]);
    else
        snprintf(name, sizeof name, "%s %u", numbers->what, j + 1);
    if (column->read_step > column->step || !(column->figures.most > column->figures.least)) {
        snprintf(text, size,
                 "%s lies between %.17g and %.17g, where numbers of double precision have steps of %g: different "
                 "values may have become equal; subtract a constant from it in the file",
                 name, column->figures.least, column->figures.most, column->read_step);
        return ANNC_OK;
    }
    ANNC_TRY(count_values(numbers, j, &different, &kept));
    if (kept < different)
        snprintf(text, size,
                 "%s lies between %.10g and %.10g, where single precision, in which networks compute, has steps of "
                 "%g: of its %u different values, %u remain; standardise it, or subtract a constant",
                 name, column->figures.least, column->figures.most, column->step, different, kept);
out:
    return status;
}

/* Returns whether rounding may have made different values of a column equal. A constant one may
 * have lost its differences while it was read. */
static bool is_coarse(const struct column *column)
{
    return column->figures.most > column->figures.least
               ? column->figures.deviation < FEW_STEPS * fmax(column->read_step, column->step)
               : column->read_step > 1;
}

static annc_status note_numbers(const struct numbers *numbers, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    uint32_t coarse = 0;
    char text[512];
    for (uint32_t j = 0; j < numbers->columns; j++) {
        const struct column column = column_of(numbers, j, numbers->figures(numbers, j));
        if (!is_coarse(&column))
            continue;
        ANNC_TRY(describe(numbers, j, &column, text, sizeof text));
        if (text[0] && coarse++ < MOST_NAMED)
            annc_note(notes, size, "warning: %s: %s", numbers->table->name, text);
    }
    if (coarse > MOST_NAMED)
        annc_note(notes, size, "warning: %s: so %s %u further %s%s", numbers->table->name,
                  coarse - MOST_NAMED == 1 ? "does" : "do", coarse - MOST_NAMED, numbers->what,
                  coarse - MOST_NAMED == 1 ? "" : "s");
out:
    return status;
}

annc_status annc_precision_note(const struct annc_preparation *preparation, const struct annc_table *table, char *notes,
                                size_t size)
{
    annc_status status = ANNC_OK;
    const struct numbers inputs = {.table = table,
                                   .ranges = &preparation->ranges,
                                   .scaling = &preparation->inputs,
                                   .names = &table->input_names,
                                   .read = read_input,
                                   .figures = figures_of_input,
                                   .what = "input",
                                   .columns = table->type == ANNC_BYTES ? 0 : table->inputs};
    const struct numbers targets = {.table = table,
                                    .scaling = &preparation->targets,
                                    .names = &table->target_names,
                                    .read = read_target,
                                    .figures = figures_of_target,
                                    .what = "target",
                                    .columns = table->targets ? table->outputs : 0};
    ANNC_TRY(note_numbers(&inputs, notes, size));
    ANNC_TRY(note_numbers(&targets, notes, size));
out:
    return status;
}
