/* sparse.h - tables of LABEL INDEX:VALUE ..., as libsvm and svmlight write them. */
#ifndef ANNC_DATASET_TEXT_SPARSE_H
#define ANNC_DATASET_TEXT_SPARSE_H

#include "dataset/text/records.h"

/* Returns whether the text in memory begins like such a table. */
bool annc_sparse_begins(const struct annc_records *records);

/* Names the fields of such records: "label", then each index from 0 or 1 to the largest, of the
 * records in memory or of `known` (of `count` inputs of the training data, which are indices in the
 * same count; or NULL). From here on, annc_records_next returns all fields of a record, those that
 * are not written as 0. ANNC_INPUT names the line of what is no such record, and the sizes if the
 * whole table would take more memory than packed files may. */
annc_status annc_sparse_settle(struct annc_records *records, char *const *known, size_t count);
#endif
