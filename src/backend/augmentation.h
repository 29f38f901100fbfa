/* augmentation.h - random image transformations for training: shift, rotation, zoom and elastic
 * distortion, drawn per example. All devices give the same bits.
 *
 * Elastic distortion is that of Simard, Steinkraus and Platt, Best practices for convolutional
 * neural networks applied to visual document analysis (ICDAR 2003): every pixel has a random number
 * per direction, uniform within (-1, 1), which a Gaussian of standard deviation sigma and sum 1
 * smooths; alpha times that displaces the pixel. Beyond the edge the numbers are 0. */
#ifndef ANNC_BACKEND_AUGMENTATION_H
#define ANNC_BACKEND_AUGMENTATION_H

#include "annc.h"
#include "base/philox.h"

/* The definition of elastic distortion: 1 until 0.1.0, displacements of 5 x 5 points; 2 the one
 * above. A checkpoint records it. */
enum { ANNC_ELASTIC_DEFINITION = 2 };

/* Limits of sigma in pixels, its default, and the most pixels to each side that count. */
#define ANNC_ELASTIC_LEAST_SIGMA 0.5
#define ANNC_ELASTIC_MOST_SIGMA  32.0
#define ANNC_ELASTIC_SIGMA       4.0
enum { ANNC_ELASTIC_REACH = 96 };

/* Elastic distortion with the weights of its Gaussian, which ends at 3 sigma. */
struct annc_elastic {
    float alpha; /* pixels; 0 = none */
    int reach;
    float weight[ANNC_ELASTIC_REACH + 1]; /* by the distance from the middle */
};

/* The transformation of one example: it maps each pixel of the result to a source position. */
struct annc_warp {
    float down, right;  /* shift, in pixels */
    float cosine, sine; /* of the rotation, divided by the zoom */
    float zoom;
};

/* Returns number k of an example, uniform within (-1, 1). */
ANNC_DEVICE_CODE float annc_warp_number(uint64_t seed, uint64_t example, uint32_t k)
{
    return (float)annc_uniform(seed, ANNC_STREAM_AUGMENT, example * 64 + k);
}

/* Sets shift, angle and zoom by four such numbers. */
ANNC_DEVICE_CODE void annc_warp_place(float down, float right, float turn, float zoom, annc_augmentation augmentation,
                                      struct annc_warp *warp)
{
    double sine, cosine;
    const double half_turns = augmentation.rotation / 180 * (double)turn, times = 1 + augmentation.zoom * (double)zoom;
    annc_sincospi(half_turns > 0 ? half_turns : half_turns + 2, &sine, &cosine);
    warp->down = (float)augmentation.shift * down;
    warp->right = (float)augmentation.shift * right;
    warp->cosine = (float)(cosine / times);
    warp->sine = (float)(sine / times);
    warp->zoom = (float)times;
}

/* Draws shift, angle and zoom: the example's numbers 0 to 3. */
ANNC_DEVICE_CODE void annc_warp_draw(uint64_t seed, uint64_t example, annc_augmentation augmentation,
                                     struct annc_warp *warp)
{
    annc_warp_place(annc_warp_number(seed, example, 0), annc_warp_number(seed, example, 1),
                    annc_warp_number(seed, example, 2), annc_warp_number(seed, example, 3), augmentation, warp);
}

/* Returns e^-x for x from 0 to 8, within 1e-11: the 1024th power of a Taylor series. */
static inline double annc_elastic_exp(double x)
{
    const double t = x / 1024;
    double power = 1 - t * (1 - t / 2 * (1 - t / 3 * (1 - t / 4 * (1 - t / 5))));
    for (int doubling = 0; doubling < 10; doubling++)
        power *= power;
    return power;
}

