/* saving.h - saves the model of a session, and adds to its checkpoints. */
#ifndef ANNC_CLI_TRAIN_SAVING_H
#define ANNC_CLI_TRAIN_SAVING_H

#include "annc.h"
#include "cli/options/option_types.h"
#include "cli/train/session_state.h"

/* Adds the session's description to the metadata of the network. */
annc_status describe_network(const struct session *session, uint32_t epochs, annc_network *network);
/* Writes a model and prints a note with its name and `what`. If that fails, it saves the model in
 * the directory of temporary files, and reports that path besides the error. */
annc_status save_model(const struct options *options, const annc_network *network, const char *path, const char *what);
/* Parses the interval of --checkpoint-every. */
annc_status checkpoint_interval(const struct options *options, annc_run_options *run);
/* Adds the session's description, its options and the machine to a checkpoint of its run; context is
 * the session. */
annc_status describe_checkpoint(void *context, const annc_run *run, annc_network *checkpoint);
/* Fails again with `status`, with the file of --resume before the last error. */
annc_status name_checkpoint(const struct session *session, annc_status status);
/* Prints notes about the checkpoint that the run goes on from. */
void note_resumed(const struct session *session, const annc_run *run);

#endif
