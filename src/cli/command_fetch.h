/* command_fetch.h - annc-gpu fetch. */
#ifndef ANNC_CLI_COMMAND_FETCH_H
#define ANNC_CLI_COMMAND_FETCH_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_fetch(const struct options *options);

#endif
