/* roles.h - assigns roles to the columns of a table: inputs, label, targets. */
#ifndef ANNC_DATASET_TABLES_ROLES_H
#define ANNC_DATASET_TABLES_ROLES_H

#include "annc.h"
#include "dataset/tables/column.h"
#include "dataset/tables/records.h"
#include "dataset/tables/table.h"

/* Sets the role and place of every column. */
annc_status annc_columns_give_roles(const struct annc_records *records, const annc_text_options *options,
                                    const struct annc_table *like, bool need_label, struct annc_columns *columns,
                                    char *notes, size_t size);

#endif
