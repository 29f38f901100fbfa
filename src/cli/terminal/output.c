/* output.c - writes JSON, CSV and markup to standard output and the log, and reports write
 * errors. */
#include "cli/terminal/output.h"
#include "base/text.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Adds a string as JSON, quotes included. */
static void add_string(struct text *text, const char *string)
{
    text_add(text, "\"");
    for (const unsigned char *s = (const unsigned char *)string; *s;) {
        const size_t length = annc_utf8_length(s);
        if (length == 0)
            text_add(text, "\\ufffd");
        else if (*s == '"' || *s == '\\')
            text_add(text, "\\%c", *s);
        else if (annc_is_control(s, length))
            text_add(text, "\\u%04x", s[length - 1]);
        else
            text_put(text, (const char *)s, length);
        s += length ? length : 1;
    }
    text_add(text, "\"");
}

void print_csv_field(FILE *stream, const char *prefix, const char *text)
{
    if (!strpbrk(text, ",\"\r\n") && text[0] != ' ') {
        fputs(prefix, stream);
        fputs(text, stream);
        return;
    }
    fprintf(stream, "\"%s", prefix);
    for (; *text; text++)
        fprintf(stream, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', stream);
}

static void begin_member(struct json *json, const char *key)
{
    const char last = json->text.bytes[json->text.length - 1];
    if (last != '{' && last != '[')
        text_add(&json->text, ",");
    if (key) {
        add_string(&json->text, key);
        text_add(&json->text, ":");
    }
}

void json_begin(struct json *json, const char *schema)
{
    memset(json, 0, sizeof *json);
    text_add(&json->text, "{");
    json_text(json, "schema", schema);
}

void json_text(struct json *json, const char *key, const char *value)
{
    begin_member(json, key);
    add_string(&json->text, value);
}

void json_whole(struct json *json, const char *key, uint64_t value)
{
    begin_member(json, key);
    text_add(&json->text, "%llu", (unsigned long long)value);
}

void json_number(struct json *json, const char *key, double value)
{
    enum { MANY = 15, ALL = 17 };
    char digits[40] = "null";
    int precision = 1;
    begin_member(json, key);
    if (isfinite(value)) { /* if 15 digits do not suffice, fewer do not either */
        snprintf(digits, sizeof digits, "%.*g", MANY, value);
        precision = strtod(digits, NULL) == value ? 1 : MANY + 1;
    }
    for (; isfinite(value) && precision <= ALL; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    text_add(&json->text, "%s", digits);
}

void json_truth(struct json *json, const char *key, bool value)
{
    begin_member(json, key);
    text_add(&json->text, value ? "true" : "false");
}

void json_open(struct json *json, const char *key, char bracket)
{
    begin_member(json, key);
    text_put(&json->text, &bracket, 1);
}

void json_close(struct json *json, char bracket)
{
    text_put(&json->text, &bracket, 1);
}

void json_print(struct json *json, FILE *stream)
{
    text_add(&json->text, "}\n");
    fwrite(json->text.bytes, 1, json->text.length, stream);
    text_free(&json->text);
}

annc_status json_end(struct json *json, FILE *first, FILE *second)
{
    annc_status status = ANNC_OK;
    text_add(&json->text, "}\n");
    FILE *const streams[] = {first, second};
    for (int i = 0; i < 2; i++)
        if (streams[i]) {
            fwrite(json->text.bytes, 1, json->text.length, streams[i]);
            const annc_status flushed = flush(streams[i], i == 0 ? "standard output" : "the log");
            status = status == ANNC_OK ? flushed : status;
        }
    text_free(&json->text);
    return status;
}

annc_status flush(FILE *stream, const char *name)
{
    if (fflush(stream) == 0 && !ferror(stream))
        return ANNC_OK;
    return annc_fail(ANNC_OUTPUT, "%s could not be written: %s", name, strerror(errno));
}

bool is_standard_output(const char *path)
{
    return strcmp(path, "-") == 0;
}

const char *output_path(const char *path)
{
    return is_standard_output(path) ? "/dev/stdout" : path;
}

void print_markup_text(FILE *stream, const char *text)
{
    static const char marks[] = "<>&\"'";
    static const char *const names[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        const size_t length = annc_utf8_length(s);
        const char *mark = strchr(marks, *s);
        if (length == 0 || *s < 0x20 || *s == 0x7F)
            fputs("\xEF\xBF\xBD", stream);
        else if (mark)
            fputs(names[mark - marks], stream);
        else
            fwrite(s, 1, (size_t)length, stream);
        s += length ? length : 1;
    }
}
