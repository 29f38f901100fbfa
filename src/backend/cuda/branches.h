/* branches.h - parallel branches of recorded steps: what no later error waits for, weights, biases
 * and scores, is recorded beside the chain of products and errors. Outside of a recording all work
 * uses the device's stream. */
#ifndef ANNC_BACKEND_CUDA_BRANCHES_H
#define ANNC_BACKEND_CUDA_BRANCHES_H

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <stdbool.h>

/* Weights, by cuBLAS; biases and scores, which share the device's reductions. */
enum annc_branch { ANNC_BRANCH_WEIGHTS, ANNC_BRANCH_SUMS, ANNC_BRANCHES };

struct annc_branches {
    cudaStream_t main, stream[ANNC_BRANCHES];
    cudaEvent_t now, marked, end;
    bool recording, has_work[ANNC_BRANCHES];
    const float *errors; /* with the mark, or NULL */
};

#ifdef __cplusplus
extern "C" {
#endif

cudaError_t annc_branches_open(struct annc_branches *branches, cudaStream_t main);
void annc_branches_close(struct annc_branches *branches);

/* Marks the place in a recording after which nothing of the main branch needs the errors and the
 * weights of their layer. */
cudaError_t annc_branches_mark(struct annc_branches *branches, const float *errors);

/* Begins or continues a branch: what is recorded next on *stream comes after all work so far of the
 * main branch, or after the mark for these errors (else NULL). */
cudaError_t annc_branches_fork(struct annc_branches *branches, enum annc_branch branch, const float *errors,
                               cudaStream_t *stream);

/* Lets what the main branch records next come after the work of all branches. */
cudaError_t annc_branches_join(struct annc_branches *branches);

/* Records what follows, or nothing any more. */
void annc_branches_record(struct annc_branches *branches, bool recording);

#ifdef __cplusplus
}
#endif

#endif
