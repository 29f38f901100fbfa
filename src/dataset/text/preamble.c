/* preamble.c - what stands before the records of a text table. */
#include "dataset/text/preamble.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/text/sparse.h"
#include "formats/stream.h"

#include <stdio.h>
#include <string.h>

enum { MOST_COMMENTS = 16 << 20, SHOWN = 60 };

/* A line of the text in memory, without blanks at its beginning. */
struct line {
    const char *text;
    size_t length;
    size_t at, after; /* offsets of its beginning and of the next line's */
};

static struct line line_at(const struct annc_records *records, size_t at)
{
    struct line line = {.at = at};
    const size_t end = annc_records_line(records, at, &line.after);
    while (at < end && (records->text[at] == ' ' || records->text[at] == '\t'))
        at++;
    line.text = records->text + at;
    line.length = end - at;
    return line;
}

static bool begins_with(const struct line *line, const char *word)
{
    return line->length >= strlen(word) && annc_compare_any_case(line->text, word, strlen(word)) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* ---------------------------------------------------------------- comments */

/* A mark that is a field of its own is no comment: "#,name" is a header. */
static bool is_comment(const struct line *line)
{
    return line->length > 0 && (line->text[0] == '#' || line->text[0] == '%') &&
           !(line->length > 1 && strchr(",;|\t\"", line->text[1]) && line->text[1]);
}

/* Counts the separators of a line, or, for blanks, its words. */
static size_t count_marks(const char *text, size_t length, char separator)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += separator == ' ' ? !is_blank(text[i]) && (i == 0 || is_blank(text[i - 1])) : text[i] == separator;
    return count;
}

/* Returns whether a comment has as many fields as a row, above 1. */
static bool has_fields_of(const struct line *comment, const struct line *row, char separator)
{
    static const char separators[] = "\t;|, ";
    const size_t mark = comment->length > 1 && is_blank(comment->text[1]) ? 1 : 0;
    for (const char *s = separators; *s; s++) {
        const size_t of_row = count_marks(row->text, row->length, *s);
        if ((!separator || separator == *s) && of_row > (*s == ' ' ? 1U : 0U) &&
            of_row == count_marks(comment->text + mark, comment->length - mark, *s))
            return true;
    }
    return false;
}

/* Returns whether some field of a row begins like a number. */
static bool has_number(const struct line *row)
{
    bool begins = true;
    for (size_t i = 0; i < row->length; i++) {
        if (begins && row->text[i] && strchr("0123456789+-.", row->text[i]))
            return true;
        begins = row->text[i] && strchr(" \t,;|\"", row->text[i]);
    }
    return false;
}

/* Finds the first line that is neither blank nor a comment, and its number. */
static annc_status find_row(struct annc_records *records, struct line *row, size_t *number)
{
    annc_status status = ANNC_OK;
    size_t at = records->begin;
    for (*number = records->first_line;; ++*number, at = row->after) {
        ANNC_TRY(annc_records_hold(records, at));
        *row = line_at(records, at);
        if (at >= records->size || (row->length > 0 && !is_comment(row)))
            break;
        if (row->after - records->begin > MOST_COMMENTS)
            return annc_stream_malformed(records->stream, "has more than %d MB of comments before its first row",
                                         MOST_COMMENTS >> 20);
    }
out:
    return status;
}

/* Moves the beginning past comments, up to the row. The last is kept as the header, or several as
 * rows, where they look like the row; without a row, all are kept. */
static void skip_comments(struct annc_records *records, const annc_text_options *options, const struct line *row,
                          size_t row_number, char *notes, size_t size)
{
    size_t number = records->first_line, kept = row->at, kept_number = row_number, alike = 0, comments = 0;
    struct line line, header = {.at = 0};
    for (size_t at = records->begin; at < row->at; at = line.after, number++) {
        line = line_at(records, at);
        if (line.length == 0)
            continue;
        comments++;
        if (!has_fields_of(&line, row, options->separator)) {
            alike = 0;
            continue;
        }
        if (alike++ == 0) {
            kept = at;
            kept_number = number;
            header = line;
        }
    }
    if (comments == 0 || row->length == 0)
        return;
    if (alike == 0 || (alike == 1 && (options->header == ANNC_NO || !has_number(row)))) {
        kept = row->at;
        kept_number = row_number;
        alike = 0;
    }
    if (alike == 1) {
        /* "# a,b" is "a,b"; "#a,b" may have a name with a mark. */
        kept = (size_t)(header.text - records->text);
        if (header.length > 1 && is_blank(header.text[1]))
            kept++;
    }
    if (comments > alike)
        annc_note(notes, size, "%zu comment line%s before the table %s left out", comments - alike,
                  annc_plural(comments - alike), comments - alike == 1 ? "is" : "are");
    if (alike == 1)
        annc_note(notes, size, "line %zu, which begins with %c, is the header", kept_number, header.text[0]);
    records->begin = kept;
    records->first_line = kept_number;
}

