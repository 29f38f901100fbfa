/* training_from_options.h - makes the objective and the training options from options. */
#ifndef ANNC_CLI_OPTIONS_TRAINING_FROM_OPTIONS_H
#define ANNC_CLI_OPTIONS_TRAINING_FROM_OPTIONS_H

#include "annc.h"
#include "cli/options/option_types.h"

/* Set the objective, the augmentation and the training options as far as possible without the data. ANNC_USAGE if
 * they are invalid. weigh_classes sets the class weights. */
annc_status objective_from_options(const struct options *options, annc_objective *objective);
annc_status augmentation_from_options(const struct options *options, annc_augmentation *augmentation);
annc_status training_from_options(const struct options *options, const annc_shape *shape,
                                  annc_training_options *training);
/* Returns the weights of --class-weights for a data set: an array that the caller frees, or NULL
 * without weights. */
annc_status weigh_classes(const struct options *options, const annc_dataset *dataset, float **weights);

#endif
