/* json_read.h - a line of JSON being read, member by member: objects, arrays, strings, numbers with fractions, true, false, null. */
#ifndef ANNC_CLI_LOG_JSON_READ_H
#define ANNC_CLI_LOG_JSON_READ_H

#include <stdbool.h>

enum json_kind {
    JSON_TEXT,   /* a string, unescaped */
    JSON_NUMBER, /* as it is written */
    JSON_WORD,   /* "true", "false", "null" */
    JSON_NESTED, /* an array or object, to be opened by a reader of its own or passed over */
};

struct json_member {
    const char *key; /* NULL in an array */
    enum json_kind kind;
    char *text;
};

/* The text is changed: strings are unescaped and all values ended in place, so that members stay valid as long as it does. */
struct json_reader {
    char *at;
    char close; /* of the object or array; '\0' once it has come */
    bool is_first;
    const char *error; /* what is wrong; NULL so far */
};

/* Opens a text that begins with '{' or '['. */
void json_read(struct json_reader *reader, char *text);
/* The next member; false past the last, or where something is wrong. After the last nothing but blanks may follow. */
bool json_next(struct json_reader *reader, struct json_member *member);

/* A member as a number: NaN where it is none. */
double json_as_number(const struct json_member *member);

#endif
