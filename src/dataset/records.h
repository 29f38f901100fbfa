/* records.h - a text file as records of fields: separators, quotes, line ends (RFC 4180 and what people have besides). */
#ifndef ANNC_DATASET_RECORDS_H
#define ANNC_DATASET_RECORDS_H

#include "stream.h"

/* A field of a record: trimmed, without its quotes. */
struct annc_field {
    const char *text;
    size_t length;
    bool quoted;
    bool doubled; /* contains doubled quotes, each of which stands for one */
};

/* A file's text, and where in it the reading is. */
struct annc_records {
    struct annc_stream *stream; /* for messages */
    char *text;
    size_t size, at;
    bool was_latin_1;         /* and is UTF-8 now */
    char separator;           /* ' ' stands for runs of blanks and tabs */
    size_t line;              /* where the last record begins, from 1 */
    size_t next_line;         /* where the next one does */
    struct annc_field *field; /* of the last record */
    size_t count, room;
};

/* Reads the whole file; `skip` leading lines are passed over. ANNC_INPUT for UTF-16 and for what is no text. */
annc_status annc_records_open(const char *path, size_t skip, struct annc_records *records);
void annc_records_close(struct annc_records *records);

/* The next record that has any content; *more is false past the last. */
annc_status annc_records_next(struct annc_records *records, bool *more);
/* To the first record again. */
void annc_records_rewind(struct annc_records *records);

/* Finds and sets the separator: the one that gives most of the first 1,000 records one equal count of fields above 1 (of tab, semicolon, bar,
 * comma and blanks; the earlier one of equals), and that count; blanks and 1 where none does. */
annc_status annc_records_find_separator(struct annc_records *records, size_t *count);

/* A field as text of its own, doubled quotes made single; the caller frees it by annc_release. */
annc_status annc_field_copy(const struct annc_field *field, char **copy);

#endif
