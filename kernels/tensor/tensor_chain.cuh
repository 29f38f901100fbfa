// tensor_chain.cuh - warps 0 to 3: the steps of a group, one after another. Each has 8 hidden units
// of all rows, and their W^2 in registers; all four have the outputs.
//
// The product over examples takes them in the order 2t, 2t + 1, 2t + 8, 2t + 9, so that X_i X_j^T
// is the next product's operand as the product warps leave it.
#ifndef ANNC_KERNELS_TENSOR_TENSOR_CHAIN_CUH
#define ANNC_KERNELS_TENSOR_TENSOR_CHAIN_CUH

#include "kernels/tensor/tensor_layout.cuh"

// A barrier of the chain's 4 warps.
#define CHAIN_SYNC() asm volatile("bar.sync 1,128;" ::: "memory")

struct ChainState {
    DeltaFragment past[STEPS]; // k delta^1 of the last steps, k = -eta / (m divisor)
    // W^2 of outputs g, g, g + 8, g + 8 and units 2t, 2t + 1, 2t, 2t + 1 of the warp's 8, and the
    // operands made of it.
    float W2[4], high[4], low[4];
    bool live[2];                             // whether the two units exist; the rest has activations too
    float change[4];                          // (delta^2)^T A^1 of the last step, not yet in W^2
    float rate;                               // of that step: -eta / m
    float b1[2];                              // of units 2t, 2t + 1
    float b2[DISTINCT_OUTPUTS<LANE_OUTPUTS>]; // of outputs 2t, 2t + 1, 8 + t % 2
};

// ---------------------------------------------------------------- loads

// X_i X_j^T of a pair, sums of integers, as the left operand.
ANNC_INLINE void load_gram(GramFragment &G, const int *gram, int lane)
{
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int r = 0; r < 4; r++) { // register 1 is row g, example 2t + 1; the operand has it third
            const float value = (float)gram[half * 128 + r * 32 + lane];
            const int q = r == 1 ? 2 : r == 2 ? 1 : r;
            G.high[half][q] = tf32_high(value);
            G.low[half][q] = tf32_low(value, G.high[half][q]);
        }
}

ANNC_INLINE void load_output_parts(OutputParts<LANE_OUTPUTS> &parts, const TensorMemory &s, int parity, int lane)
{
#pragma unroll
    for (int i = 0; i < CHAIN_WARPS; i++)
        load_output_part(parts.of[i], s.z2[parity][i] + lane * 4,
                         s.z2_last[parity][i] + last_of_lane<LANE_OUTPUTS>(lane));
}

// ---------------------------------------------------------------- W^2 and biases

ANNC_INLINE void split_W2(ChainWarp &own, ChainState &c, int g, int t)
{
#pragma unroll
    for (int q = 0; q < 4; q++) {
        c.high[q] = tf32_high(c.W2[q]);
        c.low[q] = tf32_low(c.W2[q], c.high[q]);
    }
    *reinterpret_cast<float2 *>(&own.W2[g][2 * t]) = make_float2(c.W2[0], c.W2[1]);
    *reinterpret_cast<float2 *>(&own.W2[g + 8][2 * t]) = make_float2(c.W2[2], c.W2[3]);
}

// Updates W^2 by the last step.
ANNC_INLINE void update_W2(ChainState &c)
{
#pragma unroll
    for (int q = 0; q < 4; q++)
        c.W2[q] = fmaf(c.rate, c.live[q & 1] ? c.change[q] : 0.f, c.W2[q]);
}

// Returns the sum over the rows of a fragment's column, to every lane of it.
ANNC_INLINE float sum_of_column(float low_row, float high_row)
{
    float sum = low_row + high_row;
#pragma unroll
    for (int m = 4; m < WARP; m <<= 1)
        sum += __shfl_xor_sync(~0u, sum, m);
    return sum;
}

// ---------------------------------------------------------------- a step

// Sets to 0 this warp's share of what the product warps add to for a group, less the bits that come
// with each part.
ANNC_INLINE void clear_sums(TensorMemory &s, int group, int w, int lane)
{
    constexpr int ZERO = (int)(0u - PRODUCT_WARPS * BITS_OF_START);
    int4 *const sums = reinterpret_cast<int4 *>(s.gram[group % GRAM_SLOTS]);
#pragma unroll
    for (int i = 0; i < PAIRS * GRAM / 4; i += CHAIN_WARPS * WARP)
        if (i + w * WARP < PAIRS * GRAM / 4)
            sums[i + w * WARP + lane] = make_int4(ZERO, ZERO, ZERO, ZERO);
}

