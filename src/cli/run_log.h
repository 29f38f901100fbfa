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

void history_add(struct history *history, const double *row);
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

/* A line that was kept. */
struct log_record {
    struct log_entry *entries;
    size_t count;
    char *line; /* that they point into */
};

/* One of the folds of a training. */
struct fold {
    struct history history;
    struct log_record end; /* what it came to; empty as long as it is not over */
};

struct run {
    const char *path;       /* of the log */
    struct history history; /* of a training in folds, their mean */
    struct fold *folds;     /* by their numbers; NULL where it has none */
    size_t fold_count, fold_room;
    struct log_record *networks; /* of a sweep; NULL otherwise */
    size_t network_count, network_room;
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
/* The epoch that was kept, or, of folds, that of their smallest mean validation loss; NaN where nothing chose one. */
double run_kept_epoch(const struct run *run);
/* An option of the training, or NULL. */
const char *run_option(const struct run *run, const char *name);

/* The same of a record. */
const char *record_text(const struct log_record *record, const char *key);
double record_number(const struct log_record *record, const char *key);
/* Keeps a line, which was found to be JSON; what the record had is gone. */
annc_status record_take(const char *line, struct log_record *record);
void record_free(struct log_record *record);

/* run_parts.c: a training's folds and a sweep's networks. */
/* The fold of a number, made where it is not there yet; NULL where no training has so many. */
struct fold *run_fold(struct run *run, double number);
annc_status run_add_network(struct run *run, const char *line);
/* Makes run->history the mean of the folds, of the epochs that all have. */
void run_average(struct run *run);
void run_free_parts(struct run *run);

/* The column of the measure that a reader looks for first, of the test set or else of what there is; EPOCH where there is none. */
enum epoch_column history_measure(const struct history *history);
/* The row that was kept or, where nothing chose one, that has the best of that measure; NULL where there is none. */
const double *history_best(const struct history *history, double kept_epoch);

#endif
