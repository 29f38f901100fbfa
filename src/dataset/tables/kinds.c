/* kinds.c - which input columns of a training table are words, and their levels. */
#include "dataset/tables/kinds.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/categories/categories.h"
#include "dataset/tables/roles.h"
#include "dataset/text/cells.h"
#include "formats/stream.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 80 };

/* ---------------------------------------------------------------- dates */

/* Moves past up to `most` digits, and returns how many there were. */
static int skip_digits(const char **at, const char *end, int most)
{
    int count = 0;
    while (*at < end && **at >= '0' && **at <= '9' && count < most) {
        (*at)++;
        count++;
    }
    return count;
}

/* Moves past hours:minutes, which seconds with a fraction and a time zone may follow. */
static bool skip_time(const char **at, const char *end)
{
    static const char tail[] = "0123456789:.,+-Z AMPamp";
    if (skip_digits(at, end, 2) == 0 || *at == end || **at != ':')
        return false;
    (*at)++;
    if (skip_digits(at, end, 2) != 2)
        return false;
    while (*at < end && memchr(tail, **at, sizeof tail - 1))
        (*at)++;
    return true;
}

bool annc_is_date(const char *text, size_t length)
{
    enum { YEAR = 4, PARTS = 3 };
    const char *at = text, *const end = text + length;
    char mark = '\0';
    if (skip_time(&at, end))
        return at == end;
    at = text;
    for (int part = 0; part < PARTS; part++) {
        if (part > 0 && (at == end || !memchr("-/.", *at, 3) || (part > 1 && *at != mark)))
            return false;
        if (part > 0)
            mark = *at++;
        if (skip_digits(&at, end, YEAR) == 0)
            return false;
    }
    if (at < end && (*at == 'T' || *at == ' ')) {
        at++;
        return skip_time(&at, end) && at == end;
    }
    return at == end;
}

/* ---------------------------------------------------------------- choice */

static annc_status refuse_dates(const struct annc_origin *origin, const struct annc_column *column)
{
    char shown[SHOWN];
    annc_printable(column->name, shown, sizeof shown);
    return annc_fail(
        ANNC_INPUT,
        "%s: %s %zu, column '%s': '%s' is a date or a time (%u such cell%s); turn it into numbers, such as year, month "
        "and days since a first day, leave it out%s%s, or use it as words with " ANNC_FIELD_CATEGORICAL " %s",
        origin->name, origin->unit, column->text_line, shown, column->text, column->dates, annc_plural(column->dates),
        origin->is_file ? " with " ANNC_FIELD_DROP " " : "", origin->is_file ? shown : "", shown);
}

struct annc_origin annc_origin_of(const struct annc_records *records, char *name, size_t size)
{
    return (struct annc_origin){.name = annc_stream_name(records->stream, name, size), .unit = "line", .is_file = true};
}

void annc_column_count(struct annc_column *column, const struct annc_field *field, enum annc_cell cell, uint32_t rows,
                       size_t line)
{
    column->numbers += cell == ANNC_CELL_NUMBER ? rows : 0;
    column->thousands += cell == ANNC_CELL_THOUSANDS ? rows : 0;
    column->texts += cell == ANNC_CELL_TEXT ? rows : 0;
    column->missing += cell == ANNC_CELL_MISSING ? rows : 0;
    column->dates += cell == ANNC_CELL_TEXT && annc_is_date(field->text, field->length) ? rows : 0;
    if (cell == ANNC_CELL_MISSING && (column->missing_line == 0 || line < column->missing_line))
        column->missing_line = line;
    if ((cell == ANNC_CELL_TEXT || cell == ANNC_CELL_THOUSANDS) &&
        (column->text_line == 0 || line < column->text_line)) {
        char raw[sizeof column->text];
        snprintf(raw, sizeof raw, "%.*s", field->length < sizeof raw ? (int)field->length : (int)sizeof raw - 1,
                 field->text);
        annc_printable(raw, column->text, sizeof column->text);
        column->text_line = line;
    }
}

annc_status annc_kind_choose(const struct annc_origin *origin, uint32_t rows, struct annc_column *column)
{
    const uint32_t numbers = rows - column->texts - column->missing;
    if (column->is_kind_given || column->texts <= numbers)
        return ANNC_OK;
    if (column->dates > column->texts / 2)
        return refuse_dates(origin, column);
    column->is_categorical = true;
    return ANNC_OK;
}

