/* open_input.h - opens text files and pipes that the program reads. */
#ifndef ANNC_CLI_TERMINAL_OPEN_INPUT_H
#define ANNC_CLI_TERMINAL_OPEN_INPUT_H

#include <stdio.h>

/* Opens a file, pipe or terminal for reading. Returns NULL with errno on failure: ENXIO for a FIFO
 * that no process opens for writing within a second. `what` names the input if memory runs out,
 * which ends the program. */
FILE *open_input(const char *path, const char *what);

#endif
