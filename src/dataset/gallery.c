/* gallery.c - images of a data set to look at: one as brightnesses, many in a grid as a PNG or SVG file. */
#include "allocate.h"
#include "buffer.h"
#include "dataset.h"
#include "picture.h"
#include "safe_file.h"
#include "status.h"
#include "text.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum {
    WHITE = 255,
    FRAME = 40,      /* brightness between the images of a PNG */
    GAP = 2,         /* pixels between images */
    PNG_SIDE = 1000, /* pixels that a small grid is enlarged towards */
    LEVELS = 16,     /* brightnesses of an SVG */
    CAPTION = 8,     /* height of a caption, in pixels of the images */
    MOST_PIXELS = 1 << 28,
};

void annc_dataset_image(const annc_dataset *dataset, uint32_t i, uint8_t *grey)
{
    const annc_examples *examples = &dataset->examples;
    const size_t n = examples->inputs;
    const float *x = (const float *)examples->x + i * n;
    float least = 0, most = 1;
    if (examples->type == ANNC_BYTES) {
        memcpy(grey, (const uint8_t *)examples->x + i * n, n);
        return;
    }
    for (size_t j = 0; j < n; j++) {
        least = x[j] < least ? x[j] : least;
        most = x[j] > most ? x[j] : most;
    }
    for (size_t j = 0; j < n; j++)
        grey[j] = (uint8_t)lroundf((x[j] - least) / (most - least) * WHITE);
}

/* How many images lie side by side, and one below the other. */
struct grid {
    const annc_dataset *dataset;
    uint32_t first, count, across, down;
};

/* ---------------------------------------------------------------- PNG */

static void place(struct annc_picture *picture, const uint8_t *grey, const annc_dataset *dataset, size_t top,
                  size_t left, size_t enlarged)
{
    for (size_t r = 0; r < dataset->rows * enlarged; r++)
        for (size_t c = 0; c < dataset->columns * enlarged; c++)
            picture->grey[(top + r) * picture->columns + left + c] =
                grey[r / enlarged * dataset->columns + c / enlarged];
}

static annc_status write_png(const struct grid *grid, const char *path)
{
    annc_status status = ANNC_OK;
    const annc_dataset *dataset = grid->dataset;
    const size_t down = dataset->rows + GAP, across = dataset->columns + GAP;
    const size_t width = grid->across * across + GAP, height = grid->down * down + GAP;
    const size_t enlarged =
        width < PNG_SIDE / 2 && height < PNG_SIDE / 2 ? PNG_SIDE / (width > height ? width : height) : 1;
    struct annc_picture picture = {(uint32_t)(height * enlarged), (uint32_t)(width * enlarged), NULL};
    uint8_t *grey = NULL;
    ANNC_TRY(annc_allocate(dataset->examples.inputs, 1, "an image", (void **)&grey));
    ANNC_TRY(annc_allocate(annc_product(picture.rows, picture.columns), 1, "the images", (void **)&picture.grey));
    memset(picture.grey, FRAME, (size_t)picture.rows * picture.columns);
    for (uint32_t i = 0; i < grid->count; i++) {
        annc_dataset_image(dataset, grid->first + i, grey);
        place(&picture, grey, dataset, (i / grid->across * down + GAP) * enlarged,
              (i % grid->across * across + GAP) * enlarged, enlarged);
    }
    ANNC_TRY(annc_png_write(path, &picture));
out:
    annc_release(grey);
    annc_release(picture.grey);
    return status;
}

/* ---------------------------------------------------------------- SVG */

static void add_xml(struct annc_buffer *svg, const char *text)
{
    for (; *text; text++) {
        const char *escaped = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : NULL;
        if (escaped)
            annc_buffer_add(svg, escaped, strlen(escaped));
        else
            annc_buffer_add(svg, text, 1);
    }
}

static uint32_t level_of(uint8_t grey)
{
    return (grey * (LEVELS - 1) + WHITE / 2) / WHITE;
}

