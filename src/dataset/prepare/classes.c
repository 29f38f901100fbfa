/* classes.c - maps labels to classes, with the names of the classes. */
#include "dataset/prepare/classes.h"
#include "base/allocate.h"
#include "base/json/json_read.h"
#include "base/notes.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/tables/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTE_CLASSES = 256, MOST_CLASSES = 1 << 20, SHOWN = 80 };

/* ---------------------------------------------------------------- labels */

/* Numbers from ANNC_INEXACT on are text: different ones may be the same double. */
static struct annc_label label_of(char *text)
{
    struct annc_label label = {.text = text};
    label.is_number =
        annc_number_parse(text, strlen(text), '.', '\0', &label.number) && fabs(label.number) < ANNC_INEXACT;
    return label;
}

/* Returns the same text for True and TRUE. */
static const char *without_case(const char *text)
{
    return annc_compare_any_case(text, "true", SIZE_MAX) == 0    ? "true"
           : annc_compare_any_case(text, "false", SIZE_MAX) == 0 ? "false"
                                                                 : text;
}

static int by_number(const void *a, const void *b)
{
    const double x = ((const struct annc_label *)a)->number, y = ((const struct annc_label *)b)->number;
    return (x > y) - (x < y);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(without_case(((const struct annc_label *)a)->text),
                  without_case(((const struct annc_label *)b)->text));
}

static bool all_numbers(const struct annc_label *labels, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!labels[i].is_number)
            return false;
    return true;
}

typedef int label_order(const void *, const void *);

/* Sorts the distinct labels: 1 and 1.0 are equal, and so are True and TRUE. The column keeps their
 * texts. */
static annc_status sort_labels(const struct annc_labels *column, struct annc_label **sorted, uint32_t *count)
{
    annc_status status = ANNC_OK;
    const uint32_t n = column->distinct.count;
    ANNC_TRY(annc_allocate(n, sizeof **sorted, "the labels", (void **)sorted));
    for (uint32_t i = 0; i < n; i++)
        (*sorted)[i] = label_of(column->distinct.text[i]);
    label_order *order = all_numbers(*sorted, n) ? by_number : by_text;
    qsort(*sorted, n, sizeof **sorted, order);
    *count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (*count == 0 || order(&(*sorted)[i], &(*sorted)[*count - 1]) != 0)
            (*sorted)[(*count)++] = (*sorted)[i];
out:
    return status;
}

/* ---------------------------------------------------------------- learning */

static annc_status set_label(struct annc_classes *classes, uint32_t c, const char *text, bool trained)
{
    annc_status status = ANNC_OK;
    char *copy = NULL;
    ANNC_TRY(annc_allocate(strlen(text) + 1, 1, "the classes", (void **)&copy));
    memcpy(copy, text, strlen(text) + 1);
    classes->label[c] = label_of(copy);
    classes->label[c].trained = trained;
out:
    return status;
}

static annc_status make(uint32_t count, struct annc_classes *classes)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(count, sizeof *classes->label, "the classes", (void **)&classes->label));
    classes->count = count;
out:
    return status;
}

/* Makes classes 0...count-1, with a note of those without examples. */
static annc_status number_classes(struct annc_classes *classes, const struct annc_label *sorted, uint32_t sorted_count,
                                  char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    uint32_t next = 0;
    for (uint32_t c = 0; c < classes->count; c++) {
        char text[16];
        const bool trained = next < sorted_count && sorted[next].number == c;
        snprintf(text, sizeof text, "%u", c);
        ANNC_TRY(set_label(classes, c, trained ? sorted[next].text : text, trained));
        next += trained;
        if (!trained)
            annc_note(notes, size, "class %u has no training examples", c);
    }
out:
    return status;
}

annc_status annc_classes_number(uint32_t count, struct annc_classes *classes)
{
    annc_status status = ANNC_OK;
    char text[16];
    memset(classes, 0, sizeof *classes);
    ANNC_TRY(make(count, classes));
    for (uint32_t c = 0; c < count; c++) {
        snprintf(text, sizeof text, "%u", c);
        ANNC_TRY(set_label(classes, c, text, true));
    }
out:
    return status;
}

