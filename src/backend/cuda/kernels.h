/* kernels.h - launchers of the CUDA kernels. Each enqueues its kernels on the stream and returns
 * the launch's error. Arguments are those of the operation of the same name in
 * src/backend/backend.h; all pointers are to device memory. */
#ifndef ANNC_BACKEND_CUDA_KERNELS_H
#define ANNC_BACKEND_CUDA_KERNELS_H

#include "annc.h"
#include "backend/backend.h"

#include <cuda_runtime_api.h>

#include <stdalign.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ANNC_SCORE_PARTS = 128, ANNC_BIAS_PARTS = 1024, ANNC_BIAS_COLUMNS = 128 };

/* Device memory for sums over the blocks of a launch (kernels/reductions.cuh), one part per block,
 * and the number of blocks that have ended. All 0 at first. */
struct annc_score_part {
    double cost;
    uint32_t correct;
};
struct annc_reductions {
    struct annc_score_part score[ANNC_SCORE_PARTS];
    alignas(16) float bias[ANNC_BIAS_PARTS][ANNC_BIAS_COLUMNS]; /* loaded by four */
    uint32_t score_blocks;
    uint32_t bias_blocks[ANNC_BIAS_PARTS];
};

cudaError_t annc_launch_initialise(cudaStream_t stream, uint64_t seed, uint64_t first, size_t count, bool uniform,
                                   double scale, float *theta);

cudaError_t annc_launch_gather(cudaStream_t stream, struct annc_cursor *cursor, const annc_examples *examples,
                               struct annc_label_values values, const float *class_weights, uint32_t m, float *X,
                               float *Y, float *weights);

cudaError_t annc_launch_perturb(cudaStream_t stream, uint64_t seed, const struct annc_cursor *cursor, double sigma,
                                uint32_t m, uint32_t n, float *X);

cudaError_t annc_launch_augment(cudaStream_t stream, uint64_t seed, const struct annc_cursor *cursor,
                                annc_augmentation augmentation, uint32_t rows, uint32_t columns, uint32_t m,
                                const float *X, float *bends, float *moved);

cudaError_t annc_launch_dropout(cudaStream_t stream, uint64_t seed, const struct annc_cursor *cursor, uint32_t l,
                                double share, uint32_t m, uint32_t n, const float *A, float *D);

/* Z = Z + 1 b^T, A = f(Z): the part of forward after the product. If Z is A, A = f(A + 1 b^T). */
cudaError_t annc_launch_activate(cudaStream_t stream, annc_activation f, uint32_t m, uint32_t n, const float *b,
                                 float *Z, float *A);

/* The part of output after the product. */
cudaError_t annc_launch_output(cudaStream_t stream, annc_activation f, annc_cost cost, float tau, uint32_t m,
                               uint32_t n, const float *b, const float *Y, const float *weights, float *Z, float *A,
                               float *delta);

/* delta = delta times f'(Z), and b = beta b + alpha delta^T 1 unless b is NULL: the part of
 * hidden_delta after the product. */
cudaError_t annc_launch_times_derivative(cudaStream_t stream, struct annc_reductions *reductions, annc_activation f,
                                         uint32_t m, uint32_t n, const float *Z, const float *A, float *delta,
                                         float alpha, float beta, float *b);

/* b = beta b + alpha delta^T 1: the part of weight_step after the product. */
cudaError_t annc_launch_bias_step(cudaStream_t stream, struct annc_reductions *reductions, uint32_t m, uint32_t n,
                                  float alpha, float beta, const float *delta, float *b);

/* Adds what each rank has of `count` values, in the order of the ranks: values + part of rank r, or
 * for r = own their previous values. The parts begin `stride` values apart. */
cudaError_t annc_launch_add_parts(cudaStream_t stream, uint32_t count, uint32_t ranks, uint32_t own, uint32_t stride,
                                  const float *parts, float *values);

cudaError_t annc_launch_penalise(cudaStream_t stream, size_t count, double l2, double l1, const float *W, float *G);

cudaError_t annc_launch_clip(cudaStream_t stream, size_t count, double limit, float *G, double *scratch);

cudaError_t annc_launch_update(cudaStream_t stream, struct annc_rule rule, double decay,
                               const struct annc_cursor *cursor, const struct annc_rate *rates, size_t count,
                               const float *G, float *theta, float *v, float *s);

cudaError_t annc_launch_limit_rows(cudaStream_t stream, uint32_t n, uint32_t n_in, double limit, float *W);

cudaError_t annc_launch_score(cudaStream_t stream, struct annc_reductions *reductions, annc_cost cost, float tau,
                              uint32_t m, uint32_t n, const float *Z, const float *A, const float *Y,
                              const float *weights, struct annc_cursor *cursor, struct annc_score *scores,
                              int32_t *predictions);

#ifdef __cplusplus
}
#endif

#endif
