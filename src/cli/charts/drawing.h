/* drawing.h - images as text. */
#ifndef ANNC_CLI_CHARTS_DRAWING_H
#define ANNC_CLI_CHARTS_DRAWING_H

#include "annc.h"

#include <stdio.h>

/* Draws images, as many side by side as the stream is wide, their captions above them: in half blocks of true colour on a terminal that has
 * colour, otherwise in characters, by brightness. */
void draw_gallery(FILE *stream, const annc_gallery *gallery);

#endif
