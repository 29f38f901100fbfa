/* train.h - what the training room shares. */
#ifndef ANNC_TRAINING_TRAIN_H
#define ANNC_TRAINING_TRAIN_H

#include "annc.h"

/* Whether a network of this shape can take the examples: counts of inputs and outputs, and targets that the cost can take. ANNC_INPUT
 * names both numbers, or the row. */
annc_status annc_examples_fit(const annc_shape *shape, const annc_examples *examples);

/* The objective's part of annc_training_check. */
annc_status annc_objective_check(const annc_objective *objective, const annc_shape *shape);

/* Bytes that a device has left for examples beside the rest of a training. */
uint64_t annc_room_for_examples(const annc_device *device, const annc_shape *shape,
                                const annc_training_options *options, const annc_examples *examples);

/* See annc_trainer_health. */
annc_status annc_health_look(annc_device *device, const annc_shape *shape, const annc_examples *examples, uint64_t seed,
                             const float *theta, annc_layer_health *layers);

/* The parameters as the trainer has them on its device now. */
const float *annc_trainer_theta(const annc_trainer *trainer);

#endif
