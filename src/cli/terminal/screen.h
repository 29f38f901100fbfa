/* screen.h - terminals, and safe text for them. Nothing here allocates memory. */
#ifndef ANNC_CLI_TERMINAL_SCREEN_H
#define ANNC_CLI_TERMINAL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SHORT_NUMBER = 32 };

/* Make untrusted text printable: control characters and bytes that are not UTF-8 become \xNN.
 * plain_text writes to a buffer, truncates the text if needed, and returns the buffer. */
void print_plain(FILE *stream, const char *text, size_t length);
const char *plain_text(const char *text, char *buffer, size_t size);
/* The same, also truncated to a number of columns. */
const char *plain_columns(const char *text, int columns, char *buffer, size_t size);

/* Returns the columns of a UTF-8 text on a terminal, independent of the locale: 0 for a combining
 * mark, 2 for a wide character of East Asia or an emoji, otherwise 1. */
int text_columns(const char *text);
/* Writes a number with `places` decimals, or, if that is too long to read, with four digits and a
 * power of ten. Returns `text`. */
const char *short_number(double value, int places, char text[SHORT_NUMBER]);

/* Print a text left- or right-aligned in a number of columns; a longer text takes more. */
void print_left(FILE *stream, const char *text, int columns);
void print_right(FILE *stream, const char *text, int columns);

/* Prints an error as one line on standard error; names in it are made safe for a terminal. */
void complain(const char *what);

/* Returns whether to use colour on a stream: a terminal, NO_COLOR unset, TERM not dumb. */
bool use_colour(FILE *stream);

/* Returns whether a stream is a terminal with a locale beyond ASCII. */
bool use_unicode(FILE *stream);

/* Returns the width of a stream's terminal in columns, or 80. */
uint32_t terminal_columns(FILE *stream);

#endif
