/* session_checkpoint.h - a session in a file, and back; the model that is saved. */
#ifndef ANNC_CLI_TRAIN_SESSION_CHECKPOINT_H
#define ANNC_CLI_TRAIN_SESSION_CHECKPOINT_H

#include "annc.h"
#include "cli/options/option_types.h"
#include "cli/train/session_state.h"

struct folds;

/* What of a checkpoint is no part of a model is removed. */
annc_status checkpoint_forget(annc_network *network);

/* What a network must say of the session that made it. */
annc_status describe_network(const struct session *session, uint32_t epochs, annc_network *network);
/* Writes a model and tells of it, `what` behind its name. Where that fails, the work is not lost: the model is then in the folder of temporary
 * files, and where that is is told besides the error. */
annc_status save_model(const struct options *options, const annc_network *network, const char *path, const char *what);
/* How often --checkpoint-every says. */
annc_status checkpoint_interval(const struct options *options, uint32_t *epochs, double *seconds);
/* Writes all that the session is to --checkpoint, where that was given. */
annc_status session_save(struct session *session);
/* Brings a session whose trainer is open to where session->checkpoint was taken. */
annc_status session_restore(struct session *session);
/* How far the folds of a checkpoint had come. */
annc_status folds_restore(const annc_network *checkpoint, struct folds *folds);

#endif
