/* training_options.h - checks of training options. */
#ifndef ANNC_TRAINING_STEP_TRAINING_OPTIONS_H
#define ANNC_TRAINING_STEP_TRAINING_OPTIONS_H

#include "annc.h"

/* The parts of annc_training_check. */
annc_status annc_rate_check(double eta);
annc_status annc_objective_check(const annc_objective *objective, const annc_shape *shape);
annc_status annc_augmentation_check(const annc_augmentation *augmentation);

#endif
