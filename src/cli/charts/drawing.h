/* drawing.h - images drawn as text. */
#ifndef ANNC_CLI_CHARTS_DRAWING_H
#define ANNC_CLI_CHARTS_DRAWING_H

#include "annc.h"

#include <stdio.h>

/* Draws images with their captions above them, as many side by side as fit the stream's width: half
 * blocks in true colour on a colour terminal, otherwise characters by brightness. */
void draw_gallery(FILE *stream, const annc_gallery *gallery);

#endif
