/* gemm_builtin.c - matrix products without a BLAS library.
 *
 * Blocks of A and B are packed into panels that stay in the caches, and a small tile of C stays in
 * registers during the loop over k (Goto and van de Geijn, Anatomy of high-performance matrix
 * multiplication, 2008). It uses one thread; the result depends only on the arguments and the kind
 * of processor. */
#include "backend/blas/gemm_builtin.h"
#include "base/instruction_sets.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    MOST_ROWS = 8,     /* of a tile */
    MOST_COLUMNS = 32, /* of a tile */
    BLOCK_K = 256,
    BLOCK_M = 96,  /* packed A: 96 kB, for the second-level cache */
    BLOCK_N = 256, /* packed B: 256 kB */
};

/* Scratch memory per thread: too large for small stacks, and an allocation could fail. */
static _Thread_local float packed_A[BLOCK_M * BLOCK_K] __attribute__((aligned(64)));
static _Thread_local float packed_B[BLOCK_N * BLOCK_K] __attribute__((aligned(64)));

/* tile (rows x columns) = sum over k of a column of A's panel times a row of B's panel. */
typedef void tile_fn(size_t k, const float *a, const float *b, float *tile);

struct tiler {
    tile_fn *run;
    size_t rows, columns;
};

/* A matrix view: element (i, j) is at i * row + j * column. */
struct view {
    const float *at;
    size_t row, column;
};

/* ---------------------------------------------------------------- tiles */

enum { PLAIN_ROWS = 4, PLAIN_COLUMNS = 8 };
typedef float plain_vector __attribute__((vector_size(16)));

/* For any processor: eight accumulators of four lanes. */
static void plain_tile(size_t k, const float *a, const float *b, float *tile)
{
    plain_vector sum[PLAIN_ROWS][2];
    memset(sum, 0, sizeof sum);
    for (size_t p = 0; p < k; p++, a += PLAIN_ROWS, b += PLAIN_COLUMNS) {
        plain_vector low, high;
        memcpy(&low, b, sizeof low);
        memcpy(&high, b + 4, sizeof high);
        for (int i = 0; i < PLAIN_ROWS; i++) {
            sum[i][0] += a[i] * low;
            sum[i][1] += a[i] * high;
        }
    }
    memcpy(tile, sum, sizeof sum);
}

#if defined(__x86_64__)

enum { AVX2_ROWS = 6, AVX2_COLUMNS = 16, AVX512_ROWS = 8, AVX512_COLUMNS = 32 };

__attribute__((target("avx2,fma"))) static void avx2_tile(size_t k, const float *a, const float *b, float *tile)
{
    __m256 sum[AVX2_ROWS][2];
    for (int i = 0; i < AVX2_ROWS; i++)
        sum[i][0] = sum[i][1] = _mm256_setzero_ps();
    for (size_t p = 0; p < k; p++, a += AVX2_ROWS, b += AVX2_COLUMNS) {
        const __m256 low = _mm256_loadu_ps(b), high = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 6
        for (int i = 0; i < AVX2_ROWS; i++) {
            const __m256 element = _mm256_broadcast_ss(a + i);
            sum[i][0] = _mm256_fmadd_ps(element, low, sum[i][0]);
            sum[i][1] = _mm256_fmadd_ps(element, high, sum[i][1]);
        }
    }
    for (int i = 0; i < AVX2_ROWS; i++) {
        _mm256_storeu_ps(tile + i * AVX2_COLUMNS, sum[i][0]);
        _mm256_storeu_ps(tile + i * AVX2_COLUMNS + 8, sum[i][1]);
    }
}

__attribute__((target("avx512f"))) static void avx512_tile(size_t k, const float *a, const float *b, float *tile)
{
    __m512 sum[AVX512_ROWS][2];
    for (int i = 0; i < AVX512_ROWS; i++)
        sum[i][0] = sum[i][1] = _mm512_setzero_ps();
    for (size_t p = 0; p < k; p++, a += AVX512_ROWS, b += AVX512_COLUMNS) {
        const __m512 low = _mm512_loadu_ps(b), high = _mm512_loadu_ps(b + 16);
#pragma GCC unroll 8
        for (int i = 0; i < AVX512_ROWS; i++) {
            const __m512 element = _mm512_set1_ps(a[i]);
            sum[i][0] = _mm512_fmadd_ps(element, low, sum[i][0]);
            sum[i][1] = _mm512_fmadd_ps(element, high, sum[i][1]);
        }
    }
    for (int i = 0; i < AVX512_ROWS; i++) {
        _mm512_storeu_ps(tile + i * AVX512_COLUMNS, sum[i][0]);
        _mm512_storeu_ps(tile + i * AVX512_COLUMNS + 16, sum[i][1]);
    }
}

