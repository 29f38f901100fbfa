#include "columns.h"
#include "allocate.h"
#include "classes.h"
#include "number.h"
#include "status.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHOWN = 80, LISTED = 10, FEWEST_COUNTING = 4 };

/* ---------------------------------------------------------------- cells */

static bool is_word(const struct annc_field *field, const char *word)
{
    return strlen(word) == field->length && memcmp(field->text, word, field->length) == 0;
}

static bool is_word_in_any_case(const struct annc_field *field, const char *word)
{
    return strlen(word) == field->length && strncasecmp(field->text, word, field->length) == 0;
}

static bool is_missing(const struct annc_field *field)
{
    static const char *const words[] = {"?",    "NA",   "N/A", "n/a", "#N/A", "#NA",  "<NA>",
                                        "NULL", "null", "NaN", "nan", "-NaN", "-nan", "None"};
    if (field->length == 0)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_word(field, words[i]))
            return true;
    return false;
}

enum annc_cell annc_cell_read(const struct annc_field *field, char decimal, char thousands, double *number)
{
    if (is_missing(field))
        return ANNC_CELL_MISSING;
    if (annc_number_parse(field->text, field->length, decimal, thousands, number))
        return ANNC_CELL_NUMBER;
    if (is_word_in_any_case(field, "true") || is_word_in_any_case(field, "false")) {
        *number = field->length == 4;
        return ANNC_CELL_TRUTH;
    }
    if (annc_number_parse(field->text, field->length, '.', ',', number) ||
        annc_number_parse(field->text, field->length, ',', '.', number))
        return ANNC_CELL_THOUSANDS;
    return ANNC_CELL_TEXT;
}

/* Whether a comma stands before exactly three digits at the end, and so may be a thousands mark. */
static bool is_before_three(const struct annc_field *field)
{
    const char *comma = memchr(field->text, ',', field->length);
    return comma && field->text + field->length - comma == 4 && comma - field->text <= 4;
}

/* ---------------------------------------------------------------- the first look */

/* How cells are read before the decimal mark is settled. */
struct look {
    const annc_text_options *options;
    bool may_be_decimal_comma; /* the separator is none */
};

static void look_at(const struct look *look, const struct annc_field *field, size_t line, struct annc_column *column)
{
    const char decimal = look->options->decimal ? look->options->decimal : '.';
    double number = 0;
    enum annc_cell cell = annc_cell_read(field, decimal, look->options->thousands, &number);
    if (cell == ANNC_CELL_THOUSANDS && look->may_be_decimal_comma &&
        annc_number_parse(field->text, field->length, ',', '\0', &number)) {
        cell = ANNC_CELL_NUMBER;
        column->commas++;
        column->commas_before_three += is_before_three(field);
    } else if (cell == ANNC_CELL_NUMBER && memchr(field->text, '.', field->length)) {
        column->points++;
    }
    column->empty += field->length == 0;
    column->counts = column->counts && cell == ANNC_CELL_NUMBER &&
                     (column->numbers == 0 ? number == 0 || number == 1 : number == column->last + 1);
    column->last = number;
    column->numbers += cell == ANNC_CELL_NUMBER;
    column->truths += cell == ANNC_CELL_TRUTH;
    column->thousands += cell == ANNC_CELL_THOUSANDS;
    column->texts += cell == ANNC_CELL_TEXT;
    column->missing += cell == ANNC_CELL_MISSING;
    if (cell == ANNC_CELL_MISSING && column->missing_line == 0)
        column->missing_line = line;
    if ((cell == ANNC_CELL_TEXT || cell == ANNC_CELL_THOUSANDS) && column->text_line == 0) {
        char raw[48];
        snprintf(raw, sizeof raw, "%.*s", field->length < sizeof raw ? (int)field->length : (int)sizeof raw - 1,
                 field->text);
        annc_printable(raw, column->text, sizeof column->text);
        column->text_line = line;
    }
}

static bool is_number_or_missing(const struct annc_field *field)
{
    double number;
    const enum annc_cell cell = annc_cell_read(field, '.', '\0', &number);
    return cell == ANNC_CELL_NUMBER || cell == ANNC_CELL_MISSING || cell == ANNC_CELL_TRUTH ||
           cell == ANNC_CELL_THOUSANDS;
}

