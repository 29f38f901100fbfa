/* configuration.h - options from configuration files and presets; and back into such a file. */
#ifndef ANNC_CLI_OPTIONS_CONFIGURATION_H
#define ANNC_CLI_OPTIONS_CONFIGURATION_H

#include "annc.h"
#include "cli/options/option_types.h"
#include "cli/terminal/memory.h"

/* What was not given comes from the file that --config names, then from --preset, then from the
 * defaults. */
annc_status options_complete(unsigned command, struct options *options);

/* The value of an option as the configuration has it, or NULL where it is no part of it. */
const char *option_shown(unsigned command, const struct options *options, enum option_id id);
/* Prints the configuration: each option of a command that has a value, as "name = value", a line each, as --config reads it. */
void options_print(unsigned command, const struct options *options, struct text *out);

#endif
