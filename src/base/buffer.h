/* buffer.h - a growing text buffer. */
#ifndef ANNC_BASE_BUFFER_H
#define ANNC_BASE_BUFFER_H

#include "annc.h"

#include <stdarg.h>

/* Initialise with zeros. When memory runs out, `status` is ANNC_MEMORY and further additions do
 * nothing. */
struct annc_buffer {
    char *bytes; /* NUL-terminated after the first addition */
    size_t length, room;
    annc_status status;
};

void annc_buffer_add(struct annc_buffer *buffer, const char *bytes, size_t count);
/* Append as printf and vprintf do, with a point as the decimal mark in every locale. */
void annc_buffer_format(struct annc_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void annc_buffer_vformat(struct annc_buffer *buffer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
/* Frees the text; the buffer is then empty, as after its initialisation. */
void annc_buffer_free(struct annc_buffer *buffer);

#endif
