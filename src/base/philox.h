/* philox.h - Philox4x32-10 and its normal deviates, the same bits on every device.
 *
 * The generator equals cuRAND's device interface: block g of stream s under seed k is
 * curand_init(k, s, 4 g, &state) followed by curand4(&state), that is Philox with key k and counter
 * (g, s). Source: Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC11).
 *
 * log and sincospi use only +, -, *, / and sqrt, without contraction, so that every compiler and
 * device that follows IEEE 754 gives the same bits. */
#ifndef ANNC_BASE_PHILOX_H
#define ANNC_BASE_PHILOX_H

#include "base/device_code.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The streams of one seed. */
enum annc_stream {
    ANNC_STREAM_PARAMETERS = 0, /* initial weights and biases */
    ANNC_STREAM_ORDER = 1,      /* order of the examples, at least one block per epoch */
    ANNC_STREAM_DROPOUT = 2,    /* activations set to 0; + 256 times the layer */
    ANNC_STREAM_SAMPLE = 3,     /* parameters sampled by an audit */
    ANNC_STREAM_DIGITS = 4,     /* the built-in digits */
    ANNC_STREAM_NOISE = 5,      /* noise added to inputs */
    ANNC_STREAM_AUGMENT = 6,    /* image transformations */
    ANNC_STREAM_ELASTIC = 7,    /* elastic distortion of images */
};

struct annc_philox_block {
    uint32_t word[4];
};

enum { ANNC_PHILOX_ROUNDS = 10 };
#define ANNC_PHILOX_FACTOR_0 0xD2511F53u
#define ANNC_PHILOX_FACTOR_2 0xCD9E8D57u

ANNC_DEVICE_CODE void annc_philox_next_key(uint32_t *key0, uint32_t *key1)
{
    *key0 += 0x9E3779B9u; /* the golden ratio (Philox's key schedule) */
    *key1 += 0xBB67AE85u; /* sqrt(3) - 1 */
}

ANNC_DEVICE_CODE struct annc_philox_block annc_philox(uint64_t seed, uint64_t stream, uint64_t block)
{
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32);
    uint32_t c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
    for (int round = 0; round < ANNC_PHILOX_ROUNDS; round++) {
        const uint64_t p0 = (uint64_t)ANNC_PHILOX_FACTOR_0 * c0;
        const uint64_t p1 = (uint64_t)ANNC_PHILOX_FACTOR_2 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ key0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ key1;
        c3 = (uint32_t)p0;
        annc_philox_next_key(&key0, &key1);
    }
    struct annc_philox_block words;
    words.word[0] = c0;
    words.word[1] = c1;
    words.word[2] = c2;
    words.word[3] = c3;
    return words;
}

/* Returns the natural logarithm of u in (0, 1], within 2 ulp. u = m 2^e with m in [sqrt(1/2),
 * sqrt(2)); with s = (m-1)/(m+1), log m = 2 s (1 + s^2/3 + s^4/5 + ...). */
ANNC_DEVICE_CODE double annc_log_unit(double u)
{
    uint64_t bits;
    memcpy(&bits, &u, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0x000FFFFFFFFFFFFFull) | 0x3FF0000000000000ull;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 1.4142135623730951) {
        m = m / 2;
        exponent++;
    }
    const double s = (m - 1) / (m + 1);
    const double q = s * s;
    double series = 1.0 / 23;
    series = series * q + 1.0 / 21;
    series = series * q + 1.0 / 19;
    series = series * q + 1.0 / 17;
    series = series * q + 1.0 / 15;
    series = series * q + 1.0 / 13;
    series = series * q + 1.0 / 11;
    series = series * q + 1.0 / 9;
    series = series * q + 1.0 / 7;
    series = series * q + 1.0 / 5;
    series = series * q + 1.0 / 3;
    /* ln 2 in two parts: the high one has 21 trailing zero bits, so exponent * high is exact. */
    const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    const double two_s = 2 * s;
    return exponent * ln2_high + (two_s + (two_s * q * series + exponent * ln2_low));
}

/* Computes sin(pi v) and cos(pi v) for v in (0, 2], within 2 ulp: exact reduction to r in [-1/4,
 * 1/4], then Taylor series in pi r. */
