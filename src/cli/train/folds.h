/* folds.h - K networks, each validated with another Kth of the data. */
#ifndef ANNC_CLI_TRAIN_FOLDS_H
#define ANNC_CLI_TRAIN_FOLDS_H

#include "cli/train/session_state.h"

/* Trains them one after another, all from the same initial parameters; prints a line each and the mean and spread. `model` is a session that was
 * prepared and has opened nothing but device and log. */
annc_status train_folds(const struct session *model, const annc_data_options *source);

#endif
