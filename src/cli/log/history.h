/* history.h - the epochs of a training as a table of numbers. */
#ifndef ANNC_CLI_LOG_HISTORY_H
#define ANNC_CLI_LOG_HISTORY_H

#include <stddef.h>
#include <stdint.h>

/* The columns of an epoch, named as the log names them; after them come the shares of saturated units, and the dead units, of each layer. */
enum epoch_column {
    EPOCH,
    TRAINING_LOSS,
    RATE,
    TRAINING_CORRECT,
    TRAINING_COUNT,
    TRAINING_ACCURACY, /* the log has it not: it is made of the two before */
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

/* Epochs, a row each; NaN for what does not exist. */
struct history {
    double *rows;
    size_t count, room;
    uint32_t layers; /* that a row has saturation of, 0 for none */
};

void history_add(struct history *history, const double *row);
void history_free(struct history *history);
/* Doubles from a row to the next. */
size_t history_width(const struct history *history);
/* The first of a column, or NULL where no row has a number there. */
const double *history_column(const struct history *history, size_t column);
/* The row of an epoch, or NULL. */
const double *history_row(const struct history *history, double epoch);

/* The column of the measure that a reader looks for first, of the test set or else of what there is; EPOCH where there is none. */
enum epoch_column history_measure(const struct history *history);
/* The row that was kept or, where nothing chose one, that has the best of that measure; NULL where there is none. */
const double *history_best(const struct history *history, double kept_epoch);

#endif
