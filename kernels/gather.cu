// gather.cu - gathers the minibatch of the cursor's step, one block per row.
#include "kernels/device.cuh"

constexpr unsigned MOST_GATHER_THREADS = 128;

// Copies an example's bytes, times the factor, to a row of X: by four where rows are aligned.
__device__ static void gather_bytes(const uint8_t *row, uint32_t inputs, bool by_four, float factor, float *X_row)
{
    if (by_four)
        for (uint32_t j = threadIdx.x; j < inputs / 4; j += blockDim.x) {
            const uint32_t word = ((const uint32_t *)row)[j];
            annc_elements<4> x;
            for (unsigned e = 0; e < 4; e++)
                x.at[e] = (float)(word >> 8 * e & 0xFF) * factor;
            store(X_row + 4 * j, x);
        }
    else
        for (uint32_t j = threadIdx.x; j < inputs; j += blockDim.x)
            X_row[j] = (float)row[j] * factor;
}

__device__ static void gather_floats(const float *row, uint32_t inputs, bool by_four, float *X_row)
{
    if (by_four)
        for (uint32_t j = threadIdx.x; j < inputs / 4; j += blockDim.x)
            store(X_row + 4 * j, load<4>(row + 4 * j));
    else
        for (uint32_t j = threadIdx.x; j < inputs; j += blockDim.x)
            X_row[j] = row[j];
}

// Registers: at most 32.
// Traffic: at most 6 bytes per element, of bytes.
__global__ void __launch_bounds__(MOST_GATHER_THREADS)
    gather_kernel(annc_cursor *cursor, annc_examples examples, float factor, annc_label_values values,
                  const float *class_weights, bool by_four, float *X, float *Y, float *weights)
{
    __shared__ uint32_t example_of_row;
    const uint32_t r = blockIdx.x;
    if (threadIdx.x == 0) {
        const uint32_t step = cursor->next; // which no block of this launch changes
        example_of_row = annc_cursor_held(cursor, step, r);
        if (r == 0)
            cursor->step = step;
    }
    __syncthreads();
    const size_t example = example_of_row;
    const uint32_t inputs = examples.inputs, outputs = examples.outputs;
    float *X_row = X + (size_t)r * inputs, *Y_row = Y + (size_t)r * outputs;

    if (examples.type == ANNC_BYTES)
        gather_bytes((const uint8_t *)examples.x + example * inputs, inputs, by_four, factor, X_row);
    else
        gather_floats((const float *)examples.x + example * inputs, inputs, by_four, X_row);

    for (uint32_t j = threadIdx.x; j < outputs; j += blockDim.x) {
        if (examples.targets)
            Y_row[j] = examples.targets[example * outputs + j];
        else
            Y_row[j] = examples.labels[example] == (outputs == 1 ? 1 : (int32_t)j) ? values.on : values.off;
    }
    if (weights && threadIdx.x == 0) {
        const float own = examples.weights ? examples.weights[example] : 1;
        weights[r] = class_weights ? own * class_weights[examples.labels[example]] : own;
    }
}

extern "C" cudaError_t annc_launch_gather(cudaStream_t stream, annc_cursor *cursor, const annc_examples *examples,
                                          struct annc_label_values values, const float *class_weights, uint32_t m,
                                          float *X, float *Y, float *weights)
{
    const bool by_four = examples->inputs % 4 == 0 && are_aligned({examples->x, X});
    const unsigned loads = by_four ? examples->inputs / 4 : examples->inputs;
    const unsigned whole_warps = (loads + WARP - 1) / WARP * WARP;
    const unsigned threads = whole_warps < MOST_GATHER_THREADS ? whole_warps : MOST_GATHER_THREADS;
    ANNC_LAUNCH(gather_kernel, m, threads, 0, stream, cursor, *examples, 1.0f / examples->divisor, values,
                class_weights, by_four, X, Y, weights);
    return cudaGetLastError();
}
