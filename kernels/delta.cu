// delta.cu - the errors: BP1 at the output, the Hadamard product of BP2, the bias sums of BP3.
#include "kernels/reductions.cuh"

// BP1 for a cost in closed form, or for an elementwise activation.
// Registers: at most 32.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    output_delta_kernel(annc_activation f, annc_cost cost, float tau, bool closed_form, size_t count, const float *Z,
                        const float *A, const float *Y, float *delta)
{
    ANNC_FOR_ELEMENTS (i, count) {
        const float gradient = annc_cost_derivative_f32(cost, tau, Z[i], A[i], Y[i]);
        delta[i] = closed_form ? gradient : gradient * annc_activation_derivative_f32(f, Z[i], A[i]);
    }
}

// BP1 for a row-wise activation, one warp per row: dC/da times the Jacobian diag(a) - a a^T.
// Registers: at most 24.
__global__ void __launch_bounds__(WARP) output_delta_rows_kernel(annc_cost cost, float tau, uint32_t n, const float *Z,
                                                                 const float *A, const float *Y, float *delta)
{
    const size_t row = (size_t)blockIdx.x * n;
    float mean = 0;
    for (uint32_t j = threadIdx.x; j < n; j += WARP) {
        const float gradient = annc_cost_derivative_f32(cost, tau, Z[row + j], A[row + j], Y[row + j]);
        delta[row + j] = gradient;
        mean += gradient * A[row + j];
    }
    mean = warp_sum(mean);
    for (uint32_t j = threadIdx.x; j < n; j += WARP)
        delta[row + j] = A[row + j] * (delta[row + j] - mean);
}

// Multiplies rows by their weights, one warp per row.
// Registers: at most 24.
__global__ void __launch_bounds__(WARP) weigh_kernel(uint32_t n, const float *weights, float *delta)
{
    const size_t row = (size_t)blockIdx.x * n;
    const float weight = weights[blockIdx.x];
    for (uint32_t j = threadIdx.x; j < n; j += WARP)
        delta[row + j] *= weight;
}

// The Hadamard product of BP2.
// Registers: at most 32.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    times_derivative_kernel(annc_activation f, size_t count, const float *Z, const float *A, float *delta)
{
    ANNC_FOR_ELEMENTS (i, count)
        delta[i] = delta[i] * annc_activation_derivative_f32(f, Z[i], A[i]);
}

// BP3 over the minibatch: 32 columns and a part of the rows per block, of which 8 threads per column
// take every eighth. Their sums are added in order, and so are those of the parts, by the last block
// of these columns.
constexpr unsigned BIAS_LANES = 8;
constexpr uint32_t BIAS_ROWS = 64; // per part, or more
static_assert(ANNC_BIAS_COLUMNS == WARP, "a slot has the sums of a block's columns");

// Returns the sum of what the threads of a column have to those of lane 0.
__device__ static float sum_of_lanes(float value)
{
    __shared__ float lanes[BIAS_LANES][WARP];
    __syncthreads(); // ends the sum before
    lanes[threadIdx.y][threadIdx.x] = value;
    __syncthreads();
    float sum = lanes[0][threadIdx.x];
    for (unsigned i = 1; i < BIAS_LANES; i++)
        sum += lanes[i][threadIdx.x];
    return sum;
}

// Registers: at most 32.
__global__ void __launch_bounds__(WARP *BIAS_LANES)
    bias_step_kernel(uint32_t m, uint32_t n, float alpha, float beta, const float *delta, annc_reductions *reductions,
                     float *b)
{
    const uint32_t column = blockIdx.x * WARP + threadIdx.x, parts = gridDim.y;
    const uint32_t rows = (m - 1) / parts + 1, first = blockIdx.y * rows, after = MIN(first + rows, m);
    float sum = 0;
    if (column < n)
#pragma unroll 4
        for (uint32_t r = first + threadIdx.y; r < after; r += BIAS_LANES)
            sum += delta[(size_t)r * n + column];
    sum = sum_of_lanes(sum);
    if (parts > 1) {
        float(*const own)[ANNC_BIAS_COLUMNS] = reductions->bias + blockIdx.x * parts;
        if (threadIdx.y == 0)
            own[blockIdx.y][threadIdx.x] = sum;
        if (!is_last_block(&reductions->bias_blocks[blockIdx.x], parts))
            return;
        sum = 0;
        for (uint32_t i = threadIdx.y; i < parts; i += BIAS_LANES)
            sum += own[i][threadIdx.x];
        sum = sum_of_lanes(sum);
    }
    if (threadIdx.y == 0 && column < n)
        b[column] = (beta == 0 ? 0 : beta * b[column]) + alpha * sum;
}

// Returns the parts of the rows, such that there are slots for all blocks.
static unsigned bias_parts(uint32_t m, unsigned column_blocks)
{
    const uint32_t wanted = (m - 1) / BIAS_ROWS + 1, most = ANNC_BIAS_PARTS / column_blocks;
    return wanted < most ? wanted : most > 1 ? most : 1;
}

extern "C" cudaError_t annc_launch_output_delta(cudaStream_t stream, annc_activation f, annc_cost cost, float tau,
                                                uint32_t m, uint32_t n, const float *Z, const float *A, const float *Y,
                                                float *delta)
{
    const size_t count = (size_t)m * n;
    const bool closed_form = annc_cost_partner(cost) != ANY_OUTPUT;
    if (!closed_form && annc_activation_kind_of(f) == ROWWISE)
        ANNC_LAUNCH(output_delta_rows_kernel, m, WARP, 0, stream, cost, tau, n, Z, A, Y, delta);
    else
        ANNC_LAUNCH(output_delta_kernel, element_blocks(count), element_threads(count), 0, stream, f, cost, tau,
                    closed_form, count, Z, A, Y, delta);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_weigh(cudaStream_t stream, uint32_t m, uint32_t n, const float *weights,
                                         float *delta)
{
    ANNC_LAUNCH(weigh_kernel, m, WARP, 0, stream, n, weights, delta);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_times_derivative(cudaStream_t stream, annc_activation f, uint32_t m, uint32_t n,
                                                    const float *Z, const float *A, float *delta)
{
    const size_t count = (size_t)m * n;
    ANNC_LAUNCH(times_derivative_kernel, element_blocks(count), element_threads(count), 0, stream, f, count, Z, A,
                delta);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_bias_step(cudaStream_t stream, annc_reductions *reductions, uint32_t m, uint32_t n,
                                             float alpha, float beta, const float *delta, float *b)
{
    const unsigned column_blocks = (n - 1) / WARP + 1;
    ANNC_LAUNCH(bias_step_kernel, dim3(column_blocks, bias_parts(m, column_blocks)), dim3(WARP, BIAS_LANES), 0, stream,
                m, n, alpha, beta, delta, reductions, b);
    return cudaGetLastError();
}
