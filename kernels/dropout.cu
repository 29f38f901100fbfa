// dropout.cu - random changes per example: dropout, input noise, image augmentation.
#include "base/augmentation.h"
#include "base/philox.h"
#include "kernels/device.cuh"

// Registers: at most 32.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    dropout_kernel(uint64_t seed, const annc_cursor *cursor, uint32_t l, uint32_t threshold, float scale, size_t count,
                   uint32_t n, const float *A, float *D)
{
    ANNC_FOR_ELEMENTS (i, count) {
        const uint64_t example = annc_cursor_example(cursor, (uint32_t)(i / n));
        D[i] = A[i] * annc_dropout_factor(seed, l, example, (uint32_t)(i % n), n, threshold, scale);
    }
}

// Registers: at most 32.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    perturb_kernel(uint64_t seed, const annc_cursor *cursor, double sigma, size_t count, uint32_t n, float *X)
{
    ANNC_FOR_ELEMENTS (i, count) {
        const uint64_t example = annc_cursor_example(cursor, (uint32_t)(i / n));
        X[i] += (float)sigma * annc_input_noise(seed, example, (uint32_t)(i % n), n);
    }
}

constexpr unsigned WARP_BLOCK = 128;

// One block per image.
// Registers: at most 48.
__global__ void __launch_bounds__(WARP_BLOCK)
    augment_kernel(uint64_t seed, const annc_cursor *cursor, annc_augmentation augmentation, uint32_t rows,
                   uint32_t columns, const float *X, float *moved)
{
    __shared__ annc_warp warp;
    const uint64_t example = annc_cursor_example(cursor, blockIdx.x);
    const uint32_t pixels = rows * columns;
    const float *image = X + (size_t)blockIdx.x * pixels;
    if (threadIdx.x < ANNC_WARP_POINTS)
        annc_warp_point(seed, example, augmentation, threadIdx.x, &warp);
    if (threadIdx.x == ANNC_WARP_POINTS)
        annc_warp_begin(seed, example, augmentation, &warp);
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < pixels; i += blockDim.x)
        moved[(size_t)blockIdx.x * pixels + i] =
            annc_warp_sample(&warp, image, (int)rows, (int)columns, (int)(i / columns), (int)(i % columns));
}

extern "C" cudaError_t annc_launch_augment(cudaStream_t stream, uint64_t seed, const annc_cursor *cursor,
                                           annc_augmentation augmentation, uint32_t rows, uint32_t columns, uint32_t m,
                                           const float *X, float *moved)
{
    ANNC_LAUNCH(augment_kernel, m, WARP_BLOCK, 0, stream, seed, cursor, augmentation, rows, columns, X, moved);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_dropout(cudaStream_t stream, uint64_t seed, const annc_cursor *cursor, uint32_t l,
                                           double share, uint32_t m, uint32_t n, const float *A, float *D)
{
    const size_t count = (size_t)m * n;
    ANNC_LAUNCH(dropout_kernel, element_blocks(count), element_threads(count), 0, stream, seed, cursor, l,
                annc_dropout_threshold(share), annc_dropout_scale(share), count, n, A, D);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_perturb(cudaStream_t stream, uint64_t seed, const annc_cursor *cursor, double sigma,
                                           uint32_t m, uint32_t n, float *X)
{
    const size_t count = (size_t)m * n;
    ANNC_LAUNCH(perturb_kernel, element_blocks(count), element_threads(count), 0, stream, seed, cursor, sigma, count, n,
                X);
    return cudaGetLastError();
}
