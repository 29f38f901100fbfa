/* manual.h - the manual page and the completions of shells. */
#ifndef ANNC_CLI_MANUAL_H
#define ANNC_CLI_MANUAL_H

#include "annc.h"

/* What packages install, made of the tables of commands and options: "man" prints the manual page,
 * "bash", "zsh" and "fish" their completions. False for any other name. */
bool print_manual(const char *kind);

#endif
