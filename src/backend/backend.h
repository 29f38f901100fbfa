/* backend.h - the contract of a device.
 *
 * A backend is one static const struct annc_backend, and a row of the table in registry.c. It has two parts:
 *
 *   operations   required; each is one line of the method for a whole minibatch. training/step/propagate.c composes them and is the only
 *                place that knows the order of the equations.
 *   engines      optional; consecutive whole steps in one call, for the jobs that an engine takes (engine.h).
 *
 * Memory that alloc and stage give is the device's: only a backend's own functions read or write it. Operations are performed in
 * the order of the calls; download and synchronise wait for them. Matrices are row-major floats, m examples as rows, without
 * padding. Everything is fp32 unless said. Failures are reported through annc_host.fail, with the numbers, and are final for the
 * device's open jobs. A device may be handed from thread to thread between calls, and a thread may have several. */
#ifndef ANNC_BACKEND_BACKEND_H
#define ANNC_BACKEND_BACKEND_H

#include "annc.h"
#include "base/order.h"

/* Raised with every change of this file; a module of another number is refused by name. */
enum { ANNC_BACKEND_CONTRACT = 5 };

enum { ANNC_CLIP_SCRATCH = 256 };

/* What a backend may use of the library that opened it. A backend in a module has no other way to it. */
struct annc_host {
    annc_status (*fail)(annc_status status, const char *format, ...);
};

/* The first member of every backend's own device. */
struct annc_device {
    const struct annc_backend *backend;
    const struct annc_host *host;
    annc_device_info info;
};

/* What one minibatch, or one chunk of an evaluation, came to. */
struct annc_score {
    double cost;      /* sum of C over its examples */
    uint32_t correct; /* as annc_evaluation.correct */
    uint32_t examples;
};

/* What updates are made with: the same for every step ... */
struct annc_rule {
    annc_optimiser optimiser;
    float mu, rho, epsilon;
};
/* ... and what changes: one entry a step of the epoch. */
struct annc_rate {
    float eta, c1, c2; /* as in annc_functions.h */
};

/* The targets that labels become: `off`, and `on` at the label's own output; a single output is `on` for label 1. */
struct annc_label_values {
    float off, on;
};

struct annc_engine_ops;

struct annc_backend {
    int contract;
    annc_device_kind kind;
    const char *name; /* "cpu", "cuda" */
    /* Device memory is host memory: stage uses arrays where they are, and nothing is too large to be staged. */
    bool host_memory;
    const struct annc_engine_ops *const *engines; /* best first, ended by NULL */

    /* How many devices there are; where none, the reason goes to `why` (of `size` bytes). */
    int (*count)(char *why, size_t size);
    /* Opens device `index`. threads: see annc_device_options; others than the CPU ignore it. */
    annc_status (*open)(const struct annc_host *host, int index, int threads, annc_device **device);
    void (*close)(annc_device *device);

    /* --- memory */

    /* What is free now: memory_free of annc_device_info is what was. */
    annc_status (*free_memory)(const annc_device *device, uint64_t *bytes);
    /* Room for `bytes`, its contents undefined. `what` names the purpose when there is not enough. */
    annc_status (*alloc)(annc_device *device, size_t bytes, const char *what, void **memory);
    void (*free)(annc_device *device, void *memory);
    /* A host array for reading on the device: copied there, or, where device memory is host memory, used in place. The array must
     * stay unchanged until unstage. */
    annc_status (*stage)(annc_device *device, const void *host, size_t bytes, const char *what, const void **memory);
    void (*unstage)(annc_device *device, const void *memory);
    /* Host memory that upload copies from at its best speed; never called where host_memory is true. */
    annc_status (*alloc_host)(annc_device *device, size_t bytes, const char *what, void **memory);
    void (*free_host)(annc_device *device, void *memory);
    /* upload returns when `host` may be changed again; download when it is filled. */
    annc_status (*upload)(annc_device *device, void *memory, const void *host, size_t bytes);
    annc_status (*download)(annc_device *device, void *host, const void *memory, size_t bytes);
    annc_status (*synchronise)(annc_device *device);

    /* --- operations; l is the layer, n its units, n_in those of the layer below, n_next those of the layer above */

    /* theta_i = scale x number (first + i) of stream ANNC_STREAM_PARAMETERS, for i < count, in double, rounded once; 0 for scale 0. The
     * numbers are normal deviates, or uniform within (-1, 1). */
    annc_status (*initialise)(annc_device *device, uint64_t seed, uint64_t first, size_t count, bool uniform,
                              double scale, float *theta);

    /* The minibatch of the cursor's step, m rows of it: X (m x inputs), bytes divided by the divisor, and Y (m x outputs), targets, or what
     * the labels become. Row r is the example at position step * batch + row + r of the cursor's order. */
    annc_status (*gather)(annc_device *device, const struct annc_cursor *cursor, const annc_examples *examples,
                          struct annc_label_values values, uint32_t m, float *X, float *Y);

