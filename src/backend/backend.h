/* backend.h - the interface of a device.
 *
 * A backend is one static const struct annc_backend and one row of the table in registry.c. It has
 * two parts:
 *
 *   operations   required; each is one equation for a whole minibatch. training/step/propagate.c
 *                calls them and alone defines the order of the equations.
 *   engines      optional; consecutive whole steps in one call, for the jobs that an engine
 *                accepts (engine.h).
 *
 * alloc and stage return device memory: only the backend's own functions read or write it.
 * Operations run in the order of the calls; download and synchronise wait for them. Matrices are
 * row-major floats, m examples as rows, without padding. All numbers are fp32 unless a comment says
 * otherwise. Failures are reported through annc_host.fail, with the numbers, and end the open jobs
 * of the device. A device may move from thread to thread between calls, and a thread may use
 * several. */
#ifndef ANNC_BACKEND_BACKEND_H
#define ANNC_BACKEND_BACKEND_H

#include "annc.h"
#include "base/order.h"

#include <sys/types.h>

/* Version of this interface, raised with every change of this file, of engine.h and of group.h; the
 * library rejects a module of another version with both numbers. */
enum { ANNC_BACKEND_CONTRACT = 16 };

enum { ANNC_CLIP_SCRATCH = 256 };

/* Values of a device that are summed in host memory at a time. */
enum { ANNC_STAGED_VALUES = 1 << 22 };

/* The library's functions for a backend; a backend in a module has no other access to the
 * library. */
struct annc_host {
    annc_status (*fail)(annc_status status, const char *format, ...);
};

/* The first member of each backend's own device struct. */
struct annc_device {
    const struct annc_backend *backend;
    const struct annc_host *host;
    annc_device_info info;
    /* The code that computes: within info.name, all but the processor's name. Ranks must agree. */
    const char *kernels;
    pid_t process;      /* that opened it; a child of fork has neither its threads nor its CUDA context */
    bool is_connected;  /* with the devices of a group's other ranks: begin_sum and end_sums work */
    char exchange[128]; /* how gradients of several ranks are summed, for people; "" before `connect` */
    float *staging;     /* ANNC_STAGED_VALUES in host memory, for sums there; NULL if is_connected */
};

/* Score of one minibatch, or of one chunk of an evaluation. */
struct annc_score {
    double cost;      /* sum of C over its examples */
    uint32_t correct; /* as annc_evaluation.correct */
    uint32_t examples;
};

/* Constants of an update: the same for every step ... */
struct annc_rule {
    annc_optimiser optimiser;
    float mu, rho, epsilon;
};
/* ... and its variables: one entry per step of the epoch. */
struct annc_rate {
    float eta, c1, c2; /* as in annc_functions.h */
};

/* Target values of labels: `on` at the label's output, `off` elsewhere; a single output is `on` for
 * label 1. */
struct annc_label_values {
    float off, on;
};

struct annc_engine_ops;
struct annc_group;

struct annc_backend {
    int contract;
    annc_device_kind kind;
    const char *name; /* "cpu", "cuda" */
    /* Device memory is host memory: stage uses arrays in place, and arrays of any size fit. */
    bool host_memory;
    const struct annc_engine_ops *const *engines; /* best first, NULL-terminated */

    /* Returns the number of devices, or 0 and the reason in `why` (of `size` bytes). */
    int (*count)(char *why, size_t size);
    /* Opens device `index`. threads: see annc_device_options; only the CPU uses it. */
    annc_status (*open)(const struct annc_host *host, int index, int threads, annc_device **device);
    void (*close)(annc_device *device);
    /* Opens a device again: the operations of the two run beside each other, and each reads the
     * other's memory. NULL if host_memory is true. */
    annc_status (*open_beside)(const annc_device *device, annc_device **beside);

    /* --- memory */

