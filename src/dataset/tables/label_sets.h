/* label_sets.h - several labels in one cell as targets of 0 and 1, one target per label. */
#ifndef ANNC_DATASET_TABLES_LABEL_SETS_H
#define ANNC_DATASET_TABLES_LABEL_SETS_H

#include "dataset/tables/table.h"

/* Makes targets of the table's labels, each a list "a;b" whose items are trimmed; an empty item is
 * none, and one that occurs twice counts once. The targets are `known`, those of the training data,
 * or, with NULL, all labels of the table in bytewise order. Adds their number to notes (of `size`
 * bytes). ANNC_INPUT names the line of a label that is not known; it also reports fewer than two
 * labels, and targets that take more than `most` bytes. */
annc_status annc_label_sets_expand(struct annc_table *table, char separator, const struct annc_texts *known,
                                   uint64_t most, char *notes, size_t size);

/* Notes that labels seem to be such lists, with ';' or '|': an item is in two of them. */
annc_status annc_label_sets_note(const struct annc_labels *labels, char *notes, size_t size);

#endif
