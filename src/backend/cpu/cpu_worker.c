#include "backend/cpu/cpu_worker.h"

#include <sched.h>

void annc_worker_post(struct annc_worker *worker)
{
    atomic_store_explicit(&worker->posted.exchanges, ++worker->exchanges, memory_order_release);
}

void annc_worker_await(const struct annc_worker *worker)
{
    enum { PATIENCE = 2000 }; /* then the other may not be running */
    const struct annc_fused *fused = worker->fused;
    for (int i = 0; i < fused->workers; i++)
        for (int spins = 0;
             atomic_load_explicit(&fused->worker[i]->posted.exchanges, memory_order_acquire) < worker->exchanges;
             spins++) {
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
            if (spins > PATIENCE)
                sched_yield();
        }
}

int annc_worker_pieces(const struct annc_worker *worker, uint32_t l)
{
    return worker->layer[l].shared ? worker->fused->workers : 1;
}

const struct annc_worker *annc_worker_owner(const struct annc_worker *worker, uint32_t l, int i)
{
    return worker->layer[l].shared ? worker->fused->worker[i] : worker;
}

void annc_worker_transpose(const struct annc_worker *worker, uint32_t l)
{
    const struct annc_layer *layer = &worker->layer[l], *below = &worker->layer[l - 1];
    worker->fused->kernels->transpose(below->n, layer->n, layer->W[ANNC_THETA] + below->first * layer->stride,
                                      layer->stride, layer->V[ANNC_THETA], layer->stride_in);
}
