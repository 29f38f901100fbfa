// device.cuh - common code of the kernel files.
#ifndef ANNC_KERNELS_DEVICE_CUH
#define ANNC_KERNELS_DEVICE_CUH

#include <cuda_runtime.h>

#include <stdint.h>

#include "backend/cuda/kernels.h"
#include "base/functions.h"

// Every launch uses this macro, so that kernels also run without nvcc (tests/host defines its own).
#ifndef ANNC_LAUNCH
#define ANNC_LAUNCH(kernel, grid, block, shared, stream, ...) kernel<<<grid, block, shared, stream>>>(__VA_ARGS__)
#endif

// Declares the shared memory whose size a launch gives.
#ifndef ANNC_DYNAMIC_SHARED
#define ANNC_DYNAMIC_SHARED(type, name) extern __shared__ __align__(16) type name[]
#endif

constexpr unsigned WARP = 32;

// Elementwise kernels: enough blocks to fill any device, each thread striding over the rest.
constexpr unsigned ELEMENT_BLOCK = 256;
constexpr unsigned MOST_ELEMENT_BLOCKS = 4096;

static inline unsigned element_blocks(size_t count)
{
    const size_t blocks = (count + ELEMENT_BLOCK - 1) / ELEMENT_BLOCK;
    return (unsigned)(blocks < MOST_ELEMENT_BLOCKS ? blocks : MOST_ELEMENT_BLOCKS);
}

// Returns the threads of such a block: whole warps, no more than the elements need.
static inline unsigned element_threads(size_t count)
{
    return count < ELEMENT_BLOCK ? (unsigned)(count + WARP - 1) / WARP * WARP : ELEMENT_BLOCK;
}

// for (size_t i : all elements of this thread)
#define ANNC_FOR_ELEMENTS(i, count)                                                                                    \
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < (count); i += (size_t)gridDim.x * blockDim.x)

// Returns the sum over the lanes of a warp, in a fixed order, to every lane.
template <typename Number> __device__ inline Number warp_sum(Number value)
{
    for (unsigned offset = WARP / 2; offset > 0; offset /= 2)
        value += __shfl_xor_sync(0xFFFFFFFFu, value, (int)offset);
    return value;
}

constexpr float TARGET_MIDDLE = 0.5f; // between the targets 0 and 1 of two classes

// Returns the class of a row of outputs or targets; a single one changes from class 0 to class 1 at
// `middle`.
__device__ inline uint32_t class_of(uint32_t n, const float *row, float middle)
{
    if (n == 1)
        return row[0] > middle;
    uint32_t best = 0;
    for (uint32_t j = 1; j < n; j++)
        if (row[j] > row[best])
            best = j;
    return best;
}

#endif
