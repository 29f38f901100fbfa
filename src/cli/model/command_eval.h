/* command_eval.h - annc-gpu eval. */
#ifndef ANNC_CLI_MODEL_COMMAND_EVAL_H
#define ANNC_CLI_MODEL_COMMAND_EVAL_H

#include "annc.h"
#include "cli/options/option_types.h"

annc_status run_eval(const struct options *options);

#endif