    /* X = X + sigma times noise (annc_input_noise). X: m x n. */
    annc_status (*perturb)(annc_device *device, uint64_t seed, const struct annc_cursor *cursor, double sigma,
                           uint32_t m, uint32_t n, float *X);

    /* Each row of `moved` is the image in that row of X, rows x columns, moved as augmentation.h has it for the row's example. */
    annc_status (*augment)(annc_device *device, uint64_t seed, const struct annc_cursor *cursor,
                           annc_augmentation augmentation, uint32_t rows, uint32_t columns, uint32_t m, const float *X,
                           float *moved);

    /* D = A times the factors of dropout (annc_dropout_factor) for a share of layer l. A and D: m x n, and may be the same. */
    annc_status (*dropout)(annc_device *device, uint64_t seed, const struct annc_cursor *cursor, uint32_t l,
                           double share, uint32_t m, uint32_t n, const float *A, float *D);

    /* Z = A_in W^T + 1 b^T, A = f(Z). A_in: m x n_in, W: n x n_in, Z and A: m x n. For a row-wise f, Z is normalised (annc_functions.h). */
    annc_status (*forward)(annc_device *device, annc_activation f, uint32_t m, uint32_t n_in, uint32_t n,
                           const float *A_in, const float *W, const float *b, float *Z, float *A);

    /* BP1: delta = dC/dA times f'(Z), or the closed form that the cost has with its partner. All m x n. */
    annc_status (*output_delta)(annc_device *device, annc_activation f, annc_cost cost, uint32_t m, uint32_t n,
                                const float *Z, const float *A, const float *Y, float *delta);

    /* BP2: delta = (delta_next W_next) times f'(Z). delta_next: m x n_next, W_next: n_next x n, the others m x n. */
    annc_status (*hidden_delta)(annc_device *device, annc_activation f, uint32_t m, uint32_t n, uint32_t n_next,
                                const float *delta_next, const float *W_next, const float *Z, const float *A,
                                float *delta);

    /* BP3 and BP4: W = beta W + alpha delta^T A_in, b = beta b + alpha delta^T 1. alpha = -eta/m and beta = 1 are the SGD step itself;
     * 1/m and 0 give the gradient. delta: m x n, A_in: m x n_in. With beta 0, what W and b held does not matter. */
    annc_status (*weight_step)(annc_device *device, uint32_t m, uint32_t n_in, uint32_t n, float alpha, float beta,
                               const float *delta, const float *A_in, float *W, float *b);

    /* delta = delta times the weight of each row's class, which is that of Y. delta, Y: m x n; weights: as annc_objective's. */
    annc_status (*weigh)(annc_device *device, uint32_t m, uint32_t n, const float *weights, const float *Y,
                         float *delta);

    /* G = G + l2 W + l1 sign(W), `count` of each. */
    annc_status (*penalise)(annc_device *device, size_t count, double l2, double l1, const float *W, float *G);

    /* G = G times limit / ||G|| where ||G|| is larger than the limit. scratch: ANNC_CLIP_SCRATCH doubles. */
    annc_status (*clip)(annc_device *device, size_t count, double limit, float *G, double *scratch);

    /* theta = (1 - eta decay) theta - step, by the rule and the rate of the cursor's step, `count` of each. v and s: the optimiser's
     * states, NULL where it has none. */
    annc_status (*update)(annc_device *device, struct annc_rule rule, double decay, const struct annc_cursor *cursor,
                          const struct annc_rate *rates, size_t count, const float *G, float *theta, float *v,
                          float *s);

    /* Rows of W that are longer than the limit are scaled down to it. W: n x n_in. */
    annc_status (*limit_rows)(annc_device *device, uint32_t n, uint32_t n_in, double limit, float *W);

    /* Scores the m rows just computed into scores[step] (costs summed in a fixed order, each times the weight of its class unless weights is
     * NULL), then moves the cursor to the next step. predictions, unless NULL, takes each row's class at its position step * batch + row + r.
     * Z, A, Y: m x n. */
    annc_status (*score)(annc_device *device, annc_cost cost, uint32_t m, uint32_t n, const float *Z, const float *A,
                         const float *Y, const float *weights, struct annc_cursor *cursor, struct annc_score *scores,
                         int32_t *predictions);
};

/* The CPU. */
extern const struct annc_backend annc_backend_cpu;

/* The CUDA backend lives in a module that is loaded at first need; this is the one symbol it shows. */
typedef const struct annc_backend *annc_backend_module_fn(void);
#define ANNC_BACKEND_MODULE_SYMBOL "annc_backend_module"

#endif
