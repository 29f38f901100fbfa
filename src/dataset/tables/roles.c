/* roles.c - assigns roles to the columns of a table: inputs, label, targets. */
#include "dataset/tables/roles.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/tables/column.h"
#include "dataset/tables/table.h"
#include "dataset/text/records.h"
#include "formats/stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Names the columns that are left out, in quotes. */
static void list_left_out(const struct annc_columns *columns, char *list, size_t size)
{
    char one[SHOWN];
    size_t used = 0;
    uint32_t count = 0;
    for (uint32_t c = 0; c < columns->count; c++) {
        if (columns->column[c].role != ANNC_ROLE_LEFT_OUT || count++ >= LISTED || used >= size)
            continue;
        used += (size_t)snprintf(list + used, size - used, "%s'%s'", used ? ", " : "",
                                 annc_printable(columns->column[c].name, one, 24));
    }
    if (count > LISTED && used < size)
        snprintf(list + used, size - used, ", ...");
}

annc_status annc_columns_named(const struct annc_records *records, const struct annc_columns *columns,
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
        ANNC_TRY(annc_columns_named(records, columns, option, list, comma ? (size_t)(comma - list) : strlen(list), &c));
        if (columns->column[c].role == role && role == ANNC_ROLE_TARGET)
            return annc_fail(ANNC_USAGE, "%s names column %u twice", option, c + 1);
        if (columns->column[c].role == ANNC_ROLE_WEIGHT)
            return annc_fail(ANNC_USAGE, "%s and " ANNC_FIELD_WEIGHT " name the same column, %u", option, c + 1);
        columns->column[c].role = role;
        columns->column[c].place = place++;
        list = comma ? comma + 1 : NULL;
    }
out:
    return status;
}

static bool is_called(const struct annc_columns *columns, uint32_t c, const char *name)
{
    return columns->has_header && annc_compare_any_case(columns->column[c].name, name, SIZE_MAX) == 0;
}

static bool has_column(const struct annc_columns *columns, const char *name)
{
    for (uint32_t c = 0; c < columns->count; c++)
        if (is_called(columns, c, name))
            return true;
    return false;
}

/* Returns whether a column is called as labels are. A 'y' beside an 'x' is a coordinate, unless it is
 * the last column. */
static bool is_label_by_name(const struct annc_columns *columns, uint32_t c, bool has_x)
{
    static const char *const names[] = {"label", "class", "target"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_called(columns, c, names[i]))
            return true;
    return is_called(columns, c, "y") && (c + 1 == columns->count || !has_x);
}

/* Fails because no column is known to be the label; `why` continues that sentence, or is empty. */
static annc_status refuse_to_guess(const struct annc_records *records, const struct annc_columns *columns,
                                   const char *why)
{
    char list[512];
    list_columns(columns, list, sizeof list);
    return annc_stream_malformed(records->stream,
                                 "cannot tell which column is the label%s; name it with " ANNC_FIELD_LABEL
                                 " (classes) or " ANNC_FIELD_TARGET " (numbers); it has %s",
                                 why, list);
}

annc_status annc_columns_check_guess(const struct annc_records *records, const struct annc_columns *columns,
                                     uint32_t classes)
{
    enum { FEW = 20 };
    char why[256], shown[SHOWN];
    uint32_t c = 0;
    if (!columns->label_is_only_words || classes < FEW || classes < columns->rows - columns->rows / 10)
        return ANNC_OK;
    while (columns->column[c].role != ANNC_ROLE_LABEL)
        c++;
    snprintf(why, sizeof why, ": '%s', the only column of words, has %u different texts in %u rows",
             annc_printable(columns->column[c].name, shown, sizeof shown), classes, columns->rows);
    return refuse_to_guess(records, columns, why);
}

/* Without --label, chooses the only column with a label's name, else the only text column. */
static annc_status guess_label(const struct annc_records *records, struct annc_columns *columns, char *notes,
                               size_t size)
{
    const bool has_x = has_column(columns, "x");
    uint32_t named = 0, by_name = 0, texts = 0, by_text = 0;
    char shown[SHOWN], other[SHOWN];
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        if (column->role == ANNC_ROLE_LEFT_OUT || column->role == ANNC_ROLE_WEIGHT)
            continue;
        if (is_label_by_name(columns, c, has_x)) {
            by_name = c;
            named++;
        }
        if (column->texts > 0 && !annc_column_looks_like_dates(column)) {
            by_text = c;
            texts++;
        }
    }
    if (named != 1 && texts != 1)
        return refuse_to_guess(records, columns, "");
    const uint32_t c = named == 1 ? by_name : by_text;
    columns->column[c].role = ANNC_ROLE_LABEL;
    columns->label_is_only_words = named != 1;
    annc_printable(columns->column[c].name, shown, sizeof shown);
    if (named == 1 && texts == 1 && by_text != by_name)
        annc_note(notes, size,
                  "the label is column %u, '%s', by its name; set 'label' to take '%s', the only column of words",
                  c + 1, shown, annc_printable(columns->column[by_text].name, other, sizeof other));
    else
        annc_note(notes, size, "the label is column %u, '%s'", c + 1, shown);
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

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct annc_column *const *)a)->name, (*(const struct annc_column *const *)b)->name);
}

