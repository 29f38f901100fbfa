/* output.h - output to standard output and the log, and its errors. */
#ifndef ANNC_CLI_TERMINAL_OUTPUT_H
#define ANNC_CLI_TERMINAL_OUTPUT_H

#include "annc.h"
#include "base/json/json_write.h"

#include <stdio.h>

/* An object of one line, built in memory: a result, or a line of the log. When memory runs out,
 * these functions end the program, as those of memory.h do. */
struct json {
    struct annc_json_writer writer;
};

void json_begin(struct json *json, const char *schema);
/* Add a member or element, as annc_json_write_string and so on do. */
void json_text(struct json *json, const char *key, const char *value);
void json_whole(struct json *json, const char *key, uint64_t value);
void json_number(struct json *json, const char *key, double value);
void json_truth(struct json *json, const char *key, bool value);
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
/* Ends the object and writes it as a line to each stream that is not NULL. ANNC_OUTPUT if that
 * fails. */
annc_status json_end(struct json *json, FILE *first, FILE *second);

/* Ends one of many objects and writes it as a line; the caller flushes the stream. */
void json_print(struct json *json, FILE *stream);

/* Prints a number as "%.9g" does. */
void print_float(FILE *stream, double value);
/* Prints a CSV field made of `prefix` and `text`, quoted if RFC 4180 requires it. */
void print_csv_field(FILE *stream, const char *prefix, const char *text);

/* Flushes a stream. ANNC_OUTPUT with its name in the message if any earlier write to it failed. */
annc_status flush(FILE *stream, const char *name);

/* Returns whether the name of an output means standard output; the name for the library, which may
 * differ. */
bool is_standard_output(const char *path);
const char *output_path(const char *path);

/* Prints a text for HTML and SVG, between tags or quotes; control characters and bytes that are not
 * UTF-8 become U+FFFD. */
void print_markup_text(FILE *stream, const char *text);

#endif
