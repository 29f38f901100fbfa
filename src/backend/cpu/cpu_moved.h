/* cpu_moved.h - the transformed images of a step, as lists of their nonzero pixels. */
#ifndef ANNC_BACKEND_CPU_CPU_MOVED_H
#define ANNC_BACKEND_CPU_CPU_MOVED_H

#include "backend/cpu/cpu_worker.h"

/* Sets the fields that depend only on the job's description. */
void annc_moved_plan(struct annc_fused *fused);
/* Allocates the lists of the steps under way. */
annc_status annc_moved_open(struct annc_fused *fused);
void annc_moved_close(struct annc_fused *fused);
/* Returns the bytes of these lists, and the floats of a worker's scratch memory. */
size_t annc_moved_bytes(const struct annc_fused *fused);
size_t annc_moved_scratch(const struct annc_fused *fused);

/* Transforms this worker's share of a step's images. The next exchange publishes them. */
void annc_worker_move(struct annc_worker *worker, uint32_t number);
/* Returns the lists of a step's m examples. */
const struct annc_record *annc_moved_records(const struct annc_fused *fused, uint32_t number);
/* Writes a step's images to X, in rows of stride_in of the first layer. */
void annc_moved_gather(struct annc_worker *worker, uint32_t number, uint32_t m);

#endif
