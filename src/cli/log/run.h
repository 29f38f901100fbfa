/* run.h - a run as its log tells it: a training, a training in folds, or a sweep. */
#ifndef ANNC_CLI_LOG_RUN_H
#define ANNC_CLI_LOG_RUN_H

#include "cli/log/history.h"
#include "cli/log/log_record.h"

#include <stdbool.h>

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
    struct log_record result; /* the log's last line */
};

void run_free(struct run *run);

/* The fold of a number, made where it is not there yet; NULL where no training has so many. */
struct fold *run_fold(struct run *run, double number);
/* One more network, empty. */
struct log_record *run_add_network(struct run *run);
/* Makes run->history the mean of the folds, of the epochs that all have. */
void run_average(struct run *run);

/* A member of the result, or NULL; as a number, or NaN. */
const char *run_text(const struct run *run, const char *key);
double run_number(const struct run *run, const char *key);
/* An option of the training, or NULL. */
const char *run_option(const struct run *run, const char *name);
/* The epoch that was kept, or, of folds, that of their smallest mean validation loss; NaN where nothing chose one. */
double run_kept_epoch(const struct run *run);

#endif
