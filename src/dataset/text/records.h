/* records.h - splits a text file into records of fields: separators, quotes, line ends (RFC 4180
 * and common variants). */
#ifndef ANNC_DATASET_TEXT_RECORDS_H
#define ANNC_DATASET_TEXT_RECORDS_H

#include "annc.h"
#include "dataset/text/field.h"
#include "formats/stream.h"

struct annc_number_runs; /* dataset/text/number_run.h */

/* Amounts of text to hold in memory at once. */
struct annc_intake {
    size_t beginning; /* bytes to read before the format is determined; SIZE_MAX: the whole text */
    size_t step;      /* bytes per later read */
    size_t records;   /* minimum number of records in the beginning */
    bool maps;        /* map the whole text instead, if it is a file without gzip */
    int threads;      /* that read a whole text in memory; below 2: the caller's */
    size_t part;      /* least bytes per thread */
};

/* A file's text, or the part in memory, and the reading position. */
struct annc_records {
    struct annc_stream *stream;
    struct annc_intake intake;
    const struct annc_number_runs *runs; /* of this processor; or NULL */
    char *text;
    size_t size, text_room, begin, at; /* begin: of the first record in memory */
    struct annc_mapping mapping;       /* of a text that stays in its file */
    size_t left;                       /* its memory before here is given back */
    bool ended;                        /* the text in memory reaches the file's end */
    bool flows;                        /* past text is discarded; rewinding is impossible */
    double until;                      /* of a pipe: end of waiting; INFINITY: first data */
    bool paused;                       /* the last read paused */
    bool was_latin_1;                  /* converted to UTF-8 */
    char separator;                    /* ' ' stands for runs of blanks and tabs */
    char stated_separator;             /* by the file's first line; or 0 */
    const char *quotes;                /* up to two; each opens a field */
    char comment;                      /* begins lines that are no records; or 0 */
    bool has_backslashes;              /* before characters within quotes */
    bool is_sparse;                    /* records are LABEL INDEX:VALUE ... */
    uint32_t first_index;              /* of a sparse record */
    char **name;                       /* of the fields, if no record of their own has them */
    size_t name_count;
    char **omitted;                 /* of an ARFF table, per name: the text of a cell that a row in braces leaves
                     * out, or NULL */
    bool in_braces;                 /* the last record is {INDEX VALUE, ...}: the fields are INDEX, VALUE, ... */
    char skipped[64];               /* the beginning of the last skipped line */
    size_t first_line;              /* of the text in memory, from 1 */
    size_t line;                    /* of the last record, from 1 */
    size_t next_line;               /* of the next record */
    size_t place;                   /* of the last record in the text in memory */
    const struct annc_field *field; /* of the last record */
    size_t count;
    struct annc_field *own, *dense;                      /* as written; with the fields that a record leaves out */
    size_t room;                                         /* of own */
    annc_status (*expand)(struct annc_records *records); /* from own to dense; or NULL */
};

/* Reads the beginning of a stream, which stays the caller's and must outlive the records; skips
 * `skip` leading lines. A pause of a pipe ends the beginning early. ANNC_INPUT for UTF-16 and for
 * data that are not text. */
annc_status annc_records_open(struct annc_stream *stream, size_t skip, const struct annc_intake *intake,
                              struct annc_records *records);
void annc_records_close(struct annc_records *records);
/* Before the first record is read: the end of the line that begins at `at` in the text, which is in
 * memory, and in *after the beginning of the next line. */
size_t annc_records_line(const struct annc_records *records, size_t at, size_t *after);
/* Makes sure that the line at `at`, a line's beginning, is in memory whole; the text may move there,
 * but no offset in it changes. */
annc_status annc_records_hold(struct annc_records *records, size_t at);
/* Lets the records begin at `at`, the beginning of line `line`. */
annc_status annc_records_begin(struct annc_records *records, size_t at, size_t line);

/* Reads the next non-empty record: of the complete records in memory, or, after annc_records_flow,
 * of the whole text. *more is false past the last record, and if a pipe has paused. */
annc_status annc_records_next(struct annc_records *records, bool *more);
/* Passes over the records from here on that are `width` plain numbers each, without reading them, at
 * most `most`, and stops before any other record and before `first` (of first_length bytes; NULL:
 * none). Returns their number, which may be 0, and sets *has_points if a number has a point. */
size_t annc_records_pass(struct annc_records *records, size_t width, const char *first, size_t first_length,
                         size_t most, bool *has_points);
/* Returns to the first record. */
void annc_records_rewind(struct annc_records *records);
/* Goes to a record that was read: its `place` in the text, which is all in memory, and its line. */
void annc_records_seek(struct annc_records *records, size_t place, size_t line);
/* Sets how long the next read from a pipe waits: as long as needed, or only briefly, for a caller
 * that already has records. */
void annc_records_wait(struct annc_records *records, bool forever);
/* From here on, reads the text as needed. No effect if the beginning holds the whole text. */
void annc_records_flow(struct annc_records *records);

/* Copies a field as a text of its own, without escapes; the caller frees it by annc_release. */
annc_status annc_field_copy(const struct annc_field *field, char **copy);
/* Returns a field without escapes: itself, if it has none, or one of a copy, which the caller frees by
 * annc_release (NULL: none was made). */
annc_status annc_field_unescape(const struct annc_field *field, struct annc_field *plain, char **copy);

#endif
