/* screen.h - terminals, and text that is fit for them. Nothing here asks for memory. */
#ifndef ANNC_CLI_TERMINAL_SCREEN_H
#define ANNC_CLI_TERMINAL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SHORT_NUMBER = 32 };

/* Text from outside as people may see it: control characters and bytes that are not UTF-8 as \xNN. plain_text puts it into a buffer, cut where
 * that is full, and gives the buffer back. */
void print_plain(FILE *stream, const char *text, size_t length);
const char *plain_text(const char *text, char *buffer, size_t size);
/* The same, cut to a number of columns too. */
const char *plain_columns(const char *text, int columns, char *buffer, size_t size);

/* Columns that a text in UTF-8 takes on a terminal, whatever the locale: none for a mark that goes on the character before, two for the wide ones
 * of East Asia and emoji, otherwise one. */
int text_columns(const char *text);
/* A number with so many places, or, where it would be longer than anyone reads, in four digits with a power of ten. */
const char *short_number(double value, int places, char text[SHORT_NUMBER]);

/* Prints a text at the left or the right of so many columns, or more where it is longer. */
void print_left(FILE *stream, const char *text, int columns);
void print_right(FILE *stream, const char *text, int columns);

/* Says what went wrong on standard error, a line, fit for a terminal whatever names are in it. */
void complain(const char *what);

/* Whether to use colour on a stream: a terminal, no NO_COLOR, TERM not dumb. */
bool use_colour(FILE *stream);

/* Whether a stream is a terminal of a locale that has more than ASCII. */
bool use_unicode(FILE *stream);

/* Columns of the terminal that a stream goes to, or 80. */
uint32_t terminal_columns(FILE *stream);

#endif
