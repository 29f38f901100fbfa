/* ranges.c - measures the inputs of a table and compares them with those in training. */
#include "dataset/prepare/ranges.h"
#include "base/notes.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/dates/calendar.h"
#include "dataset/dates/dates.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Sums of bytes and of their squares fit 32 bits for so many rows. */
enum { ROWS_PER_SUM = 1 << 16, BYTE = 255 };
/* What is measured of a file too large for the memory: so many rows, fewer of wide ones, as each is
 * read from another place of the file. */
enum { MOST_ROWS = 1 << 14, FEWEST_ROWS = 1 << 10, MOST_VALUES = 1 << 27 };

/* ---------------------------------------------------------------- measuring */

annc_status annc_ranges_open(struct annc_ranges *ranges, uint32_t count)
{
    annc_status status = ANNC_OK;
    double **const arrays[] = {&ranges->least, &ranges->most, &ranges->mean, &ranges->deviation};
    memset(ranges, 0, sizeof *ranges);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        ANNC_TRY(annc_allocate(count, sizeof(double), "the ranges of the inputs", (void **)arrays[i]));
    ranges->count = count;
out:
    if (status != ANNC_OK)
        annc_ranges_free(ranges);
    return status;
}

void annc_ranges_free(struct annc_ranges *ranges)
{
    annc_release(ranges->least);
    annc_release(ranges->most);
    annc_release(ranges->mean);
    annc_release(ranges->deviation);
    memset(ranges, 0, sizeof *ranges);
}

/* Adds up to ROWS_PER_SUM rows of bytes to 32-bit sums, which compilers vectorise. */
static void add_bytes(const uint8_t *x, const uint32_t *rows, uint32_t first, uint32_t after, uint32_t n,
                      uint32_t *restrict sum, uint32_t *restrict squares, uint8_t *restrict least,
                      uint8_t *restrict most)
{
    for (uint32_t i = first; i < after; i++) {
        const uint8_t *row = x + (size_t)(rows ? rows[i] : i) * n;
        for (uint32_t j = 0; j < n; j++) {
            const uint32_t value = row[j];
            sum[j] += value;
            squares[j] += value * value;
            least[j] = row[j] < least[j] ? row[j] : least[j];
            most[j] = row[j] > most[j] ? row[j] : most[j];
        }
    }
}

/* Returns how many rows of n bytes that stay in their file are read before they are given back. */
static uint32_t rows_of_block(uint32_t n)
{
    enum { BLOCK = 4 << 20 };
    const uint32_t rows = BLOCK / n;
    return rows < 1 ? 1 : rows < ROWS_PER_SUM ? rows : ROWS_PER_SUM;
}

/* Measures bytes by exact sums. */
static annc_status measure_bytes(const struct annc_table *table, const uint32_t *rows, uint32_t count,
                                 struct annc_ranges *ranges)
{
    annc_status status = ANNC_OK;
    const uint32_t n = table->inputs;
    size_t left = 0;
    uint32_t *sums = NULL;
    uint8_t *limits = NULL;
    ANNC_TRY(annc_allocate(annc_product(2, n), sizeof *sums, "sums of the inputs", (void **)&sums));
    ANNC_TRY(annc_allocate(annc_product(2, n), 1, "limits of the inputs", (void **)&limits));
    memset(limits, BYTE, n);
    const uint32_t at_once = table->mapping.base ? rows_of_block(n) : ROWS_PER_SUM;
    for (uint32_t first = 0; first < count; first += at_once) {
        const uint32_t after = count - first < at_once ? count : first + at_once;
        memset(sums, 0, 2 * (size_t)n * sizeof *sums);
        add_bytes(table->x, rows, first, after, n, sums, sums + n, limits, limits + n);
        left = annc_table_leave(table, rows ? rows[after - 1] : after - 1, left);
        for (uint32_t j = 0; j < n; j++) {
            ranges->mean[j] += sums[j];
            ranges->deviation[j] += sums[n + j];
        }
        if (after == count)
            break;
    }
    for (uint32_t j = 0; j < n; j++) {
        const double sum = ranges->mean[j], squares = ranges->deviation[j];
        ranges->mean[j] = sum / count;
        ranges->deviation[j] = sqrt(fmax(0, squares / count - sum / count * (sum / count)));
        ranges->least[j] = limits[j];
        ranges->most[j] = limits[n + j];
    }
out:
    annc_release(sums);
    annc_release(limits);
    return status;
}

