/* report_folds.h - the section of a report about the folds of a training. */
#ifndef ANNC_CLI_REPORT_REPORT_FOLDS_H
#define ANNC_CLI_REPORT_REPORT_FOLDS_H

#include "cli/report/report_subject.h"

#include <stdio.h>

/* Prints the result of each fold, and a note that folds keep no model. */
void print_folds_section(FILE *out, const struct subject *subject);

#endif