#endif

static const struct tiler *best_tiler(void)
{
    static const struct tiler plain = {plain_tile, PLAIN_ROWS, PLAIN_COLUMNS};
#if defined(__x86_64__)
    static const struct tiler avx512 = {avx512_tile, AVX512_ROWS, AVX512_COLUMNS},
                              avx2 = {avx2_tile, AVX2_ROWS, AVX2_COLUMNS};
    return annc_has_avx512() ? &avx512 : annc_has_avx2() ? &avx2 : &plain;
#else
    return &plain;
#endif
}

static const struct tiler *tiler_here; /* of this processor */
static pthread_once_t chosen = PTHREAD_ONCE_INIT;

static void choose_tiler(void)
{
    tiler_here = best_tiler();
}

/* ---------------------------------------------------------------- packing */

/* Packs `count` lines of length k into panels of `width` adjacent lines; zeros fill the last
 * panel. */
static void pack(const float *from, size_t line, size_t along, size_t count, size_t k, size_t width, float *to)
{
    for (size_t first = 0; first < count; first += width, to += width * k) {
        const size_t there = count - first < width ? count - first : width;
        if (there < width)
            memset(to, 0, width * k * sizeof *to);
        if (line == 1) {
            for (size_t p = 0; p < k; p++)
                memcpy(to + p * width, from + first + p * along, there * sizeof *to);
            continue;
        }
        for (size_t i = 0; i < there; i++) {
            const float *source = from + (first + i) * line;
            for (size_t p = 0; p < k; p++)
                to[p * width + i] = source[p * along];
        }
    }
}

/* ---------------------------------------------------------------- blocks */

/* C (m x n, rows of length ldc) = alpha tile + beta C, for the part of the tile inside C. */
static void take_tile(const float *tile, size_t columns, size_t m, size_t n, float alpha, float beta, float *C,
                      size_t ldc)
{
    for (size_t i = 0; i < m; i++) {
        float *c = C + i * ldc;
        const float *t = tile + i * columns;
        if (beta == 0)
            for (size_t j = 0; j < n; j++)
                c[j] = alpha * t[j];
        else
            for (size_t j = 0; j < n; j++)
                c[j] = alpha * t[j] + beta * c[j];
    }
}

static void multiply_block(const struct tiler *tiler, size_t m, size_t n, size_t k, float alpha, float beta, float *C,
                           size_t ldc)
{
    float tile[MOST_ROWS * MOST_COLUMNS] __attribute__((aligned(64)));
    for (size_t j = 0; j < n; j += tiler->columns)
        for (size_t i = 0; i < m; i += tiler->rows) {
            tiler->run(k, packed_A + i * k, packed_B + j * k, tile);
            take_tile(tile, tiler->columns, m - i < tiler->rows ? m - i : tiler->rows,
                      n - j < tiler->columns ? n - j : tiler->columns, alpha, beta, C + i * ldc + j, ldc);
        }
}

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* C (m x n) = alpha A B + beta C for any two views. */
static void multiply(size_t m, size_t n, size_t k, float alpha, struct view A, struct view B, float beta, float *C)
{
    pthread_once(&chosen, choose_tiler);
    const struct tiler tiler = *tiler_here;
    /* Whole panels per block, so that packing fits the arrays. */
    const size_t block_m = BLOCK_M / tiler.rows * tiler.rows;
    for (size_t p = 0; p < k; p += BLOCK_K) {
        const size_t depth = at_most(k - p, BLOCK_K);
        for (size_t j = 0; j < n; j += BLOCK_N) {
            const size_t width = at_most(n - j, BLOCK_N);
            pack(B.at + p * B.row + j * B.column, B.column, B.row, width, depth, tiler.columns, packed_B);
            for (size_t i = 0; i < m; i += block_m) {
                const size_t height = at_most(m - i, block_m);
                pack(A.at + i * A.row + p * A.column, A.row, A.column, height, depth, tiler.rows, packed_A);
                multiply_block(&tiler, height, width, depth, alpha, p == 0 ? beta : 1, C + i * n + j, n);
            }
        }
    }
}

void annc_builtin_nt(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta,
                     float *C)
{
    multiply(m, n, k, alpha, (struct view){A, k, 1}, (struct view){B, 1, k}, beta, C);
}

void annc_builtin_nn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta,
                     float *C)
{
    multiply(m, n, k, alpha, (struct view){A, k, 1}, (struct view){B, n, 1}, beta, C);
}

void annc_builtin_tn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta,
                     float *C)
{
    multiply(m, n, k, alpha, (struct view){A, 1, m}, (struct view){B, n, 1}, beta, C);
}
