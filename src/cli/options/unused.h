/* unused.h - options of the command line that do nothing beside the others. That is told and is no mistake: scripts that give several runs the same
 * options go on. */
#ifndef ANNC_CLI_OPTIONS_UNUSED_H
#define ANNC_CLI_OPTIONS_UNUSED_H

#include "cli/options/option_types.h"

/* What was typed, and what of it trainings use: one, or those of a sweep. All zero at first. */
struct unused {
    bool typed[OPTION_COUNT], used[OPTION_COUNT];
    annc_optimiser optimiser; /* of the first training */
    annc_schedule_kind schedule;
    bool has_training, many_optimisers, many_schedules;
};

/* Counts the options of a training, and what it makes of them. */
void unused_add(struct unused *unused, const struct options *options, const annc_training_options *training);
/* Tells what no training uses. */
void warn_unused_options(const struct unused *unused, const struct options *options);

/* Tells what says nothing of the data that were loaded. */
void warn_unused_data_options(const struct options *options, const annc_data_options *source, const annc_data *data);
/* Tells what says nothing of the worked example that `trace` shows. */
void warn_unused_example_options(const struct options *options);

#endif
