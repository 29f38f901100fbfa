/* levels.h - counts the texts of columns of words, and chooses the levels of their categories. */
#ifndef ANNC_DATASET_CATEGORIES_LEVELS_H
#define ANNC_DATASET_CATEGORIES_LEVELS_H

#include "dataset/categories/categories.h"

/* The origin of columns, for messages. */
struct annc_origin {
    const char *name; /* of the file or the arrays, printable */
    const char *unit; /* of the numbers of rows: "line" or "row" */
    bool is_file;     /* columns are left out by an option */
};

/* The texts of a column and the number of rows of each. Set the name and what follows it. */
struct annc_tally {
    uint32_t missing;
    struct annc_text_set distinct;
    uint32_t *rows, room;
    const char *name;
    bool is_kind_given;    /* the column is words because an option says so */
    const char *first;     /* its first text that is no number, printable */
    uint64_t first_row;    /* and the row of that */
    uint32_t column_index; /* for the caller */
};

/* Counts a text, or a missing cell (NULL), that is in `rows` rows; `row` is the first of them.
 * ANNC_INPUT for texts that are too long or too many to be levels. */
annc_status annc_tally_add(const struct annc_origin *origin, struct annc_tally *tally, const char *text, size_t length,
                           uint32_t rows, uint64_t row);

/* Makes a category of each tally of a table of `rows` rows, and notes them. ANNC_INPUT for a column
 * whose texts are different in nine of ten rows. */
annc_status annc_tallies_choose(const struct annc_origin *origin, const struct annc_tally *tallies, uint32_t count,
                                uint32_t rows, struct annc_categories *categories, char *notes, size_t size);
void annc_tallies_free(struct annc_tally *tallies, uint32_t count);

/* Notes `unknown` cells of a category's column, in a table like the training data, that have no
 * level; `text` is the first, in row `row`. */
void annc_category_note_unknown(const struct annc_origin *origin, const struct annc_category *category,
                                uint32_t unknown, const char *text, uint64_t row, char *notes, size_t size);

#endif
