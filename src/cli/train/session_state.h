/* session_state.h - the data of one training of one network. */
#ifndef ANNC_CLI_TRAIN_SESSION_STATE_H
#define ANNC_CLI_TRAIN_SESSION_STATE_H

#include "annc.h"
#include "cli/log/history.h"
#include "cli/options/option_types.h"
#include "cli/terminal/usage.h"
#include "cli/train/live_line.h"

#include <stdio.h>

/* Why the training ended. */
enum ending {
    ENDED_BY_EPOCHS,
    ENDED_BY_PATIENCE,
    ENDED_BY_TARGET,
    ENDED_BY_TIME,
    ENDED_BY_SIGNAL,
    ENDED_BY_DIVERGENCE
};

/* What an epoch came to. */
struct outcome {
    annc_epoch epoch;
    annc_evaluation test, validation; /* where there are such sets */
    annc_layer_health health[ANNC_MAX_LAYERS];
};

struct folds;

struct session {
    const struct options *options;
    annc_device *device; /* the caller's */
    annc_shape shape;
    annc_training_options training;
    annc_data data;
    annc_network *network;
    annc_trainer *trainer;
    annc_evaluator *test, *validation; /* NULL where there is no such set */
    float *class_weights;
    uint64_t fingerprint[2]; /* of the data to test and to validate with, once a checkpoint is taken; 0 */
    struct history history;  /* of the epochs done, where --plot asks for it */
    struct live live;
    FILE *log;                      /* the caller's, or NULL */
    const annc_network *checkpoint; /* to go on from, the caller's; or NULL */
    struct folds *folds;            /* that this is one of, the caller's; or NULL */
    uint32_t fold;                  /* which of them, from 1; 0 where it is none */
    uint32_t every_epochs;          /* between checkpoints; 0: none */
    double every_seconds;           /* the same */
    double due;                     /* the next one, by since_start(); 0: none */
    bool repeats;                   /* another session has told what there is to tell before the work */
    uint32_t epochs;                /* done */
    uint32_t kept_epochs;           /* done when the last checkpoint was written */
    struct outcome last;            /* of the epochs done */
    struct outcome best;            /* by validation; all of it is kept in the network */
    bool has_best;
    enum ending ending;
    char stopped[128];            /* where, after a signal */
    double deadline;              /* seconds since the start of the process; 0 for none */
    double seconds, test_seconds; /* of the epochs done; at the end, of all steps */
    double unfinished;            /* seconds of an epoch that was left before its end */
};

/* What K-fold validation came to so far. */
enum measure { ACCURACY, LOSS, R2, RMSE, MAE, MEASURES };

struct spread {
    double sum, squares;
    uint32_t count;
};

struct folds {
    struct spread spread[MEASURES];
    uint32_t fold; /* the one at work, from 0 */
    bool classes;
    char data[512];           /* where they came from */
    annc_status print_status; /* of the lines of epochs, written by whichever thread */
    struct kept_error error;  /* of that, unless it is ANNC_OK */
};

#endif
