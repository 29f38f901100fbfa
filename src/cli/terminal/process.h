/* process.h - the process: its clock, its signals, its standard streams. */
#ifndef ANNC_CLI_TERMINAL_PROCESS_H
#define ANNC_CLI_TERMINAL_PROCESS_H

#include "annc.h"

#include <stdbool.h>

/* Seconds since start_clock. */
void start_clock(void);
double since_start(void);

/* What SIGINT and SIGTERM do: end the program at once, as long as nothing would be lost; ask for a stop, and end the program if that takes more
 * than a second, where a checkpoint has what matters, or nothing is kept; or ask for a stop alone, where something is being written or
 * would be lost. */
enum stop_policy { END_AT_ONCE, END_SOON, END_WHEN_ASKED };
/* Gives what held before. */
enum stop_policy set_stop_policy(enum stop_policy wanted);

/* The signal that asked for a stop, or 0. Fits annc_trainer_epoch's stop. */
int stop_signal(void);
bool should_stop(void *context);

/* The program's exit code: the number of the status, but that of ANNC_DEVICE for ANNC_MEMORY, and for ANNC_STOPPED that of a
 * process that the signal ended. */
int exit_code(annc_status status);

/* The first SIGINT or SIGTERM does what the patience of the moment says, the second ends the program at once. A closed pipe and a limit of file
 * sizes are errors of writing, not a death. */
void handle_signals(void);

/* A standard stream that the caller closed must not be the next file that is opened. What takes its place can be neither read nor written. */
void keep_standard_streams(void);

#endif
