/* gallery.c - makes images of examples, class means, weights and mistakes. */
#include "cli/charts/gallery.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/charts/drawing.h"
#include "cli/options/note.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLOURS = 3, WHITE = 255 };

void gallery_open(uint32_t count, uint32_t rows, uint32_t columns, bool captions, const char *title,
                  struct gallery *gallery)
{
    memset(gallery, 0, sizeof *gallery);
    gallery->pixels = take_memory(count, (size_t)rows * columns * COLOURS, "the images");
    gallery->text = take_memory(count, sizeof *gallery->text, "the captions");
    gallery->captions = take_memory(count, sizeof *gallery->captions, "the captions");
    for (uint32_t i = 0; i < count; i++)
        gallery->captions[i] = gallery->text[i];
    gallery->images = (annc_gallery){count, rows, columns, gallery->pixels, captions ? gallery->captions : NULL, title};
}

void gallery_close(struct gallery *gallery)
{
    free(gallery->pixels);
    free(gallery->text);
    free(gallery->captions);
}

void gallery_caption(struct gallery *gallery, uint32_t i, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(gallery->text[i], CAPTION_SIZE, format, arguments);
    va_end(arguments);
}

static uint8_t *image(struct gallery *gallery, uint32_t i)
{
    return gallery->pixels + (size_t)i * gallery->images.rows * gallery->images.columns * COLOURS;
}

/* ---------------------------------------------------------------- output */

static void note_useless_captions(const struct options *options, const struct gallery *gallery)
{
    const char *path = options->value[OPTION_OUT].text;
    if (!options->value[OPTION_CAPTIONS].given)
        return;
    if (!gallery->images.captions)
        note(options, "note: --captions has no effect: these images have no captions");
    else if (!path || !annc_ends_with(path, ".png"))
        note(options, "note: --captions has no effect: the screen and SVG files always have captions");
}

annc_status gallery_present(const struct options *options, const struct gallery *gallery)
{
    const char *path = options->value[OPTION_OUT].text;
    note_useless_captions(options, gallery);
    if (!path) {
        draw_gallery(stdout, &gallery->images);
        return ANNC_OK;
    }
    annc_gallery images = gallery->images;
    if (!options->value[OPTION_CAPTIONS].given && annc_ends_with(path, ".png"))
        images.captions = NULL;
    set_stop_policy(END_WHEN_ASKED); /* complete every started file */
    const annc_status status = annc_gallery_draw(&images, path);
    if (status == ANNC_OK && !is_standard_output(path))
        note(options, "wrote %s (%u image%s)", path, gallery->images.count, annc_plural(gallery->images.count));
    return status;
}

/* ---------------------------------------------------------------- examples */

static annc_status image_size(const annc_dataset *dataset, uint32_t *rows, uint32_t *columns)
{
    annc_dataset_image_size(dataset, rows, columns);
    if (*columns > 1)
        return ANNC_OK;
    return annc_fail(ANNC_INPUT, "the data are rows of %u feature%s, not images", *rows, annc_plural(*rows));
}

static void put_grey(struct gallery *gallery, uint32_t i, const uint8_t *grey)
{
    const size_t pixels = (size_t)gallery->images.rows * gallery->images.columns;
    for (size_t p = 0; p < pixels; p++)
        memset(image(gallery, i) + p * COLOURS, grey[p], COLOURS);
}

static void put_example(struct gallery *gallery, uint32_t i, const annc_dataset *dataset, uint32_t example)
{
    uint8_t *grey = take_memory(annc_dataset_examples(dataset)->inputs, 1, "an image");
    annc_dataset_image(dataset, example, grey);
    put_grey(gallery, i, grey);
    free(grey);
}

annc_status gallery_of_examples(const annc_dataset *dataset, uint32_t first, uint32_t count, struct gallery *gallery)
{
    const int32_t *labels = annc_dataset_labels(dataset);
    uint32_t rows, columns;
    memset(gallery, 0, sizeof *gallery);
    ANNC_RETURN_IF_FAILED(image_size(dataset, &rows, &columns));
    gallery_open(count, rows, columns, labels != NULL, "examples", gallery);
    for (uint32_t i = 0; i < count; i++) {
        put_example(gallery, i, dataset, first + i);
        if (labels)
            gallery_caption(gallery, i, "%s", annc_dataset_class_name(dataset, (uint32_t)labels[first + i]));
    }
    return ANNC_OK;
}

/* ---------------------------------------------------------------- means */

/* Sums of brightnesses, and counts, per class. */
static void add_up(const annc_dataset *dataset, uint8_t *grey, uint64_t *sums, uint32_t *counts)
{
    const annc_examples *examples = annc_dataset_examples(dataset);
    for (uint32_t i = 0; i < examples->count; i++) {
        const size_t c = (size_t)annc_dataset_labels(dataset)[i];
        annc_dataset_image(dataset, i, grey);
        counts[c]++;
        for (uint32_t p = 0; p < examples->inputs; p++)
            sums[c * examples->inputs + p] += grey[p];
    }
}

annc_status gallery_of_means(const annc_dataset *dataset, struct gallery *gallery)
{
    const annc_examples *examples = annc_dataset_examples(dataset);
    const uint32_t classes = annc_dataset_class_count(dataset);
    uint32_t rows, columns;
    memset(gallery, 0, sizeof *gallery);
    ANNC_RETURN_IF_FAILED(image_size(dataset, &rows, &columns));
    if (classes == 0)
        return annc_fail(ANNC_INPUT, "--what means needs classes, but the data have targets");
    gallery_open(classes, rows, columns, true, "mean of each class", gallery);
    uint64_t *sums = take_memory((size_t)classes * examples->inputs, sizeof *sums, "the means");
    uint32_t *counts = take_memory(classes, sizeof *counts, "the means");
    uint8_t *grey = take_memory(examples->inputs, 1, "an image");
    add_up(dataset, grey, sums, counts);
    for (uint32_t c = 0; c < classes; c++) {
        for (uint32_t p = 0; p < examples->inputs; p++)
            grey[p] = counts[c] ? (uint8_t)(sums[(size_t)c * examples->inputs + p] / counts[c]) : 0;
        put_grey(gallery, c, grey);
        gallery_caption(gallery, c, "%s", annc_dataset_class_name(dataset, c));
    }
    free(sums);
    free(counts);
    free(grey);
    return ANNC_OK;
}

