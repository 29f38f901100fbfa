/* output.h - what goes to standard output and to the log, and what happens when it cannot. */
#ifndef ANNC_CLI_TERMINAL_OUTPUT_H
#define ANNC_CLI_TERMINAL_OUTPUT_H

#include "annc.h"
#include "cli/terminal/memory.h"

#include <stdio.h>

/* A JSON object that grows in memory. */
struct json {
    struct text text;
};

void json_begin(struct json *json, const char *schema);
/* Bytes that are not UTF-8 become U+FFFD. */
void json_text(struct json *json, const char *key, const char *value);
void json_whole(struct json *json, const char *key, uint64_t value);
/* The shortest decimal that reads back the same; null where it is not finite. */
void json_number(struct json *json, const char *key, double value);
void json_truth(struct json *json, const char *key, bool value);
/* Opens an array or object as the value of a key, or, with key NULL, as the next element. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
/* Ends the object and writes it as a line to each stream that is not NULL. ANNC_OUTPUT where that failed. */
annc_status json_end(struct json *json, FILE *first, FILE *second);

/* Ends one of many, and writes it as a line that the caller flushes. */
void json_print(struct json *json, FILE *stream);

/* A CSV field, `prefix` and `text` in one, quoted where RFC 4180 says so. */
void print_csv_field(FILE *stream, const char *prefix, const char *text);

/* Flushes a stream; ANNC_OUTPUT with its name in the message where something written to it was lost. */
annc_status flush(FILE *stream, const char *name);

/* Whether an output goes to standard output, by its name; and what the library calls that, or the name itself. */
bool is_standard_output(const char *path);
const char *output_path(const char *path);

/* A text as HTML and SVG have it, between tags or quotes; control characters and bytes that are not UTF-8 become U+FFFD. */
void print_markup_text(FILE *stream, const char *text);

#endif
