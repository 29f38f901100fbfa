/* training_output.h - the output of a session: lines for people and for scripts. */
#ifndef ANNC_CLI_TRAIN_TRAINING_OUTPUT_H
#define ANNC_CLI_TRAIN_TRAINING_OUTPUT_H

#include "annc.h"
#include "cli/terminal/output.h"
#include "cli/train/session_state.h"

/* Prints the data and the network, before training. */
void print_shapes(const struct session *session);
/* Prints an epoch on the screen and in the log. */
annc_status print_epoch(const struct session *session);
/* With --epochs 0, prints how good the network is as it is. */
annc_status print_untrained(const struct session *session);
/* Prints an epoch only in the log. */
annc_status log_epoch(const struct session *session);
/* Notes how long the training was, which epoch was kept, where the model is. */
void print_summary(const struct session *session);
annc_status print_result(const struct session *session);
void print_warnings(const struct session *session);
/* After a signal, prints `stopped`, where the training stopped, and how to resume from the checkpoint, or, if
 * `saved`, to continue from the model. */
void print_stop(const struct session *session, const char *stopped, bool saved);
/* Prints the share of each class in the training set. */
void print_balance(const struct session *session);
/* Adds the measures of a set to a JSON object, with keys that begin with `prefix`. */
void json_measures(struct json *json, const struct session *session, const char *prefix,
                   const annc_evaluation *evaluation);
/* Add to a JSON object: the network and its data; the training's configuration. */
void json_network(struct json *json, const struct session *session);
void json_configuration(struct json *json, const struct session *session);

#endif
