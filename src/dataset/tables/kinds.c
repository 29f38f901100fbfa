/* kinds.c - which input columns of a training table are words or dates, and the levels of words. */
#include "dataset/tables/kinds.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/categories/categories.h"
#include "dataset/dates/calendar.h"
#include "dataset/tables/roles.h"
#include "dataset/text/cells.h"
#include "formats/stream.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 80, LISTED = 8, SHOWN_CELL = sizeof((struct annc_column *)NULL)->text };

/* ---------------------------------------------------------------- choice */

/* Refuses a column most of whose dates have another form than those that are read. */
static annc_status refuse_dates(const struct annc_origin *origin, const struct annc_column *column)
{
    char shown[SHOWN];
    annc_printable(column->name, shown, sizeof shown);
    return annc_fail(
        ANNC_INPUT,
        "%s: %s %zu, column '%s': '%s' is a date or a time in a form that is not read (%u such cell%s); write dates "
        "with the year first, as in 2024-03-31 or 2024-03-31T12:30, leave the column out%s%s, or use it as words "
        "with " ANNC_FIELD_CATEGORICAL " %s",
        origin->name, origin->unit, column->dateless_line, shown, column->dateless, column->like_dates - column->dates,
        annc_plural(column->like_dates - column->dates), origin->is_file ? " with " ANNC_FIELD_DROP " " : "",
        origin->is_file ? shown : "", shown);
}

struct annc_origin annc_origin_of(const struct annc_records *records, char *name, size_t size)
{
    return (struct annc_origin){.name = annc_stream_name(records->stream, name, size), .unit = "line", .is_file = true};
}

/* Writes a cell's text, cut and printable. */
static void show_cell(const struct annc_field *field, char shown[SHOWN_CELL])
{
    char raw[SHOWN_CELL];
    snprintf(raw, sizeof raw, "%.*s", field->length < sizeof raw ? (int)field->length : (int)sizeof raw - 1,
             field->text);
    annc_printable(raw, shown, SHOWN_CELL);
}

void annc_column_count(struct annc_column *column, const struct annc_field *field, enum annc_cell cell, uint32_t rows,
                       size_t line)
{
    double days;
    column->numbers += cell == ANNC_CELL_NUMBER ? rows : 0;
    column->thousands += cell == ANNC_CELL_THOUSANDS ? rows : 0;
    column->texts += cell == ANNC_CELL_TEXT ? rows : 0;
    column->missing += cell == ANNC_CELL_MISSING ? rows : 0;
    const bool is_date = cell == ANNC_CELL_TEXT && annc_date_read(field->text, field->length, &days);
    column->dates += is_date ? rows : 0;
    column->like_dates +=
        is_date || (cell == ANNC_CELL_TEXT && annc_date_is_like(field->text, field->length)) ? rows : 0;
    if (cell == ANNC_CELL_MISSING && (column->missing_line == 0 || line < column->missing_line))
        column->missing_line = line;
    if ((cell == ANNC_CELL_TEXT || cell == ANNC_CELL_THOUSANDS) &&
        (column->text_line == 0 || line < column->text_line)) {
        show_cell(field, column->text);
        column->text_line = line;
    }
    if (!is_date && cell != ANNC_CELL_MISSING && (column->dateless_line == 0 || line < column->dateless_line)) {
        show_cell(field, column->dateless);
        column->dateless_line = line;
    }
}

/* Decides the kind of an input whose cells are counted, unless an option says that it is words. */
static annc_status choose_kind(const struct annc_origin *origin, uint32_t rows, struct annc_column *column)
{
    const uint32_t numbers = rows - column->texts - column->missing;
    if (column->is_categorical || column->texts <= numbers)
        return ANNC_OK;
    if (annc_column_has_dates(column))
        column->is_date = true;
    else if (annc_column_looks_like_dates(column))
        return refuse_dates(origin, column);
    else
        column->is_categorical = !column->is_kind_given;
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

/* Notes which inputs are dates. */
static void note_dates(const struct annc_columns *columns, char *notes, size_t size)
{
    char list[256] = "", shown[SHOWN];
    uint32_t count = 0;
    for (uint32_t c = 0; c < columns->count; c++) {
        const size_t used = strlen(list);
        if (!columns->column[c].is_date || count++ >= LISTED)
            continue;
        snprintf(list + used, sizeof list - used, "%s'%s'", used ? ", " : "",
                 annc_printable(columns->column[c].name, shown, 24));
    }
    if (count > 0)
        annc_note(notes, size, "%u column%s of dates become%s days since 1970-01-01: %s%s", count, annc_plural(count),
                  count == 1 ? "s" : "", list, count > LISTED ? ", ..." : "");
}

annc_status annc_kinds_choose(const struct annc_origin *origin, struct annc_columns *columns, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->column[c].role == ANNC_ROLE_INPUT)
            ANNC_TRY(choose_kind(origin, columns->rows, &columns->column[c]));
    note_dates(columns, notes, size);
out:
    return status;
}

annc_status annc_kinds_of_file(const struct annc_records *records, const annc_text_options *options,
                               struct annc_columns *columns, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    char name[SHOWN];
    const struct annc_origin origin = annc_origin_of(records, name, sizeof name);
    ANNC_TRY(name_kind(records, ANNC_FIELD_CATEGORICAL, options->categorical, true, columns, notes, size));
    ANNC_TRY(name_kind(records, ANNC_FIELD_NUMERIC, options->numeric, false, columns, notes, size));
    ANNC_TRY(annc_kinds_choose(&origin, columns, notes, size));
out:
    return status;
}

/* ---------------------------------------------------------------- levels */

static annc_status count_text(const struct annc_origin *origin, const struct annc_field *field, size_t line,
                              struct annc_tally *tally)
{
    annc_status status = ANNC_OK;
    struct annc_field plain = {.text = NULL};
    char *copy = NULL;
    if (!annc_cell_is_missing(field))
        ANNC_TRY(annc_field_unescape(field, &plain, &copy));
    ANNC_TRY(annc_tally_add(origin, tally, plain.text, plain.length, 1, line));
out:
    annc_release(copy);
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
