/* image_style.c - detects the style of a model's training images. */
#include "dataset/pictures/image_style.h"
#include "base/allocate.h"
#include "base/status.h"

#include <math.h>
#include <string.h>

enum {
    MOST_LOOKED_AT = 1000,
    LEAST_INPUTS = 64, /* for rows of features that may be images */
    MNIST_SIDE = 28,
    MNIST_INK = 20,
    WHITE = 255,
};
static const double MIDDLE = 127.5, FLAT = 25, EDGE = 0.95;
static const double MOST = 0.9, ALMOST_ALL = 0.99; /* shares of the images */

/* ---------------------------------------------------------------- single pictures */

void annc_ring_add(struct annc_ring *ring, const uint8_t *grey, uint32_t rows, uint32_t columns)
{
    for (uint32_t r = 0; r < rows; r++) {
        const bool whole = r == 0 || r == rows - 1;
        for (uint32_t c = 0; c < columns; c += whole || c == columns - 1 ? 1 : columns - 1) {
            ring->count[grey[(size_t)r * columns + c]]++;
            ring->pixels++;
        }
    }
}

uint8_t annc_ring_quantile(const struct annc_ring *ring, double share)
{
    uint32_t below = 0;
    int brightness = 0;
    for (; brightness < WHITE; brightness++) {
        below += ring->count[brightness];
        if (below >= share * ring->pixels)
            break;
    }
    return (uint8_t)brightness;
}

bool annc_is_mnist_like(const uint8_t *grey, uint32_t rows, uint32_t columns)
{
    uint32_t top = rows, bottom = 0, left = columns, right = 0;
    double mass = 0, down = 0, across = 0;
    if (rows != MNIST_SIDE || columns != MNIST_SIDE)
        return false;
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t c = 0; c < columns; c++) {
            const uint8_t ink = grey[r * columns + c];
            if (ink == 0)
                continue;
            top = r < top ? r : top;
            bottom = r + 1;
            left = c < left ? c : left;
            right = c + 1 > right ? c + 1 : right;
            mass += ink;
            down += (double)ink * r;
            across += (double)ink * c;
        }
    const double low = MNIST_SIDE / 2 - 0.5, high = MNIST_SIDE / 2 + 0.5;
    return mass > 0 && bottom - top <= MNIST_INK && right - left <= MNIST_INK && down >= low * mass &&
           down < high * mass && across >= low * mass && across < high * mass;
}

/* ---------------------------------------------------------------- images of a table */

/* Counts over a table's images. */
struct counts {
    uint32_t images, dark, light, flat_dark, flat_light, mnist_dark, mnist_light;
};

static void look_at(uint8_t *grey, const struct annc_look *look, struct counts *counts)
{
    struct annc_ring ring = {.pixels = 0};
    annc_ring_add(&ring, grey, look->rows, look->columns);
    const bool is_light = annc_ring_quantile(&ring, 0.5) > MIDDLE;
    counts->images++;
    counts->dark += !is_light;
    counts->light += is_light;
    counts->flat_dark += annc_ring_quantile(&ring, EDGE) < FLAT;
    counts->flat_light += annc_ring_quantile(&ring, 1 - EDGE) > WHITE - FLAT;
    if (is_light)
        for (size_t i = 0; i < (size_t)look->rows * look->columns; i++)
            grey[i] = (uint8_t)(WHITE - grey[i]);
    const bool mnist_like = annc_is_mnist_like(grey, look->rows, look->columns);
    counts->mnist_dark += mnist_like && !is_light;
    counts->mnist_light += mnist_like && is_light;
}

/* Finds the value of white: 255, 1, or 0 if the values are not brightnesses. `values` has room for
 * a row. */
static annc_status find_white(const struct annc_table *table, uint32_t step, double *values, uint32_t *white)
{
    double most = 0;
    size_t left = 0;
    *white = table->type == ANNC_BYTES ? WHITE : 0;
    for (size_t i = 0; table->type != ANNC_BYTES && i < table->rows; i += step) {
        ANNC_RETURN_IF_FAILED(annc_table_read(table, i, values));
        for (uint32_t j = 0; j < table->inputs; j++) {
            if (!(values[j] >= 0 && values[j] <= WHITE))
                return ANNC_OK;
            most = values[j] > most ? values[j] : most;
        }
        left = annc_table_leave(table, i, left);
    }
    *white = table->type == ANNC_BYTES || most > 1 ? WHITE : 1;
    return ANNC_OK;
}

/* Sets rows and columns if the inputs can form a square image. */
static void make_square(uint32_t inputs, struct annc_look *look)
{
    const uint32_t side = (uint32_t)lround(sqrt(inputs));
    if (inputs >= LEAST_INPUTS && side * side == inputs)
        look->rows = look->columns = side;
}

annc_status annc_look_learn(const struct annc_table *table, struct annc_look *look)
{
    const uint32_t step = (table->rows + MOST_LOOKED_AT - 1) / MOST_LOOKED_AT, n = table->inputs;
    annc_status status = ANNC_OK;
    struct counts counts = {.images = 0};
    size_t left = 0;
    uint8_t *grey = NULL;
    double *values = NULL;
    memset(look, 0, sizeof *look);
    if (table->image_rows > 0) {
        look->rows = table->image_rows;
        look->columns = table->image_columns;
    } else {
        make_square(n, look);
    }
    ANNC_TRY(annc_allocate(n, sizeof *values, "a row of the inputs", (void **)&values));
    ANNC_TRY(find_white(table, step, values, &look->white));
    if (look->rows == 0 || look->white == 0) {
        look->rows = look->columns = 0;
        goto out;
    }
    ANNC_TRY(annc_allocate(n, 1, "an image", (void **)&grey));
    for (size_t i = 0; i < table->rows; i += step) {
        ANNC_TRY(annc_table_read(table, i, values));
        for (uint32_t j = 0; j < n; j++)
            grey[j] = (uint8_t)lround(values[j] * WHITE / look->white);
        look_at(grey, look, &counts);
        left = annc_table_leave(table, i, left);
    }
    const double most = MOST * counts.images, almost_all = ALMOST_ALL * counts.images;
    look->background = counts.dark >= most    ? ANNC_BACKGROUND_DARK
                       : counts.light >= most ? ANNC_BACKGROUND_LIGHT
                                              : ANNC_BACKGROUND_MIXED;
    const bool light = look->background == ANNC_BACKGROUND_LIGHT;
    look->flat = (light ? counts.flat_light : counts.flat_dark) >= most;
    look->mnist_like = (light ? counts.mnist_light : counts.mnist_dark) >= almost_all;
out:
    annc_release(values);
    annc_release(grey);
    return status;
}

void annc_look_guess(uint32_t inputs, struct annc_look *look)
{
    memset(look, 0, sizeof *look);
    make_square(inputs, look);
    look->white = WHITE;
    look->background = ANNC_BACKGROUND_DARK;
    look->flat = true;
    look->mnist_like = look->rows == MNIST_SIDE;
}
