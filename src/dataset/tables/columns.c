/* columns.c - finds the columns of a text file: names, kinds of cells, roles. */
#include "dataset/tables/columns.h"
#include "base/allocate.h"
#include "base/buffer.h"
#include "base/notes.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/dates/calendar.h"
#include "dataset/dates/dates.h"
#include "dataset/tables/bad_cells.h"
#include "dataset/tables/column.h"
#include "dataset/tables/column_parts.h"
#include "dataset/tables/kinds.h"
#include "dataset/tables/roles.h"
#include "dataset/tables/table.h"
#include "dataset/text/braces.h"
#include "dataset/text/cells.h"
#include "dataset/text/records.h"
#include "dataset/text/separator.h"
#include "dataset/text/sparse.h"
#include "formats/stream.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 80, FEWEST_COUNTING = 4 };

/* Returns whether a number's comma stands before exactly three final digits, and so may be a
 * thousands mark. */
static bool is_before_three(const struct annc_field *field)
{
    const char *comma = memchr(field->text, ',', field->length);
    return field->text + field->length - comma == 4 && comma - field->text <= 4;
}

/* ---------------------------------------------------------------- first pass */

/* Settings for cells before the decimal mark is known. */
struct look {
    const annc_text_options *options;
    bool begins; /* with the first of the rows, not with those of a later part */
    char decimal;
    bool may_be_decimal_comma; /* the comma is not the separator */
};

/* Notes whether the numbers of a column still count up, from 0 or 1 in the first of the rows. */
static void follow_count(const struct look *look, struct annc_column *column, enum annc_cell cell, double number)
{
    const bool is_first = column->numbers == 0;
    column->first = is_first ? number : column->first;
    column->counts = cell == ANNC_CELL_NUMBER &&
                     (!is_first ? number == column->last + 1 : !look->begins || number == 0 || number == 1);
    column->last = number;
}

static void look_at(const struct look *look, const struct annc_field *field, const struct annc_field *first,
                    size_t line, struct annc_column *column)
{
    double number = 0;
    if (field->is_number && look->decimal == '.') { /* as most cells are; quickly */
        column->points += field->has_point;
        if (column->counts)
            follow_count(look, column, ANNC_CELL_NUMBER, field->number);
        if (column->dateless_line != 0 && column->dateless_line <= line)
            column->numbers++;
        else
            annc_column_count(column, field, ANNC_CELL_NUMBER, 1, line);
        return;
    }
    enum annc_cell cell = annc_cell_read(field, look->decimal, look->options->thousands, &number);
    if (cell == ANNC_CELL_THOUSANDS && look->may_be_decimal_comma &&
        annc_number_parse(field->text, field->length, ',', '\0', &number)) {
        cell = ANNC_CELL_NUMBER;
        column->commas++;
        column->commas_before_three += is_before_three(field);
    } else if (cell == ANNC_CELL_NUMBER) {
        column->points += memchr(field->text, '.', field->length) != NULL;
    }
    column->empty += field->length == 0;
    if (first)
        column->first_recurs = column->first_recurs ||
                               (first->length == field->length && memcmp(first->text, field->text, field->length) == 0);
    if (column->counts)
        follow_count(look, column, cell, number);
    annc_column_count(column, field, cell, 1, line);
}

/* Returns whether a cell is a number or missing. */
static bool is_number_or_missing(const struct annc_field *field)
{
    double number;
    return annc_cell_read(field, '.', '\0', &number) != ANNC_CELL_TEXT;
}

static bool is_date(const struct annc_field *field)
{
    double days;
    return annc_date_read(field->text, field->length, &days);
}

/* Returns whether at least four cells count up from 0 or 1, except an empty first and a text last
 * one. */
static bool counts_up(const struct annc_field *field, size_t count)
{
    double number = 0, last = 0;
    const size_t first = field[0].length == 0 ? 1 : 0;
    if (!is_number_or_missing(&field[count - 1]))
        count--;
    if (count < first + FEWEST_COUNTING)
        return false;
    for (size_t i = first; i < count; i++) {
        if (annc_cell_read(&field[i], '.', '\0', &number) != ANNC_CELL_NUMBER ||
            !(i == first ? number == 0 || number == 1 : number == last + 1))
            return false;
        last = number;
    }
    return true;
}

/* Returns whether a first record of words alone is a header, even above words: it has the name of the
 * first column of the training table or, without one, no word that occurs again in its column. */
