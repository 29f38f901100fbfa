// products.cuh - the products of a step of a network of one hidden layer, by warps with 8 hidden
// units each, in 3xTF32: high high + high low + low high.
//
// Fragments: lane = 4 g + t; a tile of 16 rows x 8 columns has rows g, g + 8 and columns 2t, 2t + 1
// in registers 0 to 3.
#ifndef ANNC_KERNELS_TWO_LAYERS_PRODUCTS_CUH
#define ANNC_KERNELS_TWO_LAYERS_PRODUCTS_CUH

#include "kernels/two_layers/lane_functions.cuh"
#include "kernels/two_layers/mma.cuh"

// ---------------------------------------------------------------- over examples

constexpr int EXAMPLE_STRIDE = 20; // of matrices whose rows are examples' values: keeps accesses on different banks

// Loads examples 2t, 2t + 1, 2t + 8, 2t + 9 of a row; at: example 2t.
ANNC_INLINE void load_examples(float *d, const float *at)
{
    const float2 low = load2(at), high = load2(at + 8);
    d[0] = low.x;
    d[1] = low.y;
    d[2] = high.x;
    d[3] = high.y;
}

// Stores a fragment of 16 examples x 8 columns, transposed; at: column 2t, example g.
ANNC_INLINE void store_transposed(float *at, const float *v)
{
    at[0] = v[0];
    at[EXAMPLE_STRIDE] = v[1];
    at[8] = v[2];
    at[EXAMPLE_STRIDE + 8] = v[3];
}

struct GramFragment {
    float high[2][4], low[2][4]; // [8 examples][register]
};

struct DeltaFragment {
    float high[4], low[4];
};

ANNC_INLINE void split_delta(DeltaFragment &D, const float *d)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        D.high[i] = tf32_high(d[i]);
        D.low[i] = tf32_low(d[i], D.high[i]);
    }
}

// A product in three parts, to be summed when they are there.
struct Product {
    float hh[4], lh[4], hl[4]; // high high, low high, high low
};

// P = G delta.
ANNC_INLINE void multiply(Product &P, const GramFragment &G, const DeltaFragment &D)
{
    mma_tf32_first(P.hh, G.high[0], D.high[0], D.high[1]);
    mma_tf32_first(P.lh, G.low[0], D.high[0], D.high[1]);
    mma_tf32_first(P.hl, G.high[0], D.low[0], D.low[1]);
    mma_tf32(P.hh, G.high[1], D.high[2], D.high[3]);
    mma_tf32(P.lh, G.low[1], D.high[2], D.high[3]);
    mma_tf32(P.hl, G.high[1], D.low[2], D.low[3]);
}

// P = P + G delta.
ANNC_INLINE void multiply_more(Product &P, const GramFragment &G, const DeltaFragment &D)
{
#pragma unroll
    for (int s = 0; s < 2; s++) {
        mma_tf32(P.hh, G.high[s], D.high[2 * s], D.high[2 * s + 1]);
        mma_tf32(P.lh, G.low[s], D.high[2 * s], D.high[2 * s + 1]);
        mma_tf32(P.hl, G.high[s], D.low[2 * s], D.low[2 * s + 1]);
    }
}

ANNC_INLINE float sum_of(const Product &P, int q)
{
    return P.hh[q] + (P.lh[q] + P.hl[q]);
}

// z = z + P, the parts in the order in which they are there.
ANNC_INLINE void add_product(float (&z)[4], const Product &P)
{
#pragma unroll
    for (int q = 0; q < 4; q++)
        z[q] = ((z[q] + P.hh[q]) + P.lh[q]) + P.hl[q];
}

// P = (delta^2)^T A of outputs g and g + 8 and unit g of a warp's 8, given for a lane's 4 examples.
ANNC_INLINE void multiply_errors(Product &P, const float *low_outputs, const float *high_outputs, const float *A)
{
    GramFragment D2;
    DeltaFragment D;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float *high = &D2.high[i >> 1][2 * (i & 1)], *low = &D2.low[i >> 1][2 * (i & 1)];
        high[0] = tf32_high(low_outputs[i]);
        low[0] = tf32_low(low_outputs[i], high[0]);
        high[1] = tf32_high(high_outputs[i]);
        low[1] = tf32_low(high_outputs[i], high[1]);
    }
    split_delta(D, A);
    multiply(P, D2, D);
}

