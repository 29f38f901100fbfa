/* page.h - elements of a self-contained HTML page. */
#ifndef ANNC_CLI_REPORT_PAGE_H
#define ANNC_CLI_REPORT_PAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

void page_begin(FILE *out, const char *title);
void page_end(FILE *out);

/* Prints <tag attributes>text</tag> with the text escaped. */
void page_element(FILE *out, const char *tag, const char *attributes, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Print cells of a table: in the head (right-aligned, for numbers, if the text begins with '>'), in
 * the first column, of a number. */
void page_head(FILE *out, const char *text);
void page_row_head(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void page_number(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints <div><table><caption>, a table that scrolls on a narrow screen; the column heads and
 * <tbody>; the end of the table. */
void page_table(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void page_heads(FILE *out, const char *const *heads, size_t count);
#define PAGE_HEADS(out, ...)                                                                                           \
    page_heads(out, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
void page_table_end(FILE *out);

enum palette {
    GREYS, /* 0 black, 255 white */
    SIGNS, /* below 128 orange, 128 white, above blue */
};

/* Prints an image as an <img> with embedded pixels; large images are thinned out. */
void page_image(FILE *out, const uint8_t *pixels, uint32_t rows, uint32_t columns, enum palette palette,
                const char *description);

#endif
