/* propagate.h - forward, backward and step for a minibatch, on any backend. */
#ifndef ANNC_TRAINING_STEP_PROPAGATE_H
#define ANNC_TRAINING_STEP_PROPAGATE_H

#include "backend/backend.h"

/* Room on a device for one minibatch of up to m rows in a network of a shape. Matrices of layer l are m x n_l, at l. */
struct annc_pass {
    annc_device *device;
    const annc_shape *shape;
    annc_objective objective; /* all zero in a pass that only goes forward */
    uint64_t seed;            /* of dropout, noise and moved images */
    annc_augmentation augmentation;
    uint32_t rows, columns; /* of an image that is moved */
    float *unaugmented;     /* images before they are moved, m x n_0; NULL where none are */
    float *Y;               /* m x n_L */
    float *Z[ANNC_MAX_LAYERS + 1], *A[ANNC_MAX_LAYERS + 1]; /* A[0] = X */
    float *layer_input[ANNC_MAX_LAYERS + 1]; /* what layer l feeds to the next: A[l], or what dropout leaves of it */
    float *delta[ANNC_MAX_LAYERS + 1];       /* NULL in a pass that only goes forward */
    float *weights;                          /* of the classes; NULL for none */
    void *memory;
};

/* A pass that only goes forward, for evaluation. */
annc_status annc_pass_open(annc_device *device, const annc_shape *shape, uint32_t m, struct annc_pass *pass);
/* Bytes that a pass for training takes. */
size_t annc_pass_bytes(const annc_shape *shape, uint32_t m, const annc_training_options *options);
/* A pass for training, by the objective, augmentation and seed of the options; rows and columns are those of an image. */
annc_status annc_pass_open_training(annc_device *device, const annc_shape *shape, uint32_t m,
                                    const annc_training_options *options, uint32_t rows, uint32_t columns,
                                    struct annc_pass *pass);
void annc_pass_close(struct annc_pass *pass);

/* Bytes of one example's inputs. */
size_t annc_examples_input_bytes(const annc_examples *examples);

/* A data set's arrays on a device; the struct itself stays on the host. */
annc_status annc_examples_stage(annc_device *device, const annc_examples *examples, annc_examples *staged);
void annc_examples_unstage(annc_device *device, annc_examples *staged);

/* What labels become: one-hot, or smoothed. */
struct annc_label_values annc_pass_label_values(const struct annc_pass *pass);

/* The cursor's minibatch, m rows of it, into X and Y, and forward through all layers. */
annc_status annc_pass_forward(struct annc_pass *pass, const annc_examples *staged, const struct annc_cursor *cursor,
                              uint32_t m, const float *theta);
/* After forward, before the cursor moves: target = beta target + alpha (sum of the m examples' dC/dtheta). target may be theta itself: that
 * is the SGD step. */
annc_status annc_pass_backward(struct annc_pass *pass, const struct annc_cursor *cursor, uint32_t m, const float *theta,
                               float alpha, float beta, float *target);
/* Adds the gradient of the objective's penalties to a gradient. */
annc_status annc_pass_penalise(struct annc_pass *pass, const float *theta, float *gradient);
/* The score of the minibatch, which moves the cursor on. */
annc_status annc_pass_score(struct annc_pass *pass, struct annc_cursor *cursor, uint32_t m, struct annc_score *scores,
                            int32_t *predictions);

#endif
