// outputs.cuh - the output layer of a step: targets, errors, cost, for the outputs of a lane
// (lane_functions.cuh).
#ifndef ANNC_KERNELS_TWO_LAYERS_OUTPUTS_CUH
#define ANNC_KERNELS_TWO_LAYERS_OUTPUTS_CUH

#include "kernels/two_layers/lane_functions.cuh"
#include "kernels/two_layers/mma.cuh"

// ---------------------------------------------------------------- targets

// What a step needs to know of a row: 10 or 16 targets, its scale (0 if the row is missing, else
// its weight times that of its class) and the bits of its class. N: outputs of a lane
// (lane_functions.cuh).
template <int N> constexpr int TARGET_STRIDE = MOST_OUTPUTS<N> == 10 ? 12 : 20;
template <int N> constexpr int ROW_SCALE = MOST_OUTPUTS<N>;
template <int N> constexpr int ROW_CLASS = MOST_OUTPUTS<N> + 1;
constexpr int NO_CLASS = -1;

ANNC_INLINE float target_of(const annc_two_layers &net, size_t example, uint32_t j)
{
    const annc_examples &examples = net.examples;
    if (j >= net.outputs)
        return 0;
    if (examples.targets)
        return examples.targets[example * net.outputs + j];
    return examples.labels[example] == (net.outputs == 1 ? 1 : (int32_t)j) ? net.values.on : net.values.off;
}

// Returns what multiplies the error and the cost of an example.
ANNC_INLINE float weight_of(const annc_two_layers &net, size_t example, uint32_t label)
{
    const float own = net.examples.weights ? net.examples.weights[example] : 1;
    return net.weights ? own * net.weights[label] : own;
}

// Writes what is to be known of a row, which may be missing.
template <int N> ANNC_INLINE void write_targets(const annc_two_layers &net, bool there, size_t example, float *row)
{
    for (uint32_t j = 0; j < MOST_OUTPUTS<N>; j++)
        row[j] = there ? target_of(net, example, j) : 0.f;
    const uint32_t label = class_of(net.outputs, row, TARGET_MIDDLE);
    row[ROW_SCALE<N>] = there ? weight_of(net, example, label) : 0.f;
    row[ROW_CLASS<N>] = __int_as_float(there ? (int)label : NO_CLASS);
}

// Where a lane has the targets of its first outputs, those of the others, and the scale, all of row g.
struct TargetPlaces {
    const float *first, *last, *scale;
};

template <int N> ANNC_INLINE TargetPlaces targets_of_lane(const float *record, int lane)
{
    const int g = lane >> 2, t = lane & 3, last_row = g + 8 * half_of<N>(t, 4);
    const float *row = record + g * TARGET_STRIDE<N>;
    return {row + 2 * t, record + last_row * TARGET_STRIDE<N> + output_of<N>(t, 4), row + ROW_SCALE<N>};
}

// Loads the targets of a lane's outputs and the scales of its rows g and g + 8.
template <int N> ANNC_INLINE void load_targets(float (&y)[N], float (&scale)[2], const TargetPlaces &at, int offset = 0)
{
    constexpr int HIGH = 8 * TARGET_STRIDE<N>;
    const float2 y0 = load2(at.first + offset), y1 = load2(at.first + offset + HIGH);
    y[0] = y0.x;
    y[1] = y0.y;
    y[2] = y1.x;
    y[3] = y1.y;
    y[4] = at.last[offset];
    if constexpr (N == LANE_OUTPUTS_OF_16) {
        y[5] = at.last[offset + 1];
        y[6] = at.last[offset + HIGH];
        y[7] = at.last[offset + HIGH + 1];
    }
    scale[0] = at.scale[offset];
    scale[1] = at.scale[offset + HIGH];
}

// ---------------------------------------------------------------- Z^2

// Parts of Z^2 of the outputs of this lane (lane_functions.cuh), by warp of the chain.
template <int N> struct OutputParts {
    float of[4][N];
};

// tile: outputs 0 to 7 as a fragment. last: outputs 8 to 15 as a fragment, of which the lanes with
// t = 0 have all of 10 outputs; both from where the lane's values begin, last_of_lane in `last`.
template <int N> ANNC_INLINE int last_of_lane(int lane)
{
    return N == LANE_OUTPUTS_OF_10 ? lane : lane * 4;
}

template <int N> ANNC_INLINE void set_output_tile(float (&part)[N], float4 tile)
{
    part[0] = tile.x;
    part[1] = tile.y;
    part[2] = tile.z;
    part[3] = tile.w;
}

template <int N> ANNC_INLINE void load_output_last(float (&part)[N], const float *last)
{
    if constexpr (N == LANE_OUTPUTS_OF_10) {
        part[4] = *last;
    } else {
        const float4 u = load4(last);
        part[4] = u.x;
        part[5] = u.y;
        part[6] = u.z;
        part[7] = u.w;
    }
}

template <int N> ANNC_INLINE void load_output_part(float (&part)[N], const float *tile, const float *last)
{
    set_output_tile(part, load4(tile));
    load_output_last(part, last);
}

// b: the biases of the outputs of this lane, each once.
template <int N>
ANNC_INLINE void sum_output_parts(float (&z)[N], const OutputParts<N> &parts, const float (&b)[DISTINCT_OUTPUTS<N>])
{
#pragma unroll
    for (int q = 0; q < N; q++)
        z[q] = ((parts.of[0][q] + parts.of[1][q]) + (parts.of[2][q] + parts.of[3][q])) + b[distinct_of<N>(q)];
}

// ---------------------------------------------------------------- errors

// Begins what output_error needs of Z^2, in its place; other work may come in between.
template <bool HEADLINE, int N> ANNC_INLINE void begin_output_error(float (&o)[N])
{
    if (HEADLINE) {
#pragma unroll
        for (int q = 0; q < N; q++)
            o[q] = exp_of_minus(o[q]);
    }
}

// BP1: delta^2, each row times its scale. HEADLINE: sigmoid and quadratic cost.
template <bool HEADLINE, int N>
ANNC_INLINE void output_error(const annc_two_layers &net, int lane, float (&o)[N], const float *y,
                              const float (&scale)[2], float (&delta2)[N])
{
    if (HEADLINE) {
#pragma unroll
        for (int q = 0; q < N; q++) {
            o[q] = reciprocal(1.f + o[q]);
            const float scaled = o[q] * of_row<N>(scale, lane & 3, q);
            delta2[q] = (o[q] - y[q]) * fmaf(-scaled, o[q], scaled);
        }
    } else {
        float f[N];
        activate_outputs(net, lane, o, f);
        output_delta(net, lane, o, f, y, scale, delta2);
    }
}

// ---------------------------------------------------------------- cost

// Returns this lane's share of the step's cost, of Z^2 as the chain has it.
template <bool HEADLINE, int N>
ANNC_INLINE float cost_of_lane(const annc_two_layers &net, int lane, float (&z)[N], float (&a)[N], const float *y,
                               const float (&scale)[2])
{
    if (!HEADLINE) {
        activate_outputs(net, lane, z, a);
        return output_cost(net, lane, z, a, y, scale);
    }
    float cost = 0;
#pragma unroll
    for (int q = 0; q < N; q++) {
        a[q] = reciprocal(1.f + exp_of_minus(z[q]));
        const float e = a[q] - y[q];
        cost = fmaf(of_row<N>(scale, lane & 3, q) * e, e, cost);
    }
    return 0.5f * cost;
}

#endif
