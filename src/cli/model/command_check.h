/* command_check.h - annc-gpu check. */
#ifndef ANNC_CLI_MODEL_COMMAND_CHECK_H
#define ANNC_CLI_MODEL_COMMAND_CHECK_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_check(const struct options *options);

#endif
