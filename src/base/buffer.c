#include "base/buffer.h"
#include "base/allocate.h"
#include "base/number.h"
#include "base/status.h"

#include <stdio.h>
#include <string.h>

enum { LEAST_ROOM = 256 };

/* Makes room for `count` more bytes and a NUL. Returns whether there is. */
static bool make_room(struct annc_buffer *buffer, size_t count)
{
    size_t room = buffer->room ? buffer->room : LEAST_ROOM;
    if (buffer->status != ANNC_OK || buffer->room - buffer->length > count)
        return buffer->status == ANNC_OK;
    while (room - buffer->length <= count && room < SIZE_MAX / 2)
        room *= 2;
    buffer->status = annc_resize(room, 1, "a text", (void **)&buffer->bytes);
    if (buffer->status == ANNC_OK)
        buffer->room = room;
    return buffer->status == ANNC_OK;
}

void annc_buffer_add(struct annc_buffer *buffer, const char *bytes, size_t count)
{
    if (!make_room(buffer, count))
        return;
    memcpy(buffer->bytes + buffer->length, bytes, count);
    buffer->length += count;
    buffer->bytes[buffer->length] = '\0';
}

/* Prints at the end of a text that has room for `room` bytes more; returns as vsnprintf does. */
__attribute__((format(printf, 3, 0))) static int print_at_end(struct annc_buffer *buffer, size_t room,
                                                              const char *format, va_list arguments)
{
    const int length = annc_vprint(buffer->bytes + buffer->length, room, format, arguments);
    if (length >= 0 && (size_t)length < room)
        buffer->length += (size_t)length;
    else
        buffer->bytes[buffer->length] = '\0'; /* takes back what was cut off */
    return length;
}

void annc_buffer_vformat(struct annc_buffer *buffer, const char *format, va_list arguments)
{
    va_list again;
    if (!make_room(buffer, 0))
        return;
    va_copy(again, arguments);
    const size_t room = buffer->room - buffer->length;
    const int length = print_at_end(buffer, room, format, arguments);
    if (length < 0) /* printf fails for no other reason here */
        buffer->status = annc_fail(ANNC_MEMORY, "out of memory: a text cannot be printed");
    else if ((size_t)length >= room && make_room(buffer, (size_t)length))
        print_at_end(buffer, (size_t)length + 1, format, again);
    va_end(again);
}

void annc_buffer_format(struct annc_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    annc_buffer_vformat(buffer, format, arguments);
    va_end(arguments);
}

void annc_buffer_free(struct annc_buffer *buffer)
{
    annc_release(buffer->bytes);
    memset(buffer, 0, sizeof *buffer);
}
