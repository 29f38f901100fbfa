#include "training/step/feed.h"
#include "base/allocate.h"
#include "base/status.h"
#include "training/step/propagate.h"

#include <string.h>

/* Largest size of a window, so that it is gathered and copied while the device trains on the
 * previous one; a window has at least one minibatch. */
enum { WINDOW_BYTES = 64 << 20 };

/* Share of the free memory reserved for test sets and health checks. */
static const double FOR_MEASURES = 0.2;

static size_t example_bytes(const annc_examples *examples)
{
    return annc_examples_input_bytes(examples) +
           (examples->labels ? sizeof(int32_t) : examples->outputs * sizeof(float)) +
           (examples->weights ? sizeof(float) : 0);
}

size_t annc_examples_bytes(const annc_examples *examples)
{
    return annc_product(examples->count, example_bytes(examples));
}

/* ---------------------------------------------------------------- rows */

static annc_status take_rows(annc_device *device, uint32_t count, size_t row, void **memory)
{
    static const char what[] = "some examples";
    return device ? device->backend->alloc_host(device, annc_product(count, row), what, memory)
                  : annc_allocate(count, row, what, memory);
}

annc_status annc_rows_open(annc_device *device, const annc_examples *examples, uint32_t count, struct annc_rows *rows)
{
    annc_status status = ANNC_OK;
    void *labels = NULL, *targets = NULL, *weights = NULL;
    memset(rows, 0, sizeof *rows);
    rows->device = device;
    ANNC_TRY(take_rows(device, count, annc_examples_input_bytes(examples), &rows->x));
    if (examples->labels)
        ANNC_TRY(take_rows(device, count, sizeof(int32_t), &labels));
    rows->labels = labels;
    if (examples->targets)
        ANNC_TRY(take_rows(device, count, examples->outputs * sizeof(float), &targets));
    rows->targets = targets;
    if (examples->weights)
        ANNC_TRY(take_rows(device, count, sizeof(float), &weights));
    rows->weights = weights;
out:
    return status;
}

void annc_rows_close(struct annc_rows *rows)
{
    void *const memory[] = {rows->x, rows->labels, rows->targets, rows->weights};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i] && rows->device)
            rows->device->backend->free_host(rows->device, memory[i]);
        else
            annc_release(memory[i]);
    memset(rows, 0, sizeof *rows);
}

annc_examples annc_rows_examples(const struct annc_rows *rows, const annc_examples *examples, uint32_t count)
{
    annc_examples some = *examples;
    some.count = count;
    some.x = rows->x;
    some.labels = rows->labels;
    some.targets = rows->targets;
    some.weights = rows->weights;
    return some;
}

void annc_rows_gather(struct annc_rows *rows, const annc_examples *examples, const struct annc_order *order,
                      uint32_t first, uint32_t count)
{
    const size_t input = annc_examples_input_bytes(examples), outputs = examples->outputs;
    for (size_t i = 0; i < count; i++) {
        const size_t example = annc_order_at(order, first + (uint32_t)i);
        memcpy((char *)rows->x + i * input, (const char *)examples->x + example * input, input);
        if (rows->labels)
            rows->labels[i] = examples->labels[example];
        if (rows->targets)
            memcpy(rows->targets + i * outputs, examples->targets + example * outputs, outputs * sizeof(float));
        if (rows->weights)
            rows->weights[i] = examples->weights[example];
    }
}

/* ---------------------------------------------------------------- windows */

uint32_t annc_feed_window(const annc_examples *examples, uint32_t batch, uint64_t free)
{
    const size_t one = annc_product(batch, example_bytes(examples)); /* bytes per minibatch */
    /* A quarter of the free memory, for there are two: the rest may not be available in one piece. */
    uint64_t minibatches = free / 4 / one;
    if (minibatches > WINDOW_BYTES / one)
        minibatches = WINDOW_BYTES / one;
    if (minibatches < 1)
        minibatches = 1;
    const uint64_t window = minibatches * batch;
    return window < examples->count ? (uint32_t)window : examples->count;
}

/* Allocates a window on the device. */
static annc_status open_window(const struct annc_feed *feed, annc_examples *window)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = feed->device->backend;
    const annc_examples *examples = feed->examples;
    const size_t n = feed->window;
    void *x = NULL, *labels = NULL, *targets = NULL, *weights = NULL;
    ANNC_TRY(backend->alloc(feed->device, n * annc_examples_input_bytes(examples), "a window of the examples", &x));
    window->x = x;
    if (examples->labels)
        ANNC_TRY(backend->alloc(feed->device, n * sizeof(int32_t), "a window of the labels", &labels));
    window->labels = labels;
    if (examples->targets)
        ANNC_TRY(
            backend->alloc(feed->device, n * examples->outputs * sizeof(float), "a window of the targets", &targets));
    window->targets = targets;
    if (examples->weights)
        ANNC_TRY(backend->alloc(feed->device, n * sizeof(float), "a window of the weights", &weights));
    window->weights = weights;
