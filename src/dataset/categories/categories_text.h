/* categories_text.h - the columns of words and their levels as metadata of a model. */
#ifndef ANNC_DATASET_CATEGORIES_CATEGORIES_TEXT_H
#define ANNC_DATASET_CATEGORIES_CATEGORIES_TEXT_H

#include "base/json/json_write.h"
#include "dataset/categories/categories.h"

/* Read and write a JSON array of objects with "column", "first", "levels", "unseen" (indices of
 * levels, may be left out), "other" and "missing". ANNC_INPUT unless they fit a network of `inputs`
 * inputs. */
annc_status annc_categories_parse(const char *text, uint32_t inputs, struct annc_categories *categories);
void annc_categories_format(const struct annc_categories *categories, struct annc_json_writer *json);

#endif
