/* cpu_step.h - a step of the fused engine, as one of its workers does it.
 *
 * A layer that is worth it is shared: each worker owns some of its units, their columns of W, their biases, their part of A and delta, and the
 * part of the next layer's V that leads to them. All other layers every worker computes for itself, alike. What a shared layer comes to is
 * exchanged: A on the way forward, delta on the way back. A unit is computed in the same way whoever owns it, so results do not depend on the
 * number of workers. */
#ifndef ANNC_BACKEND_CPU_CPU_STEP_H
#define ANNC_BACKEND_CPU_CPU_STEP_H

#include "backend/cpu/cpu_sparse.h"
#include "backend/engine.h"
#include "base/pool.h"

#include <stdatomic.h>

enum { ANNC_MOST_WORKERS = 64 };

/* Parameters themselves, and the states of an optimiser. */
enum annc_part { ANNC_THETA, ANNC_FIRST, ANNC_SECOND, ANNC_PARTS };

/* Layer l, and its part of a minibatch, as one worker has it; matrices are padded (cpu_kernels.h). */
struct annc_layer {
    bool shared;
    uint32_t n, first;  /* own units, and the first of them */
    uint32_t all, n_in; /* units of the layer and of the one below, whoever owns them */
    size_t stride;      /* n padded */
    size_t stride_in;   /* units of the layer below that V leads to, padded; of the first layer, inputs */
    annc_activation f;
    /* Parameters, with what the optimiser keeps of them (enum annc_part), and their gradients; only an update has either. */
    float *W[ANNC_PARTS], *gW; /* n_in x stride; the first layer's in planes, of which each worker has its own */
    float *V[ANNC_PARTS], *gV; /* all x stride_in: the same, the other way; the first layer has none */
    float *b[ANNC_PARTS], *gb; /* stride */
    float *Z, *A;              /* m x stride */
    float *delta;
};

struct annc_worker {
    struct annc_fused *fused;
    int index;
    struct annc_layer layer[ANNC_MAX_LAYERS + 1]; /* from 1 on */
    float *own_A[2];  /* A of the first layer, in even and odd steps: others may still read that of the step before */
    float *values;    /* of a minibatch's lists, m x step, or one example's */
    float *X;         /* m x padded inputs */
    float *Y;         /* m x stride of the last layer */
    uint32_t *wanted; /* the class of each row */
    double *costs;    /* of each output, summed over a minibatch */
    void *memory;
    uint64_t exchanges; /* of this call, so far */
    struct {
        _Alignas(2 * ANNC_LINE) atomic_uint_fast64_t exchanges; /* that the others may count on */
    } posted;
};

struct annc_fused {
    const struct annc_cpu_kernels *kernels;
    const struct annc_job *job;
    enum annc_job_kind kind;
    struct annc_rule rule; /* of an update */
    struct annc_pool *pool;
    int threads; /* of the pool, at most */
    bool choose; /* only as many of them as make it faster */
    uint32_t layers;
    bool lists;                       /* of inputs, rather than X */
    const struct annc_sparse *sparse; /* the staged data set's */
    struct annc_records records;
    float *W[ANNC_PARTS], *gW; /* of the first layer */
    size_t stride, plane;      /* of it: all units, padded; floats of a plane of W */
    void *memory;
    /* The epoch's examples in their order, and their lists. */
    struct annc_order known;
    uint32_t *order;
    struct annc_record *these;
    int workers; /* of this call */
    struct {
        double seconds; /* an example, lately */
        uint32_t calls;
    } pace[2]; /* of one worker, of all */
    struct annc_worker *worker[ANNC_MOST_WORKERS];
    uint32_t m, count, first; /* of this call: examples a step, steps, the first one */
};

/* All of a worker's share of the call: its part of every step, or, of a job that only goes forward, each so many-th step whole. */
void annc_worker_run(struct annc_worker *worker);

#endif