/* Sorts the columns by their names into an array that annc_release frees. */
static annc_status sort_columns(const struct annc_columns *columns, const struct annc_column ***sorted)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(columns->count, sizeof **sorted, "the columns", (void **)sorted));
    for (uint32_t c = 0; c < columns->count; c++)
        (*sorted)[c] = &columns->column[c];
    qsort(*sorted, columns->count, sizeof **sorted, by_name);
out:
    return status;
}

/* Checks that no two columns that are used have one name: other tables are matched by names. */
static annc_status check_unique(const struct annc_records *records, const struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    const struct annc_column **sorted = NULL, *last = NULL;
    char shown[SHOWN];
    ANNC_TRY(sort_columns(columns, &sorted));
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = sorted[c];
        if (column->role == ANNC_ROLE_LEFT_OUT || column->name[0] == '\0')
            continue;
        if (last && by_name(&last, &column) == 0) {
            const uint32_t a = (uint32_t)(last - columns->column) + 1, b = (uint32_t)(column - columns->column) + 1;
            ANNC_TRY(annc_stream_malformed(
                records->stream,
                "columns %u and %u have the same name, '%s'; rename one, or leave it out with " ANNC_FIELD_DROP " %u",
                a < b ? a : b, a < b ? b : a, annc_printable(column->name, shown, sizeof shown), a < b ? b : a));
        }
        last = column;
    }
out:
    annc_release(sorted);
    return status;
}

/* Gives the column of weights its role. */
static annc_status assign_weight(const struct annc_records *records, const char *name, struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    uint32_t c;
    ANNC_TRY(annc_columns_named(records, columns, ANNC_FIELD_WEIGHT, name, strlen(name), &c));
    columns->column[c].role = ANNC_ROLE_WEIGHT;
out:
    return status;
}

/* Assigns the roles of a training file. */
static annc_status give_roles(const struct annc_records *records, const annc_text_options *options,
                              struct annc_columns *columns, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    leave_out_strays(columns, notes, size);
    if (options->weight)
        ANNC_TRY(assign_weight(records, options->weight, columns));
    ANNC_TRY(assign(records, columns, ANNC_FIELD_DROP, options->drop, ANNC_ROLE_LEFT_OUT));
    if (options->target)
        ANNC_TRY(assign(records, columns, ANNC_FIELD_TARGET, options->target, ANNC_ROLE_TARGET));
    else if (options->label)
        ANNC_TRY(assign(records, columns, ANNC_FIELD_LABEL, options->label, ANNC_ROLE_LABEL));
    else
        ANNC_TRY(guess_label(records, columns, notes, size));
    if (columns->has_header)
        ANNC_TRY(check_unique(records, columns));
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
        const struct annc_column *column = &columns->column[c];
        if (column->role == ANNC_ROLE_LEFT_OUT && !column->is_dropped && strcmp(column->name, name) == 0)
            return c;
    }
    return UINT32_MAX;
}

/* Marks the columns of options->drop, which training left out: those of a name, or, where the file
 * has as many columns as the training data, of a number from 1. */
static void drop_again(const annc_text_options *options, const struct annc_table *like, struct annc_columns *columns)
{
    for (const char *item = options->drop; item; item = strchr(item, ',') ? strchr(item, ',') + 1 : NULL) {
        const size_t length = strcspn(item, ",");
        double number = 0;
        bool is_name = false;
        for (uint32_t c = 0; c < columns->count && columns->has_header; c++)
            if (strlen(columns->column[c].name) == length && memcmp(columns->column[c].name, item, length) == 0)
                is_name = columns->column[c].is_dropped = true;
        if (!is_name && columns->count == like->columns && annc_number_parse(item, length, '.', '\0', &number) &&
            number >= 1 && number <= columns->count && number == floor(number))
            columns->column[(uint32_t)number - 1].is_dropped = true;
    }
}

/* Checks that no column that is left out has the name of a needed one: which of them is meant would
 * be a guess. */