/* Whether the cells count up from 0 or 1, at least four of them, an empty first and a text last aside. */
static bool counts_up(const struct annc_field *field, size_t count)
{
    double number = 0, last = 0;
    size_t first = count > 0 && field[0].length == 0 ? 1 : 0;
    if (count > first && !is_number_or_missing(&field[count - 1]))
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

/* Whether the first record, still in `records`, is a header: in some column it alone is neither a number nor missing, or it counts. */
static bool is_header(const struct annc_records *records, const struct annc_columns *columns)
{
    for (uint32_t c = 0; c < columns->count && c < records->count; c++)
        if (!is_number_or_missing(&records->field[c]) && columns->column[c].texts == 0)
            return true;
    return counts_up(records->field, records->count);
}

static annc_status wrong_length(const struct annc_records *records, size_t wanted)
{
    return annc_stream_malformed(records->stream, "line %zu has %zu field%s, and others have %zu", records->line,
                                 records->count, records->count == 1 ? "" : "s", wanted);
}

/* Looks at every record but the first. */
static annc_status look_at_rows(struct annc_records *records, const annc_text_options *options, size_t width,
                                struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    const struct look look = {options, !options->decimal && records->separator != ','};
    bool more;
    for (;;) {
        ANNC_TRY(annc_records_next(records, &more));
        if (!more)
            break;
        if (records->count != width)
            return wrong_length(records, width);
        if (columns->rows == INT32_MAX)
            return annc_stream_malformed(records->stream, "has more than %d rows", INT32_MAX);
        for (uint32_t c = 0; c < columns->count; c++)
            look_at(&look, &records->field[c], records->line, &columns->column[c]);
        columns->rows++;
    }
out:
    return status;
}

/* Names from the header, or numbers from 1. With row names the header's first belongs to the second column. */
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

/* The separator, and how many fields a record has by it. */
static annc_status settle_separator(struct annc_records *records, const annc_text_options *options, size_t *width)
{
    annc_status status = ANNC_OK;
    bool more;
    if (!options->separator)
        return annc_records_find_separator(records, width);
    records->separator = options->separator;
    for (int i = 0; i < 2;
         i++) /* the second, if there is one: the first may be a header without a name for the first column */
        ANNC_TRY(annc_records_next(records, &more));
    *width = records->count;
out:
    annc_records_rewind(records);
    return status;
}

/* Reads all once: columns, their names, and what is in them. */
static annc_status look(struct annc_records *records, const annc_text_options *options, struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    size_t width, first_line;
    bool more;
    ANNC_TRY(settle_separator(records, options, &width));
    ANNC_TRY(annc_records_next(records, &more));
    if (!more)
        return annc_stream_malformed(records->stream, "has no rows");
    first_line = records->line;
    const size_t first = records->count;
    columns->count = (uint32_t)width;
    ANNC_TRY(annc_allocate(width, sizeof *columns->column, "the columns", (void **)&columns->column));
    for (uint32_t c = 0; c < columns->count; c++)
        columns->column[c].counts = true;
    ANNC_TRY(look_at_rows(records, options, width, columns));
    annc_records_rewind(records);
    ANNC_TRY(annc_records_next(records, &more));
    if (first != width && first + 1 != width)
        return wrong_length(records, width);
    columns->has_header = first + 1 == width || options->header == ANNC_YES ||
                          (options->header == ANNC_AUTO && is_header(records, columns));
    if (first + 1 == width) /* an always-empty last field, or a row name */
        columns->has_row_names = columns->column[width - 1].empty < columns->rows;
    if (!columns->has_header) {
        const struct look at_first = {options, !options->decimal && records->separator != ','};
        for (uint32_t c = 0; c < columns->count; c++)
            look_at(&at_first, &records->field[c], first_line, &columns->column[c]);
        columns->rows++;
    }
    if (columns->rows == 0)
        return annc_stream_malformed(records->stream, "has a header and no rows");
    ANNC_TRY(name_columns(records, columns));
out:
    annc_records_rewind(records);
    return status;
}

/* ---------------------------------------------------------------- the decimal mark */

static annc_status settle_decimal(const struct annc_records *records, const annc_text_options *options,
                                  struct annc_columns *columns, char *notes, size_t size)
{
    const struct annc_column *points = NULL, *commas = NULL;
    bool all_before_three = true;
    columns->thousands = options->thousands;
    columns->decimal = options->decimal ? options->decimal : '.';
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        if (column->texts > 0 || column->role == ANNC_ROLE_LEFT_OUT)
            continue;
        points = column->points > 0 ? column : points;
        commas = column->commas > 0 ? column : commas;
        all_before_three = all_before_three && column->commas == column->commas_before_three;
    }
    if (!commas)
        return ANNC_OK;
    if (points)
        return annc_stream_malformed(records->stream,
                                     "numbers have decimal points (column '%s') and commas (column '%s'); say which "
                                     "by --decimal . or --decimal ,",
                                     points->name, commas->name);
    if (all_before_three)
        return annc_stream_malformed(records->stream,
                                     "all commas in numbers stand before three digits (column '%s'): decimal marks or "
                                     "thousands marks? say --decimal , or --thousands ,",
                                     commas->name);
    columns->decimal = ',';
    annc_note(notes, size, "numbers have a decimal comma");
    return ANNC_OK;
}

