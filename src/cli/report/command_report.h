/* command_report.h - annc-gpu report. */
#ifndef ANNC_CLI_REPORT_COMMAND_REPORT_H
#define ANNC_CLI_REPORT_COMMAND_REPORT_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_report(const struct options *options);

#endif
