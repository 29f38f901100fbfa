/* session_state.h - the data of one training of one network. */
#ifndef ANNC_CLI_TRAIN_SESSION_STATE_H
#define ANNC_CLI_TRAIN_SESSION_STATE_H

#include "annc.h"
#include "cli/log/history.h"
#include "cli/options/option_types.h"
#include "cli/train/live_line.h"

#include <stdio.h>

struct session {
    const struct options *options;
    annc_device *device; /* the caller's */
    annc_shape shape;
    annc_run_options run_options;
    annc_data data;
    annc_network *network;
    annc_run *run;                             /* NULL before it is open, and after its end */
    annc_run_state state;                      /* of the run */
    uint32_t earlier;                          /* epochs that the model of --load had before the run */
    annc_layer_health health[ANNC_MAX_LAYERS]; /* at the end */
    float *class_weights;
    struct history history; /* of completed epochs, with --plot */
    struct live live;
    FILE *log;                                          /* the caller's, or NULL */
    const annc_network *checkpoint;                     /* to resume from, the caller's; or NULL */
    uint32_t fold;                                      /* number of this fold, from 1; 0 without folds */
    annc_status (*each)(const struct session *session); /* after every epoch */
    bool repeats;                                       /* another session has already printed its notes */
    double deadline;                                    /* seconds since the start of the process; 0 for none */
};

/* Returns an epoch's number for people and logs: those of a model of --load count. */
static inline uint32_t session_epoch(const struct session *session, uint32_t epoch)
{
    return session->earlier + epoch;
}

#endif
