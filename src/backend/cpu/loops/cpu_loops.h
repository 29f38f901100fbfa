/* cpu_loops.h - the kernels of cpu_kernels.h for the instruction set of the including file:
 * cpu_portable.c, cpu_avx2.c, cpu_avx512.c. */
#ifndef ANNC_BACKEND_CPU_LOOPS_CPU_LOOPS_H
#define ANNC_BACKEND_CPU_LOOPS_CPU_LOOPS_H

#include "backend/cpu/loops/cpu_images.h"
#include "backend/cpu/loops/cpu_kernels.h"
#include "backend/cpu/loops/cpu_lists.h"
#include "backend/cpu/loops/cpu_random.h"
#include "backend/cpu/loops/cpu_transpose.h"
#include "backend/cpu/loops/cpu_vector.h"
#include "base/functions.h"

enum { MOST_VECTORS = 4 }; /* of a row, in registers at once */
/* Of a product's tile. */
enum { MOST_ROWS = TILE_1 > TILE_2 ? TILE_1 : TILE_2, MOST_SUMS = TILE_1 > 2 * TILE_2 ? TILE_1 : 2 * TILE_2 };

/* ---------------------------------------------------------------- nonzero inputs */

/* Offset of vector g of a row of W from its first vector (W is in planes: cpu_kernels.h). */
#define IN_PLANE(g, plane) ((size_t)(g)*LANES / ANNC_PAD * (plane) + (size_t)(g)*LANES % ANNC_PAD)

/* Returns the row of W of non-zero j of four, from their byte offsets packed in q. */
INLINE const void *row_of(const float *W, uint64_t q, int j)
{
    enum { UNIT = 6, MASK = 0xFFFF << UNIT }; /* ANNC_PAD floats are 2^6 bytes */
    const int shift = 16 * j - UNIT;
    return (const char *)W + ((shift < 0 ? q << -shift : q >> shift) & MASK);
}

INLINE const void *values_of(const struct annc_records *records, const struct annc_record *record)
{
    return records->lines + (size_t)record->line * ANNC_LINE + (size_t)record->blocks * ANNC_OCTET * sizeof(uint16_t);
}

/* Computes one example, `vectors` vectors of its row, each summed in CHAINS independent chains for
 * instruction-level parallelism. The chains do not depend on the number of vectors, so a unit does
 * not depend on its neighbours. */
INLINE void forward_example(const int vectors, const bool bytes, const struct annc_records *records,
                            const struct annc_record *record, const char *next, const float *W, size_t plane,
                            const float *bias, float *z, float *x)
{
    const uint16_t *offset = (const uint16_t *)(records->lines + (size_t)record->line * ANNC_LINE);
    const uint32_t blocks = record->blocks;
    const void *value = values_of(records, record);
    vec sum[MOST_VECTORS * CHAINS];
    REPEAT (g, vectors * CHAINS)
        sum[g] = g < vectors ? v_load(bias + g * LANES) : v_zero();
    for (uint32_t block = 0; block < blocks; block++) {
        uint64_t q[2];
        octet values;
        memcpy(q, offset, sizeof q);
        __builtin_prefetch(next, 0, 2);
        next += ANNC_OCTET * (sizeof(uint16_t) + (bytes ? 1 : sizeof(float)));
        values = bytes ? octet_of_bytes(value, records->factor) : octet_of_floats(value);
        octet_store(x, values);
        REPEAT (j, ANNC_OCTET) {
            const float *w = row_of(W, q[j / 4], j % 4);
            const vec spread = octet_spread(values, x, j);
            REPEAT (g, vectors)
                sum[j % CHAINS * vectors + g] =
                    v_fma(spread, v_load(w + IN_PLANE(g, plane)), sum[j % CHAINS * vectors + g]);
        }
        offset += ANNC_OCTET;
        value = (const char *)value + ANNC_OCTET * (bytes ? 1 : sizeof(float));
        x += ANNC_OCTET;
    }
    REPEAT (g, vectors) {
        for (int width = CHAINS / 2; width > 0; width /= 2)
            for (int chain = 0; chain < width; chain++)
                sum[chain * vectors + g] = v_add(sum[chain * vectors + g], sum[(chain + width) * vectors + g]);
        v_store(z + g * LANES, sum[g]);
    }
}

