#include "base/json/json_write.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

static void add(struct annc_json_writer *json, const char *text)
{
    annc_buffer_add(&json->text, text, strlen(text));
}

/* Adds a string with its quotes. */
static void add_string(struct annc_json_writer *json, const char *string)
{
    add(json, "\"");
    for (const char *s = string; *s;) {
        const size_t length = annc_utf8_length((const unsigned char *)s);
        if (length == 0)
            add(json, json->replacement ? json->replacement : ANNC_UTF8_REPLACEMENT);
        else if (*s == '"' || *s == '\\')
            annc_buffer_format(&json->text, "\\%c", *s);
        else if (annc_is_control((const unsigned char *)s, length))
            annc_buffer_format(&json->text, "\\u%04x", (unsigned char)s[length - 1]);
        else
            annc_buffer_add(&json->text, s, length);
        s += length ? length : 1;
    }
    add(json, "\"");
}

static void begin_value(struct annc_json_writer *json, const char *key)
{
    if (json->needs_comma)
        add(json, ",");
    if (json->on_new_line)
        add(json, "\n");
    json->needs_comma = true;
    json->on_new_line = false;
    if (key) {
        add_string(json, key);
        add(json, ":");
    }
}

void annc_json_write_string(struct annc_json_writer *json, const char *key, const char *value)
{
    begin_value(json, key);
    add_string(json, value);
}

void annc_json_write_whole(struct annc_json_writer *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    annc_buffer_format(&json->text, "%llu", (unsigned long long)value);
}

void annc_json_write_truth(struct annc_json_writer *json, const char *key, bool value)
{
    begin_value(json, key);
    add(json, value ? "true" : "false");
}

/* Prints so many digits of a number. Returns whether they read back the same. */
static bool print_digits(double value, int precision, char *digits, size_t size)
{
    double again = 0;
    const int length = annc_print(digits, size, "%.*g", precision, value);
    annc_number_parse(digits, (size_t)length, '.', '\0', &again);
    return again == value;
}

static void print_shortest(double value, char *digits, size_t size)
{
    enum { MANY = 15 }; /* if these do not suffice, fewer do not either; 17 always do */
    int precision = print_digits(value, MANY, digits, size) ? 1 : MANY + 1;
    while (!print_digits(value, precision, digits, size))
        precision++;
}

void annc_json_write_number(struct annc_json_writer *json, const char *key, double value)
{
    char digits[40] = "null";
    begin_value(json, key);
    if (isfinite(value))
        print_shortest(value, digits, sizeof digits);
    add(json, digits);
}

void annc_json_write_float(struct annc_json_writer *json, const char *key, double value)
{
    begin_value(json, key);
    if (isfinite(value))
        annc_buffer_format(&json->text, "%.9g", value);
    else
        add(json, "null");
}

void annc_json_write_open(struct annc_json_writer *json, const char *key, char bracket)
{
    begin_value(json, key);
    annc_buffer_add(&json->text, &bracket, 1);
    json->needs_comma = false;
}

void annc_json_write_close(struct annc_json_writer *json, char bracket)
{
    annc_buffer_add(&json->text, &bracket, 1);
    json->needs_comma = true;
}

void annc_json_write_line(struct annc_json_writer *json)
{
    json->on_new_line = true;
}
