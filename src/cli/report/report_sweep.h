/* report_sweep.h - the page of a sweep. */
#ifndef ANNC_CLI_REPORT_REPORT_SWEEP_H
#define ANNC_CLI_REPORT_REPORT_SWEEP_H

#include "cli/log/run.h"

#include <stdio.h>

/* Prints the whole page of a sweep. */
void print_sweep_page(FILE *out, const struct run *run, const char *name);

#endif
