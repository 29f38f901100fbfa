/* propagate.h - forward, backward and step for a minibatch, on any backend. */
#ifndef ANNC_TRAINING_PROPAGATE_H
#define ANNC_TRAINING_PROPAGATE_H

#include "backend.h"

/* Room on a device for one minibatch of up to m rows in a network of a shape. Matrices of layer l are m x n_l, at l. */
struct annc_pass {
    annc_device *device;
    const annc_shape *shape;
    float *Y;                                               /* m x n_L */
    float *Z[ANNC_MAX_LAYERS + 1], *A[ANNC_MAX_LAYERS + 1]; /* A[0] = X */
    float *delta[ANNC_MAX_LAYERS + 1];                      /* NULL in a pass that only goes forward */
    void *memory;
};

annc_status annc_pass_open(annc_device *device, const annc_shape *shape, uint32_t m, bool backward,
                           struct annc_pass *pass);
void annc_pass_close(struct annc_pass *pass);

/* A data set's arrays on a device; the struct itself stays on the host. */
annc_status annc_examples_stage(annc_device *device, const annc_examples *examples, annc_examples *staged);
void annc_examples_unstage(annc_device *device, annc_examples *staged);

/* The cursor's minibatch, m rows of it, into X and Y, and forward through all layers. */
annc_status annc_pass_forward(struct annc_pass *pass, const annc_examples *staged, const struct annc_cursor *cursor,
                              uint32_t m, const float *theta);
/* After forward: target = beta target + alpha (sum of the m examples' dC/dtheta). target may be theta itself: that is the SGD step. */
annc_status annc_pass_backward(struct annc_pass *pass, uint32_t m, const float *theta, float alpha, float beta,
                               float *target);

#endif
