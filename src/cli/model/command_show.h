/* command_show.h - annc-gpu show. */
#ifndef ANNC_CLI_MODEL_COMMAND_SHOW_H
#define ANNC_CLI_MODEL_COMMAND_SHOW_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_show(const struct options *options);

#endif
