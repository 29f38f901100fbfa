/* manual.h - the manual page and shell completions. */
#ifndef ANNC_CLI_MANUAL_H
#define ANNC_CLI_MANUAL_H

#include "annc.h"

/* Prints a file for packages, made from the tables of commands and options: "man" is the manual
 * page; "bash", "zsh" and "fish" are completions. Returns false for any other name. */
bool print_manual(const char *kind);

#endif
