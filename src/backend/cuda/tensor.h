/* tensor.h - the kernels of the tensor engine (kernels/tensor): arguments, launchers. */
#ifndef ANNC_BACKEND_CUDA_TENSOR_H
#define ANNC_BACKEND_CUDA_TENSOR_H

#include "backend/cuda/two_layers.h"
#include "backend/cuda_estimate.h"

#include <cuda_runtime_api.h>
#include <stdbool.h>

/* How often the columns of a matrix of examples are not 0, and their order by it: the most used ones
 * first, equal ones by number. */
struct annc_tensor_columns {
    uint32_t uses[ANNC_TENSOR_INPUTS];
    uint32_t number[ANNC_TENSOR_INPUTS]; /* of the column in a place of the order */
    uint32_t used;                       /* columns that are not 0 in all examples */
    uint32_t padding[3];
};

/* The inputs as the kernel reads them, in device memory: rows of `stride` bytes, a multiple of 16,
 * with the columns in their order and zeros behind them. */
struct annc_tensor_inputs {
    struct annc_tensor_columns *columns;
    uint8_t *rows;
    uint32_t stride;
};

struct annc_tensor_network {
    struct annc_two_layers net;
    struct annc_tensor_inputs inputs;
};

#ifdef __cplusplus
extern "C" {
#endif

/* Fills the columns and rows of `to` from a matrix of count x inputs bytes. */
cudaError_t annc_launch_tensor_inputs(cudaStream_t stream, const uint8_t *x, uint32_t count, uint32_t inputs,
                                      struct annc_tensor_inputs to);
/* Trains `count` networks of equal layers, each `steps` steps, one block of threads per network. */
cudaError_t annc_launch_tensor_train(cudaStream_t stream, const struct annc_tensor_network *networks, uint32_t count,
                                     bool is_headline, uint32_t steps);
/* Sets whether the current device has the shared memory that a block takes; fails if the build has no code
 * of this engine for it. */
cudaError_t annc_tensor_capacity(int device, bool *fits);

#ifdef __cplusplus
}
#endif

#endif
