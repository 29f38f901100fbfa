// block_cluster.cuh - access to the other blocks of a cluster, and the barrier of them all.
//
// cluster.sync is said to take some 850 cycles on an H100. Here each block has mbarriers that the
// others arrive at: a store to another block's memory and a wait in one's own. Two are used by turns:
// a block that is ahead, and arrives for the next meeting, does not count for this one where others
// have not arrived yet. It cannot be two meetings ahead, as that needs an arrival of every block.
#ifndef ANNC_KERNELS_BLOCK_BLOCK_CLUSTER_CUH
#define ANNC_KERNELS_BLOCK_BLOCK_CLUSTER_CUH

#include "kernels/device.cuh"

// The two barriers of a block, in shared memory, and how often its threads have met.
struct Meeting {
    uint64_t *barriers;
    uint32_t count;
};

#if !defined(__CUDACC__) // the simulated device

template <typename Number> inline Number *in_block(Number *own, uint32_t rank)
{
    return static_cast<Number *>(annc_host_in_block(own, rank));
}

inline void open_cluster(const Meeting &, uint32_t)
{
    annc_host_meet();
}

inline void meet(Meeting &, uint32_t)
{
    annc_host_meet();
}

inline void close_cluster()
{
    annc_host_meet();
}

#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900

#include "kernels/hopper.cuh"

// Returns where block `rank` of the cluster has what this block has at an address of shared memory.
template <typename Number> __device__ inline Number *in_block(Number *own, uint32_t rank)
{
    uint64_t there;
    asm("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(own), "r"(rank));
    return reinterpret_cast<Number *>(there);
}

// Prepares the barriers and waits for the cluster. Until then, no block may access another.
__device__ inline void open_cluster(const Meeting &meeting, uint32_t blocks)
{
    if (threadIdx.x == 0) {
        for (uint32_t i = 0; i < 2; i++)
            barrier_open(meeting.barriers + i, (int)blocks);
        barriers_are_open();
    }
    cluster_sync();
}

// Waits for all threads of the cluster: they see what the others wrote before.
__device__ inline void meet(Meeting &meeting, uint32_t blocks)
{
    uint64_t *const barrier = meeting.barriers + meeting.count % 2;
    const int parity = (int)(meeting.count / 2 % 2);
    meeting.count++;
    __syncthreads();
    if (threadIdx.x < blocks)
        arrive_in_block(barrier, threadIdx.x);
    wait_for_cluster(barrier, parity);
}

// Waits for the cluster for the last time: a block ends only when no other accesses it.
__device__ inline void close_cluster()
{
    cluster_sync();
}

#else // a device without clusters, which gets no plan of several blocks

template <typename Number> __device__ inline Number *in_block(Number *own, uint32_t)
{
    return own;
}

__device__ inline void open_cluster(const Meeting &, uint32_t) {}

__device__ inline void meet(Meeting &, uint32_t)
{
    __syncthreads();
}

__device__ inline void close_cluster() {}

#endif

#endif
