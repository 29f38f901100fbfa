/* gallery_file.c - writes images side by side as a PNG or SVG file. */
#include "base/allocate.h"
#include "base/buffer.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/picture.h"

#include <math.h>
#include <string.h>

enum {
    COLOURS = 3,
    FRAME = 40,      /* brightness between the images of a PNG */
    GAP = 2,         /* pixels between images */
    PNG_SIDE = 1000, /* target size in pixels for enlarging a small grid */
    LEVEL_BITS = 4,  /* per colour in an SVG */
    CAPTION = 8,     /* height of a caption, in pixels of the images */
    MOST_PIXELS = 1 << 28,
};

/* Number of images per row, and of rows. */
struct grid {
    const annc_gallery *gallery;
    size_t across, down;
};

static const uint8_t *image(const annc_gallery *gallery, size_t i)
{
    return gallery->pixels + i * gallery->rows * gallery->columns * COLOURS;
}

/* ---------------------------------------------------------------- PNG */

static void place(uint8_t *sheet, size_t width, const annc_gallery *gallery, size_t i, size_t top, size_t left,
                  size_t enlarged)
{
    for (size_t r = 0; r < gallery->rows * enlarged; r++)
        for (size_t c = 0; c < gallery->columns * enlarged; c++)
            memcpy(sheet + ((top + r) * width + left + c) * COLOURS,
                   image(gallery, i) + (r / enlarged * gallery->columns + c / enlarged) * COLOURS, COLOURS);
}

static annc_status write_png(const struct grid *grid, const char *path)
{
    annc_status status = ANNC_OK;
    const annc_gallery *gallery = grid->gallery;
    const size_t down = gallery->rows + GAP, across = gallery->columns + GAP;
    size_t width = grid->across * across + GAP, height = grid->down * down + GAP;
    const size_t enlarged =
        width < PNG_SIDE / 2 && height < PNG_SIDE / 2 ? PNG_SIDE / (width > height ? width : height) : 1;
    uint8_t *sheet = NULL;
    width *= enlarged;
    height *= enlarged;
    ANNC_TRY(annc_allocate(annc_product(width, height), COLOURS, "the images", (void **)&sheet));
    memset(sheet, FRAME, width * height * COLOURS);
    for (size_t i = 0; i < gallery->count; i++)
        place(sheet, width, gallery, i, (i / grid->across * down + GAP) * enlarged,
              (i % grid->across * across + GAP) * enlarged, enlarged);
    ANNC_TRY(annc_png_write(path, (uint32_t)height, (uint32_t)width, sheet));
out:
    annc_release(sheet);
    return status;
}

/* ---------------------------------------------------------------- SVG */

static void add_xml(struct annc_buffer *svg, const char *text)
{
    while (*text) {
        size_t length;
        const char *piece = annc_next_markup(&text, false, &length);
        annc_buffer_add(svg, piece, length);
    }
}

/* Returns a pixel's colour in an SVG, out of 2^(3 LEVEL_BITS). */
static unsigned level_of(const uint8_t *pixel)
{
    enum { MOST = (1 << LEVEL_BITS) - 1, WHITE = 255 };
    unsigned level = 0;
    for (int colour = 0; colour < COLOURS; colour++)
        level = level << LEVEL_BITS | (pixel[colour] * MOST + WHITE / 2) / WHITE;
    return level;
}

/* Adds the pixels of one colour of an image to a path: a rectangle for each run in a row. */
static void add_runs(struct annc_buffer *svg, const uint8_t *pixels, const annc_gallery *gallery, size_t top,
                     size_t left, unsigned level)
{
    for (uint32_t r = 0; r < gallery->rows; r++)
        for (uint32_t c = 0, end; c < gallery->columns; c = end) {
            const uint8_t *line = pixels + (size_t)r * gallery->columns * COLOURS;
            for (end = c + 1; end < gallery->columns &&
                              level_of(line + (size_t)end * COLOURS) == level_of(line + (size_t)c * COLOURS);)
                end++;
            if (level_of(line + (size_t)c * COLOURS) == level)
                annc_buffer_format(svg, "M%zu %zuh%uv1h-%uz", left + c, top + r, end - c, end - c);
        }
}

