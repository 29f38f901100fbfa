/* hand_out.h - hands out the candidates of a sweep to the threads of this process and, in a group,
 * to those of all ranks.
 *
 * Rank 0 knows which candidates are left, and gets the results as they come. The main thread of
 * each rank exchanges messages, since MPI allows no other; the worker threads train. A rank asks
 * for the next candidate when a worker has none, so a slow rank trains fewer. */
#ifndef ANNC_TRAINING_SWEEP_HAND_OUT_H
#define ANNC_TRAINING_SWEEP_HAND_OUT_H

#include "annc.h"

#include <pthread.h>

struct annc_wish;
struct annc_ended;

struct annc_hand_out {
    const struct annc_group *group;
    annc_candidate *candidates;
    uint32_t count;
    bool (*stop)(void *context);                     /* any thread calls it; or NULL */
    void (*done)(void *context, uint32_t candidate); /* or NULL */
    void *context;
    pthread_mutex_t mutex; /* guards all below, and is held in calls of `done` */
    pthread_cond_t changed;
    int workers;                 /* threads of this process that still take candidates; the caller sets it */
    bool is_stopped, has_failed; /* has_failed: no rank answers any more */
    uint32_t next, others;       /* rank 0: the first candidate left; other ranks that still work */
    struct annc_wish *wishes;    /* other ranks: of the workers without candidates */
    struct annc_ended *ended;    /* other ranks: results, of which those before `sent` are sent */
    uint32_t sent, ready;
};

annc_status annc_hand_out_open(struct annc_hand_out *out);
void annc_hand_out_close(struct annc_hand_out *out);

/* Takes up to `most` consecutive candidates for a worker, from *first on; returns 0 if none is left
 * or the sweep is stopped. */
uint32_t annc_hand_out_take(struct annc_hand_out *out, uint32_t most, uint32_t *first);
/* Reports that a worker has trained a candidate: rank 0 calls `done`. */
void annc_hand_out_ended(struct annc_hand_out *out, uint32_t candidate);
/* Reports that a worker takes no more candidates. */
void annc_hand_out_leave(struct annc_hand_out *out);
/* Returns whether `stop` ends the sweep, on any rank. */
bool annc_hand_out_is_stopped(struct annc_hand_out *out);

/* Exchanges messages with the other ranks until all workers have left: those of all ranks on rank 0,
 * those of this rank on others. The main thread calls it while the workers train. */
annc_status annc_hand_out_serve(struct annc_hand_out *out);

#endif
