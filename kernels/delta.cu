// delta.cu - the errors: the output layer with BP1, the Hadamard product of BP2, the bias sums of
// BP3.
#include "kernels/reductions.cuh"
#include "kernels/rows.cuh"

// The output layer, for an elementwise activation or a cost in closed form: bias, activation, and
// BP1 times the weights of the rows.
// Registers: at most 40.
// Traffic: at most 24 bytes per element.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    output_kernel(annc_activation f, annc_cost cost, float tau, bool closed_form, size_t count, bool by_four,
                  uint32_t n, const float *b, const float *Y, const float *weights, float *Z, float *A, float *delta)
{
    for_elements(count, by_four, [=](size_t i, auto width) {
        const annc_elements<width> y = load<width>(Y + i);
        annc_elements<width> z = load<width>(Z + i), a, d;
        uint32_t r = row_of(i, n), j = (uint32_t)(i - (size_t)r * n);
#pragma unroll // so that the elements stay in registers
        for (unsigned e = 0; e < width; e++) {
            z.at[e] += b[j];
            a.at[e] = annc_activation_value_f32(f, z.at[e]);
            const float gradient = annc_cost_derivative_f32(cost, tau, z.at[e], a.at[e], y.at[e]);
            d.at[e] = closed_form ? gradient : gradient * annc_activation_derivative_f32(f, z.at[e], a.at[e]);
            if (weights)
                d.at[e] *= weights[r];
            r += j + 1 == n;
            j = j + 1 == n ? 0 : j + 1;
        }
        store(Z + i, z);
        store(A + i, a);
        store(delta + i, d);
    });
}

// BP1 of a row for a row-wise activation: dC/da times the Jacobian diag(a) - a a^T, or the closed
// form, times the row's weight.
__device__ static void output_delta_row(annc_cost cost, float tau, bool closed_form, uint32_t n, const float *z,
                                        const float *a, const float *y, float weight, float *delta)
{
    const uint32_t lane = threadIdx.x % WARP;
    float mean = 0;
    for (uint32_t j = lane; j < n; j += WARP) {
        const float gradient = annc_cost_derivative_f32(cost, tau, z[j], a[j], y[j]);
        delta[j] = closed_form ? gradient * weight : gradient;
        mean += gradient * a[j];
    }
    if (closed_form)
        return;
    mean = warp_sum(mean);
    for (uint32_t j = lane; j < n; j += WARP)
        delta[j] = a[j] * (delta[j] - mean) * weight;
}

// The output layer, for a row-wise activation.
// Registers: at most 32.
__global__ void __launch_bounds__(ROW_WARPS *WARP)
    output_rows_kernel(annc_activation f, annc_cost cost, float tau, bool closed_form, uint32_t m, uint32_t n,
                       const float *b, const float *Y, const float *weights, float *Z, float *A, float *delta)
{
    const uint32_t r = row_of_warp();
    const size_t row = (size_t)r * n;
    if (r >= m)
        return;
    activate_row(f, n, b, Z + row, A + row);
    output_delta_row(cost, tau, closed_form, n, Z + row, A + row, Y + row, weights ? weights[r] : 1, delta + row);
}

// The Hadamard product of BP2.
// Registers: at most 40.
// Traffic: at most 12 bytes per element.
template <annc_activation F>
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    times_derivative_kernel(size_t count, bool by_four, const float *Z, const float *A, float *delta)
{
    for_elements(count, by_four, [=](size_t i, auto width) {
        const annc_elements<width> z = load<width>(Z + i), a = load<width>(A + i); // F needs one of them or both
        annc_elements<width> d = load<width>(delta + i);
        for (unsigned e = 0; e < width; e++)
            d.at[e] = d.at[e] * annc_activation_derivative_f32(F, z.at[e], a.at[e]);
        store(delta + i, d);
    });
}

// BP3 over the minibatch: 32 columns and a part of the rows per block, of which 8 threads per
// column take every eighth. Their sums are added in order, and so are those of the parts, by the
// last block of these columns.
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
// Traffic: at most 4.5 bytes per element.
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

// Returns the number of parts of the rows: at most as many as leave a slot for each block.
static unsigned bias_parts(uint32_t m, unsigned column_blocks)
{
    const uint32_t wanted = (m - 1) / BIAS_ROWS + 1, most = ANNC_BIAS_PARTS / column_blocks;
    return wanted < most ? wanted : most > 1 ? most : 1;
}

extern "C" cudaError_t annc_launch_output(cudaStream_t stream, annc_activation f, annc_cost cost, float tau, uint32_t m,
                                          uint32_t n, const float *b, const float *Y, const float *weights, float *Z,
                                          float *A, float *delta)
{
    const size_t count = (size_t)m * n;
    const bool closed_form = annc_cost_partner(cost) != ANY_OUTPUT, by_four = are_aligned({Y, Z, A, delta});
    if (annc_activation_kind_of(f) == ROWWISE)
        ANNC_LAUNCH(output_rows_kernel, row_blocks(m), row_threads(m), 0, stream, f, cost, tau, closed_form, m, n, b, Y,
                    weights, Z, A, delta);
    else
        ANNC_LAUNCH(output_kernel, element_blocks(count, by_four), element_threads(count), 0, stream, f, cost, tau,
                    closed_form, count, by_four, n, b, Y, weights, Z, A, delta);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_times_derivative(cudaStream_t stream, annc_activation f, uint32_t m, uint32_t n,
                                                    const float *Z, const float *A, float *delta)
{
    const size_t count = (size_t)m * n;
    const bool by_four = are_aligned({Z, A, delta});
    switch (f) {
#define TIMES_DERIVATIVE(enumerator, ...)                                                                              \
    case enumerator:                                                                                                   \
        ANNC_LAUNCH(times_derivative_kernel<enumerator>, element_blocks(count, by_four), element_threads(count), 0,    \
                    stream, count, by_four, Z, A, delta);                                                              \
        break;
        ANNC_ACTIVATIONS(TIMES_DERIVATIVE)
#undef TIMES_DERIVATIVE
    case ANNC_ACTIVATION_COUNT:
        break;
    }
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
