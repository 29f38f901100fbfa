/* records.c - splits a text file into records of fields. */
#include "dataset/text/records.h"
#include "base/allocate.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/text/number_run.h"
#include "formats/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FEW_BYTES = 1 << 12, MOST_RECORD = 1 << 28, MOST_FIELDS = ANNC_MAX_WIDTH, BLOCK = 4 << 20 };
/* Time limits of a pipe in seconds, from the first byte on: for the beginning, for a piece. */
static const double FIRST_PATIENCE = 0.3, PATIENCE = 0.1;

/* ---------------------------------------------------------------- text */

static bool is_utf_16(const struct annc_records *records)
{
    const unsigned char *text = (const unsigned char *)records->text;
    return (text[0] == 0xFF && text[1] == 0xFE) || (text[0] == 0xFE && text[1] == 0xFF);
}

/* Rejects a text with bytes that are 0 as soon as one is read: packed zeros would fill the memory. */
static annc_status refuse_zeros(const struct annc_records *records)
{
    return annc_stream_malformed(records->stream, is_utf_16(records) ? "is UTF-16; save it as UTF-8"
                                                                     : "is not a text table: it has NUL bytes");
}

static annc_status refuse_long_record(const struct annc_records *records, size_t line)
{
    return annc_stream_malformed(records->stream, "line %zu: the record that begins here is longer than %d MB%s", line,
                                 MOST_RECORD >> 20, "; is a quote never closed?");
}

/* Gives back the memory of a mapped text before `at`, unless it is little. */
static void leave_text(struct annc_records *records, size_t at)
{
    if (!records->mapping.base)
        return;
    records->left = at < records->left ? at : records->left; /* after a step back */
    if (at - records->left < BLOCK)
        return;
    annc_mapping_leave(&records->mapping, records->left, at - records->left);
    records->left = at;
}

static void release_text(struct annc_records *records)
{
    if (!records->mapping.base)
        annc_release(records->text);
    annc_unmap(&records->mapping);
}

/* Maps the whole text. */
static annc_status map_text(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_stream_map(records->stream, &records->mapping));
    records->text = records->mapping.base;
    records->size = records->mapping.length;
    records->ended = true;
    for (size_t at = 0; at < records->size; at += BLOCK) {
        const size_t rest = records->size - at;
        if (memchr(records->text + at, '\0', rest < BLOCK ? rest : BLOCK))
            return refuse_zeros(records);
        leave_text(records, at);
    }
out:
    return status;
}

/* Reads up to `count` more bytes of the text. */
static annc_status read_more(struct annc_records *records, size_t count, double patience)
{
    annc_status status = ANNC_OK;
    const size_t wanted = records->size + count;
    size_t got = 0;
    records->paused = false;
    if (wanted > records->text_room) {
        const size_t room = wanted > 2 * records->text_room ? wanted : 2 * records->text_room;
        ANNC_TRY(annc_resize(room, 1, "a text file", (void **)&records->text));
        records->text_room = room;
    }
    /* The first byte has no time limit. */
    if (isinf(records->until) && annc_stream_is_pipe(records->stream)) {
        ANNC_TRY(annc_stream_read(records->stream, records->text + records->size, 1, &got));
        records->size += got;
        records->until = annc_now() + patience;
    }
    ANNC_TRY(annc_stream_read_until(records->stream, records->text + records->size, wanted - records->size,
                                    records->until, &got, &records->paused));
    /* A text that flows is checked line by line, so that the lines before come first. */
    if (!records->flows && memchr(records->text + records->size, '\0', got))
        ANNC_TRY(refuse_zeros(records));
    records->size += got;
    records->ended = records->size < wanted && !records->paused;
out:
    return status;
}

/* Counts the complete non-empty lines in memory, up to a limit; line ends in quotes do not
 * count. */