INLINE void forward_examples(const int vectors, const struct annc_records *records, const struct annc_record *these,
                             const struct annc_record *next, uint32_t m, size_t stride, const float *W, size_t plane,
                             const float *bias, float *Z, float *values)
{
    for (uint32_t r = 0; r < m; r++) {
        const char *ahead = (const char *)records->lines + (size_t)next[r].line * ANNC_LINE;
        if (records->bytes)
            forward_example(vectors, true, records, &these[r], ahead, W, plane, bias, Z + r * stride,
                            values + r * records->step);
        else
            forward_example(vectors, false, records, &these[r], ahead, W, plane, bias, Z + r * stride,
                            values + r * records->step);
    }
}

static void sparse_forward(const struct annc_records *records, const struct annc_record *these,
                           const struct annc_record *next, uint32_t m, size_t n, const float *W, size_t plane,
                           const float *bias, float *Z, float *values)
{
    for (size_t at = 0; at < n;) {
        const size_t left = (n - at) / LANES;
        const size_t vectors = left < MOST_VECTORS ? left : MOST_VECTORS;
        switch (vectors) {
#define FORWARD(vectors)                                                                                               \
    case vectors:                                                                                                      \
        forward_examples(vectors, records, these, next, m, n, W + IN_PLANE(at / LANES, plane), plane, bias + at,       \
                         Z + at, values);                                                                              \
        break;
            FORWARD(1)
            FORWARD(2)
            FORWARD(3)
            FORWARD(4)
#undef FORWARD
        }
        at += vectors * LANES;
    }
}

INLINE void update_example(const int vectors, const struct annc_records *records, const struct annc_record *record,
                           const float *d, const float *x, float *W, size_t plane)
{
    const uint16_t *offset = (const uint16_t *)(records->lines + (size_t)record->line * ANNC_LINE);
    const uint32_t blocks = record->blocks;
    vec delta[MOST_VECTORS];
    SETTLED(W);
    REPEAT (g, vectors)
        delta[g] = v_load(d + g * LANES);
    for (uint32_t block = 0; block < blocks; block++, offset += ANNC_OCTET, x += ANNC_OCTET) {
        uint64_t q[2];
        memcpy(q, offset, sizeof q);
        REPEAT (j, ANNC_OCTET) {
            float *w = (float *)row_of(W, q[j / 4], j % 4);
            SETTLED(w);
            const vec spread = v_set(x[j]);
            REPEAT (g, vectors)
                v_store(w + IN_PLANE(g, plane), v_fma(spread, delta[g], v_load(w + IN_PLANE(g, plane))));
        }
    }
}

INLINE void update_examples(const int vectors, const struct annc_records *records, const struct annc_record *these,
                            uint32_t m, size_t stride, const float *D, const float *values, float *W, size_t plane)
{
    for (uint32_t r = 0; r < m; r++)
        update_example(vectors, records, &these[r], D + r * stride, values + r * records->step, W, plane);
}

static void sparse_update(const struct annc_records *records, const struct annc_record *these, uint32_t m, size_t n,
                          const float *D, const float *values, float *W, size_t plane)
{
    for (size_t at = 0; at < n;) {
        const size_t left = (n - at) / LANES;
        const size_t vectors = left < MOST_VECTORS ? left : MOST_VECTORS;
        switch (vectors) {
#define UPDATE(vectors)                                                                                                \
    case vectors:                                                                                                      \
        update_examples(vectors, records, these, m, n, D + at, values, W + IN_PLANE(at / LANES, plane), plane);        \
        break;
            UPDATE(1)
            UPDATE(2)
            UPDATE(3)
            UPDATE(4)
#undef UPDATE
        }
        at += vectors * LANES;
    }
}

