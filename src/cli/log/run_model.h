/* run_model.h - a model without a log, as a run. */
#ifndef ANNC_CLI_LOG_RUN_MODEL_H
#define ANNC_CLI_LOG_RUN_MODEL_H

#include "annc.h"
#include "cli/log/run.h"

/* Makes a run of a model: what its metadata say of its training is the result. Fails as
 * annc_model_load does. */
annc_status run_of_model(const char *path, struct run *run);

#endif
