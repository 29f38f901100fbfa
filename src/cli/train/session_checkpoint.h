/* session_checkpoint.h - saves a session to a checkpoint and restores it; saves the model. */
#ifndef ANNC_CLI_TRAIN_SESSION_CHECKPOINT_H
#define ANNC_CLI_TRAIN_SESSION_CHECKPOINT_H

#include "annc.h"
#include "cli/options/option_types.h"
#include "cli/train/session_state.h"

struct folds;

/* Removes the parts of a checkpoint that do not belong to a model. */
annc_status checkpoint_forget(annc_network *network);

/* Adds the session's description to the metadata of the network. */
annc_status describe_network(const struct session *session, uint32_t epochs, annc_network *network);
/* Writes a model and prints a note with its name and `what`. If that fails, it saves the model in
 * the directory of temporary files, and reports that path besides the error. */
annc_status save_model(const struct options *options, const annc_network *network, const char *path, const char *what);
/* Parses the interval of --checkpoint-every. */
annc_status checkpoint_interval(const struct options *options, uint32_t *epochs, double *seconds);
/* Writes the state of the session to --checkpoint, if given. */
annc_status session_save(struct session *session);
/* Restores a session with an open trainer to the state of session->checkpoint. */
annc_status session_restore(struct session *session);
/* Restores the progress of the folds from a checkpoint. */
annc_status folds_restore(const annc_network *checkpoint, struct folds *folds);

#endif
