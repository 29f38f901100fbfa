/* array_columns.c - the columns of arrays in memory: which of them are words, and their inputs. */
#include "dataset/arrays/array_columns.h"
#include "base/allocate.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/dates/calendar.h"
#include "dataset/dates/dates.h"
#include "dataset/tables/columns.h"
#include "dataset/tables/kinds.h"
#include "dataset/tables/roles.h"
#include "dataset/text/cells.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 80, NUMBER = 16 };

/* ---------------------------------------------------------------- texts */

/* Returns a text as the field of a table, without the blanks around it. */
static struct annc_field field_of(const char *text)
{
    static const char blanks[] = " \t";
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]))
        length--;
    return (struct annc_field){.text = text, .length = length};
}

/* Trims the texts of a column, and counts the rows that have each. */
static annc_status open_text(const annc_arrays *arrays, const char *name, const annc_text_column *from,
                             struct annc_array_text *text)
{
    annc_status status = ANNC_OK;
    const uint32_t count = from->text_count;
    text->from = from;
    ANNC_TRY(annc_allocate(count, sizeof *text->field, "the texts", (void **)&text->field));
    ANNC_TRY(annc_allocate(count, sizeof *text->rows, "the texts", (void **)&text->rows));
    ANNC_TRY(annc_allocate(count, sizeof *text->first, "the texts", (void **)&text->first));
    for (uint32_t i = 0; i < count; i++) {
        ANNC_REQUIRE(from->texts[i], "texts");
        text->field[i] = field_of(from->texts[i]);
    }
    for (uint32_t row = 0; row < arrays->count; row++) {
        const uint32_t i = from->cells[row];
        if (i != UINT32_MAX && i >= count)
            return annc_fail(ANNC_INPUT, "%s: row %u, input %u has text %u of %u texts", name, row + 1,
                             from->column + 1, i, count);
        uint32_t *rows = i == UINT32_MAX ? &text->missing : &text->rows[i],
                 *first = i == UINT32_MAX ? &text->first_missing : &text->first[i];
        if ((*rows)++ == 0)
            *first = row + 1;
    }
out:
    return status;
}

/* Counts the cells of a column by kind. */
static void count_cells(const struct annc_array_text *text, struct annc_column *column)
{
    double number = 0;
    for (uint32_t i = 0; i < text->from->text_count; i++)
        if (text->rows[i] > 0)
            annc_column_count(column, &text->field[i], annc_cell_read(&text->field[i], '.', '\0', &number),
                              text->rows[i], text->first[i]);
    if (text->missing > 0)
        annc_column_count(column, &(struct annc_field){.text = ""}, ANNC_CELL_MISSING, text->missing,
                          text->first_missing);
}

static annc_status open_columns(const annc_arrays *arrays, const char *name, struct annc_array_columns *found)
{
    annc_status status = ANNC_OK;
    struct annc_columns *columns = &found->columns;
    columns->rows = arrays->count;
    columns->has_header = arrays->input_names != NULL;
    ANNC_TRY(annc_allocate(arrays->inputs, sizeof *columns->column, "the columns", (void **)&columns->column));
    columns->count = arrays->inputs;
    ANNC_TRY(annc_allocate(arrays->inputs, sizeof *found->text, "the columns", (void **)&found->text));
    ANNC_TRY(annc_allocate(arrays->text_count, sizeof *found->texts, "the texts", (void **)&found->texts));
    found->text_count = arrays->text_count;
    for (uint32_t c = 0; c < columns->count; c++) {
        char number[NUMBER];
        snprintf(number, sizeof number, "%u", c + 1);
        const char *given = arrays->input_names ? arrays->input_names[c] : number;
        ANNC_TRY(
            annc_field_copy(&(struct annc_field){.text = given, .length = strlen(given)}, &columns->column[c].name));
        columns->column[c].is_kind_given = true; /* as numbers, unless it has texts */
    }
    for (uint32_t k = 0; k < arrays->text_count; k++) {
        const annc_text_column *from = &arrays->texts[k];
        struct annc_column *column = &columns->column[from->column];
        found->text[from->column] = &found->texts[k];
        ANNC_TRY(open_text(arrays, name, from, &found->texts[k]));
        count_cells(&found->texts[k], column);
        column->is_kind_given = from->categorical != ANNC_AUTO;
        column->is_categorical = from->categorical == ANNC_YES;
    }
out:
    return status;
}

