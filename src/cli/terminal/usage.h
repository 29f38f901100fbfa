/* usage.h - the last error as the program prints it, and what a mistyped word was meant to be. */
#ifndef ANNC_CLI_TERMINAL_USAGE_H
#define ANNC_CLI_TERMINAL_USAGE_H

#include "base/status.h"

/* The text of this thread's last error, of the library or of the program, with the options where the library names fields. Valid
 * until the next call. */
const char *error_text(void);

/* An error that is printed in the end, whatever fails meanwhile: keep_error copies the last error, fail_again makes it the last one
 * again and returns `status`. */
struct kept_error {
    char text[ANNC_ERROR_SIZE];
};
void keep_error(struct kept_error *kept);
annc_status fail_again(annc_status status, const struct kept_error *kept);

/* The candidate that `word` was probably meant to be, or NULL. next(i) gives candidates for 0, 1, ... and NULL after the last. */
const char *closest(const char *word, const char *(*next)(int i, unsigned command), unsigned command);

#endif