static double weight_of(const struct annc_table *table, size_t row)
{
    return table->weights ? (double)table->weights[row] : 1;
}

/* Adds up the values of each input, row by row, by the weights of the rows; n: the weight of those
 * that are there. Missing values add 0, so that compilers vectorise the loop. */
static annc_status add_values(const struct annc_table *table, const uint32_t *rows, uint32_t count,
                              double *restrict values, double *restrict n, struct annc_ranges *ranges)
{
    double *restrict least = ranges->least, *restrict most = ranges->most, *restrict mean = ranges->mean;
    size_t left = 0;
    for (uint32_t j = 0; j < table->inputs; j++) {
        least[j] = INFINITY;
        most[j] = -INFINITY;
    }
    for (uint32_t i = 0; i < count; i++) {
        const size_t row = rows ? rows[i] : i;
        const double weight = weight_of(table, row);
        ANNC_RETURN_IF_FAILED(annc_table_read(table, row, values));
        for (uint32_t j = 0; j < table->inputs; j++) {
            const double x = values[j];
            n[j] += isnan(x) ? 0 : weight;
            mean[j] += isnan(x) ? 0 : weight * x;
            least[j] = x < least[j] ? x : least[j];
            most[j] = x > most[j] ? x : most[j];
        }
        left = annc_table_leave(table, row, left);
    }
    for (uint32_t j = 0; j < table->inputs; j++) {
        if (n[j] == 0)
            least[j] = most[j] = 0;
        mean[j] = n[j] > 0 ? mean[j] / n[j] : 0;
    }
    return ANNC_OK;
}

static annc_status add_deviations(const struct annc_table *table, const uint32_t *rows, uint32_t count,
                                  double *restrict values, const double *restrict n, struct annc_ranges *ranges)
{
    double *restrict deviation = ranges->deviation;
    const double *restrict mean = ranges->mean;
    size_t left = 0;
    for (uint32_t i = 0; i < count; i++) {
        const size_t row = rows ? rows[i] : i;
        const double weight = weight_of(table, row);
        ANNC_RETURN_IF_FAILED(annc_table_read(table, row, values));
        for (uint32_t j = 0; j < table->inputs; j++) {
            const double difference = isnan(values[j]) ? 0 : values[j] - mean[j];
            deviation[j] += weight * (difference * difference);
        }
        left = annc_table_leave(table, row, left);
    }
    for (uint32_t j = 0; j < table->inputs; j++)
        deviation[j] = n[j] > 0 ? sqrt(deviation[j] / n[j]) : 0;
    return ANNC_OK;
}

static uint32_t rows_of_sample(uint32_t inputs)
{
    uint32_t rows = MOST_ROWS;
    while (rows > FEWEST_ROWS && (uint64_t)rows * inputs > MOST_VALUES)
        rows /= 2;
    return rows;
}

/* Lists `some` of `count` rows, evenly spaced. */
static annc_status sample_rows(const uint32_t *rows, uint32_t count, uint32_t some, uint32_t **sample)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(some, sizeof **sample, "a sample of the rows", (void **)sample));
    for (uint64_t i = 0; i < some; i++) {
        const uint32_t at = (uint32_t)(i * count / some);
        (*sample)[i] = rows ? rows[at] : at;
    }
out:
    return status;
}

