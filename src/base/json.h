/* json.h - the part of JSON that model files are made of, read strictly: objects, arrays, strings and whole numbers. */
#ifndef ANNC_BASE_JSON_H
#define ANNC_BASE_JSON_H

#include "annc.h"

/* A text being read. Once something is wrong, `error` says what, and every further call does nothing and gives false. */
struct annc_json {
    const char *text; /* valid UTF-8 without NUL */
    size_t size, at;
    const char *error;
};

/* Whether the bytes are UTF-8 without NUL. */
bool annc_json_is_utf8(const char *text, size_t size);

/* Passes over white space and then this character. */
bool annc_json_take(struct annc_json *json, char c);
/* Whether this character is next, after white space. */
bool annc_json_peek(struct annc_json *json, char c);
/* Between the members of an object or array that ends with `close`: true with the next member to read, false past the last. Call it with
 * *first true before the first. */
bool annc_json_next(struct annc_json *json, char close, bool *first);
/* A string, unescaped, of less than `size` bytes; \u0000 is an error, since it would end the text. */
bool annc_json_string(struct annc_json *json, char *text, size_t size);
/* A whole number within 0...2^63-1, without sign, point, exponent or leading zeros. */
bool annc_json_whole(struct annc_json *json, uint64_t *number);

#endif
