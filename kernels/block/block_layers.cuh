// block_layers.cuh - a minibatch forward and back through the layers, and its score.
#ifndef ANNC_KERNELS_BLOCK_BLOCK_LAYERS_CUH
#define ANNC_KERNELS_BLOCK_BLOCK_LAYERS_CUH

#include "kernels/block/block_gather.cuh"
#include "kernels/block/block_products.cuh"

// The rows of Z^l that a block multiplies: all of the first layer, by its own inputs; else its own.
__device__ inline uint32_t first_row_of(const Block &block, uint32_t l)
{
    return l == 1 ? 0 : block.own.first_row;
}

__device__ inline uint32_t end_row_of(const Block &block, uint32_t l)
{
    return l == 1 ? block.m : block.own.first_row + block.own.rows;
}

// Z^l without bias, whole or in parts.
__device__ static void multiply(const Block &block, uint32_t l)
{
    const annc_block_layer &in = block.plan.layer[l - 1], &out = block.plan.layer[l];
    const uint32_t begin = first_row_of(block, l), end = end_row_of(block, l);
    const uint32_t across = tiles(out.n, TILE_UNITS), count = tiles(end - begin, TILE_ROWS) * across;
    const uint32_t groups = tiles(inputs_of(block, l), 4), splits = out.splits;
    for (uint32_t i = block.warp; i < count * splits; i += WARPS) {
        const uint32_t tile = i / splits, part = i % splits;
        const uint32_t row = begin + tile / across * TILE_ROWS, unit = tile % across * TILE_UNITS;
        float sum[LANE_TILE][LANE_TILE];
        forward_tile(end, out.n, block.memory + in.input, block.parameters + out.W, in.stride, row, unit,
                     groups * part / splits, groups * (part + 1) / splits, sum);
        float *to = splits > 1 ? block.memory + block.plan.partial + i * TILE_NUMBERS
                               : block.memory + out.Z + row * out.stride + unit;
        const uint32_t stride = splits > 1 ? TILE_UNITS : out.stride;
#pragma unroll
        for (uint32_t a = 0; a < LANE_TILE; a++)
#pragma unroll
            for (uint32_t b = 0; b < LANE_TILE; b++) {
                const uint32_t r = block.lane / 8 + 4 * a, u = block.lane % 8 + 8 * b;
                if (row + r < end && unit + u < out.n)
                    to[r * stride + u] = sum[a][b];
            }
    }
}

// Returns the sum of the parts of row r and unit u.
__device__ inline float product_of(const Block &block, uint32_t l, uint32_t r, uint32_t u)
{
    const annc_block_layer &layer = block.plan.layer[l];
    if (layer.splits == 1)
        return block.memory[layer.Z + r * layer.stride + u];
    const uint32_t row = r - first_row_of(block, l);
    const uint32_t tile = row / TILE_ROWS * tiles(layer.n, TILE_UNITS) + u / TILE_UNITS;
    const float *part = block.memory + block.plan.partial + tile * layer.splits * TILE_NUMBERS +
                        row % TILE_ROWS * TILE_UNITS + u % TILE_UNITS;
    float sum = 0;
    for (uint32_t i = 0; i < layer.splits; i++)
        sum += part[i * TILE_NUMBERS];
    return sum;
}

// The block's share of Z^1, of all rows, where the other blocks find it.
__device__ static void share_product(const Block &block)
{
    const annc_block_layer &layer = block.plan.layer[1];
    for (uint32_t r = block.warp; layer.splits > 1 && r < block.m; r += WARPS)
        for (uint32_t u = block.lane; u < layer.n; u += WARP)
            block.memory[layer.Z + r * layer.stride + u] = product_of(block, 1, r, u);
    meet(block.meeting, block.plan.blocks);
}

// Returns z of one of the block's own rows and unit u.
__device__ inline float weighted_input(const Block &block, uint32_t l, uint32_t r, uint32_t u)
{
    const annc_block_layer &layer = block.plan.layer[l];
    float z = 0;
    if (l == 1 && is_divided(block)) {
        float *share = block.memory + layer.Z + r * layer.stride + u;
#pragma unroll 8
        for (uint32_t rank = 0; rank < block.plan.blocks; rank++)
            z += *in_block(share, rank);
    } else {
        z = product_of(block, l, r, u);
    }
    return z + block.parameters[layer.b + u];
}

// A^l of a hidden layer, and what the next layer takes.
__device__ static void activate(const Block &block, uint32_t l, uint32_t step)
{
    const annc_block_layer &layer = block.plan.layer[l];
    const uint32_t end = block.own.first_row + block.own.rows;
    for (uint32_t r = block.own.first_row + block.warp; r < end; r += WARPS)
        for (uint32_t u = block.lane; u < layer.n; u += WARP) {
            const uint32_t i = r * layer.stride + u;
            const float z = weighted_input(block, l, r, u), a = annc_activation_value_f32(layer.activation, z);
            block.memory[layer.Z + i] = z;
            block.memory[layer.A + i] = a;
            if (layer.input != layer.A)
                block.memory[layer.input + i] = a * kept(block, l, example_of(block, step, r), u);
        }
}

// Z = Z - log(sum of e^Z) of a row, relative to its largest entry, by one warp.
__device__ static void normalise(uint32_t n, uint32_t lane, float *z)
{
    float largest = -INFINITY, sum = 0;
    for (uint32_t j = lane; j < n; j += WARP)
        largest = MAX(z[j], largest);
    for (unsigned offset = WARP / 2; offset > 0; offset /= 2) {
        const float other = __shfl_xor_sync(0xFFFFFFFFu, largest, (int)offset);
        largest = MAX(other, largest);
    }
    for (uint32_t j = lane; j < n; j += WARP)
        sum += EXP(z[j] - largest);
    const float log_sum = largest + logf(warp_sum(sum));
    for (uint32_t j = lane; j < n; j += WARP)
        z[j] -= log_sum;
}