annc_status annc_ranges_measure(const struct annc_table *table, const uint32_t *rows, uint32_t count,
                                struct annc_ranges *ranges)
{
    annc_status status = ANNC_OK;
    double *n = NULL, *values = NULL;
    uint32_t *sample = NULL;
    const uint32_t some = rows_of_sample(table->inputs);
    bool scattered = false;
    if (table->mapping.base && count > some && !table->has_shards) {
        ANNC_TRY(sample_rows(rows, count, some, &sample));
        rows = sample;
        count = some;
        scattered = true;
        annc_mapping_scatter(&table->mapping, true);
        for (uint32_t i = 0; i < count; i++)
            annc_table_fetch(table, rows[i]);
    }
    ANNC_TRY(annc_ranges_open(ranges, table->inputs));
    if (table->type == ANNC_BYTES && !table->weights) {
        ANNC_TRY(measure_bytes(table, rows, count, ranges));
    } else {
        ANNC_TRY(annc_allocate(table->inputs, sizeof *n, "weights of the inputs", (void **)&n));
        ANNC_TRY(annc_allocate(table->inputs, sizeof *values, "a row of the inputs", (void **)&values));
        ANNC_TRY(add_values(table, rows, count, values, n, ranges));
        ANNC_TRY(add_deviations(table, rows, count, values, n, ranges));
    }
out:
    if (scattered)
        annc_mapping_scatter(&table->mapping, false);
    annc_release(n);
    annc_release(values);
    annc_release(sample);
    if (status != ANNC_OK)
        annc_ranges_free(ranges);
    return status;
}

void annc_ranges_whole(const struct annc_ranges *ranges, double *least, double *most)
{
    *least = INFINITY;
    *most = -INFINITY;
    for (uint32_t j = 0; j < ranges->count; j++) {
        *least = ranges->least[j] < *least ? ranges->least[j] : *least;
        *most = ranges->most[j] > *most ? ranges->most[j] : *most;
    }
}

/* ---------------------------------------------------------------- comparing */

enum { MOST_NAMED = 3, INPUT_NAME = 64 };

static double size_of(double least, double most)
{
    return fmax(fabs(least), fabs(most));
}

/* Writes the name of an input for a note, and returns it. */
static const char *name_of(const struct annc_texts *names, uint32_t j, char name[INPUT_NAME])
{
    if (names->count > 0)
        snprintf(name, INPUT_NAME, "'%.50s'", names->text[j]);
    else
        snprintf(name, INPUT_NAME, "input %u", j + 1);
    return name;
}

static const double CLEARLY = 0.5, /* beyond a range by so many of its widths: the mean, or any pixel */
    FAR = 10,                      /* the same of a single value */
    FAR_INSIDE = 50,               /* times smaller, in size and in deviation */
    PIXELS_INSIDE = 100;           /* times smaller, of values in one unit: 1 for 255, say */
enum { ENOUGH_ROWS = 10, BRIGHT = 128, LEAST_PIXELS = 64 };

static bool is_outside(double least, double most, double low, double high, double widths)
{
    const double margin = widths * (high - low);
    return least < low - margin || most > high + margin;
}

/* Returns whether the inputs have one unit, as pixels have: many, and the ranges of a quarter of them
 * are half as wide as that of all. */
static bool are_uniform(const struct annc_ranges *training)
{
    double low, high;
    uint32_t wide = 0;
    annc_ranges_whole(training, &low, &high);
    for (uint32_t j = 0; j < training->count; j++)
        wide += training->most[j] - training->least[j] >= (high - low) / 2;
    return training->count >= LEAST_PIXELS && wide >= training->count / 4;
}

