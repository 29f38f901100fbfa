/* command_train.h - annc-gpu train. */
#ifndef ANNC_CLI_TRAIN_COMMAND_TRAIN_H
#define ANNC_CLI_TRAIN_COMMAND_TRAIN_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_train(const struct options *options);

#endif
