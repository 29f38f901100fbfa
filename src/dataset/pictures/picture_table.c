/* picture_table.c - reads a user's picture as a table of one example. */
#include "dataset/pictures/picture_table.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/pictures/ink.h"
#include "dataset/tables/table.h"
#include "formats/exif.h"
#include "formats/jpeg.h"
#include "formats/orientation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WHITE = 255,
    LEAST_CONTRAST = 25,
    FAINT = 51, /* after subtraction, lower values are paper too */
    PALE = 200, /* ink below is made as dark as that of others */
    INK = 25,
    INK_SIDE = 20, /* of MNIST's digits */
};
static const double MIDDLE = 127.5, PAPER = 0.95, BORDER_INK = 0.02;

/* Rows and columns of a picture. */
struct box {
    uint32_t top, left, rows, columns;
};

/* ---------------------------------------------------------------- brightness */

static void invert(uint8_t *grey, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++)
        grey[i] = (uint8_t)(WHITE - grey[i]);
}

static void find_range(const struct annc_picture *picture, int *least, int *most)
{
    *least = WHITE;
    *most = 0;
    for (size_t i = 0; i < (size_t)picture->rows * picture->columns; i++) {
        *least = picture->grey[i] < *least ? picture->grey[i] : *least;
        *most = picture->grey[i] > *most ? picture->grey[i] : *most;
    }
}

static annc_status nothing_drawn(const char *name)
{
    return annc_fail(ANNC_INPUT, "%s: is blank: all its pixels have almost the same brightness", name);
}

/* Returns the brightness of the paper: that of almost all of the ring, without the ink in it, which
 * is brighter than the middle between the ring's median and the brightest pixel. */
static int find_paper(const struct annc_ring *ring, int most)
{
    struct annc_ring paper = *ring;
    for (int v = (annc_ring_quantile(ring, 0.5) + most) / 2 + 1; v <= WHITE; v++) {
        paper.pixels -= paper.count[v];
        paper.count[v] = 0;
    }
    return annc_ring_quantile(&paper, PAPER);
}

/* Subtracts the brightness of paper that is not black, and makes pale ink bright: v becomes
 * 255 (v - paper) / (most - paper), and 0 if that is faint. */
static annc_status remove_paper(struct annc_picture *picture, const struct annc_ring *ring, const char *name)
{
    int least, most;
    uint8_t becomes[WHITE + 1];
    find_range(picture, &least, &most);
    const int paper = find_paper(ring, most);
    if (paper == 0 && most >= PALE)
        return ANNC_OK;
    if (most - paper < LEAST_CONTRAST)
        return nothing_drawn(name);
    for (int v = 0; v <= most; v++) {
        const double ink = (double)WHITE * (v - paper) / (most - paper);
        becomes[v] = ink < FAINT ? 0 : (uint8_t)lround(ink);
    }
    for (size_t i = 0; i < (size_t)picture->rows * picture->columns; i++)
        picture->grey[i] = becomes[picture->grey[i]];
    return ANNC_OK;
}

/* Returns whether a picture, light on dark by now, has the size, the side and the paper of the
 * training images; those of MNIST have paper of 0. */
static bool is_in_style(const struct annc_picture *picture, const struct annc_look *look, const struct annc_ring *ring,
                        bool inverted)
{
    return !look->mnist_like && picture->rows == look->rows && picture->columns == look->columns &&
           inverted == (look->background == ANNC_BACKGROUND_LIGHT) && annc_ring_quantile(ring, PAPER) < LEAST_CONTRAST;
}

/* Returns whether more than 1/50 of the ring, but not almost all, is on either side of a
 * brightness: ink touches the border, and the whole picture tells its paper better. */
static bool is_mixed(const struct annc_ring *ring, int middle)
{
    uint32_t light = 0;
    for (int v = middle + 1; v <= WHITE; v++)
        light += ring->count[v];
    return light > BORDER_INK * ring->pixels && light < (1 - BORDER_INK) * ring->pixels;
}

