/* cpu_step.h - a step of the fused engine, as one of its workers does it.
 *
 * Each worker owns some units of the first layer, which is where the work is: their columns of W, their biases, their part of A, delta and of the
 * second layer's V. All other layers every worker computes for itself, alike, so that one exchange a step is enough: A of the first layer. A
 * unit is computed in the same way whoever owns it, so results do not depend on the number of workers. */
#ifndef ANNC_BACKEND_CPU_STEP_H
#define ANNC_BACKEND_CPU_STEP_H

#include "backend.h"
#include "cpu_sparse.h"

#include <stdatomic.h>

enum { ANNC_MOST_WORKERS = 64 };

/* Layer l, and its part of a minibatch, as one worker has it; matrices are padded (cpu_kernels.h). Of the first layer n are the units it owns. */
struct annc_layer {
    uint32_t n, n_in;
    size_t stride, stride_in; /* n and n_in padded */
    annc_activation f;
    float *W; /* n_in x stride; of the first layer in planes, each worker's its own part of everyone's */
    float *
        V; /* n x stride_in: the same, the other way; of the second layer the columns of own units; the first has none */
    float *b;     /* stride */
    float *Z, *A; /* m x stride */
    float *delta;
};

struct annc_worker {
    struct annc_fused *fused;
    int index;
    uint32_t first;                               /* of its units */
    struct annc_layer layer[ANNC_MAX_LAYERS + 1]; /* from 1 on */
    float *own_A[2];                              /* room for A of the first layer, in steps that are even and odd */
    float *values;                                /* of a minibatch's lists, m x step, or one example's */
    float *X;                                     /* m x padded inputs */
    float *Y;                                     /* m x stride of the last layer */
    uint32_t *wanted;                             /* the class of each row */
    double *costs;                                /* of each output, summed over a minibatch */
    void *memory;
    struct {
        _Alignas(ANNC_LINE) atomic_uint_fast64_t steps; /* whose A of the first layer is there for the others */
    } posted;
};

struct annc_fused {
    const struct annc_cpu_kernels *kernels;
    const struct annc_job *job;
    uint32_t layers;
    bool lists; /* of inputs, rather than X */
    struct annc_sparse sparse;
    float *W, *b;         /* of the first layer */
    size_t stride, plane; /* of it: all units, padded; floats of a plane of W */
    void *memory;
    /* The epoch's examples in their order, and their lists. */
    struct annc_order known;
    uint32_t *order;
    struct annc_record *these;
    int workers; /* of this call */
    struct {
        double seconds; /* a step, lately */
        uint32_t calls;
    } pace[2]; /* of one worker, of all */
    struct annc_worker *worker[ANNC_MOST_WORKERS];
    uint32_t m, count, first; /* of this call: examples a step, steps, the first one */
};

/* All of a worker's share of the call: its part of every step, or, of a job that only goes forward, each so many-th step whole. */
void annc_worker_run(struct annc_worker *worker);

#endif
