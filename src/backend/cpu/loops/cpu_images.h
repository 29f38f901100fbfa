/* cpu_images.h - transformed images as lists of nonzero pixels: the bits of annc_warp_sample, a few
 * pixels at a time, only where there can be ink. Part of cpu_loops.h. */
#ifndef ANNC_BACKEND_CPU_LOOPS_CPU_IMAGES_H
#define ANNC_BACKEND_CPU_LOOPS_CPU_IMAGES_H

#include "backend/augmentation.h"
#include "backend/cpu/loops/cpu_lists.h"
#include "backend/cpu/loops/cpu_random.h"

enum { PIXELS = 16 }; /* pixels of a row */

/* Rows or columns. */
struct range {
    int first, after;
};

/* Parts of the scratch memory. The frame around the image stays 0. */
struct canvas {
    float *framed; /* rows + 2 ANNC_FRAME, each `stride` floats */
    int stride;
    float *bend; /* of the grid's rows, down and right: ANNC_WARP_SIDE x 2 x span, one per column */
    size_t span;
    float *ink; /* per column: other than 0 where it has ink; later its place in its cell of the grid */
};

INLINE struct canvas canvas_of(const struct annc_images *images, float *scratch)
{
    const size_t framed = annc_framed(images->rows, images->columns), span = annc_image_span(images->columns);
    struct canvas canvas = {.framed = scratch, .stride = (int)images->columns + 2 * ANNC_FRAME, .span = span};
    canvas.bend = scratch + framed;
    canvas.ink = canvas.bend + 2 * ANNC_WARP_SIDE * span;
    return canvas;
}

/* Copies part of a row, notes its ink, and returns whether it has any. Constant `count` is for the
 * compiler. */
INLINE int frame_part(const int count, const struct annc_images *images, const void *image, int at, float *restrict x,
                      float *restrict ink)
{
    int any = 0;
    for (int j = 0; j < count; j++) {
        x[j] =
            images->bytes ? (float)((const uint8_t *)image)[at + j] * images->factor : ((const float *)image)[at + j];
        ink[j] = x[j] != 0 ? 1 : ink[j];
        any |= x[j] != 0;
    }
    return any;
}

/* Copies an image into its frame; returns the rows and columns with ink. */
INLINE void frame(const struct annc_images *images, const void *image, const struct canvas *canvas, struct range *rows,
                  struct range *columns)
{
    const int n = (int)images->columns;
    float *ink = canvas->ink;
    *rows = (struct range){(int)images->rows, 0};
    *columns = (struct range){0, n};
    for (int c = 0; c < n; c++)
        ink[c] = 0;
    for (int r = 0; r < (int)images->rows; r++) {
        float *x = canvas->framed + (r + ANNC_FRAME) * canvas->stride + ANNC_FRAME;
        int any = 0, c = 0;
        for (; n - c >= PIXELS; c += PIXELS)
            any |= frame_part(PIXELS, images, image, r * n + c, x + c, ink + c);
        /* The last ones, some of them twice. */
        if (c < n && n > PIXELS)
            any |= frame_part(PIXELS, images, image, r * n + n - PIXELS, x + n - PIXELS, ink + n - PIXELS);
        for (; n < PIXELS && c < n; c++)
            any |= frame_part(1, images, image, r * n + c, x + c, ink + c);
        if (any)
            *rows = (struct range){r < rows->first ? r : rows->first, r + 1};
    }
    while (columns->first < n && ink[columns->first] == 0)
        columns->first++;
    while (columns->after > columns->first && ink[columns->after - 1] == 0)
        columns->after--;
}

/* Draws the numbers of an example side by side. */
INLINE void draw_warp(const struct annc_images *images, uint64_t example, struct annc_warp *warp)
{
    uint64_t block[BLOCKS];
    words drawn[4];
    float number[BLOCKS][4];
    for (uint32_t i = 0; i < BLOCKS; i++)
        block[i] = example * BLOCKS + i;
    draw_blocks(images->seed, ANNC_STREAM_AUGMENT, block, drawn);
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < BLOCKS; i++)
            number[i][k] = (float)annc_uniform_word(drawn[k][i]);
    annc_warp_place(number[0][0], number[0][1], number[0][2], images->augmentation, warp);
    for (int k = 0; k < ANNC_WARP_POINTS; k++)
        for (int i = 0; i < 2; i++)
            warp->bend[k][i] = (float)images->augmentation.elastic * number[1 + k / 2][2 * (k % 2) + i];
}

/* Interpolates the displacements of PIXELS columns of a cell between two points of the grid. */
INLINE void bend_cell(const float *point, const float *next, const float *restrict in, size_t span,
                      float *restrict bend)
{
    for (size_t i = 0; i < 2; i++)
        for (int j = 0; j < PIXELS; j++)
            bend[i * span + (size_t)j] = annc_warp_between(point[i], next[i], in[j]);
}

/* Returns the first of so many columns that is beyond a cell of the grid. */
INLINE int cell_end(int cell, int columns)
{
    int c = (cell + 1) * (columns - 1) / (ANNC_WARP_SIDE - 1), there;
    while (c < columns && (annc_warp_cell(c, columns, &there), there <= cell))
        c++;
    return c;
}

/* Interpolates the displacements of each row of the grid at each column of the image. What a cell
 * writes behind its last column is the next cell's. */
