// lane_functions.cuh - f, f' and C of annc_functions.h for the values that a lane holds.
//
// A lane (4 g + t) has 4 values of the hidden layer and N of the outputs. The first 4 are rows g, g,
// g + 8, g + 8 of outputs 2t, 2t + 1, 2t, 2t + 1. With N = 5, for up to 10 outputs, the last is
// output 8 + t % 2 of row g if t < 2, else of row g + 8; with N = 8, for up to 16, the others are the
// same rows of outputs 8 + 2t, 9 + 2t, 8 + 2t, 9 + 2t. One switch serves all values of a lane, unlike
// a call per value.
#ifndef ANNC_KERNELS_TWO_LAYERS_LANE_FUNCTIONS_CUH
#define ANNC_KERNELS_TWO_LAYERS_LANE_FUNCTIONS_CUH

#include "backend/cuda/two_layers.h"
#include "kernels/device.cuh"
#include "kernels/two_layers/mma.cuh"

constexpr int LANE_OUTPUTS_OF_10 = 5, LANE_OUTPUTS_OF_16 = 8;
template <int N> constexpr int MOST_OUTPUTS = N == LANE_OUTPUTS_OF_10 ? 10 : 16;
template <int N> constexpr int DISTINCT_OUTPUTS = (N + 1) / 2; // that a lane has values of

// Returns the output of value q of lane t.
template <int N> ANNC_INLINE int output_of(int t, int q)
{
    return q < 4 ? 2 * t + (q & 1) : N == LANE_OUTPUTS_OF_10 ? 8 + (t & 1) : 8 + 2 * t + (q & 1);
}

// Returns the place of value q's output among the lane's distinct ones.
template <int N> ANNC_INLINE constexpr int distinct_of(int q)
{
    return q < 4 ? q & 1 : 2 + (q & 1);
}

// Returns 0 where value q of lane t is of row g, 1 where it is of row g + 8.
template <int N> ANNC_INLINE int half_of(int t, int q)
{
    return N == LANE_OUTPUTS_OF_10 && q == 4 ? t >> 1 : q >> 1 & 1;
}

// Returns what the row of value q has: x[0] of row g, x[1] of row g + 8.
template <int N> ANNC_INLINE float of_row(const float (&x)[2], int t, int q)
{
    return half_of<N>(t, q) ? x[1] : x[0];
}

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
        _Pragma("unroll") for (int q = 0; q < N; q++)                                                                  \
        {                                                                                                              \
            const real z = Z[q], a = A[q], y = Y[q];                                                                   \
            (void)z;                                                                                                   \
            (void)a;                                                                                                   \
            C[q] = (real)(value);                                                                                      \
        }                                                                                                              \
        break;
#define ANNC_GRADIENT_OF_LANE(enumerator, name, value, derivative, ...)                                                \
    case enumerator:                                                                                                   \
        _Pragma("unroll") for (int q = 0; q < N; q++)                                                                  \
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
template <int N> ANNC_INLINE bool is_output(const annc_two_layers &net, int lane, int q)
{
    return output_of<N>(lane & 3, q) < (int)net.outputs;
}

// Sums a value over the outputs of rows g (half 0) or g + 8 (half 1); every lane of the row gets
// the same sum.
template <int N> ANNC_INLINE float sum_of_row(const annc_two_layers &net, int lane, const float (&x)[N], int half)
{
    float sum = 0;
#pragma unroll
    for (int q = 0; q < N; q++)
        if (half_of<N>(lane & 3, q) == half && is_output<N>(net, lane, q))
            sum += x[q];
    sum += __shfl_xor_sync(~0u, sum, 1);
    return sum + __shfl_xor_sync(~0u, sum, 2);
}

// Z = Z - log(sum of exp(Z)) by row, relative to the row's largest entry.
template <int N> ANNC_INLINE void normalise_rows(const annc_two_layers &net, int lane, float (&Z)[N])
{
    const int t = lane & 3;
    float e[N], largest[2] = {-INFINITY, -INFINITY};
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int q = 0; q < N; q++)
            if (half_of<N>(t, q) == half && is_output<N>(net, lane, q))
                largest[half] = MAX(Z[q], largest[half]);
#pragma unroll
        for (int m = 1; m < 4; m <<= 1) {
            const float other = __shfl_xor_sync(~0u, largest[half], m);
            largest[half] = MAX(other, largest[half]);
        }
    }
