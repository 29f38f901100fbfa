/* screen.c - terminals, and safe text for them. */
#include "cli/terminal/screen.h"
#include "base/text.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---------------------------------------------------------------- text */

void print_plain(FILE *stream, const char *text, size_t length)
{
    /* Standard error has no buffer of its own: each write is a call of the system. */
    enum { BUFFER = 512 };
    const char *const end = text + length;
    char buffer[BUFFER];
    size_t used = 0;
    while (text < end) {
        used += annc_next_printable(&text, buffer + used);
        if (used > BUFFER - ANNC_PRINTABLE || text >= end) {
            fwrite(buffer, 1, used, stream);
            used = 0;
        }
    }
}

const char *plain_columns(const char *text, int columns, char *buffer, size_t size)
{
    char piece[ANNC_PRINTABLE];
    size_t used = 0;
    while (*text) {
        const size_t length = annc_next_printable(&text, piece);
        piece[length] = '\0';
        columns -= text_columns(piece);
        if (columns < 0 || used + length >= size)
            break;
        memcpy(buffer + used, piece, length);
        used += length;
    }
    buffer[used] = '\0';
    return buffer;
}

const char *plain_text(const char *text, char *buffer, size_t size)
{
    return plain_columns(text, INT_MAX, buffer, size);
}

/* ---------------------------------------------------------------- columns */

/* Returns the columns of a character, by ascending blocks of characters that are not one column
 * wide. */
static int columns_of(uint32_t code)
{
    static const struct {
        uint32_t first, last;
        int columns;
    } blocks[] = {{0x0300, 0x036F, 0},   {0x1100, 0x115F, 2},   {0x1AB0, 0x1AFF, 0},   {0x1DC0, 0x1DFF, 0},
                  {0x200B, 0x200F, 0},   {0x20D0, 0x20FF, 0},   {0x2E80, 0x303E, 2},   {0x3041, 0xA4CF, 2},
                  {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},   {0xFE00, 0xFE0F, 0},   {0xFE20, 0xFE2F, 0},
                  {0xFE30, 0xFE4F, 2},   {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},   {0x1F300, 0x1F64F, 2},
                  {0x1F680, 0x1F6FF, 2}, {0x1F900, 0x1FAFF, 2}, {0x20000, 0x3FFFD, 2}, {0xE0100, 0xE01EF, 0}};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (code >= blocks[i].first && code <= blocks[i].last)
            return blocks[i].columns;
    return 1;
}

int text_columns(const char *text)
{
    int columns = 0;
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        const size_t length = annc_utf8_length(s);
        columns += length ? columns_of(annc_utf8_decode(s, length)) : 1;
        s += length ? length : 1;
    }
    return columns;
}

const char *short_number(double value, int places, char text[SHORT_NUMBER])
{
    if (fabs(value) < 1e9)
        snprintf(text, SHORT_NUMBER, "%.*f", places, value);
    else
        snprintf(text, SHORT_NUMBER, "%.4g", value);
    return text;
}

static void print_blanks(FILE *stream, int count)
{
    fprintf(stream, "%*s", count > 0 ? count : 0, "");
}

void print_left(FILE *stream, const char *text, int columns)
{
    fputs(text, stream);
    print_blanks(stream, columns - text_columns(text));
}

void print_right(FILE *stream, const char *text, int columns)
{
    print_blanks(stream, columns - text_columns(text));
    fputs(text, stream);
}

void complain(const char *what)
{
    fputs("annc-gpu: ", stderr);
    print_plain(stderr, what, strlen(what));
    fputc('\n', stderr);
}

/* ---------------------------------------------------------------- terminals */

bool use_colour(FILE *stream)
{
    const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    return isatty(fileno(stream)) && !(no_colour && no_colour[0]) && term && strcmp(term, "dumb") != 0;
}

bool use_unicode(FILE *stream)
{
    const char *locale = getenv("LC_ALL");
    locale = locale && locale[0] ? locale : getenv("LC_CTYPE");
    locale = locale && locale[0] ? locale : getenv("LANG");
    return isatty(fileno(stream)) && locale && (strcasestr(locale, "UTF-8") || strcasestr(locale, "utf8"));
}

uint32_t terminal_columns(FILE *stream)
{
    struct winsize size;
    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
