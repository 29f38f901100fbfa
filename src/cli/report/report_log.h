/* report_log.h - the sections of a report that need only the log. */
#ifndef ANNC_CLI_REPORT_REPORT_LOG_H
#define ANNC_CLI_REPORT_REPORT_LOG_H

#include "cli/log/run.h"
#include "cli/report/report_subject.h"

#include <stdio.h>

/* Prints a section's heading: <h2> for a single run, <h3> for one of several. */
void print_section(FILE *out, const struct subject *subject, const char *title);
/* Prints a sentence about missing content. */
void print_missing(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the sections of a run that need only its log. */
void print_log_sections(FILE *out, const struct subject *subject);

/* Prints timing, configuration and machine. */
void print_circumstances(FILE *out, const struct subject *subject);
/* Prints in one sentence how the run ended, and its result. */
void print_ending(FILE *out, const struct run *run);

#endif
