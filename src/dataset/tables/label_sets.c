/* label_sets.c - several labels in one cell as targets of 0 and 1, one target per label. */
#include "dataset/tables/label_sets.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/tables/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 80 };

static const char BLANKS[] = " \t";

/* Finds the next label of a list and moves *list past it; false if none is left. */
static bool next_label(const char **list, char separator, const char **label, size_t *length)
{
    while (**list) {
        const char *first = *list + strspn(*list, BLANKS), *end = strchr(*list, separator);
        end = end ? end : *list + strlen(*list);
        *list = *end ? end + 1 : end;
        while (end > first && strchr(BLANKS, end[-1]))
            end--;
        *label = first;
        *length = end > first ? (size_t)(end - first) : 0;
        if (*length > 0)
            return true;
    }
    return false;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Lists all labels, sorted. */
static annc_status collect(const struct annc_labels *labels, char separator, struct annc_texts *names)
{
    annc_status status = ANNC_OK;
    struct annc_text_set set = {.slots = NULL};
    const char *label;
    size_t length;
    uint32_t index;
    for (uint32_t i = 0; i < labels->distinct.count; i++)
        for (const char *list = labels->distinct.text[i]; next_label(&list, separator, &label, &length);)
            ANNC_TRY(annc_text_set_add(&set, label, length, &index));
    ANNC_TRY(annc_texts_copy(&set.texts, names));
    if (names->count > 0)
        qsort(names->text, names->count, sizeof *names->text, by_bytes);
out:
    annc_text_set_free(&set);
    return status;
}

static annc_status check_size(const struct annc_table *table, uint64_t most)
{
    const uint32_t count = table->target_names.count;
    const uint64_t bytes = (uint64_t)table->rows * count * sizeof(float);
    if (count < 2)
        return annc_fail(ANNC_INPUT, "%s: has %u different label%s in its lists; there must be 2 or more", table->name,
                         count, annc_plural(count));
    if (bytes > most)
        return annc_fail(ANNC_INPUT,
                         "%s: has %u rows and %u different labels in its lists, which would take %llu MB; leave out "
                         "rare labels, or rows",
                         table->name, table->rows, count, (unsigned long long)(bytes >> 20));
    return ANNC_OK;
}

/* Sets the targets of a row, and counts them in *ones. */
static annc_status set_targets(struct annc_table *table, uint32_t row, char separator,
                               const struct annc_text_set *places, uint64_t *ones)
{
    const char *label, *list = table->labels.distinct.text[table->labels.index[row]];
    float *targets = table->targets + (size_t)row * table->outputs;
    size_t length;
    while (next_label(&list, separator, &label, &length)) {
        const uint32_t place = annc_text_set_find(places, label, length);
        char text[SHOWN], shown[SHOWN];
        if (place == UINT32_MAX) {
            snprintf(text, sizeof text, "%.*s", length < sizeof text ? (int)length : SHOWN - 1, label);
            return annc_fail(ANNC_INPUT, "%s: line %u has the label '%s', which the training data do not have",
                             table->name, table->lines[row], annc_printable(text, shown, sizeof shown));
        }
        *ones += targets[place] == 0;
        targets[place] = 1;
    }
    return ANNC_OK;
}

annc_status annc_label_sets_expand(struct annc_table *table, char separator, const struct annc_texts *known,
                                   uint64_t most, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_text_set places = {.slots = NULL};
    char shown[SHOWN];
    uint64_t ones = 0;
    uint32_t place;
    ANNC_TRY(known ? annc_texts_copy(known, &table->target_names)
                   : collect(&table->labels, separator, &table->target_names));
    ANNC_TRY(check_size(table, most));
    table->outputs = table->target_names.count;
    for (uint32_t j = 0; j < table->outputs; j++)
        ANNC_TRY(annc_text_set_add(&places, table->target_names.text[j], strlen(table->target_names.text[j]), &place));
    ANNC_TRY(annc_allocate(annc_product(table->rows, table->outputs), sizeof(float), "the targets",
                           (void **)&table->targets));
    for (uint32_t row = 0; row < table->rows; row++)
        ANNC_TRY(set_targets(table, row, separator, &places, &ones));
    annc_labels_free(&table->labels);
    annc_note(notes, size, "column '%s' has %u labels, %.2f per row; each is a target of 0 or 1",
              annc_printable(table->label_name, shown, sizeof shown), table->outputs, (double)ones / table->rows);
out:
    annc_text_set_free(&places);
    return status;
}

/* Finds out whether some cell has several labels, and some label is in several cells. */
static annc_status are_lists(const struct annc_labels *labels, char separator, bool *are)
{
    annc_status status = ANNC_OK;
    struct annc_text_set set = {.slots = NULL};
    uint32_t items = 0, lists = 0, index;
    const char *label;
    size_t length;
    for (uint32_t i = 0; i < labels->distinct.count; i++) {
        const uint32_t before = items;
        for (const char *list = labels->distinct.text[i]; next_label(&list, separator, &label, &length); items++)
            ANNC_TRY(annc_text_set_add(&set, label, length, &index));
        lists += items - before > 1;
    }
    *are = lists > 0 && set.texts.count < items;
out:
    annc_text_set_free(&set);
    return status;
}

annc_status annc_label_sets_note(const struct annc_labels *labels, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    bool found = false;
    for (const char *separator = ";|"; *separator && !found; separator++) {
        ANNC_TRY(are_lists(labels, *separator, &found));
        if (found)
            annc_note(notes, size,
                      "each different label is a class; set 'label_separator' to '%c' if it separates several labels "
                      "in a cell",
                      *separator);
    }
out:
    return status;
}