/* ---------------------------------------------------------------- training */

/* Counts the texts of a column of words. */
static annc_status count_texts(const struct annc_origin *origin, const struct annc_array_text *text,
                               struct annc_tally *tally)
{
    annc_status status = ANNC_OK;
    char *copy = NULL;
    for (uint32_t i = 0; i < text->from->text_count; i++) {
        const bool is_missing = annc_cell_is_missing(&text->field[i]);
        if (text->rows[i] == 0)
            continue;
        if (!is_missing)
            ANNC_TRY(annc_field_copy(&text->field[i], &copy));
        ANNC_TRY(annc_tally_add(origin, tally, copy, copy ? strlen(copy) : 0, text->rows[i], text->first[i]));
        annc_release(copy);
        copy = NULL;
    }
    if (text->missing > 0)
        ANNC_TRY(annc_tally_add(origin, tally, NULL, 0, text->missing, text->first_missing));
out:
    annc_release(copy);
    return status;
}

/* Finds the words among the columns of text, and their levels. */
static annc_status find_levels(const struct annc_origin *origin, struct annc_array_columns *found, char *notes,
                               size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_columns *columns = &found->columns;
    struct annc_tally *tallies = NULL;
    uint32_t count = 0;
    ANNC_TRY(annc_kinds_choose(origin, columns, notes, size));
    ANNC_TRY(annc_tallies_open(columns, &tallies, &count));
    if (count > 0) {
        for (uint32_t k = 0; k < count; k++)
            ANNC_TRY(count_texts(origin, found->text[tallies[k].column_index], &tallies[k]));
        ANNC_TRY(annc_tallies_choose(origin, tallies, count, columns->rows, &columns->categories, notes, size));
    }
    for (uint32_t k = 0; k < count; k++)
        columns->column[tallies[k].column_index].category = &columns->categories.category[k];
    ANNC_TRY(annc_columns_place_inputs(origin, columns));
out:
    annc_tallies_free(tallies, count);
    return status;
}

/* ---------------------------------------------------------------- match with the training table */

/* Returns the error for columns that the training data have otherwise. */
static annc_status refuse_count(const struct annc_origin *origin, const struct annc_columns *columns,
                                const struct annc_table *like)
{
    const uint32_t n = annc_columns_of(like);
    return annc_fail(ANNC_INPUT, "%s has %u column%s, but the training data %u input column%s", origin->name,
                     columns->count, annc_plural(columns->count), n, annc_plural(n));
}

/* Finds the column of a name in `names`, the distinct names of the columns, each at place[]. */
static annc_status find_named(const struct annc_origin *origin, const struct annc_text_set *names,
                              const uint32_t *place, const char *name, uint32_t *c)
{
    const uint32_t index = annc_text_set_find(names, name, strlen(name));
    char shown[SHOWN];
    annc_printable(name, shown, sizeof shown);
    if (index == UINT32_MAX)
        return annc_fail(ANNC_INPUT, "%s: has no column '%s', which the training data have", origin->name, shown);
    if (place[index] == UINT32_MAX)
        return annc_fail(ANNC_INPUT, "%s: several columns have the name '%s'; rename or remove the others",
                         origin->name, shown);
    *c = place[index];
    return ANNC_OK;
}

/* Lists the distinct names of the columns, and the place of each, UINT32_MAX for several. */
static annc_status list_names(const struct annc_columns *columns, struct annc_text_set *names, uint32_t *place)
{
    annc_status status = ANNC_OK;
    for (uint32_t c = 0; c < columns->count; c++) {
        const uint32_t before = names->texts.count;
        uint32_t index = 0;
        ANNC_TRY(annc_text_set_add(names, columns->column[c].name, strlen(columns->column[c].name), &index));
        place[index] = names->texts.count > before ? c : UINT32_MAX;
    }
out:
    return status;
}