static bool is_header_of_words(const struct annc_records *records, const struct annc_columns *columns,
                               const struct annc_table *like)
{
    bool has_name = false, recurs = false;
    const char *name = !like || !like->has_header || like->input_names.count == 0 ? NULL
                       : like->categories.count > 0 && like->categories.category->first == 0
                           ? like->categories.category->name
                           : like->input_names.text[0];
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_field *field = &records->field[c];
        if (is_number_or_missing(field) || (columns->column[c].dates > 0 && is_date(field)))
            return false;
        has_name = has_name || (name && strlen(name) == field->length && memcmp(name, field->text, field->length) == 0);
        recurs = recurs || columns->column[c].first_recurs;
    }
    return like ? has_name : columns->rows > 1 && !recurs && columns->repeats == 0;
}

/* Returns whether the first record, still in `records` and as long as the others, is a header: in
 * some column it alone is neither a number nor a date nor missing, or it counts, or it is one above
 * words. */
static bool is_header(const struct annc_records *records, const struct annc_columns *columns,
                      const struct annc_table *like)
{
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        const struct annc_field *field = &records->field[c];
        const bool dates = column->texts > 0 || columns->rows == 0; /* a date may be the name of a column of numbers */
        if (!is_number_or_missing(field) && !(dates && is_date(field)) && column->texts == column->dates)
            return true;
    }
    return counts_up(records->field, records->count) || is_header_of_words(records, columns, like);
}

static annc_status wrong_length(const struct annc_records *records, size_t wanted)
{
    return annc_stream_malformed(records->stream, "line %zu has %zu field%s, but other lines have %zu", records->line,
                                 records->count, annc_plural(records->count), wanted);
}

annc_status annc_columns_check(const struct annc_records *records, const struct annc_columns *columns)
{
    if (records->count != columns->count)
        return wrong_length(records, columns->count);
    if (columns->last_is_empty && records->field[columns->count - 1].length > 0)
        return annc_stream_malformed(records->stream,
                                     "line %zu: the last field has a value, but the header has no name for it; add the "
                                     "name to the header",
                                     records->line);
    return ANNC_OK;
}

/* Returns whether the record is the first one again, whose fields are in `first`. */
static bool is_repeat(const struct annc_records *records, const struct annc_field *first, size_t count)
{
    if (!first || records->count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (records->field[i].length != first[i].length ||
            memcmp(records->field[i].text, first[i].text, first[i].length) != 0)
            return false;
    return true;
}

static struct look look_of(const struct annc_records *records, const annc_text_options *options, bool begins)
{
    return (struct look){.options = options,
                         .begins = begins,
                         .decimal = options->decimal ? options->decimal : '.',
                         .may_be_decimal_comma = !options->decimal && !records->is_sparse && records->separator != ','};
}

/* The first record of a file without names of its own. */
struct first_record {
    const struct annc_field *field; /* NULL: there is none */
    size_t count;
    struct annc_buffer text; /* the fields, with separators between them */
};

/* Joins the fields to a text, as a record of plain numbers is. */
static annc_status join_fields(const struct annc_records *records, struct first_record *first)
{
    for (size_t i = 0; i < first->count; i++) {
        if (i > 0)
            annc_buffer_add(&first->text, &records->separator, 1);
        annc_buffer_add(&first->text, first->field[i].text, first->field[i].length);
    }
    return first->text.status;
}

/* Returns whether further numbers change nothing in the columns but how many there are. */
static bool are_settled(const struct annc_columns *columns)
{
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->column[c].counts || columns->column[c].dateless_line == 0)
            return false;
    return true;
}

/* Counts the records of plain numbers that come next. */
static void pass_numbers(struct annc_records *records, const struct first_record *first, bool *points,
                         struct annc_columns *columns)
{
    const size_t count = annc_records_pass(records, columns->count, first->text.bytes, first->text.length,
                                           INT32_MAX - columns->rows, points);
    for (uint32_t c = 0; c < columns->count && count > 0; c++)
        columns->column[c].numbers += (uint32_t)count;
    columns->rows += (uint32_t)count;
}

static annc_status too_many_rows(const struct annc_records *records)
{
    return annc_stream_malformed(records->stream, "has more than %d rows", INT32_MAX);
}

/* Examines every record but the first, and counts its repeats. points: NULL, or records of numbers are
 * counted where nothing else can matter but whether a number has a point, which then goes there. */
