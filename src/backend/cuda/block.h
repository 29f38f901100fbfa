/* block.h - the kernel of the engines block and split (kernels/block): its plan, arguments,
 * launcher. */
#ifndef ANNC_BACKEND_CUDA_BLOCK_H
#define ANNC_BACKEND_CUDA_BLOCK_H

#include "annc.h"
#include "backend/backend.h"
#include "backend/cuda_estimate.h"

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a layer's numbers are. Offsets are in floats: of matrices from the start of shared memory,
 * of parameters from the start of the block's copy of them. Rows of n numbers have a stride of
 * stride_of(n) in block_engine.c; what is beyond n stays 0. */
struct annc_block_layer {
    uint32_t n, stride;
    annc_activation activation;
    uint32_t W, b;             /* in the block's copy */
    uint32_t theta_W, theta_b; /* in the parameter block */
    uint32_t Z, A;             /* a hidden layer's delta replaces Z */
    uint32_t input;            /* of the next layer: A, or A after dropout */
    uint32_t delta;
    uint32_t splits; /* the inputs of a product are divided among so many warps */
};

/* The same for all networks of a launch. Layer 0 is the input, whose A is X; its stride is of the
 * inputs of one block. */
struct annc_block_plan {
    uint32_t blocks; /* of a network: 1, or a cluster of up to 8 that divide the inputs */
    uint32_t layers, batch;
    annc_cost cost;
    float tau; /* of the quantile cost */
    struct annc_block_layer layer[ANNC_BLOCK_LAYERS + 1];
    uint32_t Y, partial, weights, numbers; /* in shared memory */
    /* The inputs of two minibatches as they are in the data, in turn, `row_bytes` per example. */
    uint32_t rows, row_bytes;
    uint32_t parameters; /* floats of the block's copy */
    uint32_t copy;       /* where it is in shared memory */
    bool shares;         /* it is there; otherwise in device memory */
    uint32_t states;     /* v, then s, in the layout of the copy, in shared memory; 0 = in device memory */
    uint32_t squares;    /* of the weights of each unit of layer 1, doubles, where blocks are several */
    size_t bytes;        /* of shared memory */
};

/* One network of a launch. Pointers are to device memory. */
struct annc_block_network {
    annc_examples examples;
    struct annc_label_values values;
    const float *weights;          /* of the classes, or NULL */
    const struct annc_rate *rates; /* one per step of the epoch; NULL = eta */
    float eta;
    struct annc_rule rule;
    float decay, l2, l1;
    double clip, max_norm; /* 0 = none */
    bool plain;            /* plain SGD, without any of these */
    uint64_t seed;
    double noise;                               /* of the inputs; 0 = none */
    uint32_t input_threshold, hidden_threshold; /* of dropout; used where the scale is above 1 */
    float input_scale, hidden_scale;            /* 1 = no dropout */
    float *theta, *v, *s;
    float *copy;                /* of the parameters, if they are not in shared memory */
    struct annc_cursor *cursor; /* moved past the steps */
    struct annc_score *scores;  /* one per step of the epoch */
};

/* What a device has for the engines block and split. */
struct annc_block_limits {
    int bytes;         /* of shared memory, that a block may have */
    bool has_clusters; /* and this build has code for them */
};

/* Trains `count` networks, each the same number of steps, plan->blocks blocks per network. */
cudaError_t annc_launch_block_train(cudaStream_t stream, const struct annc_block_plan *plan,
                                    const struct annc_block_network *networks, uint32_t count, uint32_t steps);
cudaError_t annc_find_block_limits(int device, struct annc_block_limits *limits);

#ifdef __cplusplus
}
#endif

#endif
