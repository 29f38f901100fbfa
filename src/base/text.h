/* text.h - text from outside, made fit to be shown or read: the same in every locale. */
#ifndef ANNC_BASE_TEXT_H
#define ANNC_BASE_TEXT_H

#include "annc.h"

/* Length in bytes of the UTF-8 character at s (ended by a NUL), or 0 where there is none: overlong forms, surrogates and stray bytes. */
size_t annc_utf8_length(const unsigned char *s);

#endif
