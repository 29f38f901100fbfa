/* float_text.h - writes floats as text, quickly. */
#ifndef ANNC_CLI_TERMINAL_FLOAT_TEXT_H
#define ANNC_CLI_TERMINAL_FLOAT_TEXT_H

#include <stddef.h>

/* Writes a number as "%.9g" does in the C locale, as a float is written. Returns the length. */
enum { FLOAT_TEXT = 24 };
size_t float_text(double number, char text[FLOAT_TEXT]);

#endif