/* Replaces the ring by the pixels of a whole picture that are paper. */
static void take_paper(const struct annc_picture *picture, int middle, bool ink_is_dark, struct annc_ring *ring)
{
    *ring = (struct annc_ring){.pixels = 0};
    for (size_t i = 0; i < (size_t)picture->rows * picture->columns; i++) {
        const bool is_paper = (picture->grey[i] > middle) == ink_is_dark;
        ring->count[picture->grey[i]] += is_paper;
        ring->pixels += is_paper;
    }
}

/* Makes a picture light on dark, or leaves it unchanged if the images have no common background.
 * *inverted: it was dark on light. */
static annc_status light_on_dark(struct annc_picture *picture, const struct annc_look *look, const char *name,
                                 bool *inverted)
{
    struct annc_ring ring = {.pixels = 0};
    int least, most;
    *inverted = false;
    find_range(picture, &least, &most);
    if (most - least < LEAST_CONTRAST)
        return nothing_drawn(name);
    if (look->background == ANNC_BACKGROUND_MIXED)
        return ANNC_OK;
    annc_ring_add(&ring, picture->grey, picture->rows, picture->columns);
    *inverted = annc_ring_quantile(&ring, 0.5) > MIDDLE;
    if (is_mixed(&ring, (least + most) / 2)) {
        *inverted = annc_ink_is_dark(picture, (least + most) / 2);
        take_paper(picture, (least + most) / 2, *inverted, &ring);
    }
    if (*inverted) {
        invert(picture->grey, (size_t)picture->rows * picture->columns);
        for (int v = 0; v <= WHITE / 2; v++) {
            const uint32_t other = ring.count[WHITE - v];
            ring.count[WHITE - v] = ring.count[v];
            ring.count[v] = other;
        }
    }
    return look->flat && !is_in_style(picture, look, &ring, *inverted) ? remove_paper(picture, &ring, name) : ANNC_OK;
}

/* ---------------------------------------------------------------- size */

/* The source pixels of an output pixel with their weights: a triangle as wide as two output pixels,
 * or as two source pixels when enlarging. */
struct tap {
    double centre, reach;
    int64_t first, last;
};

static struct tap tap_of(uint32_t i, uint32_t from, uint32_t to)
{
    const double ratio = (double)from / to;
    struct tap tap = {.centre = (i + 0.5) * ratio - 0.5, .reach = ratio > 1 ? ratio : 1};
    tap.first = (int64_t)ceil(tap.centre - tap.reach);
    tap.last = (int64_t)floor(tap.centre + tap.reach);
    tap.first = tap.first < 0 ? 0 : tap.first;
    tap.last = tap.last >= from ? (int64_t)from - 1 : tap.last;
    return tap;
}

static double weight_of(const struct tap *tap, int64_t i)
{
    const double weight = 1 - fabs((double)i - tap->centre) / tap->reach;
    return weight > 0 ? weight : 0;
}

/* Scales a box of a picture to rows x columns. */
static annc_status scale(const struct annc_picture *picture, const struct box *box, uint32_t rows, uint32_t columns,
                         uint8_t *to)
{
    annc_status status = ANNC_OK;
    float *narrow = NULL; /* box->rows x columns */
    ANNC_TRY(annc_allocate(annc_product(box->rows, columns), sizeof *narrow, "a picture", (void **)&narrow));
    for (uint32_t r = 0; r < box->rows; r++) {
        const uint8_t *line = picture->grey + (size_t)(box->top + r) * picture->columns + box->left;
        for (uint32_t c = 0; c < columns; c++) {
            const struct tap tap = tap_of(c, box->columns, columns);
            double sum = 0, weights = 0;
            for (int64_t i = tap.first; i <= tap.last; i++) {
                const double weight = weight_of(&tap, i);
                sum += weight * line[i];
                weights += weight;
            }
            narrow[(size_t)r * columns + c] = (float)(sum / weights);
        }
    }
    for (uint32_t r = 0; r < rows; r++) {
        const struct tap tap = tap_of(r, box->rows, rows);
        for (uint32_t c = 0; c < columns; c++) {
            double sum = 0, weights = 0;
            for (int64_t i = tap.first; i <= tap.last; i++) {
                const double weight = weight_of(&tap, i);
                sum += weight * (double)narrow[(size_t)i * columns + c];
                weights += weight;
            }
            to[(size_t)r * columns + c] = (uint8_t)lround(sum / weights);
        }
    }
out:
    annc_release(narrow);
    return status;
}

