/* braces.h - sparse rows {INDEX VALUE, ...} of ARFF tables. */
#ifndef ANNC_DATASET_TEXT_BRACES_H
#define ANNC_DATASET_TEXT_BRACES_H

#include "dataset/text/records.h"

/* Lets annc_records_next return all fields of such records of an ARFF table, those that are not
 * written as records->omitted has them; other records stay as they are. ANNC_INPUT gives the sizes
 * if the whole table would take more memory than packed files may. */
annc_status annc_braces_settle(struct annc_records *records);

#endif
