/* text.h - text from outside, made fit to be shown or read: the same in every locale. */
#ifndef ANNC_BASE_TEXT_H
#define ANNC_BASE_TEXT_H

#include "annc.h"

/* Length in bytes of the UTF-8 character at s (ended by a NUL), or 0 where there is none: overlong forms, surrogates and stray bytes. */
size_t annc_utf8_length(const unsigned char *s);

/* Whether the character of so many bytes at s is a control, which a terminal may obey: those of C1, beyond ASCII, too. */
bool annc_is_control(const unsigned char *s, size_t length);

/* What a noun has at its end behind a count of it: "1 row", "2 rows". */
static inline const char *annc_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* As strncasecmp, of ASCII alone: in a Turkish locale I is not the large letter of i. */
int annc_compare_any_case(const char *a, const char *b, size_t most);

#endif
