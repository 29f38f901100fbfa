// hopper.cuh - instructions that CUDA C++ has no functions for: barriers in shared memory, copies
// that arrive at them, access to another block's shared memory.
//
// All addresses are 32-bit addresses of shared memory. A barrier (mbarrier) counts arrivals and
// bytes; a wait names the parity of the phase that has to be over. A wait for the odd parity of a
// new barrier returns at once, so a consumer waits for every phase of a barrier, in order.
#ifndef ANNC_KERNELS_HOPPER_CUH
#define ANNC_KERNELS_HOPPER_CUH

#include <stdint.h>

#define ANNC_INLINE __device__ __forceinline__

ANNC_INLINE uint32_t shared_address(const void *p)
{
    return (uint32_t)__cvta_generic_to_shared(p);
}

// Returns p, of shared memory, in a register that the compiler keeps: it would rather compute such
// an address again at each use, between instructions of a chain that waits for them.
template <typename T> ANNC_INLINE T *kept(T *p)
{
    uint32_t address = shared_address(p);
    asm volatile("" : "+r"(address));
    return static_cast<T *>(__cvta_shared_to_generic(address));
}

// The same of numbers.
ANNC_INLINE int kept(int x)
{
    asm volatile("" : "+r"(x));
    return x;
}

ANNC_INLINE float kept(float x)
{
    asm volatile("" : "+f"(x));
    return x;
}

// ---------------------------------------------------------------- the cluster

ANNC_INLINE uint32_t cluster_rank()
{
    uint32_t rank;
    asm("mov.u32 %0,%%cluster_ctarank;" : "=r"(rank));
    return rank;
}

// Returns where block `rank` of the cluster has what this block has at `address`.
ANNC_INLINE uint32_t address_in_block(uint32_t address, uint32_t rank)
{
    uint32_t there;
    asm("mapa.shared::cluster.u32 %0,%1,%2;" : "=r"(there) : "r"(address), "r"(rank));
    return there;
}

ANNC_INLINE void cluster_sync()
{
    asm volatile("barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;" ::: "memory");
}

// ---------------------------------------------------------------- barriers

ANNC_INLINE void barrier_open(uint64_t *barrier, int arrivals)
{
    asm volatile("mbarrier.init.shared::cta.b64 [%0],%1;" ::"r"(shared_address(barrier)), "r"(arrivals));
}

// Makes new barriers visible to the cluster, and to copies.
ANNC_INLINE void barriers_are_open()
{
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

ANNC_INLINE void arrive(uint64_t *barrier)
{
    asm volatile("mbarrier.arrive.shared::cta.b64 _,[%0];" ::"r"(shared_address(barrier)) : "memory");
}

// Arrives at the same barrier of another block, which then sees what this thread wrote before.
ANNC_INLINE void arrive_in_block(uint64_t *barrier, uint32_t rank)
{
    asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _,[%0];" ::"r"(
                     address_in_block(shared_address(barrier), rank))
                 : "memory");
}

// Arrives, and lets the phase end only after `bytes` have been copied too.
ANNC_INLINE void arrive_expecting(uint64_t *barrier, int bytes)
{
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _,[%0],%1;" ::"r"(shared_address(barrier)), "r"(bytes)
                 : "memory");
}

ANNC_INLINE void wait(uint64_t *barrier, int parity)
{
    asm volatile("{.reg .pred done;\nAGAIN%=: mbarrier.try_wait.parity.shared::cta.b64 done,[%0],%1;\n@done bra "
                 "DONE%=;\nbra AGAIN%=;\nDONE%=: }" ::"r"(shared_address(barrier)),
                 "r"(parity)
                 : "memory");
}

// The same where the bytes come from another block.
ANNC_INLINE void wait_for_cluster(uint64_t *barrier, int parity)
{
    asm volatile("{.reg .pred done;\nAGAIN%=: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done,[%0],%1;\n"
                 "@done bra DONE%=;\nbra AGAIN%=;\nDONE%=: }" ::"r"(shared_address(barrier)),
                 "r"(parity)
                 : "memory");
}

// ---------------------------------------------------------------- copies

// Orders writes to shared memory before copies by `copy_in`.
ANNC_INLINE void fence_before_copies()
{
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// Copies from global to shared memory; the bytes arrive at the barrier. Addresses and `bytes` are
// multiples of 16.
ANNC_INLINE void copy_in(void *to, const void *from, int bytes, uint64_t *barrier)
{
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0],[%1],%2,[%3];" ::"r"(
                     shared_address(to)),
                 "l"(from), "r"(bytes), "r"(shared_address(barrier))
                 : "memory");
}

// Stores 16 or 4 bytes in another block; they arrive at its barrier.
ANNC_INLINE void send(uint32_t to, float4 v, uint32_t barrier)
{
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0],{%1,%2,%3,%4},[%5];" ::"r"(to),
                 "r"(__float_as_uint(v.x)), "r"(__float_as_uint(v.y)), "r"(__float_as_uint(v.z)),
                 "r"(__float_as_uint(v.w)), "r"(barrier)
                 : "memory");
}

ANNC_INLINE void send(uint32_t to, float v, uint32_t barrier)
{
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%0],%1,[%2];" ::"r"(to),
                 "r"(__float_as_uint(v)), "r"(barrier)
                 : "memory");
}

#endif