    /* Writes the free bytes at present; memory_free of annc_device_info has those at opening. */
    annc_status (*free_memory)(const annc_device *device, uint64_t *bytes);
    /* Allocates `bytes` of device memory with undefined contents. ANNC_MEMORY names `what`, the
     * purpose. */
    annc_status (*alloc)(annc_device *device, size_t bytes, const char *what, void **memory);
    void (*free)(annc_device *device, void *memory);
    /* Makes a host array readable on the device: a copy, or the array itself if device memory is
     * host memory. The array must stay unchanged until unstage. */
    annc_status (*stage)(annc_device *device, const void *host, size_t bytes, const char *what, const void **memory);
    void (*unstage)(annc_device *device, const void *memory);
    /* Allocates host memory from which upload is fastest; not called if host_memory is true. */
    annc_status (*alloc_host)(annc_device *device, size_t bytes, const char *what, void **memory);
    void (*free_host)(annc_device *device, void *memory);
    /* upload returns once `host` may change again, download once `host` is filled. */
    annc_status (*upload)(annc_device *device, void *memory, const void *host, size_t bytes);
    annc_status (*download)(annc_device *device, void *host, const void *memory, size_t bytes);
    /* copy_beside begins a copy to device memory, from there or from memory of alloc_host, beside
     * the operations: it waits for none of them, but for the copies begun before. Neither array may
     * change until await_copies, which waits for all copies. NULL if host_memory is true. */
    annc_status (*copy_beside)(annc_device *device, void *to, const void *from, size_t bytes);
    annc_status (*await_copies)(annc_device *device);
    annc_status (*synchronise)(annc_device *device);
    /* Returns whether all operations have ended, or failed. NULL if host_memory is true. */
    bool (*is_idle)(annc_device *device);
    /* Sets the precision of the products that follow; it is ANNC_FP32 at first. NULL if they are
     * fp32 always. */
    void (*use_precision)(annc_device *device, annc_precision precision);

    /* --- sums over the devices of a group's ranks; NULL if host_memory is true */

    /* Connects the devices of all ranks, collectively. If they cannot be, is_connected stays false,
     * `exchange` says why, and `staging` is there. */
    annc_status (*connect)(annc_device *device, const struct annc_group *group);
    /* begin_sum and end_sums of the group, between connected devices. The operations that come next
     * wait for the sums; the caller does not. */
    annc_status (*begin_sum)(annc_device *device, float *values, size_t count);
    annc_status (*end_sums)(annc_device *device);

    /* --- operations; l is the layer, n its units, n_in the units of the layer below, n_next those
     * of the layer above */

    /* theta_i = scale x number (first + i) of stream ANNC_STREAM_PARAMETERS, for i < count, in
     * double, rounded once; 0 for scale 0. The numbers are normal deviates, or uniform within (-1,
     * 1). */
    annc_status (*initialise)(annc_device *device, uint64_t seed, uint64_t first, size_t count, bool uniform,
                              double scale, float *theta);

    /* Begins the cursor's next step and gathers m rows of its minibatch: X (m x inputs), bytes
     * divided by the divisor, and Y (m x outputs), targets or label values. Row r is the example at
     * position step * batch + row + r of the cursor's order. Unless `weights` is NULL, weights[r]
     * is the row's weight: that of its example, or 1 without, times that of its label's class, or 1
     * where class_weights (annc_objective) is NULL. */
    annc_status (*gather)(annc_device *device, struct annc_cursor *cursor, const annc_examples *examples,
                          struct annc_label_values values, const float *class_weights, uint32_t m, float *X, float *Y,
                          float *weights);

    /* X = X + sigma times noise (annc_input_noise). X: m x n. */
    annc_status (*perturb)(annc_device *device, uint64_t seed, const struct annc_cursor *cursor, double sigma,
                           uint32_t m, uint32_t n, float *X);

    /* Each row of `moved` is the image of rows x columns pixels in that row of X, transformed for
     * the row's example (augmentation.h). bends: memory of 4 x m x rows x columns floats for elastic
     * distortion; NULL without. */
    annc_status (*augment)(annc_device *device, uint64_t seed, const struct annc_cursor *cursor,
                           annc_augmentation augmentation, uint32_t rows, uint32_t columns, uint32_t m, const float *X,
                           float *bends, float *moved);

    /* D = A times the dropout factors (annc_dropout_factor) of layer l for this share. A and D: m x
     * n, and may be the same. */
    annc_status (*dropout)(annc_device *device, uint64_t seed, const struct annc_cursor *cursor, uint32_t l,
                           double share, uint32_t m, uint32_t n, const float *A, float *D);

