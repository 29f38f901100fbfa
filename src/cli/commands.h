/* commands.h - the commands of annc-gpu and their table. */
#ifndef ANNC_CLI_COMMANDS_H
#define ANNC_CLI_COMMANDS_H

#include "annc.h"
#include "cli/options/option_types.h"

struct command {
    const char *name, *arguments, *summary;
    unsigned bit;
    int most_positional;
    annc_status (*run)(const struct options *options);
    const char *examples[2]; /* of its arguments and options */
};

extern const struct command COMMANDS[]; /* the last entry has no name */

#endif
