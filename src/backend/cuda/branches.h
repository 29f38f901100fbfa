/* branches.h - parallel branches of recorded steps: what no later error waits for, weights, biases
 * and scores, is recorded beside the chain of products and errors. All other work uses the device's
 * stream, the main branch. */
#ifndef ANNC_BACKEND_CUDA_BRANCHES_H
#define ANNC_BACKEND_CUDA_BRANCHES_H

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <stdbool.h>

/* Weights, by cuBLAS; biases and scores, which share the device's reductions. */
enum annc_branch { ANNC_BRANCH_WEIGHTS, ANNC_BRANCH_SUMS, ANNC_BRANCHES };

struct annc_branches {
    cudaStream_t main, stream[ANNC_BRANCHES];
    cudaEvent_t now, marked, end[ANNC_BRANCHES];
    bool used, has_work[ANNC_BRANCHES];
    const float *errors; /* with the mark, or NULL */
};

#ifdef __cplusplus
extern "C" {
#endif

cudaError_t annc_branches_open(struct annc_branches *branches, cudaStream_t main);
void annc_branches_close(struct annc_branches *branches);

/* Marks the place after which nothing of the main branch needs the errors and the weights of their
 * layer. */
cudaError_t annc_branches_mark(struct annc_branches *branches, const float *errors);

/* Begins or continues a branch: what comes next in *stream runs after all work so far of the main
 * branch, or after the mark for these errors, unless they are NULL. */
cudaError_t annc_branches_fork(struct annc_branches *branches, enum annc_branch branch, const float *errors,
                               cudaStream_t *stream);

/* Lets what comes next in the main branch run after the work of all branches. */
cudaError_t annc_branches_join(struct annc_branches *branches);

/* Uses branches for what follows, or the main branch alone. */
void annc_branches_use(struct annc_branches *branches, bool used);

#ifdef __cplusplus
}
#endif

#endif
