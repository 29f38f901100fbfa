#include "training/step/feed.h"
#include "base/allocate.h"
#include "base/status.h"
#include "training/step/propagate.h"

#include <string.h>

/* Largest size of a window, so that the host fills it while the device trains on the previous one;
 * a window has at least one minibatch. */
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
    /* Half of the free memory: the rest may not be available in one piece. */
    uint64_t minibatches = free / 2 / one;
    if (minibatches > WINDOW_BYTES / one)
        minibatches = WINDOW_BYTES / one;
    if (minibatches < 1)
        minibatches = 1;
    const uint64_t window = minibatches * batch;
    return window < examples->count ? (uint32_t)window : examples->count;
}

/* Allocates a window on the device. */
static annc_status open_window(struct annc_feed *feed)
{
    annc_status status = ANNC_OK;
    const struct annc_backend *backend = feed->device->backend;
    const annc_examples *examples = feed->examples;
    const size_t n = feed->window;
    void *x = NULL, *labels = NULL, *targets = NULL, *weights = NULL;
    feed->staged = *examples;
    feed->staged.count = feed->window;
    feed->staged.x = NULL;
    feed->staged.labels = NULL;
    feed->staged.targets = NULL;
    feed->staged.weights = NULL;
    ANNC_TRY(backend->alloc(feed->device, n * annc_examples_input_bytes(examples), "a window of the examples", &x));
    feed->staged.x = x;
    if (examples->labels)
        ANNC_TRY(backend->alloc(feed->device, n * sizeof(int32_t), "a window of the labels", &labels));
    feed->staged.labels = labels;
    if (examples->targets)
        ANNC_TRY(
            backend->alloc(feed->device, n * examples->outputs * sizeof(float), "a window of the targets", &targets));
    feed->staged.targets = targets;
    if (examples->weights)
        ANNC_TRY(backend->alloc(feed->device, n * sizeof(float), "a window of the weights", &weights));
    feed->staged.weights = weights;
    for (int i = 0; i < 2; i++)
        ANNC_TRY(annc_rows_open(feed->device, examples, feed->window, &feed->rows[i]));
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
    return feed->streams ? open_window(feed) : annc_examples_stage(device, examples, &feed->staged);
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

void annc_feed_close(struct annc_feed *feed)
{
    void *const memory[] = {(void *)feed->staged.x, (void *)feed->staged.labels, (void *)feed->staged.targets,
                            (void *)feed->staged.weights};
    if (!feed->device)
        return;
    for (size_t i = 0; feed->streams && i < sizeof memory / sizeof *memory; i++)
        if (memory[i])
            feed->device->backend->free(feed->device, memory[i]);
    for (int i = 0; feed->streams && i < 2; i++)
        annc_rows_close(&feed->rows[i]);
    if (!feed->streams)
        annc_examples_unstage(feed->device, &feed->staged);
    memset(feed, 0, sizeof *feed);
}

void annc_feed_fill(struct annc_feed *feed, const struct annc_order *order, uint32_t first, uint32_t count)
{
    if (feed->streams)
        annc_rows_gather(&feed->rows[feed->next], feed->examples, order, first, count);
}

annc_status annc_feed_send(struct annc_feed *feed, uint32_t count)
{
    annc_status status = ANNC_OK;
    annc_device *device = feed->device;
    const struct annc_rows *rows = &feed->rows[feed->next];
    if (!feed->streams)
        return ANNC_OK;
    feed->next = 1 - feed->next;
    ANNC_TRY(device->backend->upload(device, (void *)feed->staged.x, rows->x,
                                     count * annc_examples_input_bytes(feed->examples)));
    if (rows->labels)
        ANNC_TRY(device->backend->upload(device, (void *)feed->staged.labels, rows->labels, count * sizeof(int32_t)));
    if (rows->targets)
        ANNC_TRY(device->backend->upload(device, (void *)feed->staged.targets, rows->targets,
                                         count * feed->staged.outputs * sizeof(float)));
    if (rows->weights)
        ANNC_TRY(device->backend->upload(device, (void *)feed->staged.weights, rows->weights, count * sizeof(float)));
out:
    return status;
}
