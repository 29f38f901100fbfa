/* memory.c - memory allocation for the program; it exits with a message when memory runs out. */
#include "cli/terminal/memory.h"
#include "base/allocate.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEAST_ROOM = 64 };

static void (*rescue)(void *context);
static void *rescued;

void set_rescue(void (*given)(void *context), void *context)
{
    rescue = given;
    rescued = context;
}

/* Exits immediately: threads of the library may be running, and streams that write to texts would
 * allocate memory again. */
static _Noreturn void end_with(const char *message)
{
    static bool is_ending;
    if (is_ending) /* in a rescue; the message is printed already */
        _exit(exit_code(ANNC_MEMORY));
    is_ending = true;
    fflush(stdout);
    if (use_colour(stderr)) /* a progress line may be on the screen */
        fputs("\r\x1b[K", stderr);
    complain(message);
    if (rescue)
        rescue(rescued);
    _exit(exit_code(ANNC_MEMORY));
}

void no_memory(const char *what, size_t bytes)
{
    char message[256];
    snprintf(message, sizeof message, "out of memory: %s, %zu bytes", what, bytes);
    end_with(message);
}

void end_if_out_of_memory(annc_status status)
{
    if (status == ANNC_MEMORY)
        end_with(error_text());
}

/* ---------------------------------------------------------------- blocks */

void *take_memory(size_t count, size_t size, const char *what)
{
    void *block = calloc(count > 0 ? count : 1, size);
    if (!block)
        no_memory(what, annc_product(count, size));
    return block;
}

void *take_more(void *array, size_t count, size_t *room, size_t size, const char *what)
{
    const size_t twice = *room ? 2 * *room : LEAST_ROOM;
    if (count <= *room)
        return array;
    *room = count > twice ? count : twice;
    array = realloc(array, annc_product(*room, size));
    if (!array)
        no_memory(what, annc_product(*room, size));
    return array;
}

char *take_copy(const char *text, const char *what)
{
    const size_t size = strlen(text) + 1;
    return memcpy(take_memory(size, 1, what), text, size);
}

void *check_allocation(void *given, const char *what)
{
    char message[256];
    if (given || errno != ENOMEM)
        return given;
    snprintf(message, sizeof message, "out of memory: %s", what);
    end_with(message);
}

/* ---------------------------------------------------------------- texts */

void text_put(struct annc_buffer *text, const char *bytes, size_t length)
{
    annc_buffer_add(text, bytes, length);
    end_if_out_of_memory(text->status);
}

void text_add(struct annc_buffer *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    annc_buffer_vformat(text, format, arguments);
    va_end(arguments);
    end_if_out_of_memory(text->status);
}

static ssize_t write_text(void *text, const char *bytes, size_t length)
{
    text_put(text, bytes, length);
    return (ssize_t)length;
}

FILE *text_stream(struct annc_buffer *text)
{
    const cookie_io_functions_t functions = {.write = write_text};
    text_put(text, "", 0);
    FILE *stream = fopencookie(text, "w", functions);
    if (!stream)
        no_memory("a text", BUFSIZ);
    return stream;
}

void text_free(struct annc_buffer *text)
{
    annc_buffer_free(text);
}