/* Pixels and the like: the range of all of them is compared. */
static bool compare_whole(const struct annc_ranges *training, const struct annc_ranges *used, const char *table,
                          char *notes, size_t size)
{
    double low, high, least, most;
    annc_ranges_whole(training, &low, &high);
    annc_ranges_whole(used, &least, &most);
    const double here = size_of(least, most), there = size_of(low, high);
    if (!(high > low) || here == 0 || (!is_outside(least, most, low, high, CLEARLY) && here * PIXELS_INSIDE > there))
        return false;
    const char *remedy = here <= 1 && there >= BRIGHT               ? "multiply them by 255"
                         : here >= BRIGHT && low >= 0 && there <= 1 ? "divide them by 255"
                                                                    : "scale them as the training data were scaled";
    annc_note(notes, size, "warning: %s: the inputs lie between %g and %g, but lay between %g and %g in training; %s",
              table, least, most, low, high, remedy);
    return true;
}

static bool is_unlike(const struct annc_ranges *training, const struct annc_ranges *used, uint32_t rows, uint32_t j)
{
    const double low = training->least[j], high = training->most[j], mean = used->mean[j];
    if (!(high > low)) /* it was constant, and does not count or cannot be judged */
        return false;
    return is_outside(mean, mean, low, high, CLEARLY) || is_outside(used->least[j], used->most[j], low, high, FAR) ||
           (rows >= ENOUGH_ROWS && used->deviation[j] > 0 &&
            used->deviation[j] * FAR_INSIDE <= training->deviation[j] &&
            size_of(used->least[j], used->most[j]) * FAR_INSIDE <= size_of(low, high));
}

/* Returns the digits that tell the ends of a range apart: 6, or more for a large offset. */
static int digits_of(double low, double high)
{
    enum { HIDDEN = 3 }; /* of nine */
    return annc_number_digits(100 * size_of(low, high) / (high - low)) - HIDDEN;
}

static void note_dates(const struct annc_ranges *training, const struct annc_ranges *used, uint32_t j, const char *name,
                       const char *table, char *notes, size_t size)
{
    char least[ANNC_DATE_TEXT], most[ANNC_DATE_TEXT], low[ANNC_DATE_TEXT], high[ANNC_DATE_TEXT];
    annc_note(notes, size,
              "warning: %s: %s lies between %s and %s, but lay between %s and %s in training; the model has not learnt "
              "from such dates",
              table, name, annc_date_print(used->least[j], least), annc_date_print(used->most[j], most),
              annc_date_print(training->least[j], low), annc_date_print(training->most[j], high));
}

static bool compare_each(const struct annc_ranges *training, const struct annc_ranges *used, uint32_t rows,
                         const struct annc_texts *names, const bool *dates, const char *table, char *notes, size_t size)
{
    uint32_t unlike = 0;
    for (uint32_t j = 0; j < used->count; j++) {
        char name[INPUT_NAME];
        if (!is_unlike(training, used, rows, j) || unlike++ >= MOST_NAMED)
            continue;
        if (annc_is_date(dates, j)) {
            note_dates(training, used, j, name_of(names, j, name), table, notes, size);
            continue;
        }
        const int digits = digits_of(training->least[j], training->most[j]);
        annc_note(notes, size,
                  "warning: %s: %s lies between %.*g and %.*g, but lay between %.*g and %.*g in training; give it in "
                  "the unit of the training data",
                  table, name_of(names, j, name), digits, used->least[j], digits, used->most[j], digits,
                  training->least[j], digits, training->most[j]);
    }
    if (unlike > MOST_NAMED)
        annc_note(notes, size, "warning: %s: %u further input%s unlike those in training", table, unlike - MOST_NAMED,
                  unlike - MOST_NAMED == 1 ? " is" : "s are");
    return unlike > 0;
}

bool annc_ranges_compare(const struct annc_ranges *training, const struct annc_ranges *used, uint32_t rows,
                         const struct annc_texts *names, const bool *dates, const char *table, char *notes, size_t size)
{
    if (training->count == 0)
        return false;
    if (training->count != used->count || are_uniform(training))
        return compare_whole(training, used, table, notes, size);
    return compare_each(training, used, rows, names, dates, table, notes, size);
}
