/* cpu_update.h - the operations of backend.h that turn a gradient into a step, on the CPU. */
#ifndef ANNC_BACKEND_CPU_UPDATE_H
#define ANNC_BACKEND_CPU_UPDATE_H

#include "backend.h"

annc_status annc_cpu_penalise(annc_device *device, size_t count, double l2, double l1, const float *W, float *G);
annc_status annc_cpu_clip(annc_device *device, size_t count, double limit, float *G, double *scratch);
annc_status annc_cpu_update(annc_device *device, struct annc_rule rule, double decay, const struct annc_cursor *cursor,
                            const struct annc_rate *rates, size_t count, const float *G, float *theta, float *v,
                            float *s);
annc_status annc_cpu_limit_rows(annc_device *device, uint32_t n, uint32_t n_in, double limit, float *W);

#endif
