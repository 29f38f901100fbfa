// reductions.cuh - sums over the blocks of a launch: each block writes its part to a slot of its
// own, and the last block to end adds the parts, in the order of the slots. So equal runs give
// equal bits, whichever block is the last.
#ifndef ANNC_KERNELS_REDUCTIONS_CUH
#define ANNC_KERNELS_REDUCTIONS_CUH

#include "kernels/device.cuh"

// Returns to every thread of a block whether it is the last of `blocks` that count themselves here,
// and may read what the others wrote before. The counter begins and ends as 0.
__device__ static inline bool is_last_block(uint32_t *ended, unsigned blocks)
{
    __shared__ bool is_last;
    __syncthreads();
    if (threadIdx.x == 0 && threadIdx.y == 0) {
        __threadfence();
        is_last = atomicInc(ended, blocks - 1) == blocks - 1;
        __threadfence();
    }
    __syncthreads();
    return is_last;
}

#endif
