#include "base/json/json_read.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

enum { DEEPEST = 32 /* brackets within each other */ };
static const char MISPLACED[] = "has unexpected JSON";

/* ---------------------------------------------------------------- tokens */

static bool wrong(struct annc_json_reader *json, const char *error)
{
    if (!json->error)
        json->error = error;
    return false;
}

static void skip_space(struct annc_json_reader *json)
{
    while (json->at < json->size && strchr(" \t\r\n", json->text[json->at]))
        json->at++;
}

bool annc_json_peek(struct annc_json_reader *json, char c)
{
    if (json->error)
        return false;
    skip_space(json);
    return json->at < json->size && json->text[json->at] == c;
}

bool annc_json_take(struct annc_json_reader *json, char c)
{
    if (!annc_json_peek(json, c))
        return wrong(json, MISPLACED);
    json->at++;
    return true;
}

bool annc_json_next(struct annc_json_reader *json, char close, bool *first)
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
static bool take_code(struct annc_json_reader *json, uint32_t *code)
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

/* Reads an escape after its backslash and returns its number of bytes, or 0 for an error. */
static size_t take_escape(struct annc_json_reader *json, char *bytes)
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
            return wrong(json, "has a \\u escape that is half a surrogate pair");
        json->at += 2;
        if (!take_code(json, &low) || low < 0xDC00 || low > 0xDFFF)
            return wrong(json, "has a \\u escape that is half a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF)) {
        return wrong(json, "has a \\u escape that is not a character");
    }
    return annc_utf8_encode(code, bytes);
}

/* Reads a string after its first quote. `text` may lie in the reader's own text, from there on: a
 * string never becomes longer when it is unescaped. */
static bool take_string(struct annc_json_reader *json, char *text, size_t size)
{
    size_t used = 0;
    for (;;) {
        char bytes[ANNC_UTF8];
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

bool annc_json_read_string(struct annc_json_reader *json, char *text, size_t size)
{
    return annc_json_take(json, '"') && take_string(json, text, size);
}

bool annc_json_read_whole(struct annc_json_reader *json, uint64_t *number)
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

/* ---------------------------------------------------------------- values of any kind */

/* Returns the length of the JSON number at `text`, which ends with NUL, or 0 if there is none. */
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
            if (closes[depth - 1] != *at) /* at least the first is open */
                return 0;
            if (--depth == 0)
                return (size_t)(at + 1 - text);
        }
    }
    return 0;
}

/* ---------------------------------------------------------------- members */

void annc_json_open(struct annc_json_members *members, char *text)
{
    *members = (struct annc_json_members){.json = {text, strlen(text), 0, NULL}, .text = text, .is_first = true};
    struct annc_json_reader *json = &members->json;
    if (!annc_json_peek(json, '{') && !annc_json_peek(json, '['))
        wrong(json, "is not JSON");
    else
        members->close = text[json->at++] == '{' ? '}' : ']';
}

/* Reads a string after its first quote in place. */
static bool take_in_place(struct annc_json_members *members, char **text)
{
    struct annc_json_reader *json = &members->json;
    *text = members->text + json->at;
    return take_string(json, *text, json->size + 1 - json->at);
}

static bool take_key(struct annc_json_members *members, struct annc_json_member *member)
{
    char *key;
    if (!annc_json_take(&members->json, '"') || !take_in_place(members, &key))
        return false;
    member->key = key;
    return annc_json_take(&members->json, ':');
}

/* Reads a value. *end is then its end, to be set to NUL after the following character is read; NULL
 * for a string, which is terminated already. */
static bool take_value(struct annc_json_members *members, struct annc_json_member *member, char **end)
{
    struct annc_json_reader *json = &members->json;
    *end = NULL;
    if (annc_json_peek(json, '"')) {
        json->at++;
        member->kind = ANNC_JSON_STRING;
        return take_in_place(members, &member->text);
    }
    member->text = members->text + json->at;
    const char first = *member->text;
    member->kind = first == '[' || first == '{' ? ANNC_JSON_NESTED : first >= 'a' ? ANNC_JSON_WORD : ANNC_JSON_NUMBER;
    const size_t length = member->kind == ANNC_JSON_NESTED ? nested_length(member->text)
                          : member->kind == ANNC_JSON_WORD ? word_length(member->text)
                                                           : number_length(member->text);
    if (length == 0)
        return wrong(json, MISPLACED);
    json->at += length;
    *end = member->text + length;
    return true;
}

/* Reads the character that closes the object or array. Returns false, as no member follows. */
static bool finish(struct annc_json_members *members)
{
    struct annc_json_reader *json = &members->json;
    members->close = '\0';
    json->at++;
    skip_space(json);
    if (json->at < json->size)
        wrong(json, "has text after its end");
    return false;
}

bool annc_json_next_member(struct annc_json_members *members, struct annc_json_member *member)
{
    struct annc_json_reader *json = &members->json;
    char *end;
    if (json->error || !members->close)
        return false;
    member->key = NULL;
    if (members->is_first && annc_json_peek(json, members->close))
        return finish(members);
    members->is_first = false;
    if ((members->close == '}' && !take_key(members, member)) || !take_value(members, member, &end))
        return false;
    if (annc_json_peek(json, members->close))
        finish(members);
    else if (json->at == json->size)
        return wrong(json, "is incomplete");
    else if (!annc_json_take(json, ','))
        return false;
    if (end)
        *end = '\0';
    return !json->error;
}

double annc_json_as_number(const struct annc_json_member *member)
{
    double number;
    const bool is_number =
        member->kind == ANNC_JSON_NUMBER && annc_number_parse(member->text, strlen(member->text), '.', '\0', &number);
    return is_number ? number : NAN;
}
