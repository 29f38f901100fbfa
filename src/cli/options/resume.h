/* resume.h - the options of a run in its checkpoint, and back. */
#ifndef ANNC_CLI_OPTIONS_RESUME_H
#define ANNC_CLI_OPTIONS_RESUME_H

#include "annc.h"
#include "cli/options/option_types.h"
#include "cli/terminal/memory.h"

/* What a checkpoint (--resume) was made with becomes the options; what was given besides must
 * agree, and whatever does not is named. */
annc_status options_resume(struct options *options);
/* What options_resume needs beyond the configuration: paths, absolute, and texts that a line cannot hold. */
void options_print_run(const struct options *options, struct text *out);

#endif
