/* cpu_update.h - from a minibatch's gradient to parameters, in the fused engine: penalties,
 * clipping, the optimiser's rule, limits of norms. The operations of training/step/optimisation.c,
 * in their order. */
#ifndef ANNC_BACKEND_CPU_CPU_UPDATE_H
#define ANNC_BACKEND_CPU_CPU_UPDATE_H

#include "backend/cpu/cpu_worker.h"

/* Completes this worker's part of a layer's gradient, of the m examples `these`. */
void annc_worker_complete_gradient(struct annc_worker *worker, uint32_t l, const struct annc_record *these, uint32_t m);

/* Updates this worker's parameters by the gradient of step `number`. Leaves the gradient of the
 * first layer's weights at 0, for lists to add to. */
void annc_worker_update(struct annc_worker *worker, uint32_t number);

#endif