/* Returns the distortion that the options ask for. */
static inline struct annc_elastic annc_elastic_of(const annc_augmentation *augmentation)
{
    struct annc_elastic elastic;
    const double sigma = augmentation->elastic_sigma > 0 ? augmentation->elastic_sigma : ANNC_ELASTIC_SIGMA;
    double weight[ANNC_ELASTIC_REACH + 1], sum = 0;
    memset(&elastic, 0, sizeof elastic);
    elastic.alpha = (float)augmentation->elastic;
    elastic.reach = (int)ceil(3 * sigma);
    for (int k = 0; k <= elastic.reach; k++) {
        weight[k] = annc_elastic_exp((double)k * k / (2 * sigma * sigma));
        sum += k ? 2 * weight[k] : weight[k];
    }
    for (int k = 0; k <= elastic.reach; k++)
        elastic.weight[k] = (float)(weight[k] / sum);
    return elastic;
}

enum { ANNC_ELASTIC_BLOCK = 16 }; /* pixels of a row that share a block of Philox */

/* Returns the block of a direction (0 down, 1 right), a row and a part of it. */
ANNC_DEVICE_CODE uint64_t annc_elastic_block(uint64_t example, uint32_t rows, uint32_t columns, uint32_t direction,
                                             uint32_t row, uint32_t part)
{
    const uint32_t parts = (columns - 1) / ANNC_ELASTIC_BLOCK + 1;
    return ((example * 2 + direction) * rows + row) * parts + part;
}

/* Returns the number that byte k of a word gives, uniform within (-1, 1). */
ANNC_DEVICE_CODE float annc_elastic_number(uint32_t word, uint32_t k)
{
    return ((float)(int)(word >> 8 * k & 0xFF) - 127.5f) / 128;
}

/* Draws an image's numbers of both directions: those of part `first` and each `step`th part after
 * it. Pixel j of a part takes byte j / 4 of word j mod 4. numbers: 2 x rows x columns. */
ANNC_DEVICE_CODE void annc_elastic_draw(uint64_t seed, uint64_t example, uint32_t rows, uint32_t columns,
                                        uint32_t first, uint32_t step, float *numbers)
{
    const uint32_t parts = (columns - 1) / ANNC_ELASTIC_BLOCK + 1;
    for (uint32_t i = first; i < 2 * rows * parts; i += step) {
        const uint32_t part = i % parts, line = i / parts, c = part * ANNC_ELASTIC_BLOCK;
        const uint64_t block = annc_elastic_block(example, rows, columns, line / rows, line % rows, part);
        const struct annc_philox_block words = annc_philox(seed, ANNC_STREAM_ELASTIC, block);
        for (uint32_t j = 0; j < ANNC_ELASTIC_BLOCK && c + j < columns; j++)
            numbers[(size_t)line * columns + c + j] = annc_elastic_number(annc_philox_word(words, j), j / 4);
    }
}

/* Returns the smoothed number at place i of `count` in a row or column whose neighbours are `stride`
 * apart. */
ANNC_DEVICE_CODE float annc_elastic_smooth(const struct annc_elastic *elastic, const float *at, int i, int count,
                                           int stride)
{
    float sum = elastic->weight[0] * at[0];
    for (int k = 1; k <= elastic->reach; k++) {
        const float before = i - k >= 0 ? at[-k * stride] : 0, after = i + k < count ? at[k * stride] : 0;
        sum += elastic->weight[k] * (before + after);
    }
    return sum;
}

/* Smooths the numbers of both directions along the columns: pixel `first` and each `step`th after
 * it. */
ANNC_DEVICE_CODE void annc_elastic_columns(const struct annc_elastic *elastic, uint32_t rows, uint32_t columns,
                                           uint32_t first, uint32_t step, const float *numbers, float *sums)
{
    for (uint32_t i = first; i < 2 * rows * columns; i += step)
        sums[i] = annc_elastic_smooth(elastic, numbers + i, (int)(i / columns % rows), (int)rows, (int)columns);
}

