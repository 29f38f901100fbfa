// hopper.cuh - instructions that CUDA C++ has no functions for: barriers in shared memory, copies
// that arrive at them, access to another block's shared memory, products of 16 x 8 tiles.
//
// All addresses are 32-bit addresses of shared memory. A barrier (mbarrier) counts arrivals and
// bytes; a wait names the parity of the phase that has to be over. A wait for the odd parity of a
// new barrier returns at once, so a consumer waits for every phase of a barrier, in order.
#ifndef ANNC_KERNELS_CLUSTER_HOPPER_CUH
#define ANNC_KERNELS_CLUSTER_HOPPER_CUH

#include <stdint.h>

#define ANNC_INLINE __device__ __forceinline__

ANNC_INLINE uint32_t shared_address(const void *p)
{
    return (uint32_t)__cvta_generic_to_shared(p);
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

// Stores 16 bytes in another block; they arrive at its barrier.
ANNC_INLINE void send(uint32_t to, float4 v, uint32_t barrier)
{
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0],{%1,%2,%3,%4},[%5];" ::"r"(to),
                 "r"(__float_as_uint(v.x)), "r"(__float_as_uint(v.y)), "r"(__float_as_uint(v.z)),
                 "r"(__float_as_uint(v.w)), "r"(barrier)
                 : "memory");
}

// ---------------------------------------------------------------- tiles

// Loads four 8 x 8 tiles of bf16; lane i gives the address of row i % 8 of tile i / 8.
ANNC_INLINE void load_tiles(uint32_t *r, uint32_t row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(row)
                 : "memory");
}

ANNC_INLINE void load_tiles_transposed(uint32_t *r, uint32_t row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3},[%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(row)
                 : "memory");
}

// C (16 x 8) = C + A (16 x 16) B (16 x 8), operands in bf16.
ANNC_INLINE void mma_bf16(float *c, const uint32_t *a, uint32_t b0, uint32_t b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// The same with C = 0 before.
ANNC_INLINE void mma_bf16_first(float *c, const uint32_t *a, uint32_t b0, uint32_t b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%10,%10,%10,%10};"
        : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1), "f"(0.f));
}

// C (16 x 8) = C + A (16 x 8) B (8 x 8), operands in TF32. volatile: the sequential chain needs its
// products in the order in which they are written.
ANNC_INLINE void mma_tf32(float *c, const float *a, float b0, float b1)
{
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
                   "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b0)), "r"(__float_as_uint(b1)));
}

ANNC_INLINE void mma_tf32_first(float *c, const float *a, float b0, float b1)
{
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%10,%10,%10,%10};"
        : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3])
        : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
          "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b0)), "r"(__float_as_uint(b1)), "f"(0.f));
}

// ---------------------------------------------------------------- numbers

// x = high + low + a rest below 2^-21 |x|, both of them TF32 numbers: the tensor core ignores the
// low 13 bits of an operand.
ANNC_INLINE float tf32_high(float x)
{
    return __uint_as_float(__float_as_uint(x) & 0xFFFFE000u);
}

ANNC_INLINE float tf32_low(float x, float high)
{
    return x - high;
}

// Splits two floats into three pairs of bf16 whose sums are exact.
ANNC_INLINE void split_bf16(float x, float y, uint32_t &high, uint32_t &middle, uint32_t &low)
{
    constexpr uint32_t UPPER_HALVES = 0x7632;
    const uint32_t xi = __float_as_uint(x), yi = __float_as_uint(y);
    high = __byte_perm(xi, yi, UPPER_HALVES);
    const float x1 = x - __uint_as_float(xi & 0xFFFF0000u), y1 = y - __uint_as_float(yi & 0xFFFF0000u);
    const uint32_t x1i = __float_as_uint(x1), y1i = __float_as_uint(y1);
    middle = __byte_perm(x1i, y1i, UPPER_HALVES);
    const float x2 = x1 - __uint_as_float(x1i & 0xFFFF0000u), y2 = y1 - __uint_as_float(y1i & 0xFFFF0000u);
    low = __byte_perm(__float_as_uint(x2), __float_as_uint(y2), UPPER_HALVES);
}

// e^-z: the hardware's 2^x, within 2 ulp.
ANNC_INLINE float exp_of_minus(float z)
{
    float y;
    asm("ex2.approx.ftz.f32 %0,%1;" : "=f"(y) : "f"(z * -1.44269504f));
    return y;
}

// 1 / x, within 1 ulp.
ANNC_INLINE float reciprocal(float x)
{
    float y;
    asm("rcp.approx.ftz.f32 %0,%1;" : "=f"(y) : "f"(x));
    return y;
}

ANNC_INLINE float4 load4(const float *p)
{
    return *reinterpret_cast<const float4 *>(p);
}

ANNC_INLINE float2 load2(const float *p)
{
    return *reinterpret_cast<const float2 *>(p);
}

#endif