static annc_status look_at_rows(struct annc_records *records, const struct look *look, const struct first_record *first,
                                bool *points, struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    const size_t width = columns->count;
    bool more, is_settled = false;
    for (;;) {
        is_settled = is_settled || (points && look->decimal == '.' && are_settled(columns));
        if (is_settled)
            pass_numbers(records, first, points, columns);
        ANNC_TRY(annc_records_next(records, &more));
        if (!more)
            break;
        if (is_repeat(records, first->field, first->count)) {
            columns->repeat_line = columns->repeats++ == 0 ? records->line : columns->repeat_line;
            continue;
        }
        if (records->count != width)
            return wrong_length(records, width);
        if (columns->rows == INT32_MAX)
            return too_many_rows(records);
        for (uint32_t c = 0; c < columns->count; c++)
            look_at(look, &records->field[c], first->field && first->count == width ? &first->field[c] : NULL,
                    records->line, &columns->column[c]);
        columns->rows++;
    }
out:
    return status;
}

/* The rows below the first record, examined by a thread per part. */
struct parts_look {
    struct annc_records *records;
    const annc_text_options *options;
    const struct first_record *first;
    bool counts, passes;          /* the first column may count; numbers may be passed over */
    struct annc_columns *columns; /* of each part */
    bool *points;                 /* of each part, as in look_at_rows */
    struct annc_parts *parts;
};

static annc_status look_at_part(void *context, int i)
{
    const struct parts_look *all = context;
    struct annc_records own;
    struct annc_columns *columns = &all->columns[i];
    const struct look look = look_of(all->records, all->options, i == 0);
    columns->column[0].counts = all->counts;
    annc_part_records(all->records, &all->parts->part[i], &own);
    const annc_status status = look_at_rows(&own, &look, all->first, all->passes ? &all->points[i] : NULL, columns);
    all->parts->part[i].rows = columns->rows + columns->repeats;
    annc_part_records_close(&own);
    return status;
}

/* Adds the columns of all parts, in their order. */
static annc_status add_parts(const struct parts_look *all, bool *points, struct annc_columns *columns)
{
    for (int i = 0; i < all->parts->count; i++) {
        const struct annc_columns *part = &all->columns[i];
        if (part->rows > INT32_MAX - columns->rows)
            return too_many_rows(all->records);
        annc_columns_add(columns, part);
        *points = *points || all->points[i];
    }
    return ANNC_OK;
}

/* Examines the rows as look_at_rows does, with a thread per part of the text. */
static annc_status look_at_parts(struct annc_records *records, const annc_text_options *options,
                                 const struct first_record *first, bool *points, struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    const size_t count = (size_t)columns->parts.count;
    struct annc_column *column = NULL; /* of all parts */
    bool ignored = false;
    struct parts_look all = {.records = records,
                             .options = options,
                             .first = first,
                             .counts = columns->column[0].counts,
                             .passes = points != NULL,
                             .parts = &columns->parts};
    ANNC_TRY(annc_allocate(count, sizeof *all.columns, "the columns", (void **)&all.columns));
    ANNC_TRY(annc_allocate(count, sizeof *all.points, "the columns", (void **)&all.points));
    ANNC_TRY(annc_allocate(annc_product(count, columns->count), sizeof *column, "the columns", (void **)&column));
    for (size_t i = 0; i < count; i++)
        all.columns[i] = (struct annc_columns){.count = columns->count, .column = column + i * columns->count};
    ANNC_TRY(annc_parts_run(&columns->parts, look_at_part, &all));
    ANNC_TRY(add_parts(&all, points ? points : &ignored, columns));
out:
    annc_release(all.columns);
    annc_release(all.points);
    annc_release(column);
    return status;
}

/* Returns whether a column has decimal commas, so that those with points matter. */
static bool has_commas(const struct annc_columns *columns)
{
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->column[c].commas > 0)
            return true;
    return false;
}