/* ---------------------------------------------------------------- roles */

/* The columns as people would look for them. */
static void list_columns(const struct annc_columns *columns, char *list, size_t size)
{
    char one[SHOWN];
    size_t used = (size_t)snprintf(list, size, "%u columns: ", columns->count);
    for (uint32_t c = 0; c < columns->count && c < LISTED && used < size; c++)
        used += (size_t)snprintf(list + used, size - used, "%s%s", c ? ", " : "",
                                 annc_printable(columns->column[c].name, one, 24));
    if (columns->count > LISTED && used < size)
        snprintf(list + used, size - used, ", ...");
}

/* The column of an exact name, or else of a number from 1. */
static annc_status find_column(const struct annc_records *records, const struct annc_columns *columns,
                               const char *option, const char *name, size_t length, uint32_t *found)
{
    struct annc_field field = {.text = name, .length = length};
    uint32_t matches = 0;
    char list[512], shown[SHOWN], text[SHOWN];
    double number = 0;
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->has_header && is_word(&field, columns->column[c].name)) {
            *found = c;
            matches++;
        }
    snprintf(text, sizeof text, "%.*s", length < sizeof text ? (int)length : (int)sizeof text - 1, name);
    annc_printable(text, shown, sizeof shown);
    if (matches > 1)
        return annc_fail(ANNC_USAGE, "%s %s: %u columns have that name; give its number, counted from 1", option, shown,
                         matches);
    if (matches == 1)
        return ANNC_OK;
    if (annc_number_parse(name, length, '.', '\0', &number) && number >= 1 && number <= columns->count &&
        number == floor(number)) {
        *found = (uint32_t)number - 1;
        return ANNC_OK;
    }
    list_columns(columns, list, sizeof list);
    return annc_stream_malformed(records->stream, "has no column '%s' for %s; it has %s", shown, option, list);
}

/* Gives a role to each column of a list like "a,b,7"; names that contain commas go by their numbers. */
static annc_status assign(const struct annc_records *records, struct annc_columns *columns, const char *option,
                          const char *list, enum annc_role role)
{
    annc_status status = ANNC_OK;
    uint32_t c, place = 0;
    while (list) {
        const char *comma = strchr(list, ',');
        ANNC_TRY(find_column(records, columns, option, list, comma ? (size_t)(comma - list) : strlen(list), &c));
        columns->column[c].role = role;
        columns->column[c].place = place++;
        list = comma ? comma + 1 : NULL;
    }
out:
    return status;
}

/* Without --label: the only column called so, else the only one of text. */
static annc_status guess_label(const struct annc_records *records, struct annc_columns *columns, char *notes,
                               size_t size)
{
    static const char *const names[] = {"label", "class", "target", "y"};
    uint32_t named = 0, by_name = 0, texts = 0, by_text = 0;
    char list[512], shown[SHOWN];
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        if (column->role == ANNC_ROLE_LEFT_OUT)
            continue;
        for (size_t i = 0; columns->has_header && i < sizeof names / sizeof *names; i++)
            if (strcasecmp(column->name, names[i]) == 0) {
                by_name = c;
                named++;
            }
        if (column->texts > 0) {
            by_text = c;
            texts++;
        }
    }
    if (named != 1 && texts != 1) {
        list_columns(columns, list, sizeof list);
        return annc_stream_malformed(records->stream,
                                     "which column is to be learnt? name it by --label (classes) or --target "
                                     "(numbers); there are %s",
                                     list);
    }
    const uint32_t c = named == 1 ? by_name : by_text;
    columns->column[c].role = ANNC_ROLE_LABEL;
    annc_note(notes, size, "the label is column %u, '%s'", c + 1,
              annc_printable(columns->column[c].name, shown, sizeof shown));
    return ANNC_OK;
}