/* ---------------------------------------------------------------- the separator */

/* Reads "sep=;", which Excel writes and obeys. */
static void read_separator(struct annc_records *records, char *notes, size_t size)
{
    struct line line = line_at(records, records->begin);
    while (line.length > 0 && is_blank(line.text[line.length - 1]) && line.length > 5)
        line.length--;
    if (line.length == 7 && line.text[0] == '"' && line.text[6] == '"') { /* quoted like a field */
        line.text++;
        line.length -= 2;
    }
    if (line.length != 5 || !begins_with(&line, "sep=") || !strchr(",;|\t", line.text[4]) || !line.text[4])
        return;
    records->stated_separator = line.text[4];
    annc_note(notes, size, "line %zu, '%.4s%s', names the separator", records->first_line, line.text,
              line.text[4] == '\t'  ? "\\t"
              : line.text[4] == ',' ? ","
              : line.text[4] == ';' ? ";"
                                    : "|");
    records->begin = line.after;
    records->first_line++;
}

/* ---------------------------------------------------------------- ARFF */

/* Copies a field as UTF-8, from Latin-1 where it is not. */
static annc_status copy_utf8(const struct annc_field *field, char **text)
{
    annc_status status = ANNC_OK;
    char *copy = NULL;
    size_t length = 0;
    ANNC_TRY(annc_field_copy(field, &copy));
    if (annc_is_utf8(copy, strlen(copy))) {
        *text = copy;
        return ANNC_OK;
    }
    ANNC_TRY(annc_allocate(2 * strlen(copy) + 1, 1, "a field", (void **)text));
    for (const char *c = copy; *c; c++) {
        char bytes[ANNC_UTF8];
        const size_t one = annc_utf8_encode((unsigned char)*c, bytes);
        memcpy(*text + length, bytes, one);
        length += one;
    }
out:
    annc_release(copy);
    return status;
}

/* Adds an attribute, with the text of a cell that a row in braces leaves out. */
static annc_status add_attribute(struct annc_records *records, const struct annc_field *name,
                                 const struct annc_field *omitted)
{
    annc_status status = ANNC_OK;
    const size_t count = records->name_count, room = count == 0 ? 1 : 2 * count;
    char *text = NULL, *absent = NULL;
    ANNC_TRY(copy_utf8(name, &text));
    if (omitted->text)
        ANNC_TRY(copy_utf8(omitted, &absent));
    if ((count & (count - 1)) == 0) {
        ANNC_TRY(annc_resize(room, sizeof *records->name, "names", (void **)&records->name));
        ANNC_TRY(annc_resize(room, sizeof *records->omitted, "names", (void **)&records->omitted));
    }
    records->name[count] = text;
    records->omitted[count] = absent;
    records->name_count++;
    text = absent = NULL;
out:
    annc_release(text);
    annc_release(absent);
    return status;
}

/* Reads a name or value at *at, in quotes or up to one of `ends`, and moves *at past it. */
static struct annc_field read_word(const struct line *line, size_t *at, const char *ends)
{
    const bool quoted = *at < line->length && (line->text[*at] == '\'' || line->text[*at] == '"');
    const char quote = line->text[*at];
    size_t begin = *at + quoted, end = begin;
    while (end < line->length &&
           (quoted ? line->text[end] != quote : !line->text[end] || !strchr(ends, line->text[end])))
        end += quoted && line->text[end] == '\\' && end + 1 < line->length ? 2 : 1;
    *at = end + quoted < line->length ? end + quoted : line->length;
    return (struct annc_field){
        .text = line->text + begin, .length = end - begin, .quoted = quoted, .escape = quoted ? '\\' : '\0'};
}

static void skip_blanks(const struct line *line, size_t *at)
{
    while (*at < line->length && is_blank(line->text[*at]))
        ++*at;
}

