/* bad_cells.c - the errors for cells that are no numbers. */
#include "dataset/tables/bad_cells.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/tables/column.h"
#include "formats/stream.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 80 };

const char *annc_strange_characters(const char *text, char *codes, size_t size)
{
    enum { MOST = 3 };
    size_t used = 0;
    int count = 0;
    codes[0] = '\0';
    for (const unsigned char *s = (const unsigned char *)text; *s && count < MOST;) {
        const size_t length = annc_utf8_length(s);
        if (length > 1)
            used += (size_t)snprintf(codes + used, size - used, "%sU+%04X", count++ == 0 ? " (with " : ", ",
                                     annc_utf8_decode(s, length));
        s += length ? length : 1;
    }
    if (count > 0)
        snprintf(codes + used, size - used, ")");
    return codes;
}

static bool is_infinite(const char *text)
{
    text += *text == '-' || *text == '+';
    return annc_compare_any_case(text, "inf", SIZE_MAX) == 0 || annc_compare_any_case(text, "infinity", SIZE_MAX) == 0;
}

annc_status annc_refuse_texts(const struct annc_records *records, const annc_text_options *options,
                              const struct annc_columns *columns, const struct annc_column *column)
{
    char shown[SHOWN], codes[SHOWN];
    const uint32_t count = column->texts + column->thousands;
    annc_printable(column->name, shown, sizeof shown);
    if (column->texts == 0 && !options->thousands && options->decimal)
        return annc_stream_malformed(
            records->stream,
            "line %zu, column '%s': '%s' is not a number with " ANNC_FIELD_DECIMAL " %c (%u such cell%s); leave "
            "out " ANNC_FIELD_DECIMAL ", or add " ANNC_FIELD_THOUSANDS " %c if that is a thousands mark",
            column->text_line, shown, column->text, options->decimal, count, annc_plural(count),
            options->decimal == ',' ? '.' : ',');
    if (column->texts == 0 && !options->thousands)
        return annc_stream_malformed(
            records->stream,
            "line %zu, column '%s': '%s' has thousands marks (%u such cell%s); choose " ANNC_FIELD_THOUSANDS
            " , or " ANNC_FIELD_THOUSANDS " .",
            column->text_line, shown, column->text, count, annc_plural(count));
    if (annc_column_has_dates(column) && column->role == ANNC_ROLE_TARGET)
        return annc_stream_malformed(records->stream,
                                     "line %zu, column '%s': '%s' is a date (%u such cell%s), and targets are numbers; "
                                     "turn it into one, such as the days since a first day",
                                     column->text_line, shown, column->text, column->dates, annc_plural(column->dates));
    if (annc_column_has_dates(column) && column->role == ANNC_ROLE_INPUT)
        return annc_stream_malformed(records->stream,
                                     "line %zu, column '%s': '%s' is a date (%u such cell%s), but the training data "
                                     "have numbers in that column; give it in the form of the training data",
                                     column->text_line, shown, column->text, column->dates, annc_plural(column->dates));
    if (column->numbers <= count && column->role == ANNC_ROLE_WEIGHT)
        return annc_stream_malformed(records->stream,
                                     "line %zu, column '%s': '%s' is not a number (%u such cell%s); " ANNC_FIELD_WEIGHT
                                     " needs a column of numbers",
                                     column->text_line, shown, column->text, count, annc_plural(count));
    if (column->numbers <= count)
        return annc_stream_malformed(
            records->stream, "line %zu, column '%s': '%s' is not a number (%u such cell%s); %s%s", column->text_line,
            shown, column->text, count, annc_plural(count),
            column->role == ANNC_ROLE_TARGET ? "for classes use " ANNC_FIELD_LABEL " "
                                             : "leave the column out with " ANNC_FIELD_DROP " ",
            shown);
    return annc_stream_malformed(
        records->stream,
        "line %zu, column '%s': '%s'%s is %s (%u of %u cells); correct the cell%s, or empty %s "
        "and use " ANNC_FIELD_MISSING " drop%s",
        column->text_line, shown, column->text, annc_strange_characters(column->text, codes, sizeof codes),
        is_infinite(column->text) ? "infinite" : "not a number", count, columns->rows, annc_plural(count),
        count == 1 ? "it" : "them", column->role == ANNC_ROLE_INPUT ? " or " ANNC_FIELD_MISSING " mean" : "");
}

annc_status annc_refuse_dateless(const struct annc_records *records, const struct annc_columns *columns,
                                 const struct annc_column *column)
{
    char shown[SHOWN], codes[SHOWN];
    const uint32_t cells = columns->rows - column->missing, count = cells - column->dates;
    annc_printable(column->name, shown, sizeof shown);
    if (count == cells)
        return annc_stream_malformed(
            records->stream,
            "line %zu, column '%s': '%s' is not a date (%u such cell%s), but the training data "
            "have dates in that column; give them as in 2024-03-31 or "
            "2024-03-31T12:30:45+02:00",
            column->dateless_line, shown, column->dateless, count, annc_plural(count));
    return annc_stream_malformed(records->stream,
                                 "line %zu, column '%s': '%s'%s is not a date as in 2024-03-31 or "
                                 "2024-03-31T12:30:45+02:00 (%u of %u cells); correct the cell%s, or empty %s and "
                                 "use " ANNC_FIELD_MISSING " drop or " ANNC_FIELD_MISSING " mean",
                                 column->dateless_line, shown, column->dateless,
                                 annc_strange_characters(column->dateless, codes, sizeof codes), count, columns->rows,
                                 annc_plural(count), count == 1 ? "it" : "them");
}

annc_status annc_refuse_stray_header(const struct annc_records *records, const struct annc_columns *columns)
{
    enum { FEWEST = 2, LISTED = 4 };
    char list[SHOWN * LISTED] = "";
    size_t line = 0, used = 0;
    uint32_t count = 0;
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        if (column->numbers <= column->texts)
            continue;
        if (column->texts != 1 || (line != 0 && column->text_line != line))
            return ANNC_OK;
        line = column->text_line;
        if (count++ < LISTED)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s'%s'", used ? ", " : "", column->text);
    }
    if (count < FEWEST)
        return ANNC_OK;
    return annc_stream_malformed(records->stream,
                                 "line %zu has text (%s%s) in all %u columns of numbers, like a header among the rows; "
                                 "remove or correct the line",
                                 line, list, count > LISTED ? ", ..." : "", count);
}
