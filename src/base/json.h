/* json.h - a strict reader of the JSON in model files: objects, arrays, strings and integers. */
#ifndef ANNC_BASE_JSON_H
#define ANNC_BASE_JSON_H

#include "annc.h"

/* A reader. After the first fault, `error` describes it, and all calls do nothing and return
 * false. */
struct annc_json {
    const char *text; /* valid UTF-8 without NUL */
    size_t size, at;
    const char *error;
};

/* Returns whether the bytes are UTF-8 without NUL. */
bool annc_json_is_utf8(const char *text, size_t size);

/* Skips white space and reads this character. */
bool annc_json_take(struct annc_json *json, char c);
/* Returns whether this character follows, after white space. */
bool annc_json_peek(struct annc_json *json, char c);
/* Moves to the next member of an object or array that ends with `close`: true if one follows, false
 * past the last. Set *first to true before the first call. */
bool annc_json_next(struct annc_json *json, char close, bool *first);
/* Reads a string, unescaped, of less than `size` bytes; \u0000 is an error, since it would end the
 * text. */
bool annc_json_string(struct annc_json *json, char *text, size_t size);
/* Reads an integer within 0...2^63-1, without sign, point, exponent or leading zeros. */
bool annc_json_whole(struct annc_json *json, uint64_t *number);

#endif
