/* command_export.h - annc-gpu export. */
#ifndef ANNC_CLI_MODEL_COMMAND_EXPORT_H
#define ANNC_CLI_MODEL_COMMAND_EXPORT_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_export(const struct options *options);

#endif
