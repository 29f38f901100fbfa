/* json_read.c - reads a line of JSON member by member. */
#include "cli/log/json_read.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 32 };

static bool wrong(struct json_reader *reader, const char *error)
{
    if (!reader->error)
        reader->error = error;
    return false;
}

static char *after_blanks(char *text)
{
    return text + strspn(text, " \t\r\n");
}

/* ---------------------------------------------------------------- strings */

static bool take_code(const char *text, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        const char c = text[i], lower = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            *code = *code * 16 + (uint32_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            *code = *code * 16 + (uint32_t)(lower - 'a') + 10;
        else
            return false;
    }
    return true;
}

static char *put_utf8(char *to, uint32_t code)
{
    const int length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (length == 1) {
        *to = (char)code;
        return to + 1;
    }
    for (int i = length - 1; i > 0; i--, code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3F));
    to[0] = (char)((length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0) | code);
    return to + length;
}

/* Reads the code after "\u", a surrogate pair as one; *from moves past it. Returns false if it is
 * malformed. */
static bool take_unicode(char **from, uint32_t *code)
{
    uint32_t low;
    if (!take_code(*from, code) || *code == 0 || (*code >= 0xDC00 && *code < 0xE000))
        return false;
    *from += 4;
    if (*code < 0xD800 || *code >= 0xDC00)
        return true;
    if ((*from)[0] != '\\' || (*from)[1] != 'u' || !take_code(*from + 2, &low) || low < 0xDC00 || low > 0xDFFF)
        return false;
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    *from += 6;
    return true;
}

/* Unescapes a string in place; the reader moves from its first quote to past its last. */
static bool take_string(struct json_reader *reader, char **text)
{
    static const char from_letters[] = "\"\\/bfnrt", to_letters[] = "\"\\/\b\f\n\r\t";
    char *from = reader->at, *to = from;
    *text = to;
    while (*from != '"') {
        const char *letter;
        uint32_t code;
        if ((unsigned char)*from < 0x20)
            return wrong(reader, *from ? "has a control character in a string" : "has a string that does not end");
        if (*from != '\\') {
            *to++ = *from++;
        } else if (from[1] == 'u') {
            from += 2;
            if (!take_unicode(&from, &code))
                return wrong(reader, "has a broken \\u escape");
            to = put_utf8(to, code);
        } else {
            letter = from[1] ? strchr(from_letters, from[1]) : NULL;
            if (!letter)
                return wrong(reader, "has an unknown escape");
            *to++ = to_letters[letter - from_letters];
            from += 2;
        }
    }
    reader->at = from + 1;
    *to = '\0';
    return true;
}

/* ---------------------------------------------------------------- other values */

/* Returns the length of a JSON number, or 0 if there is none. */
static size_t number_length(const char *text)
{
    static const char digits[] = "0123456789";
    const char *at = text + (*text == '-');
    size_t whole = strspn(at, digits);
    if (whole == 0 || (whole > 1 && *at == '0'))
        return 0;
    at += whole;
    if (*at == '.') {
        const size_t fraction = strspn(at + 1, digits);
        if (fraction == 0)
            return 0;
        at += 1 + fraction;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        const size_t exponent = strspn(at, digits);
        if (exponent == 0)
            return 0;
        at += exponent;
    }
    return (size_t)(at - text);
}

static size_t word_length(const char *text)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(text, words[i], strlen(words[i])) == 0)
            return strlen(words[i]);
    return 0;
}

/* Returns the length of an array or object with matching brackets and quotes, or 0. */
static size_t nested_length(const char *text)
{
    char closes[DEEPEST];
    int depth = 0;
    bool in_string = false;
    for (const char *at = text; *at; at++) {
        if (in_string) {
            in_string = *at != '"';
            at += *at == '\\' && at[1];
        } else if (*at == '"') {
            in_string = true;
        } else if (*at == '[' || *at == '{') {
            if (depth == DEEPEST)
                return 0;
            closes[depth++] = *at == '[' ? ']' : '}';
        } else if (*at == ']' || *at == '}') {
            if (depth == 0 || closes[depth - 1] != *at)
                return 0;
            if (--depth == 0)
                return (size_t)(at + 1 - text);
        }
    }
    return 0;
}

/* Reads a value. *end is then its end, to be set to NUL after the following character is read. */
static bool take_value(struct json_reader *reader, struct json_member *member, char **end)
{
    const char first = *reader->at;
    size_t length;
    if (first == '"') {
        reader->at++;
        member->kind = JSON_TEXT;
        *end = NULL;
        return take_string(reader, &member->text);
    }
    member->kind = first == '[' || first == '{' ? JSON_NESTED : first >= 'a' ? JSON_WORD : JSON_NUMBER;
    length = member->kind == JSON_NESTED ? nested_length(reader->at)
             : member->kind == JSON_WORD ? word_length(reader->at)
                                         : number_length(reader->at);
    if (length == 0)
        return wrong(reader, "has unexpected JSON");
    member->text = reader->at;
    reader->at += length;
    *end = reader->at;
    return true;
}

/* ---------------------------------------------------------------- members */

void json_read(struct json_reader *reader, char *text)
{
    *reader = (struct json_reader){.at = after_blanks(text), .is_first = true};
    if (*reader->at != '{' && *reader->at != '[') {
        wrong(reader, "is not JSON");
        return;
    }
    reader->close = *reader->at++ == '{' ? '}' : ']';
}

/* Marks the end of the object or array; returns false, as no member follows. */
static bool finish(struct json_reader *reader)
{
    reader->close = '\0';
    reader->at = after_blanks(reader->at + 1);
    return *reader->at ? wrong(reader, "has text after its end") : false;
}

static bool take_key(struct json_reader *reader, struct json_member *member)
{
    char *key;
    if (*reader->at != '"')
        return wrong(reader, "has unexpected JSON");
    reader->at++;
    if (!take_string(reader, &key))
        return false;
    member->key = key;
    reader->at = after_blanks(reader->at);
    if (*reader->at != ':')
        return wrong(reader, "has unexpected JSON");
    reader->at = after_blanks(reader->at + 1);
    return true;
}

bool json_next(struct json_reader *reader, struct json_member *member)
{
    char *end;
    if (reader->error || !reader->close)
        return false;
    reader->at = after_blanks(reader->at);
    member->key = NULL;
    if (reader->is_first && *reader->at == reader->close)
        return finish(reader);
    reader->is_first = false;
    if ((reader->close == '}' && !take_key(reader, member)) || !take_value(reader, member, &end))
        return false;
    reader->at = after_blanks(reader->at);
    if (*reader->at == ',') {
        reader->at++;
    } else if (*reader->at == reader->close) {
        finish(reader);
    } else {
        return wrong(reader, *reader->at ? "has unexpected JSON" : "is incomplete");
    }
    if (end)
        *end = '\0';
    return !reader->error;
}

double json_as_number(const struct json_member *member)
{
    return member->kind == JSON_NUMBER ? strtod(member->text, NULL) : NAN;
}
