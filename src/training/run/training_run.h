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
    annc_device *beside;               /* of `test`, to evaluate beside the next epoch; or NULL */
    annc_outcome outcome;              /* of an epoch whose evaluation runs */
    bool is_evaluating;                /* it does */
    annc_run_state state;
    double deadline;               /* by annc_now; 0 = none */
    double due;                    /* time of the next checkpoint; 0 = none */
    double unfinished;             /* seconds of an incomplete epoch */
    bool is_stopped, is_over_time; /* when last asked for; in a group, on any rank */
    uint64_t fingerprint[2];       /* of the test and validation data, for checkpoints; or 0 */
};

/* As annc_run_train; without epochs, state.last has the evaluations of the initial parameters. */
annc_status annc_run_complete(annc_run *run);
/* Saves a checkpoint, if the options name a file; of a group, rank 0 does. */
annc_status annc_run_save(annc_run *run);
/* Restores a new run to the state of options.resume. */
annc_status annc_run_resume(annc_run *run);

/* The parts of annc_run_complete, in the order of the calls. Saves a first checkpoint, unless the
 * run comes from one, and tells that the run begins. */
annc_status annc_run_begin(annc_run *run);
/* Finds out whether the run ends before its next epoch, and sets its ending. */
annc_status annc_run_is_over(annc_run *run, bool *over);
/* Return whether the steps of an epoch pause (a run as the context of `stop`): for good, even
 * within a minibatch that takes long, or for a checkpoint too. */
bool annc_run_ends_now(void *run);
bool annc_run_pauses(void *run);
/* Finds out, where the steps of an epoch paused, whether that was for good, on any rank. */
annc_status annc_run_ends(annc_run *run, bool *ends);
/* Evaluates after an epoch, keeps the best parameters, calls `each`, saves a due checkpoint. */
annc_status annc_run_count_epoch(annc_run *run, const annc_epoch *report);
/* Ends a run whose last epoch returned `status`. Returns the status of the whole run. */
annc_status annc_run_finish(annc_run *run, annc_status status);
/* Evaluates the initial parameters of a run without epochs. */
annc_status annc_run_measure_unless_trained(annc_run *run);

#endif