// Hands k delta^1 of a group to the product warps: times a power of 2 that makes the warp's largest one
// about 2^14, in two fp16.
ANNC_INLINE void publish_deltas(TensorMemory &s, const ChainState &c, int group, int w, int lane)
{
    const int g = lane >> 2, t = lane & 3;
    float d[STEPS][4]; // of unit g, examples 2t, 2t + 1, 2t + 8, 2t + 9
    uint32_t largest = 0;
#pragma unroll
    for (int i = 0; i < STEPS; i++)
#pragma unroll
        for (int q = 0; q < 4; q++) {
            d[i][q] = c.past[i].high[q] + c.past[i].low[q];
            largest = max(largest, __float_as_uint(fabsf(d[i][q])));
        }
    const int exponent = max(exponent_of(__reduce_max_sync(~0u, largest)), -112); // 2^126 is the largest scale
    const float scale = power_of_2(14 - exponent);
    if (lane == 0)
        s.delta_unit[group & 1][w] = inverse_of_power(scale) * ONE_OF_INPUTS * scale_of(s);
#pragma unroll
    for (int i = 0; i < STEPS; i++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            uint32_t parts[2];
            split_f16(d[i][2 * half] * scale, d[i][2 * half + 1] * scale, parts[0], parts[1]);
#pragma unroll
            for (int p = 0; p < 2; p++)
                *reinterpret_cast<uint32_t *>(&s.delta[group & 1][i][p][8 * w + g][2 * t + 8 * half]) = parts[p];
        }
}

// z: this step's Z^1 times the divisor, by the parameters after the last group but one, corrected
// by all steps but the group's first if this is its second.
template <bool HEADLINE, int I>
ANNC_INLINE void chain_step(TensorMemory &s, ChainState &c, float (&z)[4], int group, int w, int lane)
{
    const annc_two_layers &net = s.net;
    ChainWarp &own = s.chain[w];
    const int g = lane >> 2, t = lane & 3;
    const float per_divisor = s.per_divisor;
    if (I > 0) {
        GramFragment G;
        Product P;
        load_gram(G, s.gram[group % GRAM_SLOTS][NEW_PAIR], lane);
        multiply(P, G, c.past[0]); // of this group now
#pragma unroll
        for (int q = 0; q < 4; q++)
            z[q] += sum_of(P, q);
    }
    update_W2(c); // until the product is there
    split_W2(own, c, g, t);
#pragma unroll
    for (int q = 0; q < 4; q++)
        z[q] = fmaf(z[q], per_divisor, c.b1[q & 1]);
    float a[4];
    OutputPart part;
    activate_hidden<HEADLINE>(net, z, a);
    multiply_by_W2(part, a, c.high, c.low);
    *reinterpret_cast<float4 *>(&s.z2[I][w][lane * 4]) = tile_of(part);
    const float4 z2_last = last_tile_of(part);
    if (t == 0)
        *reinterpret_cast<float4 *>(&s.z2_last[I][w][lane]) = z2_last; //@wf1
    CHAIN_SYNC();
    OutputParts<LANE_OUTPUTS> parts;
    float o[LANE_OUTPUTS], delta2[LANE_OUTPUTS], y[LANE_OUTPUTS], scale[2];
    load_output_parts(parts, s, I, lane);
    store_transposed(&own.a[2 * t][g], a);
    sum_output_parts(o, parts, c.b2);
    if (w == 0)
#pragma unroll
        for (int q = 0; q < LANE_OUTPUTS; q++)
            s.outputs[group & 1][I][q][lane] = o[q];
    begin_output_error<HEADLINE>(o);
    load_targets(y, scale, targets_of_lane<LANE_OUTPUTS>(s.targets[group % 3][I * ROWS], lane));
    const float r[3] = {own.W2[2 * t][g], own.W2[2 * t + 1][g], own.W2[8 + (t & 1)][g]};
    output_error<HEADLINE>(net, lane, o, y, scale, delta2);
    HiddenSum sum;
    float d[4], kd[4];
    multiply_back(sum, delta2, r, t);
    store_transposed(&own.delta2[2 * t][g], delta2);
    own.delta2[8 + (t & 1)][g + 8 * half_of<LANE_OUTPUTS>(t, 4)] = delta2[4];
    hidden_error<HEADLINE>(net, sum, z, a, d);
    c.rate = s.rates[group % 3][I];
    const float k = c.rate * per_divisor;
#pragma unroll
    for (int q = 0; q < 4; q++)
        kd[q] = k * d[q];
    store_transposed(&own.delta[2 * t][g], kd);
    __syncwarp();
    float A[4], low_outputs[4], high_outputs[4];
    load_examples(kd, &own.delta[g][2 * t]);
    split_delta(c.past[I], kd);
    load_examples(A, &own.a[g][2 * t]);
    load_examples(low_outputs, &own.delta2[g][2 * t]);
    load_examples(high_outputs, &own.delta2[g + 8][2 * t]);
    Product change;
    multiply_errors(change, low_outputs, high_outputs, A);
#pragma unroll
    for (int i = 0; i < 2; i++) {
        c.b1[i] = fmaf(c.rate, sum_of_column(d[i], d[2 + i]), c.b1[i]);
        c.b2[i] = fmaf(c.rate, sum_of_column(delta2[i], delta2[2 + i]), c.b2[i]);
    }
    c.b2[2] = fmaf(c.rate, sum_of_column(delta2[4], __shfl_xor_sync(~0u, delta2[4], 2)), c.b2[2]);
#pragma unroll
    for (int q = 0; q < 4; q++)
        c.change[q] = sum_of(change, q);
    __syncwarp(); // the next step writes what this one has read
}

