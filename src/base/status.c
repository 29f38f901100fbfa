#include "base/status.h"
#include "base/number.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_FIELD = 32 };
static const char BEGIN = '\1', END = '\2';

static _Thread_local char last_error[ANNC_ERROR_SIZE],
    marked_error[ANNC_ERROR_SIZE]; /* last_error with marked fields */

const char *annc_last_error(void)
{
    return last_error;
}

/* Reads the marked field at `text`; returns the length of name and marks, or 0 without a field. */
static size_t read_field(const char *text, char *field)
{
    const size_t length = text[0] == BEGIN ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
    if (length == 0 || length >= LONGEST_FIELD || text[1 + length] != END)
        return 0;
    memcpy(field, text + 1, length);
    field[length] = '\0';
    return length + 2;
}

/* Escapes a text to printable characters, except the marks of fields. Changes `text`
 * temporarily. */
static void escape(char *text, char *escaped, size_t size)
{
    char field[LONGEST_FIELD];
    size_t used = 0;
    while (*text && used + 1 < size) {
        char *mark = text;
        size_t length = 0;
        for (; *mark && length == 0; mark += length == 0)
            length = read_field(mark, field);
        const char first = *mark;
        *mark = '\0';
        annc_printable(text, escaped + used, size - used);
        used += strlen(escaped + used);
        *mark = first;
        if (length > 0)
            used += (size_t)snprintf(escaped + used, size - used, "%.*s", (int)length, mark);
        text = mark + length;
    }
    escaped[used < size ? used : size - 1] = '\0';
}

const char *annc_error_naming(const char *(*name)(const char *field), char *text, size_t size)
{
    char field[LONGEST_FIELD];
    size_t used = 0;
    for (const char *from = marked_error; *from && used + 1 < size;) {
        const size_t length = read_field(from, field);
        const char *own = length > 0 && name ? name(field) : NULL;
        used += (size_t)(own          ? snprintf(text + used, size - used, "%s", own)
                         : length > 0 ? snprintf(text + used, size - used, "'%s'", field)
                                      : snprintf(text + used, size - used, "%c", *from));
        from += length > 0 ? length : 1;
    }
    text[used < size ? used : size - 1] = '\0';
    return text;
}

annc_status annc_fail(annc_status status, const char *format, ...)
{
    char text[ANNC_ERROR_SIZE]; /* separate: the last error may be an argument */
    va_list arguments;
    va_start(arguments, format);
    annc_vprint(text, sizeof text, format, arguments);
    va_end(arguments);
    escape(text, marked_error, sizeof marked_error);
    annc_error_naming(NULL, last_error, sizeof last_error);
    return status;
}

void annc_error_keep(struct annc_kept_error *kept)
{
    memcpy(kept->text, marked_error, sizeof kept->text);
}

annc_status annc_fail_again(annc_status status, const struct annc_kept_error *kept)
{
    return annc_fail(status, "%s", kept->text);
}
