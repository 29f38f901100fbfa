/* evaluate_beside.h - evaluations of a trainer's parameters beside its next steps. The evaluator's
 * device is another than the trainer's, opened beside it. */
#ifndef ANNC_TRAINING_RUN_EVALUATE_BESIDE_H
#define ANNC_TRAINING_RUN_EVALUATE_BESIDE_H

#include "annc.h"

/* Returns whether the evaluator can: its device holds all examples and a copy of the parameters, and
 * the host needs no outputs. Allocates that copy. */
bool annc_evaluator_may_run_beside(annc_evaluator *evaluator);
/* Copies the trainer's parameters and begins their evaluation, without waiting for it. */
annc_status annc_evaluator_begin(annc_evaluator *evaluator, const annc_trainer *trainer);
/* Returns whether annc_evaluator_end has nothing to wait for. */
bool annc_evaluator_has_ended(const annc_evaluator *evaluator);
/* Waits for the evaluation and writes its result, with the bits of annc_evaluator_run. Its seconds
 * are those that the host spent on it. */
annc_status annc_evaluator_end(annc_evaluator *evaluator, annc_evaluation *evaluation);

#endif
