/* options.h - options of the command line: reading them, their names, their help. */
#ifndef ANNC_CLI_OPTIONS_OPTIONS_H
#define ANNC_CLI_OPTIONS_OPTIONS_H

#include "annc.h"
#include "cli/options/option_types.h"

/* Reads a command's arguments, before options_complete. ANNC_USAGE with a message that names the option, its value and what it takes, or did you mean. */
annc_status options_parse(unsigned command, int most_positional, int argc, char **argv, struct options *options);
/* Gives every option that has one, and no value yet, its default. */
annc_status options_default(struct options *options);
/* Whether an option's value is not in use: the model that is loaded says what it is. */
bool option_comes_with_model(const struct options *options, enum option_id id);
/* Whether the value of --validation is a share of the data, like 0.1, and no file's name. */
bool is_share(const char *text, double *share);

void options_free(struct options *options);

/* The option of a command that is called so, or OPTION_COUNT; with the bits of several commands, an option that any of them has. */
enum option_id option_named(unsigned command, const char *name);
/* Sets an option by a text from elsewhere than the command line: a flag is yes or no. */
annc_status option_set(enum option_id id, const char *text, struct options *options);
/* Sets an option of the command by name, unless it was given already, or the command has none of that name. */
annc_status options_set(unsigned command, const char *name, const char *text, struct options *options);
/* Candidates for `closest`: the names of a command's options; "" stands for those of others. */
const char *option_name(int i, unsigned command);

/* The value that a text is for an option: ANNC_USAGE with what it may be. */
annc_status option_parse(const struct option_spec *spec, const char *text, struct option_value *value);

/* What help says of an option: what it is for, the names it takes and [its default]; where that is wider than `width`, without what a
 * semicolon sets apart, but for the default, and with as many names as there is room for. */
void option_describe(const struct option_spec *spec, size_t width, char *text, size_t size);
/* Prints the options of a command, as wide as the screen: the common ones, or all. Gives how many were left out. */
int options_help(unsigned command, bool all);

#endif
