// activate.cu - bias and activation: Z = Z + 1 b^T, A = f(Z).
#include "kernels/rows.cuh"
#include "kernels/tiles.cuh"

template <annc_activation F, unsigned WIDTH>
__device__ static void activate_tile(uint32_t m, uint32_t n, const float *b, float *Z, float *A)
{
    annc_elements<WIDTH> bias = {};
    for (unsigned e = 0; e < WIDTH && tile_column<WIDTH>() < n; e++)
        bias.at[e] = b[tile_column<WIDTH>() + e];
    for_tile_rows<WIDTH>(m, n, [=](size_t i) {
        annc_elements<WIDTH> z = load<WIDTH>(Z + i), a;
        for (unsigned e = 0; e < WIDTH; e++) {
            z.at[e] += bias.at[e];
            a.at[e] = annc_activation_value_f32(F, z.at[e]);
        }
        if (Z != A)
            store(Z + i, z);
        store(A + i, a);
    });
}

// Registers: at most 40.
// Traffic: at most 10 bytes per element where Z is A, and 4 more where it is not.
template <annc_activation F>
__global__ void __launch_bounds__(WARP *TILE_WARPS)
    activate_kernel(uint32_t m, uint32_t n, bool by_four, const float *b, float *Z, float *A)
{
    if (by_four)
        activate_tile<F, 4>(m, n, b, Z, A);
    else
        activate_tile<F, 1>(m, n, b, Z, A);
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
    const bool by_four = by_four_columns(n, are_aligned({Z, A}));
    if (annc_activation_kind_of(f) == ROWWISE) {
        ANNC_LAUNCH(activate_rows_kernel, row_blocks(m), row_threads(m), 0, stream, f, m, n, b, Z, A);
        return cudaGetLastError();
    }
    switch (f) {
#define ACTIVATE(enumerator, ...)                                                                                      \
    case enumerator:                                                                                                   \
        ANNC_LAUNCH(activate_kernel<enumerator>, tiles_of(m, n, by_four), tile_threads(m), 0, stream, m, n, by_four,   \
                    b, Z, A);                                                                                          \
        break;
        ANNC_ACTIVATIONS(ACTIVATE)
#undef ACTIVATE
    case ANNC_ACTIVATION_COUNT:
        break;
    }
    return cudaGetLastError();
}