// ---------------------------------------------------------------- forward

// A^1 = f(Z^1) of a lane. HEADLINE: the sigmoid, by the hardware's 2^x and 1 / x.
template <bool HEADLINE>
ANNC_INLINE void activate_hidden(const annc_two_layers &net, const float (&z)[4], float (&a)[4])
{
    if (HEADLINE) {
        float e[4];
#pragma unroll
        for (int q = 0; q < 4; q++)
            e[q] = exp_of_minus(z[q]);
#pragma unroll
        for (int q = 0; q < 4; q++)
            a[q] = reciprocal(1.f + e[q]);
    } else {
        activate(net.hidden_activation, z, a);
    }
}

// A warp's part of Z^2: outputs 0 to 7, and 8 to 15.
struct OutputPart {
    float high0[4], low0[4], high1[4], low1[4];
};

// high, low: W^2 of outputs g, g, g + 8, g + 8 and units 2t, 2t + 1, 2t, 2t + 1.
ANNC_INLINE void multiply_by_W2(OutputPart &part, const float *a, const float *high, const float *low)
{
    const float ah[4] = {tf32_high(a[0]), tf32_high(a[2]), tf32_high(a[1]), tf32_high(a[3])};
    const float al[4] = {tf32_low(a[0], ah[0]), tf32_low(a[2], ah[1]), tf32_low(a[1], ah[2]), tf32_low(a[3], ah[3])};
    mma_tf32_first(part.low0, ah, low[0], low[1]);
    mma_tf32_first(part.low1, ah, low[2], low[3]);
    mma_tf32_first(part.high0, ah, high[0], high[1]);
    mma_tf32_first(part.high1, ah, high[2], high[3]);
    mma_tf32(part.low0, al, high[0], high[1]);
    mma_tf32(part.low1, al, high[2], high[3]);
}

ANNC_INLINE float4 sum_of_parts(const float *p, const float *q)
{
    return make_float4(p[0] + q[0], p[1] + q[1], p[2] + q[2], p[3] + q[3]);
}

// Returns the part of outputs 0 to 7, as a fragment.
ANNC_INLINE float4 tile_of(const OutputPart &part)
{
    return sum_of_parts(part.high0, part.low0);
}

// Returns the part of outputs 8 to 15, as a fragment.
ANNC_INLINE float4 last_tile_of(const OutputPart &part)
{
    return sum_of_parts(part.high1, part.low1);
}

// ---------------------------------------------------------------- back

// W^2^T delta^2 of a lane's hidden values, in two parts.
struct HiddenSum {
    float e0[4], e1[4];
};

// Splits 4 values of a tile of delta^2, as a left operand.
ANNC_INLINE void split_tile(float (&high)[4], float (&low)[4], const float *delta2)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float d = delta2[(i >> 1) + 2 * (i & 1)];
        high[i] = tf32_high(d);
        low[i] = tf32_low(d, high[i]);
    }
}

// r: W^2 of outputs 2t, 2t + 1 and 8 + t % 2, unit g.
ANNC_INLINE void multiply_back(HiddenSum &sum, const float (&delta2)[LANE_OUTPUTS_OF_10],
                               const float (&r)[DISTINCT_OUTPUTS<LANE_OUTPUTS_OF_10>], int t)
{
    float dh[4], dl[4];
    split_tile(dh, dl, delta2);
    // Outputs 8 and 9: lanes t = 0, 1 give them of row g, lanes 2, 3 of row g + 8; a slice of 8 takes
    // two products.
    const float h = tf32_high(delta2[4]), l = tf32_low(delta2[4], h);
    const bool low_row = half_of<LANE_OUTPUTS_OF_10>(t, 4) == 0;
    const float d_last[4] = {low_row ? h : 0.f, low_row ? 0.f : h, low_row ? l : 0.f, low_row ? 0.f : l};
    const float rh[3] = {tf32_high(r[0]), tf32_high(r[1]), tf32_high(r[2])};
    mma_tf32_first(sum.e0, dh, tf32_low(r[0], rh[0]), tf32_low(r[1], rh[1]));
    mma_tf32_first(sum.e1, d_last, rh[2], rh[2]);
    mma_tf32(sum.e0, dl, rh[0], rh[1]);
    mma_tf32(sum.e1, d_last, tf32_low(r[2], rh[2]), 0.f);
    mma_tf32(sum.e1, dh, rh[0], rh[1]);
}

