/* options.h - command-line options: parsing, names, help. */
#ifndef ANNC_CLI_OPTIONS_OPTIONS_H
#define ANNC_CLI_OPTIONS_OPTIONS_H

#include "annc.h"
#include "cli/options/option_types.h"

/* Parses a command's arguments; call it before options_complete. ANNC_USAGE with a message that
 * names the option, its value and the accepted values, or suggests a similar name. Arguments beyond
 * most_positional are for check_extra_argument to refuse. */
annc_status options_parse(unsigned command, int most_positional, int argc, char **argv, struct options *options);
/* Sets every option without a value to its default, if it has one. */
annc_status options_default(struct options *options);
/* Returns whether the loaded model determines the option, so that its default is not used. */
bool option_comes_with_model(const struct options *options, enum option_id id);
/* Returns the number of a name among choices, in any case, or of what other programs call it; -1 if
 * it is unknown. */
int choice_named(const char *(*choice)(int value), const char *name);
/* Returns whether the value of --validation is a share of the data, like 0.1 or 10%, and not a file
 * name. */
bool is_share(const char *text, double *share);

void options_free(struct options *options);

/* Returns the option of a command with this name, or OPTION_COUNT; with the bits of several
 * commands, an option of any of them. */
enum option_id option_named(unsigned command, const char *name);
/* Sets an option from a text outside the command line: a flag is yes or no. */
annc_status option_set(enum option_id id, const char *text, struct options *options);
/* Sets an option of the command by name, unless it is set already or the command has no such
 * option. */
annc_status options_set(unsigned command, const char *name, const char *text, struct options *options);
/* Candidates for `closest`: the names of a command's options; "" for options of other commands. */
const char *option_name(int i, unsigned command);

/* Parses a text as the value of an option. ANNC_USAGE with the accepted values if it is invalid. */
annc_status option_parse(const struct option_spec *spec, const char *text, struct option_value *value);

/* Writes the help text of an option: its purpose, accepted names and [default]. If it is wider
 * than `width`, it drops the part after a semicolon, except the default, and lists as many names
 * as fit. */
void option_describe(const struct option_spec *spec, size_t width, char *text, size_t size);
/* Prints all about one option: purpose, default, and accepted names, one per line. */
void option_help(enum option_id id);
/* Prints the options of a command at the width of the screen, the common ones or all. Returns the
 * number of omitted options. */
int options_help(unsigned command, bool all);

#endif
