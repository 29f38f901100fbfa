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

enum { SHOWN = 80, LISTED = 8, FIRST_ROOM = 64 };

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

static annc_status refuse_dates(const struct annc_records *records, const struct annc_column *column)
{
    char shown[SHOWN];
    annc_printable(column->name, shown, sizeof shown);
    return annc_stream_malformed(
        records->stream,
        "line %zu, column '%s': '%s' is a date or a time (%u such cell%s); turn it into numbers, such as year, month "
        "and days since a first day, leave it out with " ANNC_FIELD_DROP " %s, or use it as words "
        "with " ANNC_FIELD_CATEGORICAL " %s",
        column->text_line, shown, column->text, column->dates, annc_plural(column->dates), shown, shown);
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
    ANNC_TRY(name_kind(records, ANNC_FIELD_CATEGORICAL, options->categorical, true, columns, notes, size));
    ANNC_TRY(name_kind(records, ANNC_FIELD_NUMERIC, options->numeric, false, columns, notes, size));
    for (uint32_t c = 0; c < columns->count; c++) {
        struct annc_column *column = &columns->column[c];
        const uint32_t numbers = columns->rows - column->texts - column->missing;
        if (column->role != ANNC_ROLE_INPUT || column->is_kind_given || column->texts <= numbers)
            continue;
        if (column->dates > column->texts / 2)
            return refuse_dates(records, column);
        column->is_categorical = true;
    }
out:
    return status;
}

/* ---------------------------------------------------------------- levels */

/* The texts of a column and the number of rows of each. */
struct tally {
    uint32_t column, missing;
    struct annc_text_set distinct;
    uint32_t *rows, room;
};

static annc_status count_text(const struct annc_records *records, const struct annc_column *column,
                              const struct annc_field *field, struct tally *tally)
{
    annc_status status = ANNC_OK;
    char shown[SHOWN];
    char *text = NULL;
    uint32_t index = 0;
    annc_printable(column->name, shown, sizeof shown);
    if (field->length > ANNC_LEVEL_BYTES || strlen(column->name) > ANNC_LEVEL_BYTES)
        return annc_stream_malformed(records->stream,
                                     "line %zu, column '%s': a text or name of more than %d bytes is no category; "
                                     "leave the column out with " ANNC_FIELD_DROP " %s",
                                     records->line, shown, ANNC_LEVEL_BYTES, shown);
    if (annc_cell_is_missing(field)) {
        tally->missing++;
        return ANNC_OK;
    }
    ANNC_TRY(annc_field_copy(field, &text));
    ANNC_TRY(annc_text_set_add(&tally->distinct, text, strlen(text), &index));
    if (index == ANNC_MOST_DISTINCT)
        ANNC_TRY(annc_stream_malformed(records->stream,
                                       "column '%s' has more than %d different texts, too many for categories; leave "
                                       "it out with " ANNC_FIELD_DROP " %s",
                                       shown, ANNC_MOST_DISTINCT, shown));
    if (index == tally->room) {
        const uint32_t room = tally->room == 0 ? FIRST_ROOM : 2 * tally->room;
        ANNC_TRY(annc_resize(room, sizeof *tally->rows, "the levels", (void **)&tally->rows));
        memset(tally->rows + tally->room, 0, (room - tally->room) * sizeof *tally->rows);
        tally->room = room;
    }
    tally->rows[index]++;
out:
    annc_release(text);
    return status;
}

static annc_status count_records(struct annc_records *records, const struct annc_columns *columns,
                                 struct tally *tallies, uint32_t count)
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
        for (uint32_t k = 0; k < count; k++) {
            const uint32_t c = tallies[k].column;
            ANNC_TRY(count_text(records, &columns->column[c], &records->field[c], &tallies[k]));
        }
    }
out:
    annc_records_rewind(records);
    return status;
}

/* Rejects a column whose texts, mostly there, are all different, as those of identifiers are. */
static annc_status check_distinct(const struct annc_records *records, const struct annc_columns *columns,
                                  const struct tally *tally)
{
    const struct annc_column *column = &columns->column[tally->column];
    const uint32_t texts = columns->rows - tally->missing;
    char shown[SHOWN];
    if (column->is_kind_given || tally->distinct.texts.count < texts || texts <= tally->missing)
        return ANNC_OK;
    annc_printable(column->name, shown, sizeof shown);
    return annc_stream_malformed(
        records->stream,
        "line %zu, column '%s': '%s' is not a number, and all %u texts of the column are different, as identifiers "
        "are; leave it out with " ANNC_FIELD_DROP " %s, or use it with " ANNC_FIELD_CATEGORICAL " %s",
        column->text_line, shown, column->text, texts, shown, shown);
}

/* Adds "colour (3 levels)" to a list of the columns. */
static void list_levels(const struct tally *tally, const struct annc_category *category, char *list, size_t size)
{
    char shown[32];
    const size_t used = strlen(list);
    const uint32_t levels = category->levels.texts.count;
    int length = snprintf(list + used, size - used, "%s'%s' (%u level%s", used ? ", " : "",
                          annc_printable(category->name, shown, sizeof shown), levels, annc_plural(levels));
    if (category->has_other && used + (size_t)length < size)
        length += snprintf(list + used + length, size - used - (size_t)length, ", %u rare ones share one input",
                           tally->distinct.texts.count - levels);
    if (used + (size_t)length < size)
        snprintf(list + used + length, size - used - (size_t)length, "%s)", category->has_missing ? ", missing" : "");
}

annc_status annc_kinds_find_levels(struct annc_records *records, struct annc_columns *columns, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_categories *categories = &columns->categories;
    struct tally *tallies = NULL;
    uint32_t count = 0, inputs = 0;
    char list[768] = "";
    for (uint32_t c = 0; c < columns->count; c++)
        count += columns->column[c].is_categorical;
    if (count == 0)
        return ANNC_OK;
    ANNC_TRY(annc_allocate(count, sizeof *tallies, "the levels", (void **)&tallies));
    for (uint32_t c = 0, k = 0; c < columns->count; c++)
        if (columns->column[c].is_categorical)
            tallies[k++].column = c;
    ANNC_TRY(count_records(records, columns, tallies, count));
    ANNC_TRY(annc_allocate(count, sizeof *categories->category, "the levels", (void **)&categories->category));
    categories->count = count;
    for (uint32_t k = 0; k < count; k++) {
        struct annc_column *column = &columns->column[tallies[k].column];
        struct annc_category *category = &categories->category[k];
        ANNC_TRY(check_distinct(records, columns, &tallies[k]));
        ANNC_TRY(annc_category_choose(category, column->name, &tallies[k].distinct, tallies[k].rows,
                                      tallies[k].missing > 0));
        column->category = category;
        inputs += category->inputs;
        if (k < LISTED)
            list_levels(&tallies[k], category, list, sizeof list);
    }
    annc_note(notes, size, "%u column%s of words become%s %u inputs of 0 and 1: %s%s", count, annc_plural(count),
              count == 1 ? "s" : "", inputs, list, count > LISTED ? ", ..." : "");
out:
    for (uint32_t k = 0; tallies && k < count; k++) {
        annc_text_set_free(&tallies[k].distinct);
        annc_release(tallies[k].rows);
    }
    annc_release(tallies);
    return status;
}
