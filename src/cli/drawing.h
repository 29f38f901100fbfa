/* drawing.h - images as text. */
#ifndef ANNC_CLI_DRAWING_H
#define ANNC_CLI_DRAWING_H

#include "annc.h"

#include <stdio.h>

/* Draws `count` images of a data set from `first` on, as many side by side as the stream is wide, their classes above them: in half blocks of
 * true colour on a terminal that has colour, otherwise in characters. */
annc_status draw_images(FILE *stream, const annc_dataset *dataset, uint32_t first, uint32_t count, bool captions);

#endif
