/* orientation.h - turns pictures upright. */
#ifndef ANNC_FORMATS_ORIENTATION_H
#define ANNC_FORMATS_ORIENTATION_H

#include "formats/picture.h"

/* Turns or mirrors a picture so that it is upright: picture->orientation says how it is stored. */
annc_status annc_picture_make_upright(struct annc_picture *picture);

#endif
