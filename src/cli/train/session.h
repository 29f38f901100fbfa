/* session.h - one training of one network, from its data to its end. */
#ifndef ANNC_CLI_TRAIN_SESSION_H
#define ANNC_CLI_TRAIN_SESSION_H

#include "annc.h"
#include "cli/train/session_state.h"

/* Loads the data of `source` and makes the network, as far as possible without training. */
annc_status session_prepare(struct session *session, const annc_data_options *source, bool may_fetch);
/* Opens the whole session: the data of `source`, and the network from the options unless
 * session->network is set. */
annc_status session_open(struct session *session, const annc_data_options *source, bool may_fetch);
void session_close(struct session *session);
/* Closes trainer and evaluators, and keeps the network and its data. */
void session_end_training(struct session *session);
/* Trains until an ending condition, and calls `each` after every epoch. After ANNC_OK, or
 * ANNC_STOPPED by a signal, the network has the final parameters: of the best epoch with
 * validation, otherwise of the last. */
annc_status session_train(struct session *session, annc_status (*each)(const struct session *session));

/* Returns the best epoch by validation, or NaN without validation. */
double session_kept_epoch(const struct session *session);
/* Returns the outcome of the epoch whose parameters are kept. */
const struct outcome *session_outcome(const struct session *session);

#endif
