#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- UTF-8 */

uint32_t annc_utf8_decode(const unsigned char *s, size_t length)
{
    uint32_t code = length == 1 ? s[0] : s[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (s[i] & 0x3F);
    return code;
}

size_t annc_utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF && (s[1] & 0xC0) == 0x80)
        return 2;
    if ((s[0] & 0xF0) == 0xE0 && (s[1] & 0xC0) == 0x80 && (s[2] & 0xC0) == 0x80) {
        const uint32_t code = annc_utf8_decode(s, 3);
        return code >= 0x800 && (code < 0xD800 || code > 0xDFFF) ? 3 : 0;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4 && (s[1] & 0xC0) == 0x80 && (s[2] & 0xC0) == 0x80 && (s[3] & 0xC0) == 0x80) {
        const uint32_t code = annc_utf8_decode(s, 4);
        return code >= 0x10000 && code <= 0x10FFFF ? 4 : 0;
    }
    return 0;
}

size_t annc_utf8_encode(uint32_t code, char bytes[ANNC_UTF8])
{
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    const size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3F));
    bytes[0] = (char)((length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0) | code);
    return length;
}

/* Returns whether eight bytes are all ASCII and none is 0. */
static bool are_ascii(const char *text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return ((word | (word - ones)) & high) == 0; /* without high bits, only a 0 borrows into one */
}

bool annc_is_utf8(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        if (size - at >= sizeof(uint64_t) && are_ascii(text + at)) {
            at += sizeof(uint64_t);
            continue;
        }
        char window[ANNC_UTF8 + 1] = ""; /* stops at the end of a truncated character */
        memcpy(window, text + at, size - at < ANNC_UTF8 ? size - at : ANNC_UTF8);
        const size_t length = annc_utf8_length((const unsigned char *)window);
        if (text[at] == '\0' || length == 0)
            return false;
        at += length;
    }
    return true;
}

/* ---------------------------------------------------------------- text for others */

bool annc_is_control(const unsigned char *s, size_t length)
{
    return *s < 0x20 || *s == 0x7F || (length == 2 && s[0] == 0xC2 && s[1] < 0xA0);
}

size_t annc_next_printable(const char **text, char piece[ANNC_PRINTABLE])
{
    const unsigned char *s = (const unsigned char *)*text;
    const size_t length = annc_utf8_length(s);
    if (length == 0 || annc_is_control(s, length)) {
        *text += 1;
        return (size_t)snprintf(piece, ANNC_PRINTABLE, "\\x%02x", *s);
    }
    memcpy(piece, s, length);
    *text += length;
    return length;
}

const char *annc_printable(const char *text, char *buffer, size_t size)
{
    size_t used = 0;
    if (!buffer || size == 0)
        return buffer;
    while (text && *text) {
        char piece[ANNC_PRINTABLE];
        const size_t length = annc_next_printable(&text, piece);
        if (used + length + 4 > size) { /* room for "..." and the NUL */
            used += (size_t)snprintf(buffer + used, size - used, "...");
            break;
        }
        memcpy(buffer + used, piece, length);
        used += length;
    }
    if (used < size)
        buffer[used] = '\0';
    return buffer;
}

const char *annc_next_markup(const char **text, bool in_attribute, size_t *length)
{
    static const char marks[] = "<>&\"'";
    static const char *const names[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
    const unsigned char *s = (const unsigned char *)*text;
    const size_t taken = annc_utf8_length(s);
    const char *mark = strchr(marks, *s), *escaped = NULL;
    if (taken == 0 || *s < 0x20 || *s == 0x7F)
        escaped = ANNC_UTF8_REPLACEMENT;
    else if (mark && (in_attribute || mark < strchr(marks, '"')))
        escaped = names[mark - marks];
    *text += taken ? taken : 1;
    *length = escaped ? strlen(escaped) : taken;
    return escaped ? escaped : (const char *)s;
}

void annc_base64(const uint8_t *bytes, size_t count, char four[4])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < count ? bytes[i] : 0);
    for (size_t i = 0; i < 4; i++)
        four[i] = i <= count ? digits[bits >> (18 - 6 * i) & 63] : '=';
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

int annc_compare_any_case(const char *a, const char *b, size_t most)
{
    for (size_t i = 0; i < most; i++)
        if (lower(a[i]) != lower(b[i]) || a[i] == '\0')
            return lower(a[i]) - lower(b[i]);
    return 0;
}

bool annc_ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), more = strlen(end);
    return length >= more && annc_compare_any_case(text + length - more, end, SIZE_MAX) == 0;
}
