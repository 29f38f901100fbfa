/* report_model.h - the sections of a report that need the model. */
#ifndef ANNC_CLI_REPORT_REPORT_MODEL_H
#define ANNC_CLI_REPORT_REPORT_MODEL_H

#include "cli/report/report_subject.h"

#include <stdio.h>

/* Prints the sections of a run that need its model and data. */
void print_model_sections(FILE *out, const struct subject *subject);

#endif