    /* Z = A_in W^T + 1 b^T, A = f(Z). A_in: m x n_in, W: n x n_in, Z and A: m x n. For a row-wise
     * f, Z is normalised (annc_functions.h). Unless device memory is host memory, Z may be A, which
     * then holds f(Z). */
    annc_status (*forward)(annc_device *device, annc_activation f, uint32_t m, uint32_t n_in, uint32_t n,
                           const float *A_in, const float *W, const float *b, float *Z, float *A);

    /* The same for predictions: the bits of a row depend on that row, W and b alone, whatever m, the
     * row's place, the other rows and the number of threads are. `block` is the same in every call
     * for this W; the matrices have m rows, rounded up to whole blocks, and the device may compute
     * all of them, in products of `block` rows. A device of host memory needs no more than m. */
    annc_status (*forward_rows)(annc_device *device, annc_activation f, uint32_t m, uint32_t block, uint32_t n_in,
                                uint32_t n, const float *A_in, const float *W, const float *b, float *Z, float *A);

    /* The output layer and BP1: Z and A as forward has them, delta = dC/dA times f'(Z), or the
     * closed form of a cost with its partner, each row times its weight unless weights (m) is NULL.
     * tau: the quantile of the shape. Y, Z, A and delta: m x n. */
    annc_status (*output)(annc_device *device, annc_activation f, annc_cost cost, float tau, uint32_t m, uint32_t n_in,
                          uint32_t n, const float *A_in, const float *W, const float *b, const float *Y,
                          const float *weights, float *Z, float *A, float *delta);

    /* BP2: delta = (delta_next W_next) times f'(Z). delta_next: m x n_next, W_next: n_next x n, the
     * others m x n. Z matters if f' reads it (annc_activation_slope_reads_z). Unless b is NULL, also
     * BP3 with these errors: b = beta b + alpha delta^T 1. */
    annc_status (*hidden_delta)(annc_device *device, annc_activation f, uint32_t m, uint32_t n, uint32_t n_next,
                                const float *delta_next, const float *W_next, const float *Z, const float *A,
                                float *delta, float alpha, float beta, float *b);

    /* BP3 and BP4: W = beta W + alpha delta^T A_in, b = beta b + alpha delta^T 1. alpha = -eta/m
     * and beta = 1 give the SGD step, 1/m and 0 the gradient. delta: m x n, A_in: m x n_in. With
     * beta 0, the previous W and b do not matter. b may be NULL: hidden_delta has updated it. */
    annc_status (*weight_step)(annc_device *device, uint32_t m, uint32_t n_in, uint32_t n, float alpha, float beta,
                               const float *delta, const float *A_in, float *W, float *b);

    /* G = G + l2 W + l1 sign(W), `count` of each. */
    annc_status (*penalise)(annc_device *device, size_t count, double l2, double l1, const float *W, float *G);

    /* G = G times limit / ||G|| if ||G|| exceeds the limit. scratch: ANNC_CLIP_SCRATCH doubles. */
    annc_status (*clip)(annc_device *device, size_t count, double limit, float *G, double *scratch);

    /* theta = (1 - eta decay) theta - step, with the rule and the rate of the cursor's step; all
     * arrays have `count` entries. v and s: the optimiser's states, NULL if it has none. */
    annc_status (*update)(annc_device *device, struct annc_rule rule, double decay, const struct annc_cursor *cursor,
                          const struct annc_rate *rates, size_t count, const float *G, float *theta, float *v,
                          float *s);

    /* Scales rows of W with a norm above the limit down to it. W: n x n_in. */
    annc_status (*limit_rows)(annc_device *device, uint32_t n, uint32_t n_in, double limit, float *W);

    /* Scores the m rows just computed into scores[step], and sets the cursor's next step to the one
     * after. Costs are summed in a fixed order, each times the weight of its row unless weights is
     * NULL. Writes each row's class to predictions, unless NULL, at position step * batch + row +
     * r. Z, A, Y: m x n. */
    annc_status (*score)(annc_device *device, annc_cost cost, float tau, uint32_t m, uint32_t n, const float *Z,
                         const float *A, const float *Y, const float *weights, struct annc_cursor *cursor,
                         struct annc_score *scores, int32_t *predictions);
};

/* The CPU. */
extern const struct annc_backend annc_backend_cpu;

/* The CUDA backend is a module loaded on first use; this is its only exported symbol. */
typedef const struct annc_backend *annc_backend_module_fn(void);
#define ANNC_BACKEND_MODULE_SYMBOL "annc_backend_module"

#endif
