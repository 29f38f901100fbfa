/* cluster.h - the kernels of the cluster engine (kernels/cluster): limits, arguments, launchers. */
#ifndef ANNC_BACKEND_CUDA_CLUSTER_H
#define ANNC_BACKEND_CUDA_CLUSTER_H

#include "annc.h"
#include "backend/backend.h"
#include "backend/cuda_estimate.h"

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Its pipeline and its memory (kernels/cluster/cluster_layout.cuh). */
enum {
    ANNC_CLUSTER_PARTS = 3, /* pairs of helper blocks */
    ANNC_CLUSTER_LAG = 2,
    ANNC_CLUSTER_RECORD = 1216, /* floats of a step's record */
    ANNC_CLUSTER_ROWS = 14208,  /* bf16 numbers of a step's inputs */
};

/* One launch: `steps` steps of m examples each. Pointers are to device memory. */
struct annc_cluster_launch {
    uint32_t inputs, hidden, outputs, m, steps;
    annc_activation hidden_activation, output_activation;
    annc_cost cost;
    annc_examples examples;
    struct annc_label_values values;
    const float *weights;          /* of the classes, or NULL */
    const struct annc_rate *rates; /* one per step of the epoch; NULL = eta */
    float eta;
    /* The launch begins `offset` steps after the step of this cursor. */
    const struct annc_cursor *start;
    uint32_t offset;
    /* Written by the plan: ANNC_CLUSTER_ROWS and ANNC_CLUSTER_RECORD of each step. */
    uint16_t *rows;
    float *records;
    /* Trained. */
    float *theta;
    struct annc_cursor *cursor; /* moved past the steps */
    struct annc_score *scores;  /* one per step of the epoch */
};

/* Writes rows and records: what a step needs and no weight has a part in. */
cudaError_t annc_launch_cluster_plan(cudaStream_t stream, const struct annc_cluster_launch *launch);
/* Trains the planned steps. */
cudaError_t annc_launch_cluster_train(cudaStream_t stream, const struct annc_cluster_launch *launch);
/* Sets `clusters` to the number of training clusters that the current device runs at once. */
cudaError_t annc_cluster_capacity(int *clusters);

#ifdef __cplusplus
}
#endif

#endif