/* Row names, an unnamed first column that counts, and columns that are always empty (the last, or without a name) are no inputs. */
static void leave_out_strays(struct annc_columns *columns, char *notes, size_t size)
{
    struct annc_column *first = &columns->column[0];
    uint32_t empty = 0;
    if (columns->has_row_names) {
        first->role = ANNC_ROLE_LEFT_OUT;
        annc_note(notes, size, "the first field of each row is its name, and left out");
    } else if (columns->has_header && first->name[0] == '\0' && first->counts) {
        first->role = ANNC_ROLE_LEFT_OUT;
        annc_note(notes, size, "the first column has no name and counts the rows; it is left out");
    }
    for (uint32_t c = 0; c < columns->count; c++) {
        struct annc_column *column = &columns->column[c];
        const bool nameless = !columns->has_header || column->name[0] == '\0' || c + 1 == columns->count;
        if (column->empty < columns->rows || !nameless)
            continue;
        column->role = ANNC_ROLE_LEFT_OUT;
        empty++;
    }
    if (empty > 0)
        annc_note(notes, size, "%u column%s empty and left out", empty, empty == 1 ? " is" : "s are");
}

/* The roles of a file to train on. */
static annc_status give_roles(const struct annc_records *records, const annc_text_options *options,
                              struct annc_columns *columns, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    leave_out_strays(columns, notes, size);
    ANNC_TRY(assign(records, columns, "--drop", options->drop, ANNC_ROLE_LEFT_OUT));
    if (options->target)
        ANNC_TRY(assign(records, columns, "--target", options->target, ANNC_ROLE_TARGET));
    else if (options->label)
        ANNC_TRY(assign(records, columns, "--label", options->label, ANNC_ROLE_LABEL));
    else
        ANNC_TRY(guess_label(records, columns, notes, size));
out:
    return status;
}

/* ---------------------------------------------------------------- like the table that was trained on */

static uint32_t named(const struct annc_columns *columns, const char *name)
{
    for (uint32_t c = 0; c < columns->count; c++)
        if (strcmp(columns->column[c].name, name) == 0)
            return c;
    return UINT32_MAX;
}

static annc_status take_named(const struct annc_records *records, struct annc_columns *columns, const char *name,
                              enum annc_role role, uint32_t place, bool needed)
{
    const uint32_t c = named(columns, name);
    char list[512], shown[SHOWN];
    if (c == UINT32_MAX && needed) {
        list_columns(columns, list, sizeof list);
        return annc_stream_malformed(records->stream, "has no column '%s', which the training data have; it has %s",
                                     annc_printable(name, shown, sizeof shown), list);
    }
    if (c != UINT32_MAX) {
        columns->column[c].role = role;
        columns->column[c].place = place;
    }
    return ANNC_OK;
}

/* Columns by the names of the training data's, wherever they are; others are left out. */
static annc_status match_names(const struct annc_records *records, const struct annc_table *like, bool need_label,
                               struct annc_columns *columns, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    uint32_t others = 0;
    for (uint32_t c = 0; c < columns->count; c++)
        columns->column[c].role = ANNC_ROLE_LEFT_OUT;
    for (uint32_t i = 0; i < like->inputs; i++)
        ANNC_TRY(take_named(records, columns, like->input_names.text[i], ANNC_ROLE_INPUT, i, true));
    for (uint32_t i = 0; i < like->outputs; i++)
        ANNC_TRY(take_named(records, columns, like->target_names.text[i], ANNC_ROLE_TARGET, i, need_label));
    if (like->label_name[0])
        ANNC_TRY(take_named(records, columns, like->label_name, ANNC_ROLE_LABEL, 0, need_label));
    for (uint32_t c = 0; c < columns->count; c++)
        others += columns->column[c].role == ANNC_ROLE_LEFT_OUT;
    if (others > 0)
        annc_note(notes, size, "%u column%s that the training data %s not have %s left out", others,
                  others == 1 ? "" : "s", others == 1 ? "does" : "do", others == 1 ? "is" : "are");
out:
    return status;
}

