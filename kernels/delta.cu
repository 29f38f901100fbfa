// delta.cu - the errors: BP1 at the output, the Hadamard product of BP2, the bias sums of BP3.
#include "kernels/device.cuh"

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

// BP3 over the minibatch: 32 columns per block; 8 threads sum each column over every eighth row,
// then the 8 sums are added in order.
constexpr unsigned BIAS_LANES = 8;

// Registers: at most 32.
__global__ void __launch_bounds__(WARP *BIAS_LANES)
    bias_step_kernel(uint32_t m, uint32_t n, float alpha, float beta, const float *delta, float *b)
{
    __shared__ float partial[BIAS_LANES][WARP];
    const uint32_t column = blockIdx.x * WARP + threadIdx.x, lane = threadIdx.y;
    float sum = 0;
    if (column < n)
        for (uint32_t r = lane; r < m; r += BIAS_LANES)
            sum += delta[(size_t)r * n + column];
    partial[lane][threadIdx.x] = sum;
    __syncthreads();
    if (lane != 0 || column >= n)
        return;
    for (unsigned i = 1; i < BIAS_LANES; i++)
        sum += partial[i][threadIdx.x];
    b[column] = (beta == 0 ? 0 : beta * b[column]) + alpha * sum;
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

extern "C" cudaError_t annc_launch_bias_step(cudaStream_t stream, uint32_t m, uint32_t n, float alpha, float beta,
                                             const float *delta, float *b)
{
    ANNC_LAUNCH(bias_step_kernel, (n + WARP - 1) / WARP, dim3(WARP, BIAS_LANES), 0, stream, m, n, alpha, beta, delta,
                b);
    return cudaGetLastError();
}
