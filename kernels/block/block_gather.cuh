// block_gather.cuh - the minibatch of a step: its examples, X and Y, random changes.
#ifndef ANNC_KERNELS_BLOCK_BLOCK_GATHER_CUH
#define ANNC_KERNELS_BLOCK_BLOCK_GATHER_CUH

#include "base/philox.h"
#include "kernels/block/block.cuh"

// The numbers of the examples of a step, then their labels, then their weights.
__device__ inline uint32_t *numbers_of(const Block &block, uint32_t step)
{
    return reinterpret_cast<uint32_t *>(block.memory + block.plan.numbers) + 3 * (step % 2) * block.plan.batch;
}

__device__ inline float *weights_of(const Block &block, uint32_t step)
{
    return reinterpret_cast<float *>(numbers_of(block, step)) + 2 * block.plan.batch;
}

// Returns what multiplies the error and the cost of row r, whose weight and label are there.
__device__ inline float weight_of(const Block &block, uint32_t step, uint32_t r)
{
    const float own = block.network.examples.weights ? weights_of(block, step)[r] : 1;
    return block.network.weights
               ? own * block.memory[block.plan.weights + numbers_of(block, step)[block.plan.batch + r]]
               : own;
}

__device__ inline unsigned char *rows_of(const Block &block, uint32_t step)
{
    return reinterpret_cast<unsigned char *>(block.memory + block.plan.rows) +
           (size_t)(step % 2) * block.plan.batch * block.plan.row_bytes;
}

// Y of a step: m rows of the output layer's stride.
__device__ inline float *targets_of(const Block &block, uint32_t step)
{
    return block.memory + block.plan.Y + (step % 2) * block.plan.batch * block.plan.layer[block.plan.layers].stride;
}

__device__ static void find_examples(const Block &block, uint32_t step)
{
    for (uint32_t r = threadIdx.x; r < examples_of(block, step); r += THREADS)
        numbers_of(block, step)[r] = annc_order_at(&block.cursor.order, annc_cursor_position(&block.cursor, step, r));
}

// Begins to copy the inputs, the labels or targets and the weights of a step, whose examples are
// known.
__device__ static void fetch(const Block &block, uint32_t step)
{
    const annc_examples &examples = block.network.examples;
    const uint32_t size = examples.type == ANNC_BYTES ? 1 : sizeof(float), bytes = block.own.inputs * size;
    const bool whole_words = examples.inputs * size % 4 == 0;
    const uint32_t outputs = examples.outputs, stride = block.plan.layer[block.plan.layers].stride;
    const uint32_t *numbers = numbers_of(block, step), m = examples_of(block, step);
    uint32_t *labels = numbers_of(block, step) + block.plan.batch;
    for (uint32_t r = block.warp; r < m; r += WARPS) {
        const size_t number = numbers[r];
        const unsigned char *from =
            static_cast<const unsigned char *>(examples.x) + (number * examples.inputs + block.own.first_input) * size;
        unsigned char *to = rows_of(block, step) + r * block.plan.row_bytes;
        if (whole_words)
            for (uint32_t i = 4 * block.lane; i < bytes; i += 4 * WARP)
                copy4(to + i, from + i);
        else // rows that do not begin at whole words
            for (uint32_t i = block.lane; i < bytes; i += WARP)
                to[i] = from[i];
        if (!examples.targets && block.lane == 0)
            copy4(labels + r, examples.labels + number);
        if (examples.weights && block.lane == 0)
            copy4(weights_of(block, step) + r, examples.weights + number);
        for (uint32_t j = block.lane; examples.targets && j < outputs; j += WARP)
            copy4(targets_of(block, step) + r * stride + j, examples.targets + number * outputs + j);
    }
}

// Returns the number of a row's example, counted over the whole run.
__device__ inline uint64_t example_of(const Block &block, uint32_t step, uint32_t r)
{
    return block.cursor.first + annc_cursor_position(&block.cursor, step, r);
}

// Returns the factor of dropout for unit j of a layer.
__device__ inline float kept(const Block &block, uint32_t l, uint64_t example, uint32_t j)
{
    const annc_block_network &network = block.network;
    const float scale = l == 0 ? network.input_scale : network.hidden_scale;
    return scale > 1 ? annc_dropout_factor(network.seed, l, example, j, block.plan.layer[l].n,
                                           l == 0 ? network.input_threshold : network.hidden_threshold, scale)
                     : 1;
}

// A row of X from its copy. What is beyond the last input of a copy is 0.
__device__ inline void gather_row(const Block &block, const unsigned char *row, float *X)
{
    const annc_examples &examples = block.network.examples;
    const uint32_t n = block.own.inputs;
    const float factor = 1.0f / examples.divisor;
    if (examples.type == ANNC_BYTES)
        for (uint32_t group = block.lane; 4 * group < n; group += WARP) {
            const uint32_t word = reinterpret_cast<const uint32_t *>(row)[group];
            *reinterpret_cast<float4 *>(X + 4 * group) =
                make_float4((float)(word & 255) * factor, (float)(word >> 8 & 255) * factor,
                            (float)(word >> 16 & 255) * factor, (float)(word >> 24) * factor);
        }
    else
        for (uint32_t j = block.lane; j < n; j += WARP)
            X[j] = reinterpret_cast<const float *>(row)[j];
}

// Adds noise to a row of X and drops inputs.
__device__ static void change_row(const Block &block, uint64_t example, float *X)
{
    const annc_block_network &network = block.network;
    const uint32_t n = block.plan.layer[0].n;
    for (uint32_t k = block.lane; k < block.own.inputs; k += WARP) {
        const uint32_t j = block.own.first_input + k;
        float x = X[k];
        if (network.noise > 0)
            x += (float)network.noise * annc_input_noise(network.seed, example, j, n);
        X[k] = x * kept(block, 0, example, j);
    }
}

// X and Y of a step from the copies.
__device__ static void gather(const Block &block, uint32_t step)
{
    const annc_block_network &network = block.network;
    const annc_examples &examples = network.examples;
    const annc_block_layer &in = block.plan.layer[0], &out = block.plan.layer[block.plan.layers];
    for (uint32_t r = block.warp; r < block.m; r += WARPS) {
        float *X = block.memory + in.A + r * in.stride, *Y = targets_of(block, step) + r * out.stride;
        gather_row(block, rows_of(block, step) + r * block.plan.row_bytes, X);
        if (network.noise > 0 || network.input_scale > 1) {
            __syncwarp();
            change_row(block, example_of(block, step, r), X);
        }
        const int32_t label = examples.targets ? 0 : (int32_t)numbers_of(block, step)[block.plan.batch + r];
        for (uint32_t j = block.lane; !examples.targets && j < out.n; j += WARP)
            Y[j] = label == (out.n == 1 ? 1 : (int32_t)j) ? network.values.on : network.values.off;
    }
}

#endif
