/* cpu_random.h - random numbers by blocks side by side: dropout and noise. Part of cpu_loops.h. */
#ifndef ANNC_BACKEND_CPU_LOOPS_CPU_RANDOM_H
#define ANNC_BACKEND_CPU_LOOPS_CPU_RANDOM_H

#include "backend/cpu/loops/cpu_kernels.h"
#include "backend/cpu/loops/cpu_vector.h"
#include "base/philox.h"

enum { BLOCKS = 16 }; /* at once */

/* Draws blocks of a stream (annc_philox), LANES side by side: word k of block i is drawn[k][i]. */
INLINE void draw_blocks(uint64_t seed, uint64_t stream, const uint64_t *block, uint32_t (*drawn)[BLOCKS])
{
    for (int first = 0; first < BLOCKS; first += LANES) {
        uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
        words c0 = {0}, c1 = {0}, c2 = c0 + (uint32_t)stream, c3 = c0 + (uint32_t)(stream >> 32);
        for (int i = 0; i < LANES; i++) {
            c0[i] = (uint32_t)block[first + i];
            c1[i] = (uint32_t)(block[first + i] >> 32);
        }
        for (int round = 0; round < ANNC_PHILOX_ROUNDS; round++) {
            words high0 = {0}, low0 = {0}, high2 = {0}, low2 = {0};
            w_multiply(ANNC_PHILOX_FACTOR_0, c0, &high0, &low0);
            w_multiply(ANNC_PHILOX_FACTOR_2, c2, &high2, &low2);
            c0 = high2 ^ c1 ^ key0;
            c1 = low2;
            c2 = high0 ^ c3 ^ key1;
            c3 = low0;
            annc_philox_next_key(&key0, &key1);
        }
        const words word[] = {c0, c1, c2, c3};
        for (int k = 0; k < 4; k++)
            memcpy(&drawn[k][first], &word[k], sizeof word[k]);
    }
}

static void dropout_factors(const struct annc_dropout *dropout, uint64_t example, uint32_t m, uint32_t first,
                            uint32_t count, float *F, size_t stride)
{
    const uint32_t threshold = dropout->threshold, across = count / 4, all = m * across;
    const float scale = dropout->scale;
    uint64_t block[BLOCKS] = {0};
    float *to[BLOCKS];
    for (uint32_t done = 0, r = 0, at = 0; done < all; done += BLOCKS) {
        const uint32_t blocks = all - done < BLOCKS ? all - done : BLOCKS;
        uint32_t drawn[4][BLOCKS];
        float factor[BLOCKS][4];
        for (uint32_t i = 0; i < blocks; i++) {
            block[i] = annc_dropout_block(example + r, first + 4 * at, dropout->n);
            to[i] = F + r * stride + 4 * (size_t)at;
            r += at + 1 == across;
            at = at + 1 == across ? 0 : at + 1;
        }
        draw_blocks(dropout->seed, annc_dropout_stream(dropout->l), block, drawn);
        for (int i = 0; i < BLOCKS; i++)
            for (int k = 0; k < 4; k++)
                factor[i][k] = drawn[k][i] < threshold ? 0 : scale;
        for (uint32_t i = 0; i < blocks; i++)
            memcpy(to[i], factor[i], sizeof factor[i]);
    }
}

/* Adds the noise of up to 4 BLOCKS inputs; the constant count of most is for the compiler. */
INLINE void add_deviates(const uint32_t count, uint64_t seed, uint64_t first, float sigma, float *x)
{
    uint64_t block[BLOCKS];
    uint32_t drawn[4][BLOCKS];
    float deviate[4][BLOCKS], noise[BLOCKS][4];
    for (uint32_t i = 0; i < BLOCKS; i++)
        block[i] = first + i;
    draw_blocks(seed, ANNC_STREAM_NOISE, block, drawn);
    for (int k = 0; k < 4; k += 2)
        for (int i = 0; i < BLOCKS; i++)
            annc_noise_pair(drawn[k][i], drawn[k + 1][i], &deviate[k][i], &deviate[k + 1][i]);
    for (int i = 0; i < BLOCKS; i++)
        for (int k = 0; k < 4; k++)
            noise[i][k] = deviate[k][i];
    for (uint32_t i = 0; i < count; i++)
        x[i] += sigma * noise[i / 4][i % 4];
}

static void add_noise(uint64_t seed, uint64_t example, float sigma, uint32_t m, uint32_t n, float *X, size_t stride)
{
    enum { AT_ONCE = 4 * BLOCKS };
    for (uint32_t r = 0; r < m; r++) {
        float *x = X + r * stride;
        uint32_t j = 0;
        for (; n - j >= AT_ONCE; j += AT_ONCE)
            add_deviates(AT_ONCE, seed, annc_noise_block(example + r, j, n), sigma, x + j);
        if (j < n)
            add_deviates(n - j, seed, annc_noise_block(example + r, j, n), sigma, x + j);
    }
}

#endif
