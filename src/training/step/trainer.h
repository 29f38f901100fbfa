/* trainer.h - the state of a trainer. */
#ifndef ANNC_TRAINING_STEP_TRAINER_H
#define ANNC_TRAINING_STEP_TRAINER_H

#include "annc.h"
#include "backend/backend.h"
#include "backend/engine.h"
#include "backend/group.h"
#include "training/step/feed.h"
#include "training/step/optimisation.h"
#include "training/step/propagate.h"

struct annc_trainer {
    struct annc_job job; /* the first member: job->step casts it back to the trainer */
    annc_device *device;
    annc_network *network;
    const annc_dataset *data;
    struct annc_feed feed;
    struct annc_pass pass;
    struct annc_optimisation optimisation;
    annc_training_options options;
    struct annc_group group;   /* this rank, of those that train together */
    struct annc_score *scores; /* of an epoch, on the host */
    uint32_t count, held;      /* examples of all shards; the first that this rank has */
    uint32_t epoch;            /* epochs begun */
    uint32_t steps;            /* per epoch, including a last, smaller one */
    /* Of the current epoch so far; its steps are the completed ones. */
    annc_epoch report;
    uint32_t asked;                       /* steps completed at the last call of `stop` */
    uint32_t block;                       /* steps between calls of `stop` */
    const struct annc_engine_ops *engine; /* NULL = the operations, one after another */
    void *engine_state;
    float largest_input;
    uint64_t fingerprint; /* of the data; computed for the first checkpoint (checkpoint.c) */
};

/* As annc_trainer_create, for one of a group of ranks. All ranks have the same options, and the
 * same data or each its shard; they start with rank 0's parameters, and have equal parameters after
 * every step. ANNC_DEVICE if the examples do not all fit on the device. */
annc_status annc_trainer_create_in(annc_device *device, annc_network *network, const annc_dataset *train,
                                   const annc_training_options *options, const struct annc_group *group,
                                   annc_trainer **trainer);

/* Returns whether a step of m examples asks whether to stop, and may end before its end. */
bool annc_trainer_asks_within(const annc_trainer *trainer, uint32_t m);

/* annc_trainer_theta returns the current parameters on the device. annc_trainer_fetch_theta copies
 * them to `theta`; ANNC_DIVERGED if one is not finite. */
const float *annc_trainer_theta(const annc_trainer *trainer);
annc_status annc_trainer_fetch_theta(const annc_trainer *trainer, float *theta);

#endif
