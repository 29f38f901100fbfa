/* cpu_vector.h - a vector of floats for the instruction set of the compiled file. */
#ifndef ANNC_BACKEND_CPU_LOOPS_CPU_VECTOR_H
#define ANNC_BACKEND_CPU_LOOPS_CPU_VECTOR_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))
/* A pointer computed once; otherwise the compiler recomputes its sums for each vector of a row. */
#define SETTLED(pointer) __asm__("" : "+r"(pointer))
/* A fully unrolled loop of a constant number of iterations, each with its own registers. */
#ifdef __clang__
#define REPEAT(i, turns) _Pragma("clang loop unroll(full)") for (int i = 0; i < (turns); i++)
#else
#define REPEAT(i, turns) _Pragma("GCC unroll 32") for (int i = 0; i < (turns); i++)
#endif

#if defined(__AVX512F__)

/* TILE_n: rows of a product's tile n vectors wide; DEEP: the terms of its pieces. CHAINS: independent
 * addition chains per sum. */
enum { LANES = 16, TILE_1 = 16, TILE_2 = 12, DEEP = 128, CHAINS = 4 };
typedef __m512 vec;

INLINE vec v_load(const float *x)
{
    return _mm512_load_ps(x);
}
INLINE void v_store(float *x, vec a)
{
    _mm512_store_ps(x, a);
}
INLINE vec v_set(float x)
{
    return _mm512_set1_ps(x);
}
INLINE vec v_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}
/* Returns x / (c sqrt(s) + e) within 4 ulp: approximations and a Newton step of each are several
 * times faster than wide roots and divisions. s outside the normal numbers counts as the next one. */
INLINE vec v_over_root(vec x, vec s, float c, float e)
{
    /* Both return the second where one is NaN. */
    s = _mm512_min_ps(_mm512_set1_ps(FLT_MAX), _mm512_max_ps(_mm512_set1_ps(FLT_MIN), s));
    const vec inverse = _mm512_rsqrt14_ps(s), near = s * inverse;
    const vec root = _mm512_fmadd_ps(0.5f * inverse, _mm512_fnmadd_ps(near, near, s), near);
    const vec below = _mm512_fmadd_ps(_mm512_set1_ps(c), root, _mm512_set1_ps(e)), r = _mm512_rcp14_ps(below);
    return x * _mm512_fmadd_ps(r, _mm512_fnmadd_ps(below, r, _mm512_set1_ps(1)), r);
}
/* Returns the number of the first n entries of a that are not below those of b. */
INLINE uint32_t v_count_reaching(uint32_t n, vec a, vec b)
{
    const uint32_t those = n < LANES ? (1u << n) - 1 : 0xFFFF;
    return (uint32_t)__builtin_popcount(_mm512_cmp_ps_mask(a, b, _CMP_GE_OQ) & those);
}

/* Lists the nonzero ones of the 16 bytes at x, inputs from `first` on: their numbers and values.
 * Returns their count. */
enum { LISTED = 16 };
INLINE uint32_t v_list(const uint8_t *x, uint32_t first, uint16_t *input, uint8_t *value)
{
    const __m512i places = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i values = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)x));
    const __mmask16 found = _mm512_test_epi32_mask(values, values);
    const __m512i inputs = _mm512_add_epi32(places, _mm512_set1_epi32((int)first));
    _mm256_storeu_si256((__m256i *)input, _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(found, inputs)));
    _mm_storeu_si128((__m128i *)value, _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(found, values)));
    return (uint32_t)__builtin_popcount(found);
}

/* The same of the first n of 16 floats. */
INLINE uint32_t v_list_floats(vec x, uint32_t n, uint32_t first, uint16_t *input, float *value)
{
    const __m512i places = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __mmask16 those = (__mmask16)((1u << n) - 1);
    const __mmask16 found = _mm512_mask_cmp_ps_mask(those, x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    const __m512i inputs = _mm512_add_epi32(places, _mm512_set1_epi32((int)first));
    _mm256_storeu_si256((__m256i *)input, _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(found, inputs)));
    _mm512_storeu_ps(value, _mm512_maskz_compress_ps(found, x));
    return (uint32_t)__builtin_popcount(found);
}

/* Eight numbers, each of which can be broadcast to a vector. */
typedef __m512 octet;

INLINE octet octet_of_bytes(const uint8_t *bytes, float factor)
{
    return _mm512_mul_ps(_mm512_set1_ps(factor),
                         _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)bytes))));
}
INLINE octet octet_of_floats(const float *x)
{
    return _mm512_castps256_ps512(_mm256_loadu_ps(x));
}
INLINE void octet_store(float *x, octet a)
{
    _mm256_store_ps(x, _mm512_castps512_ps256(a));
}
INLINE vec octet_spread(octet a, const float *stored, int j)
{
    (void)stored;
    return _mm512_permutexvar_ps(_mm512_set1_epi32(j), a);
}

#elif defined(__AVX2__) && defined(__FMA__)

enum { LANES = 8, TILE_1 = 8, TILE_2 = 6, DEEP = 256, CHAINS = 2 };
typedef __m256 vec;

