/* manual.h - the manual page and shell completions. */
#ifndef ANNC_CLI_MANUAL_H
#define ANNC_CLI_MANUAL_H

#include "annc.h"

/* Returns the printer of a file for packages, made from the tables of commands and options: "man" is
 * the manual page; "bash", "zsh" and "fish" are completions. NULL for any other name. */
void (*manual_named(const char *kind))(void);

#endif
