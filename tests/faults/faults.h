/* faults.h - calls of the system that fail when a test says so. The linker puts faults.c's functions in the place of those that give memory
 * and threads (--wrap), for all code of a program; the library has nothing of it. A program that is not a test of its own is told by
 * ANNC_FAULT_AT and ANNC_FAULT_FROM. */
#ifndef ANNC_TESTS_FAULTS_FAULTS_H
#define ANNC_TESTS_FAULTS_FAULTS_H

#include <stdbool.h>

/* Counts calls anew: number k, from 1, fails, or, with `on`, it and all that follow. 0: none fails. */
void faults_begin(long k, bool on);
/* No more faults. How many calls there were. */
long faults_end(void);

/* Blocks that were given and not given back, by calls of this program's own code. */
long faults_blocks(void);

#endif
