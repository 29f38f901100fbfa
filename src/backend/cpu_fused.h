/* cpu_fused.h - whole steps of small networks on the CPU, in one go. */
#ifndef ANNC_BACKEND_CPU_FUSED_H
#define ANNC_BACKEND_CPU_FUSED_H

#include "backend.h"
#include "cpu_staged.h"
#include "pool.h"

/* As annc_backend.steps and release, for examples that are staged, with up to `threads` threads of the pool; choose: as many of them as pay. */
annc_status annc_fused_steps(const struct annc_cpu_kernels *kernels, struct annc_staged *staged, struct annc_pool *pool,
                             int threads, bool choose, struct annc_job *job, uint32_t m, uint32_t count, bool *taken);
void annc_fused_release(struct annc_job *job);

/* Whether networks of a shape are small enough. */
bool annc_fused_takes(const annc_shape *shape);

#endif
