/* braces.c - sparse rows {INDEX VALUE, ...} of ARFF tables. */
#include "dataset/text/braces.h"
#include "base/allocate.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/stream.h"

#include <stdio.h>
#include <string.h>

/* Reads an index, which is above `last` and below the number of attributes. */
static annc_status read_index(const struct annc_records *records, const struct annc_field *field, int64_t last,
                              size_t *index)
{
    char text[40], shown[48];
    snprintf(text, sizeof text, "%.*s", field->length < sizeof text ? (int)field->length : (int)sizeof text - 1,
             field->text);
    annc_printable(text, shown, sizeof shown);
    const bool is_number = field->length > 0 && strspn(text, "0123456789") == field->length;
    *index = 0;
    for (size_t i = 0; is_number && i < field->length; i++)
        *index = *index > records->name_count ? *index : 10 * *index + (size_t)(text[i] - '0');
    if (!is_number || *index >= records->name_count)
        return annc_stream_malformed(records->stream, "line %zu: '%s' is not the index of an attribute, 0 to %zu",
                                     records->line, shown, records->name_count - 1);
    if ((int64_t)*index <= last)
        return annc_stream_malformed(records->stream, "line %zu: index %zu follows index %lld; indices must ascend",
                                     records->line, *index, (long long)last);
    return ANNC_OK;
}

/* Expands the last record. ANNC_INPUT names the line. */
static annc_status expand(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    int64_t last = -1;
    char shown[48];
    if (!records->in_braces)
        return ANNC_OK;
    for (size_t c = 0; c < records->name_count; c++) {
        const char *omitted = records->omitted[c];
        records->dense[c] = (struct annc_field){.text = omitted, .length = omitted ? strlen(omitted) : 0};
    }
    for (size_t f = 0; f < records->count; f += 2) {
        size_t index;
        ANNC_TRY(read_index(records, &records->own[f], last, &index));
        if (records->own[f + 1].length == 0 && !records->own[f + 1].quoted)
            return annc_stream_malformed(records->stream, "line %zu: index %zu has no value", records->line, index);
        records->dense[index] = records->own[f + 1];
        last = (int64_t)index;
    }
    for (size_t c = 0; c < records->name_count; c++)
        if (!records->dense[c].text)
            return annc_stream_malformed(
                records->stream,
                "line %zu: leaves out attribute %zu, '%s', which is neither a number nor one of a list", records->line,
                c, annc_printable(records->name[c], shown, sizeof shown));
    records->field = records->dense;
    records->count = records->name_count;
out:
    return status;
}

annc_status annc_braces_settle(struct annc_records *records)
{
    annc_status status = ANNC_OK;
    uint64_t rows = 0;
    bool more;
    for (;;) {
        ANNC_TRY(annc_records_next(records, &more));
        if (!more)
            break;
        rows += records->in_braces;
    }
    annc_records_rewind(records);
    const uint64_t bytes = rows * records->name_count * sizeof(float);
    if (bytes > annc_stream_most_unpacked(annc_stream_file_bytes(records->stream)))
        return annc_stream_malformed(records->stream,
                                     "has %llu sparse rows of %zu values, which would take %llu MB; leave out "
                                     "attributes or rows",
                                     (unsigned long long)rows, records->name_count, (unsigned long long)(bytes >> 20));
    ANNC_TRY(annc_allocate(records->name_count, sizeof *records->dense, "a record", (void **)&records->dense));
    records->expand = expand;
out:
    return status;
}