/* ---------------------------------------------------------------- products */

/* Computes rows x vectors vectors of C. Rows of A are addressed in groups of four, from few enough
 * pointers for the registers. is_near: the neighbours of a row of A and the rows of B lie side by
 * side. */
INLINE void tile(const int rows, const int vectors, const bool is_near, const struct annc_product *p, size_t row,
                 size_t column)
{
    const float *b = p->B.at + IN_PLANE(column / LANES, p->B.plane);
    float *c = p->C.at + row * p->C.row + IN_PLANE(column / LANES, p->C.plane);
    const size_t one = p->A.row, step = is_near ? 1 : p->A.step, b_row = is_near ? ANNC_PAD : p->B.row;
    size_t three = 3 * one;
    const float *a[(MOST_ROWS + 3) / 4];
    vec sum[MOST_SUMS];
    SETTLED(three);
    REPEAT (i, (rows + 3) / 4)
        a[i] = p->A.at + (row + 4 * (size_t)i) * one;
    REPEAT (i, rows * vectors)
        sum[i] = p->start == ANNC_START_ZERO ? v_zero()
                 : p->start == ANNC_START_BIAS
                     ? v_load(p->bias + column + i % vectors * LANES)
                     : v_load(c + (size_t)(i / vectors) * p->C.row + IN_PLANE(i % vectors, p->C.plane));
    for (uint32_t k = 0; k < p->K; k++, b += b_row) {
        vec right[2];
        REPEAT (g, vectors)
            right[g] = v_load(b + IN_PLANE(g, p->B.plane));
        REPEAT (i, rows) {
            const vec left = v_set(a[i / 4][i % 4 == 3 ? three : (size_t)(i % 4) * one]);
            REPEAT (g, vectors)
                sum[i * vectors + g] = v_fma(left, right[g], sum[i * vectors + g]);
        }
        REPEAT (i, (rows + 3) / 4) {
            a[i] += step;
            SETTLED(a[i]);
        }
    }
    REPEAT (i, rows * vectors)
        v_store(c + (size_t)(i / vectors) * p->C.row + IN_PLANE(i % vectors, p->C.plane), sum[i]);
}

/* Computes a strip of C, one or two vectors wide. */
INLINE void strip(const int vectors, const bool is_near, const struct annc_product *p, size_t column)
{
    uint32_t row = 0;
    for (; p->M - row >= (vectors == 1 ? TILE_1 : TILE_2); row += vectors == 1 ? TILE_1 : TILE_2)
        tile(vectors == 1 ? TILE_1 : TILE_2, vectors, is_near, p, row, column);
    for (; p->M - row >= 4; row += 4)
        tile(4, vectors, is_near, p, row, column);
    for (; p->M - row >= 1; row++)
        tile(1, vectors, is_near, p, row, column);
}

/* DEEP terms of a strip of B take 16 kB, half of the first cache; those of so many rows of A are a
 * part of the second. */
enum { TALL = 192 };
_Static_assert(DEEP *(TALL + 2 * ANNC_PAD) <= ANNC_PRODUCT_SCRATCH, "room for both");

/* Copies `terms` rows of a strip of B: in memory they may lie so far apart that they share a few
 * places of the cache. */
static void copy_strip(int vectors, uint32_t terms, const float *from, size_t row, size_t plane, float *to)
{
    for (int g = 0; g < vectors; g++)
        for (uint32_t i = 0; i < terms; i++)
            v_store(to + i * ANNC_PAD + IN_PLANE(g, DEEP * ANNC_PAD), v_load(from + i * row + IN_PLANE(g, plane)));
}

