/* tensor.h - the kernel of the tensor engine (kernels/tensor): arguments, launcher. */
#ifndef ANNC_BACKEND_CUDA_TENSOR_H
#define ANNC_BACKEND_CUDA_TENSOR_H

#include "backend/cuda/two_layers.h"
#include "backend/cuda_estimate.h"

#include <cuda_runtime_api.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Trains `count` networks of equal layers, each `steps` steps, one block of threads per network. */
cudaError_t annc_launch_tensor_train(cudaStream_t stream, const struct annc_two_layers *networks, uint32_t count,
                                     bool is_headline, uint32_t steps);
/* Sets whether the current device has the shared memory that a block takes; fails if the build has no code
 * of this engine for it. */
cudaError_t annc_tensor_capacity(int device, bool *fits);

#ifdef __cplusplus
}
#endif

#endif
