/* texts.h - lists of texts, and sets of distinct texts. */
#ifndef ANNC_DATASET_CATEGORIES_TEXTS_H
#define ANNC_DATASET_CATEGORIES_TEXTS_H

#include "annc.h"

/* A list of texts, each allocated separately. */
struct annc_texts {
    uint32_t count;
    char **text;
};

annc_status annc_texts_add(struct annc_texts *texts, const char *text, size_t length);
annc_status annc_texts_copy(const struct annc_texts *from, struct annc_texts *to);
void annc_texts_free(struct annc_texts *texts);

/* Distinct texts in the order in which they were added. Initialise with zeros. */
struct annc_text_set {
    struct annc_texts texts;
    uint32_t *slots; /* a hash table of indices into texts, plus 1 */
    uint32_t slot_count;
};

/* Adds a text unless it is there, and writes its index. */
annc_status annc_text_set_add(struct annc_text_set *set, const char *text, size_t length, uint32_t *index);
/* Returns the index of a text, or UINT32_MAX. */
uint32_t annc_text_set_find(const struct annc_text_set *set, const char *text, size_t length);
void annc_text_set_free(struct annc_text_set *set);

#endif