/* Columns by their places: as many fields as the training data have, or the inputs alone, or one more in the label's place. */
static annc_status match_places(const struct annc_records *records, const struct annc_table *like, bool need_label,
                                struct annc_columns *columns)
{
    const uint32_t n = like->inputs;
    uint32_t place = 0;
    if (columns->count != n + 1 && (columns->count != n || need_label))
        return annc_stream_malformed(records->stream,
                                     "has %u fields a row; without a header there must be %u inputs, or one more, the "
                                     "label, as field %u",
                                     columns->count, n, like->label_at + 1);
    const uint32_t label_at = columns->count == n ? UINT32_MAX : like->label_at <= n ? like->label_at : n;
    for (uint32_t c = 0; c < columns->count; c++) {
        columns->column[c].role = c == label_at ? ANNC_ROLE_LABEL : ANNC_ROLE_INPUT;
        columns->column[c].place = c == label_at ? 0 : place++;
        if (c == label_at && like->outputs > 0)
            columns->column[c].role = ANNC_ROLE_TARGET;
    }
    return ANNC_OK;
}

static annc_status roles_like(const struct annc_records *records, const struct annc_table *like, bool need_label,
                              struct annc_columns *columns, char *notes, size_t size)
{
    /* Without headers both have numbers for names. */
    if (columns->has_header == like->has_header && (columns->has_header || columns->count == like->columns))
        return match_names(records, like, need_label, columns, notes, size);
    return match_places(records, like, need_label, columns);
}

/* ---------------------------------------------------------------- what inputs must be */

static annc_status refuse_texts(const struct annc_records *records, const annc_text_options *options,
                                const struct annc_column *column, bool target)
{
    char shown[SHOWN];
    const uint32_t count = column->texts + column->thousands;
    annc_printable(column->name, shown, sizeof shown);
    if (column->texts == 0 && !options->thousands)
        return annc_stream_malformed(records->stream,
                                     "line %zu, column '%s': '%s' has thousands marks (%u such cells); say which by "
                                     "--thousands , or --thousands .",
                                     column->text_line, shown, column->text, count);
    return annc_stream_malformed(records->stream, "line %zu, column '%s': '%s' is no number (%u such cell%s); %s%s",
                                 column->text_line, shown, column->text, count, count == 1 ? "" : "s",
                                 target ? "for classes use --label " : "leave the column out with --drop ", shown);
}

static annc_status check_inputs(const struct annc_records *records, const annc_text_options *options,
                                const struct annc_columns *columns)
{
    char shown[SHOWN];
    uint32_t inputs = 0;
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        const bool target = column->role == ANNC_ROLE_TARGET;
        inputs += column->role == ANNC_ROLE_INPUT;
        if ((column->role == ANNC_ROLE_INPUT || target) && column->texts + column->thousands > 0)
            return refuse_texts(records, options, column, target);
    }
    if (inputs == 0)
        return annc_stream_malformed(records->stream, "has no inputs beside what is to be learnt");
    for (uint32_t c = 0; c < columns->count && options->missing == ANNC_MISSING_ERROR; c++) {
        const struct annc_column *column = &columns->column[c];
        const bool numbers = column->role == ANNC_ROLE_INPUT || column->role == ANNC_ROLE_TARGET;
        if (numbers && column->missing > 0)
            return annc_stream_malformed(
                records->stream,
                "line %zu, column '%s': the value is missing (%u such cell%s); use --missing drop or --missing mean",
                column->missing_line, annc_printable(column->name, shown, sizeof shown), column->missing,
                column->missing == 1 ? "" : "s");
    }
    return ANNC_OK;
}

/* Inputs take their places in the order of the columns. */
static void place_inputs(struct annc_columns *columns)
{
    uint32_t place = 0;
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->column[c].role == ANNC_ROLE_INPUT)
            columns->column[c].place = place++;
}

/* ---------------------------------------------------------------- together */

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
    memset(columns, 0, sizeof *columns);
    ANNC_TRY(look(records, options, columns));
    annc_note(notes, size, "%u rows of %u columns between %s, %s header", columns->rows, columns->count,
              separator_name(records->separator), columns->has_header ? "with a" : "without a");
    if (records->was_latin_1)
        annc_note(notes, size, "the text is no UTF-8 and was read as Latin-1");
    if (like) {
        ANNC_TRY(roles_like(records, like, need_label, columns, notes, size));
    } else {
        ANNC_TRY(give_roles(records, options, columns, notes, size));
        place_inputs(columns);
    }
    ANNC_TRY(settle_decimal(records, options, columns, notes, size));
    ANNC_TRY(check_inputs(records, options, columns));
out:
    if (status != ANNC_OK)
        annc_columns_free(columns);
    return status;
}

void annc_columns_free(struct annc_columns *columns)
{
    for (uint32_t c = 0; columns->column && c < columns->count; c++)
        annc_release(columns->column[c].name);
    annc_release(columns->column);
    memset(columns, 0, sizeof *columns);
}
