// block.cuh - what a block of the engines block and split works on.
#ifndef ANNC_KERNELS_BLOCK_BLOCK_CUH
#define ANNC_KERNELS_BLOCK_BLOCK_CUH

#include "backend/cuda/block.h"
#include "kernels/block/block_cluster.cuh"
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

// What a block has of what several blocks that train one network (plan.blocks) divide among them:
// inputs, and with them the weights of the first layer, and rows of the minibatch.
struct Share {
    uint32_t first_input, inputs;
    uint32_t first_row, rows;
};

// What a block works on. It has all parameters of the layers above the first.
struct Block {
    const annc_block_plan &plan;
    const annc_block_network &network; // in shared memory, as the cursor and the sums are
    const annc_cursor &cursor;
    double *sums;      // one per warp, then the block's
    Meeting &meeting;  // of the cluster
    float *memory;     // shared
    float *parameters; // the block's copy
    float *v, *s;      // the optimiser's states, beside the copy or in the network's memory; or NULL
    uint32_t warp, lane;
    uint32_t rank; // in the cluster
    Share &own;    // in shared memory
    uint32_t m;    // examples of the step; the last minibatch of an epoch may be smaller
};

__device__ inline bool is_divided(const Block &block)
{
    return block.plan.blocks > 1;
}

// Returns the inputs of layer l that this block has.
__device__ inline uint32_t inputs_of(const Block &block, uint32_t l)
{
    return l == 1 ? block.own.inputs : block.plan.layer[l - 1].n;
}

// Returns the index in theta of the weight of unit u and input k, counted from the block's first.
__device__ inline size_t weight_index(const Block &block, uint32_t l, uint32_t u, uint32_t k)
{
    return block.plan.layer[l].theta_W + (size_t)u * block.plan.layer[l - 1].n + (l == 1 ? block.own.first_input : 0) +
           k;
}

__device__ inline uint32_t examples_of(const Block &block, uint32_t step)
{
    return least(block.plan.batch, block.network.examples.count - annc_cursor_position(&block.cursor, step, 0));
}

// Sets the block's share of the inputs.
__device__ inline void divide_inputs(const annc_block_plan &plan, uint32_t rank, Share *own)
{
    const uint32_t n = plan.layer[0].n, groups = tiles(n, 4);
    own->first_input = groups * rank / plan.blocks * 4;
    own->inputs = least(groups * (rank + 1) / plan.blocks * 4, n) - own->first_input;
}

// Sets the number of examples of the step, and, for after the next barrier, the block's share of
// them.
__device__ inline void begin_step(Block &block, uint32_t step)
{
    const uint32_t blocks = block.plan.blocks;
    block.m = examples_of(block, step);
    if (threadIdx.x == 0) {
        block.own.first_row = block.m * block.rank / blocks;
        block.own.rows = block.m * (block.rank + 1) / blocks - block.own.first_row;
    }
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
