/* runs_together.h - several runs on one device. */
#ifndef ANNC_TRAINING_RUN_RUNS_TOGETHER_H
#define ANNC_TRAINING_RUN_RUNS_TOGETHER_H

#include "annc.h"
#include "base/status.h"

/* As annc_run_complete for several runs on one device, whose trainers form crews where they can;
 * each run trains as it does alone. Sets statuses[i], and errors[i] unless that is ANNC_OK, and
 * calls ended(context, i) when run i has ended. A NULL run has failed before, and stays as it
 * is. */
annc_status annc_runs_complete(annc_run *const *runs, uint32_t count, annc_status *statuses,
                               struct annc_kept_error *errors, void (*ended)(void *context, uint32_t i), void *context);

#endif
