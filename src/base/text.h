/* text.h - text from outside, made fit to be shown or read: the same in every locale. */
#ifndef ANNC_BASE_TEXT_H
#define ANNC_BASE_TEXT_H

#include <stddef.h>

/* Length in bytes of the UTF-8 character at s (ended by a NUL), or 0 where there is none: overlong forms, surrogates and stray bytes. */
size_t annc_utf8_length(const unsigned char *s);

/* A name as it can be shown: control characters, quotes' escapes and bytes that are not UTF-8 as \xNN, cut with "..." to fit.
 * Gives `buffer` back. */
const char *annc_printable(const char *text, char *buffer, size_t size);

#endif
