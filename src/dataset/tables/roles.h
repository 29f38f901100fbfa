/* roles.h - assigns roles to the columns of a table: inputs, label, targets. */
#ifndef ANNC_DATASET_TABLES_ROLES_H
#define ANNC_DATASET_TABLES_ROLES_H

#include "annc.h"
#include "dataset/categories/levels.h"
#include "dataset/tables/column.h"
#include "dataset/tables/table.h"
#include "dataset/text/records.h"

/* Finds the column of an exact name, or else of a number from 1, that an option names. */
annc_status annc_columns_named(const struct annc_records *records, const struct annc_columns *columns,
                               const char *option, const char *name, size_t length, uint32_t *found);

/* Sets the role of every column, and the places of targets. Like a training table, it also sets the
 * places and categories of the inputs. */
annc_status annc_columns_give_roles(const struct annc_records *records, const annc_text_options *options,
                                    const struct annc_table *like, bool need_label, struct annc_columns *columns,
                                    char *notes, size_t size);

/* Rejects a label that was chosen as the only column of words if nine in ten of its texts are
 * different. `classes`: the number of different texts. */
annc_status annc_columns_check_guess(const struct annc_records *records, const struct annc_columns *columns,
                                     uint32_t classes);

/* Sets the places of the inputs of a training table in the order of the columns, and their number. A
 * column of words has as many as its category. */
annc_status annc_columns_place_inputs(const struct annc_origin *origin, struct annc_columns *columns);

/* Returns the number of columns that the inputs of a training table come from. */
uint32_t annc_columns_of(const struct annc_table *like);

#endif
