/* page.c - elements of a self-contained HTML page. */
#include "cli/report/page.h"
#include "base/text.h"
#include "cli/charts/chart.h"
#include "cli/terminal/output.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

static const char STYLE[] =
    ":root{color-scheme:light "
    "dark;--b:#fff;--f:#1d2730;--s:#52606d;--l:#d9dfe5;--h:#f3f6f9;--a:#0066a8;--good:0,102,168;"
    "--bad:200,80,0}"
    "@media(prefers-color-scheme:dark){:root{--b:#171c21;--f:#e6ebf0;--s:#a9b4bf;--l:#37414b;--h:#20272e;--a:#5bb8f0;"
    "--good:70,150,210;--bad:225,115,45}}"
    "@media print{:root{--b:#fff;--f:#000;--s:#333;--l:#bbb;--h:#f3f3f3;--a:#000;--good:0,102,168;--bad:200,80,0}}"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:60rem;padding:1.5rem 1.25rem 4rem;background:var(--b);"
    "color:var(--f);font:16px/1.5 system-ui,sans-serif}h1{font-size:1.7rem;line-height:1.25;margin:0 0 .5rem}"
    "h2{font-size:1.35rem;margin:2.5rem 0 .75rem;padding-top:.75rem;border-top:2px solid "
    "var(--l)}h3{font-size:1.1rem;margin:2rem 0 .5rem}"
    "p{max-width:46rem;margin:.5rem 0}a{color:var(--a)}nav ul{padding-left:1.2rem;margin:.5rem "
    "0}.said,figcaption,caption{color:var(--s)}"
    ".missing{border-left:4px solid rgb(var(--bad));padding:.25rem .75rem;background:var(--h)}"
    ".wide{overflow-x:auto;margin:.75rem 0 1rem}table{border-collapse:collapse;font-size:.92rem;"
    "font-variant-numeric:tabular-nums}caption{text-align:left;padding:0 0 .4rem;font-size:.92rem;max-width:calc(100vw "
    "- 2.5rem)}"
    "th,td{padding:.22rem .6rem;border-bottom:1px solid var(--l);text-align:left;vertical-align:top}thead "
    "th{background:var(--h)}"
    "td.n,th.n{text-align:right;white-space:nowrap}thead th,thead th.n{white-space:normal;vertical-align:bottom}"
    "tbody "
    "th{white-space:nowrap}td.why{min-width:12rem}td.v{overflow-wrap:anywhere}tr.best{background:var(--h);font-weight:"
    "600}"
    "figure{margin:1rem 0}figcaption{font-size:.92rem}figure svg{max-width:100%;height:auto;display:block}"
    ".images{display:flex;flex-wrap:wrap;gap:.6rem;padding:0;margin:.75rem 0;list-style:none}.images "
    "li{width:6.7rem;font-size:.82rem;"
    "line-height:1.3;overflow-wrap:anywhere}.images span{display:block}.images "
    "img{width:100%;height:auto;display:block;image-rendering:pixelated;border:1px solid var(--l);"
    "margin-bottom:.2rem}.bar{display:block;height:.8em;min-width:1px;background:var(--a);margin-top:.35em}td.b{width:"
    "14rem}"
    "@media screen and (max-width:40rem){th,td{padding:.2rem .35rem}}"
    "@media print{body{max-width:none;padding:0;font-size:10.5pt}.wide{overflow:visible}figure,.images "
    "li,tr{break-inside:avoid}"
    "figure "
    "svg{width:15cm}h2,h3,caption{break-after:avoid;break-inside:avoid}nav{display:none}*{print-color-adjust:exact;-"
    "webkit-print-color-"
    "adjust:exact}}";

void page_begin(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';img-src data:;style-src "
          "'unsafe-inline'\">\n<title>",
          out);
    print_markup_text(out, title);
    fprintf(out, "</title>\n<style>%s%s</style>\n</head>\n<body>\n", STYLE, CHART_STYLE);
}

void page_end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}

/* ---------------------------------------------------------------- text */

static void print_element(FILE *out, const char *tag, const char *attributes, const char *format, va_list arguments)
{
    char text[2048];
    vsnprintf(text, sizeof text, format, arguments);
    fprintf(out, "<%s%s>", tag, attributes);
    print_markup_text(out, text);
    fprintf(out, "</%s>", tag);
}

