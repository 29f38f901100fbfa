/* sparse.c - tables of LABEL INDEX:VALUE ..., as libsvm and svmlight write them. */
#include "dataset/text/sparse.h"
#include "base/allocate.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/stream.h"

#include <stdio.h>
#include <string.h>

enum { MOST_INDEX = 1 << 16, LINES_LOOKED_AT = 20 };

static const char DIGITS[] = "0123456789";

/* Reads "INDEX:VALUE": returns the length of what stands before the value, or 0. */
static size_t read_index(const char *text, size_t length, uint32_t *index)
{
    size_t at = 0;
    *index = 0;
    for (; at < length && text[at] && strchr(DIGITS, text[at]); at++)
        *index = *index > MOST_INDEX ? *index : 10 * *index + (uint32_t)(text[at] - '0');
    return at > 0 && at + 1 < length && text[at] == ':' ? at + 1 : 0;
}

/* ---------------------------------------------------------------- recognition */

static size_t word_length(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length && text[at] != ' ' && text[at] != '\t')
        at++;
    return at;
}

/* Counts the pairs of one line, which ascend; false if something else is there. */
static bool count_pairs(const char *text, size_t length, uint32_t *pairs)
{
    uint32_t last = 0;
    size_t label = word_length(text, length);
    *pairs = 0;
    if (label == 0 || memchr(text, ':', label))
        return false;
    for (size_t at = label; at < length;) {
        uint32_t index;
        if (text[at] == ' ' || text[at] == '\t') {
            at++;
            continue;
        }
        if (text[at] == '#')
            break;
        const size_t word = word_length(text + at, length - at);
        if (read_index(text + at, word, &index) == 0 || (*pairs > 0 && index <= last))
            return false;
        last = index;
        at += word;
        ++*pairs;
    }
    return true;
}

bool annc_sparse_begins(const struct annc_records *records)
{
    uint32_t most = 0;
    size_t at = records->begin, after;
    for (int line = 0; line < LINES_LOOKED_AT && at < records->size; at = after) {
        uint32_t pairs;
        const size_t end = annc_records_line(records, at, &after);
        while (at < end && (records->text[at] == ' ' || records->text[at] == '\t'))
            at++;
        if (at == end || records->text[at] == '#')
            continue;
        if (after == end && !records->ended)
            break; /* an incomplete line */
        if (!count_pairs(records->text + at, end - at, &pairs))
            return false;
        most = pairs > most ? pairs : most;
        line++;
    }
    return most > 1; /* "5 12:30" is a number and a time */
}

/* ---------------------------------------------------------------- records */

/* Reads field `f` of the last record as written: the index, which is larger than `last`, and the
 * value. */
static annc_status read_pair(const struct annc_records *records, size_t f, int64_t last, uint32_t *index,
                             struct annc_field *value)
{
    const struct annc_field *field = &records->own[f];
    const size_t length = read_index(field->text, field->length, index);
    char text[48], shown[48];
    snprintf(text, sizeof text, "%.*s", field->length < 40 ? (int)field->length : 40, field->text);
    annc_printable(text, shown, sizeof shown);
    if (length == 0)
        return annc_stream_malformed(records->stream, "line %zu: '%s' is not INDEX:VALUE, as other fields are",
                                     records->line, shown);
    if (*index > MOST_INDEX)
        return annc_stream_malformed(records->stream, "line %zu: '%s' has an index above %d", records->line, shown,
                                     MOST_INDEX);
    if (*index <= last)
        return annc_stream_malformed(records->stream, "line %zu: index %u follows index %lld; indices must ascend",
                                     records->line, *index, (long long)last);
    *value = (struct annc_field){.text = field->text + length, .length = field->length - length};
    return ANNC_OK;
}

/* Returns whether the record as written has a field `f` that is not in a comment at its end. */
static bool has_pair(const struct annc_records *records, size_t f, size_t count)
{
    return f < count && records->own[f].text[0] != '#';
}

