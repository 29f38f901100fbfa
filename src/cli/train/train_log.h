/* train_log.h - the file of --log. */
#ifndef ANNC_CLI_TRAIN_TRAIN_LOG_H
#define ANNC_CLI_TRAIN_TRAIN_LOG_H

#include "annc.h"
#include "cli/train/session_state.h"

/* Opens the file of --log, if given, and leaves its contents unchanged. */
annc_status log_open(struct session *session);
/* Begins the log of a training: clears the contents of an earlier one, unless this training resumes
 * from a checkpoint. */
annc_status log_begin(const struct session *session);

#endif
