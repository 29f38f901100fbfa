/* propagate.h - forward, backward and step for a minibatch, on any backend. */
#ifndef ANNC_TRAINING_STEP_PROPAGATE_H
#define ANNC_TRAINING_STEP_PROPAGATE_H

#include "backend/backend.h"
#include "training/step/layout.h"

/* Device memory of one minibatch of up to m rows in a network. Matrices of layer l are m x n_l, at
 * index l. */
struct annc_pass {
    annc_device *device;
    const annc_shape *shape;
    struct annc_layout layout; /* of theta and gradients; that of operations, or set by the caller */
    annc_objective objective;  /* all zero in a forward-only pass */
    uint64_t seed;             /* of dropout, noise and augmentation */
    annc_augmentation augmentation;
    uint32_t rows, columns; /* of an augmented image */
    /* Original images, m x n_0; NULL without augmentation. */
    float *unaugmented;
    float *bends; /* of elastic distortion, 4 m x n_0; NULL without */
    float *Y;     /* m x n_L */
    /* A[0] = X. In a training pass Z of a hidden layer may be A. */
    float *Z[ANNC_MAX_LAYERS + 1], *A[ANNC_MAX_LAYERS + 1];
    /* Input of layer l + 1: A[l], or A[l] after dropout. */
    float *layer_input[ANNC_MAX_LAYERS + 1];
    float *delta[ANNC_MAX_LAYERS + 1]; /* NULL in a forward-only pass */
    float *class_weights;              /* or NULL */
    float *row_weights;                /* m, of the rows just gathered, where they have weights */
    bool is_weighted;                  /* they have */
    /* Above 0: the rows of a product, which the matrices have a multiple of, and each row's bits
     * depend on that row alone (forward_rows). 0: the fastest products. */
    uint32_t block;
    void *memory;
    /* Asked within minibatches that take long on a CPU; true ends the pass with ANNC_STOPPED. NULL:
     * nobody is asked. */
    bool (*stop)(void *context);
    void *context;
    annc_precision precision; /* of the products */
};

/* Returns whether a minibatch of m rows takes so long that `stop` is asked within it: its products
 * are then computed in slices of rows. */
bool annc_pass_is_long(const struct annc_pass *pass, uint32_t m);

/* Opens a forward-only pass, for evaluation. */
annc_status annc_pass_open(annc_device *device, const annc_shape *shape, uint32_t m, struct annc_pass *pass);
/* Returns the bytes of a training pass. */
size_t annc_pass_bytes(const struct annc_backend *backend, const annc_shape *shape, uint32_t m,
                       const annc_training_options *options);
/* Opens a training pass with the objective, augmentation and seed of the options; rows and columns
 * are those of an image. */
annc_status annc_pass_open_training(annc_device *device, const annc_shape *shape, uint32_t m,
                                    const annc_training_options *options, uint32_t rows, uint32_t columns,
                                    struct annc_pass *pass);
void annc_pass_close(struct annc_pass *pass);

/* Returns the bytes of one example's inputs. */
size_t annc_examples_input_bytes(const annc_examples *examples);

/* Stages a data set's arrays on a device; the struct itself stays on the host. */
annc_status annc_examples_stage(annc_device *device, const annc_examples *examples, annc_examples *staged);
void annc_examples_unstage(annc_device *device, annc_examples *staged);

/* Returns the target values of labels: one-hot, or smoothed. */
struct annc_label_values annc_pass_label_values(const struct annc_pass *pass);

/* Begins the cursor's next step: gathers m rows of its minibatch into X and Y, and runs all layers
 * forward; in a training pass the last layer also computes its errors. */
annc_status annc_pass_forward(struct annc_pass *pass, const annc_examples *staged, struct annc_cursor *cursor,
                              uint32_t m, const float *theta);
/* After forward, the SGD step: theta = theta - alpha (sum of the m examples' dC/dtheta). */
annc_status annc_pass_step(struct annc_pass *pass, const struct annc_cursor *cursor, uint32_t m, float alpha,
                           float *theta);
/* After forward: gradient = alpha (sum of dC/dtheta of the m examples of this rank, and of those of
 * the other ranks of the group). */
annc_status annc_pass_gradient(struct annc_pass *pass, const struct annc_cursor *cursor, uint32_t m, const float *theta,
                               float alpha, const struct annc_group *group, float *gradient);
/* Adds the gradient of the objective's penalties to a gradient. */
annc_status annc_pass_penalise(struct annc_pass *pass, const float *theta, float *gradient);
/* After forward: scores the minibatch and sets the cursor's next step. */
annc_status annc_pass_score(struct annc_pass *pass, struct annc_cursor *cursor, uint32_t m, struct annc_score *scores,
                            int32_t *predictions);

#endif
