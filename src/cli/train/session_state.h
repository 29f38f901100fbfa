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

/* The result of an epoch. */
struct outcome {
    annc_epoch epoch;
    annc_evaluation test, validation; /* if such sets exist */
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
    annc_evaluator *test, *validation; /* NULL without such a set */
    float *class_weights;
    uint64_t fingerprint[2]; /* of the test and validation data, for the checkpoint; or 0 */
    struct history history;  /* of completed epochs, with --plot */
    struct live live;
    FILE *log;                      /* the caller's, or NULL */
    const annc_network *checkpoint; /* to resume from, the caller's; or NULL */
    struct folds *folds;            /* the folds of this session, the caller's; or NULL */
    uint32_t fold;                  /* number of this fold, from 1; 0 without folds */
    uint32_t every_epochs;          /* between checkpoints; 0: none */
    double every_seconds;           /* the same */
    double due;                     /* time of the next one by since_start(); 0: none */
    bool repeats;                   /* another session has already printed its notes */
    uint32_t epochs;                /* completed */
    uint32_t kept_epochs;           /* completed at the last checkpoint */
    struct outcome last;            /* of the completed epochs */
    struct outcome best;            /* by validation; the network keeps its values */
    bool has_best;
    enum ending ending;
    char stopped[128];            /* place of the stop, after a signal */
    double deadline;              /* seconds since the start of the process; 0 for none */
    double seconds, test_seconds; /* of completed epochs; at the end, of all steps */
    double unfinished;            /* seconds of an incomplete epoch */
};

/* The results of K-fold cross-validation so far. */
enum measure { ACCURACY, LOSS, R2, RMSE, MAE, MEASURES };

struct spread {
    double sum, squares;
    uint32_t count;
};

struct folds {
    struct spread spread[MEASURES];
    uint32_t fold; /* the current one, from 0 */
    bool classes;
    char data[512];           /* source of the data */
    annc_status print_status; /* result of printing epochs, in any thread */
    struct kept_error error;  /* of print_status, unless it is ANNC_OK */
};

#endif
