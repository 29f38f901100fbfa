/* training_run.h - a run: one training from its first epoch to its end. */
#ifndef ANNC_TRAINING_RUN_TRAINING_RUN_H
#define ANNC_TRAINING_RUN_TRAINING_RUN_H

#include "annc.h"

struct annc_run {
    annc_device *device;
    annc_network *network;
    annc_run_options options;
    annc_trainer *trainer;
    annc_evaluator *validation, *test; /* NULL without such a set */
    annc_run_state state;
    double deadline;         /* by annc_now; 0 = none */
    double due;              /* time of the next checkpoint; 0 = none */
    double unfinished;       /* seconds of an incomplete epoch */
    uint64_t fingerprint[2]; /* of the test and validation data, for checkpoints; or 0 */
};

/* As annc_run_train; without epochs, state.last has the evaluations of the initial parameters. */
annc_status annc_run_complete(annc_run *run);
/* Saves a checkpoint, if the options name a file. */
annc_status annc_run_save(annc_run *run);
/* Restores a new run to the state of options.resume. */
annc_status annc_run_resume(annc_run *run);

#endif
