/* history.h - the epochs of a training as a table of numbers. */
#ifndef ANNC_CLI_LOG_HISTORY_H
#define ANNC_CLI_LOG_HISTORY_H

#include <stddef.h>
#include <stdint.h>

/* The columns of an epoch, named as in the log. Behind them follow, per layer, the share of
 * saturated units and the dead units. */
enum epoch_column {
    EPOCH,
    TRAINING_LOSS,
    RATE,
    TRAINING_CORRECT,
    TRAINING_COUNT,
    TRAINING_ACCURACY, /* not in the log: computed from the two before */
    VALIDATION_LOSS,
    VALIDATION_ACCURACY,
    VALIDATION_R2,
    VALIDATION_RMSE,
    TEST_LOSS,
    TEST_ACCURACY,
    TEST_R2,
    TEST_RMSE,
    SECONDS,
    TEST_SECONDS,
    SPEED,
    EPOCH_COLUMNS
};

/* Epochs, one per row; a missing value is NaN. */
struct history {
    double *rows;
    size_t count, room;
    uint32_t layers; /* layers with saturation in a row, 0 for none */
};

void history_add(struct history *history, const double *row);
void history_free(struct history *history);
/* Returns the number of doubles per row. */
size_t history_width(const struct history *history);
/* Returns the first element of a column, or NULL if no row has a number there. */
const double *history_column(const struct history *history, size_t column);
/* Returns the row of an epoch, or NULL. */
const double *history_row(const struct history *history, double epoch);

/* Returns the column of the main measure, from the test set if possible; EPOCH if none has
 * values. */
enum epoch_column history_measure(const struct history *history);
/* Returns the row of the kept epoch, or, with kept_epoch NaN, the best row by the main measure;
 * NULL if there is none. */
const double *history_best(const struct history *history, double kept_epoch);

#endif
