// rows.cuh - operations on whole rows, one warp per row.
#ifndef ANNC_KERNELS_ROWS_CUH
#define ANNC_KERNELS_ROWS_CUH

#include "kernels/device.cuh"

constexpr unsigned ROW_WARPS = 8; // rows of a block

static inline unsigned row_blocks(uint32_t m)
{
    return (m - 1) / ROW_WARPS + 1;
}

static inline unsigned row_threads(uint32_t m)
{
    return (m < ROW_WARPS ? m : ROW_WARPS) * WARP;
}

__device__ static inline uint32_t row_of_warp()
{
    return blockIdx.x * ROW_WARPS + threadIdx.x / WARP;
}

// Row-wise f: z = z + b, then z = z - log(sum of exp(z)), relative to the row's largest entry, then
// a = f(z). A lane keeps to its columns.
__device__ static inline void activate_row(annc_activation f, uint32_t n, const float *b, float *z, float *a)
{
    const uint32_t lane = threadIdx.x % WARP;
    float largest = -INFINITY;
    for (uint32_t j = lane; j < n; j += WARP) {
        z[j] += b[j];
        largest = MAX(z[j], largest);
    }
    for (unsigned offset = WARP / 2; offset > 0; offset /= 2) {
        const float other = __shfl_xor_sync(0xFFFFFFFFu, largest, (int)offset);
        largest = MAX(other, largest);
    }
    float sum = 0;
    for (uint32_t j = lane; j < n; j += WARP)
        sum += EXP(z[j] - largest);
    const float log_sum = largest + logf(warp_sum(sum));
    for (uint32_t j = lane; j < n; j += WARP) {
        z[j] -= log_sum;
        a[j] = annc_activation_value_f32(f, z[j]);
    }
}

#endif
