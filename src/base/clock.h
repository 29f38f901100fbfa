/* clock.h - elapsed time. */
#ifndef ANNC_BASE_CLOCK_H
#define ANNC_BASE_CLOCK_H

#include <time.h>

/* Returns seconds of a monotonic clock. */
static inline double annc_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
