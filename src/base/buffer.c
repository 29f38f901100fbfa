#include "base/buffer.h"
#include "base/allocate.h"
#include "base/number.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void annc_buffer_add(struct annc_buffer *buffer, const char *bytes, size_t count)
{
    if (buffer->status == ANNC_OK && buffer->room - buffer->length <= count) {
        size_t room = buffer->room ? buffer->room : 256;
        while (room - buffer->length <= count && room < SIZE_MAX / 2)
            room *= 2;
        buffer->status = annc_resize(room, 1, "a text", (void **)&buffer->bytes);
        if (buffer->status == ANNC_OK)
            buffer->room = room;
    }
    if (buffer->status != ANNC_OK)
        return;
    memcpy(buffer->bytes + buffer->length, bytes, count);
    buffer->length += count;
    buffer->bytes[buffer->length] = '\0';
}

void annc_buffer_format(struct annc_buffer *buffer, const char *format, ...)
{
    char piece[256];
    va_list arguments;
    va_start(arguments, format);
    annc_vprint(piece, sizeof piece, format, arguments);
    va_end(arguments);
    annc_buffer_add(buffer, piece, strlen(piece));
}

void annc_buffer_add_json(struct annc_buffer *buffer, const char *text)
{
    annc_buffer_add(buffer, "\"", 1);
    for (const char *c = text; *c;) {
        const size_t length = annc_utf8_length((const unsigned char *)c);
        if (length == 0)
            annc_buffer_add(buffer, "\xEF\xBF\xBD", 3);
        else if (*c == '"' || *c == '\\')
            annc_buffer_format(buffer, "\\%c", *c);
        else if (annc_is_control((const unsigned char *)c, length))
            annc_buffer_format(buffer, "\\u%04x", (unsigned char)c[length - 1]);
        else
            annc_buffer_add(buffer, c, length);
        c += length ? length : 1;
    }
    annc_buffer_add(buffer, "\"", 1);
}
