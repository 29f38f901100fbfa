/* kernels.h - the kernels as the CUDA backend calls them. Each launcher enqueues on the stream and gives the launch's error. Arguments
 * are those of the operation of the same name in src/backend/backend.h; all pointers are to device memory. */
#ifndef ANNC_KERNELS_H
#define ANNC_KERNELS_H

#include "annc.h"
#include "backend.h"

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

cudaError_t annc_launch_initialise(cudaStream_t stream, uint64_t seed, uint64_t first, size_t count, double scale,
                                   float *theta);

cudaError_t annc_launch_gather(cudaStream_t stream, const struct annc_cursor *cursor, const annc_examples *examples,
                               uint32_t m, float *X, float *Y);

/* Z = Z + 1 b^T, A = f(Z): what is left of forward after the product. */
cudaError_t annc_launch_activate(cudaStream_t stream, annc_activation f, uint32_t m, uint32_t n, const float *b,
                                 float *Z, float *A);

cudaError_t annc_launch_output_delta(cudaStream_t stream, annc_activation f, annc_cost cost, uint32_t m, uint32_t n,
                                     const float *Z, const float *A, const float *Y, float *delta);

/* delta = delta times f'(Z): what is left of hidden_delta after the product. */
cudaError_t annc_launch_times_derivative(cudaStream_t stream, annc_activation f, uint32_t m, uint32_t n, const float *Z,
                                         const float *A, float *delta);

/* b = beta b + alpha delta^T 1: what is left of weight_step after the product. */
cudaError_t annc_launch_bias_step(cudaStream_t stream, uint32_t m, uint32_t n, float alpha, float beta,
                                  const float *delta, float *b);

cudaError_t annc_launch_score(cudaStream_t stream, annc_cost cost, uint32_t m, uint32_t n, const float *Z,
                              const float *A, const float *Y, struct annc_cursor *cursor, struct annc_score *scores,
                              int32_t *predictions);

#ifdef __cplusplus
}
#endif

#endif
