/* live_line.h - one line on a terminal that shows how a training goes while it goes: redrawn now and then, moved down with the lines above it. */
#ifndef ANNC_CLI_TRAIN_LIVE_LINE_H
#define ANNC_CLI_TRAIN_LIVE_LINE_H

#include "annc.h"

#include <stdio.h>

enum { LIVE_LOSSES = 16, LIVE_LINE = 512 };

struct live {
    FILE *stream;         /* NULL: nothing is drawn */
    uint32_t epochs;      /* asked for */
    uint32_t examples;    /* an epoch */
    uint32_t first_epoch; /* done before this process */
    double started, ends; /* seconds since the start of the process: of the training, and its limit or 0 */
    double drawn;         /* when it was last made anew */
    double epoch_started;
    double losses[LIVE_LOSSES]; /* of the last epochs, in a ring */
    uint32_t loss_count;
    bool is_there; /* on the screen */
    char line[LIVE_LINE];
};

/* Begins a line for a training, where standard error is a terminal that can redraw lines. */
void live_open(struct live *live, uint32_t epochs, uint32_t done, uint32_t examples, double ends);
/* Draws it anew, unless it was a moment ago: in epoch `done` + 1, of which so much is done. */
void live_draw(struct live *live, uint32_t done, double share);
/* An epoch is over. */
void live_epoch(struct live *live, double loss);
/* Takes it off the screen, for another line to be printed; and puts it back. */
void live_hide(struct live *live);
void live_show(struct live *live);

#endif
