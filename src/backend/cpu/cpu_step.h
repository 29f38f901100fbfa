/* cpu_step.h - one worker's part of the steps of the fused engine. */
#ifndef ANNC_BACKEND_CPU_CPU_STEP_H
#define ANNC_BACKEND_CPU_CPU_STEP_H

#include "backend/cpu/cpu_worker.h"

/* Runs a worker's share of the call: its part of every step, or, if the job only goes forward,
 * whole steps in turn with the other workers. */
void annc_worker_run(struct annc_worker *worker);

#endif