/* Computes a piece of C, whose A is near, strip by strip; `copy` has room for a strip of B. */
static void piece(const struct annc_product *p, float *copy)
{
    struct annc_product q = *p;
    for (size_t column = 0; column < p->N; column += 2 * LANES) {
        const int vectors = p->N - column > LANES ? 2 : 1;
        const float *B = p->B.at + IN_PLANE(column / LANES, p->B.plane);
        q.C.at = p->C.at + IN_PLANE(column / LANES, p->C.plane);
        q.bias = p->start == ANNC_START_BIAS ? p->bias + column : NULL;
        if (p->B.row == ANNC_PAD) {
            q.B.at = B;
        } else {
            copy_strip(vectors, p->K, B, p->B.row, p->B.plane, copy);
            q.B.at = copy;
            q.B.plane = DEEP * ANNC_PAD;
        }
        if (vectors == 2)
            strip(2, true, &q, 0);
        else
            strip(1, true, &q, 0);
    }
}

/* Computes C piece by piece. A sum goes on from piece to piece of its terms, in the same order. */
static void pieces(const struct annc_product *p)
{
    const bool transposes = p->A.step != 1;
    const uint32_t tall = transposes ? TALL : p->M;
    struct annc_product q = *p;
    for (uint32_t k = 0; k < p->K; k += DEEP) {
        q.K = MIN(p->K - k, DEEP);
        q.start = k > 0 ? ANNC_START_THERE : p->start;
        q.B.at = p->B.at + k * p->B.row;
        for (uint32_t row = 0; row < p->M; row += tall) {
            q.M = MIN(p->M - row, tall);
            q.C.at = p->C.at + row * p->C.row;
            q.A.at = p->A.at + row * p->A.row + k * p->A.step;
            if (transposes) {
                transpose(q.K, q.M, q.A.at, p->A.step, p->scratch, DEEP);
                q.A.at = p->scratch;
                q.A.row = DEEP;
            }
            piece(&q, p->scratch + DEEP * TALL);
        }
    }
}

static void multiply(const struct annc_product *p)
{
    /* A copy pays where a factor does not fit the first cache and the copy is used so often. */
    enum { LARGE = 8192, ROWS_OF_A = 32, COLUMNS_OF_B = 4 * ANNC_PAD };
    const bool A_is_near = p->A.step == 1 || (p->N >= COLUMNS_OF_B && (size_t)p->M * p->K >= LARGE);
    const bool B_is_near = p->B.row == ANNC_PAD || (p->M >= ROWS_OF_A && (size_t)p->N * p->K >= LARGE);
    size_t column = 0;
    if (A_is_near && B_is_near) {
        pieces(p);
        return;
    }
    for (; p->N - column >= 2 * LANES; column += 2 * LANES)
        strip(2, false, p, column);
    if (column < p->N)
        strip(1, false, p, column);
}

/* Adds the rows of D to several vectors of b side by side, so that their additions are
 * independent. */
INLINE void add_strip(const int vectors, uint32_t m, size_t stride, const float *D, float *b)
{
    vec sum[4];
    REPEAT (g, vectors)
        sum[g] = v_load(b + g * LANES);
    for (uint32_t r = 0; r < m; r++)
        REPEAT (g, vectors)
            sum[g] = v_add(sum[g], v_load(D + r * stride + g * LANES));
    REPEAT (g, vectors)
        v_store(b + g * LANES, sum[g]);
}

static void add_rows(uint32_t m, size_t n, size_t stride, const float *D, float *b)
{
    size_t j = 0;
    for (; n - j >= 4 * LANES; j += 4 * LANES)
        add_strip(4, m, stride, D + j, b + j);
    for (; n - j >= 2 * LANES; j += 2 * LANES)
        add_strip(2, m, stride, D + j, b + j);
    if (j < n)
        add_strip(1, m, stride, D + j, b + j);
}

/* ---------------------------------------------------------------- elementwise */

typedef float real; /* type in the formulas */

