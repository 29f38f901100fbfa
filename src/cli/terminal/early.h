/* early.h - what must hold before the libraries of the program initialise themselves. */
#ifndef ANNC_CLI_TERMINAL_EARLY_H
#define ANNC_CLI_TERMINAL_EARLY_H

#include <stdbool.h>

/* Returns whether OpenBLAS could not start its threads. It believes that it has them: the process
 * must start itself anew with one. */
bool threads_were_refused(void);

#endif
