/* texts.c - lists of texts, and sets of distinct texts. */
#include "dataset/categories/texts.h"
#include "base/allocate.h"
#include "base/status.h"

#include <string.h>

enum { FEWEST_SLOTS = 64 };

/* ---------------------------------------------------------------- lists */

static bool is_power_of_two(uint32_t n)
{
    return (n & (n - 1)) == 0;
}

annc_status annc_texts_add(struct annc_texts *texts, const char *text, size_t length)
{
    annc_status status = ANNC_OK;
    const uint32_t n = texts->count;
    char *copy = NULL;
    if (is_power_of_two(n)) /* capacity is full at 0, 1, 2, 4, ... texts */
        ANNC_TRY(annc_resize(n == 0 ? 1 : 2 * (size_t)n, sizeof *texts->text, "names", (void **)&texts->text));
    ANNC_TRY(annc_allocate(length + 1, 1, "names", (void **)&copy));
    memcpy(copy, text, length);
    texts->text[texts->count++] = copy;
out:
    return status;
}

annc_status annc_texts_copy(const struct annc_texts *from, struct annc_texts *to)
{
    annc_status status = ANNC_OK;
    for (uint32_t i = 0; i < from->count; i++)
        ANNC_TRY(annc_texts_add(to, from->text[i], strlen(from->text[i])));
out:
    return status;
}

void annc_texts_free(struct annc_texts *texts)
{
    for (uint32_t i = 0; i < texts->count; i++)
        annc_release(texts->text[i]);
    annc_release(texts->text);
    memset(texts, 0, sizeof *texts);
}

/* ---------------------------------------------------------------- sets */

static uint32_t hash(const char *text, size_t length)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 16777619u;
    return h;
}

/* Returns the slot of a text, or the free slot for it. */
static uint32_t *slot_of(const struct annc_text_set *set, const char *text, size_t length)
{
    uint32_t at = hash(text, length) & (set->slot_count - 1);
    for (;; at = (at + 1) & (set->slot_count - 1)) {
        uint32_t *slot = &set->slots[at];
        if (*slot == 0)
            return slot;
        const char *there = set->texts.text[*slot - 1];
        if (strlen(there) == length && memcmp(there, text, length) == 0)
            return slot;
    }
}

/* Doubles the slots. */
static annc_status grow(struct annc_text_set *set)
{
    annc_status status = ANNC_OK;
    const struct annc_texts *texts = &set->texts;
    annc_release(set->slots);
    set->slots = NULL;
    set->slot_count = set->slot_count == 0 ? FEWEST_SLOTS : 2 * set->slot_count;
    ANNC_TRY(annc_allocate(set->slot_count, sizeof *set->slots, "distinct texts", (void **)&set->slots));
    for (uint32_t i = 0; i < texts->count; i++)
        *slot_of(set, texts->text[i], strlen(texts->text[i])) = i + 1;
out:
    return status;
}

annc_status annc_text_set_add(struct annc_text_set *set, const char *text, size_t length, uint32_t *index)
{
    annc_status status = ANNC_OK;
    if (2 * (size_t)set->texts.count >= set->slot_count)
        ANNC_TRY(grow(set));
    uint32_t *slot = slot_of(set, text, length);
    if (*slot == 0) {
        ANNC_TRY(annc_texts_add(&set->texts, text, length));
        *slot = set->texts.count;
    }
    *index = *slot - 1;
out:
    return status;
}

uint32_t annc_text_set_find(const struct annc_text_set *set, const char *text, size_t length)
{
    return set->slot_count == 0 ? UINT32_MAX : *slot_of(set, text, length) - 1; /* an empty slot is 0 */
}

void annc_text_set_free(struct annc_text_set *set)
{
    annc_texts_free(&set->texts);
    annc_release(set->slots);
    memset(set, 0, sizeof *set);
}
