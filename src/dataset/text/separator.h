/* separator.h - detects the field separator of a text file. */
#ifndef ANNC_DATASET_TEXT_SEPARATOR_H
#define ANNC_DATASET_TEXT_SEPARATOR_H

#include "annc.h"
#include "dataset/text/records.h"

/* Finds and sets the separator: of tab, semicolon, bar, comma and blanks, the one that gives the
 * largest number of the first 1,000 records the same number of fields, above 1; the earlier one of
 * equals. Sets *count to that number; blanks and 1 if none qualifies. */
annc_status annc_records_find_separator(struct annc_records *records, size_t *count);

#endif
