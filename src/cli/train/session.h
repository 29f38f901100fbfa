/* session.h - one training of one network, from its data to its end. */
#ifndef ANNC_CLI_TRAIN_SESSION_H
#define ANNC_CLI_TRAIN_SESSION_H

#include "annc.h"
#include "cli/train/session_state.h"

/* Data by `source` and the network, as far as they can be had without training. */
annc_status session_prepare(struct session *session, const annc_data_options *source, bool may_fetch);
/* Opens all of it: data by `source`, the network as the options say unless session->network is there already. */
annc_status session_open(struct session *session, const annc_data_options *source, bool may_fetch);
void session_close(struct session *session);
/* Gives back what trains and measures, and leaves the network and its data. */
void session_end_training(struct session *session);
/* Trains until something ends it. `each` is told of each epoch. After ANNC_OK, and ANNC_STOPPED by a signal, the network has the parameters to
 * keep: of the best epoch where there is validation, otherwise of the last. */
annc_status session_train(struct session *session, annc_status (*each)(const struct session *session));

/* The epoch that was kept by validation, or NaN. */
double session_kept_epoch(const struct session *session);
/* What the network that is kept came to. */
const struct outcome *session_outcome(const struct session *session);

/* Whether the data have classes. */
bool session_has_classes(const struct session *session);
/* The share that was right. */
double accuracy_of(const annc_evaluation *evaluation);

#endif