#pragma unroll
    for (int q = 0; q < N; q++)
        e[q] = EXP(Z[q] - of_row<N>(largest, t, q));
    const float log_sum[2] = {largest[0] + logf(sum_of_row(net, lane, e, 0)),
                              largest[1] + logf(sum_of_row(net, lane, e, 1))};
#pragma unroll
    for (int q = 0; q < N; q++)
        Z[q] -= of_row<N>(log_sum, t, q);
}

// A = f(Z), where a row-wise f first normalises Z.
template <int N> ANNC_INLINE void activate_outputs(const annc_two_layers &net, int lane, float (&Z)[N], float (&A)[N])
{
    if (net.is_rowwise)
        normalise_rows(net, lane, Z);
    activate(net.output_activation, Z, A);
}

// BP1, times the scale of the row: D = dC/dA times f'(Z), or the closed form; 0 for outputs that do
// not exist.
template <int N>
ANNC_INLINE void output_delta(const annc_two_layers &net, int lane, const float (&Z)[N], const float (&A)[N],
                              const float *Y, const float (&scale)[2], float (&D)[N])
{
    typedef float real;
    const real tau = net.tau;
    switch (net.cost) {
        ANNC_COSTS(ANNC_GRADIENT_OF_LANE)
    default:
        break;
    }
    if (!net.has_closed_form) {
        if (net.is_rowwise) { // diag(a) - a a^T
            float weighted[N];
#pragma unroll
            for (int q = 0; q < N; q++)
                weighted[q] = D[q] * A[q];
            const float mean[2] = {sum_of_row(net, lane, weighted, 0), sum_of_row(net, lane, weighted, 1)};
#pragma unroll
            for (int q = 0; q < N; q++)
                D[q] = A[q] * (D[q] - of_row<N>(mean, lane & 3, q));
        } else {
            multiply_by_derivative(net.output_activation, Z, A, D);
        }
    }
#pragma unroll
    for (int q = 0; q < N; q++)
        D[q] = is_output<N>(net, lane, q) ? D[q] * of_row<N>(scale, lane & 3, q) : 0.f;
}

// Returns this lane's share of the cost, each row times its scale.
template <int N>
ANNC_INLINE float output_cost(const annc_two_layers &net, int lane, const float (&Z)[N], const float (&A)[N],
                              const float *Y, const float (&scale)[2])
{
    typedef float real;
    const real tau = net.tau;
    float C[N], sum = 0;
    switch (net.cost) {
        ANNC_COSTS(ANNC_COST_OF_LANE)
    default:
        break;
    }
#pragma unroll
    for (int q = 0; q < N; q++)
        if (is_output<N>(net, lane, q))
            sum = fmaf(of_row<N>(scale, lane & 3, q), C[q], sum);
    return sum;
}

// Returns the number of rows whose first largest output is that of their class; a single output
// changes from class 0 to class 1 at the cost's middle. wanted: the classes of rows g and g + 8, -1
// for a missing row. HEADLINE: outputs that do not exist are 0, and so never larger.
template <bool HEADLINE, int N>
ANNC_INLINE int hits(const annc_two_layers &net, int lane, const float (&A)[N], const int *wanted)
{
    const int t = lane & 3;
    const float middle = HEADLINE ? 0.5f : net.middle;
    int correct = 0;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const int j = wanted[half];
        // The class's output, by the lane that has it.
        constexpr int odd = N == LANE_OUTPUTS_OF_10 ? 0 : 1;
        const int high = N == LANE_OUTPUTS_OF_10 ? 4 : 4 + 2 * half;
        const float low_one = j & 1 ? A[2 * half + 1] : A[2 * half], high_one = j & odd ? A[high + odd] : A[high];
        const int holder = N == LANE_OUTPUTS_OF_10 && j >= 8 ? 2 * half + (j & 1) : j >> 1 & 3;
        const float a = __shfl_sync(~0u, j >= 8 ? high_one : low_one, (lane & ~3) + holder);
        // No short cuts: a branch costs more than the comparisons that it saves.
        bool hit = j >= 0;
#pragma unroll
        for (int q = 0; q < N; q++) {
            const int other = output_of<N>(t, q);
            const bool below = A[q] < a, ties_after = (A[q] == a) & (other >= j);
            hit &= below | ties_after | (half_of<N>(t, q) != half) | (!HEADLINE && !is_output<N>(net, lane, q));
        }
        const bool hit_alone = (t != 0) | ((A[2 * half] > middle) == j);
        hit = net.outputs == 1 ? hit_alone : hit;
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