INLINE void bend_rows(const struct annc_warp *warp, int columns, const struct canvas *canvas)
{
    float *restrict in = canvas->ink;
    for (int c = 0; c < columns; c++) {
        int cell;
        in[c] = annc_warp_cell(c, columns, &cell);
    }
    for (int k = 0, first = 0, after; k < ANNC_WARP_SIDE - 1; k++, first = after) {
        after = cell_end(k, columns);
        for (int c = first; c < after; c += PIXELS)
            for (int g = 0; g < ANNC_WARP_SIDE; g++) {
                const float(*point)[2] = &warp->bend[g * ANNC_WARP_SIDE + k];
                bend_cell(point[0], point[1], in + c, canvas->span, canvas->bend + 2 * (size_t)g * canvas->span + c);
            }
    }
}

/* Returns the whole numbers in [0, count) within `half` of `middle`; all of them where these are
 * not numbers. */
INLINE struct range around(float middle, float half, int count)
{
    const float low = middle - half, high = middle + half, n = (float)count;
    struct range range = {0, count};
    if (low > 0)
        range.first = low < n - 1 ? (int)low + 1 : count;
    if (high < n - 1)
        range.after = high >= 0 ? (int)high + 1 : 0;
    return range;
}

/* Turns the rows and columns with ink to those of the result. */
INLINE void find_result(const struct annc_images *images, const struct annc_warp *warp, struct range *rows,
                        struct range *columns)
{
    const float middle_r = (float)(images->rows - 1) / 2, middle_c = (float)(images->columns - 1) / 2;
    /* A pixel's light reaches its neighbours; a little more for rounding. */
    const float margin = 1.0625f + (float)images->augmentation.elastic;
    const float half_r = (float)(rows->after - 1 - rows->first) / 2 + margin;
    const float half_c = (float)(columns->after - 1 - columns->first) / 2 + margin;
    const float u = (float)(rows->after - 1 + rows->first) / 2 - middle_r - warp->down;
    const float v = (float)(columns->after - 1 + columns->first) / 2 - middle_c - warp->right;
    const float cosine = fabsf(warp->cosine), sine = fabsf(warp->sine);
    *rows = around(warp->cosine * u + warp->sine * v + middle_r, cosine * half_r + sine * half_c, (int)images->rows);
    *columns =
        around(warp->cosine * v - warp->sine * u + middle_c, cosine * half_c + sine * half_r, (int)images->columns);
}

/* Computes PIXELS pixels of row r from column c on, beyond the row's end as well. Constant `bends`
 * is for the compiler. */
INLINE void sample(const bool bends, const struct annc_images *images, const struct annc_warp *warp,
                   const struct canvas *canvas, int r, int c, float *restrict pixels)
{
    int from[PIXELS], cell;
    float down[PIXELS], right[PIXELS], above[2 * PIXELS], below[2 * PIXELS];
    const float in = annc_warp_cell(r, (int)images->rows, &cell);
    const size_t span = canvas->span;
    const float *restrict bend = canvas->bend + 2 * (size_t)cell * span + c;
    for (int j = 0; j < PIXELS; j++) {
        const float bend_r = bends ? annc_warp_between(bend[j], bend[2 * span + (size_t)j], in) : 0;
        const float bend_c = bends ? annc_warp_between(bend[span + (size_t)j], bend[3 * span + (size_t)j], in) : 0;
        float from_r, from_c;
        const int is_near =
            annc_warp_source(warp, (int)images->rows, (int)images->columns, r, c + j, bend_r, bend_c, &from_r, &from_c);
        from_r = is_near ? from_r : -ANNC_FRAME; /* a corner of the frame */
        from_c = is_near ? from_c : -ANNC_FRAME;
        const int top = (int)(from_r + ANNC_FRAME), left = (int)(from_c + ANNC_FRAME);
        down[j] = from_r - (float)(top - ANNC_FRAME);
        right[j] = from_c - (float)(left - ANNC_FRAME);
        from[j] = top * canvas->stride + left;
    }
    for (int j = 0; j < PIXELS; j++) {
        memcpy(above + 2 * j, canvas->framed + from[j], 2 * sizeof *above);
        memcpy(below + 2 * j, canvas->framed + from[j] + canvas->stride, 2 * sizeof *below);
    }
    for (int j = 0; j < PIXELS; j++)
        pixels[j] = annc_warp_blend(above + 2 * j, below + 2 * j, down[j], right[j]);
}

INLINE uint32_t list_moved(const bool bends, const struct annc_images *images, const struct annc_warp *warp,
                           const struct canvas *canvas, struct range rows, struct range columns, uint16_t *input,
                           float *value)
{
    uint32_t count = 0;
    for (int r = rows.first; r < rows.after; r++)
        for (int c = columns.first; c < columns.after; c += PIXELS) {
            const int left = columns.after - c;
            _Alignas(ANNC_LINE) float pixels[PIXELS];
            sample(bends, images, warp, canvas, r, c, pixels);
            count += list_sixteen(pixels, (uint32_t)(left < PIXELS ? left : PIXELS),
                                  (uint32_t)r * images->columns + (uint32_t)c, input + count, value + count);
        }
    return count;
}

static uint32_t move_image(const struct annc_images *images, const void *image, uint64_t example, float *scratch,
                           uint16_t *input, float *value)
{
    const struct canvas canvas = canvas_of(images, scratch);
    struct annc_warp warp;
    struct range rows, columns;
    frame(images, image, &canvas, &rows, &columns);
    if (rows.after == 0)
        return 0;
    draw_warp(images, example, &warp);
    find_result(images, &warp, &rows, &columns);
    if (images->augmentation.elastic == 0)
        return list_moved(false, images, &warp, &canvas, rows, columns, input, value);
    bend_rows(&warp, (int)images->columns, &canvas);
    return list_moved(true, images, &warp, &canvas, rows, columns, input, value);
}

#endif
