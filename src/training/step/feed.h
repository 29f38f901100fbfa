/* feed.h - brings an epoch's examples to a device: all staged once, or, if they do not fit, one
 * window after another. */
#ifndef ANNC_TRAINING_STEP_FEED_H
#define ANNC_TRAINING_STEP_FEED_H

#include "backend/backend.h"

/* A host buffer of examples, in memory from which the device copies fastest, or, with device NULL,
 * in ordinary memory. */
struct annc_rows {
    annc_device *device;
    void *x;
    int32_t *labels;
    float *targets, *weights;
};

annc_status annc_rows_open(annc_device *device, const annc_examples *examples, uint32_t count, struct annc_rows *rows);
void annc_rows_close(struct annc_rows *rows);
/* Returns the first `count` rows as a data set with the properties of `examples`. */
annc_examples annc_rows_examples(const struct annc_rows *rows, const annc_examples *examples, uint32_t count);
/* Copies the examples at positions first...first + count - 1 of an order. */
void annc_rows_gather(struct annc_rows *rows, const annc_examples *examples, const struct annc_order *order,
                      uint32_t first, uint32_t count);

/* The examples of one trainer. */
struct annc_feed {
    annc_device *device;
    const annc_examples *examples; /* all of them, the caller's */
    annc_examples staged;          /* on the device: all of them, or one window */
    annc_examples next;            /* on the device, if examples come in windows: the one after */
    bool streams;                  /* true if examples come in windows */
    /* Examples per window, in whole minibatches; all of them if nothing streams. */
    uint32_t window;
    struct annc_rows rows; /* on the host, of the next window */
    bool is_filled;        /* the next window is on its way to the device */
};

/* annc_examples_bytes returns the bytes of all examples on the device; annc_feed_window the
 * examples of a window that fits in `free` bytes. */
size_t annc_examples_bytes(const annc_examples *examples);
uint32_t annc_feed_window(const annc_examples *examples, uint32_t batch, uint64_t free);

/* Stages the examples, or, if they do not fit beside `beside` bytes that the caller will allocate,
 * allocates a window. ANNC_MEMORY if no minibatch fits. */
annc_status annc_feed_open(annc_device *device, const annc_examples *examples, uint32_t batch, uint64_t beside,
                           struct annc_feed *feed);
void annc_feed_close(struct annc_feed *feed);

/* Gathers the next window of the order and begins its copy to the device, beside the steps on the
 * present one; does nothing if all examples are staged. */
annc_status annc_feed_fill(struct annc_feed *feed, const struct annc_order *order, uint32_t first, uint32_t count);
/* Waits for the window filled last and stages it in place of the present one, on which no step may
 * still run. */
annc_status annc_feed_advance(struct annc_feed *feed, uint32_t count);

#endif
