/* cluster.h - the kernels of the cluster engine (kernels/cluster): limits, arguments, launchers. */
#ifndef ANNC_BACKEND_CUDA_CLUSTER_H
#define ANNC_BACKEND_CUDA_CLUSTER_H

#include "annc.h"
#include "backend/backend.h"
#include "backend/cuda/two_layers.h"
#include "backend/cuda_estimate.h"

#include <cuda_runtime_api.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Its pipeline and its memory (kernels/cluster/cluster_layout.cuh). */
enum {
    ANNC_CLUSTER_PARTS = 3, /* pairs of helper blocks */
    ANNC_CLUSTER_BLOCKS = 1 + 2 * ANNC_CLUSTER_PARTS,
    ANNC_CLUSTER_LAG = 3,
    ANNC_CLUSTER_RECORD = 1872,      /* floats of a step's record */
    ANNC_CLUSTER_ROWS = 14208,       /* bf16 numbers of a step's inputs, bytes */
    ANNC_CLUSTER_FLOAT_ROWS = 21120, /* the same, floats */
};

/* A linear optimiser, by a parameter theta, its state v and its mean gradient g:
 *
 *     theta = theta - eta (of_theta theta + of_v v + of_gradient g)        v = mu v + l2 theta + g
 *
 * both from the old values. Biases have l2 = of_theta = 0. */
struct annc_cluster_rule {
    float mu, l2, of_theta, of_v, of_gradient;
};

/* One launch: `steps` steps of m examples each. Pointers are to device memory. */
struct annc_cluster_launch {
    struct annc_two_layers net;
    uint32_t m, steps;
    struct annc_cluster_rule rule;
    bool is_headline; /* sigmoid in both layers, the quadratic cost, up to 10 outputs, bytes, no dropout */
    bool is_plain;    /* theta = theta - eta g, and no v */
    /* The inputs are floats: by their type, their divisor, or what is done to them. */
    bool has_floats;
    float divisor; /* of the inputs as the plan writes them: 1 for floats */
    float input_noise;
    uint32_t input_threshold; /* of the inputs' dropout */
    float input_scale;        /* 1 without */
    /* Dropout of the hidden layer (annc_dropout_factor); dropout_scale is 1 without. */
    uint64_t seed;
    uint32_t dropout_threshold;
    float dropout_scale;
    /* The launch begins `offset` steps after the step of this cursor. */
    const struct annc_cursor *start;
    uint32_t offset;
    /* Written by the plan: ANNC_CLUSTER_ROWS (or FLOAT_ROWS) and ANNC_CLUSTER_RECORD of each step. */
    uint16_t *rows;
    float *records;
};

/* Writes the plans of the steps of `launch`, which depend on no weight: rows and records. */
cudaError_t annc_launch_cluster_plan(cudaStream_t stream, const struct annc_cluster_launch *launch);
/* Trains the planned steps of `launch` and plans those of `next`, none or more, by `planners` more
 * clusters. */
cudaError_t annc_launch_cluster_train(cudaStream_t stream, const struct annc_cluster_launch *launch,
                                      const struct annc_cluster_launch *next, uint32_t planners);
/* Sets `clusters` to the number of training clusters that the current device runs at once. */
cudaError_t annc_cluster_capacity(int *clusters);

#ifdef __cplusplus
}
#endif

#endif
