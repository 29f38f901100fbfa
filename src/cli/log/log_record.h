/* log_record.h - a line of a log that is kept: its members by their keys. */
#ifndef ANNC_CLI_LOG_LOG_RECORD_H
#define ANNC_CLI_LOG_LOG_RECORD_H

#include "annc.h"

#include <stddef.h>

/* A member, as text: strings unescaped, numbers as written. */
struct log_entry {
    const char *key, *text;
};

/* All zero where there is no line. */
struct log_record {
    struct log_entry *entries, *options; /* the options of a training, where the line tells them */
    size_t count, option_count;
    char *line; /* that they point into */
};

/* Keeps a line, which was found to be JSON; what the record had is gone. ANNC_INPUT where its options are broken. */
annc_status record_take(const char *line, struct log_record *record);
void record_free(struct log_record *record);

/* A member, or NULL; as a number, or NaN. */
const char *record_text(const struct log_record *record, const char *key);
double record_number(const struct log_record *record, const char *key);
/* An option of the training, or NULL. */
const char *record_option(const struct log_record *record, const char *name);

#endif
