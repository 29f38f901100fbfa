/* option_table.h - the table of options, and the presets. */
#ifndef ANNC_CLI_OPTIONS_OPTION_TABLE_H
#define ANNC_CLI_OPTIONS_OPTION_TABLE_H

#include "annc.h"
#include "cli/options/option_types.h"

extern const struct option_spec OPTIONS[OPTION_COUNT];
/* The option of a command that other programs have by another name; NULL where it is none that is
 * known. */
const char *option_known_as(const char *name, unsigned command);

/* Values below those that the user gives: --preset's, as name and value in turn, ended by NULL; and the names of the presets. */
const char *const *preset_values(int preset);
const char *preset_name(int preset);

#endif