static annc_status name_classes(struct annc_classes *classes, const struct annc_label *sorted, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    char first[SHOWN], last[SHOWN];
    for (uint32_t c = 0; c < classes->count; c++)
        ANNC_TRY(set_label(classes, c, sorted[c].text, true));
    annc_printable(sorted[0].text, first, sizeof first);
    annc_printable(sorted[classes->count - 1].text, last, sizeof last);
    annc_note(notes, size, "label %s is class 0, label %s is class %u", first, last, classes->count - 1);
out:
    return status;
}

static annc_status refuse_fractions(const char *name, const struct annc_label *sorted, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (sorted[i].number != floor(sorted[i].number))
            return annc_fail(ANNC_INPUT,
                             "%s: the label %s is not a whole number; for numeric targets use " ANNC_FIELD_TARGET
                             ", for another column " ANNC_FIELD_LABEL,
                             name, sorted[i].text);
    return ANNC_OK;
}

static annc_status wrong_count(const char *name, const struct annc_label *sorted, uint32_t count, uint32_t outputs)
{
    char first[SHOWN], last[SHOWN];
    return annc_fail(ANNC_INPUT,
                     "%s: has %u different label%s from %s to %s, but the network has %u %s; end " ANNC_FIELD_WIDTH
                     " with %s%u",
                     name, count, annc_plural(count), annc_printable(sorted[0].text, first, sizeof first),
                     annc_printable(sorted[count - 1].text, last, sizeof last), outputs,
                     outputs == 1 ? "output, which takes two classes" : "outputs", count == 2 ? "1 or " : "", count);
}

annc_status annc_classes_learn(const char *name, const struct annc_labels *labels, uint32_t outputs,
                               struct annc_classes *classes, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_label *sorted = NULL;
    uint32_t count;
    memset(classes, 0, sizeof *classes);
    ANNC_TRY(sort_labels(labels, &sorted, &count));
    const bool numbers = all_numbers(sorted, count);
    if (numbers)
        ANNC_TRY(refuse_fractions(name, sorted, count));
    uint32_t wanted = outputs == 1 ? 2 : outputs;
    if (wanted == 0)
        wanted = numbers && sorted[0].number == 0 && sorted[count - 1].number < BYTE_CLASSES
                     ? (uint32_t)sorted[count - 1].number + 1
                     : count;
    if (numbers && sorted[0].number >= 0 && sorted[count - 1].number < wanted) {
        ANNC_TRY(make(wanted, classes));
        ANNC_TRY(number_classes(classes, sorted, count, notes, size));
    } else if (count == wanted) {
        ANNC_TRY(make(wanted, classes));
        ANNC_TRY(name_classes(classes, sorted, notes, size));
    } else {
        status = wrong_count(name, sorted, count, outputs);
    }
out:
    annc_release(sorted);
    if (status != ANNC_OK)
        annc_classes_free(classes);
    return status;
}

void annc_classes_free(struct annc_classes *classes)
{
    for (uint32_t c = 0; c < classes->count; c++)
        annc_release(classes->label[c].text);
    annc_release(classes->label);
    memset(classes, 0, sizeof *classes);
}

/* ---------------------------------------------------------------- text form */

annc_status annc_classes_parse(const char *text, struct annc_classes *classes)
{
    annc_status status = ANNC_OK;
    struct annc_json_reader json = {text, strlen(text), 0, NULL};
    bool first = true;
    char *name = NULL; /* as long as the whole text, so any string in it fits */
    memset(classes, 0, sizeof *classes);
    ANNC_TRY(annc_allocate(json.size + 1, 1, "the classes", (void **)&name));
    annc_json_take(&json, '[');
    while (annc_json_next(&json, ']', &first) && annc_json_read_string(&json, name, json.size + 1)) {
        if (classes->count >= MOST_CLASSES) {
            status = annc_fail(ANNC_INPUT, "the model has more than %d classes", MOST_CLASSES);
            goto out;
        }
        ANNC_TRY(
            annc_resize((size_t)classes->count + 1, sizeof *classes->label, "the classes", (void **)&classes->label));
        ANNC_TRY(set_label(classes, classes->count, name, true));
        classes->count++;
    }
    if (json.error || json.at != json.size || classes->count == 0)
        status = annc_fail(ANNC_INPUT, "the model's annc.classes %s",
                           json.error            ? json.error
                           : classes->count == 0 ? "are empty"
                                                 : "have text after their end");
out:
    annc_release(name);
    if (status != ANNC_OK)
        annc_classes_free(classes);
    return status;
}

