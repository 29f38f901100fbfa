#include "drawing.h"
#include "options.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

enum { GAP = 2, WHITE = 255 };

/* Images in a row, and how they are drawn. */
struct row_of_images {
    FILE *stream;
    const uint8_t *grey;
    uint32_t count, rows, columns; /* of an image */
    uint32_t step;                 /* pixels of an image across a character, so that it fits */
    bool colour;
};

/* The mean brightness of a block of an image; parts outside are black. */
static unsigned mean_of(const struct row_of_images *row, const uint8_t *grey, uint32_t top, uint32_t left,
                        uint32_t rows, uint32_t columns)
{
    unsigned sum = 0;
    for (uint32_t r = top; r < top + rows && r < row->rows; r++)
        for (uint32_t c = left; c < left + columns && c < row->columns; c++)
            sum += grey[(size_t)r * row->columns + c];
    return sum / (rows * columns);
}

/* One character: two blocks of `step` x `step` pixels, one below the other. */
static void draw_character(const struct row_of_images *row, const uint8_t *grey, uint32_t top, uint32_t left)
{
    static const char ramp[] = " .:-=+*#%@";
    const uint32_t step = row->step;
    if (row->colour) {
        const unsigned upper = mean_of(row, grey, top, left, step, step),
                       lower = mean_of(row, grey, top + step, left, step, step);
        fprintf(row->stream, "\x1b[38;2;%u;%u;%u;48;2;%u;%u;%um\u2580", upper, upper, upper, lower, lower, lower);
    } else {
        fputc(ramp[mean_of(row, grey, top, left, 2 * step, step) * (sizeof ramp - 2) / WHITE], row->stream);
    }
}

static void draw_row(const struct row_of_images *row)
{
    for (uint32_t top = 0; top < row->rows; top += 2 * row->step) {
        for (uint32_t i = 0; i < row->count; i++) {
            fprintf(row->stream, "%*s", i ? GAP : 0, "");
            for (uint32_t left = 0; left < row->columns; left += row->step)
                draw_character(row, row->grey + (size_t)i * row->rows * row->columns, top, left);
            fputs(row->colour ? "\x1b[0m" : "", row->stream);
        }
        fputc('\n', row->stream);
    }
}

static void caption_row(FILE *stream, const annc_dataset *dataset, uint32_t first, uint32_t count, int width)
{
    const int32_t *labels = annc_dataset_examples(dataset)->labels;
    for (uint32_t i = 0; labels && i < count; i++)
        fprintf(stream, "%*s%-*.*s", i ? GAP : 0, "", i + 1 < count ? width : 0, width,
                annc_dataset_class_name(dataset, (uint32_t)labels[first + i]));
    fputs(labels ? "\n" : "", stream);
}

annc_status draw_images(FILE *stream, const annc_dataset *dataset, uint32_t first, uint32_t count, bool captions)
{
    struct row_of_images row = {.stream = stream, .step = 1, .colour = use_colour(stream)};
    const uint32_t width = terminal_columns(stream);
    annc_dataset_image_size(dataset, &row.rows, &row.columns);
    while ((row.columns + row.step - 1) / row.step > width)
        row.step++;
    const uint32_t characters = (row.columns + row.step - 1) / row.step, across = (width + GAP) / (characters + GAP);
    const size_t pixels = (size_t)row.rows * row.columns;
    uint8_t *grey = malloc(across * pixels);
    if (!grey) {
        usage_failed("out of memory: %u images of %zu pixels", across, pixels);
        return ANNC_DEVICE;
    }
    row.grey = grey;
    for (uint32_t done = 0; done < count; done += row.count) {
        row.count = count - done < across ? count - done : across;
        for (uint32_t i = 0; i < row.count; i++)
            annc_dataset_image(dataset, first + done + i, grey + i * pixels);
        if (captions)
            caption_row(stream, dataset, first + done, row.count, (int)characters);
        draw_row(&row);
    }
    free(grey);
    return ANNC_OK;
}