static void activate(annc_activation f, size_t count, const float *restrict Z, float *restrict A)
{
    switch (f) {
#define ACTIVATE(enumerator, name, value, ...)                                                                         \
    case enumerator:                                                                                                   \
        for (size_t i = 0; i < count; i++) {                                                                           \
            const float z = Z[i];                                                                                      \
            A[i] = value;                                                                                              \
        }                                                                                                              \
        break;
        ANNC_ACTIVATIONS(ACTIVATE)
#undef ACTIVATE
    case ANNC_ACTIVATION_COUNT:
        break;
    }
}

static void times_derivative(annc_activation f, size_t count, const float *restrict Z, const float *restrict A,
                             float *restrict delta)
{
    switch (f) {
#define TIMES_DERIVATIVE(enumerator, name, value, derivative, ...)                                                     \
    case enumerator:                                                                                                   \
        for (size_t i = 0; i < count; i++) {                                                                           \
            const float z = Z[i], a = A[i];                                                                            \
            (void)z;                                                                                                   \
            (void)a;                                                                                                   \
            delta[i] = delta[i] * (derivative);                                                                        \
        }                                                                                                              \
        break;
        ANNC_ACTIVATIONS(TIMES_DERIVATIVE)
#undef TIMES_DERIVATIVE
    case ANNC_ACTIVATION_COUNT:
        break;
    }
}

static void cost_derivative(annc_cost cost, float tau, size_t count, const float *restrict Z, const float *restrict A,
                            const float *restrict Y, float *restrict delta)
{
    switch (cost) {
#define COST_DERIVATIVE(enumerator, name, value, derivative, ...)                                                      \
    case enumerator:                                                                                                   \
        for (size_t i = 0; i < count; i++) {                                                                           \
            const float z = Z[i], a = A[i], y = Y[i];                                                                  \
            (void)z;                                                                                                   \
            delta[i] = derivative;                                                                                     \
        }                                                                                                              \
        break;
        ANNC_COSTS(COST_DERIVATIVE)
#undef COST_DERIVATIVE
    case ANNC_COST_COUNT:
        break;
    }
}

static void scale(size_t count, float factor, float *restrict x)
{
    for (size_t i = 0; i < count; i++)
        x[i] *= factor;
}

static void multiply_by(size_t count, const float *restrict y, float *restrict x)
{
    for (size_t i = 0; i < count; i++)
        x[i] *= y[i];
}

/* A few rows at a time, whose exponentials are one loop for the compiler. */
static void normalise_rows(uint32_t m, uint32_t n, size_t stride, float *restrict Z, float *restrict exponentials)
{
    enum { ROWS = 16 };
    float largest[ROWS];
    for (uint32_t first = 0; first < m; first += ROWS) {
        const uint32_t rows = MIN(m - first, ROWS);
        float *restrict z = Z + first * stride, *restrict e = exponentials + first * stride;
        for (uint32_t r = 0; r < rows; r++) {
            largest[r] = z[r * stride];
            for (uint32_t j = 1; j < n; j++)
                largest[r] = MAX(z[r * stride + j], largest[r]);
            for (uint32_t j = 0; j < n; j++)
                e[r * stride + j] = z[r * stride + j] - largest[r];
        }
        for (size_t i = 0; i < rows * stride; i++)
            e[i] = EXP(e[i]);
        for (uint32_t r = 0; r < rows; r++) {
            float sum = 0;
            for (uint32_t j = 0; j < n; j++)
                sum += e[r * stride + j];
            const float log_sum = largest[r] + logf(sum);
            for (uint32_t j = 0; j < n; j++)
                z[r * stride + j] -= log_sum;
        }
    }
}

/* Adds each row's costs to those of the rows before, output by output, ANNC_PAD at a time, a
 * constant for the compiler, which makes vectors of the costs where they are alone in a loop. */