/* Returns the largest size within rows x columns with a box's proportions. */
static void fit(const struct box *box, uint32_t *rows, uint32_t *columns)
{
    const double by_rows = (double)*rows / box->rows, by_columns = (double)*columns / box->columns;
    const double ratio = by_rows < by_columns ? by_rows : by_columns;
    const double r = round(box->rows * ratio), c = round(box->columns * ratio);
    *rows = r < 1 ? 1 : (uint32_t)r;
    *columns = c < 1 ? 1 : (uint32_t)c;
}

static struct box ink_of(const struct annc_picture *picture)
{
    uint32_t top = picture->rows, bottom = 0, left = picture->columns, right = 0;
    for (uint32_t r = 0; r < picture->rows; r++)
        for (uint32_t c = 0; c < picture->columns; c++)
            if (picture->grey[(size_t)r * picture->columns + c] >= INK) {
                top = r < top ? r : top;
                bottom = r + 1;
                left = c < left ? c : left;
                right = c + 1 > right ? c + 1 : right;
            }
    return (struct box){top, left, bottom - top, right - left};
}

/* Returns the start of a scaled box along one side, so that its centre of mass is in the middle, as
 * far as the box stays inside. */
static uint32_t begin_of(const uint8_t *grey, uint32_t rows, uint32_t columns, bool down, uint32_t side)
{
    double mass = 0, moment = 0;
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t c = 0; c < columns; c++) {
            mass += grey[(size_t)r * columns + c];
            moment += (double)grey[(size_t)r * columns + c] * (down ? r : c);
        }
    const double middle = side / 2, last = side - (down ? rows : columns);
    const double begin = round(middle - (mass > 0 ? moment / mass : middle));
    return (uint32_t)(begin < 0 ? 0 : begin > last ? last : begin);
}

/* Fits a picture to the size of the images: `image` has its paper, look->rows x look->columns. */
static annc_status fit_in(const struct annc_picture *picture, const struct annc_look *look, uint8_t *image)
{
    annc_status status = ANNC_OK;
    uint8_t *scaled = NULL;
    struct box box = {0, 0, picture->rows, picture->columns};
    uint32_t rows = look->rows, columns = look->columns, top, left;
    const bool same_size = picture->rows == rows && picture->columns == columns;
    if (look->mnist_like ? annc_is_mnist_like(picture->grey, picture->rows, picture->columns) : same_size) {
        memcpy(image, picture->grey, (size_t)rows * columns);
        return ANNC_OK;
    }
    if (look->mnist_like) {
        box = ink_of(picture);
        rows = columns = INK_SIDE;
    }
    fit(&box, &rows, &columns);
    ANNC_TRY(annc_allocate(annc_product(rows, columns), 1, "a picture", (void **)&scaled));
    ANNC_TRY(scale(picture, &box, rows, columns, scaled));
    top = look->mnist_like ? begin_of(scaled, rows, columns, true, look->rows) : (look->rows - rows) / 2;
    left = look->mnist_like ? begin_of(scaled, rows, columns, false, look->columns) : (look->columns - columns) / 2;
    for (uint32_t r = 0; r < rows; r++)
        memcpy(image + (size_t)(top + r) * look->columns + left, scaled + (size_t)r * columns, columns);
out:
    annc_release(scaled);
    return status;
}

