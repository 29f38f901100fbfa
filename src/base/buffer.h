/* buffer.h - text that grows. */
#ifndef ANNC_BASE_BUFFER_H
#define ANNC_BASE_BUFFER_H

#include "annc.h"

/* Begins all zero. Once memory runs out, status says so, and further additions do nothing. */
struct annc_buffer {
    char *bytes; /* ended by a NUL once anything was added; freed by annc_release */
    size_t length, room;
    annc_status status;
};

void annc_buffer_add(struct annc_buffer *buffer, const char *bytes, size_t count);
/* As printf; at most 255 bytes. */
void annc_buffer_format(struct annc_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A text as a JSON string; bytes that are no UTF-8 become U+FFFD. */
void annc_buffer_add_json(struct annc_buffer *buffer, const char *text);

#endif
