/* branches.c - forks and joins of recorded steps, by events. */
#include "backend/cuda/branches.h"

#include <stddef.h>

#define RETURN_IF_FAILED(call)                                                                                         \
    do {                                                                                                               \
        const cudaError_t error_ = (call);                                                                             \
        if (error_ != cudaSuccess)                                                                                     \
            return error_;                                                                                             \
    } while (0)

cudaError_t annc_branches_open(struct annc_branches *branches, cudaStream_t main)
{
    branches->main = main;
    for (int i = 0; i < ANNC_BRANCHES; i++) {
        RETURN_IF_FAILED(cudaStreamCreateWithFlags(&branches->stream[i], cudaStreamNonBlocking));
        RETURN_IF_FAILED(cudaEventCreateWithFlags(&branches->end[i], cudaEventDisableTiming));
    }
    RETURN_IF_FAILED(cudaEventCreateWithFlags(&branches->now, cudaEventDisableTiming));
    return cudaEventCreateWithFlags(&branches->marked, cudaEventDisableTiming);
}

void annc_branches_close(struct annc_branches *branches)
{
    for (int i = 0; i < ANNC_BRANCHES; i++) {
        if (branches->stream[i])
            cudaStreamDestroy(branches->stream[i]);
        if (branches->end[i])
            cudaEventDestroy(branches->end[i]);
    }
    if (branches->now)
        cudaEventDestroy(branches->now);
    if (branches->marked)
        cudaEventDestroy(branches->marked);
}

cudaError_t annc_branches_mark(struct annc_branches *branches, const float *errors)
{
    if (!branches->used)
        return cudaSuccess;
    branches->errors = errors;
    return cudaEventRecord(branches->marked, branches->main);
}

cudaError_t annc_branches_fork(struct annc_branches *branches, enum annc_branch branch, const float *errors,
                               cudaStream_t *stream)
{
    const bool is_marked = errors && errors == branches->errors;
    *stream = branches->main;
    if (!branches->used)
        return cudaSuccess;
    *stream = branches->stream[branch];
    branches->has_work[branch] = true;
    if (!is_marked)
        RETURN_IF_FAILED(cudaEventRecord(branches->now, branches->main));
    return cudaStreamWaitEvent(*stream, is_marked ? branches->marked : branches->now, 0);
}

cudaError_t annc_branches_join(struct annc_branches *branches)
{
    for (int i = 0; i < ANNC_BRANCHES; i++) {
        if (!branches->has_work[i])
            continue;
        branches->has_work[i] = false;
        RETURN_IF_FAILED(cudaEventRecord(branches->end[i], branches->stream[i]));
        RETURN_IF_FAILED(cudaStreamWaitEvent(branches->main, branches->end[i], 0));
    }
    branches->errors = NULL;
    return cudaSuccess;
}

void annc_branches_use(struct annc_branches *branches, bool used)
{
    branches->used = used;
    branches->errors = NULL;
    for (int i = 0; i < ANNC_BRANCHES; i++)
        branches->has_work[i] = false;
}
