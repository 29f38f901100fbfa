/* note.h - progress notes on standard error. */
#ifndef ANNC_CLI_OPTIONS_NOTE_H
#define ANNC_CLI_OPTIONS_NOTE_H

#include "annc.h"
#include "cli/options/option_types.h"

/* Says something on standard error, a line, fit for a terminal whatever names are in it, unless
 * --quiet is given. */
void note(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
