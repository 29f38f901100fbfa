// cluster_functions.cuh - f, f' and C of annc_functions.h for the values that a lane holds.
//
// A lane (4 g + t) has 4 values of the hidden layer, and 6 of the outputs: rows g, g, g + 8, g + 8
// of outputs 2t, 2t + 1, 2t, 2t + 1, and rows g, g + 8 of output 8 + t % 2, which lanes t + 2 have
// too. One switch serves all values of a lane, unlike a call per value.
#ifndef ANNC_KERNELS_CLUSTER_FUNCTIONS_CUH
#define ANNC_KERNELS_CLUSTER_FUNCTIONS_CUH

#include "kernels/cluster/cluster_layout.cuh"

constexpr int LANE_OUTPUTS = 6;

#define ANNC_ACTIVATE(enumerator, name, value, ...)                                                                    \
    case enumerator:                                                                                                   \
        _Pragma("unroll") for (int q = 0; q < N; q++)                                                                  \
        {                                                                                                              \
            const real z = Z[q];                                                                                       \
            A[q] = (real)(value);                                                                                      \
        }                                                                                                              \
        break;
#define ANNC_TIMES_DERIVATIVE(enumerator, name, value, derivative, ...)                                                \
    case enumerator:                                                                                                   \
        _Pragma("unroll") for (int q = 0; q < N; q++)                                                                  \
        {                                                                                                              \
            const real z = Z[q], a = A[q];                                                                             \
            (void)z;                                                                                                   \
            (void)a;                                                                                                   \
            D[q] *= (real)(derivative);                                                                                \
        }                                                                                                              \
        break;
#define ANNC_COST_OF_LANE(enumerator, name, value, ...)                                                                \
    case enumerator:                                                                                                   \
        _Pragma("unroll") for (int q = 0; q < LANE_OUTPUTS; q++)                                                       \
        {                                                                                                              \
            const real z = Z[q], a = A[q], y = Y[q];                                                                   \
            (void)z;                                                                                                   \
            (void)a;                                                                                                   \
            C[q] = (real)(value);                                                                                      \
        }                                                                                                              \
        break;
#define ANNC_GRADIENT_OF_LANE(enumerator, name, value, derivative, ...)                                                \
    case enumerator:                                                                                                   \
        _Pragma("unroll") for (int q = 0; q < LANE_OUTPUTS; q++)                                                       \
        {                                                                                                              \
            const real a = A[q], y = Y[q];                                                                             \
            (void)a;                                                                                                   \
            D[q] = (real)(derivative);                                                                                 \
        }                                                                                                              \
        break;

// A = f(Z).
template <int N> ANNC_INLINE void activate(annc_activation f, const float (&Z)[N], float (&A)[N])
{
    typedef float real;
    switch (f) {
        ANNC_ACTIVATIONS(ANNC_ACTIVATE)
    default:
        break;
    }
}

// D = D times f'(Z).
template <int N>
ANNC_INLINE void multiply_by_derivative(annc_activation f, const float (&Z)[N], const float (&A)[N], float (&D)[N])
{
    typedef float real;
    switch (f) {
        ANNC_ACTIVATIONS(ANNC_TIMES_DERIVATIVE)
    default:
        break;
    }
}

// Whether output q of a lane exists.
ANNC_INLINE bool is_output(const annc_cluster_launch &job, int lane, int q)
{
    const uint32_t t = lane & 3;
    return (q < 4 ? 2 * t + (q & 1) : 8 + (t & 1)) < job.outputs;
}

// Sums a value over the outputs of rows g (half 0) or g + 8 (half 1); every lane of the row gets the
// same sum. Outputs 8 and 9 count once.
ANNC_INLINE float sum_of_row(const annc_cluster_launch &job, int lane, const float *x, int half)
{
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 2; i++)
        sum += is_output(job, lane, 2 * half + i) ? x[2 * half + i] : 0.f;
    sum += is_output(job, lane, 4 + half) && (lane & 3) < 2 ? x[4 + half] : 0.f;
    sum += __shfl_xor_sync(~0u, sum, 1);
    return sum + __shfl_xor_sync(~0u, sum, 2);
}

// Z = Z - log(sum of exp(Z)) by row, relative to the row's largest entry.
ANNC_INLINE void normalise_rows(const annc_cluster_launch &job, int lane, float (&Z)[LANE_OUTPUTS])
{
    float e[LANE_OUTPUTS], largest[2] = {-INFINITY, -INFINITY};
#pragma unroll
    for (int q = 0; q < LANE_OUTPUTS; q++)
        if (is_output(job, lane, q))
            largest[q < 4 ? q >> 1 : q & 1] = MAX(Z[q], largest[q < 4 ? q >> 1 : q & 1]);
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int m = 1; m < 4; m <<= 1) {
            const float other = __shfl_xor_sync(~0u, largest[half], m);
            largest[half] = MAX(other, largest[half]);
        }