static annc_status check_names(const struct annc_records *records, const struct annc_columns *columns, bool need_label)
{
    annc_status status = ANNC_OK;
    const struct annc_column **sorted = NULL;
    char shown[SHOWN];
    ANNC_TRY(sort_columns(columns, &sorted));
    for (uint32_t first = 0, after; first < columns->count; first = after) {
        uint32_t known = 0;
        bool needed = false;
        for (after = first; after < columns->count && by_name(&sorted[first], &sorted[after]) == 0; after++) {
            const enum annc_role role = sorted[after]->role;
            known += role != ANNC_ROLE_LEFT_OUT || sorted[after]->is_dropped;
            needed = needed || role == ANNC_ROLE_INPUT || (need_label && role != ANNC_ROLE_LEFT_OUT);
        }
        if (needed && known < after - first)
            ANNC_TRY(annc_stream_malformed(
                records->stream,
                "%u columns have the name '%s', but %u in the training data; rename or remove the others",
                after - first, annc_printable(sorted[first]->name, shown, sizeof shown), known));
    }
out:
    annc_release(sorted);
    return status;
}

static annc_status take_named(const struct annc_records *records, struct annc_columns *columns, const char *name,
                              enum annc_role role, uint32_t place, struct annc_category *category, bool needed)
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
        columns->column[c].category = category;
    }
    return ANNC_OK;
}

/* Returns the category whose first input is i, or NULL; *next counts the categories before it. */
static struct annc_category *category_at(const struct annc_columns *columns, uint32_t i, uint32_t *next)
{
    const struct annc_categories *categories = &columns->categories;
    const bool is_next = *next < categories->count && categories->category[*next].first == i;
    return is_next ? &categories->category[(*next)++] : NULL;
}

uint32_t annc_columns_of(const struct annc_table *like)
{
    uint32_t count = like->inputs;
    for (uint32_t k = 0; k < like->categories.count; k++)
        count -= like->categories.category[k].inputs - 1;
    return count;
}

/* Gives its role to the column of weights: the one of the training data, if the file has it, or the
 * one that is named where these had none. */
static annc_status take_weight(const struct annc_records *records, const annc_text_options *options,
                               const struct annc_table *like, bool need_label, struct annc_columns *columns,
                               char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    uint32_t c = UINT32_MAX;
    char shown[SHOWN];
    if (like->weight_name[0]) {
        c = named(columns, like->weight_name, 0);
        if (c == UINT32_MAX && need_label)
            annc_note(notes, size, "the rows have no weights: no column '%s', as in the training data",
                      annc_printable(like->weight_name, shown, sizeof shown));
    } else if (options->weight && need_label) {
        ANNC_TRY(annc_columns_named(records, columns, ANNC_FIELD_WEIGHT, options->weight, strlen(options->weight), &c));
        if (columns->column[c].role != ANNC_ROLE_LEFT_OUT)
            return annc_fail(ANNC_USAGE,
                             ANNC_FIELD_WEIGHT " names column %u, which is an input, label or target of the model",
                             c + 1);
    }
    if (c != UINT32_MAX)
        columns->column[c].role = ANNC_ROLE_WEIGHT;
out:
    return status;
}

/* Gives their roles to the label or the targets. Those of arrays have no names: the options name them. */
static annc_status take_answers(const struct annc_records *records, const annc_text_options *options,
                                const struct annc_table *like, bool need_label, struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    const bool is_of_arrays = like->columns == 0;
    if (is_of_arrays && need_label && options->target)
        return assign(records, columns, ANNC_FIELD_TARGET, options->target, ANNC_ROLE_TARGET);
    if (is_of_arrays && need_label && options->label)
        return assign(records, columns, ANNC_FIELD_LABEL, options->label, ANNC_ROLE_LABEL);
    if (is_of_arrays)
        return need_label ? annc_stream_malformed(records->stream,
                                                  "the model was trained on arrays, without a name for the label; name "
                                                  "its column with " ANNC_FIELD_LABEL " or " ANNC_FIELD_TARGET)
                          : ANNC_OK;
    for (uint32_t i = 0; i < like->outputs && !like->label_separator; i++)
        ANNC_TRY(take_named(records, columns, like->target_names.text[i], ANNC_ROLE_TARGET, i, NULL, need_label));
    if (like->label_name[0])
        ANNC_TRY(take_named(records, columns, like->label_name, ANNC_ROLE_LABEL, 0, NULL, need_label));
out:
    return status;
}