/* Examines every record but the first. counts: whether it matters that the first column counts. */
static annc_status examine(struct annc_records *records, const annc_text_options *options,
                           const struct first_record *first, bool counts, struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    const struct look look = look_of(records, options, true);
    bool more, points = false, again = false;
    do {
        memset(columns->column, 0, columns->count * sizeof *columns->column);
        columns->rows = columns->repeats = 0;
        columns->column[0].counts = counts;
        annc_records_rewind(records);
        if (first->field)
            ANNC_TRY(annc_records_next(records, &more));
        if (!again)
            ANNC_TRY(annc_parts_open(records, &columns->parts));
        if (columns->parts.count > 0)
            ANNC_TRY(look_at_parts(records, options, first, again ? NULL : &points, columns));
        else
            ANNC_TRY(look_at_rows(records, &look, first, again ? NULL : &points, columns));
        again = !again && points && has_commas(columns);
    } while (again);
out:
    return status;
}

/* Sets the names from the header, or numbers from 1. With row names, the header's first name
 * belongs to the second column. */
static annc_status name_columns(const struct annc_records *records, struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    for (uint32_t c = 0; c < columns->count; c++) {
        const size_t from = columns->has_row_names ? (size_t)c - 1 : c;
        char number[16];
        snprintf(number, sizeof number, "%u", c + 1);
        const struct annc_field numbered = {.text = number, .length = strlen(number)}, none = {.text = ""};
        const struct annc_field *field = !columns->has_header               ? &numbered
                                         : columns->has_row_names && c == 0 ? &none
                                         : from < records->count            ? &records->field[from]
                                                                            : &none;
        ANNC_TRY(annc_field_copy(field, &columns->column[c].name));
    }
out:
    return status;
}

/* Determines the separator and the number of fields per record. */
static annc_status settle_separator(struct annc_records *records, const annc_text_options *options, size_t *width)
{
    annc_status status = ANNC_OK;
    bool more;
    records->separator = options->separator ? options->separator : records->stated_separator;
    if (!records->separator)
        return annc_records_find_separator(records, width);
    /* Use the second record, if any: the first may be a header without a name for the first
     * column. */
    for (int i = 0; i < 2; i++)
        ANNC_TRY(annc_records_next(records, &more));
    *width = records->count;
out:
    annc_records_rewind(records);
    return status;
}

static annc_status make_columns(size_t width, struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    columns->count = (uint32_t)width;
    ANNC_TRY(annc_allocate(width, sizeof *columns->column, "the columns", (void **)&columns->column));
out:
    return status;
}

/* Examines the records of a file whose preamble names the fields. */
static annc_status look_named(struct annc_records *records, const annc_text_options *options,
                              struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    columns->has_header = true;
    ANNC_TRY(make_columns(records->name_count, columns));
    ANNC_TRY(examine(records, options, &(struct first_record){NULL, 0, {0}}, records->name[0][0] == '\0', columns));
    if (columns->rows == 0)
        return annc_stream_malformed(records->stream, "has no rows");
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_field name = {.text = records->name[c], .length = strlen(records->name[c])};
        ANNC_TRY(annc_field_copy(&name, &columns->column[c].name));
    }
out:
    annc_records_rewind(records);
    return status;
}

/* Examines the first record as `rows` rows: for itself and for its repeats. */
static void look_at_first(const struct annc_records *records, const annc_text_options *options, size_t line,
                          uint32_t rows, struct annc_columns *columns)
{
    const struct look look = look_of(records, options, true);
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t c = 0; c < columns->count; c++)
            look_at(&look, &records->field[c], NULL, line, &columns->column[c]);
        columns->rows++;
    }
}

static annc_status refuse_repeats(const struct annc_records *records, const struct annc_columns *columns)
{
    return annc_stream_malformed(records->stream,
                                 "line %zu repeats the header (%u such line%s); remove the line%s, as where files were "
                                 "joined",
                                 columns->repeat_line, columns->repeats, annc_plural(columns->repeats),
                                 annc_plural(columns->repeats));
}

