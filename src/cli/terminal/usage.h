/* usage.h - the text of the last error, and suggestions for mistyped words. */
#ifndef ANNC_CLI_TERMINAL_USAGE_H
#define ANNC_CLI_TERMINAL_USAGE_H

#include "base/status.h"

/* Returns the text of this thread's last error, of the library or the program, with option names in
 * place of the library's field names. Valid until the next call. */
const char *error_text(void);

/* Returns the candidate closest to `word`, or NULL if none is close. next(i) returns candidates for
 * 0, 1, ... and NULL after the last. */
const char *closest(const char *word, const char *(*next)(int i, unsigned command), unsigned command);

#endif
