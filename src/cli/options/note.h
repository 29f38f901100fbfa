/* note.h - progress notes on standard error. */
#ifndef ANNC_CLI_OPTIONS_NOTE_H
#define ANNC_CLI_OPTIONS_NOTE_H

#include "annc.h"
#include "cli/options/option_types.h"

/* Prints one line on standard error unless --quiet is given; names in it are made safe for a
 * terminal. */
void note(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
