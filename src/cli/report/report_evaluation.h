/* report_evaluation.h - the sections of a report that need a model's outputs. */
#ifndef ANNC_CLI_REPORT_REPORT_EVALUATION_H
#define ANNC_CLI_REPORT_REPORT_EVALUATION_H

#include "cli/report/report_subject.h"

#include <stdio.h>

/* Prints measures, confusion and the worst mistakes of a subject with outputs. */
void print_evaluation_sections(FILE *out, const struct subject *subject);

#endif
