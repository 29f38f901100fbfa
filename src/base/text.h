/* text.h - printing and reading external text, the same in every locale. */
#ifndef ANNC_BASE_TEXT_H
#define ANNC_BASE_TEXT_H

#include "annc.h"

/* Returns the length in bytes of the UTF-8 character at s (NUL-terminated), or 0 for an invalid
 * one: overlong forms, surrogates and stray bytes. */
size_t annc_utf8_length(const unsigned char *s);

/* Returns whether the character of `length` bytes at s is a control character, which terminals may
 * obey, including C1 beyond ASCII. */
bool annc_is_control(const unsigned char *s, size_t length);

/* Returns the plural ending for a count: "1 row", "2 rows". */
static inline const char *annc_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* As strncasecmp, but for ASCII only: in a Turkish locale I is not the capital of i. */
int annc_compare_any_case(const char *a, const char *b, size_t most);

#endif
