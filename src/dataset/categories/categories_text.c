/* categories_text.c - the columns of words and their levels as metadata of a model. */
#include "dataset/categories/categories_text.h"
#include "base/allocate.h"
#include "base/json/json_read.h"
#include "base/json/json_write.h"
#include "base/status.h"
#include "dataset/categories/categories.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- writing */

static void format_category(const struct annc_category *category, struct annc_json_writer *json)
{
    const uint32_t levels = category->levels.texts.count;
    annc_json_write_open(json, NULL, '{');
    annc_json_write_string(json, "column", category->name);
    annc_json_write_whole(json, "first", category->first);
    annc_json_write_open(json, "levels", '[');
    for (uint32_t i = 0; i < levels; i++)
        annc_json_write_string(json, NULL, category->levels.texts.text[i]);
    annc_json_write_close(json, ']');
    annc_json_write_open(json, "unseen", '[');
    for (uint32_t i = 0; i < levels; i++)
        if (category->unseen[i])
            annc_json_write_whole(json, NULL, i);
    annc_json_write_close(json, ']');
    annc_json_write_truth(json, "other", category->has_other);
    annc_json_write_truth(json, "missing", category->has_missing);
    annc_json_write_close(json, '}');
}

void annc_categories_format(const struct annc_categories *categories, struct annc_json_writer *json)
{
    annc_json_write_open(json, NULL, '[');
    for (uint32_t k = 0; k < categories->count; k++)
        format_category(&categories->category[k], json);
    annc_json_write_close(json, ']');
}

/* ---------------------------------------------------------------- reading */

/* Returns whether a member is a whole number below a limit. */
static bool read_whole(const struct annc_json_member *member, uint32_t limit, uint32_t *number)
{
    const double value = annc_json_as_number(member);
    if (member->kind != ANNC_JSON_NUMBER || !(value >= 0 && value < limit) || value != (double)(uint32_t)value)
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool read_truth(const struct annc_json_member *member, bool *truth)
{
    *truth = strcmp(member->text, "true") == 0;
    return member->kind == ANNC_JSON_WORD && (*truth || strcmp(member->text, "false") == 0);
}

/* Reads an array of levels; *valid is false for anything else, and for a level that occurs twice. */
static annc_status read_levels(const struct annc_json_member *member, struct annc_category *category, bool *valid)
{
    annc_status status = ANNC_OK;
    struct annc_json_members items;
    struct annc_json_member item;
    uint32_t index = 0, count = 0;
    *valid = member->kind == ANNC_JSON_NESTED && member->text[0] == '[' && !category->unseen;
    if (!*valid)
        return ANNC_OK;
    annc_json_open(&items, member->text);
    while (*valid && annc_json_next_member(&items, &item)) {
        *valid = item.kind == ANNC_JSON_STRING && count < ANNC_MOST_LEVELS && strlen(item.text) <= ANNC_LEVEL_BYTES;
        if (*valid)
            ANNC_TRY(annc_text_set_add(&category->levels, item.text, strlen(item.text), &index));
        *valid = *valid && index == count++;
    }
    *valid = *valid && !items.json.error;
    ANNC_TRY(annc_allocate(count, sizeof *category->unseen, "the levels", (void **)&category->unseen));
out:
    return status;
}

/* Reads an array of indices of levels, which must have been read. */
static bool read_unseen(const struct annc_json_member *member, struct annc_category *category)
{
    struct annc_json_members items;
    struct annc_json_member item;
    uint32_t index = 0;
    if (member->kind != ANNC_JSON_NESTED || member->text[0] != '[' || !category->unseen)
        return false;
    annc_json_open(&items, member->text);
    while (annc_json_next_member(&items, &item)) {
        if (!read_whole(&item, category->levels.texts.count, &index))
            return false;
        category->unseen[index] = true;
    }
    return !items.json.error;
}

/* Reads an object. */
static annc_status read_category(char *text, uint32_t inputs, struct annc_category *category, bool *valid)
{
    annc_status status = ANNC_OK;
    struct annc_json_members members;
    struct annc_json_member member;
    bool has_first = false;
    *valid = true;
    annc_json_open(&members, text);
    while (*valid && annc_json_next_member(&members, &member)) {
        if (strcmp(member.key, "column") == 0 && member.kind == ANNC_JSON_STRING && !category->name) {
            ANNC_TRY(annc_allocate(strlen(member.text) + 1, 1, "names", (void **)&category->name));
            memcpy(category->name, member.text, strlen(member.text));
        } else if (strcmp(member.key, "first") == 0) {
            *valid = has_first = read_whole(&member, inputs, &category->first);
        } else if (strcmp(member.key, "levels") == 0) {
            ANNC_TRY(read_levels(&member, category, valid));
        } else if (strcmp(member.key, "unseen") == 0) {
            *valid = read_unseen(&member, category);
        } else if (strcmp(member.key, "other") == 0) {
            *valid = read_truth(&member, &category->has_other);
        } else if (strcmp(member.key, "missing") == 0) {
            *valid = read_truth(&member, &category->has_missing);
        } else {
            *valid = false;
        }
    }
    category->inputs = category->levels.texts.count + category->has_other + category->has_missing;
    *valid = *valid && !members.json.error && category->name && has_first && category->unseen && category->inputs > 0;
out:
    return status;
}

/* Reads the objects of the array; each must have inputs of its own after those of the last. */
static annc_status read_categories(char *text, uint32_t inputs, struct annc_categories *categories, bool *valid)
{
    annc_status status = ANNC_OK;
    struct annc_json_members members;
    struct annc_json_member member;
    uint64_t after = 0;
    *valid = text[0] == '[';
    annc_json_open(&members, text);
    while (*valid && annc_json_next_member(&members, &member)) {
        const size_t count = (size_t)categories->count + 1;
        *valid = member.kind == ANNC_JSON_NESTED && member.text[0] == '{';
        if (!*valid)
            break;
        ANNC_TRY(annc_resize(count, sizeof *categories->category, "the levels", (void **)&categories->category));
        struct annc_category *category = &categories->category[categories->count++];
        memset(category, 0, sizeof *category);
        ANNC_TRY(read_category(member.text, inputs, category, valid));
        *valid = *valid && category->first >= after && (uint64_t)category->first + category->inputs <= inputs;
        after = (uint64_t)category->first + category->inputs;
    }
    *valid = *valid && !members.json.error && categories->count > 0;
out:
    return status;
}

annc_status annc_categories_parse(const char *text, uint32_t inputs, struct annc_categories *categories)
{
    annc_status status = ANNC_OK;
    char *copy = NULL; /* which the reader changes */
    bool valid = false;
    memset(categories, 0, sizeof *categories);
    ANNC_TRY(annc_allocate(strlen(text) + 1, 1, "the levels", (void **)&copy));
    memcpy(copy, text, strlen(text));
    ANNC_TRY(read_categories(copy, inputs, categories, &valid));
    if (!valid)
        status = annc_fail(ANNC_INPUT, "the model's annc.categories is malformed");
out:
    annc_release(copy);
    if (status != ANNC_OK)
        annc_categories_free(categories);
    return status;
}
