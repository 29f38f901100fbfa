/* history.c - the epochs of a training as a table of numbers. */
#include "cli/log/history.h"
#include "cli/terminal/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t history_width(const struct history *history)
{
    return EPOCH_COLUMNS + 2 * (size_t)history->layers;
}

void history_add(struct history *history, const double *row)
{
    const size_t width = history_width(history);
    history->rows = take_more(history->rows, history->count + 1, &history->room, width * sizeof *row, "the epochs");
    memcpy(history->rows + history->count++ * width, row, width * sizeof *row);
}

void history_free(struct history *history)
{
    free(history->rows);
    memset(history, 0, sizeof *history);
}

const double *history_column(const struct history *history, size_t column)
{
    const size_t width = history_width(history);
    for (size_t i = 0; i < history->count; i++)
        if (!isnan(history->rows[i * width + column]))
            return history->rows + column;
    return NULL;
}

const double *history_row(const struct history *history, double epoch)
{
    const size_t width = history_width(history);
    for (size_t i = history->count; i > 0; i--) {
        const double *row = history->rows + (i - 1) * width;
        if (!(row[EPOCH] < epoch) && !(row[EPOCH] > epoch))
            return row;
    }
    return NULL;
}

enum epoch_column history_measure(const struct history *history)
{
    static const enum epoch_column measures[] = {TEST_ACCURACY, TEST_R2, VALIDATION_ACCURACY, VALIDATION_R2,
                                                 TRAINING_ACCURACY};
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        if (history_column(history, measures[i]))
            return measures[i];
    return EPOCH;
}

const double *history_best(const struct history *history, double kept_epoch)
{
    const size_t width = history_width(history);
    const enum epoch_column measure = history_measure(history);
    const double *best = NULL;
    if (!isnan(kept_epoch))
        return history_row(history, kept_epoch);
    for (size_t i = 0; i < history->count && measure != EPOCH; i++) {
        const double *row = history->rows + i * width;
        if (!isnan(row[measure]) && (!best || row[measure] > best[measure]))
            best = row;
    }
    return best;
}
