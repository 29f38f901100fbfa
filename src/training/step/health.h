/* health.h - saturated and dead units. */
#ifndef ANNC_TRAINING_STEP_HEALTH_H
#define ANNC_TRAINING_STEP_HEALTH_H

#include "training/step/layout.h"

/* See annc_trainer_health. theta is in that layout. */
annc_status annc_health_look(annc_device *device, const annc_shape *shape, const annc_examples *examples, uint64_t seed,
                             const struct annc_layout *layout, const float *theta, annc_layer_health *layers);

#endif
