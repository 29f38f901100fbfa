/* cpu_step.h - one worker's part of a step of the fused engine.
 *
 * A large enough layer is shared: each worker owns some of its units, with their columns of W,
 * their biases, their parts of A and delta, and the part of the next layer's V that leads to them.
 * Each worker computes all other layers by itself, with equal results. Workers exchange the results
 * of a shared layer: A in the forward pass, delta in the backward pass. A unit's result does not
 * depend on its owner, so results do not depend on the number of workers. */
#ifndef ANNC_BACKEND_CPU_CPU_STEP_H
#define ANNC_BACKEND_CPU_CPU_STEP_H

#include "backend/cpu/cpu_sparse.h"
#include "backend/engine.h"
#include "base/pool.h"

#include <stdatomic.h>

enum { ANNC_MOST_WORKERS = 64 };

/* Parameters, and the states of an optimiser. */
enum annc_part { ANNC_THETA, ANNC_FIRST, ANNC_SECOND, ANNC_PARTS };

/* One worker's layer l and its part of a minibatch; matrices are padded (cpu_kernels.h). */
struct annc_layer {
    bool shared;
    uint32_t n, first;  /* own units, the first of them */
    uint32_t all, n_in; /* units of the layer and of the one below, of all workers */
    size_t stride;      /* n padded */
    /* Padded number of units of the layer below that V leads to; of inputs for the first layer. */
    size_t stride_in;
    annc_activation f;
    /* Parameters and optimiser states (enum annc_part), and gradients. Only an update has states
     * and gradients. */
    float *W[ANNC_PARTS], *gW; /* n_in x stride; the first layer's in planes, split among workers */
    float *V[ANNC_PARTS], *gV; /* all x stride_in: W transposed; not in the first layer */
    float *b[ANNC_PARTS], *gb; /* stride */
    float *Z, *A;              /* m x stride */
    float *delta;
};

struct annc_worker {
    struct annc_fused *fused;
    int index;
    struct annc_layer layer[ANNC_MAX_LAYERS + 1]; /* from 1 on */
    /* A of the first layer, in even and odd steps: other workers may still read the previous
     * step's. */
    float *own_A[2];
    float *values;    /* of a minibatch's lists, m x step, or of one example */
    float *X;         /* m x padded inputs */
    float *Y;         /* m x stride of the last layer */
    uint32_t *wanted; /* the class of each row */
    double *costs;    /* per output, summed over a minibatch */
    void *memory;
    uint64_t exchanges; /* in this call so far */
    struct {
        _Alignas(2 * ANNC_LINE) atomic_uint_fast64_t exchanges; /* completed, visible to others */
    } posted;
};

struct annc_fused {
    const struct annc_cpu_kernels *kernels;
    const struct annc_job *job;
    enum annc_job_kind kind;
    struct annc_rule rule; /* of an update */
    struct annc_pool *pool;
    int threads; /* of the pool, at most */
    bool choose; /* use only as many of them as make it faster */
    uint32_t layers;
    bool lists;                       /* inputs as lists instead of X */
    const struct annc_sparse *sparse; /* the staged data set's */
    struct annc_records records;
    float *W[ANNC_PARTS], *gW; /* of the first layer */
    size_t stride, plane;      /* of that layer: all units, padded; floats of a plane of W */
    void *memory;
    /* The epoch's examples in order, and their lists. */
    struct annc_order known;
    uint32_t *order;
    struct annc_record *these;
    int workers; /* of this call */
    struct {
        double seconds; /* per example, recently */
        uint32_t calls;
    } pace[2]; /* with one worker, with all */
    struct annc_worker *worker[ANNC_MOST_WORKERS];
    uint32_t m, count, first; /* of this call: examples per step, steps, first step */
};

/* Runs a worker's share of the call: its part of every step, or, if the job only goes forward,
 * whole steps in turn with the other workers. */
void annc_worker_run(struct annc_worker *worker);

#endif