/* Smooths those sums along the rows, times alpha: the displacements, down and then right. */
ANNC_DEVICE_CODE void annc_elastic_rows(const struct annc_elastic *elastic, uint32_t rows, uint32_t columns,
                                        uint32_t first, uint32_t step, const float *sums, float *bend)
{
    for (uint32_t i = first; i < 2 * rows * columns; i += step)
        bend[i] = elastic->alpha * annc_elastic_smooth(elastic, sums + i, (int)(i % columns), (int)columns, 1);
}

/* Computes the displacements of an image's pixels. bend: 2 x rows x columns, and as much again for
 * the sums. */
static inline void annc_elastic_bend(const struct annc_elastic *elastic, uint64_t seed, uint64_t example, uint32_t rows,
                                     uint32_t columns, float *bend)
{
    float *const sums = bend + (size_t)2 * rows * columns;
    annc_elastic_draw(seed, example, rows, columns, 0, 1, bend);
    annc_elastic_columns(elastic, rows, columns, 0, 1, bend, sums);
    annc_elastic_rows(elastic, rows, columns, 0, 1, sums, bend);
}

/* Returns a pixel, or 0 beyond the edge. */
ANNC_DEVICE_CODE float annc_warp_pixel(const float *image, int rows, int columns, int r, int c)
{
    return r >= 0 && r < rows && c >= 0 && c < columns ? image[r * columns + c] : 0;
}

/* Interpolates linearly from a at x = 0 to b at x = 1. */
ANNC_DEVICE_CODE float annc_warp_between(float a, float b, float x)
{
    return a + (b - a) * x;
}

/* Writes the source position of pixel (r, c), which is displaced by `bend_r` and `bend_c`; returns
 * whether it is in the image or next to it. If not, it may be anything, and the result is 0. */
ANNC_DEVICE_CODE int annc_warp_source(const struct annc_warp *warp, int rows, int columns, int r, int c, float bend_r,
                                      float bend_c, float *from_r, float *from_c)
{
    const float middle_r = (float)(rows - 1) / 2, middle_c = (float)(columns - 1) / 2;
    const float y = (float)r - middle_r, x = (float)c - middle_c;
    *from_r = warp->cosine * y - warp->sine * x + middle_r + warp->down + bend_r;
    *from_c = warp->sine * y + warp->cosine * x + middle_c + warp->right + bend_c;
    return (*from_r > -2) & (*from_r < (float)rows + 1) & (*from_c > -2) & (*from_c < (float)columns + 1);
}

/* Interpolates between four pixels: above, its right neighbour, and both below. */
ANNC_DEVICE_CODE float annc_warp_blend(const float *above, const float *below, float down, float right)
{
    return annc_warp_between(annc_warp_between(above[0], above[1], right), annc_warp_between(below[0], below[1], right),
                             down);
}

/* Returns pixel (r, c) of the transformed image, by bilinear interpolation. bend: displacements of
 * annc_elastic_bend, or NULL. */
ANNC_DEVICE_CODE float annc_warp_sample(const struct annc_warp *warp, const float *image, const float *bend, int rows,
                                        int columns, int r, int c)
{
    const int i = r * columns + c;
    const float bend_r = bend ? bend[i] : 0, bend_c = bend ? bend[rows * columns + i] : 0;
    float from_r, from_c;
    /* Positions far outside would overflow the integers below. */
    if (!annc_warp_source(warp, rows, columns, r, c, bend_r, bend_c, &from_r, &from_c))
        return 0;
    const int top = (int)(from_r + 2) - 2, left = (int)(from_c + 2) - 2;
    const float above[2] = {annc_warp_pixel(image, rows, columns, top, left),
                            annc_warp_pixel(image, rows, columns, top, left + 1)};
    const float below[2] = {annc_warp_pixel(image, rows, columns, top + 1, left),
                            annc_warp_pixel(image, rows, columns, top + 1, left + 1)};
    return annc_warp_blend(above, below, from_r - (float)top, from_c - (float)left);
}

#endif
