/* gallery_file.c - writes images side by side as a PNG or SVG file. */
#include "base/allocate.h"
#include "base/buffer.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/caption_font.h"
#include "formats/picture.h"

#include <math.h>
#include <string.h>

enum {
    COLOURS = 3,
    FRAME = 40,        /* brightness between the images of a PNG */
    GAP = 2,           /* pixels between images */
    PNG_SIDE = 1000,   /* target size in pixels for enlarging a small grid */
    LEVEL_BITS = 4,    /* per colour in an SVG */
    CAPTION = 8,       /* height of a caption, in pixels of the images */
    INK = 230,         /* brightness of a caption in a PNG */
    CAPTION_GAP = 2,   /* between an image and its caption in a PNG, in pixels of a letter */
    MOST_LETTERS = 40, /* drawn of a caption in a PNG */
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

/* Sizes in pixels of the file. */
struct sheet {
    size_t width, height, across, down; /* of the file; from one image to the next */
    size_t enlarged;                    /* pixels per pixel of an image */
    size_t gap;                         /* before each image, and after the last */
    size_t letter;                      /* pixels per pixel of a letter; 0 without captions */
    uint8_t *pixels;
};

/* Returns whether a byte of UTF-8 is not the first of its character. */
static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* Returns the number of characters of a caption in UTF-8 that are drawn. */
static size_t caption_length(const char *caption)
{
    size_t length = 0;
    for (; *caption && length < MOST_LETTERS; caption++)
        length += !is_continuation(*caption);
    return length;
}

static size_t longest_caption(const annc_gallery *gallery)
{
    size_t longest = 1;
    for (uint32_t i = 0; i < gallery->count; i++) {
        const size_t length = caption_length(gallery->captions[i]);
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Makes room for captions below the images: letters at most a quarter as high as an image; cells as
 * wide as the longest caption. */
static void make_room_for_captions(const annc_gallery *gallery, struct sheet *sheet)
{
    const size_t image_width = gallery->columns * sheet->enlarged, image_height = gallery->rows * sheet->enlarged,
                 text = longest_caption(gallery) * ANNC_LETTER_STEP, by_width = image_width / text,
                 by_height = image_height / (4 * ANNC_LETTER_ROWS),
                 letter = by_width < by_height ? by_width : by_height;
    sheet->letter = letter > 0 ? letter : 1;
    if (text * sheet->letter > image_width)
        sheet->across += text * sheet->letter - image_width;
    sheet->down += (ANNC_LETTER_ROWS + CAPTION_GAP) * sheet->letter;
}

static struct sheet lay_out(const struct grid *grid)
{
    const annc_gallery *gallery = grid->gallery;
    struct sheet sheet = {.across = gallery->columns + GAP, .down = gallery->rows + GAP, .gap = GAP};
    const size_t width = grid->across * sheet.across + GAP, height = grid->down * sheet.down + GAP;
    sheet.enlarged = width < PNG_SIDE / 2 && height < PNG_SIDE / 2 ? PNG_SIDE / (width > height ? width : height) : 1;
    sheet.across *= sheet.enlarged;
    sheet.down *= sheet.enlarged;
    sheet.gap *= sheet.enlarged;
    if (gallery->captions)
        make_room_for_captions(gallery, &sheet);
    sheet.width = grid->across * sheet.across + sheet.gap;
    sheet.height = grid->down * sheet.down + sheet.gap;
    return sheet;
}

static void draw_letter(const struct sheet *sheet, unsigned char letter, size_t top, size_t left)
{
    for (size_t r = 0; r < ANNC_LETTER_ROWS * sheet->letter; r++)
        for (size_t c = 0; c < ANNC_LETTER_COLUMNS * sheet->letter; c++)
            if (annc_letter_has_ink(letter, r / sheet->letter, c / sheet->letter))
                memset(sheet->pixels + ((top + r) * sheet->width + left + c) * COLOURS, INK, COLOURS);
}

/* Draws a caption in the middle of a cell. */
static void draw_caption(const struct sheet *sheet, const char *caption, size_t top, size_t left)
{
    const size_t step = ANNC_LETTER_STEP * sheet->letter, length = caption_length(caption);
    left += (sheet->across - sheet->gap - (length * step - (length > 0 ? sheet->letter : 0))) / 2;
    for (size_t drawn = 0; drawn < length; caption++)
        if (!is_continuation(*caption))
            draw_letter(sheet, (unsigned char)*caption, top, left + drawn++ * step);
}

static void draw_image(const struct sheet *sheet, const annc_gallery *gallery, size_t i, size_t top, size_t left)
{
    left += (sheet->across - sheet->gap - gallery->columns * sheet->enlarged) / 2;
    for (size_t r = 0; r < gallery->rows * sheet->enlarged; r++)
        for (size_t c = 0; c < gallery->columns * sheet->enlarged; c++)
            memcpy(sheet->pixels + ((top + r) * sheet->width + left + c) * COLOURS,
                   image(gallery, i) + (r / sheet->enlarged * gallery->columns + c / sheet->enlarged) * COLOURS,
                   COLOURS);
}

static annc_status write_png(const struct grid *grid, const char *path)
{
    annc_status status = ANNC_OK;
    const annc_gallery *gallery = grid->gallery;
    struct sheet sheet = lay_out(grid);
    const size_t pixels = annc_product(sheet.width, sheet.height);
    ANNC_TRY(annc_allocate(pixels, COLOURS, "the images", (void **)&sheet.pixels));
    memset(sheet.pixels, FRAME, pixels * COLOURS);
    for (size_t i = 0; i < gallery->count; i++) {
        const size_t top = i / grid->across * sheet.down + sheet.gap,
                     left = i % grid->across * sheet.across + sheet.gap;
        draw_image(&sheet, gallery, i, top, left);
        if (gallery->captions)
            draw_caption(&sheet, gallery->captions[i],
                         top + gallery->rows * sheet.enlarged + sheet.letter * CAPTION_GAP, left);
    }
    ANNC_TRY(annc_png_write(path, (uint32_t)sheet.height, (uint32_t)sheet.width, sheet.pixels));
out:
    annc_release(sheet.pixels);
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
    if (annc_ends_with(path, ".png"))
        return write_png(&grid, path);
    if (annc_ends_with(path, ".svg"))
        return write_svg(&grid, path);
    if (strcmp(path, "-") == 0)
        return write_svg(&grid, "/dev/stdout");
    return annc_fail(ANNC_USAGE, "the file name must end in .png or .svg: '%s'",
                     annc_printable(path, shown, sizeof shown));
}