/* Gives each column of the training table its column here, by names or else by places. */
static annc_status match(const struct annc_origin *origin, const struct annc_table *like, bool by_names,
                         struct annc_columns *columns)
{
    annc_status status = ANNC_OK;
    struct annc_text_set names = {0};
    uint32_t *place = NULL, c = 0;
    ANNC_TRY(annc_allocate(columns->count, sizeof *place, "the columns", (void **)&place));
    ANNC_TRY(list_names(columns, &names, place));
    for (uint32_t i = 0; i < columns->count; i++)
        columns->column[i].role = ANNC_ROLE_LEFT_OUT;
    for (uint32_t i = 0, k = 0; i < like->inputs; c++) {
        const bool is_words = k < columns->categories.count && columns->categories.category[k].first == i;
        struct annc_category *category = is_words ? &columns->categories.category[k++] : NULL;
        if (by_names)
            ANNC_TRY(find_named(origin, &names, place, category ? category->name : like->input_names.text[i], &c));
        struct annc_column *column = &columns->column[c];
        column->role = ANNC_ROLE_INPUT;
        column->place = i;
        column->category = category;
        column->is_date = annc_is_date(like->dates, i);
        i += category ? category->inputs : 1;
    }
out:
    annc_text_set_free(&names);
    annc_release(place);
    return status;
}

/* Gives the columns the inputs of the training table. */
static annc_status find_like(const struct annc_origin *origin, const struct annc_table *like,
                             struct annc_array_columns *found)
{
    annc_status status = ANNC_OK;
    struct annc_columns *columns = &found->columns;
    const bool by_names = columns->has_header && like->input_names.count > 0;
    columns->inputs = like->inputs;
    if (!by_names && columns->count != annc_columns_of(like))
        return refuse_count(origin, columns, like);
    ANNC_TRY(annc_categories_copy(&like->categories, &columns->categories));
    ANNC_TRY(match(origin, like, by_names, columns));
    for (uint32_t c = 0; c < columns->count; c++) {
        char shown[SHOWN];
        const struct annc_column *column = &columns->column[c];
        if (column->category && !found->text[c])
            return annc_fail(ANNC_INPUT,
                             "%s: column '%s' has numbers, but words in the training data; give it as a column of text",
                             origin->name, annc_printable(column->name, shown, sizeof shown));
        if (column->is_date && !found->text[c])
            return annc_fail(
                ANNC_INPUT, "%s: column '%s' has numbers, but dates in the training data; give it as a column of dates",
                origin->name, annc_printable(column->name, shown, sizeof shown));
    }
out:
    return status;
}

/* ---------------------------------------------------------------- what the texts mean */

/* Finds the inputs of a column's words, and notes those without one, unless notes is NULL. */
static annc_status find_inputs(const struct annc_origin *origin, struct annc_array_text *text,
                               const struct annc_column *column, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    char *copy = NULL, shown[SHOWN] = "";
    uint32_t unknown = 0, first = UINT32_MAX;
    const uint32_t count = text->from->text_count;
    ANNC_TRY(annc_allocate((size_t)count + 1, sizeof *text->input, "the texts", (void **)&text->input));
    for (uint32_t i = 0; i <= count; i++) { /* the last stands for missing cells */
        const bool is_text = i < count && !annc_cell_is_missing(&text->field[i]);
        const uint32_t rows = i < count ? text->rows[i] : text->missing,
                       row = i < count ? text->first[i] : text->first_missing;
        bool is_known;
        if (is_text)
            ANNC_TRY(annc_field_copy(&text->field[i], &copy));
        text->input[i] = annc_category_input(column->category, copy, copy ? strlen(copy) : 0, &is_known);
        unknown += is_known ? 0 : rows;
        if (!is_known && rows > 0 && row < first) {
            first = row;
            annc_printable(copy ? copy : "(missing)", shown, sizeof shown);
        }
        annc_release(copy);
        copy = NULL;
    }
    if (notes)
        annc_category_note_unknown(origin, column->category, unknown, shown, first, notes, size);
out:
    annc_release(copy);
    return status;
}

