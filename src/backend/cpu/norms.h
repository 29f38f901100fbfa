/* norms.h - the norm-limiting operations of backend.h on the CPU. */
#ifndef ANNC_BACKEND_CPU_NORMS_H
#define ANNC_BACKEND_CPU_NORMS_H

#include "backend/backend.h"

annc_status annc_cpu_clip(annc_device *device, size_t count, double limit, float *G, double *scratch);
annc_status annc_cpu_limit_rows(annc_device *device, uint32_t n, uint32_t n_in, double limit, float *W);

#endif
