/* cpu_kernels.h - the inner loops of the CPU, compiled for several instruction sets; opening the
 * device selects the best one.
 *
 * Matrices here are padded: a row of n numbers occupies annc_padded(n). Padding is 0 in the inputs
 * of another layer and undefined elsewhere. The fused engine (cpu_step.c) consists of these
 * functions; the operations use the elementwise ones too. */
#ifndef ANNC_BACKEND_CPU_LOOPS_CPU_KERNELS_H
#define ANNC_BACKEND_CPU_LOOPS_CPU_KERNELS_H

#include "backend/augmentation.h"
#include "backend/backend.h"
#include "base/config.h"

enum {
    ANNC_PAD = 16,  /* rows are padded to a multiple of this: the widest vector */
    ANNC_OCTET = 8, /* nonzero inputs per block */
    ANNC_LINE = 64, /* bytes of a cache line, the alignment of records */
    ANNC_PRODUCT_SCRATCH = 57344,
};

static inline size_t annc_padded(size_t n)
{
    return (n + ANNC_PAD - 1) / ANNC_PAD * ANNC_PAD;
}

/* The first layer's W is stored in planes of ANNC_PAD units: W[plane][input][unit]. Offsets then do
 * not depend on the number of units, and the workers write to distant addresses.
 *
 * The record of one example's nonzero inputs: from line `line` on, uint16_t input[8 * blocks], then
 * their values, uint8_t or float. Values of 0 at spare inputs, of which each plane has ANNC_OCTET,
 * fill the last block. */
struct annc_record {
    uint32_t line, blocks;
};

struct annc_records {
    const uint8_t *lines;
    bool bytes;   /* values are bytes, */
    float factor; /* times this */
    size_t most;  /* largest number of values of an example */
    /* Distance between examples' values, if a minibatch's values are kept as floats. */
    size_t step;
};

/* Initial value of a product: 0, a row of biases, or the present C. */
enum annc_start { ANNC_START_ZERO, ANNC_START_BIAS, ANNC_START_THERE };

/* C (M x N) = start + A B, with A (M x K) in any strides; N is a multiple of ANNC_PAD. B (K x N) and
 * C have `row` floats from row to row and `plane` from ANNC_PAD columns to the next: ANNC_PAD in
 * padded rows. Every element is summed from its start in the order of k, whatever the pieces. A has
 * rows or columns of neighbours (row or step is 1). */
struct annc_product {
    uint32_t M, N, K;
    struct {
        const float *at;
        size_t row, step; /* strides of rows and columns */
    } A;
    struct {
        const float *at;
        size_t row, plane;
    } B;
    struct {
        float *at;
        size_t row, plane;
    } C;
    enum annc_start start;
    const float *bias;
    float *scratch; /* ANNC_PRODUCT_SCRATCH floats, for copies of parts of A and B */
};

/* The last layer of a minibatch for scoring: m rows of n outputs, `stride` apart, and the true
 * classes. */
struct annc_outputs {
    annc_cost cost;
    float tau; /* of the quantile cost */
    uint32_t m, n;
    size_t stride;
    const float *Z, *A, *Y;
    const uint32_t *wanted;
    const float *weights; /* of the rows, or NULL */
    double *costs;        /* sum of costs per output */
};

/* How parameters change by a gradient. */
struct annc_update {
    struct annc_rule rule;
    struct annc_rate rate;
    float decay;
    float scale; /* of the gradient: below 1 where it is clipped */
};

/* Images to be transformed (augmentation.h), of bytes times `factor` or of floats. */
struct annc_images {
    annc_augmentation augmentation;
    struct annc_elastic elastic;
    uint64_t seed;
    uint32_t rows, columns;
    bool bytes;
    float factor;
};

enum { ANNC_FRAME = 2 }; /* pixels of 0 around an image: samples reach so far beyond its edge */

static inline size_t annc_framed(size_t rows, size_t columns)
{
    return annc_padded((rows + 2 * ANNC_FRAME) * (columns + 2 * ANNC_FRAME));
}
static inline size_t annc_image_span(size_t columns)
{
    return annc_padded(columns) + ANNC_PAD;
}
/* Returns the floats of scratch memory for transforming images: an image in its frame, a row of ink
 * and, for elastic distortion, displacements, random numbers with as many rows of 0 above and below
 * as smoothing reaches, and rows of sums with as many zeros before and after. */
static inline size_t annc_images_scratch(const struct annc_images *images)
{
    const size_t rows = images->rows, span = annc_image_span(images->columns), reach = (size_t)images->elastic.reach;
    const size_t elastic = 2 * (rows + rows + 2 * reach) * span + 2 * (span + 2 * annc_padded(reach));
    return annc_framed(rows, images->columns) + span + (images->elastic.alpha > 0 ? elastic : 0);
}

/* Dropout of a layer of n units (annc_dropout_factor). */
struct annc_dropout {
    uint64_t seed;
    uint32_t l, n, threshold;
    float scale;
};

struct annc_cpu_kernels {
    const char *name;

