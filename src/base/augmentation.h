/* augmentation.h - random image transformations for training: shift, rotation and elastic
 * distortion, drawn per example. All devices give the same bits. */
#ifndef ANNC_BASE_AUGMENTATION_H
#define ANNC_BASE_AUGMENTATION_H

#include "annc.h"
#include "base/philox.h"

enum { ANNC_WARP_SIDE = 5, ANNC_WARP_POINTS = ANNC_WARP_SIDE * ANNC_WARP_SIDE };

/* The transformation of one example: it maps each pixel of the result to a source position. */
struct annc_warp {
    float down, right;  /* shift, in pixels */
    float cosine, sine; /* of the rotation */
    /* Displacements down and right at the points of a regular grid, bilinear in between. */
    float bend[ANNC_WARP_POINTS][2];
};

/* Returns number k of an example, uniform within (-1, 1). */
ANNC_DEVICE_CODE float annc_warp_number(uint64_t seed, uint64_t example, uint32_t k)
{
    return (float)annc_uniform(seed, ANNC_STREAM_AUGMENT, example * 64 + k);
}

/* Draws shift and angle from the example's numbers 0 to 2. */
ANNC_DEVICE_CODE void annc_warp_begin(uint64_t seed, uint64_t example, annc_augmentation augmentation,
                                      struct annc_warp *warp)
{
    double sine, cosine;
    const double half_turns = augmentation.rotation / 180 * (double)annc_warp_number(seed, example, 2);
    annc_sincospi(half_turns > 0 ? half_turns : half_turns + 2, &sine, &cosine);
    warp->down = (float)augmentation.shift * annc_warp_number(seed, example, 0);
    warp->right = (float)augmentation.shift * annc_warp_number(seed, example, 1);
    warp->cosine = (float)cosine;
    warp->sine = (float)sine;
}

/* Draws point k of the grid from the example's numbers 4 + 2 k and 5 + 2 k. */
ANNC_DEVICE_CODE void annc_warp_point(uint64_t seed, uint64_t example, annc_augmentation augmentation, uint32_t k,
                                      struct annc_warp *warp)
{
    warp->bend[k][0] = (float)augmentation.elastic * annc_warp_number(seed, example, 4 + 2 * k);
    warp->bend[k][1] = (float)augmentation.elastic * annc_warp_number(seed, example, 5 + 2 * k);
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

/* Returns pixel (r, c) of the transformed image, by bilinear interpolation. */
ANNC_DEVICE_CODE float annc_warp_sample(const struct annc_warp *warp, const float *image, int rows, int columns, int r,
                                        int c)
{
    /* The pixel's position on the grid. */
    const float cell_r = (float)r * (ANNC_WARP_SIDE - 1) / (float)(rows > 1 ? rows - 1 : 1),
                cell_c = (float)c * (ANNC_WARP_SIDE - 1) / (float)(columns > 1 ? columns - 1 : 1);
    const int gr = (int)cell_r < ANNC_WARP_SIDE - 1 ? (int)cell_r : ANNC_WARP_SIDE - 2,
              gc = (int)cell_c < ANNC_WARP_SIDE - 1 ? (int)cell_c : ANNC_WARP_SIDE - 2;
    const int k = gr * ANNC_WARP_SIDE + gc;
    float bend[2];
    for (int i = 0; i < 2; i++) {
        const float above = annc_warp_between(warp->bend[k][i], warp->bend[k + 1][i], cell_c - (float)gc);
        const float below = annc_warp_between(warp->bend[k + ANNC_WARP_SIDE][i], warp->bend[k + ANNC_WARP_SIDE + 1][i],
                                              cell_c - (float)gc);
        bend[i] = annc_warp_between(above, below, cell_r - (float)gr);
    }
    const float middle_r = (float)(rows - 1) / 2, middle_c = (float)(columns - 1) / 2;
    const float y = (float)r - middle_r, x = (float)c - middle_c;
    const float from_r = warp->cosine * y - warp->sine * x + middle_r + warp->down + bend[0],
                from_c = warp->sine * y + warp->cosine * x + middle_c + warp->right + bend[1];
    /* Positions far outside would overflow the integers below. */
    if (!(from_r > -2 && from_r < (float)rows + 1 && from_c > -2 && from_c < (float)columns + 1))
        return 0;
    const int top = (int)(from_r + 2) - 2, left = (int)(from_c + 2) - 2;
    const float down = from_r - (float)top, right = from_c - (float)left;
    const float above = annc_warp_between(annc_warp_pixel(image, rows, columns, top, left),
                                          annc_warp_pixel(image, rows, columns, top, left + 1), right);
    const float below = annc_warp_between(annc_warp_pixel(image, rows, columns, top + 1, left),
                                          annc_warp_pixel(image, rows, columns, top + 1, left + 1), right);
    return annc_warp_between(above, below, down);
}

#endif