static double sum_costs(const struct annc_outputs *outputs)
{
    const size_t stride = outputs->stride, count = outputs->m * stride;
    const float *restrict Z = outputs->Z, *restrict A = outputs->A, *restrict Y = outputs->Y;
    const float tau = outputs->tau;
    double *restrict costs_of = outputs->costs, sum = 0;
    switch (outputs->cost) {
#define SUM_COSTS(enumerator, name, value, ...)                                                                        \
    case enumerator:                                                                                                   \
        for (size_t first = 0; first < stride; first += ANNC_PAD) {                                                    \
            double sums[ANNC_PAD] = {0}; /* in registers */                                                            \
            for (size_t row = first, r = 0; row < count; row += stride, r++) {                                         \
                const double weight = outputs->weights ? (double)outputs->weights[r] : 1;                              \
                float costs[ANNC_PAD];                                                                                 \
                _Pragma("GCC unroll 1") for (size_t j = 0; j < ANNC_PAD; j++)                                          \
                {                                                                                                      \
                    const float z = Z[row + j], a = A[row + j], y = Y[row + j];                                        \
                    (void)z;                                                                                           \
                    (void)a;                                                                                           \
                    costs[j] = value;                                                                                  \
                }                                                                                                      \
                for (size_t j = 0; j < ANNC_PAD; j++)                                                                  \
                    sums[j] += weight * (double)costs[j];                                                              \
            }                                                                                                          \
            memcpy(costs_of + first, sums, sizeof sums);                                                               \
        }                                                                                                              \
        break;
        ANNC_COSTS(SUM_COSTS)
#undef SUM_COSTS
    case ANNC_COST_COUNT:
        break;
    }
    for (uint32_t j = 0; j < outputs->n; j++)
        sum += costs_of[j];
    return sum;
}

/* Returns whether an output is the largest of a row, or equals it at the lowest index. It first
 * counts the outputs at least as large; usually only one is. */
INLINE bool wins(uint32_t n, const float *a, uint32_t wanted)
{
    const vec best = v_set(a[wanted]);
    uint32_t reach = 0;
    for (uint32_t j = 0; j < n; j += LANES)
        reach += v_count_reaching(n - j, v_load(a + j), best);
    for (uint32_t j = 0; j < n && reach > 1; j++)
        if (a[j] > a[wanted] || (j < wanted && !(a[j] < a[wanted])))
            return false;
    return reach > 0; /* false for NaN */
}

static uint32_t count_correct(const struct annc_outputs *outputs)
{
    uint32_t correct = 0;
    for (uint32_t r = 0; r < outputs->m; r++)
        correct += wins(outputs->n, outputs->A + r * outputs->stride, outputs->wanted[r]);
    return correct;
}

static void penalise(size_t count, double l2, double l1, const float *restrict W, float *restrict G)
{
    const float square = (float)l2, absolute = (float)l1;
    for (size_t i = 0; i < count; i++)
        G[i] = annc_penalised(G[i], W[i], square, absolute);
}

/* ---------------------------------------------------------------- updates */

/* The rules' formulas are applied to vectors. */
#undef OVER_ROOT
#define OVER_ROOT v_over_root

/* Updates a vector of parameters and states. The compiler drops the states that a rule lacks. */
INLINE void learn(const annc_optimiser optimiser, const struct annc_update update, vec g, float *theta, float *v_at,
                  float *s_at)
{
    const float eta = update.rate.eta, c1 = update.rate.c1, c2 = update.rate.c2, mu = update.rule.mu,
                rho = update.rule.rho, epsilon = update.rule.epsilon;
    vec v = v_zero(), s = v_zero(), change = v_zero();
    (void)eta, (void)c1, (void)c2, (void)mu, (void)rho, (void)epsilon;
    switch (optimiser) {
#define OPTIMISE(enumerator, name, first, second, step, states, ...)                                                   \
    case enumerator:                                                                                                   \
        if ((states)&FIRST)                                                                                            \
            v = v_load_any(v_at);                                                                                      \
        if ((states)&SECOND)                                                                                           \
            s = v_load_any(s_at);                                                                                      \
        v = first;                                                                                                     \
        s = second;                                                                                                    \
        if ((states)&FIRST)                                                                                            \
            v_store_any(v_at, v);                                                                                      \
        if ((states)&SECOND)                                                                                           \
            v_store_any(s_at, s);                                                                                      \
        change = step;                                                                                                 \
        break;
        ANNC_OPTIMISERS(OPTIMISE)
#undef OPTIMISE
    case ANNC_OPTIMISER_COUNT:
        break;
    }
    v_store_any(theta, (1 - eta * update.decay) * v_load_any(theta) - change);
}

