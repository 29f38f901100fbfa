/* drawing.c - images drawn as text. */
#include "cli/charts/drawing.h"
#include "cli/terminal/output.h"
#include "cli/terminal/screen.h"

#include <string.h>

enum { GAP = 2, WHITE = 255, COLOURS = 3, MOST_CAPTION = 256 };

/* A row of images and its layout. */
struct row_of_images {
    FILE *stream;
    const annc_gallery *gallery;
    uint32_t first, count;
    uint32_t step; /* pixels of an image per character, so that it fits */
    bool colour;
};

static const uint8_t *image(const struct row_of_images *row, uint32_t i)
{
    const annc_gallery *gallery = row->gallery;
    return gallery->pixels + (size_t)(row->first + i) * gallery->rows * gallery->columns * COLOURS;
}

/* Returns the mean colour of a block of an image; parts outside are black. */
static void mean_of(const struct row_of_images *row, const uint8_t *pixels, uint32_t top, uint32_t left, uint32_t rows,
                    uint32_t columns, unsigned *mean)
{
    const annc_gallery *gallery = row->gallery;
    memset(mean, 0, COLOURS * sizeof *mean);
    for (uint32_t r = top; r < top + rows && r < gallery->rows; r++)
        for (uint32_t c = left; c < left + columns && c < gallery->columns; c++)
            for (int colour = 0; colour < COLOURS; colour++)
                mean[colour] += pixels[((size_t)r * gallery->columns + c) * COLOURS + (size_t)colour];
    for (int colour = 0; colour < COLOURS; colour++)
        mean[colour] /= rows * columns;
}

/* Draws one character: two blocks of `step` x `step` pixels, one above the other. */
static void draw_character(const struct row_of_images *row, const uint8_t *pixels, uint32_t top, uint32_t left)
{
    static const char ramp[] = " .:-=+*#%@";
    const uint32_t step = row->step;
    unsigned upper[COLOURS], lower[COLOURS];
    if (row->colour) {
        mean_of(row, pixels, top, left, step, step, upper);
        mean_of(row, pixels, top + step, left, step, step, lower);
        fprintf(row->stream, "\x1b[38;2;%u;%u;%u;48;2;%u;%u;%um\u2580", upper[0], upper[1], upper[2], lower[0],
                lower[1], lower[2]);
        return;
    }
    mean_of(row, pixels, top, left, 2 * step, step, upper);
    const unsigned brightest = upper[0] > upper[2] ? upper[0] : upper[2];
    fputc(ramp[brightest * (sizeof ramp - 2) / WHITE], row->stream);
}

static void draw_row(const struct row_of_images *row)
{
    for (uint32_t top = 0; top < row->gallery->rows; top += 2 * row->step) {
        for (uint32_t i = 0; i < row->count; i++) {
            fprintf(row->stream, "%*s", i ? GAP : 0, "");
            for (uint32_t left = 0; left < row->gallery->columns; left += row->step)
                draw_character(row, image(row, i), top, left);
            fputs(row->colour ? "\x1b[0m" : "", row->stream);
        }
        fputc('\n', row->stream);
    }
}

static void caption_row(const struct row_of_images *row, int width)
{
    char caption[MOST_CAPTION];
    for (uint32_t i = 0; i < row->count; i++) {
        fprintf(row->stream, "%*s", i ? GAP : 0, "");
        print_left(row->stream, plain_columns(row->gallery->captions[row->first + i], width, caption, sizeof caption),
                   i + 1 < row->count ? width : 0);
    }
    fputc('\n', row->stream);
}

void draw_gallery(FILE *stream, const annc_gallery *gallery)
{
    struct row_of_images row = {.stream = stream, .gallery = gallery, .step = 1, .colour = use_colour(stream)};
    const uint32_t width = terminal_columns(stream);
    while ((gallery->columns + row.step - 1) / row.step > width)
        row.step++;
    const uint32_t characters = (gallery->columns + row.step - 1) / row.step,
                   across = (width + GAP) / (characters + GAP);
    for (; row.first < gallery->count; row.first += row.count) {
        row.count = gallery->count - row.first < across ? gallery->count - row.first : across;
        if (gallery->captions)
            caption_row(&row, (int)characters);
        draw_row(&row);
    }
}
