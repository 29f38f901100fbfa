/* digits.c - draws handwritten digits: each in one of a few styles, as strokes with random
 * variation. A style is chosen and its control points are displaced; the whole is scaled, slanted,
 * turned and moved; a round pen of varying pressure and thickness draws the strokes. Every number
 * comes from Philox and all arithmetic is +, -, *, / and sqrt, so the bytes are the same on every
 * machine. */
#include "dataset/digits.h"
#include "base/philox.h"
#include "base/pool.h"
#include "base/processors.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- styles of digits */

enum { MOST_POINTS = 12, MOST_STROKES = 3, MOST_STYLES = 3 };

/* Points in a unit square, x to the right, y down. A curve passes smoothly through its points, a
 * line turns at them. */
struct stroke {
    enum { NOTHING, CURVE, LINE } kind;
    int points;
    float at[MOST_POINTS][2];
};

struct style {
    struct stroke stroke[MOST_STROKES];
};

struct digit {
    int styles;
    struct style style[MOST_STYLES];
};

/* clang-format off */
static const struct digit DIGITS[ANNC_DIGITS_CLASSES] = {
    {2, {{{{CURVE, 8, {{.52f, .05f}, {.24f, .20f}, {.16f, .55f}, {.34f, .92f}, {.66f, .92f}, {.84f, .55f}, {.74f, .18f}, {.50f, .05f}}}}},
         {{{CURVE, 9, {{.62f, .10f}, {.36f, .08f}, {.18f, .36f}, {.20f, .74f}, {.46f, .95f}, {.76f, .78f}, {.82f, .40f}, {.64f, .10f}, {.40f, .14f}}}}}}},
    {3, {{{{LINE, 2, {{.50f, .05f}, {.50f, .95f}}}}},
         {{{LINE, 3, {{.30f, .26f}, {.54f, .05f}, {.52f, .95f}}}}},
         {{{LINE, 3, {{.32f, .22f}, {.52f, .05f}, {.52f, .94f}}}, {LINE, 2, {{.26f, .94f}, {.78f, .94f}}}}}}},
    {2, {{{{CURVE, 6, {{.18f, .26f}, {.38f, .06f}, {.70f, .10f}, {.76f, .36f}, {.50f, .66f}, {.16f, .93f}}}, {LINE, 2, {{.16f, .93f}, {.86f, .90f}}}}},
         {{{CURVE, 10, {{.20f, .20f}, {.48f, .05f}, {.78f, .22f}, {.66f, .54f}, {.34f, .86f}, {.18f, .88f}, {.22f, .74f}, {.42f, .80f}, {.62f, .93f}, {.86f, .84f}}}}}}},
    {2, {{{{CURVE, 9, {{.20f, .16f}, {.46f, .05f}, {.74f, .18f}, {.66f, .40f}, {.42f, .47f}, {.72f, .56f}, {.78f, .78f}, {.48f, .95f}, {.18f, .84f}}}}},
         {{{LINE, 3, {{.20f, .08f}, {.78f, .08f}, {.44f, .42f}}}, {CURVE, 5, {{.44f, .42f}, {.74f, .50f}, {.80f, .74f}, {.50f, .95f}, {.18f, .86f}}}}}}},
    {3, {{{{LINE, 3, {{.28f, .06f}, {.18f, .54f}, {.84f, .54f}}}, {LINE, 2, {{.68f, .10f}, {.64f, .95f}}}}},
         {{{LINE, 4, {{.64f, .95f}, {.64f, .05f}, {.14f, .64f}, {.88f, .64f}}}}},
         {{{CURVE, 5, {{.24f, .08f}, {.20f, .36f}, {.34f, .54f}, {.60f, .48f}, {.74f, .34f}}}, {LINE, 2, {{.78f, .06f}, {.68f, .95f}}}}}}},
    {2, {{{{LINE, 3, {{.78f, .07f}, {.30f, .07f}, {.26f, .44f}}}, {CURVE, 6, {{.26f, .44f}, {.54f, .37f}, {.80f, .54f}, {.76f, .82f}, {.48f, .95f}, {.18f, .86f}}}}},
         {{{CURVE, 8, {{.74f, .08f}, {.40f, .10f}, {.28f, .30f}, {.40f, .46f}, {.70f, .56f}, {.74f, .80f}, {.48f, .95f}, {.20f, .88f}}}}}}},
    {2, {{{{CURVE, 9, {{.70f, .06f}, {.40f, .24f}, {.22f, .56f}, {.28f, .86f}, {.54f, .95f}, {.78f, .80f}, {.72f, .58f}, {.48f, .52f}, {.26f, .66f}}}}},
         {{{CURVE, 8, {{.42f, .05f}, {.28f, .36f}, {.22f, .70f}, {.42f, .94f}, {.72f, .86f}, {.74f, .64f}, {.52f, .54f}, {.30f, .72f}}}}}}},
    {3, {{{{LINE, 3, {{.16f, .08f}, {.84f, .08f}, {.40f, .95f}}}}},
         {{{LINE, 3, {{.16f, .10f}, {.82f, .08f}, {.44f, .95f}}}, {LINE, 2, {{.32f, .52f}, {.76f, .48f}}}}},
         {{{CURVE, 5, {{.18f, .20f}, {.24f, .08f}, {.48f, .12f}, {.66f, .12f}, {.82f, .06f}}}, {CURVE, 3, {{.82f, .06f}, {.58f, .46f}, {.50f, .95f}}}}}}},
    {2, {{{{CURVE, 11, {{.74f, .16f}, {.48f, .05f}, {.26f, .20f}, {.38f, .42f}, {.68f, .60f}, {.78f, .80f}, {.50f, .95f}, {.22f, .80f}, {.36f, .56f}, {.66f, .38f}, {.72f, .16f}}}}},
         {{{CURVE, 7, {{.50f, .46f}, {.28f, .32f}, {.34f, .10f}, {.62f, .06f}, {.74f, .26f}, {.56f, .44f}, {.48f, .47f}}},
           {CURVE, 7, {{.50f, .46f}, {.24f, .62f}, {.24f, .86f}, {.52f, .95f}, {.78f, .82f}, {.74f, .60f}, {.50f, .46f}}}}}}},
    {2, {{{{CURVE, 7, {{.76f, .24f}, {.54f, .06f}, {.26f, .18f}, {.28f, .44f}, {.54f, .50f}, {.74f, .34f}, {.76f, .22f}}}, {LINE, 2, {{.76f, .22f}, {.66f, .95f}}}}},
         {{{CURVE, 11, {{.74f, .20f}, {.50f, .05f}, {.26f, .22f}, {.34f, .46f}, {.60f, .46f}, {.75f, .24f}, {.76f, .22f}, {.76f, .50f}, {.68f, .80f}, {.44f, .95f}, {.22f, .86f}}}}}}},
};
/* clang-format on */

