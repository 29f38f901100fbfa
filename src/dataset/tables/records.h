/* records.h - splits a text file into records of fields: separators, quotes, line ends (RFC 4180
 * and common variants). */
#ifndef ANNC_DATASET_TABLES_RECORDS_H
#define ANNC_DATASET_TABLES_RECORDS_H

#include "annc.h"
#include "formats/stream.h"

/* A field of a record: trimmed, without its quotes. */
struct annc_field {
    const char *text;
    size_t length;
    bool quoted;
    bool doubled; /* contains doubled quotes, each of which stands for one */
};

/* Amounts of text to hold in memory at once. */
struct annc_intake {
    size_t beginning; /* bytes to read before the format is determined; SIZE_MAX: the whole text */
    size_t step;      /* bytes per later read */
    size_t records;   /* minimum number of records in the beginning */
};

/* A file's text, or the part in memory, and the reading position. */
struct annc_records {
    struct annc_stream *stream;
    struct annc_intake intake;
    char *text;
    size_t size, text_room, begin, at; /* begin: of the first record in memory */
    bool ended;                        /* the text in memory reaches the file's end */
    bool flows;                        /* past text is discarded; rewinding is impossible */
    double until;                      /* of a pipe: end of waiting; INFINITY: first data */
    bool paused;                       /* the last read paused */
    bool was_latin_1;                  /* converted to UTF-8 */
    char separator;                    /* ' ' stands for runs of blanks and tabs */
    size_t first_line;                 /* of the text in memory, from 1 */
    size_t line;                       /* of the last record, from 1 */
    size_t next_line;                  /* of the next record */
    struct annc_field *field;          /* of the last record */
    size_t count, room;
};

/* Reads the beginning of a stream, which stays the caller's and must outlive the records; skips
 * `skip` leading lines. A pause of a pipe ends the beginning early. ANNC_INPUT for UTF-16 and for
 * data that are not text. */
annc_status annc_records_open(struct annc_stream *stream, size_t skip, const struct annc_intake *intake,
                              struct annc_records *records);
void annc_records_close(struct annc_records *records);

/* Reads the next non-empty record: of the complete records in memory, or, after annc_records_flow,
 * of the whole text. *more is false past the last record, and if a pipe has paused. */
annc_status annc_records_next(struct annc_records *records, bool *more);
/* Returns to the first record. */
void annc_records_rewind(struct annc_records *records);
/* Sets how long the next read from a pipe waits: as long as needed, or only briefly, for a caller
 * that already has records. */
void annc_records_wait(struct annc_records *records, bool forever);
/* From here on, reads the text as needed. No effect if the beginning holds the whole text. */
void annc_records_flow(struct annc_records *records);

/* Copies a field as a text of its own, with doubled quotes made single; the caller frees it by
 * annc_release. */
annc_status annc_field_copy(const struct annc_field *field, char **copy);

#endif
