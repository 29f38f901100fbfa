/* command_sweep.h - annc-gpu sweep. */
#ifndef ANNC_CLI_TRAIN_COMMAND_SWEEP_H
#define ANNC_CLI_TRAIN_COMMAND_SWEEP_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_sweep(const struct options *options);

#endif
