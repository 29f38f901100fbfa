/* trainer.h - the state of a training. */
#ifndef ANNC_TRAINING_STEP_TRAINER_H
#define ANNC_TRAINING_STEP_TRAINER_H

#include "annc.h"
#include "backend/backend.h"
#include "backend/engine.h"
#include "training/step/feed.h"
#include "training/step/optimisation.h"
#include "training/step/propagate.h"

struct annc_trainer {
    struct annc_job job; /* the first member: a step finds its trainer by it */
    annc_device *device;
    annc_network *network;
    const annc_dataset *data;
    struct annc_feed feed;
    struct annc_pass pass;
    struct annc_optimisation optimisation;
    annc_training_options options;
    struct annc_score *scores;            /* of an epoch, on the host */
    uint32_t epoch;                       /* epochs begun */
    uint32_t steps;                       /* an epoch, the ragged last one included */
    annc_epoch report;                    /* of the epoch begun last, so far; its steps are those done */
    uint32_t asked;                       /* steps of the epoch that were done when a stop was last asked for */
    uint32_t block;                       /* steps between questions for a stop */
    const struct annc_engine_ops *engine; /* NULL: the operations run one after another */
    void *engine_state;
    float largest_input;
    uint64_t fingerprint; /* of the data; worked out for the first checkpoint (checkpoint.c) */
};

/* The parameters as the trainer has them on its device now; and a copy of them, all finite. */
const float *annc_trainer_theta(const annc_trainer *trainer);
annc_status annc_trainer_fetch_theta(const annc_trainer *trainer, float *theta);

#endif
