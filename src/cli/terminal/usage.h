/* usage.h - the text of the last error, and suggestions for mistyped words. */
#ifndef ANNC_CLI_TERMINAL_USAGE_H
#define ANNC_CLI_TERMINAL_USAGE_H

#include "base/status.h"

/* Returns the text of this thread's last error, of the library or the program, with option names in
 * place of the library's field names. Valid until the next call. */
const char *error_text(void);

/* Copies the first line of a note of the library to `text`, with options in place of the fields that
 * it says to set: "set 'transpose'" becomes "set --transpose". Returns `text`. */
const char *note_naming_options(const char *note, char *text, size_t size);

/* Returns the candidate closest to `word`, or NULL if none is close. next(i) returns candidates for
 * 0, 1, ... and NULL after the last. */
const char *closest(const char *word, const char *(*next)(int i, unsigned command), unsigned command);

#endif
