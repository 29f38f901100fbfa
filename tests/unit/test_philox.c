/* Random numbers and the order of the examples. */
#include "base/order.h"
#include "base/philox.h"
#include "support/test.h"

static void known_answers(void)
{
    static const uint32_t block0[4] = {173123250u, 1913948817u, 3105408601u, 2569034695u};
    static const uint32_t block5[4] = {968222744u, 799657822u, 3356597183u, 922826486u};
    const struct annc_philox_block first = annc_philox(42, 3, 0), sixth = annc_philox(42, 3, 5);
    CHECK(memcmp(first.word, block0, sizeof block0) == 0);
    CHECK(memcmp(sixth.word, block5, sizeof block5) == 0);
    CHECK_NEAR(annc_normal(42, 3, 0), -0.73532579721750024, 1e-14);
    CHECK_NEAR(annc_normal(42, 3, 1), -1.0372303015617774, 1e-14);
    /* Known answers of the generator itself, from its authors: all zeros, all ones. */
    const struct annc_philox_block zeros = annc_philox(0, 0, 0), ones = annc_philox(UINT64_MAX, UINT64_MAX, UINT64_MAX);
    CHECK(zeros.word[0] == 0x6627e8d5u && zeros.word[1] == 0xe169c58du && zeros.word[2] == 0xbc57ac4cu &&
          zeros.word[3] == 0x9b00dbd8u);
    CHECK(ones.word[0] == 0x408f276du && ones.word[1] == 0x41c83b0eu && ones.word[2] == 0xa20bc7c6u &&
          ones.word[3] == 0x6d5451fdu);
}

/* log and sincospi against the C library in long double. */
static void functions(void)
{
    double worst_log = 0, worst_sine = 0;
    for (int i = 0; i < 400000; i++) {
        const struct annc_philox_block words = annc_philox(1, 50, (uint64_t)i);
        const double u = ldexp((words.word[0] + 0.5) / 4294967296.0, -(i % 54)),
                     v = (words.word[1] + 1.0) / 2147483648.0;
        const long double exact = logl((long double)u), pi = 3.14159265358979323846264338327950288L;
        double sine, cosine;
        annc_sincospi(v, &sine, &cosine);
        worst_log = fmax(worst_log, fabs((double)((annc_log_unit(u) - exact) / exact)));
        worst_sine = fmax(worst_sine, fabs((double)(sine - sinl(pi * (long double)v))));
        worst_sine = fmax(worst_sine, fabs((double)(cosine - cosl(pi * (long double)v))));
    }
    CHECK_MSG(worst_log <= 5e-16 && worst_sine <= 4e-16, "log %g, sine %g", worst_log, worst_sine);
    CHECK(annc_log_unit(1) == 0);
    CHECK_NEAR(annc_log_unit(ldexp(1, -54)), -54 * log(2), 1e-14);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Moments and the whole distribution (Kolmogorov and Smirnov) of 200,000 deviates. */
static void check_normal(double (*deviate)(uint64_t i))
{
    enum { COUNT = 200000 };
    double *x = malloc(COUNT * sizeof *x), mean = 0, variance = 0, kurtosis = 0, largest_gap = 0;
    for (int i = 0; i < COUNT; i++) {
        x[i] = deviate((uint64_t)i);
        mean += x[i] / COUNT;
    }
    for (int i = 0; i < COUNT; i++) {
        variance += (x[i] - mean) * (x[i] - mean) / COUNT;
        kurtosis += pow(x[i] - mean, 4) / COUNT;
    }
    CHECK_NEAR(mean, 0, 4 / sqrt(COUNT));
    CHECK_NEAR(variance, 1, 4 * sqrt(2.0 / COUNT));
    CHECK_NEAR(kurtosis, 3, 4 * sqrt(96.0 / COUNT));
    qsort(x, COUNT, sizeof *x, ascending);
    for (int i = 0; i < COUNT; i++)
        largest_gap = fmax(largest_gap, fabs(0.5 * erfc(-x[i] / sqrt(2)) - (i + 0.5) / COUNT));
    CHECK_MSG(largest_gap * sqrt(COUNT) < 1.95, "Kolmogorov-Smirnov %g",
              largest_gap * sqrt(COUNT)); /* one in a thousand */
    free(x);
}

static double parameter(uint64_t i)
{
    return annc_normal(7, ANNC_STREAM_PARAMETERS, i);
}

static void normal_deviates(void)
{
    check_normal(parameter);
}

static double noise(uint64_t i)
{
    enum { INPUTS = 100 };
    return (double)annc_input_noise(7, i / INPUTS, (uint32_t)(i % INPUTS), INPUTS);
}

/* Noise is normal, has the same bits everywhere, and is Box and Muller's pair of its words to rounding. */
static void input_noise(void)
{
    static const float known[] = {-0x1.5867dep-3f, -0x1.acdee4p-4f, -0x1.ae0a54p-4f,
                                  -0x1.2ad0e8p-1f, 0x1.3ae41p+0f,   -0x1.fc3b7p-2f};
    static const uint32_t ends[] = {0,          255,        256,        0x20000000, 0x40000000,
                                    0x80000000, 0xC0000000, 0xE0000000, UINT32_MAX};
    double worst = 0;
    check_normal(noise);
    for (uint32_t j = 0; j < 6; j++)
        CHECK_MSG(annc_input_noise(42, 3, j, 6) == known[j], "%a", (double)annc_input_noise(42, 3, j, 6));
    for (uint64_t i = 0; i < 100081; i++) {
        const struct annc_philox_block words = annc_philox(1, 51, i);
        const uint32_t first = i < 81 ? ends[i / 9] : words.word[0], second = i < 81 ? ends[i % 9] : words.word[1];
        const double radius = sqrt(-2 * log(((first >> 9) + 0.5) / 8388608)),
                     angle = 2 * acos(-1) * (second >> 8) / 16777216;
        float even, odd;
        annc_noise_pair(first, second, &even, &odd);
        worst = fmax(worst, fmax(fabs((double)even - radius * sin(angle)), fabs((double)odd - radius * cos(angle))) /
                                (radius + 1e-3));
    }
    CHECK_MSG(worst < 1e-6, "off by %g of the radius", worst);
}

/* ---------------------------------------------------------------- the order */

static void check_permutation(uint32_t n, uint64_t seed, uint32_t epoch)
{
    const struct annc_order order = annc_order_shuffled(n, seed, epoch);
    bool *seen = calloc(n, sizeof *seen);
    bool whole = true;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t example = annc_order_at(&order, i);
        whole = whole && example < n && !seen[example];
        if (example < n)
            seen[example] = true;
    }
    CHECK_MSG(whole, "n %u, seed %llu, epoch %u: no permutation", n, (unsigned long long)seed, epoch);
    free(seen);
}