INLINE vec v_load(const float *x)
{
    return _mm256_load_ps(x);
}
INLINE void v_store(float *x, vec a)
{
    _mm256_store_ps(x, a);
}
INLINE vec v_set(float x)
{
    return _mm256_set1_ps(x);
}
INLINE vec v_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}
INLINE vec v_over_root(vec x, vec s, float c, float e)
{
    return x / (c * _mm256_sqrt_ps(s) + e);
}
INLINE uint32_t v_count_reaching(uint32_t n, vec a, vec b)
{
    const uint32_t those = n < LANES ? (1u << n) - 1 : 0xFF;
    return (uint32_t)__builtin_popcount((uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ)) & those);
}

typedef __m256 octet;

INLINE octet octet_of_bytes(const uint8_t *bytes, float factor)
{
    return _mm256_mul_ps(_mm256_set1_ps(factor),
                         _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)bytes))));
}
INLINE octet octet_of_floats(const float *x)
{
    return _mm256_loadu_ps(x);
}
INLINE void octet_store(float *x, octet a)
{
    _mm256_store_ps(x, a);
}
/* Through memory: loads are cheaper here than permutations. */
INLINE vec octet_spread(octet a, const float *stored, int j)
{
    (void)a;
    return _mm256_broadcast_ss(stored + j);
}

#else
#if defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#define PORTABLE_NAME "NEON"
#else
#define PORTABLE_NAME "portable vectors"
#endif

enum { LANES = 4, TILE_1 = 8, TILE_2 = 4, DEEP = 256, CHAINS = 2 };
typedef float vec __attribute__((vector_size(16)));

INLINE vec v_load(const float *x)
{
    vec a;
    memcpy(&a, __builtin_assume_aligned(x, sizeof a), sizeof a);
    return a;
}
INLINE void v_store(float *x, vec a)
{
    memcpy(__builtin_assume_aligned(x, sizeof a), &a, sizeof a);
}
INLINE vec v_set(float x)
{
    return (vec){x, x, x, x};
}
INLINE vec v_fma(vec a, vec b, vec c)
{
#if defined(__ARM_NEON) && defined(__aarch64__)
    return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}
INLINE vec v_over_root(vec x, vec s, float c, float e)
{
    for (int j = 0; j < LANES; j++)
        s[j] = sqrtf(s[j]);
    return x / (c * s + e);
}
INLINE uint32_t v_count_reaching(uint32_t n, vec a, vec b)
{
    uint32_t count = 0;
    for (uint32_t j = 0; j < LANES; j++)
        count += j < n && a[j] >= b[j];
    return count;
}

typedef struct {
    float x[8];
} octet;

INLINE octet octet_of_bytes(const uint8_t *bytes, float factor)
{
    octet a;
    for (int j = 0; j < 8; j++)
        a.x[j] = (float)bytes[j] * factor;
    return a;
}
INLINE octet octet_of_floats(const float *x)
{
    octet a;
    memcpy(a.x, x, sizeof a.x);
    return a;
}
INLINE void octet_store(float *x, octet a)
{
    memcpy(x, a.x, sizeof a.x);
}
INLINE vec octet_spread(octet a, const float *stored, int j)
{
    (void)a;
    return v_set(stored[j]);
}
#endif

#if !defined(__AVX512F__)
enum { LISTED = UINT16_MAX }; /* an unreachable count */
INLINE uint32_t v_list(const uint8_t *x, uint32_t first, uint16_t *input, uint8_t *value)
{
    (void)x, (void)first, (void)input, (void)value;
    return 0;
}
#endif

/* 32-bit words side by side, and the two halves of their products with a number. */
typedef uint32_t words __attribute__((vector_size(LANES * sizeof(uint32_t))));

INLINE void w_multiply(uint32_t factor, words x, words *high, words *low)
{
#if defined(__AVX512F__)
    const __m512i all = (__m512i)x, f = _mm512_set1_epi32((int)factor);
    const __m512i even = _mm512_mul_epu32(all, f), odd = _mm512_mul_epu32(_mm512_srli_epi64(all, 32), f);
    *low = (words)_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32));
    *high = (words)_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
#elif defined(__AVX2__)
    const __m256i all = (__m256i)x, f = _mm256_set1_epi32((int)factor);
    const __m256i even = _mm256_mul_epu32(all, f), odd = _mm256_mul_epu32(_mm256_srli_epi64(all, 32), f);
    *low = (words)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
    *high = (words)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
#else
    for (int i = 0; i < LANES; i++) {
        const uint64_t product = (uint64_t)factor * x[i];
        (*high)[i] = (uint32_t)(product >> 32);
        (*low)[i] = (uint32_t)product;
    }
#endif
}

/* Loads and stores at any address. */
INLINE vec v_load_any(const float *x)
{
    vec a;
    memcpy(&a, x, sizeof a);
    return a;
}
INLINE void v_store_any(float *x, vec a)
{
    memcpy(x, &a, sizeof a);
}

/* Makes this thread's arithmetic take subnormal numbers for 0 until v_restore of the returned
 * value; only on x86, where each costs a hundred cycles or more. */
INLINE unsigned v_flush_subnormals(void)
{
#if defined(__SSE2__)
    enum { FLUSH_RESULTS = 0x8000, OPERANDS_ARE_ZERO = 0x0040 };
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | FLUSH_RESULTS | OPERANDS_ARE_ZERO);
    return before;
#else
    return 0;
#endif
}
INLINE void v_restore(unsigned before)
{
#if defined(__SSE2__)
    _mm_setcsr(before);
#else
    (void)before;
#endif
}

INLINE vec v_zero(void)
{
    return v_set(0);
}
INLINE vec v_add(vec a, vec b)
{
    return a + b;
}

#endif
