#include "base/pool.h"
#include "base/allocate.h"
#include "base/status.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct thread {
    struct annc_pool *pool;
    pthread_t id;
    int index;
};

struct annc_pool {
    pid_t process; /* that has the threads; a child of fork has none of them */
    int threads;   /* besides the caller's */
    struct thread *thread;
    pthread_mutex_t mutex;
    pthread_cond_t begun, done;
    uint64_t run; /* counts runs; a change wakes the threads */
    int count, busy;
    bool closing;
    void (*work)(void *context, int i);
    void *context;
};

static void *live(void *argument)
{
    struct thread *thread = argument;
    struct annc_pool *pool = thread->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->run == seen && !pool->closing)
            pthread_cond_wait(&pool->begun, &pool->mutex);
        if (pool->closing)
            break;
        seen = pool->run;
        if (thread->index >= pool->count)
            continue;
        pthread_mutex_unlock(&pool->mutex);
        pool->work(pool->context, thread->index);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->busy == 0)
            pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

annc_status annc_pool_open(int threads, struct annc_pool **result)
{
    annc_status status = ANNC_OK;
    struct annc_pool *pool = NULL;
    sigset_t all, before;
    *result = NULL;
    ANNC_TRY(annc_allocate(1, sizeof *pool, "threads", (void **)&pool));
    pool->process = getpid();
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->begun, NULL);
    pthread_cond_init(&pool->done, NULL);
    ANNC_TRY(annc_allocate((size_t)threads, sizeof *pool->thread, "threads", (void **)&pool->thread));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* new threads inherit it */
    while (pool->threads < threads - 1 && status == ANNC_OK) {
        struct thread *thread = &pool->thread[pool->threads];
        *thread = (struct thread){.pool = pool, .index = pool->threads + 1};
        const int error = pthread_create(&thread->id, NULL, live, thread);
        if (error)
            status = annc_fail(ANNC_MEMORY, "the system gives no more than %d threads, and %d were asked for: %s",
                               pool->threads + 1, threads, strerror(error));
        else
            pool->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status == ANNC_OK) {
        *result = pool;
        return ANNC_OK;
    }
out:
    annc_pool_close(pool);
    return status;
}

/* Ends the threads of a pool and waits for them. */
static void end_threads(struct annc_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->begun);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->threads; i++)
        pthread_join(pool->thread[i].id, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->begun);
    pthread_mutex_destroy(&pool->mutex);
}

void annc_pool_close(struct annc_pool *pool)
{
    if (!pool)
        return;
    if (pool->process == getpid())
        end_threads(pool);
    annc_release(pool->thread);
    annc_release(pool);
}

void annc_pool_run(struct annc_pool *pool, int count, void (*work)(void *context, int i), void *context)
{
    if (!pool || count <= 1) {
        work(context, 0);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->work = work;
    pool->context = context;
    pool->count = count;
    pool->busy = count - 1;
    pool->run++;
    pthread_cond_broadcast(&pool->begun);
    pthread_mutex_unlock(&pool->mutex);
    work(context, 0);
    pthread_mutex_lock(&pool->mutex);
    while (pool->busy > 0)
        pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