static size_t count_lines(const struct annc_records *records, size_t most)
{
    size_t lines = 0;
    bool quoted = false, content = false, comment = false;
    for (size_t i = records->begin; i < records->size && lines < most; i++) {
        const char c = records->text[i];
        if (!quoted && (c == '\n' || (c == '\r' && i + 1 < records->size))) {
            lines += content;
            content = false;
        } else {
            /* A quotation mark in a comment opens no field. */
            comment = content ? comment : c == '#' || c == '%';
            quoted = !comment && quoted != (c == '"');
            content = content || !strchr(" \t\r,;|\"", c);
        }
    }
    return lines;
}

/* Reads enough text to determine the format. A whole text, or a longer beginning, is read in
 * growing parts. */
static annc_status read_beginning(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    const struct annc_intake *intake = &records->intake;
    const double patience = intake->beginning == SIZE_MAX ? INFINITY : FIRST_PATIENCE;
    while (!records->ended) {
        const size_t held = records->size - records->begin, part = held < intake->step ? intake->step : held;
        const bool full = held >= intake->beginning;
        if ((full || records->paused) && count_lines(records, intake->records) >= intake->records)
            break;
        if (full && held > MOST_RECORD)
            return refuse_long_record(records, 1);
        if (records->paused)
            records->until = INFINITY;
        ANNC_TRY(
            read_more(records, full || part < intake->beginning - held ? part : intake->beginning - held, patience));
    }
    records->until = INFINITY;
out:
    return status;
}

/* Converts text that is not UTF-8 from Latin-1, the encoding of older programs, to UTF-8. */
static annc_status from_latin_1(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    const size_t room = annc_product(records->size - records->begin, 2);
    size_t size = 0;
    char *text = NULL;
    ANNC_TRY(annc_resize(room, 1, "a text file", (void **)&text));
    for (size_t i = records->begin; i < records->size; i++) {
        char bytes[ANNC_UTF8];
        const size_t length = annc_utf8_encode((unsigned char)records->text[i], bytes);
        memcpy(text + size, bytes, length);
        size += length;
    }
    release_text(records);
    records->text = text;
    records->begin = 0;
    records->size = size;
    records->text_room = room;
    records->was_latin_1 = true;
out:
    return status;
}

