#include "records.h"
#include "allocate.h"
#include "json.h"
#include "status.h"

#include <string.h>

enum { FIRST_ROOM = 1 << 16, LOOKED_AT = 1000, MOST_COUNTED = 1 << 12 };

/* ---------------------------------------------------------------- the text */

static annc_status read_all(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    size_t room = 0, got;
    do {
        room = room == 0 ? FIRST_ROOM : 2 * room;
        ANNC_TRY(annc_resize(room, 1, "a text file", (void **)&records->text));
        ANNC_TRY(annc_stream_read(records->stream, records->text + records->size, room - records->size, &got));
        records->size += got;
    } while (records->size == room);
out:
    return status;
}

/* Text that is no UTF-8 is Latin-1, as older programs write it; it becomes UTF-8. */
static annc_status from_latin_1(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    size_t size = 0;
    char *text = NULL;
    ANNC_TRY(annc_resize(annc_product(records->size, 2), 1, "a text file", (void **)&text));
    for (size_t i = 0; i < records->size; i++) {
        const unsigned char c = (unsigned char)records->text[i];
        if (c >= 0x80)
            text[size++] = (char)(0xC0 | c >> 6);
        text[size++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3F));
    }
    annc_release(records->text);
    records->text = text;
    records->size = size;
    records->was_latin_1 = true;
out:
    return status;
}

static annc_status check_text(struct annc_records *records)
{
    const unsigned char *text = (const unsigned char *)records->text;
    if (records->size >= 2 && ((text[0] == 0xFF && text[1] == 0xFE) || (text[0] == 0xFE && text[1] == 0xFF)))
        return annc_stream_malformed(records->stream, "is UTF-16; save it as UTF-8");
    if (memchr(records->text, '\0', records->size))
        return annc_stream_malformed(records->stream, "is no table of text: it has bytes that are 0");
    if (records->size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        records->size -= 3;
        memmove(records->text, records->text + 3, records->size);
    }
    return annc_json_is_utf8(records->text, records->size) ? ANNC_OK : from_latin_1(records);
}

/* The line end at or after a place: its length, and where it is; the end of the text has length 0. */
static size_t find_line_end(const struct annc_records *records, size_t at, size_t *length)
{
    while (at < records->size && records->text[at] != '\n' && records->text[at] != '\r')
        at++;
    *length = at == records->size                                                                    ? 0
              : records->text[at] == '\r' && at + 1 < records->size && records->text[at + 1] == '\n' ? 2
                                                                                                     : 1;
    return at;
}

static void skip_lines(struct annc_records *records, size_t skip)
{
    size_t at = 0, length;
    for (size_t i = 0; i < skip && at < records->size; i++) {
        at = find_line_end(records, at, &length);
        at += length;
    }
    /* What is skipped becomes blank, so that lines keep their numbers. */
    for (size_t i = 0; i < at; i++)
        if (records->text[i] != '\n' && records->text[i] != '\r')
            records->text[i] = ' ';
}

annc_status annc_records_open(const char *path, size_t skip, struct annc_records *records)
{
    annc_status status = ANNC_OK;
    memset(records, 0, sizeof *records);
    ANNC_TRY(annc_stream_open(path, &records->stream));
    ANNC_TRY(read_all(records));
    ANNC_TRY(check_text(records));
    skip_lines(records, skip);
    annc_records_rewind(records);
out:
    if (status != ANNC_OK)
        annc_records_close(records);
    return status;
}

void annc_records_close(struct annc_records *records)
{
    annc_stream_close(records->stream);
    annc_release(records->text);
    annc_release(records->field);
    memset(records, 0, sizeof *records);
}

void annc_records_rewind(struct annc_records *records)
{
    records->at = 0;
    records->next_line = 1;
}

/* ---------------------------------------------------------------- records */

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static bool is_separator(const struct annc_records *records, char c)
{
    return records->separator == ' ' ? c == ' ' || c == '\t' : c == records->separator;
}

/* Blanks that may stand beside a field: not the separator itself. */
static bool is_padding(const struct annc_records *records, char c)
{
    return (c == ' ' || c == '\t') && !is_separator(records, c);
}

static annc_status add_field(struct annc_records *records, struct annc_field field)
{
    annc_status status = ANNC_OK;
    if (records->count == records->room) {
        const size_t room = records->room == 0 ? 64 : 2 * records->room;
        ANNC_TRY(annc_resize(room, sizeof *records->field, "a record", (void **)&records->field));
        records->room = room;
    }
    records->field[records->count++] = field;
out:
    return status;
}

