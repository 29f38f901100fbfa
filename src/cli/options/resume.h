/* resume.h - saves the options of a run in its checkpoint and restores them. */
#ifndef ANNC_CLI_OPTIONS_RESUME_H
#define ANNC_CLI_OPTIONS_RESUME_H

#include "annc.h"
#include "cli/options/option_types.h"
#include "cli/terminal/memory.h"

/* Restores the options from the checkpoint of --resume. Options given besides must agree; the
 * message names any that does not. */
annc_status options_resume(struct options *options);
/* Prints the options that options_resume needs beyond the configuration: absolute paths, and texts
 * that do not fit on a line. */
void options_print_run(const struct options *options, struct annc_buffer *out);

#endif
