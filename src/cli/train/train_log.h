/* train_log.h - the file of --log. */
#ifndef ANNC_CLI_TRAIN_TRAIN_LOG_H
#define ANNC_CLI_TRAIN_TRAIN_LOG_H

#include "annc.h"
#include "cli/train/session_state.h"

/* Opens what --log names, where that was given; what is there is left as it is. */
annc_status log_open(struct session *session);
/* The training begins: what an earlier one said in the log gives way, unless this one goes on from a checkpoint. */
annc_status log_begin(const struct session *session);

#endif
