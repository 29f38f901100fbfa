/* notes.c - the assumptions about data, as lines for the user. */
#include "base/notes.h"
#include "annc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void annc_note(char *notes, size_t size, const char *format, ...)
{
    char text[1024], line[1024];
    const size_t used = strlen(notes);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    annc_printable(text, line, sizeof line); /* quoted names may contain anything */
    if (used + strlen(line) + 1 < size)      /* otherwise it does not fit */
        snprintf(notes + used, size - used, "%s\n", line);
}