/* Expands the last record. ANNC_INPUT names the line. */
static annc_status expand(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    const size_t written = records->count;
    int64_t last = -1;
    for (size_t c = 1; c < records->name_count; c++)
        records->dense[c] = (struct annc_field){.text = "0", .length = 1};
    records->dense[0] = records->own[0];
    for (size_t f = 1; has_pair(records, f, written); f++) {
        uint32_t index;
        struct annc_field value;
        ANNC_TRY(read_pair(records, f, last, &index, &value));
        last = index;
        if (index < records->first_index || index - records->first_index + 1 >= records->name_count)
            return annc_stream_malformed(records->stream,
                                         "line %zu: has index %u, but the lines before and the "
                                         "training data have indices %u to %zu",
                                         records->line, index, records->first_index,
                                         records->name_count - 2 + records->first_index);
        records->dense[index - records->first_index + 1] = value;
    }
    records->field = records->dense;
    records->count = records->name_count;
out:
    return status;
}

/* ---------------------------------------------------------------- width */

/* Finds the smallest and the largest index of the records in memory, and their number. */
static annc_status scan(struct annc_records *records, uint32_t *least, uint32_t *most, uint64_t *rows)
{
    annc_status status = ANNC_OK;
    bool more;
    *least = UINT32_MAX;
    *most = 0;
    *rows = 0;
    for (;; ++*rows) {
        int64_t last = -1;
        ANNC_TRY(annc_records_next(records, &more));
        if (!more)
            break;
        for (size_t f = 1; has_pair(records, f, records->count); f++) {
            uint32_t index;
            struct annc_field value;
            ANNC_TRY(read_pair(records, f, last, &index, &value));
            last = index;
            *least = index < *least ? index : *least;
            *most = index > *most ? index : *most;
        }
    }
out:
    annc_records_rewind(records);
    return status;
}

/* Finds the smallest and the largest index among the names of the training data. */
static void scan_known(char *const *known, size_t count, uint32_t *least, uint32_t *most)
{
    *least = UINT32_MAX;
    *most = 0;
    for (size_t i = 0; i < count; i++) {
        char pair[16];
        uint32_t index;
        const int length = snprintf(pair, sizeof pair, "%s:0", known[i]);
        if (length >= (int)sizeof pair || read_index(pair, (size_t)length, &index) == 0 || index > MOST_INDEX)
            continue;
        *least = index < *least ? index : *least;
        *most = index > *most ? index : *most;
    }
}

static annc_status name_fields(struct annc_records *records, size_t count)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(count, sizeof *records->name, "names", (void **)&records->name));
    for (size_t c = 0; c < count; c++) {
        char name[16];
        snprintf(name, sizeof name, "%u", (uint32_t)c - 1 + records->first_index);
        const struct annc_field field = {.text = c == 0 ? "label" : name, .length = c == 0 ? 5 : strlen(name)};
        ANNC_TRY(annc_field_copy(&field, &records->name[c]));
        records->name_count++;
    }
    ANNC_TRY(annc_allocate(count, sizeof *records->dense, "a record", (void **)&records->dense));
    records->expand = expand;
out:
    return status;
}

annc_status annc_sparse_settle(struct annc_records *records, char *const *known, size_t count)
{
    annc_status status = ANNC_OK;
    uint32_t least, most, known_least, known_most;
    uint64_t rows;
    ANNC_TRY(scan(records, &least, &most, &rows));
    scan_known(known, count, &known_least, &known_most);
    const bool is_known = known_least != UINT32_MAX;
    if (is_known && known_least > 0 && least == 0)
        return annc_stream_malformed(records->stream,
                                     "has an index 0, but the indices of the training data begin at "
                                     "%u; number the features as there",
                                     known_least);
    records->first_index = least == 0 || (is_known && known_least == 0) ? 0 : 1;
    most = is_known && known_most > most ? known_most : most;
    const uint64_t cells = rows * (most + UINT64_C(1)), bytes = annc_stream_file_bytes(records->stream);
    if (cells * sizeof(float) > annc_stream_most_unpacked(bytes))
        return annc_stream_malformed(records->stream,
                                     "has %llu rows of up to %u values, which would take %llu MB; "
                                     "leave out features or rows",
                                     (unsigned long long)rows, most, (unsigned long long)(cells * sizeof(float) >> 20));
    ANNC_TRY(name_fields(records, (size_t)most - records->first_index + 2));
out:
    return status;
}
