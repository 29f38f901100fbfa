/* session.h - one training of one network: its data, its epochs, its measures, and when it ends. */
#ifndef ANNC_CLI_SESSION_H
#define ANNC_CLI_SESSION_H

#include "cli.h"
#include "history.h"
#include "live_line.h"

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
    char data[512];   /* where they came from */
    annc_status said; /* of the lines that epochs write */
};

/* Data by `source` and the network, as far as they can be had without training. */
annc_status session_prepare(struct session *session, const annc_data_options *source, bool may_fetch);
/* Opens all of it: data by `source`, the network as the options say unless session->network is there already. */
annc_status session_open(struct session *session, const annc_data_options *source, bool may_fetch);
void session_close(struct session *session);
/* Gives back what trains and measures, and leaves the network and its data. */
void session_end_training(struct session *session);
/* Trains until something ends it. `each` is told of each epoch. After ANNC_OK, and ANNC_STOPPED by a signal, the network has the parameters to
 * keep: of the best epoch where there is validation, otherwise of the last. */
annc_status session_train(struct session *session, annc_status (*each)(const struct session *session));

/* train_log.c: opens what --log names, where that was given; what is there is left as it is. */
annc_status log_open(struct session *session);
/* The training begins: what an earlier one said in the log gives way, unless this one goes on from a checkpoint. */
annc_status log_begin(const struct session *session);

/* session_checkpoint.c: what a network must say of the session that made it. */
annc_status describe_network(const struct session *session, uint32_t epochs, annc_network *network);
/* Writes a model and tells of it, `what` behind its name. Where that fails, the work is not lost: the model is then in the folder of temporary
 * files, and where that is is told besides the error. */
annc_status save_model(const struct options *options, const annc_network *network, const char *path, const char *what);
/* How often --checkpoint-every says. */
annc_status checkpoint_interval(const struct options *options, uint32_t *epochs, double *seconds);
/* Writes all that the session is to --checkpoint, where that was given. */
annc_status session_save(struct session *session);
/* Brings a session whose trainer is open to where session->checkpoint was taken. */
annc_status session_restore(struct session *session);
/* How far the folds of a checkpoint had come. */
annc_status folds_restore(const annc_network *checkpoint, struct folds *folds);

/* The epoch that was kept by validation, or NaN. */
double session_kept_epoch(const struct session *session);
/* What the network that is kept came to. */
const struct outcome *session_outcome(const struct session *session);

/* Whether the data have classes. */
bool session_has_classes(const struct session *session);
/* The share that was right. */
double accuracy_of(const annc_evaluation *evaluation);

/* training_output.c: what is printed of a session. */
void print_shapes(const struct session *session);
annc_status print_epoch(const struct session *session);
/* An epoch to the log alone. */
annc_status log_epoch(const struct session *session);
annc_status print_result(const struct session *session);
void print_warnings(const struct session *session);
/* After a signal: where it stopped, and how to go on from the checkpoint, or, where that was saved, from the model. */
void print_stop(const struct session *session, bool saved);
/* How the classes share the training set. */
void print_balance(const struct session *session);
/* The measures of a set as members of a JSON object, their keys beginning with `prefix`. */
void json_measures(struct json *json, const struct session *session, const char *prefix,
                   const annc_evaluation *evaluation);
/* The network and what it is trained on; and what it is trained with, as members of a JSON object. */
void json_network(struct json *json, const struct session *session);
void json_configuration(struct json *json, const struct session *session);

#endif
