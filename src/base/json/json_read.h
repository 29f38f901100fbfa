/* json_read.h - a reader of JSON. What must have a fixed form, as in model files, is read token by
 * token. Objects of any content, as in logs, are read member by member. */
#ifndef ANNC_BASE_JSON_READ_H
#define ANNC_BASE_JSON_READ_H

#include "annc.h"

/* ---------------------------------------------------------------- tokens */

/* A reader. After the first fault, `error` describes it, and all calls do nothing and return
 * false. */
struct annc_json_reader {
    const char *text; /* UTF-8 without NUL, which the reader does not check */
    size_t size, at;
    const char *error;
};

/* Skips white space and reads this character. */
bool annc_json_take(struct annc_json_reader *json, char c);
/* Returns whether this character follows, after white space. */
bool annc_json_peek(struct annc_json_reader *json, char c);
/* Moves to the next member of an object or array that ends with `close`: true if one follows, false
 * past the last. Set *first to true before the first call. */
bool annc_json_next(struct annc_json_reader *json, char close, bool *first);
/* Reads a string, unescaped, of less than `size` bytes; \u0000 is an error, since it would end the
 * text. */
bool annc_json_read_string(struct annc_json_reader *json, char *text, size_t size);
/* Reads an integer within 0...2^63-1, without sign, point, exponent or leading zeros. */
bool annc_json_read_whole(struct annc_json_reader *json, uint64_t *number);

/* ---------------------------------------------------------------- members */

enum annc_json_kind {
    ANNC_JSON_STRING, /* unescaped */
    ANNC_JSON_NUMBER, /* as written */
    ANNC_JSON_WORD,   /* "true", "false", "null" */
    ANNC_JSON_NESTED, /* an array or object with matching brackets, to be opened or skipped */
};

struct annc_json_member {
    const char *key; /* NULL in an array */
    enum annc_json_kind kind;
    char *text;
};

/* The members of an object or array. The reader changes the text in place: it unescapes strings and
 * terminates values, so members stay valid as long as the text. */
struct annc_json_members {
    struct annc_json_reader json;
    char *text;
    char close; /* of the object or array; '\0' once closed */
    bool is_first;
};

/* Opens a text that begins with '{' or '['. */
void annc_json_open(struct annc_json_members *members, char *text);
/* Reads the next member, its key as it comes, even if it was there before. Returns false past the
 * last member and after an error. Only white space may follow the last member. */
bool annc_json_next_member(struct annc_json_members *members, struct annc_json_member *member);
/* Returns a member as a number; NaN if it is not one, or of more digits than anybody writes. */
double annc_json_as_number(const struct annc_json_member *member);

#endif
