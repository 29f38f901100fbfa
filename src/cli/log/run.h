/* run.h - a run as recorded in its log: a training, a K-fold training or a sweep. */
#ifndef ANNC_CLI_LOG_RUN_H
#define ANNC_CLI_LOG_RUN_H

#include "cli/log/history.h"
#include "cli/log/log_record.h"

#include <stdbool.h>

/* One fold of a training. */
struct fold {
    struct history history;
    struct log_record end; /* its result; empty until the fold ends */
};

struct run {
    const char *path;       /* of the log, or the model */
    struct history history; /* the mean of the folds, if any */
    struct fold *folds;     /* by number; NULL without folds */
    size_t fold_count, fold_room;
    struct log_record *networks; /* of a sweep; otherwise NULL */
    size_t network_count, network_room;
    bool is_model; /* there is no log: the result is what a model says of its training */
    bool has_result;
    struct log_record result; /* the log's last line */
};

void run_free(struct run *run);

/* Returns the fold with a number, and adds it if it is new; NULL if the number is out of range. */
struct fold *run_fold(struct run *run, double number);
/* Adds an empty network and returns it. */
struct log_record *run_add_network(struct run *run);
/* Sets run->history to the mean of the folds, over the epochs that all folds have. */
void run_average(struct run *run);

/* Returns a member of the result as text, or NULL; as a number, or NaN. */
const char *run_text(const struct run *run, const char *key);
double run_number(const struct run *run, const char *key);
/* Returns an option of the training, or NULL. */
const char *run_option(const struct run *run, const char *name);
/* Returns the epoch that was kept, or, with folds, the epoch of the smallest mean validation loss;
 * NaN without validation. */
double run_kept_epoch(const struct run *run);

#endif
