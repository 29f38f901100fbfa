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

/* Parts of the scratch memory (annc_images_scratch). What surrounds an image, the random numbers and
 * the sums stays 0. */
struct canvas {
    float *framed; /* rows + 2 ANNC_FRAME, each `stride` floats */
    int stride;
    float *ink; /* per column: other than 0 where it has ink */
    /* Of elastic distortion, rows `span` apart: displacements down and right, random numbers of both
     * directions `numbers_span` apart, and a row's sums of both `sums_span` apart. */
    float *bend, *numbers, *sums;
    size_t span, numbers_span, sums_span;
};

INLINE struct canvas canvas_of(const struct annc_images *images, float *scratch)
{
    const size_t framed = annc_framed(images->rows, images->columns), span = annc_image_span(images->columns);
    const size_t rows = images->rows, reach = (size_t)images->elastic.reach;
    struct canvas canvas = {.framed = scratch, .stride = (int)images->columns + 2 * ANNC_FRAME, .span = span};
    canvas.ink = scratch + framed;
    if (images->elastic.alpha > 0) {
        canvas.numbers_span = (rows + 2 * reach) * span;
        canvas.sums_span = span + 2 * annc_padded(reach);
        canvas.bend = canvas.ink + span;
        canvas.numbers = canvas.bend + 2 * rows * span + reach * span;
        canvas.sums = canvas.bend + 2 * rows * span + 2 * canvas.numbers_span + annc_padded(reach);
    }
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

/* Writes the numbers of a part of a row, 0 beyond the `left` pixels that are in the image. */
INLINE void write_part(const uint32_t *word, uint32_t left, float *to)
{
    typedef uint32_t fours __attribute__((vector_size(4 * sizeof(uint32_t))));
    typedef int32_t whole __attribute__((vector_size(4 * sizeof(int32_t))));
    typedef float numbers __attribute__((vector_size(4 * sizeof(float))));
    fours four;
    memcpy(&four, word, sizeof four);
    for (int k = 0; k < 4; k++) { /* annc_elastic_number */
        const whole byte = (whole)(four >> 8 * k & 0xFF), pixel = (whole){0, 1, 2, 3} + 4 * k;
        const numbers number = (__builtin_convertvector(byte, numbers) - 127.5f) / 128.0f;
        const whole there = (whole)number & (pixel < (int32_t)left);
        memcpy(to + 4 * k, &there, sizeof there);
    }
}

/* Draws the numbers of both directions (annc_elastic_draw). */
INLINE void draw_numbers(const struct annc_images *images, uint64_t example, const struct canvas *canvas)
{
    const uint32_t rows = images->rows, columns = images->columns;
    const uint32_t parts = 2 * rows * ((columns - 1) / ANNC_ELASTIC_BLOCK + 1);
    const uint64_t first = annc_elastic_block(example, rows, columns, 0, 0, 0);
    float *line = canvas->numbers;
    for (uint32_t done = 0, r = 0, c = 0; done < parts; done += BLOCKS) {
        const uint32_t count = parts - done < BLOCKS ? parts - done : BLOCKS;
        uint64_t block[BLOCKS];
        uint32_t drawn[4][BLOCKS];
        uint32_t word[BLOCKS][4];
        for (uint32_t i = 0; i < BLOCKS; i++)
            block[i] = first + done + i;
        draw_blocks(images->seed, ANNC_STREAM_ELASTIC, block, drawn);
        for (int i = 0; i < BLOCKS; i++)
            for (int k = 0; k < 4; k++)
                word[i][k] = drawn[k][i];
        for (uint32_t i = 0; i < count; i++) {
            write_part(word[i], columns - c, line + c);
            c += ANNC_ELASTIC_BLOCK;
            if (c < columns)
                continue;
            c = 0;
            line = ++r == rows ? canvas->numbers + canvas->numbers_span : line + canvas->span;
        }
    }
}

/* Smooths 2 PIXELS numbers of both directions, which are `other` and `other_to` apart and whose
 * neighbours are `stride` apart (annc_elastic_smooth), times `factor`. Several sums at once hide the
 * time that an addition takes. */
INLINE void smooth(const struct annc_elastic *elastic, const float *at, size_t other, size_t stride, float factor,
                   float *restrict to, size_t other_to)
{
    enum { VECTORS = 2 * PIXELS / LANES, SUMS = 2 * VECTORS < 8 ? 2 * VECTORS : 8 };
#define AT(i, apart) ((size_t)(i) / VECTORS * (apart) + (size_t)(i) % VECTORS * LANES)
    for (int first = 0; first < 2 * VECTORS; first += SUMS) {
        vec sum[SUMS];
        REPEAT (g, SUMS)
            sum[g] = v_set(elastic->weight[0]) * v_load_any(at + AT(first + g, other));
        for (size_t k = 1; k <= (size_t)elastic->reach; k++) {
            const vec weight = v_set(elastic->weight[k]);
            REPEAT (g, SUMS) {
                const float *middle = at + AT(first + g, other);
                sum[g] = sum[g] + weight * (v_load_any(middle - k * stride) + v_load_any(middle + k * stride));
            }
        }
        REPEAT (g, SUMS)
            v_store_any(to + AT(first + g, other_to), v_set(factor) * sum[g]);
    }
#undef AT
}

/* Computes the displacements of an example's pixels (annc_elastic_bend). */
INLINE void bend_pixels(const struct annc_images *images, uint64_t example, const struct canvas *canvas)
{
    const struct annc_elastic *elastic = &images->elastic;
    const size_t rows = images->rows, columns = images->columns, span = canvas->span;
    draw_numbers(images, example, canvas);
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c += (size_t)2 * PIXELS)
            smooth(elastic, canvas->numbers + r * span + c, canvas->numbers_span, span, 1, canvas->sums + c,
                   canvas->sums_span);
        for (size_t c = 0; c < columns; c += (size_t)2 * PIXELS)
            smooth(elastic, canvas->sums + c, canvas->sums_span, 1, elastic->alpha, canvas->bend + r * span + c,
                   rows * span);
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

/* Turns the rows and columns with ink to those of the result without elastic distortion. */
INLINE void find_result(const struct annc_images *images, const struct annc_warp *warp, struct range *rows,
                        struct range *columns)
{
    const float middle_r = (float)(images->rows - 1) / 2, middle_c = (float)(images->columns - 1) / 2;
    /* A pixel's light reaches its neighbours; a little more for rounding. */
    const float margin = 1.0625f;
    const float half_r = (float)(rows->after - 1 - rows->first) / 2 + margin;
    const float half_c = (float)(columns->after - 1 - columns->first) / 2 + margin;
    const float u = (float)(rows->after - 1 + rows->first) / 2 - middle_r - warp->down;
    const float v = (float)(columns->after - 1 + columns->first) / 2 - middle_c - warp->right;
    /* The inverse of a rotation divided by the zoom is its transpose times the zoom's square. */
    const float cosine = warp->cosine * warp->zoom * warp->zoom, sine = warp->sine * warp->zoom * warp->zoom;
    *rows = around(cosine * u + sine * v + middle_r, fabsf(cosine) * half_r + fabsf(sine) * half_c, (int)images->rows);
    *columns =
        around(cosine * v - sine * u + middle_c, fabsf(cosine) * half_c + fabsf(sine) * half_r, (int)images->columns);
}

/* Computes PIXELS pixels of row r from column c on, beyond the row's end as well. Constant `bends`
 * is for the compiler. */
INLINE void sample(const bool bends, const struct annc_images *images, const struct annc_warp *warp,
                   const struct canvas *canvas, int r, int c, float *restrict pixels)
{
    int from[PIXELS];
    float down[PIXELS], right[PIXELS], above[2 * PIXELS], below[2 * PIXELS];
    const float *restrict bend = canvas->bend + (size_t)r * canvas->span + c;
    const float *restrict bend_right = bend + images->rows * canvas->span;
    for (int j = 0; j < PIXELS; j++) {
        const float bend_r = bends ? bend[j] : 0, bend_c = bends ? bend_right[j] : 0;
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
    annc_warp_draw(images->seed, example, images->augmentation, &warp);
    if (images->elastic.alpha == 0) {
        find_result(images, &warp, &rows, &columns);
        return list_moved(false, images, &warp, &canvas, rows, columns, input, value);
    }
    bend_pixels(images, example, &canvas);
    rows = (struct range){0, (int)images->rows};
    columns = (struct range){0, (int)images->columns};
    return list_moved(true, images, &warp, &canvas, rows, columns, input, value);
}

#endif
