#include "base/json.h"
#include "base/text.h"

#include <string.h>

static bool wrong(struct annc_json *json, const char *error)
{
    if (!json->error)
        json->error = error;
    return false;
}

bool annc_json_is_utf8(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        char window[5] = ""; /* stops at the end of a truncated character */
        memcpy(window, text + at, size - at < 4 ? size - at : 4);
        const size_t length = annc_utf8_length((const unsigned char *)window);
        if (text[at] == '\0' || length == 0)
            return false;
        at += length;
    }
    return true;
}

static void skip_space(struct annc_json *json)
{
    while (json->at < json->size && strchr(" \t\r\n", json->text[json->at]))
        json->at++;
}

bool annc_json_peek(struct annc_json *json, char c)
{
    if (json->error)
        return false;
    skip_space(json);
    return json->at < json->size && json->text[json->at] == c;
}

bool annc_json_take(struct annc_json *json, char c)
{
    if (!annc_json_peek(json, c))
        return wrong(json, "is not the JSON that belongs there");
    json->at++;
    return true;
}

bool annc_json_next(struct annc_json *json, char close, bool *first)
{
    const bool at_first = *first;
    *first = false;
    if (annc_json_peek(json, close)) {
        json->at++;
        return false;
    }
    return at_first ? !json->error : annc_json_take(json, ',');
}

/* Reads four hexadecimal digits. */
static bool take_code(struct annc_json *json, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        const char c = json->at < json->size ? json->text[json->at++] : '\0';
        const char lower = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            *code = *code * 16 + (uint32_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            *code = *code * 16 + (uint32_t)(lower - 'a') + 10;
        else
            return wrong(json, "has a broken \\u escape");
    }
    return true;
}

static size_t encode_utf8(uint32_t code, char *bytes)
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

/* Reads an escape after its backslash and returns its number of bytes, or 0 for an error. */
static size_t take_escape(struct annc_json *json, char *bytes)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char c = json->at < json->size ? json->text[json->at++] : '\0';
    const char *simple = c ? strchr(from, c) : NULL;
    uint32_t code, low;
    if (simple) {
        bytes[0] = to[simple - from];
        return 1;
    }
    if (c != 'u')
        return wrong(json, "has an unknown escape");
    if (!take_code(json, &code))
        return 0;
    if (code >= 0xD800 && code < 0xDC00) {
        if (json->at + 2 > json->size || json->text[json->at] != '\\' || json->text[json->at + 1] != 'u')
            return wrong(json, "has half a surrogate pair");
        json->at += 2;
        if (!take_code(json, &low) || low < 0xDC00 || low > 0xDFFF)
            return wrong(json, "has half a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF)) {
        return wrong(json, "has a \\u escape that is no character");
    }
    return encode_utf8(code, bytes);
}

bool annc_json_string(struct annc_json *json, char *text, size_t size)
{
    size_t used = 0;
    if (!annc_json_take(json, '"'))
        return false;
    for (;;) {
        char bytes[4];
        size_t length = 1;
        if (json->at >= json->size)
            return wrong(json, "has a string that does not end");
        bytes[0] = json->text[json->at++];
        if (bytes[0] == '"')
            break;
        if ((unsigned char)bytes[0] < 0x20)
            return wrong(json, "has a control character in a string");
        if (bytes[0] == '\\' && (length = take_escape(json, bytes)) == 0)
            return false;
        if (used + length >= size)
            return wrong(json, "has a string that is too long");
        memcpy(text + used, bytes, length);
        used += length;
    }
    text[used] = '\0';
    return true;
}

bool annc_json_whole(struct annc_json *json, uint64_t *number)
{
    uint64_t value = 0;
    if (json->error)
        return false;
    skip_space(json);
    const size_t start = json->at;
    for (; json->at < json->size && json->text[json->at] >= '0' && json->text[json->at] <= '9'; json->at++) {
        const uint64_t digit = (uint64_t)(json->text[json->at] - '0');
        if (value > (INT64_MAX - digit) / 10)
            return wrong(json, "has a number that is too large");
        value = value * 10 + digit;
    }
    const size_t digits = json->at - start;
    if (digits == 0 || (digits > 1 && json->text[start] == '0'))
        return wrong(json, "has something else where a whole number belongs");
    *number = value;
    return true;
}
