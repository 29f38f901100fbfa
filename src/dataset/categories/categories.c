/* categories.c - columns of words as inputs of 0 and 1. */
#include "dataset/categories/categories.h"
#include "base/allocate.h"
#include "base/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MISSING_BYTES = 4 };
static const char missing_words[][MISSING_BYTES + 1] = {"?",    "NA",   "N/A", "n/a", "#N/A", "#NA",  "<NA>",
                                                        "NULL", "null", "NaN", "nan", "-NaN", "-nan", "None"};

const char *annc_missing_word(size_t i)
{
    return i < sizeof missing_words / sizeof *missing_words ? missing_words[i] : NULL;
}

bool annc_is_missing_word(const char *text, size_t length)
{
    char word[MISSING_BYTES] = "";
    if (length == 0 || length > MISSING_BYTES)
        return false;
    memcpy(word, text, length);
    for (size_t i = 0; i < sizeof missing_words / sizeof *missing_words; i++)
        if (memcmp(word, missing_words[i], MISSING_BYTES) == 0)
            return true;
    return false;
}

/* ---------------------------------------------------------------- memory */

static void free_category(struct annc_category *category)
{
    annc_release(category->name);
    annc_text_set_free(&category->levels);
    annc_release(category->unseen);
}

void annc_categories_free(struct annc_categories *categories)
{
    for (uint32_t k = 0; k < categories->count; k++)
        free_category(&categories->category[k]);
    annc_release(categories->category);
    memset(categories, 0, sizeof *categories);
}

static annc_status copy_text(const char *from, char **to)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(strlen(from) + 1, 1, "names", (void **)to));
    memcpy(*to, from, strlen(from) + 1);
out:
    return status;
}

static annc_status copy_category(const struct annc_category *from, struct annc_category *to)
{
    annc_status status = ANNC_OK;
    const uint32_t levels = from->levels.texts.count;
    uint32_t index;
    to->first = from->first;
    to->inputs = from->inputs;
    to->has_other = from->has_other;
    to->has_missing = from->has_missing;
    ANNC_TRY(copy_text(from->name, &to->name));
    for (uint32_t i = 0; i < levels; i++)
        ANNC_TRY(
            annc_text_set_add(&to->levels, from->levels.texts.text[i], strlen(from->levels.texts.text[i]), &index));
    ANNC_TRY(annc_allocate(levels, sizeof *to->unseen, "the levels", (void **)&to->unseen));
    memcpy(to->unseen, from->unseen, levels * sizeof *to->unseen);
out:
    return status;
}

annc_status annc_categories_copy(const struct annc_categories *from, struct annc_categories *to)
{
    annc_status status = ANNC_OK;
    if (from->count == 0)
        return ANNC_OK;
    ANNC_TRY(annc_allocate(from->count, sizeof *to->category, "the levels", (void **)&to->category));
    to->count = from->count;
    for (uint32_t k = 0; k < from->count; k++)
        ANNC_TRY(copy_category(&from->category[k], &to->category[k]));
out:
    return status;
}

/* ---------------------------------------------------------------- levels */

/* A text and the number of its rows. */
struct counted {
    const char *text;
    uint32_t rows;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct counted *)a)->text, ((const struct counted *)b)->text);
}

static int by_rows(const void *a, const void *b)
{
    const uint32_t x = ((const struct counted *)a)->rows, y = ((const struct counted *)b)->rows;
    return x != y ? (x < y) - (x > y) : by_text(a, b);
}

/* Sorts counted texts so that the levels with an input come first, by their bytes; returns their
 * number. */
static uint32_t sort_levels(struct counted *counted, uint32_t count)
{
    uint32_t kept = 0;
    qsort(counted, count, sizeof *counted, by_rows);
    while (kept < count && kept < ANNC_MOST_LEVELS && (counted[kept].rows > 1 || counted[0].rows == 1))
        kept++;
    qsort(counted, kept, sizeof *counted, by_text);
    return kept;
}