/* Learns from whole vectors, and from the last one in a copy. Here and below theta stands for a
 * state that the rule does not have. */
INLINE void learn_all(const annc_optimiser optimiser, const struct annc_update update, size_t count, const float *G,
                      float *theta, float *v, float *s)
{
    const int states = annc_optimiser_states(optimiser);
    size_t i = 0;
    for (; count - i >= LANES; i += LANES)
        learn(optimiser, update, update.scale * v_load_any(G + i), theta + i, states & FIRST ? v + i : theta,
              states & SECOND ? s + i : theta);
    if (i == count)
        return;
    const size_t bytes = (count - i) * sizeof(float);
    float last[4][LANES] = {{0}};
    memcpy(last[0], G + i, bytes);
    memcpy(last[1], theta + i, bytes);
    memcpy(last[2], states & FIRST ? v + i : theta + i, bytes);
    memcpy(last[3], states & SECOND ? s + i : theta + i, bytes);
    learn(optimiser, update, update.scale * v_load_any(last[0]), last[1], last[2], last[3]);
    memcpy(theta + i, last[1], bytes);
    if (states & FIRST)
        memcpy(v + i, last[2], bytes);
    if (states & SECOND)
        memcpy(s + i, last[3], bytes);
}

static void update(const struct annc_update *update, size_t count, const float *G, float *theta, float *v, float *s)
{
    const unsigned before = v_flush_subnormals();
    switch (update->rule.optimiser) {
#define UPDATE(enumerator, ...)                                                                                        \
    case enumerator:                                                                                                   \
        learn_all(enumerator, *update, count, G, theta, v, s);                                                         \
        break;
        ANNC_OPTIMISERS(UPDATE)
#undef UPDATE
    case ANNC_OPTIMISER_COUNT:
        break;
    }
    v_restore(before);
}

/* Learns from rows; those not marked need no gradient, and no step where a rule makes none of 0. */
INLINE void learn_rows(const annc_optimiser optimiser, const struct annc_update update, size_t rows,
                       const uint8_t *marked, float *G, float *theta, float *v, float *s)
{
    const int states = annc_optimiser_states(optimiser);
    const bool rests = update.decay == 0 && (optimiser == ANNC_SGD || optimiser == ANNC_ADAGRAD);
    for (size_t row = 0; row < rows; row++) {
        const bool is_marked = !marked || marked[row];
        if (!is_marked && rests)
            continue;
        for (size_t i = row * ANNC_PAD; i < (row + 1) * ANNC_PAD; i += LANES) {
            vec g = v_zero();
            if (is_marked) {
                g = update.scale * v_load(G + i);
                v_store(G + i, v_zero());
            }
            learn(optimiser, update, g, theta + i, states & FIRST ? v + i : theta, states & SECOND ? s + i : theta);
        }
    }
}

static void update_rows(const struct annc_update *update, size_t rows, const uint8_t *marked, float *G, float *theta,
                        float *v, float *s)
{
    const unsigned before = v_flush_subnormals();
    switch (update->rule.optimiser) {
#define UPDATE(enumerator, ...)                                                                                        \
    case enumerator:                                                                                                   \
        learn_rows(enumerator, *update, rows, marked, G, theta, v, s);                                                 \
        break;
        ANNC_OPTIMISERS(UPDATE)
#undef UPDATE
    case ANNC_OPTIMISER_COUNT:
        break;
    }
    v_restore(before);
}