/* The pixels of one level of an image, as part of a path: a rectangle for each run of them in a row. */
static void add_runs(struct annc_buffer *svg, const uint8_t *grey, const annc_dataset *dataset, size_t top, size_t left,
                     uint32_t level)
{
    for (uint32_t r = 0; r < dataset->rows; r++)
        for (uint32_t c = 0, end; c < dataset->columns; c = end) {
            const uint8_t *line = grey + (size_t)r * dataset->columns;
            for (end = c + 1; end < dataset->columns && level_of(line[end]) == level_of(line[c]);)
                end++;
            if (level_of(line[c]) == level)
                annc_buffer_format(svg, "M%zu %zuh%uv1h-%uz", left + c, top + r, end - c, end - c);
        }
}

static annc_status make_svg(const struct grid *grid, uint8_t *grey, struct annc_buffer *svg)
{
    const annc_dataset *dataset = grid->dataset;
    const bool captions = dataset->examples.labels != NULL;
    const size_t down = dataset->rows + GAP + (captions ? CAPTION : 0), across = dataset->columns + GAP;
    annc_buffer_format(
        svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %zu %zu\" width=\"%zu\" role=\"img\">\n",
        grid->across * across + GAP, grid->down * down + GAP, 2 * (grid->across * across + GAP));
    annc_buffer_format(svg, "<title>%u images</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                       grid->count);
    for (uint32_t level = 0; level < LEVELS; level++) {
        const uint32_t v = level * WHITE / (LEVELS - 1);
        annc_buffer_format(svg, "<path shape-rendering=\"crispEdges\" fill=\"#%02x%02x%02x\" d=\"", v, v, v);
        for (uint32_t i = 0; i < grid->count; i++) {
            annc_dataset_image(dataset, grid->first + i, grey);
            add_runs(svg, grey, dataset, i / grid->across * down + GAP, i % grid->across * across + GAP, level);
        }
        annc_buffer_format(svg, "\"/>\n");
    }
    for (uint32_t i = 0; captions && i < grid->count; i++) {
        annc_buffer_format(
            svg, "<text x=\"%g\" y=\"%zu\" font-family=\"sans-serif\" font-size=\"%d\" text-anchor=\"middle\">",
            (double)(i % grid->across * across + GAP) + dataset->columns / 2.0, (i / grid->across + 1) * down,
            CAPTION - 1);
        add_xml(svg, annc_dataset_class_name(dataset, (uint32_t)dataset->examples.labels[grid->first + i]));
        annc_buffer_format(svg, "</text>\n");
    }
    annc_buffer_format(svg, "</svg>\n");
    return svg->status;
}

static annc_status write_svg(const struct grid *grid, const char *path)
{
    annc_status status = ANNC_OK;
    struct annc_buffer svg = {.status = ANNC_OK};
    uint8_t *grey = NULL;
    ANNC_TRY(annc_allocate(grid->dataset->examples.inputs, 1, "an image", (void **)&grey));
    ANNC_TRY(make_svg(grid, grey, &svg));
    ANNC_TRY(annc_file_save(path, svg.bytes, svg.length));
out:
    annc_release(grey);
    annc_release(svg.bytes);
    return status;
}

/* ---------------------------------------------------------------- either */

static bool ends_with(const char *path, const char *end)
{
    const size_t length = strlen(path), more = strlen(end);
    return length >= more && strcasecmp(path + length - more, end) == 0;
}

annc_status annc_dataset_draw(const annc_dataset *dataset, uint32_t first, uint32_t count, const char *path)
{
    const uint32_t across = (uint32_t)ceil(sqrt(count));
    char shown[128];
    if (count == 0 || first > dataset->examples.count || count > dataset->examples.count - first)
        return annc_fail(ANNC_USAGE, "images %u to %u of %u cannot be drawn", first + 1, first + count,
                         dataset->examples.count);
    if (annc_product(count, dataset->examples.inputs) > MOST_PIXELS)
        return annc_fail(ANNC_USAGE, "%u images of %u pixels are too many for a picture", count,
                         dataset->examples.inputs);
    const struct grid grid = {dataset, first, count, across, (count + across - 1) / across};
    if (ends_with(path, ".png"))
        return write_png(&grid, path);
    if (ends_with(path, ".svg"))
        return write_svg(&grid, path);
    return annc_fail(ANNC_USAGE, "a picture's name ends in .png or .svg, which '%s' does not",
                     annc_printable(path, shown, sizeof shown));
}