/* Matches columns by the names of the training data, in any order; drops others. */
static annc_status match_names(const struct annc_records *records, const annc_text_options *options,
                               const struct annc_table *like, bool need_label, struct annc_columns *columns,
                               char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    uint32_t others = 0;
    char list[512];
    for (uint32_t c = 0; c < columns->count; c++)
        columns->column[c].role = ANNC_ROLE_LEFT_OUT;
    drop_again(options, like, columns);
    for (uint32_t i = 0, k = 0; i < like->inputs;) {
        struct annc_category *category = category_at(columns, i, &k);
        const char *name = category ? category->name : like->input_names.text[i];
        ANNC_TRY(take_named(records, columns, name, ANNC_ROLE_INPUT, i, category, true));
        i += category ? category->inputs : 1;
    }
    ANNC_TRY(take_answers(records, options, like, need_label, columns));
    ANNC_TRY(take_weight(records, options, like, need_label, columns, notes, size));
    for (uint32_t c = 0; c < columns->count; c++)
        others += columns->column[c].role == ANNC_ROLE_LEFT_OUT;
    if (others > 0)
        ANNC_TRY(check_names(records, columns, need_label));
    list_left_out(columns, list, sizeof list);
    if (others > 0)
        annc_note(notes, size, "%u column%s that the model does not use %s left out: %s", others, annc_plural(others),
                  others == 1 ? "is" : "are", list);
out:
    return status;
}

/* Matches columns by position: as many fields as the training data, or only the inputs, or one more
 * in the label's place. */
static annc_status match_places(const struct annc_records *records, const struct annc_table *like, bool need_label,
                                struct annc_columns *columns)
{
    const uint32_t n = annc_columns_of(like);
    uint32_t place = 0, next = 0;
    if (columns->count != n + 1 && (columns->count != n || need_label))
        return annc_stream_malformed(
            records->stream,
            "has %u field%s per row; without a header a row must have %u input%s, or one field more, "
            "with the label as field %u",
            columns->count, annc_plural(columns->count), n, annc_plural(n), like->label_at + 1);
    const uint32_t label_at = columns->count == n ? UINT32_MAX : like->label_at <= n ? like->label_at : n;
    for (uint32_t c = 0; c < columns->count; c++) {
        struct annc_column *column = &columns->column[c];
        if (c == label_at) {
            column->role = like->outputs > 0 && !like->label_separator ? ANNC_ROLE_TARGET : ANNC_ROLE_LABEL;
            continue;
        }
        column->role = ANNC_ROLE_INPUT;
        column->place = place;
        column->category = category_at(columns, place, &next);
        place += column->category ? column->category->inputs : 1;
    }
    return ANNC_OK;
}

static annc_status roles_like(const struct annc_records *records, const annc_text_options *options,
                              const struct annc_table *like, bool need_label, struct annc_columns *columns, char *notes,
                              size_t size)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_categories_copy(&like->categories, &columns->categories));
    columns->inputs = like->inputs;
    /* Without headers, both tables have numbers as names. */
    if (columns->has_header == like->has_header && (columns->has_header || columns->count == like->columns))
        ANNC_TRY(match_names(records, options, like, need_label, columns, notes, size));
    else if (options->weight && need_label && !like->weight_name[0])
        return annc_stream_malformed(records->stream,
                                     "its columns are known by their places alone, and " ANNC_FIELD_WEIGHT
                                     " cannot be one of them; give it the header of the training data");
    else
        ANNC_TRY(match_places(records, like, need_label, columns));
    for (uint32_t c = 0; c < columns->count; c++) {
        struct annc_column *column = &columns->column[c];
        column->is_date = column->role == ANNC_ROLE_INPUT && annc_is_date(like->dates, column->place);
    }
    /* Ignore labels, targets and weights in the file if they are not needed. */
    for (uint32_t c = 0; c < columns->count && !need_label; c++)
        if (columns->column[c].role != ANNC_ROLE_INPUT)
            columns->column[c].role = ANNC_ROLE_LEFT_OUT;
out:
    return status;
}

annc_status annc_columns_place_inputs(const struct annc_origin *origin, struct annc_columns *columns)
{
    uint64_t inputs = 0;
    for (uint32_t c = 0; c < columns->count && inputs <= ANNC_MAX_WIDTH; c++) {
        struct annc_column *column = &columns->column[c];
        if (column->role != ANNC_ROLE_INPUT)
            continue;
        column->place = (uint32_t)inputs;
        if (column->category)
            column->category->first = column->place;
        inputs += column->category ? column->category->inputs : 1;
    }
    if (inputs > ANNC_MAX_WIDTH)
        return annc_fail(ANNC_INPUT, "%s: has more than %d inputs", origin->name, ANNC_MAX_WIDTH);
    columns->inputs = (uint32_t)inputs;
    return ANNC_OK;
}

annc_status annc_columns_give_roles(const struct annc_records *records, const annc_text_options *options,
                                    const struct annc_table *like, bool need_label, struct annc_columns *columns,
                                    char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    if (like)
        return roles_like(records, options, like, need_label, columns, notes, size);
    ANNC_TRY(give_roles(records, options, columns, notes, size));
out:
    return status;
}
