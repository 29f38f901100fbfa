/* command_trace.h - annc-gpu trace. */
#ifndef ANNC_CLI_TRACE_COMMAND_TRACE_H
#define ANNC_CLI_TRACE_COMMAND_TRACE_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_trace(const struct options *options);

#endif
