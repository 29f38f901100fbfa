/* screen.c - terminals, and text that is fit for them. */
#include "screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---------------------------------------------------------------- text */

int utf8_length(const unsigned char *s)
{
    const int length = s[0] < 0x80                   ? 1
                       : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
                       : (s[0] & 0xF0) == 0xE0       ? 3
                       : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                                     : 0;
    for (int i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((length == 3 && ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F))) ||
        (length == 4 && ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))))
        return 0;
    return length;
}

bool is_control(const unsigned char *s, int length)
{
    return *s < 0x20 || *s == 0x7F || (length == 2 && s[0] == 0xC2 && s[1] < 0xA0);
}

/* The next character as it is shown, `length` bytes; *text moves past it. */
static size_t next_plain(const char **text, char piece[5])
{
    const unsigned char *s = (const unsigned char *)*text;
    const int length = utf8_length(s);
    if (length == 0 || is_control(s, length)) {
        snprintf(piece, 5, "\\x%02x", *s);
        *text += 1;
        return 4;
    }
    memcpy(piece, s, (size_t)length);
    *text += length;
    return (size_t)length;
}

void print_plain(FILE *stream, const char *text, size_t length)
{
    const char *const end = text + length;
    char piece[5];
    while (text < end) {
        const size_t size = next_plain(&text, piece);
        fwrite(piece, 1, size, stream);
    }
}

const char *plain_text(const char *text, char *buffer, size_t size)
{
    char piece[5];
    size_t used = 0;
    while (*text) {
        const size_t length = next_plain(&text, piece);
        if (used + length >= size)
            break;
        memcpy(buffer + used, piece, length);
        used += length;
    }
    buffer[used] = '\0';
    return buffer;
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