void annc_classes_format(const struct annc_classes *classes, struct annc_json_writer *json)
{
    annc_json_write_open(json, NULL, '[');
    for (uint32_t c = 0; c < classes->count; c++)
        annc_json_write_string(json, NULL, classes->label[c].text);
    annc_json_write_close(json, ']');
}

/* ---------------------------------------------------------------- applying */

/* Compares pointers to labels: numbers, then texts. */
static int by_value(const void *a, const void *b)
{
    const struct annc_label *x = *(const struct annc_label *const *)a, *y = *(const struct annc_label *const *)b;
    if (x->is_number != y->is_number)
        return x->is_number ? -1 : 1;
    return x->is_number ? by_number(x, y) : by_text(x, y);
}

/* Finds the class of each distinct label of a table, or UINT32_MAX. */
static annc_status find_classes(const struct annc_classes *classes, const struct annc_texts *labels, uint32_t *class_of)
{
    annc_status status = ANNC_OK;
    const struct annc_label **sorted = NULL;
    ANNC_TRY(annc_allocate(classes->count, sizeof *sorted, "the classes", (void **)&sorted));
    for (uint32_t c = 0; c < classes->count; c++)
        sorted[c] = &classes->label[c];
    qsort(sorted, classes->count, sizeof *sorted, by_value);
    for (uint32_t d = 0; d < labels->count; d++) {
        const struct annc_label label = label_of(labels->text[d]), *key = &label;
        const struct annc_label **found = bsearch(&key, sorted, classes->count, sizeof *sorted, by_value);
        class_of[d] = found ? (uint32_t)(*found - classes->label) : UINT32_MAX;
    }
out:
    annc_release(sorted);
    return status;
}

/* Returns a class whose name is close to the label: equal except for case, or for a dot or blanks
 * at its ends. */
static const char *near_name(const struct annc_classes *classes, const char *text)
{
    static const char ends[] = " .";
    const size_t skip = strspn(text, ends);
    size_t length = strlen(text + skip);
    while (length > 0 && strchr(ends, text[skip + length - 1]))
        length--;
    for (uint32_t c = 0; c < classes->count; c++) {
        const char *name = classes->label[c].text;
        if (strlen(name) == length && annc_compare_any_case(name, text + skip, length) == 0)
            return name;
    }
    return NULL;
}

static annc_status unknown_label(const struct annc_classes *classes, const struct annc_table *table, uint32_t row,
                                 const char *text, bool is_class)
{
    char where[64], shown[SHOWN], near_shown[SHOWN];
    const char *near = near_name(classes, text);
    if (table->lines)
        snprintf(where, sizeof where, "line %u", table->lines[row]);
    else
        snprintf(where, sizeof where, "example %u", row + 1);
    annc_printable(text, shown, sizeof shown);
    if (is_class)
        return annc_fail(ANNC_INPUT, "%s: %s has the label '%s', which no training example has", table->name, where,
                         shown);
    if (near)
        return annc_fail(ANNC_INPUT,
                         "%s: %s has the label '%s', which is not a class of the training data; did you mean '%s'?",
                         table->name, where, shown, annc_printable(near, near_shown, sizeof near_shown));
    return annc_fail(ANNC_INPUT, "%s: %s has the label '%s', which is not a class of the training data", table->name,
                     where, shown);
}

annc_status annc_classes_apply(const struct annc_classes *classes, const struct annc_table *table, int32_t *indices)
{
    annc_status status = ANNC_OK;
    const struct annc_labels *labels = &table->labels;
    uint32_t *class_of = NULL;
    ANNC_TRY(annc_allocate(labels->distinct.count, sizeof *class_of, "the labels", (void **)&class_of));
    ANNC_TRY(find_classes(classes, &labels->distinct, class_of));
    for (uint32_t i = 0; i < table->rows; i++) {
        const char *text = labels->distinct.text[labels->index[i]];
        const uint32_t c = class_of[labels->index[i]];
        if (c == UINT32_MAX || !classes->label[c].trained) {
            status = unknown_label(classes, table, i, text, c != UINT32_MAX);
            goto out;
        }
        indices[i] = (int32_t)c;
    }
out:
    annc_release(class_of);
    return status;
}