/* Reads all records once, and determines the columns, their names and contents. */
static annc_status look(struct annc_records *records, const annc_text_options *options, const struct annc_table *like,
                        struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    size_t width, first_line;
    struct annc_field *copy = NULL;
    struct first_record only = {.count = 0};
    bool more;
    ANNC_TRY(settle_separator(records, options, &width));
    ANNC_TRY(annc_records_next(records, &more));
    if (!more)
        return annc_stream_malformed(records->stream, "has no rows");
    first_line = records->line;
    const size_t first = records->count;
    ANNC_TRY(make_columns(width, columns));
    ANNC_TRY(annc_allocate(first, sizeof *copy, "a record", (void **)&copy));
    memcpy(copy, records->field, first * sizeof *copy);
    only.field = copy;
    only.count = first;
    ANNC_TRY(join_fields(records, &only));
    ANNC_TRY(examine(records, options, &only, copy->length == 0, columns));
    annc_records_rewind(records);
    ANNC_TRY(annc_records_next(records, &more));
    if (first != width && first + 1 != width)
        ANNC_TRY(wrong_length(records, width));
    const bool is_short = first + 1 == width, looks_like_header = is_short || is_header(records, columns, like);
    columns->has_header =
        is_short || options->header == ANNC_YES || (options->header == ANNC_AUTO && looks_like_header);
    if (is_short) { /* an empty last field, or a row name */
        columns->has_row_names = columns->column[width - 1].empty < columns->rows;
        columns->last_is_empty = !columns->has_row_names;
    }
    if (columns->has_header && looks_like_header && columns->repeats > 0)
        ANNC_TRY(refuse_repeats(records, columns));
    look_at_first(records, options, columns->has_header ? columns->repeat_line : first_line,
                  columns->repeats + !columns->has_header, columns);
    if (columns->rows == 0)
        ANNC_TRY(annc_stream_malformed(records->stream, "has a header but no rows"));
    ANNC_TRY(name_columns(records, columns));
out:
    annc_buffer_free(&only.text);
    annc_release(copy);
    annc_records_rewind(records);
    return status;
}

/* ---------------------------------------------------------------- the decimal mark */

/* Returns whether a column has a level per text, whatever it looks like. */
static bool is_words(const struct annc_column *column)
{
    return column->is_categorical || column->category;
}

static annc_status settle_decimal(const struct annc_records *records, const annc_text_options *options,
                                  struct annc_columns *columns, char *notes, size_t size)
{
    const struct annc_column *points = NULL, *commas = NULL;
    bool all_before_three = true;
    columns->thousands = options->thousands;
    columns->decimal = options->decimal ? options->decimal : '.';
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        const bool is_list = column->role == ANNC_ROLE_LABEL && columns->label_separator;
        if (column->texts > 0 || column->role == ANNC_ROLE_LEFT_OUT || is_words(column) || is_list)
            continue;
        points = column->points > 0 ? column : points;
        commas = column->commas > 0 ? column : commas;
        all_before_three = all_before_three && column->commas == column->commas_before_three;
    }
    if (!commas)
        return ANNC_OK;
    if (points)
        return annc_stream_malformed(records->stream,
                                     "numbers have decimal points (column '%s') and commas (column '%s'); choose "
                                     "with " ANNC_FIELD_DECIMAL " . or " ANNC_FIELD_DECIMAL " ,",
                                     points->name, commas->name);
    if (all_before_three)
        return annc_stream_malformed(
            records->stream,
            "all commas in numbers stand before three digits (column '%s'), so they could be decimal "
            "or thousands marks; choose " ANNC_FIELD_DECIMAL " , or " ANNC_FIELD_THOUSANDS " ,",
            commas->name);
    columns->decimal = ',';
    annc_note(notes, size, "numbers have a decimal comma");
    return ANNC_OK;
}

/* ---------------------------------------------------------------- checks of inputs */

/* Whether the cells of a column are given numbers, which no mean replaces. */
static bool is_given(const struct annc_column *column)
{
    return column->role == ANNC_ROLE_TARGET || column->role == ANNC_ROLE_WEIGHT;
}

static annc_status check_inputs(const struct annc_records *records, const annc_text_options *options,
                                const struct annc_columns *columns)
{
    char shown[SHOWN];
    uint32_t inputs = 0;
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        inputs += column->role == ANNC_ROLE_INPUT;
        if (is_words(column))
            continue;
        if (column->is_date) {
            if (column->dateless_line > 0)
                return annc_refuse_dateless(records, columns, column);
        } else if ((column->role == ANNC_ROLE_INPUT || is_given(column)) && column->texts + column->thousands > 0) {
            return annc_refuse_texts(records, options, columns, column);
        }
    }
    if (inputs == 0)
        return annc_stream_malformed(records->stream, "has no inputs besides the label or target");
    for (uint32_t c = 0; c < columns->count && options->missing == ANNC_MISSING_ERROR; c++) {
        const struct annc_column *column = &columns->column[c];
        const bool numbers = (column->role == ANNC_ROLE_INPUT && !is_words(column)) || is_given(column);
        if (numbers && column->missing > 0)
            return annc_stream_malformed(
                records->stream,
                "line %zu, column '%s': the value is missing (%u such cell%s); use " ANNC_FIELD_MISSING " drop%s",
                column->missing_line, annc_printable(column->name, shown, sizeof shown), column->missing,
                annc_plural(column->missing),
                is_given(column) ? "" : " or " ANNC_FIELD_MISSING " mean"); /* what is learnt is not made up */
    }
    return ANNC_OK;
}

