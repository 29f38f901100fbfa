/* records.h - a text file as records of fields: separators, quotes, line ends (RFC 4180 and what people have besides). */
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

/* How much of a text is held at once. */
struct annc_intake {
    size_t beginning; /* bytes that are read before anything is decided, or all there are; SIZE_MAX: the whole text */
    size_t step;      /* bytes that are read at a time after that */
    size_t records;   /* that the beginning has at least */
};

/* A file's text, or the part of it that is held, and where in it the reading is. */
struct annc_records {
    struct annc_stream *stream;
    struct annc_intake intake;
    char *text;
    size_t size, text_room, begin, at; /* begin: of the first record that is held */
    bool ended;                        /* the text that is held goes to the end of the file */
    bool flows;                        /* what is past is given up for what comes; it cannot be rewound any more */
    double until;                      /* of a pipe: the time to stop waiting at; INFINITY: once something has come */
    bool paused;                       /* the last reading did */
    bool was_latin_1;                  /* and is UTF-8 now */
    char separator;                    /* ' ' stands for runs of blanks and tabs */
    size_t first_line;                 /* of the text that is held, from 1 */
    size_t line;                       /* where the last record begins, from 1 */
    size_t next_line;                  /* where the next one does */
    struct annc_field *field;          /* of the last record */
    size_t count, room;
};

/* Reads the beginning of a stream, which stays the caller's and must outlive the records; `skip` leading lines are passed over. A pipe that
 * pauses has its beginning cut short. ANNC_INPUT for UTF-16 and for what is no text. */
annc_status annc_records_open(struct annc_stream *stream, size_t skip, const struct annc_intake *intake,
                              struct annc_records *records);
void annc_records_close(struct annc_records *records);

/* The next record that has any content, of those that are held whole, or, once they flow, of all; *more is false past the last, and where a pipe
 * has paused. */
annc_status annc_records_next(struct annc_records *records, bool *more);
/* To the first record again. */
void annc_records_rewind(struct annc_records *records);
/* Whether the next reading from a pipe may wait for as long as it takes, or someone has records already, and waits for more only briefly. */
void annc_records_wait(struct annc_records *records, bool forever);
/* From here on the text comes as it is needed. Where the beginning has all of it, nothing changes. */
void annc_records_flow(struct annc_records *records);

/* A field as text of its own, doubled quotes made single; the caller frees it by annc_release. */
annc_status annc_field_copy(const struct annc_field *field, char **copy);

#endif
