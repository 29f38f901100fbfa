/* separator.h - what separates the fields of a text file. */
#ifndef ANNC_DATASET_TABLES_SEPARATOR_H
#define ANNC_DATASET_TABLES_SEPARATOR_H

#include "annc.h"
#include "dataset/tables/records.h"

/* Finds and sets the separator: the one that gives most of the first 1,000 records one equal count of fields above 1 (of tab, semicolon, bar,
 * comma and blanks; the earlier one of equals), and that count; blanks and 1 where none does. */
annc_status annc_records_find_separator(struct annc_records *records, size_t *count);

#endif
