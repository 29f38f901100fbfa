/* folds.h - K-fold cross-validation. */
#ifndef ANNC_CLI_TRAIN_FOLDS_H
#define ANNC_CLI_TRAIN_FOLDS_H

#include "cli/train/session_state.h"

/* Trains the K networks one after another from the same initial parameters; prints one line for
 * each, and the mean and spread. `model` is a prepared session with only device and log open. */
annc_status train_folds(const struct session *model, const annc_data_options *source);

#endif