ANNC_DEVICE_CODE void annc_sincospi(double v, double *sine, double *cosine)
{
    const int quadrant = (int)(2 * v + 0.5);
    const double x = (v - quadrant * 0.5) * 3.14159265358979311600;
    const double q = x * x;
    double s = -1.0 / 1307674368000.0;
    s = s * q + 1.0 / 6227020800.0;
    s = s * q - 1.0 / 39916800.0;
    s = s * q + 1.0 / 362880.0;
    s = s * q - 1.0 / 5040.0;
    s = s * q + 1.0 / 120.0;
    s = s * q - 1.0 / 6.0;
    s = x + x * q * s;
    double c = 1.0 / 20922789888000.0;
    c = c * q - 1.0 / 87178291200.0;
    c = c * q + 1.0 / 479001600.0;
    c = c * q - 1.0 / 3628800.0;
    c = c * q + 1.0 / 40320.0;
    c = c * q - 1.0 / 720.0;
    c = c * q + 1.0 / 24.0;
    c = 1 - (q / 2 - q * q * c);
    const int odd = quadrant & 1;
    const double a = odd ? c : s;
    const double b = odd ? s : c;
    *sine = (quadrant & 2) ? -a : a;
    *cosine = ((quadrant + 1) & 2) ? -b : b;
}

/* Computes the Box-Muller pair of a block, as cuRAND's curand_normal2_double does: u in (0, 1] from
 * words 0 and 1, v in (0, 2] from words 2 and 3, sqrt(-2 ln u) sin(pi v) and sqrt(-2 ln u) cos(pi
 * v). */
ANNC_DEVICE_CODE void annc_normal_pair(struct annc_philox_block block, double *first, double *second)
{
    const double two_to_minus_53 = 1.1102230246251565e-16;
    const uint64_t x = (uint64_t)block.word[0] ^ ((uint64_t)block.word[1] << 21);
    const uint64_t y = (uint64_t)block.word[2] ^ ((uint64_t)block.word[3] << 21);
    const double u = (double)x * two_to_minus_53 + two_to_minus_53 / 2;
    const double v = (double)y * (two_to_minus_53 * 2) + two_to_minus_53;
    const double radius = sqrt(-2 * annc_log_unit(u));
    double sine, cosine;
    annc_sincospi(v, &sine, &cosine);
    *first = radius * sine;
    *second = radius * cosine;
}

/* Returns deviate i of N(0, 1) of a stream: lane i mod 2 of the pair of block i / 2. */
ANNC_DEVICE_CODE double annc_normal(uint64_t seed, uint64_t stream, uint64_t i)
{
    double even, odd;
    annc_normal_pair(annc_philox(seed, stream, i / 2), &even, &odd);
    return i & 1 ? odd : even;
}

/* Returns word k mod 4 of a block. Selection instead of indexing keeps the block in a GPU's
 * registers. */
ANNC_DEVICE_CODE uint32_t annc_philox_word(struct annc_philox_block block, uint64_t k)
{
    const uint32_t low = k & 1 ? block.word[1] : block.word[0], high = k & 1 ? block.word[3] : block.word[2];
    return k & 2 ? high : low;
}

/* Maps a word to (-1, 1): the middle of its part of the interval. */
ANNC_DEVICE_CODE double annc_uniform_word(uint32_t word)
{
    const double two_to_minus_31 = 1.0 / 2147483648.0;
    return ((double)word + 0.5) * two_to_minus_31 - 1;
}

/* Returns number i of a stream, uniform within (-1, 1): word i mod 4 of block i / 4. */
ANNC_DEVICE_CODE double annc_uniform(uint64_t seed, uint64_t stream, uint64_t i)
{
    return annc_uniform_word(annc_philox_word(annc_philox(seed, stream, i / 4), i));
}

/* Dropout of a share of a layer: the bound for 32-bit words, and the factor of the other units. */
ANNC_DEVICE_CODE uint32_t annc_dropout_threshold(double share)
{
    return (uint32_t)(share * 4294967296.0);
}
ANNC_DEVICE_CODE float annc_dropout_scale(double share)
{
    return (float)(1 / (1 - share));
}

/* Dropout of a layer has its own stream; unit j of n takes word j mod 4 of an example's block. */
ANNC_DEVICE_CODE uint64_t annc_dropout_stream(uint32_t layer)
{
    return ANNC_STREAM_DROPOUT + 256 * (uint64_t)layer;
}
ANNC_DEVICE_CODE uint64_t annc_dropout_block(uint64_t example, uint32_t j, uint32_t n)
{
    return example * (n / 4 + 1) + j / 4;
}

/* Returns the dropout factor that a word gives: 0 below `threshold`, a share of 2^32, or else
 * `scale`. */
ANNC_DEVICE_CODE float annc_dropout_factor_of(uint32_t word, uint32_t threshold, float scale)
{
    return word < threshold ? 0 : scale;
}