/* ---------------------------------------------------------------- random numbers */

/* The random numbers of one image: words of its own blocks of the stream, in order. */
struct chance {
    uint64_t block;
    struct annc_philox_block words;
    int next;
};

enum { BLOCKS_AN_IMAGE = 64 };
static const uint64_t DIGITS_SEED = 28;

static struct chance chance_of(uint64_t image)
{
    const struct chance chance = {image * BLOCKS_AN_IMAGE, {{0}}, 4};
    return chance;
}

/* Returns a number in [0, 1). */
static float uniform(struct chance *chance)
{
    if (chance->next == 4) {
        chance->words = annc_philox(DIGITS_SEED, ANNC_STREAM_DIGITS, chance->block++);
        chance->next = 0;
    }
    return (float)(chance->words.word[chance->next++] >> 8) * (1.0f / (1 << 24));
}

static float between(struct chance *chance, float low, float high)
{
    return low + (high - low) * uniform(chance);
}

/* Returns a number around 0, within width, more often near 0 (the sum of two uniform numbers). */
static float around(struct chance *chance, float width)
{
    const float first = uniform(chance);
    return (first + uniform(chance) - 1) * width;
}

/* ---------------------------------------------------------------- drawing */

/* Ranges of the variation between hands. Lengths are in pixels if named so, otherwise in digit
 * heights. */