    /* Z (m x n) = bias + X W over the nonzero inputs. n is a multiple of ANNC_PAD, `plane` the
     * floats of a plane. Writes each example's values, m x step, to `values`, for sparse_update.
     * next: the records of the next minibatch, to prefetch. */
    void (*sparse_forward)(const struct annc_records *records, const struct annc_record *these,
                           const struct annc_record *next, uint32_t m, size_t n, const float *W, size_t plane,
                           const float *bias, float *Z, float *values);
    /* W += X^T D over the nonzero inputs. D: m x n. */
    void (*sparse_update)(const struct annc_records *records, const struct annc_record *these, uint32_t m, size_t n,
                          const float *D, const float *values, float *W, size_t plane);
    void (*multiply)(const struct annc_product *product);
    /* to (columns x rows) = from (rows x columns) transposed; from_row and to_row: the strides of
     * rows. */
    void (*transpose)(size_t rows, size_t columns, const float *from, size_t from_row, float *to, size_t to_row);
    /* b (n) += the rows of D (m x stride). */
    void (*add_rows)(uint32_t m, size_t n, size_t stride, const float *D, float *b);

    /* --- elementwise: A = f(Z); delta = delta times f'(Z); delta = dC/dA, or the closed form */
    void (*activate)(annc_activation f, size_t count, const float *Z, float *A);
    void (*times_derivative)(annc_activation f, size_t count, const float *Z, const float *A, float *delta);
    void (*cost_derivative)(annc_cost cost, float tau, size_t count, const float *Z, const float *A, const float *Y,
                            float *delta);
    void (*scale)(size_t count, float factor, float *x);
    /* Z = Z - log(sum of exp(Z)) per row of n numbers, computed relative to the row's largest entry.
     * Z and `exponentials`, which it overwrites: m x stride. */
    void (*normalise_rows)(uint32_t m, uint32_t n, size_t stride, float *Z, float *exponentials);
    /* sum_costs returns the sum of C, times its class's weight, over all rows, in an order
     * independent of the vector width. count_correct returns the number of rows whose largest
     * output, the lowest index in ties, is the wanted class (not for a single output). */
    double (*sum_costs)(const struct annc_outputs *outputs);
    uint32_t (*count_correct)(const struct annc_outputs *outputs);
    /* G = G + l2 W + l1 sign(W). */
    void (*penalise)(size_t count, double l2, double l1, const float *W, float *G);
    /* theta = (1 - eta decay) theta - step, by the rule; v and s: its states, NULL if it has none.
     * Numbers below 2^-126 count as 0 here: they arise where gradients stay 0, and take many times
     * longer. */
    void (*update)(const struct annc_update *update, size_t count, const float *G, float *theta, float *v, float *s);
    /* The same for rows of ANNC_PAD parameters whose gradients are 0, except those marked in
     * `marked`; sets their G to 0. marked NULL: all may be other than 0. */
    void (*update_rows)(const struct annc_update *update, size_t rows, const uint8_t *marked, float *G, float *theta,
                        float *v, float *s);
    /* Marks the nonzero inputs of m examples by a 1 each. */
    void (*mark)(const struct annc_records *records, const struct annc_record *these, uint32_t m, uint8_t *marked);
    /* Adds the squares of each column of G, ANNC_PAD of them, to `squares`: `rows` rows, `stride`
     * apart; of those marked, unless marked is NULL. */
    void (*add_squares)(size_t rows, size_t stride, const uint8_t *marked, const float *G, double *squares);
    /* Multiplies ANNC_PAD columns of W by their factors. */
    void (*scale_columns)(size_t rows, size_t stride, const float *factor, float *W);
    /* F (m x stride) = the dropout factors of units first...first + count - 1, of n, of layer l,
     * for examples `example` and following. first and count are multiples of ANNC_PAD. */
    void (*dropout_factors)(const struct annc_dropout *dropout, uint64_t example, uint32_t m, uint32_t first,
                            uint32_t count, float *F, size_t stride);
    /* X (m x n, rows `stride` apart) += sigma times the noise of examples `example` and following. */
    void (*add_noise)(uint64_t seed, uint64_t example, float sigma, uint32_t m, uint32_t n, float *X, size_t stride);
    /* Lists the nonzero pixels and their values of a transformed image and returns their number. May
     * also write to ANNC_PAD places after them. scratch: 0 before the first image. */
    uint32_t (*move_image)(const struct annc_images *images, const void *image, uint64_t example, float *scratch,
                           uint16_t *input, float *value);
    /* x = x times y. */
    void (*multiply_by)(size_t count, const float *y, float *x);
    /* x = bytes times factor. */
    void (*bytes_to_floats)(size_t count, float factor, const uint8_t *bytes, float *x);
    /* Lists the nonzero inputs and their values and returns their number. May also write to
     * ANNC_PAD places after them. */
    uint32_t (*list_bytes)(const uint8_t *x, uint32_t n, uint16_t *input, uint8_t *value);
    /* Writes the examples at positions first...first + count - 1 of an order. */
    void (*order)(const struct annc_order *order, uint32_t first, uint32_t count, uint32_t *examples);
};

/* Returns the best kernels for this machine; ANNC_CPU_KERNELS (avx512, avx2, portable) selects
 * others. */
const struct annc_cpu_kernels *annc_cpu_kernels_choose(void);

extern const struct annc_cpu_kernels annc_cpu_kernels_portable;
#if ANNC_X86_KERNELS
extern const struct annc_cpu_kernels annc_cpu_kernels_avx2, annc_cpu_kernels_avx512;
#endif

#endif