// The output layer and BP1: Z, A and delta of a row, by one warp.
__device__ static void output(const Block &block, uint32_t step)
{
    const annc_block_layer &layer = block.plan.layer[block.plan.layers];
    const annc_cost cost = block.plan.cost;
    const bool rowwise = annc_activation_kind_of(layer.activation) == ROWWISE;
    const bool closed_form = annc_cost_partner(cost) != ANY_OUTPUT;
    for (uint32_t r = block.own.first_row + block.warp; r < block.own.first_row + block.own.rows; r += WARPS) {
        float *z = block.memory + layer.Z + r * layer.stride, *a = block.memory + layer.A + r * layer.stride,
              *delta = block.memory + layer.delta + r * layer.stride;
        const float *y = targets_of(block, step) + r * layer.stride;
        const float weight = weight_of(block, step, r);
        float mean = 0;
        for (uint32_t j = block.lane; j < layer.n; j += WARP)
            z[j] = weighted_input(block, block.plan.layers, r, j);
        if (rowwise)
            normalise(layer.n, block.lane, z);
        for (uint32_t j = block.lane; j < layer.n; j += WARP) {
            a[j] = annc_activation_value_f32(layer.activation, z[j]);
            const float gradient = annc_cost_derivative_f32(cost, block.plan.tau, z[j], a[j], y[j]);
            mean += gradient * a[j];
            delta[j] = closed_form || rowwise ? gradient
                                              : gradient * annc_activation_derivative_f32(layer.activation, z[j], a[j]);
        }
        mean = warp_sum(mean);
        for (uint32_t j = block.lane; j < layer.n; j += WARP) {
            const float d = !closed_form && rowwise ? a[j] * (delta[j] - mean) : delta[j]; // diag(a) - a a^T
            delta[j] = d * weight;
        }
    }
}

// ---------------------------------------------------------------- backward

// BP2: delta^l of a hidden layer, in the place of Z^l.
__device__ static void backward(const Block &block, uint32_t l, uint32_t step)
{
    const annc_block_layer &layer = block.plan.layer[l], &next = block.plan.layer[l + 1];
    const uint32_t end = block.own.first_row + block.own.rows;
    for (uint32_t r = block.own.first_row + block.warp; r < end; r += WARPS)
        for (uint32_t k = 4 * block.lane; k < layer.n; k += 4 * WARP) {
            const float4 sum = backward_group(next.n, block.memory + next.delta + r * next.stride,
                                              block.parameters + next.W, layer.stride, k);
            const float sums[4] = {sum.x, sum.y, sum.z, sum.w};
#pragma unroll
            for (uint32_t c = 0; c < 4; c++) {
                if (k + c >= layer.n)
                    continue;
                const uint32_t i = r * layer.stride + k + c;
                const float z = block.memory[layer.Z + i], a = block.memory[layer.A + i];
                block.memory[layer.delta + i] = sums[c] * annc_activation_derivative_f32(layer.activation, z, a) *
                                                kept(block, l, example_of(block, step, r), k + c);
            }
        }
}

// ---------------------------------------------------------------- all rows

// Copies a row to the same place in another block.
__device__ inline void send_row(const Block &block, float *row, uint32_t n, uint32_t rank)
{
    for (uint32_t k = 4 * block.lane; k < n; k += 4 * WARP)
        *reinterpret_cast<float4 *>(in_block(row + k, rank)) = load4(row + k);
}

// Gives the other blocks what the step takes of the block's own rows: each layer's delta and inputs,
// and the first block the outputs for the score.
__device__ static void share_rows(const Block &block)
{
    const uint32_t blocks = block.plan.blocks, L = block.plan.layers;
    for (uint32_t i = block.warp; i < block.own.rows * blocks; i += WARPS) {
        const uint32_t r = block.own.first_row + i / blocks, rank = i % blocks;
        for (uint32_t l = 1; rank != block.rank && l <= L; l++) {
            const annc_block_layer &layer = block.plan.layer[l];
            float *row = block.memory + r * layer.stride;
            send_row(block, row + layer.delta, layer.n, rank);
            if (l < L)
                send_row(block, row + layer.input, layer.n, rank);
            if (l == L && rank == 0) {
                send_row(block, row + layer.Z, layer.n, rank);
                send_row(block, row + layer.A, layer.n, rank);
            }
        }
    }
    meet(block.meeting, blocks);
}

// Cost and hits of a step, a lane per row, as score.cu has them.
__device__ static void score(const Block &block, uint32_t step)
{
    const annc_block_layer &layer = block.plan.layer[block.plan.layers];
    const annc_cost cost = block.plan.cost;
    double sum = 0;
    uint32_t correct = 0;
    for (uint32_t r = block.lane; r < block.m; r += WARP) {
        const float *z = block.memory + layer.Z + r * layer.stride, *a = block.memory + layer.A + r * layer.stride,
                    *y = targets_of(block, step) + r * layer.stride;
        const uint32_t wanted = class_of(layer.n, y, TARGET_MIDDLE);
        double row = 0;
        for (uint32_t j = 0; j < layer.n; j++)
            row += (double)annc_cost_value_f32(cost, block.plan.tau, z[j], a[j], y[j]);
        sum += (double)weight_of(block, step, r) * row;
        correct += class_of(layer.n, a, annc_cost_middle(cost)) == wanted;
    }
    sum = warp_sum(sum);
    correct = warp_sum(correct);
    if (block.lane == 0) {
        annc_score &to = block.network.scores[step];
        to.cost = sum;
        to.correct = correct;
        to.examples = block.m;
    }
}

#endif
