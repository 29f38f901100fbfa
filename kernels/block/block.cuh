// block.cuh - what a block of the block engine works on.
#ifndef ANNC_KERNELS_BLOCK_BLOCK_CUH
#define ANNC_KERNELS_BLOCK_BLOCK_CUH

#include "backend/cuda/block.h"
#include "kernels/device.cuh"

constexpr uint32_t THREADS = ANNC_BLOCK_THREADS, WARPS = THREADS / WARP;
constexpr uint32_t STEP_WARPS = WARPS - 1; // with tiles of delta^T A; the last warp has biases and scores

__device__ inline uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

// Returns how many pieces of a size cover `count`.
__device__ inline uint32_t tiles(uint32_t count, uint32_t size)
{
    return (count + size - 1) / size;
}

// What a block works on.
struct Block {
    const annc_block_plan &plan;
    const annc_block_network &network; // in shared memory, as the cursor and the sums are
    const annc_cursor &cursor;
    double *sums;      // one per warp
    float *memory;     // shared
    float *parameters; // the block's copy
    uint32_t warp, lane;
    uint32_t m; // examples of the step; the last minibatch of an epoch may be smaller
};

__device__ inline uint32_t examples_of(const Block &block, uint32_t step)
{
    return least(block.plan.batch, block.network.examples.count - annc_cursor_position(&block.cursor, step, 0));
}

// Copies 4 bytes to shared memory; complete after await_copies() and a barrier.
__device__ inline void copy4(void *to, const void *from)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"((uint32_t)__cvta_generic_to_shared(to)), "l"(from)
                 : "memory");
#else
    *static_cast<uint32_t *>(to) = *static_cast<const uint32_t *>(from);
#endif
}

__device__ inline void await_copies()
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

#endif
