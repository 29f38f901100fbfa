/* report_log.h - the sections of a report that come from the log. */
#ifndef ANNC_CLI_REPORT_REPORT_LOG_H
#define ANNC_CLI_REPORT_REPORT_LOG_H

#include "cli/log/run.h"
#include "cli/report/report_subject.h"

#include <stdio.h>

/* Where the numbers of a run stand out: a heading of its sections' level. */
void print_section(FILE *out, const struct subject *subject, const char *title);
/* A sentence about what is not there. */
void print_missing(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The sections of a run that need its log alone. */
void print_log_sections(FILE *out, const struct subject *subject);

/* Timing, configuration, machine. */
void print_circumstances(FILE *out, const struct subject *subject);
/* How it ended and what it came to, in a sentence. */
void print_ending(FILE *out, const struct run *run);

#endif
