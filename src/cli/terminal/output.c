/* output.c - writes JSON, CSV and markup to standard output and the log, and reports write
 * errors. */
#include "cli/terminal/output.h"
#include "base/text.h"
#include "cli/terminal/float_text.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/usage.h"

#include <errno.h>
#include <string.h>

void print_float(FILE *stream, double value)
{
    char text[FLOAT_TEXT];
    const size_t length = float_text(value, text);
    fwrite(text, 1, length, stream);
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

/* ---------------------------------------------------------------- JSON */

void json_begin(struct json *json, const char *schema)
{
    *json = (struct json){.writer = {.replacement = "\\ufffd"}};
    annc_json_write_open(&json->writer, NULL, '{');
    json_text(json, "schema", schema);
}

void json_text(struct json *json, const char *key, const char *value)
{
    annc_json_write_string(&json->writer, key, value);
    end_if_out_of_memory(json->writer.text.status);
}

void json_whole(struct json *json, const char *key, uint64_t value)
{
    annc_json_write_whole(&json->writer, key, value);
    end_if_out_of_memory(json->writer.text.status);
}

void json_number(struct json *json, const char *key, double value)
{
    annc_json_write_number(&json->writer, key, value);
    end_if_out_of_memory(json->writer.text.status);
}

void json_truth(struct json *json, const char *key, bool value)
{
    annc_json_write_truth(&json->writer, key, value);
    end_if_out_of_memory(json->writer.text.status);
}

void json_open(struct json *json, const char *key, char bracket)
{
    annc_json_write_open(&json->writer, key, bracket);
    end_if_out_of_memory(json->writer.text.status);
}

void json_close(struct json *json, char bracket)
{
    annc_json_write_close(&json->writer, bracket);
    end_if_out_of_memory(json->writer.text.status);
}

/* Ends the object and its line, and returns the line. */
static struct annc_buffer *end_line(struct json *json)
{
    json_close(json, '}');
    text_put(&json->writer.text, "\n", 1);
    return &json->writer.text;
}

void json_print(struct json *json, FILE *stream)
{
    struct annc_buffer *line = end_line(json);
    fwrite(line->bytes, 1, line->length, stream);
    text_free(line);
}

annc_status json_end(struct json *json, FILE *first, FILE *second)
{
    annc_status status = ANNC_OK;
    struct annc_buffer *line = end_line(json);
    FILE *const streams[] = {first, second};
    for (int i = 0; i < 2; i++)
        if (streams[i]) {
            fwrite(line->bytes, 1, line->length, streams[i]);
            const annc_status flushed = flush(streams[i], i == 0 ? "standard output" : "the log");
            status = status == ANNC_OK ? flushed : status;
        }
    text_free(line);
    return status;
}

/* ---------------------------------------------------------------- streams */

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
    while (*text) {
        size_t length;
        const char *piece = annc_next_markup(&text, true, &length);
        fwrite(piece, 1, length, stream);
    }
}
