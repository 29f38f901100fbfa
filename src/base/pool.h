/* pool.h - a thread pool. */
#ifndef ANNC_BASE_POOL_H
#define ANNC_BASE_POOL_H

#include "annc.h"

struct annc_pool;

/* Creates a pool of `threads` - 1 threads besides the caller's; they block all signals. ANNC_MEMORY
 * if the system refuses a thread. */
annc_status annc_pool_open(int threads, struct annc_pool **pool);
/* Ends the threads and frees the pool; a child of fork, which has no such threads, frees only its
 * memory. */
void annc_pool_close(struct annc_pool *pool);

/* Calls work(context, i) for each i < count, at most `threads`, each on its own thread, 0 on the
 * caller's, and returns when all calls have returned. With count 1 or a NULL pool it wakes no
 * thread. */
void annc_pool_run(struct annc_pool *pool, int count, void (*work)(void *context, int i), void *context);

#endif