static const float HEIGHT_PIXELS_LOW = 15.0f, HEIGHT_PIXELS_HIGH = 21.0f;
static const float WIDTH_LOW = 0.62f, WIDTH_HIGH = 1.05f; /* relative to the height */
static const float SLANT = 0.38f, TURN = 0.10f;           /* tangent; half turns */
static const float SHIFT_PIXELS = 3.0f, SHAKE = 0.11f;
static const float PEN_LOW = 0.65f, PEN_HIGH = 1.75f; /* radius in pixels */
static const float PRESSURE_LOW = 0.70f;

struct hand {
    float xx, xy, yx, yy, x0, y0; /* from the unit square to pixels */
    float pen, pressure;
};

static struct hand hand_of(struct chance *chance)
{
    const float height = between(chance, HEIGHT_PIXELS_LOW, HEIGHT_PIXELS_HIGH);
    const float width = height * between(chance, WIDTH_LOW, WIDTH_HIGH);
    const float slant = around(chance, SLANT), turn = around(chance, TURN);
    double sine, cosine;
    struct hand hand;
    annc_sincospi(1 + (double)turn, &sine,
                  &cosine); /* half a turn away, since v must be above 0; both then change sign */
    const float s = (float)-sine, c = (float)-cosine;
    hand.xx = c * width;
    hand.xy = -(s + slant * c) * height;
    hand.yx = s * width;
    hand.yy = (c - slant * s) * height;
    const float middle = (float)ANNC_DIGITS_SIDE / 2;
    hand.x0 = middle - (hand.xx + hand.xy) / 2 + around(chance, SHIFT_PIXELS);
    hand.y0 = middle - (hand.yx + hand.yy) / 2 + around(chance, SHIFT_PIXELS);
    hand.pen = between(chance, PEN_LOW, PEN_HIGH);
    hand.pressure = between(chance, PRESSURE_LOW, 1);
    return hand;
}

/* Adds ink along a straight piece, by the distance of each pixel's centre from it. Each end is
 * displaced at random. */
static void draw_piece(const struct hand *hand, const float from[2], const float to[2], float *ink)
{
    const float dx = to[0] - from[0], dy = to[1] - from[1], length2 = dx * dx + dy * dy, reach = hand->pen + 1;
    const float left = (from[0] < to[0] ? from[0] : to[0]) - reach, right = (from[0] > to[0] ? from[0] : to[0]) + reach;
    const float top = (from[1] < to[1] ? from[1] : to[1]) - reach, bottom = (from[1] > to[1] ? from[1] : to[1]) + reach;
    const int x_first = left > 0 ? (int)left : 0, x_end = right < ANNC_DIGITS_SIDE ? (int)right + 1 : ANNC_DIGITS_SIDE;
    const int y_first = top > 0 ? (int)top : 0, y_end = bottom < ANNC_DIGITS_SIDE ? (int)bottom + 1 : ANNC_DIGITS_SIDE;
    for (int y = y_first; y < y_end; y++)
        for (int x = x_first; x < x_end; x++) {
            const float px = (float)x + 0.5f - from[0], py = (float)y + 0.5f - from[1];
            float along = (px * dx + py * dy) / length2;
            along = along < 0 ? 0 : along > 1 ? 1 : along;
            const float ex = px - along * dx, ey = py - along * dy;
            const float depth =
                hand->pen + 0.5f - sqrtf(ex * ex + ey * ey); /* depth in the stroke, with an edge of one pixel */
            float *pixel = &ink[y * ANNC_DIGITS_SIDE + x];
            const float laid = depth < 0 ? 0 : depth > 1 ? 1 : depth;
            *pixel = laid > *pixel ? laid : *pixel;
        }
}

/* Interpolates between points 1 and 2 of four, at t in [0, 1] (Catmull and Rom, A class of local
 * interpolating splines, 1974). */
static float spline(float p0, float p1, float p2, float p3, float t)
{
    return p1 + t * ((p2 - p0) + t * ((2 * p0 - 5 * p1 + 4 * p2 - p3) + t * (3 * (p1 - p2) + p3 - p0))) / 2;
}

