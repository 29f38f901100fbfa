/* kept_networks.h - the directory of --save-all: every network of a sweep or a cross-validation, in
 * a file of its own from the moment it is trained, so that an interrupted command can go on. */
#ifndef ANNC_CLI_TRAIN_KEPT_NETWORKS_H
#define ANNC_CLI_TRAIN_KEPT_NETWORKS_H

#include "annc.h"
#include "cli/train/session_state.h"

/* Returns a number that identifies the data sets. */
uint64_t kept_networks_fingerprint(const annc_data *data);
/* Creates the directory, if --save-all is given and it is missing. ANNC_OUTPUT. */
annc_status kept_networks_open(const struct options *options);
/* Saves a trained network, number `index` from 0, with its result. The session has its options and
 * data; `data` identifies them. */
annc_status keep_network(const struct session *session, uint32_t index, uint64_t data, const annc_candidate *candidate);
/* Restores the network and its result, if there is a file of it: the candidate is complete then.
 * ANNC_INPUT if the file is of another command. */
annc_status restore_kept_network(const struct session *session, uint32_t index, uint64_t data,
                                 annc_candidate *candidate);
/* Prints a note: how many of the networks are there already, and how to go on when interrupted. */
void note_kept_networks(const struct options *options, uint32_t complete, uint32_t count);

#endif
