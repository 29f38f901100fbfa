// dropout.cu - random changes per example: dropout, input noise, image augmentation.
#include "backend/augmentation.h"
#include "base/philox.h"
#include "kernels/device.cuh"

// Calls change(r, j, values) for every four units j to j + 3 of row r, which take their random
// words from one block of Philox, and writes the changed values. The last four of a row may be
// fewer.
template <typename Change>
__device__ static void change_fours(uint32_t m, uint32_t n, bool by_four, const float *in, float *out, Change change)
{
    const uint32_t fours = (n - 1) / 4 + 1;
    ANNC_FOR_ELEMENTS (t, (size_t)m * fours) {
        const uint32_t r = row_of(t, fours), j = 4 * column_of(t, fours);
        const size_t i = (size_t)r * n + j;
        annc_elements<4> values = {};
        if (by_four)
            values = load<4>(in + i);
        else
            for (uint32_t e = 0; e < 4; e++)
                values.at[e] = j + e < n ? in[i + e] : 0;
        change(r, j, values.at);
        if (by_four)
            store(out + i, values);
        else
            for (uint32_t e = 0; e < 4; e++)
                if (j + e < n)
                    out[i + e] = values.at[e];
    }
}

// Returns whether the fours of all rows are aligned.
static bool fours_are_aligned(uint32_t n, const float *in, const float *out)
{
    return n % 4 == 0 && are_aligned({in, out});
}

// Registers: at most 32.
// Traffic: at most 13 bytes per element, 5 of them the cursor.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    dropout_kernel(uint64_t seed, const annc_cursor *cursor, uint32_t l, uint32_t threshold, float scale, uint32_t m,
                   uint32_t n, bool by_four, const float *A, float *D)
{
    const uint64_t first = annc_cursor_example(cursor, 0);
    change_fours(m, n, by_four, A, D, [=](uint32_t r, uint32_t j, float *values) {
        const annc_philox_block words = annc_philox(seed, annc_dropout_stream(l), annc_dropout_block(first + r, j, n));
        for (unsigned e = 0; e < 4; e++)
            values[e] *= annc_dropout_factor_of(words.word[e], threshold, scale);
    });
}

// Registers: at most 40.
// Traffic: at most 13 bytes per element, 5 of them the cursor.
__global__ void __launch_bounds__(ELEMENT_BLOCK) perturb_kernel(uint64_t seed, const annc_cursor *cursor, float sigma,
                                                                uint32_t m, uint32_t n, bool by_four, float *X)
{
    const uint64_t first = annc_cursor_example(cursor, 0);
    change_fours(m, n, by_four, X, X, [=](uint32_t r, uint32_t j, float *values) {
        float noise[4];
        annc_noise_four(annc_philox(seed, ANNC_STREAM_NOISE, annc_noise_block(first + r, j, n)), noise);
        for (unsigned e = 0; e < 4; e++)
            values[e] += sigma * noise[e];
    });
}

constexpr unsigned WARP_BLOCK = 128;

// One block per image. bends: memory for displacements and sums, NULL without elastic distortion.
// Registers: at most 48.
__global__ void __launch_bounds__(WARP_BLOCK)
    augment_kernel(uint64_t seed, const annc_cursor *cursor, annc_augmentation augmentation,
                   const __grid_constant__ annc_elastic elastic, uint32_t rows, uint32_t columns, const float *X,
                   float *bends, float *moved)
{
    __shared__ annc_warp warp;
    const uint64_t example = annc_cursor_example(cursor, blockIdx.x);
    const uint32_t pixels = rows * columns;
    const float *image = X + (size_t)blockIdx.x * pixels;
    float *const bend = bends ? bends + (size_t)blockIdx.x * 4 * pixels : NULL;
    if (threadIdx.x == 0)
        annc_warp_draw(seed, example, augmentation, &warp);
    if (bend) {
        float *const sums = bend + (size_t)2 * pixels;
        annc_elastic_draw(seed, example, rows, columns, threadIdx.x, blockDim.x, bend);
        __syncthreads();
        annc_elastic_columns(&elastic, rows, columns, threadIdx.x, blockDim.x, bend, sums);
        __syncthreads();
        annc_elastic_rows(&elastic, rows, columns, threadIdx.x, blockDim.x, sums, bend);
    }
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < pixels; i += blockDim.x)
        moved[(size_t)blockIdx.x * pixels + i] =
            annc_warp_sample(&warp, image, bend, (int)rows, (int)columns, (int)(i / columns), (int)(i % columns));
}

extern "C" cudaError_t annc_launch_augment(cudaStream_t stream, uint64_t seed, const annc_cursor *cursor,
                                           annc_augmentation augmentation, uint32_t rows, uint32_t columns, uint32_t m,
                                           const float *X, float *bends, float *moved)
{
    ANNC_LAUNCH(augment_kernel, m, WARP_BLOCK, 0, stream, seed, cursor, augmentation, annc_elastic_of(&augmentation),
                rows, columns, X, bends, moved);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_dropout(cudaStream_t stream, uint64_t seed, const annc_cursor *cursor, uint32_t l,
                                           double share, uint32_t m, uint32_t n, const float *A, float *D)
{
    const size_t fours = (size_t)m * ((n - 1) / 4 + 1);
    ANNC_LAUNCH(dropout_kernel, element_blocks(fours), element_threads(fours), 0, stream, seed, cursor, l,
                annc_dropout_threshold(share), annc_dropout_scale(share), m, n, fours_are_aligned(n, A, D), A, D);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_perturb(cudaStream_t stream, uint64_t seed, const annc_cursor *cursor, double sigma,
                                           uint32_t m, uint32_t n, float *X)
{
    const size_t fours = (size_t)m * ((n - 1) / 4 + 1);
    ANNC_LAUNCH(perturb_kernel, element_blocks(fours), element_threads(fours), 0, stream, seed, cursor, (float)sigma, m,
                n, fours_are_aligned(n, X, X), X);
    return cudaGetLastError();
}
