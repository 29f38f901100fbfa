/* usage.h - what the program itself says of a mistake: of the command line, of files that only it reads, of what it writes. */
#ifndef ANNC_CLI_USAGE_H
#define ANNC_CLI_USAGE_H

#include "annc.h"

/* The message of a usage error: kept for the caller to print. */
const char *usage_error(void);
annc_status usage_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The candidate that `word` was probably meant to be, or NULL. next(i) gives candidates for 0, 1, ... and NULL after the last. */
const char *closest(const char *word, const char *(*next)(int i, unsigned command), unsigned command);

#endif
