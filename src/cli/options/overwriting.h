/* overwriting.h - no file that a command writes is one that it reads, or another that it writes. */
#ifndef ANNC_CLI_OPTIONS_OVERWRITING_H
#define ANNC_CLI_OPTIONS_OVERWRITING_H

#include "annc.h"
#include "cli/options/option_types.h"

/* Whether the value of an option names a file or folder. */
bool option_names_file(enum option_id id, const char *text);
/* That no file which a command writes is one that it reads, or another that it writes, whatever the
 * names and links by which they are meant: ANNC_USAGE with both options. */
annc_status options_check_files(unsigned command, const struct options *options);
/* The same of one more file that is read; `what` says which that is. */
annc_status overwriting_check(unsigned command, const struct options *options, const char *what, const char *path);

#endif
