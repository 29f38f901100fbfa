// delta.cu - the errors: the output layer with BP1, the Hadamard product of BP2, the bias sums of
// BP3.
#include "kernels/rows.cuh"
#include "kernels/tiles.cuh"

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

// The Hadamard product of BP2, and BP3 unless b is NULL.
template <annc_activation F, unsigned WIDTH>
__device__ static void times_derivative_of_tile(uint32_t m, uint32_t n, const float *Z, const float *A, float *delta,
                                                float alpha, float beta, annc_reductions *reductions, float *b)
{
    annc_elements<WIDTH> sum = {};
    for_tile_rows<WIDTH>(m, n, [=, &sum](size_t i) {
        const annc_elements<WIDTH> z = load<WIDTH>(Z + i), a = load<WIDTH>(A + i); // F needs one of them or both
        annc_elements<WIDTH> d = load<WIDTH>(delta + i);
        for (unsigned e = 0; e < WIDTH; e++)
            d.at[e] = d.at[e] * annc_activation_derivative_f32(F, z.at[e], a.at[e]);
        store(delta + i, d);
        add(sum, d);
    });
    if (b)
        step_biases(n, alpha, beta, sum, reductions, b);
}

// Registers: at most 40.
// Traffic: at most 13 bytes per element.
template <annc_activation F>
__global__ void __launch_bounds__(WARP *TILE_WARPS)
    times_derivative_kernel(uint32_t m, uint32_t n, bool by_four, const float *Z, const float *A, float *delta,
                            float alpha, float beta, annc_reductions *reductions, float *b)
{
    if (by_four)
        times_derivative_of_tile<F, 4>(m, n, Z, A, delta, alpha, beta, reductions, b);
    else
        times_derivative_of_tile<F, 1>(m, n, Z, A, delta, alpha, beta, reductions, b);
}

// BP3 alone.
template <unsigned WIDTH>
__device__ static void bias_step_of_tile(uint32_t m, uint32_t n, float alpha, float beta, const float *delta,
                                         annc_reductions *reductions, float *b)
{
    annc_elements<WIDTH> sum = {};
    for_tile_rows<WIDTH>(m, n, [=, &sum](size_t i) { add(sum, load<WIDTH>(delta + i)); });
    step_biases(n, alpha, beta, sum, reductions, b);
}

// Registers: at most 32.
// Traffic: at most 5 bytes per element.
__global__ void __launch_bounds__(WARP *TILE_WARPS)
    bias_step_kernel(uint32_t m, uint32_t n, bool by_four, float alpha, float beta, const float *delta,
                     annc_reductions *reductions, float *b)
{
    if (by_four)
        bias_step_of_tile<4>(m, n, alpha, beta, delta, reductions, b);
    else
        bias_step_of_tile<1>(m, n, alpha, beta, delta, reductions, b);
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

extern "C" cudaError_t annc_launch_times_derivative(cudaStream_t stream, annc_reductions *reductions, annc_activation f,
                                                    uint32_t m, uint32_t n, const float *Z, const float *A,
                                                    float *delta, float alpha, float beta, float *b)
{
    const bool by_four = by_four_columns(n, are_aligned({Z, A, delta}));
    switch (f) {
#define TIMES_DERIVATIVE(enumerator, ...)                                                                              \
    case enumerator:                                                                                                   \
        ANNC_LAUNCH(times_derivative_kernel<enumerator>, tiles_of(m, n, by_four), tile_threads(m), 0, stream, m, n,    \
                    by_four, Z, A, delta, alpha, beta, reductions, b);                                                 \
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
    const bool by_four = by_four_columns(n, are_aligned({delta}));
    ANNC_LAUNCH(bias_step_kernel, tiles_of(m, n, by_four), tile_threads(m), 0, stream, m, n, by_four, alpha, beta,
                delta, reductions, b);
    return cudaGetLastError();
}
