/* digits.h - the built-in digits: drawn, not scanned, and always the same. */
#ifndef ANNC_DATASET_DIGITS_H
#define ANNC_DATASET_DIGITS_H

#include "annc.h"

enum {
    ANNC_DIGITS_SIDE = 28,
    ANNC_DIGITS_PIXELS = ANNC_DIGITS_SIDE * ANNC_DIGITS_SIDE,
    ANNC_DIGITS_CLASSES = 10,
    ANNC_DIGITS_TRAIN = 60000,
    ANNC_DIGITS_TEST = 10000,
};

/* Draws digits first...first+count-1 of an endless sequence: images of 28x28 bytes, ink on
 * background 0, and their labels. A number gives the same bytes on every machine. */
void annc_digits_draw(uint32_t count, uint64_t first, uint8_t *images, int32_t *labels);

#endif
