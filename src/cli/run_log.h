/* run_log.h - what a log (train --log) says of a run; and the epochs of a run as a table of numbers. */
#ifndef ANNC_CLI_RUN_LOG_H
#define ANNC_CLI_RUN_LOG_H

#include "annc.h"

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

annc_status history_add(struct history *history, const double *row);
void history_free(struct history *history);
/* Doubles from a row to the next. */
size_t history_width(const struct history *history);
/* The first of a column, or NULL where no row has a number there. */
const double *history_column(const struct history *history, size_t column);
/* The row of an epoch, or NULL. */
const double *history_row(const struct history *history, double epoch);

/* A member of the log's last line, as text: strings unescaped, numbers as written. */
struct log_entry {
    const char *key, *text;
};

struct run {
    const char *path; /* of the log */
    struct history history;
    bool has_result;
    struct log_entry *entries; /* of the result */
    size_t entry_count;
    struct log_entry *options; /* of the training */
    size_t option_count;
    char *line; /* that the entries point into */
};

/* Reads a log. ANNC_INPUT names the file and the line, and what is wrong with it. */
annc_status run_read(const char *path, struct run *run);
void run_free(struct run *run);

/* A member of the result, or NULL; as a number, or NaN. */
const char *run_text(const struct run *run, const char *key);
double run_number(const struct run *run, const char *key);
/* An option of the training, or NULL. */
const char *run_option(const struct run *run, const char *name);

/* The column of the measure that a reader looks for first, of the test set or else of what there is; EPOCH where there is none. */
enum epoch_column history_measure(const struct history *history);
/* The row that was kept or, where nothing chose one, that has the best of that measure; NULL where there is none. */
const double *history_best(const struct history *history, double kept_epoch);

#endif
