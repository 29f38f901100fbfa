/* preamble.h - what stands before the records of a text table: comments, a line that names the
 * separator, the header of an ARFF file. */
#ifndef ANNC_DATASET_TEXT_PREAMBLE_H
#define ANNC_DATASET_TEXT_PREAMBLE_H

#include "dataset/text/records.h"

/* Reads what stands before the first record, and says in notes (of `size` bytes) what was passed
 * over; then the records can be read. Leading lines that begin with # or % are comments; the last of
 * them is the header if it has as many fields as the row after it. "sep=;" on the first line sets
 * the separator. An ARFF header names the fields. Records of INDEX:VALUE are recognised. ANNC_INPUT
 * names the line. */
annc_status annc_preamble_read(struct annc_records *records, const annc_text_options *options, char *notes,
                               size_t size);

#endif
