/* process.h - the process: its clock, its signals, its standard streams. */
#ifndef ANNC_CLI_TERMINAL_PROCESS_H
#define ANNC_CLI_TERMINAL_PROCESS_H

#include "annc.h"

#include <stdbool.h>

/* Start the clock; return the seconds since. */
void start_clock(void);
double since_start(void);

/* Effect of SIGINT and SIGTERM. END_AT_ONCE: end the program, as nothing would be lost. END_SOON:
 * ask for a stop, and end the program if that takes more than a second; a checkpoint has the state,
 * or nothing is to be kept. END_WHEN_ASKED: only ask for a stop, as a file is being written or work
 * would be lost. */
enum stop_policy { END_AT_ONCE, END_SOON, END_WHEN_ASKED };
/* Returns the previous policy. */
enum stop_policy set_stop_policy(enum stop_policy wanted);

/* The signal that asked for a stop, or 0. should_stop fits annc_trainer_epoch's stop. */
int stop_signal(void);
bool should_stop(void *context);

/* Returns the program's exit code: the number of the status, except that ANNC_MEMORY gives that of
 * ANNC_DEVICE, and ANNC_STOPPED that of a process ended by the signal. */
int exit_code(annc_status status);

/* Installs the handlers: the first SIGINT, SIGTERM, SIGHUP, SIGUSR1 or SIGXCPU follows the current
 * stop policy, the second ends the program at once. A closed pipe and a file size limit become write errors instead of
 * ending the program. */
void handle_signals(void);

/* Replaces each closed standard stream by one that can be neither read nor written, so that the
 * next opened file does not take its place. */
void keep_standard_streams(void);

#endif