#define PRINT_ELEMENT(out, tag, attributes, format)                                                                    \
    do {                                                                                                               \
        va_list arguments;                                                                                             \
        va_start(arguments, format);                                                                                   \
        print_element(out, tag, attributes, format, arguments);                                                        \
        va_end(arguments);                                                                                             \
    } while (0)

void page_element(FILE *out, const char *tag, const char *attributes, const char *format, ...)
{
    PRINT_ELEMENT(out, tag, attributes, format);
    fputc('\n', out);
}

void page_head(FILE *out, const char *text)
{
    const bool is_right = text[0] == '>';
    fprintf(out, "<th scope=\"col\"%s>", is_right ? " class=\"n\"" : "");
    print_markup_text(out, text + is_right);
    fputs("</th>", out);
}

void page_row_head(FILE *out, const char *format, ...)
{
    PRINT_ELEMENT(out, "th", " scope=\"row\"", format);
}

void page_number(FILE *out, const char *format, ...)
{
    PRINT_ELEMENT(out, "td", " class=\"n\"", format);
}

void page_table(FILE *out, const char *format, ...)
{
    fputs("<div class=\"wide\"><table>\n", out);
    PRINT_ELEMENT(out, "caption", "", format);
    fputc('\n', out);
}

void page_heads(FILE *out, const char *const *heads, size_t count)
{
    fputs("<thead><tr>", out);
    for (size_t i = 0; i < count; i++)
        page_head(out, heads[i]);
    fputs("</tr></thead>\n<tbody>\n", out);
}

void page_table_end(FILE *out)
{
    fputs("</tbody>\n</table></div>\n", out);
}

/* ---------------------------------------------------------------- images */

/* Windows bitmaps, which every browser shows: a header, a palette, rows from the bottom up, each
 * padded to a multiple of four bytes. */
enum { LEVELS = 64, HEADER = 54, MOST_SIDE = 64, MOST_BYTES = HEADER + 4 * LEVELS + MOST_SIDE * MOST_SIDE };

static void put(uint8_t *bytes, uint32_t value, int count)
{
    for (int i = 0; i < count; i++, value >>= 8)
        bytes[i] = (uint8_t)value;
}

static void put_palette(uint8_t *bytes, enum palette palette)
{
    static const int below[] = {190, 75, 0}, above[] = {0, 90, 165};
    for (int i = 0; i < LEVELS; i++)
        for (int c = 0; c < 3; c++) {
            const double side = (i - LEVELS / 2.0) / (LEVELS / 2.0);
            const double end = side < 0 ? below[c] : above[c], share = side < 0 ? -side : side;
            const double colour = palette == GREYS ? 255.0 * i / (LEVELS - 1) : 250 + share * (end - 250);
            bytes[4 * i + 2 - c] = (uint8_t)colour;
        }
}

static void print_base64(FILE *out, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i += 3) {
        char four[4];
        annc_base64(bytes + i, count - i, four);
        fwrite(four, 1, sizeof four, out);
    }
}

void page_image(FILE *out, const uint8_t *pixels, uint32_t rows, uint32_t columns, enum palette palette,
                const char *description)
{
    uint8_t file[MOST_BYTES] = {'B', 'M'};
    const uint32_t longer = rows > columns ? rows : columns, thin = (longer + MOST_SIDE - 1) / MOST_SIDE;
    const uint32_t height = (rows + thin - 1) / thin, width = (columns + thin - 1) / thin, stride = (width + 3) / 4 * 4;
    const uint32_t begin = HEADER + 4 * LEVELS, size = begin + height * stride;
    put(file + 2, size, 4);
    put(file + 10, begin, 4);
    put(file + 14, 40, 4); /* of the second header: size, planes, bits per pixel, colours */
    put(file + 18, width, 4);
    put(file + 22, height, 4);
    put(file + 26, 1, 2);
    put(file + 28, 8, 2);
    put(file + 46, LEVELS, 4);
    put_palette(file + HEADER, palette);
    for (uint32_t r = 0; r < height; r++)
        for (uint32_t c = 0; c < width; c++)
            file[begin + (height - 1 - r) * stride + c] =
                pixels[(size_t)r * thin * columns + (size_t)c * thin] * LEVELS / 256;
    fputs("<img alt=\"", out);
    print_markup_text(out, description);
    fprintf(out, "\" width=\"%u\" height=\"%u\" src=\"data:image/bmp;base64,", width, height);
    print_base64(out, file, size);
    fputs("\">", out);
}
