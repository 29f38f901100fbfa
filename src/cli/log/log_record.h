/* log_record.h - one line of a log, with its members by key. */
#ifndef ANNC_CLI_LOG_LOG_RECORD_H
#define ANNC_CLI_LOG_LOG_RECORD_H

#include "annc.h"

#include <stddef.h>

/* A member as text: strings unescaped, numbers as written. */
struct log_entry {
    const char *key, *text;
};

/* All zero if the log has no such line. */
struct log_record {
    struct log_entry *entries, *options; /* options: of the training, if in the line */
    size_t count, option_count;
    char *line; /* owns the text of the entries */
};

/* Replaces the record by a line of valid JSON. ANNC_INPUT if its options are malformed. */
annc_status record_take(const char *line, struct log_record *record);
void record_free(struct log_record *record);

/* Returns a member as text, or NULL; as a number, or NaN. */
const char *record_text(const struct log_record *record, const char *key);
double record_number(const struct log_record *record, const char *key);
/* Returns an option of the training, or NULL. */
const char *record_option(const struct log_record *record, const char *name);

#endif