static void mark(const struct annc_records *records, const struct annc_record *these, uint32_t m, uint8_t *marked)
{
    for (uint32_t r = 0; r < m; r++) {
        const uint16_t *input = (const uint16_t *)(records->lines + (size_t)these[r].line * ANNC_LINE);
        for (size_t i = 0; i < (size_t)these[r].blocks * ANNC_OCTET; i++)
            marked[input[i]] = 1;
    }
}

static void add_squares(size_t rows, size_t stride, const uint8_t *marked, const float *G, double *restrict squares)
{
    double sum[ANNC_PAD];
    memcpy(sum, squares, sizeof sum);
    for (size_t row = 0; row < rows; row++, G += stride)
        if (!marked || marked[row])
            for (size_t j = 0; j < ANNC_PAD; j++)
                sum[j] += (double)G[j] * (double)G[j];
    memcpy(squares, sum, sizeof sum);
}

static void scale_columns(size_t rows, size_t stride, const float *restrict factor, float *restrict W)
{
    for (size_t row = 0; row < rows; row++, W += stride)
        for (size_t j = 0; j < ANNC_PAD; j++)
            W[j] *= factor[j];
}

/* ---------------------------------------------------------------- the order */

/* Runs the rounds of annc_order_at for numbers side by side. */
INLINE void run_rounds(const struct annc_order *order, uint32_t count, const uint32_t *restrict from,
                       uint32_t *restrict to)
{
    const uint32_t low_bits = order->low_bits, low_mask = ((uint32_t)1 << low_bits) - 1;
    const uint32_t high_mask = ((uint32_t)1 << (order->bits - low_bits)) - 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t low = from[i] & low_mask, high = from[i] >> low_bits;
        REPEAT (pair, ANNC_ORDER_ROUNDS / 2) {
            low ^= annc_order_mix(high, order->key[2 * pair]) & low_mask;
            high ^= annc_order_mix(low, order->key[2 * pair + 1]) & high_mask;
        }
        to[i] = high << low_bits | low;
    }
}

/* Runs the rounds for a piece of the positions, then again and again for those that left the
 * range. */
static void order(const struct annc_order *order, uint32_t first, uint32_t count, uint32_t *restrict examples)
{
    enum { PIECE = 512 };
    uint32_t from[PIECE], to[PIECE], place[PIECE];
    for (uint32_t done = 0; done < count; done += PIECE) {
        uint32_t left = MIN(count - done, PIECE);
        for (uint32_t i = 0; i < left; i++) {
            from[i] = first + done + i;
            place[i] = done + i;
        }
        if (order->bits == 0)
            memcpy(examples + done, from, left * sizeof *examples);
        while (order->bits > 0 && left > 0) {
            uint32_t outside = 0;
            run_rounds(order, left, from, to);
            for (uint32_t i = 0; i < left; i++) {
                examples[place[i]] = from[outside] = to[i];
                place[outside] = place[i];
                outside += to[i] >= order->n;
            }
            left = outside;
        }
    }
}

#define ANNC_KERNELS(title)                                                                                            \
    {                                                                                                                  \
        .name = title, .sparse_forward = sparse_forward, .sparse_update = sparse_update, .multiply = multiply,         \
        .transpose = transpose, .add_rows = add_rows, .activate = activate, .times_derivative = times_derivative,      \
        .cost_derivative = cost_derivative, .scale = scale, .normalise_rows = normalise_rows, .sum_costs = sum_costs,  \
        .count_correct = count_correct, .penalise = penalise, .update = update, .update_rows = update_rows,            \
        .mark = mark, .add_squares = add_squares, .scale_columns = scale_columns, .dropout_factors = dropout_factors,  \
        .add_noise = add_noise, .multiply_by = multiply_by, .bytes_to_floats = bytes_to_floats,                        \
        .list_bytes = list_bytes, .move_image = move_image, .order = order                                             \
    }

#endif
