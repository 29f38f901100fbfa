/* command_predict.h - annc-gpu predict. */
#ifndef ANNC_CLI_MODEL_COMMAND_PREDICT_H
#define ANNC_CLI_MODEL_COMMAND_PREDICT_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_predict(const struct options *options);

#endif