/* Checks the first bytes for byte order marks. */
static annc_status check_marks(struct annc_records *records)
{
    const unsigned char *text = (const unsigned char *)records->text;
    if (records->size >= 2 && is_utf_16(records))
        return refuse_zeros(records);
    if (records->size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        records->begin = 3;
    return ANNC_OK;
}

/* Returns the size of the text in memory without an incomplete character at its end. */
static size_t whole_characters(const struct annc_records *records)
{
    size_t size = records->size;
    if (records->ended)
        return size;
    /* Keep a complete line whose end is not part of another character. */
    while (records->size - size < 3 && ((unsigned char)records->text[size - 1] & 0xC0) == 0x80)
        size--;
    return (unsigned char)records->text[size - 1] >= 0xC0 ? size - 1 : size;
}

/* Returns the end of a block of text that begins at `at`, where no character is cut. */
static size_t end_of_block(const struct annc_records *records, size_t at, size_t size)
{
    size_t end = size - at < BLOCK ? size : at + BLOCK;
    for (int i = 0; i < ANNC_UTF8 && end < size && ((unsigned char)records->text[end] & 0xC0) == 0x80; i++)
        end--;
    return end;
}

static annc_status check_text(struct annc_records *records)
{
    const size_t size = whole_characters(records);
    size_t end;
    for (size_t at = records->begin; at < size; at = end) {
        end = end_of_block(records, at, size);
        if (!annc_is_utf8(records->text + at, end - at))
            return from_latin_1(records);
        leave_text(records, at);
    }
    return ANNC_OK;
}

/* Discards the text before a position. */
static void give_up(struct annc_records *records, size_t at)
{
    memmove(records->text, records->text + at, records->size - at);
    records->size -= at;
    records->begin = records->at = 0;
}

/* Finds the line end at or after a position, and its length; the end of the text has length 0. */
static size_t find_line_end(const struct annc_records *records, size_t at, size_t *length)
{
    while (at < records->size && records->text[at] != '\n' && records->text[at] != '\r')
        at++;
    *length = at == records->size                                                                    ? 0
              : records->text[at] == '\r' && at + 1 < records->size && records->text[at + 1] == '\n' ? 2
                                                                                                     : 1;
    return at;
}

/* Returns whether more text could move this line end: it is at the end of the text in memory, or
 * within a CR LF. */
static bool is_cut(const struct annc_records *records, size_t at, size_t length)
{
    const bool is_lone = length == 1 && records->text[at] == '\r';
    return !records->ended && at + length == records->size && (length == 0 || is_lone);
}

enum { MOST_SKIPPED = 60 };

/* Skips any number of leading lines. */
static annc_status skip_lines(struct annc_records *records, size_t skip)
{
    annc_status status = ANNC_OK;
    records->first_line = 1;
    while (records->first_line <= skip && !(records->ended && records->begin == records->size)) {
        size_t length;
        const size_t at = find_line_end(records, records->begin, &length);
        if (is_cut(records, at, length)) {
            give_up(records, at);
            ANNC_TRY(read_beginning(records));
            continue;
        }
        snprintf(records->skipped, sizeof records->skipped, "%.*s",
                 (int)(at - records->begin < MOST_SKIPPED ? at - records->begin : MOST_SKIPPED),
                 records->text + records->begin);
        records->begin = at + length;
        records->first_line++;
    }
    ANNC_TRY(read_beginning(records));
out:
    return status;
}

annc_status annc_records_open(struct annc_stream *stream, size_t skip, const struct annc_intake *intake,
                              struct annc_records *records)
{
    annc_status status = ANNC_OK;
    memset(records, 0, sizeof *records);
    records->stream = stream;
    records->intake = *intake;
    records->until = INFINITY;
    records->quotes = "\"";
    records->runs = annc_number_runs_choose();
    if (intake->maps && annc_stream_gzip_layers(stream) == 0 && annc_stream_file_bytes(stream) != UINT64_MAX)
        ANNC_TRY(map_text(records));
    ANNC_TRY(read_beginning(records));
    ANNC_TRY(check_marks(records));
    ANNC_TRY(skip_lines(records, skip));
out:
    if (status != ANNC_OK)
        annc_records_close(records);
    return status;
}

void annc_records_close(struct annc_records *records)
{
    for (size_t i = 0; i < records->name_count; i++)
        annc_release(records->name[i]);
    for (size_t i = 0; records->omitted && i < records->name_count; i++)
        annc_release(records->omitted[i]);
    annc_release(records->name);
    annc_release(records->omitted);
    release_text(records);
    annc_release(records->own);
    annc_release(records->dense);
    memset(records, 0, sizeof *records);
}

size_t annc_records_line(const struct annc_records *records, size_t at, size_t *after)
{
    size_t length;
    const size_t end = find_line_end(records, at, &length);
    *after = end + length;
    return end;
}

annc_status annc_records_hold(struct annc_records *records, size_t at)
{
    /* The beginning has a whole line, with content, behind records->begin. */
    const size_t begin = records->begin;
    records->begin = at;
    const annc_status status = read_beginning(records);
    records->begin = begin;
    return status;
}

annc_status annc_records_begin(struct annc_records *records, size_t at, size_t line)
{
    annc_status status = ANNC_OK;
    records->begin = at;
    records->first_line = line;
    ANNC_TRY(read_beginning(records));
    ANNC_TRY(check_text(records));
    annc_records_rewind(records);
out:
    return status;
}

void annc_records_rewind(struct annc_records *records)
{
    records->at = records->begin;
    records->next_line = records->first_line;
}

void annc_records_seek(struct annc_records *records, size_t place, size_t line)
{
    records->at = place;
    records->next_line = line;
}

void annc_records_wait(struct annc_records *records, bool forever)
{
    if (forever)
        records->until = INFINITY;
    else if (annc_stream_is_pipe(records->stream))
        records->until = fmin(records->until, annc_now() + PATIENCE);
}

void annc_records_flow(struct annc_records *records)
{
    records->flows = !records->ended;
}

/* ---------------------------------------------------------------- records */

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static bool is_separator(const struct annc_records *records, char c)
{
    if (records->in_braces && c == '}')
        return true;
    return records->separator == ' ' ? c == ' ' || c == '\t' : c == records->separator;
}

/* Returns whether a character is a blank beside a field, and not the separator. */
static bool is_padding(const struct annc_records *records, char c)
{
    return (c == ' ' || c == '\t') && !is_separator(records, c);
}

/* Makes room for one more field. */
static annc_status make_room(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    if (records->count > MOST_FIELDS)
        return annc_stream_malformed(records->stream, "line %zu: has more than %d fields", records->line, MOST_FIELDS);
    if (records->count == records->room) {
        const size_t room = records->room == 0 ? 64 : 2 * records->room;
        ANNC_TRY(annc_resize(room, sizeof *records->own, "a record", (void **)&records->own));
        records->room = room;
    }
out:
    return status;
}

/* Adds a field, whose contents the caller sets. */
static annc_status add_field(struct annc_records *records, struct annc_field **field)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(make_room(records));
    *field = &records->own[records->count++];
out:
    return status;
}

