/* caption_font.h - letters of 5 x 7 pixels, for captions in pictures. */
#ifndef ANNC_FORMATS_CAPTION_FONT_H
#define ANNC_FORMATS_CAPTION_FONT_H

#include <stdbool.h>
#include <stddef.h>

enum { ANNC_LETTER_COLUMNS = 5, ANNC_LETTER_ROWS = 7, ANNC_LETTER_STEP = ANNC_LETTER_COLUMNS + 1 };

/* Returns whether a letter of printable ASCII has ink at a row and column; any other character is
 * an empty frame. */
bool annc_letter_has_ink(unsigned char letter, size_t row, size_t column);

#endif
