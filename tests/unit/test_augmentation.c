/* The definitions of elastic distortion and zoom. */
#include "backend/augmentation.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = 64, PIXELS = SIDE * SIDE };
static const double SIGMAS[] = {0.5, 1, 2.3, 4, 32};
enum { SIGMA_COUNT = sizeof SIGMAS / sizeof *SIGMAS };

static struct annc_elastic elastic_of(double alpha, double sigma)
{
    const annc_augmentation augmentation = {.elastic = alpha, .elastic_sigma = sigma};
    return annc_elastic_of(&augmentation);
}

/* Weights are a Gaussian of sum 1 that ends at 3 sigma; sigma is 4 by default. */
static void weights(void)
{
    for (size_t s = 0; s < SIGMA_COUNT; s++) {
        const double sigma = SIGMAS[s];
        const struct annc_elastic elastic = elastic_of(1, sigma);
        double sum = (double)elastic.weight[0];
        CHECK(elastic.reach == (int)ceil(3 * sigma) && elastic.reach <= ANNC_ELASTIC_REACH);
        for (int k = 1; k <= elastic.reach; k++) {
            sum += 2 * (double)elastic.weight[k];
            CHECK_NEAR((double)(elastic.weight[k] / elastic.weight[0]), exp(-k * k / (2 * sigma * sigma)), 1e-7);
        }
        CHECK_NEAR(sum, 1, 1e-6);
    }
    const struct annc_elastic usual = elastic_of(1, 0), four = elastic_of(1, 4);
    CHECK(memcmp(&usual, &four, sizeof four) == 0);
}

/* Returns the number of a pixel: byte j / 4 of word j mod 4 of its part's block. */
static double number_of(uint64_t seed, uint64_t example, int rows, int columns, int direction, int r, int c)
{
    const uint64_t parts = ((uint64_t)columns + 15) / 16;
    const uint64_t line = (example * 2 + (uint64_t)direction) * (uint64_t)rows + (uint64_t)r;
    const struct annc_philox_block block = annc_philox(seed, 7, line * parts + (uint64_t)(c / 16));
    return ((block.word[c % 4] >> 8 * (c % 16 / 4) & 0xFF) + 0.5) / 128 - 1;
}

/* Displacements are alpha times the two-dimensional sum over the numbers within 3 sigma. */
static void sums(void)
{
    enum { ROWS = 21, COLUMNS = 37, COUNT = ROWS * COLUMNS };
    static float bend[4 * COUNT];
    for (size_t s = 0; s < SIGMA_COUNT; s++) {
        const struct annc_elastic elastic = elastic_of(34, SIGMAS[s]);
        double worst = 0;
        annc_elastic_bend(&elastic, 9, 1000 + s, ROWS, COLUMNS, bend);
        for (int i = 0; i < 2 * COUNT; i += 11) {
            const int direction = i / COUNT, r = i % COUNT / COLUMNS, c = i % COLUMNS;
            double sum = 0;
            for (int y = 0; y < ROWS; y++)
                for (int x = 0; x < COLUMNS; x++)
                    if (abs(y - r) <= elastic.reach && abs(x - c) <= elastic.reach)
                        sum += (double)elastic.weight[abs(y - r)] * (double)elastic.weight[abs(x - c)] *
                               number_of(9, 1000 + s, ROWS, COLUMNS, direction, y, x);
            worst = fmax(worst, fabs(34 * sum - (double)bend[i]));
        }
        CHECK_MSG(worst < 2e-5, "sigma %g: off by %g pixels", SIGMAS[s], worst);
    }
}

/* Away from the edges the displacements have mean 0, the variance alpha^2 / (12 pi sigma^2) of smoothed numbers within
 * (-1, 1), and the correlation exp(-d^2 / (4 sigma^2)) of pixels d apart; both directions are independent. */
static void statistics(void)
{
    enum { EXAMPLES = 400 };
    static float bend[4 * PIXELS];
    for (int sigma = 2; sigma <= 4; sigma += 2) {
        const struct annc_elastic elastic = elastic_of(34, sigma);
        double sum = 0, squares = 0, near[2] = {0}, between = 0;
        const double variance = 34.0 * 34.0 / (12 * acos(-1) * sigma * sigma);
        size_t count = 0;
        for (uint64_t example = 0; example < EXAMPLES; example++) {
            annc_elastic_bend(&elastic, 5, example, SIDE, SIDE, bend);
            for (int r = elastic.reach; r < SIDE - elastic.reach - sigma; r++)
                for (int c = elastic.reach; c < SIDE - elastic.reach - sigma; c++, count++) {
                    const float *at = bend + r * SIDE + c;
                    const double here = (double)at[0];
                    sum += here;
                    squares += here * here;
                    near[0] += here * (double)at[sigma];
                    near[1] += here * (double)at[sigma * SIDE];
                    between += here * (double)at[PIXELS];
                }
        }
        const double mean_square = squares / (double)count;
        CHECK_NEAR(sum / (double)count, 0, 0.1 * sqrt(variance));
        CHECK_MSG(fabs(mean_square / variance - 1) < 0.03, "sigma %d: variance %g, not %g", sigma, mean_square,
                  variance);
        CHECK_NEAR(near[0] / squares, exp(-0.25), 0.02);
        CHECK_NEAR(near[1] / squares, exp(-0.25), 0.02);
        CHECK_NEAR(between / squares, 0, 0.03);
    }
}

/* Zoom maps a pixel to the place that is 1 / zoom as far from the middle; zooms are spread over all their range. */
static void zoom(void)
{
    const annc_augmentation augmentation = {.zoom = 0.25};
    float image[PIXELS];
    int found[2] = {0, 0};
    for (int i = 0; i < PIXELS; i++)
        image[i] = (float)(i % SIDE);
    for (uint64_t example = 0; example < 1000; example++) {
        struct annc_warp warp;
        annc_warp_draw(3, example, augmentation, &warp);
        CHECK(warp.zoom >= 0.75f && warp.zoom <= 1.25f);
        found[0] += warp.zoom < 0.8f;
        found[1] += warp.zoom > 1.2f;
        const double middle = (SIDE - 1) / 2.0;
        CHECK_NEAR((double)annc_warp_sample(&warp, image, NULL, SIDE, SIDE, 30, 45),
                   middle + (45 - middle) / (double)warp.zoom, 1e-4);
    }
    CHECK(found[0] > 60 && found[1] > 60);
}

TEST_MAIN(TEST(weights), TEST(sums), TEST(statistics), TEST(zoom))
