/* unused.h - warnings about options that have no effect. They are not errors, so that scripts can
 * pass the same options to several runs. */
#ifndef ANNC_CLI_OPTIONS_UNUSED_H
#define ANNC_CLI_OPTIONS_UNUSED_H

#include "cli/options/option_types.h"

/* The typed options, and those that the trainings use: one training, or those of a sweep.
 * Zero-initialise it. */
struct unused {
    bool typed[OPTION_COUNT], used[OPTION_COUNT];
    annc_optimiser optimiser; /* of the first training */
    annc_schedule_kind schedule;
    bool has_training, many_optimisers, many_schedules;
};

/* Records the options of a training, and those that it uses. */
void unused_add(struct unused *unused, const struct options *options, const annc_training_options *training);
/* Warns of options that no training uses. */
void warn_unused_options(const struct unused *unused, const struct options *options);

/* Warns of options that do not apply to the loaded data. */
void warn_unused_data_options(const struct options *options, const annc_data_options *source, const annc_data *data);
/* Warns of options that do not apply to the worked example of `trace`. */
void warn_unused_example_options(const struct options *options);

#endif
