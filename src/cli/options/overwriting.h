/* overwriting.h - checks that outputs overwrite neither inputs nor each other. */
#ifndef ANNC_CLI_OPTIONS_OVERWRITING_H
#define ANNC_CLI_OPTIONS_OVERWRITING_H

#include "annc.h"
#include "cli/options/option_types.h"

/* Returns whether the value of an option names a file or directory. */
bool option_names_file(enum option_id id, const char *text);
/* Checks that no output of a command is one of its inputs or another output, by any name or link.
 * ANNC_USAGE with both options otherwise. */
annc_status options_check_files(unsigned command, const struct options *options);
/* Does the same for one more input; `what` names it in the message. */
annc_status overwriting_check(unsigned command, const struct options *options, const char *what, const char *path);

#endif