/* Reads a quoted field that begins at *at; *at moves past it and the blanks behind. */
static annc_status read_quoted(struct annc_records *records, size_t *at, struct annc_field *field)
{
    const char *text = records->text, quote = text[*at], escape = records->has_backslashes ? '\\' : quote;
    size_t i = *at + 1;
    *field = (struct annc_field){.text = text + i, .quoted = true};
    for (;; i++) {
        if (i >= records->size && !records->ended) { /* incomplete record, to be read again */
            *at = records->size;
            return ANNC_OK;
        }
        if (i >= records->size)
            return annc_stream_malformed(records->stream, "line %zu: a quote opens here and is never closed",
                                         records->line);
        if (text[i] == escape && i + 1 < records->size && (text[i + 1] == quote || text[i + 1] == escape)) {
            field->escape = escape;
            i++;
        } else if (text[i] == quote) {
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

/* There are at most two kinds of quotes. */
static bool is_quote(const struct annc_records *records, char c)
{
    const char *quotes = records->quotes;
    return c && (c == quotes[0] || (quotes[0] && c == quotes[1]));
}

/* Reads a field without quotes that begins at *at; *at moves past it. */
static void read_plain(const struct annc_records *records, size_t *at, struct annc_field *field)
{
    const char *text = records->text, *end = text + records->size;
    size_t i = *at;
    *field = (struct annc_field){.text = text + i};
    const char *after = annc_number_begin(field->text, end, '.', &field->number, &field->has_point);
    field->is_number = after && (after == end || is_separator(records, *after) || is_line_end(*after));
    if (field->is_number) {
        field->length = (size_t)(after - field->text);
        *at = (size_t)(after - text);
        return;
    }
    while (i < records->size && !is_separator(records, text[i]) && !is_line_end(text[i]))
        i++;
    field->length = i - *at;
    while (field->length > 0 && is_padding(records, field->text[field->length - 1]))
        field->length--;
    *at = i;
}

static bool is_comment(const struct annc_records *records, size_t at)
{
    while (at < records->size && (records->text[at] == ' ' || records->text[at] == '\t'))
        at++;
    return records->comment && at < records->size && records->text[at] == records->comment;
}

static size_t skip_padding(const struct annc_records *records, size_t at)
{
    while (at < records->size && is_padding(records, records->text[at]))
        at++;
    return at;
}

/* Reads the value of a pair and, before it, its index: "3 'a, b'". */
static annc_status read_pair(struct annc_records *records, size_t *at)
{
    annc_status status = ANNC_OK;
    const char *text = records->text;
    struct annc_field *index = NULL, *value = NULL;
    size_t i = *at;
    ANNC_TRY(add_field(records, &index));
    *index = (struct annc_field){.text = text + i};
    while (i < records->size && !is_padding(records, text[i]) && !is_separator(records, text[i]) &&
           !is_line_end(text[i]))
        i++;
    index->length = i - *at;
    i = skip_padding(records, i);
    ANNC_TRY(add_field(records, &value));
    if (i < records->size && is_quote(records, text[i]))
        ANNC_TRY(read_quoted(records, &i, value));
    else
        read_plain(records, &i, value);
    *at = i;
out:
    return status;
}

/* Reads a record in braces from its first pair on, and what follows it on the line, which is
 * nothing. */
static annc_status read_braces(struct annc_records *records, size_t at)
{
    annc_status status = ANNC_OK;
    const char *text = records->text;
    for (at = skip_padding(records, at); at < records->size && text[at] != '}'; at = skip_padding(records, at)) {
        ANNC_TRY(read_pair(records, &at));
        if (at < records->size && is_line_end(text[at]))
            break;
        at += at < records->size && text[at] == records->separator;
    }
    if (at < records->size ? text[at] != '}' : records->ended)
        return annc_stream_malformed(records->stream, "line %zu: the row begins with { and does not end with }",
                                     records->line);
    at = skip_padding(records, at + (at < records->size));
    if (at < records->size && !is_line_end(text[at]))
        return annc_stream_malformed(records->stream,
                                     "line %zu: text follows the }, as weights of rows do; move them "
                                     "to an attribute",
                                     records->line);
    records->at = at;
out:
    return status;
}

static bool is_of_number(char c)
{
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+';
}

/* Returns whether a run of numbers may begin at a position: not near the ends of the text in memory, and
 * not where the separator is a blank or could be in a number. */
static bool has_run(const struct annc_records *records, size_t at)
{
    const char separator = records->separator;
    return records->runs && at >= ANNC_RUN_BEFORE && at <= records->size && records->size - at >= ANNC_RUN_AHEAD &&
           is_of_number(records->text[at]) && separator != ' ' && !is_line_end(separator) && !is_of_number(separator);
}

/* Reads the fields from *at on that are numbers, quickly, if there are any; *at moves to the next field
 * or, with *ended, to the line end. */
static annc_status read_numbers(struct annc_records *records, size_t *at, bool *ended)
{
    annc_status status = ANNC_OK;
    const char *from = records->text + *at, *end = records->text + records->size;
    *ended = false;
    if (!has_run(records, *at))
        return ANNC_OK;
    ANNC_TRY(make_room(records));
    const size_t most = MOST_FIELDS + 1 - records->count, room = records->room - records->count;
    records->count += records->runs->read(&from, end, records->separator, records->own + records->count,
                                          room < most ? room : most, ended);
    *at = (size_t)(from - records->text);
out:
    return status;
}

size_t annc_records_pass(struct annc_records *records, size_t width, const char *first, size_t first_length,
                         size_t most, bool *has_points)
{
    const size_t rest = records->size - records->at;
    const char *from = records->text + records->at;
    if (records->expand || !has_run(records, records->at))
        return 0;
    /* The caller then reads a record, and the block is given back. */
    const char *end = from + (rest < BLOCK ? rest : BLOCK);
    const size_t count =
        records->runs->pass(&from, end, records->separator, width, first, first_length, most, has_points);
    records->at = (size_t)(from - records->text);
    records->next_line += count;
    return count;
}

/* Reads one record, empty or not, without its line end. */
static annc_status read_record(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    const char *text = records->text;
    const bool blanks = records->separator == ' ';
    size_t at = records->at;
    records->count = 0;
    records->in_braces = false;
    if (is_comment(records, at))
        return ANNC_OK; /* without fields; the caller passes over the rest of the line */
    const size_t first = skip_padding(records, at);
    records->in_braces = records->omitted && first < records->size && text[first] == '{';
    if (records->in_braces)
        return read_braces(records, first + 1);
    for (;;) {
        struct annc_field *field = NULL;
        bool ended;
        ANNC_TRY(read_numbers(records, &at, &ended));
        if (ended)
            break;
        while (at < records->size && (is_padding(records, text[at]) || (blanks && is_separator(records, text[at]))))
            at++;
        ended = at >= records->size || is_line_end(text[at]);
        if (ended && blanks) /* trailing blanks are no separator */
            break;
        ANNC_TRY(add_field(records, &field));
        if (!ended && is_quote(records, text[at]))
            ANNC_TRY(read_quoted(records, &at, field));
        else
            read_plain(records, &at, field);
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
    if (records->in_braces) /* {} leaves everything out */
        return true;
    for (size_t i = 0; i < records->count; i++)
        if (records->field[i].length > 0)
            return true;
    return false;
}

/* Reads the next complete record in memory, empty or not, with its line end; *whole is false if
 * there is none. */
static annc_status read_held(struct annc_records *records, bool *whole)
{
    annc_status status = ANNC_OK;
    const size_t begin = records->at, line = records->next_line;
    size_t length;
    *whole = begin < records->size;
    if (!*whole)
        return ANNC_OK;
    records->line = line;
    records->place = begin;
    ANNC_TRY(read_record(records));
    records->field = records->own;
    const size_t end = find_line_end(records, records->at, &length);
    *whole = !is_cut(records, end, length);
    if (end - begin > MOST_RECORD)
        return refuse_long_record(records, line);
    records->at = *whole ? end + length : begin;
    records->next_line = *whole ? records->next_line + 1 : line;
    if (*whole && records->flows && memchr(records->text + begin, '\0', end - begin))
        return annc_stream_malformed(records->stream, "line %zu: has a NUL byte, so it is not text", line);
out:
    return status;
}

/* Reads the next record, empty or not, and as much further text as it needs. */
static annc_status read_any(struct annc_records *records, bool *more)
{
    annc_status status = ANNC_OK;
    records->paused = false;
    for (;;) {
        ANNC_TRY(read_held(records, more));
        if (*more || records->ended || !records->flows || records->paused)
            return ANNC_OK;
        give_up(records, records->at);
        if (records->size > MOST_RECORD)
            return refuse_long_record(records, records->next_line);
        /* Growing parts, so that a long record is not rescanned too often. */
        const size_t step = records->intake.step;
        ANNC_TRY(
            read_more(records, records->size < FEW_BYTES || records->size < step ? step : records->size, PATIENCE));
    }
out:
    return status;
}

annc_status annc_records_next(struct annc_records *records, bool *more)
{
    annc_status status = ANNC_OK;
    do
        ANNC_TRY(read_any(records, more));
    while (*more && !has_content(records));
    leave_text(records, records->place);
    if (*more && records->expand)
        ANNC_TRY(records->expand(records));
out:
    return status;
}

annc_status annc_field_copy(const struct annc_field *field, char **copy)
{
    annc_status status = ANNC_OK;
    size_t length = 0;
    ANNC_TRY(annc_allocate(field->length + 1, 1, "a field", (void **)copy));
    for (size_t i = 0; i < field->length; i++) {
        i += field->escape && field->text[i] == field->escape && i + 1 < field->length;
        (*copy)[length++] = field->text[i];
    }
    (*copy)[length] = '\0';
out:
    return status;
}

annc_status annc_field_unescape(const struct annc_field *field, struct annc_field *plain, char **copy)
{
    annc_status status = ANNC_OK;
    *copy = NULL;
    *plain = *field;
    if (!field->escape)
        return ANNC_OK;
    ANNC_TRY(annc_field_copy(field, copy));
    *plain = (struct annc_field){.text = *copy, .length = strlen(*copy), .quoted = field->quoted};
out:
    return status;
}
