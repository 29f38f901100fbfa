// mma.cuh - products of 16 x 8 tiles on tensor cores, and the numbers that they take.
#ifndef ANNC_KERNELS_TWO_LAYERS_MMA_CUH
#define ANNC_KERNELS_TWO_LAYERS_MMA_CUH

#include "kernels/hopper.cuh"

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

// The same with operands in fp16.
ANNC_INLINE void mma_f16(float *c, const uint32_t *a, uint32_t b0, uint32_t b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

ANNC_INLINE void mma_f16_first(float *c, const uint32_t *a, uint32_t b0, uint32_t b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%10,%10,%10,%10};"
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

// Splits two floats into two pairs of fp16, each the nearest: 22 bits of 24, all of them where the
// second part is no smaller than 2^-14.
ANNC_INLINE void split_f16(float x, float y, uint32_t &high, uint32_t &low)
{
    float xh, yh;
    asm("cvt.rn.f16x2.f32 %0,%1,%2;" : "=r"(high) : "f"(y), "f"(x));
    asm("{.reg .f16 x,y;\nmov.b32 {x,y},%2;\ncvt.f32.f16 %0,x;\ncvt.f32.f16 %1,y; }" : "=f"(xh), "=f"(yh) : "r"(high));
    asm("cvt.rn.f16x2.f32 %0,%1,%2;" : "=r"(low) : "f"(y - yh), "f"(x - xh));
}

// Returns 2^e, e from -126 to 127.
ANNC_INLINE float power_of_2(int e)
{
    return __uint_as_float((uint32_t)(127 + e) << 23);
}

// Returns e of the bits of a number from 2^e to 2^(e + 1).
ANNC_INLINE int exponent_of(uint32_t bits)
{
    return (int)(bits >> 23) - 127;
}

// Returns 1 / x, x = 2^e with e from -126 to 126.
ANNC_INLINE float inverse_of_power(float x)
{
    return __uint_as_float((254u << 23) - __float_as_uint(x));
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
