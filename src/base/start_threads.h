/* start_threads.h - asks whether the system gives threads. */
#ifndef ANNC_BASE_START_THREADS_H
#define ANNC_BASE_START_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static inline void *annc_wait_at_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* Returns whether the system gives so many threads at once besides the caller's; more than 1024 are
 * not tried. */
static inline bool annc_can_start_threads(int threads)
{
    enum { MOST = 1024 };
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t id[MOST];
    const int wanted = threads < MOST ? threads : MOST;
    int started = 0;
    pthread_mutex_lock(&gate);
    while (started < wanted && pthread_create(&id[started], NULL, annc_wait_at_gate, &gate) == 0)
        started++;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < started; i++)
        pthread_join(id[i], NULL);
    pthread_mutex_destroy(&gate);
    return started >= wanted;
}

#endif
