/* cuda_device.h - the CUDA device behind an annc_device, for the backend and its engines. */
#ifndef ANNC_BACKEND_CUDA_CUDA_DEVICE_H
#define ANNC_BACKEND_CUDA_CUDA_DEVICE_H

#include "backend/backend.h"
#include "backend/cuda/block.h"
#include "backend/cuda/branches.h"
#include "backend/cuda/kernels.h"
#include "backend/engine.h"

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

/* An array on the device that users of the same host array share. */
struct annc_staged {
    const void *host;
    size_t bytes;
    void *memory;
    uint32_t users;
    struct annc_staged *next;
};

/* cuBLAS in one stream, with a workspace of its own: products of two streams may run at the same
 * time. */
struct annc_products {
    cublasHandle_t cublas;
    void *workspace;
};

struct annc_exchange;

struct annc_cuda_device {
    struct annc_device device;
    int index;
    cudaStream_t stream, copies;               /* of operations; of copies beside them */
    struct annc_branches branches;             /* of recorded steps */
    annc_precision precision;                  /* of products */
    struct annc_products products, of_weights; /* in the device's stream, and in the branch of weights */
    /* Of scores and sums of their own, and of hidden_delta: they may run at the same time. */
    struct annc_reductions *reductions, *of_errors;
    struct annc_block_limits block; /* of the engines block and split */
    struct annc_staged *staged;
    struct annc_exchange *exchange; /* with the devices of other ranks, or NULL */
};

static inline struct annc_cuda_device *annc_cuda(annc_device *device)
{
    return (struct annc_cuda_device *)device;
}

#ifdef __cplusplus
extern "C" {
#endif

/* Reports a failed call. */
annc_status annc_cuda_failed(const annc_device *device, cudaError_t error, const char *call);
/* Makes a device the current one of this thread. */
cudaError_t annc_cuda_enter(const annc_device *device);

/* The engine of kernels/cluster (cluster_engine.c); the simulated device's refuses all jobs. */
extern const struct annc_engine_ops annc_cuda_cluster;
/* The engine of kernels/tensor (tensor_engine.c); likewise. */
extern const struct annc_engine_ops annc_cuda_tensor;
/* The engines of kernels/block (block_engine.c). */
extern const struct annc_engine_ops annc_cuda_block, annc_cuda_split;

#ifdef __cplusplus
}
#endif

/* Jumps to `out` if a call fails, as ANNC_TRY does; needs `status` and `device` in scope. */
#define CUDA_TRY(call)                                                                                                 \
    do {                                                                                                               \
        const cudaError_t cuda_error_ = (call);                                                                        \
        if (cuda_error_ != cudaSuccess) {                                                                              \
            status = annc_cuda_failed(device, cuda_error_, #call);                                                     \
            goto out;                                                                                                  \
        }                                                                                                              \
    } while (0)

#endif
