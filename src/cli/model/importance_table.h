/* importance_table.h - permutation importance of the inputs, measured and printed. */
#ifndef ANNC_CLI_MODEL_IMPORTANCE_TABLE_H
#define ANNC_CLI_MODEL_IMPORTANCE_TABLE_H

#include "annc.h"
#include "cli/terminal/output.h"

/* A column of the training data (from 0) and its importance. */
struct important_column {
    uint32_t column;
    annc_importance importance;
};

/* The columns, the most important first. Zeroed: not measured. */
struct importance_list {
    struct important_column *ranked;
    uint32_t count, repeats;
    uint32_t image_columns; /* 1 if the inputs are no images */
    bool are_classes;       /* scores are accuracies, not R^2 */
    annc_input_columns *columns;
};

enum { COLUMN_NAME = 256 };

/* Measures the importance of each column with `repeats` permutations. */
annc_status importance_measure(annc_device *device, const annc_network *network, const annc_dataset *data,
                               uint32_t repeats, struct importance_list *list);
void importance_free(struct importance_list *list);

/* Writes the name of element i of the list in printable form: a column, or a pixel or number from 1.
 * Returns `name`. */
const char *importance_name(const struct importance_list *list, uint32_t i, char name[COLUMN_NAME]);
/* Print the most important columns as a table, and add all to a JSON object; nothing if not
 * measured. */
void importance_print(const struct importance_list *list);
void importance_add_json(const struct importance_list *list, struct json *json);

#endif
