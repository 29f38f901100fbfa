/* note.c - progress notes on standard error. */
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/terminal/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void note(const struct options *options, const char *format, ...)
{
    char line[4096];
    va_list arguments;
    if (options->value[OPTION_QUIET].given)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    print_plain(stderr, line, strlen(line));
    fputc('\n', stderr);
}
