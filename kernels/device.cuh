// device.cuh - common code of the kernel files.
#ifndef ANNC_KERNELS_DEVICE_CUH
#define ANNC_KERNELS_DEVICE_CUH

#include <cuda_runtime.h>

#include <initializer_list>
#include <stdint.h>

#include "backend/cuda/kernels.h"
#include "base/functions.h"

// Every launch uses this macro, so that kernels also run without nvcc (tests/host defines its own).
#ifndef ANNC_LAUNCH
#define ANNC_LAUNCH(kernel, grid, block, shared, stream, ...) kernel<<<grid, block, shared, stream>>>(__VA_ARGS__)
#endif

// The same in clusters of `cluster` blocks.
#ifndef ANNC_LAUNCH_CLUSTERS
template <typename... Parameters, typename... Arguments>
static void launch_clusters(void (*kernel)(Parameters...), unsigned cluster, dim3 grid, dim3 block, size_t shared,
                            cudaStream_t stream, Arguments... arguments)
{
    cudaLaunchAttribute attribute = {};
    cudaLaunchConfig_t config = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim.x = cluster;
    attribute.val.clusterDim.y = attribute.val.clusterDim.z = 1;
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = shared;
    config.stream = stream;
    config.attrs = &attribute;
    config.numAttrs = 1;
    cudaLaunchKernelEx(&config, kernel, arguments...); // cudaGetLastError() has its error
}
#define ANNC_LAUNCH_CLUSTERS(kernel, cluster, grid, block, shared, stream, ...)                                        \
    launch_clusters(kernel, cluster, grid, block, shared, stream, __VA_ARGS__)
#endif

// Declares a shared variable that another block of the cluster may access, or one of a template.
#ifndef ANNC_SHARED
#define ANNC_SHARED(type, name) __shared__ type name
#endif

// Declares the shared memory whose size a launch gives.
#ifndef ANNC_DYNAMIC_SHARED
#define ANNC_DYNAMIC_SHARED(type, name) extern __shared__ __align__(16) type name[]
#endif

constexpr unsigned WARP = 32;

// Elementwise kernels: enough blocks to fill any device, each thread striding over the rest.
constexpr unsigned ELEMENT_BLOCK = 256;
constexpr unsigned MOST_ELEMENT_BLOCKS = 4096;

// Returns the blocks for `count` elements, taken one by one or by four.
static inline unsigned element_blocks(size_t count, bool by_four = false)
{
    const size_t blocks = (count + ELEMENT_BLOCK - 1) / ELEMENT_BLOCK, own = by_four ? (blocks + 3) / 4 : blocks;
    return (unsigned)(own < MOST_ELEMENT_BLOCKS ? own : MOST_ELEMENT_BLOCKS);
}

// Returns the threads of such a block: whole warps, no more than the elements need.
static inline unsigned element_threads(size_t count)
{
    return count < ELEMENT_BLOCK ? (unsigned)(count + WARP - 1) / WARP * WARP : ELEMENT_BLOCK;
}

// for (size_t i : all elements of this thread)
#define ANNC_FOR_ELEMENTS(i, count)                                                                                    \
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < (count); i += (size_t)gridDim.x * blockDim.x)

// Returns whether four floats of each array can be loaded at once. NULL can.
static inline bool are_aligned(std::initializer_list<const void *> arrays)
{
    for (const void *array : arrays)
        if ((uintptr_t)array % sizeof(float4) != 0)
            return false;
    return true;
}

// Consecutive floats that a thread takes at once: 4, which must be aligned, or 1.
template <unsigned WIDTH> struct annc_elements {
    float at[WIDTH];
};

template <unsigned WIDTH> __device__ inline annc_elements<WIDTH> load(const float *from)
{
    if constexpr (WIDTH == 4) {
        const float4 four = *(const float4 *)from;
        return {{four.x, four.y, four.z, four.w}};
    } else {
        return {{*from}};
    }
}

template <unsigned WIDTH> __device__ inline void store(float *to, const annc_elements<WIDTH> &elements)
{
    if constexpr (WIDTH == 4)
        *(float4 *)to = make_float4(elements.at[0], elements.at[1], elements.at[2], elements.at[3]);
    else
        *to = elements.at[0];
}

// A number of elements that is known at compile time.
template <unsigned WIDTH> struct annc_width {
    __device__ constexpr operator unsigned() const { return WIDTH; }
};

// Calls body(i, width) for the elements of this thread, by four where the arrays are aligned, and
// one by one for the rest. `width` is an annc_width.
template <typename Body> __device__ inline void for_elements(size_t count, bool by_four, Body body)
{
    const size_t fours = by_four ? count / 4 : 0;
    ANNC_FOR_ELEMENTS (i, fours)
        body(4 * i, annc_width<4>());
    ANNC_FOR_ELEMENTS (i, count - 4 * fours)
        body(4 * fours + i, annc_width<1>());
}

// Returns i / n. Division of 64 bits takes several times as long as that of 32, which nearly all
// matrices can do with.
__device__ inline uint32_t row_of(size_t i, uint32_t n)
{
    return i <= UINT32_MAX ? (uint32_t)i / n : (uint32_t)(i / n);
}

__device__ inline uint32_t column_of(size_t i, uint32_t n)
{
    return (uint32_t)(i - (size_t)row_of(i, n) * n);
}

// Returns the sum over the lanes of a warp, or over groups of `lanes` of them, a power of two, in a
// fixed order, to every lane.
template <typename Number> __device__ inline Number warp_sum(Number value, unsigned lanes = WARP)
{
    for (unsigned offset = lanes / 2; offset > 0; offset /= 2)
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
