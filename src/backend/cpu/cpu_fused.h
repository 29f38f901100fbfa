/* cpu_fused.h - the fused engine: whole steps of small networks on the CPU in one call. */
#ifndef ANNC_BACKEND_CPU_CPU_FUSED_H
#define ANNC_BACKEND_CPU_CPU_FUSED_H

#include "backend/cpu/cpu_staged.h"
#include "backend/engine.h"
#include "base/pool.h"

/* The functions of struct annc_engine_ops. open: for staged examples, with up to `threads` threads
 * of the pool; with `choose`, only as many as make it faster. */
const char *annc_fused_refuses(const struct annc_job *job);
double annc_fused_seconds(const struct annc_job *job);
size_t annc_fused_memory(const struct annc_job *job);
annc_status annc_fused_open(const struct annc_cpu_kernels *kernels, struct annc_staged *staged, struct annc_pool *pool,
                            int threads, bool choose, const struct annc_job *job, void **engine);
annc_status annc_fused_steps(void *engine, uint32_t m, uint32_t count);
const char *annc_fused_describe(const void *engine);
void annc_fused_close(void *engine);

#endif
