#include "classes.h"
#include "allocate.h"
#include "json.h"
#include "status.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTE_CLASSES = 256, MOST_CLASSES = 1 << 20 };

void annc_note(char *notes, size_t size, const char *format, ...)
{
    const size_t used = strlen(notes);
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(notes + used, size - used, format, arguments);
    va_end(arguments);
    if (length < 0 || used + (size_t)length + 1 >= size)
        notes[used] = '\0'; /* no room for the line */
    else
        memcpy(notes + used + length, "\n", 2);
}

static annc_status make(uint32_t count, struct annc_classes *classes)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(count, sizeof *classes->value, "the classes", (void **)&classes->value));
    ANNC_TRY(annc_allocate(count, sizeof *classes->trained, "the classes", (void **)&classes->trained));
    classes->count = count;
out:
    return status;
}

void annc_classes_free(struct annc_classes *classes)
{
    annc_release(classes->value);
    annc_release(classes->trained);
    memset(classes, 0, sizeof *classes);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The distinct values among the labels, sorted, in a block that the caller frees. */
static annc_status distinct_labels(const double *labels, uint32_t n, double **distinct, uint32_t *count)
{
    annc_status status = ANNC_OK;
    *count = 0;
    ANNC_TRY(annc_allocate(n, sizeof **distinct, "the labels", (void **)distinct));
    memcpy(*distinct, labels, n * sizeof **distinct);
    qsort(*distinct, n, sizeof **distinct, ascending);
    for (uint32_t i = 0; i < n; i++)
        if (*count == 0 || (*distinct)[i] != (*distinct)[*count - 1])
            (*distinct)[(*count)++] = (*distinct)[i];
out:
    return status;
}

/* Classes 0...count-1, with a note of those that no example has. */
static void number_classes(struct annc_classes *classes, const double *distinct, uint32_t distinct_count, char *notes,
                           size_t size)
{
    uint32_t d = 0;
    for (uint32_t c = 0; c < classes->count; c++) {
        classes->value[c] = c;
        classes->trained[c] = d < distinct_count && distinct[d] == c;
        d += classes->trained[c];
        if (!classes->trained[c])
            annc_note(notes, size, "class %u has no training examples", c);
    }
}

annc_status annc_classes_learn(const char *name, const double *labels, uint32_t n, uint32_t outputs,
                               struct annc_classes *classes, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    double *distinct = NULL;
    uint32_t count;
    memset(classes, 0, sizeof *classes);
    ANNC_TRY(distinct_labels(labels, n, &distinct, &count));
    for (uint32_t i = 0; i < count; i++)
        if (distinct[i] != floor(distinct[i])) {
            status = annc_fail(ANNC_INPUT,
                               "%s: the label %g is no whole number; for numbers to be learnt as such use --target",
                               name, distinct[i]);
            goto out;
        }
    const double lowest = distinct[0], highest = distinct[count - 1];
    uint32_t wanted = outputs == 1 ? 2 : outputs;
    if (wanted == 0)
        wanted = lowest == 0 && highest < BYTE_CLASSES ? (uint32_t)highest + 1 : count;
    if (lowest >= 0 && highest < wanted) {
        ANNC_TRY(make(wanted, classes));
        number_classes(classes, distinct, count, notes, size);
    } else if (count == wanted) {
        ANNC_TRY(make(wanted, classes));
        for (uint32_t c = 0; c < count; c++) {
            classes->value[c] = distinct[c];
            classes->trained[c] = true;
        }
        annc_note(notes, size, "label %.0f is class 0, label %.0f is class %u", lowest, highest, count - 1);
    } else {
        status = annc_fail(ANNC_INPUT, "%s: %u different labels from %.0f to %.0f, and %u %s; end --layers with %u",
                           name, count, lowest, highest, outputs,
                           outputs == 1 ? "output, which takes two classes" : "outputs", count);
    }
out:
    annc_release(distinct);
    if (status != ANNC_OK)
        annc_classes_free(classes);
    return status;
}

annc_status annc_classes_parse(const char *text, struct annc_classes *classes)
{
    annc_status status = ANNC_OK;
    struct annc_json json = {text, strlen(text), 0, NULL};
    bool first = true;
    uint32_t count = 0;
    char name[64];
    memset(classes, 0, sizeof *classes);
    annc_json_take(&json, '[');
    while (annc_json_next(&json, ']', &first) && annc_json_string(&json, name, sizeof name)) {
        char *end;
        const double value = strtod(name, &end);
        if (*end != '\0' || count >= MOST_CLASSES) {
            status = annc_fail(ANNC_INPUT, "the model's class '%s' is no number, as the labels here are", name);
            goto out;
        }
        ANNC_TRY(annc_resize(count + 1, sizeof *classes->value, "the classes", (void **)&classes->value));
        ANNC_TRY(annc_resize(count + 1, sizeof *classes->trained, "the classes", (void **)&classes->trained));
        classes->value[count] = value;
        classes->trained[count++] = true;
        classes->count = count;
    }
    if (json.error || count == 0)
        status = annc_fail(ANNC_INPUT, "the model's annc.classes %s", json.error ? json.error : "are empty");
out:
    if (status != ANNC_OK)
        annc_classes_free(classes);
    return status;
}

annc_status annc_classes_apply(const struct annc_classes *classes, const char *name, const double *labels, uint32_t n,
                               int32_t *indices)
{
    for (uint32_t i = 0; i < n; i++) {
        const double *found = bsearch(&labels[i], classes->value, classes->count, sizeof *classes->value, ascending);
        if (!found)
            return annc_fail(ANNC_INPUT, "%s: example %u has the label %g, which is no class of the training set", name,
                             i + 1, labels[i]);
        indices[i] = (int32_t)(found - classes->value);
        if (!classes->trained[indices[i]])
            return annc_fail(ANNC_INPUT, "%s: example %u has the label %g, which no training example has", name, i + 1,
                             labels[i]);
    }
    return ANNC_OK;
}