static void permutations(void)
{
    static const uint32_t large[] = {1000, 4096, 4097, 60000, 65535, 65536, 65537, 1000003, 1u << 20};
    for (uint32_t n = 1; n <= 300; n++)
        for (uint32_t epoch = 0; epoch < 4; epoch++)
            check_permutation(n, n * 77u, epoch);
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        check_permutation(large[i], 3, 1);
    const struct annc_order sequential = annc_order_sequential(10);
    for (uint32_t i = 0; i < 10; i++)
        CHECK(annc_order_at(&sequential, i) == i);
}

/* Each of the 24 permutations of 4 examples comes about equally often. */
static void small_sets_are_mixed(void)
{
    enum { TRIALS = 24000 };
    int count[256] = {0}, kinds = 0;
    double chi = 0;
    for (uint32_t epoch = 0; epoch < TRIALS; epoch++) {
        const struct annc_order order = annc_order_shuffled(4, 11, epoch);
        int code = 0;
        for (uint32_t i = 0; i < 4; i++)
            code = code * 4 + (int)annc_order_at(&order, i);
        count[code]++;
    }
    for (int code = 0; code < 256; code++)
        if (count[code] > 0) {
            kinds++;
            chi += pow(count[code] - TRIALS / 24.0, 2) / (TRIALS / 24.0);
        }
    CHECK_MSG(kinds == 24 && chi < 49.7, "%d permutations, chi-square %g", kinds,
              chi); /* 23 degrees of freedom, one in a thousand */
}

/* Over many epochs an example comes to every part of the epoch, and neighbours do not stay neighbours. */
static void large_sets_are_mixed(void)
{
    static const uint32_t sizes[] = {50, 257, 1000, 60000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        enum { EPOCHS = 2000, BINS = 10 };
        const uint32_t n = sizes[s];
        int bin[BINS] = {0}, neighbours = 0;
        double chi = 0, correlation = 0;
        for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
            const struct annc_order order = annc_order_shuffled(n, 5, epoch);
            const uint32_t position = epoch * 7919u % n, next = (position + 1) % n;
            const uint32_t a = annc_order_at(&order, position), b = annc_order_at(&order, next);
            bin[(uint64_t)annc_order_at(&order, n / 3) * BINS / n]++;
            neighbours += a + 1 == b;
            correlation += (a - (n - 1) / 2.0) * (b - (n - 1) / 2.0) / ((double)n * n / 12) / EPOCHS;
        }
        for (int i = 0; i < BINS; i++)
            chi += pow(bin[i] - (double)EPOCHS / BINS, 2) / ((double)EPOCHS / BINS);
        CHECK_MSG(chi < 27.9, "n %u: chi-square %g", n, chi); /* 9 degrees of freedom, one in a thousand */
        CHECK_MSG(neighbours <= 3 + 3 * EPOCHS / (int)n, "n %u: %d neighbours", n, neighbours);
        CHECK_MSG(fabs(correlation + 1.0 / n) < 4 / sqrt(EPOCHS), "n %u: correlation %g", n, correlation);
    }
}

static void seeds_and_epochs_differ(void)
{
    const struct annc_order one = annc_order_shuffled(60000, 1, 0), other_seed = annc_order_shuffled(60000, 2, 0);
    const struct annc_order other_epoch = annc_order_shuffled(60000, 1, 1), again = annc_order_shuffled(60000, 1, 0);
    int same_seed = 0, same_epoch = 0, same = 0;
    for (uint32_t i = 0; i < 60000; i++) {
        same_seed += annc_order_at(&one, i) == annc_order_at(&other_seed, i);
        same_epoch += annc_order_at(&one, i) == annc_order_at(&other_epoch, i);
        same += annc_order_at(&one, i) == annc_order_at(&again, i);
    }
    CHECK(same == 60000 && same_seed < 10 && same_epoch < 10);
    /* Known positions: the order may not change from one version to the next, or a saved run would not go on as it began. */
    CHECK(annc_order_at(&one, 0) == 31785 && annc_order_at(&one, 1) == 3307 && annc_order_at(&one, 2) == 9696);
}

TEST_MAIN(TEST(known_answers), TEST(functions), TEST(normal_deviates), TEST(input_noise), TEST(permutations),
          TEST(small_sets_are_mixed), TEST(large_sets_are_mixed), TEST(seeds_and_epochs_differ))
