/* ink.h - tells ink from paper where ink touches the border of a picture. */
#ifndef ANNC_DATASET_PICTURES_INK_H
#define ANNC_DATASET_PICTURES_INK_H

#include "formats/picture.h"

/* Returns whether the pixels up to the brightness `middle` are ink, and those above it paper. Ink
 * is the side in fewer pieces, since strokes are connected and divide the paper at the borders and
 * in loops; pieces below 1/200 of the picture do not count. In a tie it is the side with fewer
 * pixels. */
bool annc_ink_is_dark(const struct annc_picture *picture, int middle);

#endif
