#include "base/text.h"

#include <stdio.h>

size_t annc_utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF && (s[1] & 0xC0) == 0x80)
        return 2;
    if ((s[0] & 0xF0) == 0xE0 && (s[1] & 0xC0) == 0x80 && (s[2] & 0xC0) == 0x80) {
        const unsigned code = (s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
        return code >= 0x800 && (code < 0xD800 || code > 0xDFFF) ? 3 : 0;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4 && (s[1] & 0xC0) == 0x80 && (s[2] & 0xC0) == 0x80 && (s[3] & 0xC0) == 0x80) {
        const unsigned code = (s[0] & 0x07u) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu);
        return code >= 0x10000 && code <= 0x10FFFF ? 4 : 0;
    }
    return 0;
}

bool annc_is_control(const unsigned char *s, size_t length)
{
    return *s < 0x20 || *s == 0x7F || (length == 2 && s[0] == 0xC2 && s[1] < 0xA0);
}

const char *annc_printable(const char *text, char *buffer, size_t size)
{
    size_t used = 0;
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        char piece[5];
        size_t length = annc_utf8_length(s), taken = length ? length : 1;
        if (length == 0 || annc_is_control(s, length)) {
            snprintf(piece, sizeof piece, "\\x%02x", *s);
            taken = 1;
            length = 4;
        } else {
            for (size_t i = 0; i < length; i++)
                piece[i] = (char)s[i];
        }
        if (used + length + 4 > size) { /* room for "..." and the NUL */
            used += (size_t)snprintf(buffer + used, size - used, "...");
            break;
        }
        for (size_t i = 0; i < length; i++)
            buffer[used + i] = piece[i];
        used += length;
        s += taken;
    }
    if (used < size)
        buffer[used] = '\0';
    return buffer;
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
