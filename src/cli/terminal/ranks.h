/* ranks.h - the processes that mpirun or srun started together with this one. Rank 0 prints, saves
 * and logs for all; the others write no file, and are silent unless one of them fails alone. */
#ifndef ANNC_CLI_TERMINAL_RANKS_H
#define ANNC_CLI_TERMINAL_RANKS_H

#include "annc.h"

#include <stdbool.h>

/* Finds out whether this process is one of several, and discards standard output of all but
 * rank 0. */
void ranks_start(void);
/* Opens the group, if this process is one of several. */
annc_status ranks_open(void);
/* Reports a failure, once for all ranks, closes the group or, after a failure of this rank alone,
 * ends all processes, and returns the exit code. is_told: the failure needs no message. */
int ranks_end(annc_status status, bool is_told);

/* The group, or NULL. */
annc_group *ranks_group(void);
/* Return the number of processes, 1 for a process that is alone, and the number of this one, from
 * 0; also before the group is open. */
uint32_t ranks_count(void);
uint32_t own_rank(void);

#endif
