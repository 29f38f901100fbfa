// gather.cu - gathers the minibatch of the cursor's step, one block per row.
#include "kernels/device.cuh"

constexpr unsigned MOST_GATHER_THREADS = 128;

// Copies an example of x (count x inputs, elements of one type) to row r of X.
template <typename Element>
__device__ void gather_inputs(const Element *x, size_t example, uint32_t inputs, float factor, float *X_row)
{
    const Element *row = x + example * inputs;
    for (uint32_t j = threadIdx.x; j < inputs; j += blockDim.x)
        X_row[j] = (float)row[j] * factor;
}

// Registers: at most 24.
__global__ void __launch_bounds__(MOST_GATHER_THREADS)
    gather_kernel(const annc_cursor *cursor, annc_examples examples, float factor, annc_label_values values,
                  const float *class_weights, float *X, float *Y, float *weights)
{
    const uint32_t r = blockIdx.x;
    const size_t example = annc_order_at(&cursor->order, annc_cursor_position(cursor, cursor->step, r));
    const uint32_t inputs = examples.inputs, outputs = examples.outputs;
    float *X_row = X + (size_t)r * inputs, *Y_row = Y + (size_t)r * outputs;

    if (examples.type == ANNC_BYTES)
        gather_inputs((const uint8_t *)examples.x, example, inputs, factor, X_row);
    else
        gather_inputs((const float *)examples.x, example, inputs, 1.0f, X_row);

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

extern "C" cudaError_t annc_launch_gather(cudaStream_t stream, const annc_cursor *cursor, const annc_examples *examples,
                                          struct annc_label_values values, const float *class_weights, uint32_t m,
                                          float *X, float *Y, float *weights)
{
    const unsigned whole_warps = (examples->inputs + WARP - 1) / WARP * WARP;
    const unsigned threads = whole_warps < MOST_GATHER_THREADS ? whole_warps : MOST_GATHER_THREADS;
    ANNC_LAUNCH(gather_kernel, m, threads, 0, stream, cursor, *examples, 1.0f / examples->divisor, values,
                class_weights, X, Y, weights);
    return cudaGetLastError();
}