/* ---------------------------------------------------------------- whole search */

static const char *separator_name(char separator)
{
    switch (separator) {
    case '\t':
        return "tabs";
    case ' ':
        return "blanks";
    case ',':
        return "commas";
    case ';':
        return "semicolons";
    default:
        return "bars";
    }
}

annc_status annc_columns_find(struct annc_records *records, const annc_text_options *options,
                              const struct annc_table *like, bool need_label, struct annc_columns *columns, char *notes,
                              size_t size)
{
    annc_status status = ANNC_OK;
    char name[SHOWN];
    const struct annc_origin origin = annc_origin_of(records, name, sizeof name);
    memset(columns, 0, sizeof *columns);
    if (records->is_sparse)
        ANNC_TRY(annc_sparse_settle(records, like ? like->input_names.text : NULL, like ? like->input_names.count : 0));
    if (records->omitted)
        ANNC_TRY(annc_braces_settle(records));
    ANNC_TRY(records->name_count > 0 ? look_named(records, options, columns) : look(records, options, like, columns));
    annc_note(notes, size, "%s%u row%s of %u column%s separated by %s, %s header", records->ended ? "" : "more than ",
              columns->rows, annc_plural(columns->rows), columns->count, annc_plural(columns->count),
              separator_name(records->separator), columns->has_header ? "with a" : "without a");
    if (records->was_latin_1)
        annc_note(notes, size, "the text is not UTF-8 and was read as Latin-1");
    columns->label_separator = like ? like->label_separator : options->label_separator;
    ANNC_TRY(annc_refuse_stray_header(records, columns));
    ANNC_TRY(annc_columns_give_roles(records, options, like, need_label, columns, notes, size));
    if (!like) {
        ANNC_TRY(annc_kinds_of_file(records, options, columns, notes, size));
        ANNC_TRY(annc_kinds_find_levels(records, columns, notes, size));
        ANNC_TRY(annc_columns_place_inputs(&origin, columns));
    }
    ANNC_TRY(settle_decimal(records, options, columns, notes, size));
    ANNC_TRY(check_inputs(records, options, columns));
out:
    if (status != ANNC_OK)
        annc_columns_free(columns);
    return status;
}

annc_status annc_columns_name_inputs(const struct annc_columns *columns, struct annc_texts *names)
{
    annc_status status = ANNC_OK;
    const struct annc_column **column = NULL; /* the one that begins at an input, or NULL */
    char *name = NULL;
    ANNC_TRY(annc_allocate(columns->inputs, sizeof *column, "names", (void **)&column));
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->column[c].role == ANNC_ROLE_INPUT)
            column[columns->column[c].place] = &columns->column[c];
    for (uint32_t place = 0; place < columns->inputs; place++) {
        const struct annc_category *category = column[place] ? column[place]->category : NULL;
        for (uint32_t i = 0; category && i < category->inputs; i++) {
            ANNC_TRY(annc_category_input_name(category, i, &name));
            ANNC_TRY(annc_texts_add(names, name, strlen(name)));
            annc_release(name);
            name = NULL;
        }
        if (column[place] && !category)
            ANNC_TRY(annc_texts_add(names, column[place]->name, strlen(column[place]->name)));
    }
out:
    annc_release(name);
    annc_release(column);
    return status;
}

annc_status annc_columns_list_dates(const struct annc_columns *columns, bool **dates)
{
    annc_status status = ANNC_OK;
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->column[c].is_date)
            ANNC_TRY(annc_dates_add(dates, columns->inputs, columns->column[c].place));
out:
    return status;
}

void annc_columns_free(struct annc_columns *columns)
{
    for (uint32_t c = 0; columns->column && c < columns->count; c++)
        annc_release(columns->column[c].name);
    annc_release(columns->column);
    annc_categories_free(&columns->categories);
    annc_parts_close(&columns->parts);
    memset(columns, 0, sizeof *columns);
}