/* Adds one path per used colour, over all images. */
static void add_paths(struct annc_buffer *svg, const struct grid *grid, size_t down, size_t across)
{
    const annc_gallery *gallery = grid->gallery;
    const size_t pixels = (size_t)gallery->count * gallery->rows * gallery->columns;
    bool occurs[1 << (COLOURS * LEVEL_BITS)] = {false};
    for (size_t i = 0; i < pixels; i++)
        occurs[level_of(gallery->pixels + i * COLOURS)] = true;
    for (unsigned level = 0; level < sizeof occurs; level++) {
        if (!occurs[level])
            continue;
        annc_buffer_format(svg, "<path fill=\"#%03x\" d=\"", level);
        for (size_t i = 0; i < gallery->count; i++)
            add_runs(svg, image(gallery, i), gallery, i / grid->across * down + GAP, i % grid->across * across + GAP,
                     level);
        annc_buffer_format(svg, "\"/>\n");
    }
}

static annc_status write_svg(const struct grid *grid, const char *path)
{
    annc_status status = ANNC_OK;
    const annc_gallery *gallery = grid->gallery;
    const size_t down = gallery->rows + GAP + (gallery->captions ? CAPTION : 0), across = gallery->columns + GAP;
    struct annc_buffer svg = {.status = ANNC_OK};
    annc_buffer_format(&svg,
                       "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %zu %zu\" width=\"%zu\" "
                       "shape-rendering=\"crispEdges\" role=\"img\">\n<title>",
                       grid->across * across + GAP, grid->down * down + GAP, 2 * (grid->across * across + GAP));
    add_xml(&svg, gallery->title);
    annc_buffer_format(&svg, "</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
    add_paths(&svg, grid, down, across);
    for (size_t i = 0; gallery->captions && i < gallery->count; i++) {
        annc_buffer_format(
            &svg, "<text x=\"%.1f\" y=\"%zu\" font-size=\"%d\" font-family=\"sans-serif\" text-anchor=\"middle\">",
            (double)(i % grid->across * across + GAP) + gallery->columns / 2.0, (i / grid->across + 1) * down,
            CAPTION - 1);
        add_xml(&svg, gallery->captions[i]);
        annc_buffer_format(&svg, "</text>\n");
    }
    annc_buffer_format(&svg, "</svg>\n");
    status = svg.status;
    if (status == ANNC_OK)
        status = annc_file_save(path, svg.bytes, svg.length);
    annc_buffer_free(&svg);
    return status;
}

/* ---------------------------------------------------------------- both formats */

static bool ends_with(const char *path, const char *end)
{
    const size_t length = strlen(path), more = strlen(end);
    return length >= more && annc_compare_any_case(path + length - more, end, SIZE_MAX) == 0;
}

annc_status annc_gallery_draw(const annc_gallery *gallery, const char *path)
{
    ANNC_REQUIRE(gallery, "gallery");
    ANNC_REQUIRE(path, "path");
    ANNC_REQUIRE(gallery->pixels, "pixels");
    ANNC_REQUIRE(gallery->title, "title");
    const size_t across = (size_t)ceil(sqrt(gallery->count));
    char shown[128];
    if (annc_product(gallery->count, annc_product(gallery->rows, gallery->columns)) - 1 >= MOST_PIXELS) /* or 0 */
        return annc_fail(ANNC_USAGE, "%u images of %u x %u pixels do not make a picture: it must have 1 to %d pixels",
                         gallery->count, gallery->rows, gallery->columns, MOST_PIXELS);
    const struct grid grid = {gallery, across, (gallery->count + across - 1) / across};
    if (ends_with(path, ".png"))
        return write_png(&grid, path);
    if (ends_with(path, ".svg"))
        return write_svg(&grid, path);
    if (strcmp(path, "-") == 0)
        return write_svg(&grid, "/dev/stdout");
    return annc_fail(ANNC_USAGE, "the file name must end in .png or .svg: '%s'",
                     annc_printable(path, shown, sizeof shown));
}
