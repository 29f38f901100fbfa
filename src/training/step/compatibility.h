/* compatibility.h - checks that a data set, a network and a device match. */
#ifndef ANNC_TRAINING_STEP_COMPATIBILITY_H
#define ANNC_TRAINING_STEP_COMPATIBILITY_H

#include "annc.h"

/* Checks that a network of this shape accepts the examples: counts of inputs and outputs, and
 * targets in the cost's range. ANNC_INPUT names both numbers, or the row. */
annc_status annc_examples_fit(const annc_shape *shape, const annc_examples *examples);
/* Checks the counts alone. */
annc_status annc_examples_counts_fit(const annc_shape *shape, const annc_examples *examples);
/* Checks that the examples are images if they are to be augmented. */
annc_status annc_augmentation_fits(const annc_dataset *dataset, const annc_augmentation *augmentation);

/* Returns the device bytes of a training without its examples. */
uint64_t annc_training_bytes(const annc_device *device, const annc_shape *shape, const annc_training_options *options,
                             const annc_examples *examples);

#endif
