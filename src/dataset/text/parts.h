/* parts.h - divides a text in memory among threads. */
#ifndef ANNC_DATASET_TEXT_PARTS_H
#define ANNC_DATASET_TEXT_PARTS_H

#include "base/status.h"
#include "dataset/text/records.h"

/* A part of a text: whole lines. */
struct annc_part {
    size_t begin, end; /* in the text */
    size_t line;       /* the number of its first line */
    size_t lines;      /* whose ends it has */
    bool has_quotes;
    uint32_t rows;      /* of the table, once they are counted */
    annc_status status; /* of the last run */
    struct annc_kept_error error;
};

/* The parts of a text, one per thread. Zero-initialise them. */
struct annc_parts {
    struct annc_pool *pool;
    int count; /* 0: the text is read by one thread */
    struct annc_part *part;
};

/* Divides the records from the next one on, if the whole text is in memory and long enough for the
 * intake's threads. A quoted field may hold line ends, so that nobody can tell in the middle of a text
 * where a record begins: a text with a quotation mark is not divided, nor one of sparse rows. */
annc_status annc_parts_open(const struct annc_records *records, struct annc_parts *parts);
void annc_parts_close(struct annc_parts *parts);

/* Calls work(context, i) for each part on a thread of its own. Returns the status and the message of
 * the first part that fails, which one thread would have met first. */
annc_status annc_parts_run(struct annc_parts *parts, annc_status (*work)(void *context, int i), void *context);

/* Makes records of one part, which end with it; the text stays that of `records`. */
void annc_part_records(const struct annc_records *records, const struct annc_part *part, struct annc_records *own);
void annc_part_records_close(struct annc_records *own);

#endif
