/* progress_text.h - the progress of a run as text, in the metadata of its checkpoint. */
#ifndef ANNC_TRAINING_RUN_PROGRESS_TEXT_H
#define ANNC_TRAINING_RUN_PROGRESS_TEXT_H

#include "annc.h"

#define PROGRESS_KEY "annc.progress"

/* Writes the results of the folds so far, unless `folds` is NULL, and the state of the run. */
annc_status annc_progress_write(const annc_folds *folds, const annc_run_state *state, annc_network *checkpoint);
/* Reads the state, after the results of folds if `has_folds`. ANNC_INPUT. */
annc_status annc_progress_read(const annc_network *checkpoint, bool has_folds, annc_run_state *state);
/* Fails with ANNC_INPUT: the text is not what annc_progress_write writes. */
annc_status annc_progress_damaged(void);

#endif
