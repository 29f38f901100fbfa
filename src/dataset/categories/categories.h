/* categories.h - columns of words as inputs of 0 and 1: one input per level of a column.
 *
 * The levels of a column are the texts of its cells in the training table, trimmed and compared byte
 * for byte. Its inputs, in this order: the levels, sorted by their bytes; "other", if some levels are
 * rare; "missing", if a cell is missing. A level is rare if it is in one row only (unless all are), or
 * not among the ANNC_MOST_LEVELS most frequent. Of a column's inputs, a cell sets one to 1: that of
 * its level; for a level without an input "other" or, where there is none, no input at all. */
#ifndef ANNC_DATASET_CATEGORIES_CATEGORIES_H
#define ANNC_DATASET_CATEGORIES_CATEGORIES_H

#include "dataset/categories/texts.h"

enum {
    ANNC_MOST_LEVELS = 256,       /* of a column that have an input each */
    ANNC_MOST_DISTINCT = 1 << 16, /* different texts of a column of words */
    ANNC_LEVEL_BYTES = 1 << 10,   /* of a level, and of the name of its column */
    ANNC_NO_LEVEL = -1            /* as an input: none of the column's */
};

struct annc_category {
    char *name;                  /* of the column */
    uint32_t first, inputs;      /* index of its first input, and number of its inputs */
    struct annc_text_set levels; /* in the order of their inputs */
    bool *unseen;                /* per level: no training row has it, so it counts as unknown */
    bool has_other, has_missing;
};

struct annc_categories {
    uint32_t count;
    struct annc_category *category; /* in the order of their inputs */
};

/* Returns word i that stands for a missing cell, or NULL past the last; so does an empty cell. */
const char *annc_missing_word(size_t i);
/* Returns whether a text without NUL bytes is such a word. */
bool annc_is_missing_word(const char *text, size_t length);

void annc_categories_free(struct annc_categories *categories);
annc_status annc_categories_copy(const struct annc_categories *from, struct annc_categories *to);

/* Returns the category that has input j, or NULL. */
const struct annc_category *annc_category_of(const struct annc_categories *categories, uint32_t j);

/* Chooses the levels of a column of `distinct` texts, each in rows[i] rows, and names the category. */
annc_status annc_category_choose(struct annc_category *category, const char *name, const struct annc_text_set *distinct,
                                 const uint32_t *rows, bool has_missing);

/* Returns the input of a cell, counted from the category's first, or ANNC_NO_LEVEL. *is_known is
 * false for a text that is no level. text: NULL for a missing cell. */
int annc_category_input(const struct annc_category *category, const char *text, size_t length, bool *is_known);
/* Returns the input of cells that have no level: "other" or ANNC_NO_LEVEL. */
int annc_category_other(const struct annc_category *category);

/* Writes the name of an input, "colour=red", to a text that annc_release frees. */
annc_status annc_category_input_name(const struct annc_category *category, uint32_t input, char **name);

/* Marks levels that are in no training row: those whose input never exceeds 0. most: per input. */
void annc_categories_mark_unseen(struct annc_categories *categories, const double *most);
/* Marks the levels that are marked in other categories of the same columns. */
void annc_categories_copy_unseen(const struct annc_categories *from, struct annc_categories *to);
/* Moves unseen levels in rows of `inputs` inputs to where unknown ones go. */
void annc_categories_move_unseen(const struct annc_categories *categories, float *x, uint32_t rows, uint32_t inputs);

#endif
