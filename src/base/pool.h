/* pool.h - threads that wait for work. */
#ifndef ANNC_BASE_POOL_H
#define ANNC_BASE_POOL_H

#include "annc.h"

struct annc_pool;

/* A pool of `threads` - 1 threads besides the caller's; they take no signals. ANNC_MEMORY where the system gives fewer. */
annc_status annc_pool_open(int threads, struct annc_pool **pool);
void annc_pool_close(struct annc_pool *pool);

/* Calls work(context, i) for each i < count, at most `threads` of them, each on a thread of its own, 0 on the caller's, and returns when all
 * have. With count 1, or pool NULL, no other thread is woken. */
void annc_pool_run(struct annc_pool *pool, int count, void (*work)(void *context, int i), void *context);

#endif
