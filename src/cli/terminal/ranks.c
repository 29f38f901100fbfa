/* ranks.c - the processes that mpirun or srun started together with this one. */
#include "cli/terminal/ranks.h"
#include "base/status.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static annc_group *group;
static uint32_t count = 1, own;

annc_group *ranks_group(void)
{
    return group;
}

uint32_t ranks_count(void)
{
    return count;
}

uint32_t own_rank(void)
{
    return own;
}

void ranks_start(void)
{
    count = annc_group_started(&own);
    if (own == 0)
        return;
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0)
        close(nowhere);
}

annc_status ranks_open(void)
{
    return annc_group_open(&group);
}

/* Reports the failure of a rank. Others may have it too: rank 0 reports it first, and mpirun then
 * ends this process. */
static void complain_of_rank(void)
{
    static const struct timespec GRACE = {.tv_sec = 2};
    char text[ANNC_ERROR_SIZE + 32];
    if (own == 0) {
        complain(error_text());
        return;
    }
    nanosleep(&GRACE, NULL);
    snprintf(text, sizeof text, "rank %u: %s", own, error_text());
    complain(text);
}

int ranks_end(annc_status status, bool is_told)
{
    const bool has_agreed = group ? annc_group_has_agreed(group, status) : count == 1;
    if (!is_told && (own == 0 || !has_agreed))
        complain_of_rank();
    fflush(stdout);
    if (!has_agreed)
        annc_group_abort(group, exit_code(status));
    /* mpirun had these signals first, and no longer answers. */
    if (stop_signal() != SIGINT && stop_signal() != SIGTERM)
        annc_group_close(group);
    /* The exit code of all is rank 0's: mpirun ends the other processes when one of them fails. */
    return own > 0 && has_agreed ? 0 : exit_code(status);
}