/* ---------------------------------------------------------------- the table */

annc_status annc_picture_read(struct annc_stream *stream, struct annc_picture *picture, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    char begin[6] = "", name[ANNC_TABLE_NAME];
    annc_stream_peek(stream, begin, sizeof begin);
    if (!annc_jpeg_begins(begin) && !annc_png_begins(begin))
        return annc_stream_malformed(stream, "is not a picture in PNG or JPEG");
    ANNC_TRY(annc_jpeg_begins(begin) ? annc_jpeg_read(stream, picture) : annc_png_read(stream, picture));
    annc_stream_name(stream, name, sizeof name);
    if (picture->orientation == ANNC_ORIENTATION_DAMAGED)
        annc_note(notes, size, "%s: its EXIF data, which could say which way is up, are damaged and not used", name);
    if (picture->orientation > 1)
        annc_note(notes, size, "%s: turned upright, as its EXIF data say (orientation %d)", name, picture->orientation);
    ANNC_TRY(annc_picture_make_upright(picture));
out:
    return status;
}

/* Converts the image to the range of the training images' values. */
static annc_status take_values(const uint8_t *image, const struct annc_look *look, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    const bool bytes = look->white == WHITE;
    table->rows = 1;
    table->inputs = look->rows * look->columns;
    table->image_rows = look->rows;
    table->image_columns = look->columns;
    table->type = bytes ? ANNC_BYTES : ANNC_FLOATS;
    ANNC_TRY(annc_allocate(table->inputs, bytes ? 1 : sizeof(float), "a picture", &table->x));
    for (uint32_t j = 0; j < table->inputs; j++) {
        if (bytes)
            ((uint8_t *)table->x)[j] = image[j];
        else
            ((float *)table->x)[j] = (float)image[j] / WHITE;
    }
out:
    return status;
}

annc_status annc_picture_fit(const struct annc_picture *picture, const struct annc_look *look, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    uint8_t *image = NULL;
    struct annc_ring ring = {.pixels = 0};
    const size_t pixels = (size_t)look->rows * look->columns;
    annc_ring_add(&ring, picture->grey, picture->rows, picture->columns);
    ANNC_TRY(annc_allocate(look->rows, look->columns, "a picture", (void **)&image));
    memset(image, annc_ring_quantile(&ring, 0.5), pixels);
    ANNC_TRY(fit_in(picture, look, image));
    ANNC_TRY(take_values(image, look, table));
out:
    annc_release(image);
    return status;
}

annc_status annc_picture_table(struct annc_stream *stream, const struct annc_look *look, struct annc_table *table,
                               char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_picture picture = {.grey = NULL};
    uint8_t *image = NULL;
    bool inverted;
    memset(table, 0, sizeof *table);
    annc_stream_name(stream, table->name, sizeof table->name);
    if (look->rows == 0)
        ANNC_TRY(annc_fail(ANNC_INPUT, "%s: is a picture, but the model's inputs are not images", table->name));
    ANNC_TRY(annc_picture_read(stream, &picture, notes, size));
    ANNC_TRY(light_on_dark(&picture, look, table->name, &inverted));
    if (inverted && look->background == ANNC_BACKGROUND_DARK)
        annc_note(notes, size,
                  "the picture is dark on light and was inverted, since the training images are light on dark");
    if (!inverted && look->background == ANNC_BACKGROUND_LIGHT)
        annc_note(notes, size,
                  "the picture is light on dark and was inverted, since the training images are dark on light");
    ANNC_TRY(annc_allocate(look->rows, look->columns, "a picture", (void **)&image));
    ANNC_TRY(fit_in(&picture, look, image));
    if (look->background == ANNC_BACKGROUND_LIGHT)
        invert(image, (size_t)look->rows * look->columns);
    ANNC_TRY(take_values(image, look, table));
out:
    annc_release(picture.grey);
    annc_release(image);
    if (status != ANNC_OK)
        annc_table_free(table);
    return status;
}
