/* compatibility.h - whether a data set, a network and a device belong together. */
#ifndef ANNC_TRAINING_STEP_COMPATIBILITY_H
#define ANNC_TRAINING_STEP_COMPATIBILITY_H

#include "annc.h"

/* Whether a network of this shape can take the examples: counts of inputs and outputs, and targets that the cost can take. ANNC_INPUT
 * names both numbers, or the row. */
annc_status annc_examples_fit(const annc_shape *shape, const annc_examples *examples);

/* Bytes of a training beside its examples. */
uint64_t annc_training_bytes(const annc_device *device, const annc_shape *shape, const annc_training_options *options,
                             const annc_examples *examples);

#endif