/* Sets the kind of the inputs that a list names. */
static annc_status name_kind(const struct annc_records *records, const char *option, const char *list, bool categorical,
                             struct annc_columns *columns, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    char shown[SHOWN];
    for (uint32_t c = 0; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL) {
        ANNC_TRY(annc_columns_named(records, columns, option, list, strcspn(list, ","), &c));
        struct annc_column *column = &columns->column[c];
        annc_printable(column->name, shown, sizeof shown);
        if (column->is_kind_given && column->is_categorical != categorical)
            return annc_fail(ANNC_USAGE,
                             "column '%s' cannot be both " ANNC_FIELD_CATEGORICAL " and " ANNC_FIELD_NUMERIC, shown);
        if (column->role != ANNC_ROLE_INPUT)
            annc_note(notes, size, "column '%s' is no input, so that its kind is of no use", shown);
        column->is_kind_given = true;
        column->is_categorical = categorical && column->role == ANNC_ROLE_INPUT;
    }
out:
    return status;
}

annc_status annc_kinds_choose(const struct annc_records *records, const annc_text_options *options,
                              struct annc_columns *columns, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    char name[SHOWN];
    const struct annc_origin origin = annc_origin_of(records, name, sizeof name);
    ANNC_TRY(name_kind(records, ANNC_FIELD_CATEGORICAL, options->categorical, true, columns, notes, size));
    ANNC_TRY(name_kind(records, ANNC_FIELD_NUMERIC, options->numeric, false, columns, notes, size));
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->column[c].role == ANNC_ROLE_INPUT)
            ANNC_TRY(annc_kind_choose(&origin, columns->rows, &columns->column[c]));
out:
    return status;
}

/* ---------------------------------------------------------------- levels */

static annc_status count_text(const struct annc_origin *origin, const struct annc_field *field, size_t line,
                              struct annc_tally *tally)
{
    annc_status status = ANNC_OK;
    char *text = NULL;
    if (!annc_cell_is_missing(field))
        ANNC_TRY(annc_field_copy(field, &text));
    ANNC_TRY(annc_tally_add(origin, tally, text, 1, line));
out:
    annc_release(text);
    return status;
}

static annc_status count_records(struct annc_records *records, const struct annc_columns *columns,
                                 const struct annc_origin *origin, struct annc_tally *tallies, uint32_t count)
{
    annc_status status = ANNC_OK;
    bool more = true;
    annc_records_rewind(records);
    if (columns->has_header && records->name_count == 0)
        ANNC_TRY(annc_records_next(records, &more));
    for (;;) {
        ANNC_TRY(annc_records_next(records, &more));
        if (!more)
            break;
        for (uint32_t k = 0; k < count; k++)
            ANNC_TRY(count_text(origin, &records->field[tallies[k].column_index], records->line, &tallies[k]));
    }
out:
    annc_records_rewind(records);
    return status;
}

annc_status annc_tallies_open(const struct annc_columns *columns, struct annc_tally **tallies, uint32_t *count)
{
    annc_status status = ANNC_OK;
    *count = 0;
    for (uint32_t c = 0; c < columns->count; c++)
        *count += columns->column[c].is_categorical;
    ANNC_TRY(annc_allocate(*count, sizeof **tallies, "the levels", (void **)tallies));
    for (uint32_t c = 0, k = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        if (column->is_categorical)
            (*tallies)[k++] = (struct annc_tally){.name = column->name,
                                                  .is_kind_given = column->is_kind_given,
                                                  .first = column->text,
                                                  .first_row = column->text_line,
                                                  .column_index = c};
    }
out:
    return status;
}

annc_status annc_kinds_find_levels(struct annc_records *records, struct annc_columns *columns, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    char name[SHOWN];
    const struct annc_origin origin = annc_origin_of(records, name, sizeof name);
    struct annc_tally *tallies = NULL;
    uint32_t count;
    ANNC_TRY(annc_tallies_open(columns, &tallies, &count));
    if (count == 0)
        goto out;
    ANNC_TRY(count_records(records, columns, &origin, tallies, count));
    ANNC_TRY(annc_tallies_choose(&origin, tallies, count, columns->rows, &columns->categories, notes, size));
    for (uint32_t k = 0; k < count; k++)
        columns->column[tallies[k].column_index].category = &columns->categories.category[k];
out:
    annc_tallies_free(tallies, count);
    return status;
}
