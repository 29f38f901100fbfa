/* levels.c - counts the texts of columns of words, and chooses the levels of their categories. */
#include "dataset/categories/levels.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 80, LISTED = 8, FIRST_ROOM = 64 };

/* Writes the advice to leave a column out, which an option does for a file. */
static const char *leave_out(const struct annc_origin *origin, const char *shown, char *advice, size_t size)
{
    snprintf(advice, size, origin->is_file ? "leave it out with " ANNC_FIELD_DROP " %s" : "leave it out", shown);
    return advice;
}

/* ---------------------------------------------------------------- counting */

static annc_status make_room(struct annc_tally *tally, uint32_t index)
{
    annc_status status = ANNC_OK;
    if (index < tally->room)
        return ANNC_OK;
    const uint32_t room = tally->room == 0 ? FIRST_ROOM : 2 * tally->room;
    ANNC_TRY(annc_resize(room, sizeof *tally->rows, "the levels", (void **)&tally->rows));
    memset(tally->rows + tally->room, 0, (room - tally->room) * sizeof *tally->rows);
    tally->room = room;
out:
    return status;
}

static annc_status refuse_long(const struct annc_origin *origin, const struct annc_tally *tally, uint64_t row)
{
    char shown[SHOWN];
    annc_printable(tally->name, shown, sizeof shown);
    return annc_fail(ANNC_INPUT,
                     "%s: %s %" PRIu64 ", column '%s': a text or name of more than %d bytes is no category; "
                     "leave the column out%s%s",
                     origin->name, origin->unit, row, shown, ANNC_LEVEL_BYTES,
                     origin->is_file ? " with " ANNC_FIELD_DROP " " : "", origin->is_file ? shown : "");
}

static annc_status refuse_many(const struct annc_origin *origin, const struct annc_tally *tally)
{
    char shown[SHOWN], advice[2 * SHOWN];
    annc_printable(tally->name, shown, sizeof shown);
    return annc_fail(ANNC_INPUT, "%s: column '%s' has more than %d different texts, too many for categories; %s",
                     origin->name, shown, ANNC_MOST_DISTINCT, leave_out(origin, shown, advice, sizeof advice));
}

annc_status annc_tally_add(const struct annc_origin *origin, struct annc_tally *tally, const char *text, size_t length,
                           uint32_t rows, uint64_t row)
{
    annc_status status = ANNC_OK;
    uint32_t index = 0;
    if ((text && length > ANNC_LEVEL_BYTES) || strlen(tally->name) > ANNC_LEVEL_BYTES)
        return refuse_long(origin, tally, row);
    if (!text) {
        tally->missing += rows;
        return ANNC_OK;
    }
    ANNC_TRY(annc_text_set_add(&tally->distinct, text, length, &index));
    if (index == ANNC_MOST_DISTINCT)
        return refuse_many(origin, tally);
    ANNC_TRY(make_room(tally, index));
    tally->rows[index] += rows;
out:
    return status;
}

void annc_tallies_free(struct annc_tally *tallies, uint32_t count)
{
    for (uint32_t k = 0; tallies && k < count; k++) {
        annc_text_set_free(&tallies[k].distinct);
        annc_release(tallies[k].rows);
    }
    annc_release(tallies);
}

/* ---------------------------------------------------------------- choice */

/* Returns the sign in front of or behind a text without which it might be a number, or NULL. */
static const char *sign_of_amount(const char *text)
{
    static const char *const signs[] = {"$", "%", "\u20ac", "\u00a3", "\u00a5"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const size_t sign = strlen(signs[i]), length = strlen(text);
        if (length > sign && strpbrk(text, "0123456789") &&
            (strncmp(text, signs[i], sign) == 0 || strcmp(text + length - sign, signs[i]) == 0))
            return signs[i];
    }
    return NULL;
}

/* Rejects a column whose texts, mostly there, are different in nine of ten rows, as those of
 * identifiers are. */
static annc_status check_distinct(const struct annc_origin *origin, const struct annc_tally *tally, uint32_t rows)
{
    const uint32_t texts = rows - tally->missing;
    char shown[SHOWN], advice[2 * SHOWN], amount[64] = "", which[96];
    uint32_t once = 0;
    for (uint32_t i = 0; i < tally->distinct.texts.count; i++)
        once += tally->rows[i] == 1;
    if (tally->is_kind_given || once < texts - texts / 10 || texts <= tally->missing)
        return ANNC_OK;
    annc_printable(tally->name, shown, sizeof shown);
    if (once == texts)
        snprintf(which, sizeof which, "all %u texts of the column are different, as identifiers are", texts);
    else
        snprintf(which, sizeof which, "%u of %u texts of the column occur once, as identifiers do", once, texts);
    const char *const sign = sign_of_amount(tally->first);
    if (sign)
        snprintf(amount, sizeof amount, "remove '%s' if they are amounts, ", sign);
    return annc_fail(ANNC_INPUT,
                     "%s: %s %" PRIu64
                     ", column '%s': '%s' is not a number, and %s; %s%s, or use it with " ANNC_FIELD_CATEGORICAL " %s",
                     origin->name, origin->unit, tally->first_row, shown, tally->first, which, amount,
                     leave_out(origin, shown, advice, sizeof advice), shown);
}

/* Adds "colour (3 levels)" to a list of the columns. */
static void list_levels(const struct annc_tally *tally, const struct annc_category *category, char *list, size_t size)
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

annc_status annc_tallies_choose(const struct annc_origin *origin, const struct annc_tally *tallies, uint32_t count,
                                uint32_t rows, struct annc_categories *categories, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    uint32_t inputs = 0;
    char list[768] = "";
    ANNC_TRY(annc_allocate(count, sizeof *categories->category, "the levels", (void **)&categories->category));
    categories->count = count;
    for (uint32_t k = 0; k < count; k++) {
        const struct annc_tally *tally = &tallies[k];
        struct annc_category *category = &categories->category[k];
        ANNC_TRY(check_distinct(origin, tally, rows));
        ANNC_TRY(annc_category_choose(category, tally->name, &tally->distinct, tally->rows, tally->missing > 0));
        inputs += category->inputs;
        if (k < LISTED)
            list_levels(tally, category, list, sizeof list);
    }
    annc_note(notes, size, "%u column%s of words become%s %u inputs of 0 and 1: %s%s", count, annc_plural(count),
              count == 1 ? "s" : "", inputs, list, count > LISTED ? ", ..." : "");
out:
    return status;
}

/* ---------------------------------------------------------------- unknown levels */

void annc_category_note_unknown(const struct annc_origin *origin, const struct annc_category *category,
                                uint32_t unknown, const char *text, uint64_t row, char *notes, size_t size)
{
    char shown[SHOWN];
    if (unknown == 0)
        return;
    annc_printable(category->name, shown, sizeof shown);
    annc_note(
        notes, size,
        "warning: %s: %u cell%s of column '%s' %s a level that is rare or absent in the training data ('%s' in %s "
        "%" PRIu64 "); %s%s%s",
        origin->name, unknown, annc_plural(unknown), shown, unknown == 1 ? "has" : "have", text, origin->unit, row,
        category->has_other ? "they count as " : "none of the column's inputs is 1", category->has_other ? shown : "",
        category->has_other ? "=(other)" : "");
}