/* A field in quotes, which begin at *at; *at moves past them and the blanks behind. */
static annc_status read_quoted(struct annc_records *records, size_t *at, struct annc_field *field)
{
    const char *text = records->text;
    size_t i = *at + 1;
    field->quoted = true;
    field->text = text + i;
    for (;; i++) {
        if (i >= records->size)
            return annc_stream_malformed(records->stream, "line %zu: a quote opens there and nowhere closes",
                                         records->line);
        if (text[i] == '"' && i + 1 < records->size && text[i + 1] == '"') {
            field->doubled = true;
            i++;
        } else if (text[i] == '"') {
            break;
        } else if (text[i] == '\n' || (text[i] == '\r' && !(i + 1 < records->size && text[i + 1] == '\n'))) {
            records->next_line++;
        }
    }
    field->length = (size_t)(text + i - field->text);
    for (i++; i < records->size && is_padding(records, text[i]); i++)
        continue;
    if (i < records->size && !is_separator(records, text[i]) && !is_line_end(text[i]))
        return annc_stream_malformed(records->stream, "line %zu: text follows a closing quote", records->line);
    *at = i;
    return ANNC_OK;
}

static void read_plain(const struct annc_records *records, size_t *at, struct annc_field *field)
{
    const char *text = records->text;
    size_t i = *at;
    while (i < records->size && !is_separator(records, text[i]) && !is_line_end(text[i]))
        i++;
    field->text = text + *at;
    field->length = i - *at;
    while (field->length > 0 && is_padding(records, field->text[field->length - 1]))
        field->length--;
    *at = i;
}

/* One record, empty or not, without its line end. */
static annc_status read_record(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    const char *text = records->text;
    const bool blanks = records->separator == ' ';
    size_t at = records->at;
    records->count = 0;
    for (;;) {
        struct annc_field field = {.text = ""};
        while (at < records->size && (is_padding(records, text[at]) || (blanks && is_separator(records, text[at]))))
            at++;
        const bool ended = at >= records->size || is_line_end(text[at]);
        if (ended && blanks) /* blanks at the end of a line separate nothing */
            break;
        if (!ended && text[at] == '"')
            ANNC_TRY(read_quoted(records, &at, &field));
        else
            read_plain(records, &at, &field);
        ANNC_TRY(add_field(records, field));
        if (at >= records->size || is_line_end(text[at]))
            break;
        at += !blanks;
    }
    records->at = at;
out:
    return status;
}

static bool has_content(const struct annc_records *records)
{
    for (size_t i = 0; i < records->count; i++)
        if (records->field[i].length > 0)
            return true;
    return false;
}

annc_status annc_records_next(struct annc_records *records, bool *more)
{
    annc_status status = ANNC_OK;
    do {
        size_t length;
        *more = records->at < records->size;
        if (!*more)
            return ANNC_OK;
        records->line = records->next_line;
        ANNC_TRY(read_record(records));
        records->at = find_line_end(records, records->at, &length) + length;
        records->next_line++;
    } while (!has_content(records));
out:
    return status;
}

annc_status annc_field_copy(const struct annc_field *field, char **copy)
{
    annc_status status = ANNC_OK;
    size_t length = 0;
    ANNC_TRY(annc_allocate(field->length + 1, 1, "a field", (void **)copy));
    for (size_t i = 0; i < field->length; i++) {
        (*copy)[length++] = field->text[i];
        i += field->doubled && field->text[i] == '"';
    }
    (*copy)[length] = '\0';
out:
    return status;
}

/* ---------------------------------------------------------------- the separator */

/* How many of the first records have the commonest count of fields above 1, and that count. */
static annc_status try_separator(struct annc_records *records, uint32_t *counts, uint32_t *score, size_t *count)
{
    annc_status status = ANNC_OK;
    bool more = true;
    memset(counts, 0, MOST_COUNTED * sizeof *counts);
    *score = 0;
    *count = 1;
    annc_records_rewind(records);
    for (int i = 0; i < LOOKED_AT; i++) {
        status = annc_records_next(records, &more);
        if (status == ANNC_INPUT) { /* quotes that make no sense by this separator */
            status = ANNC_OK;
            break;
        }
        ANNC_TRY(status);
        if (!more)
            break;
        const size_t fields = records->count < MOST_COUNTED ? records->count : MOST_COUNTED - 1;
        if (fields > 1 && ++counts[fields] > *score) {
            *score = counts[fields];
            *count = records->count;
        }
    }
out:
    annc_records_rewind(records);
    return status;
}

annc_status annc_records_find_separator(struct annc_records *records, size_t *count)
{
    static const char candidates[] = {'\t', ';', '|', ',', ' '};
    annc_status status = ANNC_OK;
    uint32_t *counts = NULL, best = 0;
    char separator = ' ';
    *count = 1;
    ANNC_TRY(annc_allocate(MOST_COUNTED, sizeof *counts, "a table's look", (void **)&counts));
    for (size_t i = 0; i < sizeof candidates; i++) {
        uint32_t score;
        size_t fields;
        records->separator = candidates[i];
        ANNC_TRY(try_separator(records, counts, &score, &fields));
        if (score > best) {
            best = score;
            separator = candidates[i];
            *count = fields;
        }
    }
    records->separator = separator;
out:
    annc_release(counts);
    return status;
}
