/* augmentation.h - random image transformations for training: shift, rotation and elastic
 * distortion, drawn per example. All devices give the same bits. */
#ifndef ANNC_BACKEND_AUGMENTATION_H
#define ANNC_BACKEND_AUGMENTATION_H

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

/* Sets shift and angle by three such numbers. */
ANNC_DEVICE_CODE void annc_warp_place(float down, float right, float turn, annc_augmentation augmentation,
                                      struct annc_warp *warp)
{
    double sine, cosine;
    const double half_turns = augmentation.rotation / 180 * (double)turn;
    annc_sincospi(half_turns > 0 ? half_turns : half_turns + 2, &sine, &cosine);
    warp->down = (float)augmentation.shift * down;
    warp->right = (float)augmentation.shift * right;
    warp->cosine = (float)cosine;
    warp->sine = (float)sine;
}

/* Draws shift and angle from the example's numbers 0 to 2. */
ANNC_DEVICE_CODE void annc_warp_begin(uint64_t seed, uint64_t example, annc_augmentation augmentation,
                                      struct annc_warp *warp)
{
    annc_warp_place(annc_warp_number(seed, example, 0), annc_warp_number(seed, example, 1),
                    annc_warp_number(seed, example, 2), augmentation, warp);
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

/* Writes the grid's cell that has pixel i of `count` of a row or column; returns the pixel's place
 * in it, from 0 to 1. */
ANNC_DEVICE_CODE float annc_warp_cell(int i, int count, int *cell)
{
    const float at = (float)i * (ANNC_WARP_SIDE - 1) / (float)(count > 1 ? count - 1 : 1);
    *cell = (int)at < ANNC_WARP_SIDE - 1 ? (int)at : ANNC_WARP_SIDE - 2;
    return at - (float)*cell;
}

/* Writes the source position of pixel (r, c), which the grid displaces by `bend_r` and `bend_c`;
 * returns whether it is in the image or next to it. If not, it may be anything, and the result is
 * 0. */
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

/* Returns pixel (r, c) of the transformed image, by bilinear interpolation. */
ANNC_DEVICE_CODE float annc_warp_sample(const struct annc_warp *warp, const float *image, int rows, int columns, int r,
                                        int c)
{
    int gr, gc;
    const float in_r = annc_warp_cell(r, rows, &gr), in_c = annc_warp_cell(c, columns, &gc);
    const int k = gr * ANNC_WARP_SIDE + gc;
    float bend[2], from_r, from_c;
    for (int i = 0; i < 2; i++) {
        const float above = annc_warp_between(warp->bend[k][i], warp->bend[k + 1][i], in_c);
        const float below =
            annc_warp_between(warp->bend[k + ANNC_WARP_SIDE][i], warp->bend[k + ANNC_WARP_SIDE + 1][i], in_c);
        bend[i] = annc_warp_between(above, below, in_r);
    }
    /* Positions far outside would overflow the integers below. */
    if (!annc_warp_source(warp, rows, columns, r, c, bend[0], bend[1], &from_r, &from_c))
        return 0;
    const int top = (int)(from_r + 2) - 2, left = (int)(from_c + 2) - 2;
    const float above[2] = {annc_warp_pixel(image, rows, columns, top, left),
                            annc_warp_pixel(image, rows, columns, top, left + 1)};
    const float below[2] = {annc_warp_pixel(image, rows, columns, top + 1, left),
                            annc_warp_pixel(image, rows, columns, top + 1, left + 1)};
    return annc_warp_blend(above, below, from_r - (float)top, from_c - (float)left);
}

#endif