// Returns Z^1 of a step, less the corrections: the sum of the warps' parts.
ANNC_INLINE void load_z(const TensorMemory &s, float (&z)[4], int i, int w, int lane)
{
    float4 sum = load4(&s.z[0][i][w][lane * 4]);
#pragma unroll
    for (int part = 1; part < PRODUCT_WARPS; part++) {
        const float4 v = load4(&s.z[part][i][w][lane * 4]);
        sum.x += v.x;
        sum.y += v.y;
        sum.z += v.z;
        sum.w += v.w;
    }
    const float unit = inverse_of_power(scale_of(s)) * ONE_OF_INPUTS;
    z[0] = sum.x * unit;
    z[1] = sum.y * unit;
    z[2] = sum.z * unit;
    z[3] = sum.w * unit;
}

// Runs the steps of a group.
template <bool HEADLINE> ANNC_INLINE void chain_group(TensorMemory &s, ChainState &c, int group, int w, int lane)
{
    float z[STEPS][4];
    wait(&s.z_full, group & 1);             //@wait zfull
    asm volatile("" : "+r"(w), "+r"(lane)); // addresses kept from group to group would take too many registers
#pragma unroll
    for (int i = 0; i < STEPS; i++)
        load_z(s, z[i], i, w, lane);
    __syncwarp();
    if (lane == 0)
        arrive(&s.z_read); //@signal zread
    if (group > 0)
#pragma unroll
        for (int i = 0; i < STEPS; i++)
#pragma unroll
            for (int j = 0; j < STEPS; j++) {
                GramFragment G;
                Product P;
                load_gram(G, s.gram[group % GRAM_SLOTS][i * STEPS + j], lane);
                multiply(P, G, c.past[j]);
#pragma unroll
                for (int q = 0; q < 4; q++)
                    z[i][q] += sum_of(P, q);
            }
    chain_step<HEADLINE, 0>(s, c, z[0], group, w, lane);
    chain_step<HEADLINE, 1>(s, c, z[1], group, w, lane);
    clear_sums(s, group + GRAM_SLOTS - 1, w, lane); // those of the group before
    publish_deltas(s, c, group, w, lane);
    __syncwarp();
    if (lane == 0)
        arrive(&s.deltas_full[group & 1]); //@signal deltas
}

// ---------------------------------------------------------------- parameters

// Calls each(value, place, is_first) for the parameters of a lane; of the lanes with the same bias
// one is the first.
template <class Each> ANNC_INLINE void for_chain_parameters(TensorMemory &s, ChainState &c, int w, int lane, Each each)
{
    const annc_two_layers &net = s.net;
    const int g = lane >> 2, t = lane & 3, hidden = (int)net.hidden, outputs = (int)net.outputs, unit = 8 * w + 2 * t;
    float *const b1 = net.theta + (size_t)hidden * net.inputs, *const W2 = b1 + hidden,
                 *const b2 = W2 + outputs * hidden;
#pragma unroll
    for (int q = 0; q < 4; q++) {
        const int j = g + 8 * (q >> 1), n = unit + (q & 1);
        if (j < outputs && n < hidden)
            each(c.W2[q], W2[j * hidden + n], true);
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
        if (unit + i < hidden)
            each(c.b1[i], b1[unit + i], g == 0);
        if (2 * t + i < outputs)
            each(c.b2[i], b2[2 * t + i], w == 0 && g == 0);
    }
    if (8 + (t & 1) < outputs)
        each(c.b2[2], b2[8 + (t & 1)], w == 0 && g == 0 && t < 2);
}

template <bool HEADLINE> ANNC_INLINE void load_chain(TensorMemory &s, ChainState &c, int w, int lane)
{
    c = ChainState{};
    // Outputs that do not exist: a sigmoid of such a bias is 0, and so is its delta.
    c.b2[0] = c.b2[1] = c.b2[2] = HEADLINE ? -1e30f : 0.f;
    c.live[0] = 8 * w + 2 * (lane & 3) < (int)s.net.hidden;
    c.live[1] = 8 * w + 2 * (lane & 3) + 1 < (int)s.net.hidden;
    for_chain_parameters(s, c, w, lane, [](float &value, float place, bool) { value = place; });
}

ANNC_INLINE void store_chain(TensorMemory &s, ChainState &c, int w, int lane)
{
    update_W2(c);
    for_chain_parameters(s, c, w, lane, [](float value, float &place, bool is_first) {
        if (is_first)
            place = value;
    });
}

#endif
