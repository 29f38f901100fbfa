/* screen.h - terminals, and text that is fit for them. Nothing here asks for memory. */
#ifndef ANNC_CLI_SCREEN_H
#define ANNC_CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes of the UTF-8 character at s, or 0 for what is none. */
int utf8_length(const unsigned char *s);
/* Whether a character of so many bytes is a control: the C1 ones move cursors too. */
bool is_control(const unsigned char *s, int length);

/* Text from outside as people may see it: control characters and bytes that are not UTF-8 as \xNN. plain_text puts it into a buffer, cut where
 * that is full, and gives the buffer back. */
void print_plain(FILE *stream, const char *text, size_t length);
const char *plain_text(const char *text, char *buffer, size_t size);

/* Says what went wrong on standard error, a line, fit for a terminal whatever names are in it. */
void complain(const char *what);

/* Whether to use colour on a stream: a terminal, no NO_COLOR, TERM not dumb. */
bool use_colour(FILE *stream);

/* Whether a stream is a terminal of a locale that has more than ASCII. */
bool use_unicode(FILE *stream);

/* Columns of the terminal that a stream goes to, or 80. */
uint32_t terminal_columns(FILE *stream);

#endif
