/* text.h - UTF-8, and printing and reading external text, the same in every locale. */
#ifndef ANNC_BASE_TEXT_H
#define ANNC_BASE_TEXT_H

#include "annc.h"

/* ---------------------------------------------------------------- UTF-8 */

enum { ANNC_UTF8 = 4 };                      /* bytes of a character, at most */
#define ANNC_UTF8_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD, for bytes that are no character */

/* Returns the length in bytes of the UTF-8 character at s (NUL-terminated), or 0 for an invalid
 * one: overlong forms, surrogates and stray bytes. */
size_t annc_utf8_length(const unsigned char *s);
/* Returns the code point of the valid character of `length` bytes at s. */
uint32_t annc_utf8_decode(const unsigned char *s, size_t length);
/* Writes a code point up to U+10FFFF as UTF-8, and returns its length. */
size_t annc_utf8_encode(uint32_t code, char bytes[ANNC_UTF8]);
/* Returns whether the bytes are UTF-8 without NUL. */
bool annc_is_utf8(const char *text, size_t size);

/* ---------------------------------------------------------------- text for others */

/* Returns whether the character of `length` bytes at s is a control character, which terminals may
 * obey, including C1 beyond ASCII. */
bool annc_is_control(const unsigned char *s, size_t length);

/* Writes the next character of a text to `piece` in printable form, without NUL: control characters
 * and bytes that are not UTF-8 become \xNN. Returns the length; *text moves past the character. */
enum { ANNC_PRINTABLE = 5 };
size_t annc_next_printable(const char **text, char piece[ANNC_PRINTABLE]);

/* Returns the next character of a text in HTML, SVG or XML, of *length bytes; *text moves past it.
 * Quotation marks are escaped only within attributes. Control characters and bytes that are not
 * UTF-8 become U+FFFD. */
const char *annc_next_markup(const char **text, bool in_attribute, size_t *length);

/* Writes the first three of `count` bytes, or the one or two there are, as four characters of
 * base64. */
void annc_base64(const uint8_t *bytes, size_t count, char four[4]);

/* Returns the plural ending for a count: "1 row", "2 rows". */
static inline const char *annc_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* As strncasecmp, but for ASCII only: in a Turkish locale I is not the capital of i. */
int annc_compare_any_case(const char *a, const char *b, size_t most);
/* Returns whether a text ends like another, in any case. */
bool annc_ends_with(const char *text, const char *end);

#endif
