/* command_info.h - annc-gpu info. */
#ifndef ANNC_CLI_MODEL_COMMAND_INFO_H
#define ANNC_CLI_MODEL_COMMAND_INFO_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_info(const struct options *options);

#endif
