/* configuration.h - reads options from configuration files and presets, and writes such a file. */
#ifndef ANNC_CLI_OPTIONS_CONFIGURATION_H
#define ANNC_CLI_OPTIONS_CONFIGURATION_H

#include "annc.h"
#include "cli/options/option_types.h"
#include "cli/terminal/memory.h"

/* Sets each option not given yet from the file of --config, then from --preset, then to its
 * default. */
annc_status options_complete(unsigned command, struct options *options);

/* Finds the next line "name = value" of a configuration and moves *rest past it; skips other lines.
 * Cuts the text. Returns false if there is none. */
bool configuration_next(char **rest, const char **name, const char **value);

/* Returns the value of an option for the configuration, or NULL if it is not part of it. */
const char *option_shown(unsigned command, const struct options *options, enum option_id id);
/* Prints the configuration: each option of a command that has a value, as "name = value", one per
 * line, in the format of --config. */
void options_print(unsigned command, const struct options *options, struct annc_buffer *out);

#endif