/* Returns what a row in braces leaves out where an attribute is of this type: 0, or the first of a
 * list of words; nothing for texts and dates, which have no such value. */
static struct annc_field omitted_of(const struct line *type)
{
    static const char *const numeric[] = {"numeric", "real", "integer"};
    size_t at = 1;
    if (type->text[0] == '{') {
        skip_blanks(type, &at);
        struct annc_field first = at < type->length ? read_word(type, &at, ",}") : (struct annc_field){.text = NULL};
        while (!first.quoted && first.length > 0 && is_blank(first.text[first.length - 1]))
            first.length--;
        return first.length > 0 || first.quoted ? first : (struct annc_field){.text = NULL};
    }
    for (size_t i = 0; i < sizeof numeric / sizeof *numeric; i++)
        if (begins_with(type, numeric[i]))
            return (struct annc_field){.text = "0", .length = 1};
    return (struct annc_field){.text = NULL};
}

/* Reads "@attribute NAME TYPE". */
static annc_status read_attribute(struct annc_records *records, const struct line *line, size_t number)
{
    size_t end = strlen("@attribute");
    skip_blanks(line, &end);
    if (end == line->length)
        return annc_stream_malformed(records->stream, "line %zu: is no @attribute with a name and a type", number);
    const struct annc_field name = read_word(line, &end, " \t");
    skip_blanks(line, &end);
    const struct line type = {.text = line->text + end, .length = line->length > end ? line->length - end : 0};
    if (name.length == 0 || type.length == 0)
        return annc_stream_malformed(records->stream, "line %zu: is no @attribute with a name and a type", number);
    if (begins_with(&type, "relational"))
        return annc_stream_malformed(
            records->stream, "line %zu: the attribute is a relation, which is not read; save the table as CSV", number);
    if (records->name_count > ANNC_MAX_WIDTH)
        return annc_stream_malformed(records->stream, "line %zu: has more than %d attributes", number, ANNC_MAX_WIDTH);
    const struct annc_field omitted = omitted_of(&type);
    return add_attribute(records, &name, &omitted);
}

/* Reads an ARFF header that begins at a line, up to the records behind "@data". */
static annc_status read_arff(struct annc_records *records, struct line line, size_t number, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    records->quotes = "'\"";
    records->comment = '%';
    records->has_backslashes = true;
    records->separator = ',';
    for (; !begins_with(&line, "@data"); number++) {
        if (line.at >= records->size)
            return annc_stream_malformed(records->stream, "is an ARFF file without @data; is it cut short?");
        if (begins_with(&line, "@attribute"))
            ANNC_TRY(read_attribute(records, &line, number));
        else if (line.length > 0 && line.text[0] != '%' && !begins_with(&line, "@relation"))
            return annc_stream_malformed(records->stream, "line %zu: is neither @attribute nor @data", number);
        ANNC_TRY(annc_records_hold(records, line.after));
        line = line_at(records, line.after);
    }
    if (records->name_count == 0)
        return annc_stream_malformed(records->stream, "is an ARFF file without attributes");
    records->begin = line.after;
    records->first_line = number + 1;
    ANNC_TRY(find_row(records, &line, &number));
    annc_note(notes, size, "an ARFF table of %zu attribute%s%s", records->name_count, annc_plural(records->name_count),
              line.length > 0 && line.text[0] == '{'
                  ? "; values that are not written are 0, or the first of the attribute's list"
                  : "");
out:
    return status;
}

/* ---------------------------------------------------------------- whole preamble */

annc_status annc_preamble_read(struct annc_records *records, const annc_text_options *options, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct line row = {.text = NULL};
    size_t number;
    read_separator(records, notes, size);
    ANNC_TRY(find_row(records, &row, &number));
    if (begins_with(&row, "@relation")) {
        ANNC_TRY(read_arff(records, row, number, notes, size));
    } else {
        skip_comments(records, options, &row, number, notes, size);
        records->is_sparse = !options->separator && !records->stated_separator && annc_sparse_begins(records);
    }
    if (records->is_sparse) {
        records->quotes = "";
        records->comment = '#';
        records->separator = ' ';
        annc_note(notes, size, "a table of INDEX:VALUE; values that are not written are 0");
    }
    ANNC_TRY(annc_records_begin(records, records->begin, records->first_line));
out:
    return status;
}