/* ---------------------------------------------------------------- weights */

/* Sets a colour from blue through black to orange; `at` is within [-1, 1]. */
static void put_colour(uint8_t *pixel, double at)
{
    static const uint8_t above[COLOURS] = {255, 165, 60}, below[COLOURS] = {70, 150, 255};
    for (int i = 0; i < COLOURS; i++)
        pixel[i] = (uint8_t)lround(fabs(at) * (at > 0 ? above : below)[i]);
}

static double largest_of(const float *values, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)values[i]));
    return largest > 0 ? largest : 1;
}

bool network_takes_images(const annc_network *network, uint32_t *rows, uint32_t *columns)
{
    const char *images = annc_network_metadata(network, "annc.images");
    return images && sscanf(images, "[%9u,%9u", rows, columns) == 2 && *columns > 1 &&
           (uint64_t)*rows * *columns == annc_network_shape(network)->width[0];
}

void gallery_of_weights(const annc_network *network, uint32_t l, uint32_t count, struct gallery *gallery)
{
    const annc_shape *shape = annc_network_shape(network);
    const float *W = annc_network_parameters_const(network) + annc_shape_weights_at(shape, l);
    const uint32_t units = shape->width[l] < count ? shape->width[l] : count, inputs = shape->width[l - 1];
    uint32_t rows, columns;
    const bool are_images = l == 1 && network_takes_images(network, &rows, &columns);
    rows = are_images ? rows : units;
    columns = are_images ? columns : inputs;
    const size_t pixels = (size_t)rows * columns;
    gallery_open(are_images ? units : 1, rows, columns, are_images, "weights", gallery);
    for (uint32_t i = 0; i < gallery->images.count; i++) {
        const double largest = largest_of(W + i * pixels, pixels);
        for (size_t p = 0; p < pixels; p++)
            put_colour(image(gallery, i) + p * COLOURS, (double)W[i * pixels + p] / largest);
        gallery_caption(gallery, i, "%u", i + 1);
    }
}

annc_status gallery_of_saliency(const annc_dataset *dataset, uint32_t example, const double *slope,
                                struct gallery *gallery)
{
    const uint32_t pixels = annc_dataset_examples(dataset)->inputs;
    uint32_t rows, columns;
    double largest = 0;
    memset(gallery, 0, sizeof *gallery);
    ANNC_RETURN_IF_FAILED(image_size(dataset, &rows, &columns));
    gallery_open(2, rows, columns, true, "saliency", gallery);
    put_example(gallery, 0, dataset, example);
    gallery_caption(gallery, 0, "example %u", example + 1);
    for (uint32_t p = 0; p < pixels; p++)
        largest = fmax(largest, fabs(slope[p]));
    for (uint32_t p = 0; p < pixels && largest > 0; p++)
        put_colour(image(gallery, 1) + (size_t)p * COLOURS, slope[p] / largest);
    gallery_caption(gallery, 1, "dC/dx");
    return ANNC_OK;
}

/* ---------------------------------------------------------------- mistakes */

static int by_margin(const void *first, const void *second)
{
    const struct mistake *a = first, *b = second;
    if (a->margin < b->margin || a->margin > b->margin)
        return a->margin < b->margin ? 1 : -1;
    return a->example < b->example ? -1 : 1;
}

struct mistake *find_mistakes(const annc_dataset *dataset, const int32_t *predictions, const float *outputs,
                              uint32_t *count)
{
    const annc_examples *examples = annc_dataset_examples(dataset);
    const int32_t *labels = annc_dataset_labels(dataset);
    const uint32_t n = examples->outputs;
    struct mistake *mistakes = take_memory(examples->count, sizeof *mistakes, "the mistakes");
    *count = 0;
    for (uint32_t i = 0; i < examples->count; i++) {
        const float *a = outputs + (size_t)i * n;
        if (predictions[i] == labels[i])
            continue;
        const float margin = n == 1 ? (predictions[i] ? a[0] : -a[0]) : a[predictions[i]] - a[labels[i]];
        mistakes[(*count)++] = (struct mistake){i, margin};
    }
    qsort(mistakes, *count, sizeof *mistakes, by_margin);
    return mistakes;
}

annc_status gallery_of_mistakes(const annc_dataset *dataset, const int32_t *predictions, const float *outputs,
                                uint32_t count, struct gallery *gallery)
{
    const int32_t *labels = annc_dataset_labels(dataset);
    uint32_t rows, columns, all;
    memset(gallery, 0, sizeof *gallery);
    ANNC_RETURN_IF_FAILED(image_size(dataset, &rows, &columns));
    struct mistake *mistakes = find_mistakes(dataset, predictions, outputs, &all);
    count = all < count ? all : count;
    gallery_open(count, rows, columns, true, "mistakes, the worst first", gallery);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t example = mistakes[i].example;
        put_example(gallery, i, dataset, example);
        gallery_caption(gallery, i, "%.16s not %.16s", annc_dataset_class_name(dataset, (uint32_t)labels[example]),
                        annc_dataset_class_name(dataset, (uint32_t)predictions[example]));
    }
    free(mistakes);
    return ANNC_OK;
}
