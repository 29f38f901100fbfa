/* session.h - one training of one network, from its data to its end. */
#ifndef ANNC_CLI_TRAIN_SESSION_H
#define ANNC_CLI_TRAIN_SESSION_H

#include "annc.h"
#include "cli/train/session_state.h"

/* Opens the device for the session's training and its data, as far as they are loaded. */
annc_status session_open_device(struct session *session);
/* Loads the data of `source`, unless session->data has them, opens the device unless it is open,
 * makes the network, unless session->network is set, and completes session->run_options. `each` is
 * called after every epoch. */
annc_status session_prepare(struct session *session, const annc_data_options *source, bool may_fetch,
                            annc_status (*each)(const struct session *session));
void session_close(struct session *session);
/* Opens the run. */
annc_status session_open(struct session *session);
/* Closes the run, and keeps the network and its data. */
void session_end_training(struct session *session);
/* Trains until an ending condition. After ANNC_OK, or ANNC_STOPPED by a signal, the network has the
 * final parameters: of the best epoch with validation, otherwise of the last. */
annc_status session_train(struct session *session);

/* Returns the mean of the minibatches' losses in an epoch. */
double session_mean_loss(const annc_epoch *epoch);
/* Returns the best epoch by validation, or NaN without validation. */
double session_kept_epoch(const struct session *session);
/* Returns the outcome of the epoch whose parameters are kept. */
const annc_outcome *session_outcome(const struct session *session);

#endif
