/* run_log.h - reading a log (--log) into what it says of a run. */
#ifndef ANNC_CLI_LOG_RUN_LOG_H
#define ANNC_CLI_LOG_RUN_LOG_H

#include "annc.h"
#include "cli/log/run.h"

/* Reads a log. ANNC_INPUT names the file and the line, and what is wrong with it. */
annc_status run_read(const char *path, struct run *run);

#endif
