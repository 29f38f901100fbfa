// activate.cu - bias and activation: Z = Z + 1 b^T, A = f(Z).
#include "kernels/device.cuh"

// Registers: at most 32.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    activate_kernel(annc_activation f, size_t count, uint32_t n, const float *b, float *Z, float *A)
{
    ANNC_FOR_ELEMENTS (i, count) {
        const float z = Z[i] + b[i % n];
        Z[i] = z;
        A[i] = annc_activation_value_f32(f, z);
    }
}

// Row-wise f, one warp per row: z = z + b, then z = z - log(sum of exp(z)), relative to the row's
// largest entry, then f.
// Registers: at most 24.
__global__ void __launch_bounds__(WARP)
    activate_rows_kernel(annc_activation f, uint32_t n, const float *b, float *Z, float *A)
{
    float *z = Z + (size_t)blockIdx.x * n, *a = A + (size_t)blockIdx.x * n;
    const uint32_t lane = threadIdx.x;

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

extern "C" cudaError_t annc_launch_activate(cudaStream_t stream, annc_activation f, uint32_t m, uint32_t n,
                                            const float *b, float *Z, float *A)
{
    const size_t count = (size_t)m * n;
    if (annc_activation_kind_of(f) == ROWWISE)
        ANNC_LAUNCH(activate_rows_kernel, m, WARP, 0, stream, f, n, b, Z, A);
    else
        ANNC_LAUNCH(activate_kernel, element_blocks(count), element_threads(count), 0, stream, f, count, n, b, Z, A);
    return cudaGetLastError();
}
