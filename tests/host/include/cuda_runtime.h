// cuda_runtime.h - the CUDA C++ that the kernels are written in, for g++. See tests/host/README.md.
#ifndef ANNC_TESTS_HOST_INCLUDE_CUDA_RUNTIME_H
#define ANNC_TESTS_HOST_INCLUDE_CUDA_RUNTIME_H

#include "cuda_runtime_api.h"

#include <functional>
#include <math.h>
#include <string.h>
#include <tuple>

#define __global__ static
#define __device__
#define __host__
#define __launch_bounds__(...)
// All shared variables lie in one section, so that they can be filled with NaN before each block.
#define __shared__ static __attribute__((section("annc_shared")))

// Of the block that runs: as much as the launch asks for, and a variable, also of a template, whose
// own would lie in no section. They begin as NaN.
#define ANNC_DYNAMIC_SHARED(type, name) type *const name = static_cast<type *>(annc_host_dynamic_shared())
#define ANNC_SHARED(type, name)                                                                                        \
    static char name##_key;                                                                                            \
    type &name = *static_cast<type *>(annc_host_shared(&name##_key, sizeof(type)))
void *annc_host_dynamic_shared();
void *annc_host_shared(const void *key, size_t bytes);

#define __grid_constant__

struct uint3 {
    unsigned x, y, z;
};

struct uint4 {
    unsigned x, y, z, w;
};

struct float4 {
    float x, y, z, w;
};

inline float4 make_float4(float x, float y, float z, float w)
{
    return {x, y, z, w};
}

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned width = 1, unsigned height = 1, unsigned depth = 1) : x(width), y(height), z(depth) {}
};

// Of the CUDA thread that runs now.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

void __syncthreads();
void __syncwarp();

// Threads run one at a time, so that each sees what others have written.
inline void __threadfence() {}

// Counts from 0 to `last` and then from 0 again; returns the count before.
inline unsigned atomicInc(unsigned *count, unsigned last)
{
    const unsigned before = *count;
    *count = before >= last ? 0 : before + 1;
    return before;
}

// Waits for the lanes of the mask, gives each lane's 8 bytes to all of them.
void annc_host_exchange(unsigned mask, const void *value, size_t bytes, unsigned char (*lanes)[8]);
unsigned annc_host_lane();

template <typename Value> Value __shfl_xor_sync(unsigned mask, Value value, int lane_mask)
{
    unsigned char lanes[32][8];
    Value other;
    static_assert(sizeof value <= sizeof lanes[0], "a lane exchanges at most 8 bytes");
    annc_host_exchange(mask, &value, sizeof value, lanes);
    memcpy(&other, lanes[annc_host_lane() ^ (unsigned)lane_mask], sizeof other);
    return other;
}

// Returns where block `rank` of the cluster has what this block has at an address of shared memory.
void *annc_host_in_block(void *own, unsigned rank);
// Waits for all threads of the cluster.
void annc_host_meet();

// Enqueues a kernel: `thread` runs once for each CUDA thread of the grid. Every `cluster` blocks
// are a cluster.
void annc_host_enqueue(const char *kernel, unsigned cluster, dim3 grid, dim3 block, size_t shared, cudaStream_t stream,
                       std::function<void()> thread);

// As in CUDA, arguments are copied when the launch is enqueued, also while it is captured.
template <typename... Parameters, typename... Arguments>
void annc_host_launch(const char *name, void (*kernel)(Parameters...), unsigned cluster, dim3 grid, dim3 block,
                      size_t shared, cudaStream_t stream, Arguments... arguments)
{
    const std::tuple<Parameters...> values(arguments...);
    annc_host_enqueue(name, cluster, grid, block, shared, stream, [kernel, values] { std::apply(kernel, values); });
}

#define ANNC_LAUNCH(kernel, grid, block, shared, stream, ...)                                                          \
    annc_host_launch(#kernel, kernel, 1, grid, block, shared, stream, __VA_ARGS__)
#define ANNC_LAUNCH_CLUSTERS(kernel, cluster, grid, block, shared, stream, ...)                                        \
    annc_host_launch(#kernel, kernel, cluster, grid, block, shared, stream, __VA_ARGS__)

#endif
