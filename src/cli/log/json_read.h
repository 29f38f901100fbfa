/* json_read.h - reads a line of JSON member by member: objects, arrays, strings, numbers with
 * fractions, true, false, null. */
#ifndef ANNC_CLI_LOG_JSON_READ_H
#define ANNC_CLI_LOG_JSON_READ_H

#include <stdbool.h>

enum json_kind {
    JSON_TEXT,   /* a string, unescaped */
    JSON_NUMBER, /* as written */
    JSON_WORD,   /* "true", "false", "null" */
    JSON_NESTED, /* an array or object, to be opened by another reader or skipped */
};

struct json_member {
    const char *key; /* NULL in an array */
    enum json_kind kind;
    char *text;
};

/* The reader changes the text in place: it unescapes strings and terminates values, so members stay
 * valid as long as the text. */
struct json_reader {
    char *at;
    char close; /* of the object or array; '\0' once closed */
    bool is_first;
    const char *error; /* error message; NULL if none */
};

/* Opens a text that begins with '{' or '['. */
void json_read(struct json_reader *reader, char *text);
/* Reads the next member. Returns false past the last member and after an error. Only blanks may
 * follow the last member. */
bool json_next(struct json_reader *reader, struct json_member *member);

/* Returns a member as a number; NaN if it is not one. */
double json_as_number(const struct json_member *member);

#endif
