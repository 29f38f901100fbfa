/* ranges.h - the ranges of a table's inputs, and whether those of another table are like them. */
#ifndef ANNC_DATASET_PREPARE_RANGES_H
#define ANNC_DATASET_PREPARE_RANGES_H

#include "dataset/tables/table.h"

/* Statistics of each input in the units of the file, without missing values; all 0 where every
 * value is missing. */
struct annc_ranges {
    uint32_t count; /* of each array: the inputs, or 1 for all of them together; 0: none */
    double *least, *most, *mean, *deviation;
};

/* Measures `count` rows of a table: the listed ones or, with rows NULL, the first. Of a file too
 * large for the memory it measures a sample of them. */
annc_status annc_ranges_measure(const struct annc_table *table, const uint32_t *rows, uint32_t count,
                                struct annc_ranges *ranges);
/* Allocates the arrays, all 0. */
annc_status annc_ranges_open(struct annc_ranges *ranges, uint32_t count);
void annc_ranges_free(struct annc_ranges *ranges);

/* Returns the range of all inputs. */
void annc_ranges_whole(const struct annc_ranges *ranges, double *least, double *most);

/* Notes where the inputs of a table lie clearly outside those in training, or so far inside that
 * their unit must be another. dates: the inputs that are dates, or NULL. Returns whether it did. */
bool annc_ranges_compare(const struct annc_ranges *training, const struct annc_ranges *used, uint32_t rows,
                         const struct annc_texts *names, const bool *dates, const char *table, char *notes,
                         size_t size);

#endif
