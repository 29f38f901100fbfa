/* buffer.h - a growing text buffer. */
#ifndef ANNC_BASE_BUFFER_H
#define ANNC_BASE_BUFFER_H

#include "annc.h"

/* Initialise with zeros. When memory runs out, `status` is ANNC_MEMORY and further additions do
 * nothing. */
struct annc_buffer {
    char *bytes; /* NUL-terminated after the first addition; freed by annc_release */
    size_t length, room;
    annc_status status;
};

void annc_buffer_add(struct annc_buffer *buffer, const char *bytes, size_t count);
/* Appends as printf does, at most 255 bytes. */
void annc_buffer_format(struct annc_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends a text as a JSON string; bytes that are not UTF-8 become U+FFFD. */
void annc_buffer_add_json(struct annc_buffer *buffer, const char *text);

#endif