annc_status annc_category_choose(struct annc_category *category, const char *name, const struct annc_text_set *distinct,
                                 const uint32_t *rows, bool has_missing)
{
    annc_status status = ANNC_OK;
    const uint32_t count = distinct->texts.count;
    struct counted *counted = NULL;
    uint32_t index;
    ANNC_TRY(copy_text(name, &category->name));
    ANNC_TRY(annc_allocate(count, sizeof *counted, "the levels", (void **)&counted));
    for (uint32_t i = 0; i < count; i++)
        counted[i] = (struct counted){distinct->texts.text[i], rows[i]};
    const uint32_t kept = sort_levels(counted, count);
    for (uint32_t i = 0; i < kept; i++)
        ANNC_TRY(annc_text_set_add(&category->levels, counted[i].text, strlen(counted[i].text), &index));
    ANNC_TRY(annc_allocate(kept, sizeof *category->unseen, "the levels", (void **)&category->unseen));
    category->has_other = kept < count;
    category->has_missing = has_missing || count == 0; /* at least one input, also of a file that has changed */
    category->inputs = kept + category->has_other + has_missing;
out:
    annc_release(counted);
    return status;
}

/* ---------------------------------------------------------------- inputs */

const struct annc_category *annc_category_of(const struct annc_categories *categories, uint32_t j)
{
    for (uint32_t low = 0, high = categories->count; low < high;) {
        const uint32_t middle = low + (high - low) / 2;
        const struct annc_category *category = &categories->category[middle];
        if (j < category->first)
            high = middle;
        else if (j - category->first >= category->inputs)
            low = middle + 1;
        else
            return category;
    }
    return NULL;
}

int annc_category_other(const struct annc_category *category)
{
    return category->has_other ? (int)category->levels.texts.count : ANNC_NO_LEVEL;
}

int annc_category_input(const struct annc_category *category, const char *text, size_t length, bool *is_known)
{
    if (!text) {
        *is_known = category->has_missing;
        return *is_known ? (int)category->inputs - 1 : annc_category_other(category);
    }
    const uint32_t level = annc_text_set_find(&category->levels, text, length);
    *is_known = level != UINT32_MAX && !category->unseen[level];
    return *is_known ? (int)level : annc_category_other(category);
}

annc_status annc_category_input_name(const struct annc_category *category, uint32_t input, char **name)
{
    annc_status status = ANNC_OK;
    const struct annc_texts *levels = &category->levels.texts;
    const char *level = input < levels->count                           ? levels->text[input]
                        : category->has_other && input == levels->count ? "(other)"
                                                                        : "(missing)";
    const size_t size = strlen(category->name) + 1 + strlen(level) + 1;
    ANNC_TRY(annc_allocate(size, 1, "names", (void **)name));
    snprintf(*name, size, "%s=%s", category->name, level);
out:
    return status;
}

/* ---------------------------------------------------------------- levels without training rows */

void annc_categories_mark_unseen(struct annc_categories *categories, const double *most)
{
    for (uint32_t k = 0; k < categories->count; k++) {
        struct annc_category *category = &categories->category[k];
        for (uint32_t i = 0; i < category->levels.texts.count; i++)
            category->unseen[i] = !(most[category->first + i] > 0);
    }
}

void annc_categories_copy_unseen(const struct annc_categories *from, struct annc_categories *to)
{
    for (uint32_t k = 0; k < to->count; k++)
        memcpy(to->category[k].unseen, from->category[k].unseen,
               to->category[k].levels.texts.count * sizeof *to->category[k].unseen);
}

void annc_categories_move_unseen(const struct annc_categories *categories, float *x, uint32_t rows, uint32_t inputs)
{
    for (uint32_t k = 0; k < categories->count; k++) {
        const struct annc_category *category = &categories->category[k];
        const int other = annc_category_other(category);
        for (uint32_t i = 0; i < category->levels.texts.count; i++) {
            if (!category->unseen[i])
                continue;
            for (uint32_t row = 0; row < rows; row++) {
                float *inputs_of = x + (size_t)row * inputs + category->first;
                if (inputs_of[i] > 0 && other != ANNC_NO_LEVEL)
                    inputs_of[other] = 1;
                inputs_of[i] = 0;
            }
        }
    }
}
