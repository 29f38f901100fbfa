/* training_output.h - what is printed of a session: lines for people and for scripts. */
#ifndef ANNC_CLI_TRAIN_TRAINING_OUTPUT_H
#define ANNC_CLI_TRAIN_TRAINING_OUTPUT_H

#include "annc.h"
#include "cli/terminal/output.h"
#include "cli/train/session_state.h"

/* The data and the network, before training. */
void print_shapes(const struct session *session);
/* An epoch, on the screen and in the log. */
annc_status print_epoch(const struct session *session);
/* An epoch to the log alone. */
annc_status log_epoch(const struct session *session);
annc_status print_result(const struct session *session);
void print_warnings(const struct session *session);
/* After a signal: where it stopped, and how to go on from the checkpoint, or, where that was saved, from the model. */
void print_stop(const struct session *session, bool saved);
/* How the classes share the training set. */
void print_balance(const struct session *session);
/* The measures of a set as members of a JSON object, their keys beginning with `prefix`. */
void json_measures(struct json *json, const struct session *session, const char *prefix,
                   const annc_evaluation *evaluation);
/* The network and what it is trained on; and what it is trained with, as members of a JSON object. */
void json_network(struct json *json, const struct session *session);
void json_configuration(struct json *json, const struct session *session);

#endif