out:
    return status;
}

static annc_status open_windows(struct annc_feed *feed)
{
    annc_status status = ANNC_OK;
    feed->staged = *feed->examples;
    feed->staged.count = feed->window;
    feed->staged.x = NULL;
    feed->staged.labels = NULL;
    feed->staged.targets = NULL;
    feed->staged.weights = NULL;
    feed->next = feed->staged;
    ANNC_TRY(open_window(feed, &feed->staged));
    ANNC_TRY(open_window(feed, &feed->next));
    ANNC_TRY(annc_rows_open(feed->device, feed->examples, feed->window, &feed->rows));
out:
    return status;
}

/* Opens a feed with `free` bytes for the examples. */
static annc_status open_within(annc_device *device, const annc_examples *examples, uint32_t batch, uint64_t free,
                               struct annc_feed *feed)
{
    memset(feed, 0, sizeof *feed);
    feed->device = device;
    feed->examples = examples;
    feed->streams = !device->backend->host_memory && annc_examples_bytes(examples) > free;
    feed->window = feed->streams ? annc_feed_window(examples, batch, free) : examples->count;
    return feed->streams ? open_windows(feed) : annc_examples_stage(device, examples, &feed->staged);
}

annc_status annc_feed_open(annc_device *device, const annc_examples *examples, uint32_t batch, uint64_t beside,
                           struct annc_feed *feed)
{
    annc_status status = ANNC_OK;
    const size_t all = annc_examples_bytes(examples);
    uint64_t free = UINT64_MAX;
    memset(feed, 0, sizeof *feed);
    if (!device->backend->host_memory) {
        ANNC_TRY(device->backend->free_memory(device, &free));
        free = free > beside ? (uint64_t)((double)(free - beside) * (1 - FOR_MEASURES)) : 0;
    }
    status = open_within(device, examples, batch, free, feed);
    if ((status == ANNC_MEMORY || status == ANNC_DEVICE) && !device->backend->host_memory &&
        !feed->streams) { /* not available in one piece */
        annc_feed_close(feed);
        status = open_within(device, examples, batch, free < all ? free : all - 1, feed);
    }
out:
    return status;
}

static void close_window(annc_device *device, const annc_examples *window)
{
    void *const memory[] = {(void *)window->x, (void *)window->labels, (void *)window->targets,
                            (void *)window->weights};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            device->backend->free(device, memory[i]);
}

void annc_feed_close(struct annc_feed *feed)
{
    if (!feed->device)
        return;
    if (feed->is_filled)
        feed->device->backend->await_copies(feed->device);
    if (feed->streams) {
        close_window(feed->device, &feed->staged);
        close_window(feed->device, &feed->next);
        annc_rows_close(&feed->rows);
    } else {
        annc_examples_unstage(feed->device, &feed->staged);
    }
    memset(feed, 0, sizeof *feed);
}

/* Begins the copies of `count` examples. */
static annc_status copy_examples(const struct annc_feed *feed, const annc_examples *to, const annc_examples *from,
                                 size_t count)
{
    const annc_examples *examples = feed->examples;
    const struct {
        const void *to, *from;
        size_t row;
    } arrays[] = {{to->x, from->x, annc_examples_input_bytes(examples)},
                  {to->labels, from->labels, sizeof(int32_t)},
                  {to->targets, from->targets, examples->outputs * sizeof(float)},
                  {to->weights, from->weights, sizeof(float)}};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (arrays[i].to)
            ANNC_RETURN_IF_FAILED(feed->device->backend->copy_beside(feed->device, (void *)arrays[i].to, arrays[i].from,
                                                                     count * arrays[i].row));
    return ANNC_OK;
}

annc_status annc_feed_fill(struct annc_feed *feed, const struct annc_order *order, uint32_t first, uint32_t count)
{
    if (!feed->streams)
        return ANNC_OK;
    if (feed->is_filled) /* a window that was not used, of an epoch that was stopped */
        ANNC_RETURN_IF_FAILED(feed->device->backend->await_copies(feed->device));
    annc_rows_gather(&feed->rows, feed->examples, order, first, count);
    feed->is_filled = true;
    const annc_examples rows = annc_rows_examples(&feed->rows, feed->examples, count);
    return copy_examples(feed, &feed->next, &rows, count);
}

annc_status annc_feed_advance(struct annc_feed *feed, uint32_t count)
{
    annc_status status = ANNC_OK;
    if (!feed->streams)
        return ANNC_OK;
    /* The addresses of the examples are part of recorded steps, and stay. */
    ANNC_TRY(copy_examples(feed, &feed->staged, &feed->next, count));
    ANNC_TRY(feed->device->backend->await_copies(feed->device));
    feed->is_filled = false;
out:
    return status;
}
