/* run_log.h - reads a log (--log) into a run. */
#ifndef ANNC_CLI_LOG_RUN_LOG_H
#define ANNC_CLI_LOG_RUN_LOG_H

#include "annc.h"
#include "cli/log/run.h"

/* Reads a log. ANNC_INPUT with the file, the line and the reason if it is malformed. */
annc_status run_read(const char *path, struct run *run);

#endif
