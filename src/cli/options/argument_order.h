/* argument_order.h - arguments in the wrong place: shows the command that works. */
#ifndef ANNC_CLI_OPTIONS_ARGUMENT_ORDER_H
#define ANNC_CLI_OPTIONS_ARGUMENT_ORDER_H

#include "annc.h"
#include "cli/options/option_types.h"

/* Returns whether a file is a model; sets the last error if it is none. */
bool is_model(const char *path);
/* Fails with ANNC_USAGE if there is an argument more than the command takes. */
annc_status check_extra_argument(const struct options *options);
/* Fails with ANNC_USAGE if the first argument, which is no model, is likely the data: a later
 * argument or --data is a model, or it is called a table. Otherwise keeps the last error. */
annc_status check_model_first(const struct options *options);

#endif
