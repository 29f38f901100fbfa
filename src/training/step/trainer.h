/* trainer.h - what the training room shares. */
#ifndef ANNC_TRAINING_TRAIN_H
#define ANNC_TRAINING_TRAIN_H

#include "engine_choice.h"
#include "feed.h"
#include "optimisation.h"

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

/* Whether a network of this shape can take the examples: counts of inputs and outputs, and targets that the cost can take. ANNC_INPUT
 * names both numbers, or the row. */
annc_status annc_examples_fit(const annc_shape *shape, const annc_examples *examples);

/* The learning rate's part of annc_training_check, and the objective's. */
annc_status annc_rate_check(double eta);
annc_status annc_objective_check(const annc_objective *objective, const annc_shape *shape);

/* Bytes of a training beside its examples. */
uint64_t annc_training_bytes(const annc_device *device, const annc_shape *shape, const annc_training_options *options,
                             const annc_examples *examples);

/* See annc_trainer_health. */
annc_status annc_health_look(annc_device *device, const annc_shape *shape, const annc_examples *examples, uint64_t seed,
                             const float *theta, annc_layer_health *layers);

/* The parameters as the trainer has them on its device now; and a copy of them, all finite. */
const float *annc_trainer_theta(const annc_trainer *trainer);
annc_status annc_trainer_fetch_theta(const annc_trainer *trainer, float *theta);

#endif