// BP2: D = (W^2^T delta^2) times f'(Z^1).
template <bool HEADLINE>
ANNC_INLINE void hidden_error(const annc_two_layers &net, const HiddenSum &sum, const float (&z)[4],
                              const float (&a)[4], float (&d)[4])
{
#pragma unroll
    for (int q = 0; q < 4; q++)
        d[q] = sum.e0[q] + sum.e1[q];
    if (HEADLINE) {
#pragma unroll
        for (int q = 0; q < 4; q++)
            d[q] *= fmaf(-a[q], a[q], a[q]);
    } else {
        multiply_by_derivative(net.hidden_activation, z, a, d);
    }
}

// The same of unit g, examples 2t, 2t + 1, 2t + 8, 2t + 9: the operand of the next product over
// examples. Products with the high parts of delta^2 and with the low ones.
struct UnitSum {
    float high[2][4], low[2][4]; // [8 examples]; registers 2 and 3 by the low parts of W^2
};

// r: W^2 of outputs 2t, 2t + 1 and 8 + t % 2 or 8 + 2t, 9 + 2t, unit g. The left operand has each
// unit twice, by the high parts of W^2 and by the low ones.
template <int N>
ANNC_INLINE void multiply_back_by_unit(UnitSum &sum, const float (&delta2)[N], const float (&r)[DISTINCT_OUTPUTS<N>],
                                       int t)
{
    constexpr int R = DISTINCT_OUTPUTS<N>;
    float rh[R], rl[R], dh[N], dl[N];
#pragma unroll
    for (int i = 0; i < R; i++) {
        rh[i] = tf32_high(r[i]);
        rl[i] = tf32_low(r[i], rh[i]);
    }
#pragma unroll
    for (int q = 0; q < N; q++) {
        dh[q] = tf32_high(delta2[q]);
        dl[q] = tf32_low(delta2[q], dh[q]);
    }
    const float W2[4] = {rh[0], rl[0], rh[1], rl[1]};
#pragma unroll
    for (int i = 0; i < 2; i++)
        mma_tf32_first(sum.high[i], W2, dh[2 * i], dh[2 * i + 1]);
#pragma unroll
    for (int i = 0; i < 2; i++)
        mma_tf32_first(sum.low[i], W2, dl[2 * i], dl[2 * i + 1]);
    if constexpr (N == LANE_OUTPUTS_OF_10) { // the high and the low parts of outputs 8 and 9 share a slice
        const float last[4] = {rh[2], rl[2], rh[2], rl[2]};
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const bool is_here = half_of<N>(t, 4) == i;
            mma_tf32(sum.high[i], last, is_here ? dh[4] : 0.f, is_here ? dl[4] : 0.f);
        }
    } else {
        const float last[4] = {rh[2], rl[2], rh[3], rl[3]};
#pragma unroll
        for (int i = 0; i < 2; i++)
            mma_tf32(sum.high[i], last, dh[4 + 2 * i], dh[5 + 2 * i]);
#pragma unroll
        for (int i = 0; i < 2; i++)
            mma_tf32(sum.low[i], last, dl[4 + 2 * i], dl[5 + 2 * i]);
    }
}

// Returns a value times `factor`; the parts that are there last come last.
ANNC_INLINE float sum_times(const UnitSum &sum, int i, float factor)
{
    const float *high = sum.high[i >> 1] + (i & 1), *low = sum.low[i >> 1] + (i & 1);
    return fmaf(high[0] + high[2], factor, (low[0] + low[2]) * factor);
}

#endif
