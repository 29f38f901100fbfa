/* cpu_worker.h - the workers of the fused engine: what each owns, and how they exchange results.
 *
 * A large enough layer is shared: each worker owns some of its units, with their columns of W,
 * their biases, their parts of A and delta, and the part of the next layer's V that leads to them.
 * Each worker computes all other layers by itself, with equal results. Workers exchange the results
 * of a shared layer: D in the forward pass, delta in the backward pass, and norms. A unit's result
 * does not depend on its owner, so results do not depend on the number of workers. */
#ifndef ANNC_BACKEND_CPU_CPU_WORKER_H
#define ANNC_BACKEND_CPU_CPU_WORKER_H

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
    /* all x stride_in: W transposed; not in the first layer. Where the layer is shared, V takes the
     * same steps as W; otherwise it is transposed after each. */
    float *V[ANNC_PARTS], *gV;
    float *b[ANNC_PARTS], *gb; /* stride */
    float *Z, *A;              /* m x stride */
    /* The input of the layer above, m x stride: A, or A times the factors F of dropout. */
    float *D, *F;
    float *delta;
    double *squares; /* of the gradient, per ANNC_PAD units of all */
    float *factor;   /* of the weights of each unit, where norms are limited; padded(all) */
};

struct annc_worker {
    struct annc_fused *fused;
    int index;
    struct annc_layer layer[ANNC_MAX_LAYERS + 1]; /* from 1 on */
    /* D of the first layer, in even and odd steps: other workers may still read the previous
     * step's. */
    float *own_D[2];
    uint8_t *marked;  /* the inputs that are not 0 in some example of the minibatch */
    float *values;    /* of a minibatch's lists, m x step, or of one example */
    float *X;         /* m x padded inputs */
    float *scratch;   /* of a product */
    float *canvas;    /* scratch memory for transforming an image */
    float *pixels;    /* of that image */
    float *F;         /* their dropout factors, likewise, or NULL */
    float *Y;         /* m x stride of the last layer */
    uint32_t *wanted; /* the class of each row */
    float *weights;   /* the weight of each row, or NULL */
    double *costs;    /* per output, summed over a minibatch */
    double *squares;  /* of all layers */
    void *memory;
    uint32_t row;       /* the first of the block of rows under way */
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
    bool is_weighted;                                 /* rows or classes have weights */
    struct annc_dropout dropout[ANNC_MAX_LAYERS + 1]; /* of the inputs and the hidden layers; threshold 0: none */
    float noise;                                      /* of the inputs */
    bool lists;                                       /* inputs as lists instead of X */
    const struct annc_sparse *sparse;                 /* the staged data set's, if these are the inputs */
    struct annc_records records;
    float *W[ANNC_PARTS], *gW; /* of the first layer */
    size_t stride, plane;      /* of that layer: all units, padded; floats of a plane of W */
    void *memory;
    /* The epoch's examples in order, and their lists. */
    struct annc_order known;
    uint32_t *order;
    struct annc_record *these;
    /* Images that are transformed, and the lists of the steps under way (cpu_moved.h). */
    bool moves;
    struct annc_images images;
    struct annc_record *moved;
    uint8_t *moved_lines;
    int workers; /* of this call */
    struct {
        double seconds; /* per example, recently */
        uint32_t calls;
    } pace[2]; /* with one worker, with all */
    struct annc_worker *worker[ANNC_MOST_WORKERS];
    uint32_t m, count, first; /* of this call: examples per step, steps, first step */
    uint32_t block;           /* examples that pass through all layers together */
};

/* Publishes this worker's part of the next exchange. */
void annc_worker_post(struct annc_worker *worker);
/* Waits for the other workers' parts. */
void annc_worker_await(const struct annc_worker *worker);
/* Returns into how many parts a layer is shared, and the worker that has part i. */
int annc_worker_pieces(const struct annc_worker *worker, uint32_t l);
const struct annc_worker *annc_worker_owner(const struct annc_worker *worker, uint32_t l, int i);
/* Transposes W of a layer that is not shared into V. */
void annc_worker_transpose(const struct annc_worker *worker, uint32_t l);

#endif
