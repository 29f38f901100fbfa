/* json_write.h - a writer of JSON in memory. */
#ifndef ANNC_BASE_JSON_WRITE_H
#define ANNC_BASE_JSON_WRITE_H

#include "base/buffer.h"

/* Initialise with zeros. The text may be taken out and emptied between two calls; its status is
 * ANNC_MEMORY after a failure, and further calls then do nothing. */
struct annc_json_writer {
    struct annc_buffer text;
    const char *replacement; /* in strings, for bytes that are not UTF-8; NULL: U+FFFD */
    bool needs_comma, on_new_line;
};

/* Each of these adds a member of an object, or, with key NULL, an element of an array or the
 * outermost value. */
void annc_json_write_string(struct annc_json_writer *json, const char *key, const char *value);
void annc_json_write_whole(struct annc_json_writer *json, const char *key, uint64_t value);
void annc_json_write_truth(struct annc_json_writer *json, const char *key, bool value);
/* The shortest decimal that reads back as the same double; null if not finite. */
void annc_json_write_number(struct annc_json_writer *json, const char *key, double value);
/* Nine digits, which read back as the same float; null if not finite. */
void annc_json_write_float(struct annc_json_writer *json, const char *key, double value);
/* Opens an array or object by its bracket, and closes it. */
void annc_json_write_open(struct annc_json_writer *json, const char *key, char bracket);
void annc_json_write_close(struct annc_json_writer *json, char bracket);

/* Begins a line with the next member or element, after its comma. */
void annc_json_write_line(struct annc_json_writer *json);

#endif
