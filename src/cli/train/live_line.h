/* live_line.h - the progress line on a terminal: redrawn at intervals, below all other lines. */
#ifndef ANNC_CLI_TRAIN_LIVE_LINE_H
#define ANNC_CLI_TRAIN_LIVE_LINE_H

#include "annc.h"

#include <stdio.h>

enum { LIVE_LOSSES = 16, LIVE_LINE = 512 };

struct live {
    FILE *stream;         /* NULL: no line */
    uint32_t epochs;      /* requested */
    uint32_t examples;    /* per epoch */
    uint32_t first_epoch; /* completed before this process */
    double started, ends; /* seconds of the process: start of training; limit or 0 */
    double drawn;         /* time of the last redraw */
    double epoch_started;
    double losses[LIVE_LOSSES]; /* of the last epochs, a ring buffer */
    uint32_t loss_count;
    bool is_there; /* on the screen */
    char line[LIVE_LINE];
};

/* Begins the line of a training, if standard error is a terminal that can redraw lines. */
void live_open(struct live *live, uint32_t epochs, uint32_t done, uint32_t examples, double ends);
/* Redraws the line, unless it was redrawn a moment ago: `share` of epoch `done` + 1 is complete. */
void live_draw(struct live *live, uint32_t done, double share);
/* Records a completed epoch. */
void live_epoch(struct live *live, double loss);
/* Remove the line from the screen, so that another line can be printed; restore it. */
void live_hide(struct live *live);
void live_show(struct live *live);

#endif
