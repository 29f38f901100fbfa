/* option_table.h - the table of options, and the presets. */
#ifndef ANNC_CLI_OPTIONS_OPTION_TABLE_H
#define ANNC_CLI_OPTIONS_OPTION_TABLE_H

#include "annc.h"
#include "cli/options/option_types.h"

extern const struct option_spec OPTIONS[OPTION_COUNT];
/* Returns the group of an option in help: "Data"; options of a group follow each other. */
const char *option_group(enum option_id id);
/* Returns the option of a command that other programs call `name`; NULL if unknown. */
const char *option_known_as(const char *name, unsigned command);

/* The values of --preset, which rank below the user's: names and values in turn, ended by NULL; and
 * the names of the presets. */
const char *const *preset_values(int preset);
const char *preset_name(int preset);

#endif
