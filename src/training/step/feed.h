/* feed.h - how the examples of an epoch come to a device: staged once, or, where they do not fit, a window of them after another. */
#ifndef ANNC_TRAINING_STEP_FEED_H
#define ANNC_TRAINING_STEP_FEED_H

#include "backend/backend.h"

/* Some examples in host memory of their own: of the kind that a device copies from at its best speed, or, with device NULL, of any. */
struct annc_rows {
    annc_device *device;
    void *x;
    int32_t *labels;
    float *targets;
};

annc_status annc_rows_open(annc_device *device, const annc_examples *examples, uint32_t count, struct annc_rows *rows);
void annc_rows_close(struct annc_rows *rows);
/* The first `count` of them as a data set like the one that they are of. */
annc_examples annc_rows_examples(const struct annc_rows *rows, const annc_examples *examples, uint32_t count);
/* Copies the examples at positions first...first + count - 1 of an order. */
void annc_rows_gather(struct annc_rows *rows, const annc_examples *examples, const struct annc_order *order,
                      uint32_t first, uint32_t count);

/* The examples of one trainer. */
struct annc_feed {
    annc_device *device;
    const annc_examples *examples; /* all of them, the caller's */
    annc_examples staged;          /* on the device: all of them, or room for a window */
    bool streams;                  /* window by window */
    uint32_t window;               /* examples of a window, whole minibatches; all of them where nothing streams */
    struct annc_rows rows[2];      /* of a window: one is being copied from while the other is filled */
    int next;                      /* which of them is filled for the next window */
};

/* Bytes of examples on the device, staged whole; and of the window that they shrink to where only `free` bytes are left for them. */
size_t annc_examples_bytes(const annc_examples *examples);
uint32_t annc_feed_window(const annc_examples *examples, uint32_t batch, uint64_t free);

/* Stages the examples, or, where they do not fit beside the bytes that the caller goes on to take, makes room for windows of them. */
annc_status annc_feed_open(annc_device *device, const annc_examples *examples, uint32_t batch, uint64_t beside,
                           struct annc_feed *feed);
void annc_feed_close(struct annc_feed *feed);

/* Fills host memory with a window of the order; does nothing where all is staged. */
void annc_feed_fill(struct annc_feed *feed, const struct annc_order *order, uint32_t first, uint32_t count);
/* Brings what was filled last to the device, where it takes the place of the window before. */
annc_status annc_feed_send(struct annc_feed *feed, uint32_t count);

#endif