static void draw_stroke(struct chance *chance, const struct hand *hand, const struct stroke *stroke, float *ink)
{
    enum { PIECES = 5 }; /* per curve segment between two points */
    float points[MOST_POINTS][2], from[2], to[2];
    for (int i = 0; i < stroke->points; i++) {
        const float x = stroke->at[i][0] + around(chance, SHAKE), y = stroke->at[i][1] + around(chance, SHAKE);
        points[i][0] = hand->x0 + hand->xx * x + hand->xy * y;
        points[i][1] = hand->y0 + hand->yx * x + hand->yy * y;
    }
    const int last = stroke->points - 1, pieces = stroke->kind == CURVE ? PIECES : 1;
    memcpy(from, points[0], sizeof from);
    for (int i = 0; i < last; i++) {
        const float *p0 = points[i > 0 ? i - 1 : 0], *p3 = points[i + 2 <= last ? i + 2 : last];
        for (int piece = 1; piece <= pieces; piece++) {
            const float t = (float)piece / (float)pieces;
            for (int d = 0; d < 2; d++)
                to[d] = pieces == 1 ? points[i + 1][d] : spline(p0[d], points[i][d], points[i + 1][d], p3[d], t);
            draw_piece(hand, from, to, ink);
            memcpy(from, to, sizeof from);
        }
    }
}

/* Converts ink to bytes, with a little noise in the ink. */
static void develop(struct chance *chance, const struct hand *hand, const float *ink, uint8_t *image)
{
    for (int i = 0; i < ANNC_DIGITS_PIXELS; i++) {
        float value = ink[i] * hand->pressure * 255;
        if (value > 0)
            value += around(chance, 24);
        image[i] = value < 1 ? 0 : value > 255 ? 255 : (uint8_t)value;
    }
}

/* Draws an image and returns its label. */
static int32_t draw_image(uint64_t number, uint8_t *image)
{
    float ink[ANNC_DIGITS_PIXELS] = {0};
    struct chance chance = chance_of(number);
    const int label = (int)(uniform(&chance) * ANNC_DIGITS_CLASSES);
    const struct digit *digit = &DIGITS[label];
    const struct style *style = &digit->style[(int)(uniform(&chance) * (float)digit->styles)];
    const struct hand hand = hand_of(&chance);
    for (int s = 0; s < MOST_STROKES && style->stroke[s].kind != NOTHING; s++)
        draw_stroke(&chance, &hand, &style->stroke[s], ink);
    develop(&chance, &hand, ink, image);
    return label;
}

/* Images that threads share: any image is drawn by itself. */
struct sheet {
    uint32_t count;
    uint64_t first;
    uint8_t *images;
    int32_t *labels;
    int threads;
};

static void draw_part(void *context, int part)
{
    const struct sheet *sheet = context;
    const uint64_t count = sheet->count, threads = (uint64_t)sheet->threads, i = (uint64_t)part;
    for (size_t at = count * i / threads; at < count * (i + 1) / threads; at++)
        sheet->labels[at] = draw_image(sheet->first + at, sheet->images + at * ANNC_DIGITS_PIXELS);
}

/* Returns how many threads draw so many images; each should have enough to be worth its start. */
static int threads_for(uint32_t count)
{
    enum { WORTH_A_THREAD = 100 };
    const int processors = annc_usable_processors(), most = (int)(count / WORTH_A_THREAD);
    return most < 1 ? 1 : most < processors ? most : processors;
}

void annc_digits_draw(uint32_t count, uint64_t first, uint8_t *images, int32_t *labels)
{
    struct sheet sheet = {.count = count, .first = first, .images = images, .labels = labels};
    struct annc_pool *pool = NULL;
    sheet.threads = threads_for(count);
    if (sheet.threads > 1 && annc_pool_open(sheet.threads, &pool) != ANNC_OK)
        sheet.threads = 1;
    annc_pool_run(pool, sheet.threads, draw_part, &sheet);
    annc_pool_close(pool);
}