#pragma unroll
    for (int q = 0; q < LANE_OUTPUTS; q++)
        e[q] = EXP(Z[q] - largest[q < 4 ? q >> 1 : q & 1]);
    const float log_sum[2] = {largest[0] + logf(sum_of_row(job, lane, e, 0)),
                              largest[1] + logf(sum_of_row(job, lane, e, 1))};
#pragma unroll
    for (int q = 0; q < LANE_OUTPUTS; q++)
        Z[q] -= log_sum[q < 4 ? q >> 1 : q & 1];
}

// A = f(Z), where a row-wise f first normalises Z.
ANNC_INLINE void activate_outputs(const annc_cluster_launch &job, int lane, float (&Z)[LANE_OUTPUTS],
                                  float (&A)[LANE_OUTPUTS])
{
    if (annc_activation_kind_of(job.output_activation) == ROWWISE)
        normalise_rows(job, lane, Z);
    activate(job.output_activation, Z, A);
}

// BP1, times the scale of the row: D = dC/dA times f'(Z), or the closed form; 0 for outputs that do
// not exist.
ANNC_INLINE void output_delta(const annc_cluster_launch &job, int lane, const float (&Z)[LANE_OUTPUTS],
                              const float (&A)[LANE_OUTPUTS], const float *Y, const float *scale,
                              float (&D)[LANE_OUTPUTS])
{
    typedef float real;
    switch (job.cost) {
        ANNC_COSTS(ANNC_GRADIENT_OF_LANE)
    default:
        break;
    }
    if (annc_cost_partner(job.cost) == ANY_OUTPUT) {
        if (annc_activation_kind_of(job.output_activation) == ROWWISE) { // diag(a) - a a^T
            float weighted[LANE_OUTPUTS];
#pragma unroll
            for (int q = 0; q < LANE_OUTPUTS; q++)
                weighted[q] = D[q] * A[q];
            const float mean[2] = {sum_of_row(job, lane, weighted, 0), sum_of_row(job, lane, weighted, 1)};
#pragma unroll
            for (int q = 0; q < LANE_OUTPUTS; q++)
                D[q] = A[q] * (D[q] - mean[q < 4 ? q >> 1 : q & 1]);
        } else {
            multiply_by_derivative(job.output_activation, Z, A, D);
        }
    }
#pragma unroll
    for (int q = 0; q < LANE_OUTPUTS; q++)
        D[q] = is_output(job, lane, q) ? D[q] * scale[q < 4 ? q >> 1 : q & 1] : 0.f;
}

// Returns this lane's share of the cost, each row times its scale.
ANNC_INLINE float output_cost(const annc_cluster_launch &job, int lane, const float *Z, const float *A, const float *Y,
                              const float *scale)
{
    typedef float real;
    float C[LANE_OUTPUTS], sum[2] = {0, 0};
    switch (job.cost) {
        ANNC_COSTS(ANNC_COST_OF_LANE)
    default:
        break;
    }
#pragma unroll
    for (int q = 0; q < LANE_OUTPUTS; q++)
        if (is_output(job, lane, q) && (q < 4 || (lane & 3) < 2))
            sum[q < 4 ? q >> 1 : q & 1] += C[q];
    return sum[0] * scale[0] + sum[1] * scale[1];
}

// Returns the number of rows whose first largest output is that of their class; a single output
// changes from class 0 to class 1 at the cost's middle. wanted: the classes of rows g and g + 8, -1
// for a missing row. HEADLINE: outputs that do not exist are 0, and so never larger.
template <bool HEADLINE>
ANNC_INLINE int hits(const annc_cluster_launch &job, int lane, const float *A, const int *wanted)
{
    const int t = lane & 3;
    const float middle = annc_cost_middle(job.cost);
    int correct = 0;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const int j = wanted[half];
        const float mine = j >= 8 ? A[4 + half] : j & 1 ? A[2 * half + 1] : A[2 * half];
        const float a = __shfl_sync(~0u, mine, (lane & ~3) + (j >= 8 ? j & 1 : j >> 1 & 3)); // of the class
        // No short cuts: a branch costs more than the comparisons that it saves.
        bool hit = j >= 0;
#pragma unroll
        for (int i = 0; i < 3; i++) {
            const int q = i < 2 ? 2 * half + i : 4 + half, other = i < 2 ? 2 * t + i : 8 + (t & 1);
            const bool below = A[q] < a, ties_after = (A[q] == a) & (other >= j);
            hit &= below | ties_after | (!HEADLINE && !is_output(job, lane, q));
        }
        const bool hit_alone = (t != 0) | ((A[2 * half] > middle) == j);
        hit = job.outputs == 1 ? hit_alone : hit;
        uint32_t rows = __ballot_sync(~0u, hit); // all four lanes of a row
        rows &= rows >> 1;
        correct += __popc(rows & rows >> 2 & 0x11111111);
    }
    return correct;
}

#undef ANNC_ACTIVATE
#undef ANNC_TIMES_DERIVATIVE
#undef ANNC_COST_OF_LANE
#undef ANNC_GRADIENT_OF_LANE

#endif