/* Returns the dropout factor of unit j of n in a layer. */
ANNC_DEVICE_CODE float annc_dropout_factor(uint64_t seed, uint32_t layer, uint64_t example, uint32_t j, uint32_t n,
                                           uint32_t threshold, float scale)
{
    const uint64_t stream = annc_dropout_stream(layer), block = annc_dropout_block(example, j, n);
    return annc_dropout_factor_of(annc_philox_word(annc_philox(seed, stream, block), j), threshold, scale);
}

/* The definition of input noise: 1 until 0.1.0, deviates in double; 2 the one below. A checkpoint
 * records it. */
enum { ANNC_NOISE_DEFINITION = 2 };

/* Returns the natural logarithm of u in (0, 1] in single precision, within 2 ulp: as annc_log_unit,
 * without a branch, so that loops over it vectorise. */
ANNC_DEVICE_CODE float annc_log_unit_f32(float u)
{
    const uint32_t one = 0x3F800000, root_half = 0x3F3504F3; /* bits of 1 and sqrt(1/2) */
    uint32_t bits;
    float m;
    memcpy(&bits, &u, sizeof bits);
    bits += one - root_half;
    const float exponent = (float)((int)(bits >> 23) - 127);
    bits = (bits & 0x007FFFFF) + root_half;
    memcpy(&m, &bits, sizeof m);
    const float s = (m - 1) / (m + 1);
    const float q = s * s;
    float series = 1.0f / 9;
    series = series * q + 1.0f / 7;
    series = series * q + 1.0f / 5;
    series = series * q + 1.0f / 3;
    const float two_s = 2 * s;
    return exponent * 0.69314718f + (two_s + two_s * q * series);
}

/* Computes the Box-Muller pair of two words in single precision: u in (0, 1) from the upper 23 bits
 * of the first, so that it is exact, the angle from the upper 24 of the second. Deviates reach
 * 5.8. */
ANNC_DEVICE_CODE void annc_noise_pair(uint32_t first, uint32_t second, float *even, float *odd)
{
    const float two_to_minus_23 = 1.1920928955078125e-7f, part_of_turn = 3.7450702829238413e-7f; /* pi / 2^23 */
    const float u = (float)(int)(first >> 9) * two_to_minus_23 + two_to_minus_23 / 2;
    const float radius = sqrtf(-2 * annc_log_unit_f32(u));
    /* A turn has 2^24 parts, a quadrant 2^22; x is within half a quadrant of its axis. */
    const int turn = (int)(second >> 8), quadrant = (turn + (1 << 21)) >> 22;
    const float x = (float)(turn - (quadrant << 22)) * part_of_turn;
    const float q = x * x;
    float s = 2.7557319e-6f;
    s = s * q - 1.9841270e-4f;
    s = s * q + 8.3333333e-3f;
    s = s * q - 1.6666667e-1f;
    s = x + x * q * s;
    float c = 2.4801587e-5f;
    c = c * q - 1.3888889e-3f;
    c = c * q + 4.1666667e-2f;
    c = 1 - (q / 2 - q * q * c);
    const float a = quadrant & 1 ? c : s, b = quadrant & 1 ? s : c;
    *even = radius * (quadrant & 2 ? -a : a);
    *odd = radius * ((quadrant + 1) & 2 ? -b : b);
}

ANNC_DEVICE_CODE uint64_t annc_noise_block(uint64_t example, uint32_t j, uint32_t n)
{
    return example * (n / 4 + 1) + j / 4;
}

/* Computes the noise of the four inputs of a block. */
ANNC_DEVICE_CODE void annc_noise_four(struct annc_philox_block words, float noise[4])
{
    annc_noise_pair(words.word[0], words.word[1], &noise[0], &noise[1]);
    annc_noise_pair(words.word[2], words.word[3], &noise[2], &noise[3]);
}

/* Returns the noise of input j of n, in units of the noise's standard deviation: deviate j mod 4 of
 * an example's block, of the pairs of words 0 and 1, 2 and 3. */
ANNC_DEVICE_CODE float annc_input_noise(uint64_t seed, uint64_t example, uint32_t j, uint32_t n)
{
    const struct annc_philox_block words = annc_philox(seed, ANNC_STREAM_NOISE, annc_noise_block(example, j, n));
    float even, odd;
    annc_noise_pair(j & 2 ? words.word[2] : words.word[0], j & 2 ? words.word[3] : words.word[1], &even, &odd);
    return j & 1 ? odd : even;
}

#endif
