/* roles.c - assigns roles to the columns of a table: inputs, label, targets. */
#include "dataset/tables/roles.h"
#include "base/allocate.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/tables/column.h"
#include "dataset/tables/notes.h"
#include "dataset/tables/records.h"
#include "dataset/tables/table.h"
#include "formats/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 80, LISTED = 10 };

/* Lists the columns for a message. */
static void list_columns(const struct annc_columns *columns, char *list, size_t size)
{
    char one[SHOWN];
    size_t used = (size_t)snprintf(list, size, "%u column%s: ", columns->count, annc_plural(columns->count));
    for (uint32_t c = 0; c < columns->count && c < LISTED && used < size; c++)
        used += (size_t)snprintf(list + used, size - used, "%s%s", c ? ", " : "",
                                 annc_printable(columns->column[c].name, one, 24));
    if (columns->count > LISTED && used < size)
        snprintf(list + used, size - used, ", ...");
}

/* Finds the column of an exact name, or else of a number from 1. */
static annc_status find_column(const struct annc_records *records, const struct annc_columns *columns,
                               const char *option, const char *name, size_t length, uint32_t *found)
{
    uint32_t matches = 0;
    char list[512], shown[SHOWN], text[SHOWN];
    double number = 0;
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->has_header && strlen(columns->column[c].name) == length &&
            memcmp(columns->column[c].name, name, length) == 0) {
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

/* Assigns a role to each column of a list like "a,b,7"; use numbers for names that contain
 * commas. */
static annc_status assign(const struct annc_records *records, struct annc_columns *columns, const char *option,
                          const char *list, enum annc_role role)
{
    annc_status status = ANNC_OK;
    uint32_t c, place = 0;
    while (list) {
        const char *comma = strchr(list, ',');
        ANNC_TRY(find_column(records, columns, option, list, comma ? (size_t)(comma - list) : strlen(list), &c));
        if (columns->column[c].role == role && role == ANNC_ROLE_TARGET)
            return annc_fail(ANNC_USAGE, "%s names column %u twice", option, c + 1);
        columns->column[c].role = role;
        columns->column[c].place = place++;
        list = comma ? comma + 1 : NULL;
    }
out:
    return status;
}

/* Without --label, chooses the only column of that name, else the only text column. */
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
            if (annc_compare_any_case(column->name, names[i], SIZE_MAX) == 0) {
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
                                     "cannot tell which column is the label; name it with " ANNC_FIELD_LABEL
                                     " (classes) or " ANNC_FIELD_TARGET " "
                                     "(numbers); it has %s",
                                     list);
    }
    const uint32_t c = named == 1 ? by_name : by_text;
    columns->column[c].role = ANNC_ROLE_LABEL;
    annc_note(notes, size, "the label is column %u, '%s'", c + 1,
              annc_printable(columns->column[c].name, shown, sizeof shown));
    return ANNC_OK;
}

/* Excludes row names, an unnamed first column that counts, and always-empty columns (the last, or
 * unnamed ones) from the inputs. */
static void leave_out_strays(struct annc_columns *columns, char *notes, size_t size)
{
    struct annc_column *first = &columns->column[0];
    uint32_t empty = 0;
    if (columns->has_row_names) {
        first->role = ANNC_ROLE_LEFT_OUT;
        annc_note(notes, size, "the first field of each row is the row's name and is left out");
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

/* Assigns the roles of a training file. */
static annc_status give_roles(const struct annc_records *records, const annc_text_options *options,
                              struct annc_columns *columns, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    leave_out_strays(columns, notes, size);
    ANNC_TRY(assign(records, columns, ANNC_FIELD_DROP, options->drop, ANNC_ROLE_LEFT_OUT));
    if (options->target)
        ANNC_TRY(assign(records, columns, ANNC_FIELD_TARGET, options->target, ANNC_ROLE_TARGET));
    else if (options->label)
        ANNC_TRY(assign(records, columns, ANNC_FIELD_LABEL, options->label, ANNC_ROLE_LABEL));
    else
        ANNC_TRY(guess_label(records, columns, notes, size));
out:
    return status;
}

/* ---------------------------------------------------------------- match with the training table */

/* Finds a column by name that has no role yet; the search begins at column `from` and wraps around,
 * as files mostly have the same order. */
static uint32_t named(const struct annc_columns *columns, const char *name, uint32_t from)
{
    for (uint32_t i = 0; i < columns->count; i++) {
        const uint32_t c = (from + i) % columns->count;
        if (columns->column[c].role == ANNC_ROLE_LEFT_OUT && strcmp(columns->column[c].name, name) == 0)
            return c;
    }
    return UINT32_MAX;
}

static annc_status take_named(const struct annc_records *records, struct annc_columns *columns, const char *name,
                              enum annc_role role, uint32_t place, bool needed)
{
    const uint32_t c = named(columns, name, place);
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

/* Matches columns by the names of the training data, in any order; drops others. */
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
                  annc_plural(others), others == 1 ? "does" : "do", others == 1 ? "is" : "are");
out:
    return status;
}

/* Matches columns by position: as many fields as the training data, or only the inputs, or one more
 * in the label's place. */
static annc_status match_places(const struct annc_records *records, const struct annc_table *like, bool need_label,
                                struct annc_columns *columns)
{
    const uint32_t n = like->inputs;
    uint32_t place = 0;
    if (columns->count != n + 1 && (columns->count != n || need_label))
        return annc_stream_malformed(
            records->stream,
            "has %u field%s per row; without a header a row must have %u input%s, or one field more, "
            "with the label as field %u",
            columns->count, annc_plural(columns->count), n, annc_plural(n), like->label_at + 1);
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
    annc_status status = ANNC_OK;
    /* Without headers, both tables have numbers as names. */
    if (columns->has_header == like->has_header && (columns->has_header || columns->count == like->columns))
        ANNC_TRY(match_names(records, like, need_label, columns, notes, size));
    else
        ANNC_TRY(match_places(records, like, need_label, columns));
    /* Ignore labels and targets in the file if they are not needed. */
    for (uint32_t c = 0; c < columns->count && !need_label; c++)
        if (columns->column[c].role != ANNC_ROLE_INPUT)
            columns->column[c].role = ANNC_ROLE_LEFT_OUT;
out:
    return status;
}

/* Sets the places of the inputs in the order of the columns. */
static void place_inputs(struct annc_columns *columns)
{
    uint32_t place = 0;
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->column[c].role == ANNC_ROLE_INPUT)
            columns->column[c].place = place++;
}

annc_status annc_columns_give_roles(const struct annc_records *records, const annc_text_options *options,
                                    const struct annc_table *like, bool need_label, struct annc_columns *columns,
                                    char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    if (like)
        return roles_like(records, like, need_label, columns, notes, size);
    ANNC_TRY(give_roles(records, options, columns, notes, size));
    place_inputs(columns);
out:
    return status;
}
