/* training_from_options.h - from options to the objective and the options of a training. */
#ifndef ANNC_CLI_OPTIONS_TRAINING_FROM_OPTIONS_H
#define ANNC_CLI_OPTIONS_TRAINING_FROM_OPTIONS_H

#include "annc.h"
#include "cli/options/option_types.h"

/* What is added to the cost, and all of training, as far as it can be told without the data: ANNC_USAGE otherwise. Class weights come with
 * weigh_classes. */
annc_status objective_from_options(const struct options *options, annc_objective *objective);
annc_status training_from_options(const struct options *options, const annc_shape *shape,
                                  annc_training_options *training);
/* --class-weights for a data set: an array that the caller frees, or NULL where there are none. */
annc_status weigh_classes(const struct options *options, const annc_dataset *dataset, float **weights);

#endif
