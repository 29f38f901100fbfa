// activate.cu - bias and activation: Z = Z + 1 b^T, A = f(Z).
#include "kernels/rows.cuh"

// Registers: at most 40.
// Traffic: at most 16 bytes per element.
template <annc_activation F>
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    activate_kernel(size_t count, bool by_four, uint32_t n, const float *b, float *Z, float *A)
{
    for_elements(count, by_four, [=](size_t i, auto width) {
        annc_elements<width> z = load<width>(Z + i), a;
        uint32_t j = column_of(i, n);
        for (unsigned e = 0; e < width; e++) {
            z.at[e] += b[j];
            a.at[e] = annc_activation_value_f32(F, z.at[e]);
            j = j + 1 == n ? 0 : j + 1;
        }
        store(Z + i, z);
        store(A + i, a);
    });
}

// Row-wise f.
// Registers: at most 24.
__global__ void __launch_bounds__(ROW_WARPS *WARP)
    activate_rows_kernel(annc_activation f, uint32_t m, uint32_t n, const float *b, float *Z, float *A)
{
    const uint32_t r = row_of_warp();
    if (r < m)
        activate_row(f, n, b, Z + (size_t)r * n, A + (size_t)r * n);
}

extern "C" cudaError_t annc_launch_activate(cudaStream_t stream, annc_activation f, uint32_t m, uint32_t n,
                                            const float *b, float *Z, float *A)
{
    const size_t count = (size_t)m * n;
    const bool by_four = are_aligned({Z, A});
    if (annc_activation_kind_of(f) == ROWWISE) {
        ANNC_LAUNCH(activate_rows_kernel, row_blocks(m), row_threads(m), 0, stream, f, m, n, b, Z, A);
        return cudaGetLastError();
    }
    switch (f) {
#define ACTIVATE(enumerator, ...)                                                                                      \
    case enumerator:                                                                                                   \
        ANNC_LAUNCH(activate_kernel<enumerator>, element_blocks(count, by_four), element_threads(count), 0, stream,    \
                    count, by_four, n, b, Z, A);                                                                       \
        break;
        ANNC_ACTIVATIONS(ACTIVATE)
#undef ACTIVATE
    case ANNC_ACTIVATION_COUNT:
        break;
    }
    return cudaGetLastError();
}