/* Reads the texts of a column of dates in `rows` rows. */
static annc_status find_dates(const struct annc_origin *origin, uint32_t rows, struct annc_array_text *text,
                              const struct annc_column *column)
{
    annc_status status = ANNC_OK;
    char shown[SHOWN];
    const uint32_t cells = rows - column->missing, bad = cells - column->dates;
    if (bad > 0)
        return annc_fail(
            ANNC_INPUT,
            "%s: row %zu, column '%s': '%s' is not a date as in 2024-03-31 or 2024-03-31T12:30:45+02:00 (%u "
            "of %u cells)%s",
            origin->name, column->dateless_line, annc_printable(column->name, shown, sizeof shown), column->dateless,
            bad, rows, bad == cells ? "; the training data have dates in that column" : "");
    ANNC_TRY(annc_allocate(text->from->text_count, sizeof *text->number, "the texts", (void **)&text->number));
    for (uint32_t i = 0; i < text->from->text_count; i++)
        if (!annc_date_read(text->field[i].text, text->field[i].length, &text->number[i]))
            text->number[i] = NAN;
out:
    return status;
}

/* Reads the texts of a column of numbers. */
static annc_status find_numbers(const struct annc_origin *origin, struct annc_array_text *text,
                                const struct annc_column *column)
{
    annc_status status = ANNC_OK;
    char shown[SHOWN];
    const uint32_t bad = column->texts + column->thousands;
    annc_printable(column->name, shown, sizeof shown);
    if (annc_column_has_dates(column))
        return annc_fail(
            ANNC_INPUT,
            "%s: row %zu, column '%s': '%s' is a date (%u such cell%s), but the training data have numbers "
            "in that column",
            origin->name, column->text_line, shown, column->text, column->dates, annc_plural(column->dates));
    if (bad > 0)
        return annc_fail(ANNC_INPUT,
                         "%s: row %zu, column '%s': '%s' is not a number (%u of %u cells); correct the cell%s, or use "
                         "the column as words with " ANNC_FIELD_CATEGORICAL " %s",
                         origin->name, column->text_line, shown, column->text, bad,
                         column->numbers + column->missing + bad, annc_plural(bad), shown);
    ANNC_TRY(annc_allocate(text->from->text_count, sizeof *text->number, "the texts", (void **)&text->number));
    for (uint32_t i = 0; i < text->from->text_count; i++) {
        double number = 0;
        const bool is_missing = annc_cell_read(&text->field[i], '.', '\0', &number) == ANNC_CELL_MISSING;
        if (text->rows[i] > 0 && fabs(number) > (double)FLT_MAX)
            return annc_fail(ANNC_INPUT, "%s: row %u, column '%s' is %g, which is too large for single precision",
                             origin->name, text->first[i], shown, number);
        text->number[i] = is_missing ? NAN : number;
    }
out:
    return status;
}

annc_status annc_array_columns_find(const annc_arrays *arrays, const char *name, const struct annc_table *like,
                                    struct annc_array_columns *found, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    const struct annc_origin origin = {.name = name, .unit = "row"};
    memset(found, 0, sizeof *found);
    ANNC_TRY(open_columns(arrays, name, found));
    ANNC_TRY(like ? find_like(&origin, like, found) : find_levels(&origin, found, notes, size));
    for (uint32_t c = 0; c < found->columns.count; c++) {
        const struct annc_column *column = &found->columns.column[c];
        if (column->role != ANNC_ROLE_INPUT || !found->text[c])
            continue;
        ANNC_TRY(column->category  ? find_inputs(&origin, found->text[c], column, like ? notes : NULL, size)
                 : column->is_date ? find_dates(&origin, found->columns.rows, found->text[c], column)
                                   : find_numbers(&origin, found->text[c], column));
    }
out:
    return status;
}

void annc_array_columns_free(struct annc_array_columns *found)
{
    for (uint32_t k = 0; k < found->text_count; k++) {
        annc_release(found->texts[k].field);
        annc_release(found->texts[k].rows);
        annc_release(found->texts[k].first);
        annc_release(found->texts[k].input);
        annc_release(found->texts[k].number);
    }
    annc_release(found->texts);
    annc_release(found->text);
    annc_columns_free(&found->columns);
    memset(found, 0, sizeof *found);
}
