/* reference.h - the equations, one example at a time, in double. */
#ifndef ANNC_TRAINING_STEP_REFERENCE_H
#define ANNC_TRAINING_STEP_REFERENCE_H

#include "annc.h"
#include "backend/augmentation.h"

/* Buffers of one example in a network. */
struct annc_reference {
    const annc_shape *shape;
    annc_objective objective;
    uint64_t seed; /* of augmentation, dropout and noise */
    annc_augmentation augmentation;
    uint32_t rows, columns; /* of an augmented image */
    struct annc_elastic elastic;
    float *image;  /* before augmentation, and displacements behind it; NULL without */
    double weight; /* of the example */
    double *x, *y; /* n_0 inputs, n_L targets */
    /* Of layer l at index l, n_l each; a[0] = x. */
    double *z[ANNC_MAX_LAYERS + 1], *a[ANNC_MAX_LAYERS + 1];
    /* Of dropout: 0 or 1 / (1 - share); 1 without dropout. */
    double *factor[ANNC_MAX_LAYERS + 1];
    /* dC/da; NaN at the output if dC/dz has a closed form. */
    double *slope[ANNC_MAX_LAYERS + 1];
    double *delta[ANNC_MAX_LAYERS + 1]; /* dC/dz */
    /* log(sum of e^z) that normalise has subtracted from the output's z; 0 unless softmax. */
    double log_sum;
    double *memory;
};

annc_status annc_reference_open(const annc_shape *shape, const annc_objective *objective, uint64_t seed,
                                struct annc_reference *reference);
/* Augments the images of rows x columns pixels that are loaded from now on. */
annc_status annc_reference_augment(struct annc_reference *reference, const annc_augmentation *augmentation,
                                   uint32_t rows, uint32_t columns);
void annc_reference_close(struct annc_reference *reference);

/* Loads example i of a data set that matches the shape, as example `number` of the training. */
void annc_reference_load(struct annc_reference *reference, const annc_examples *examples, uint32_t i, uint64_t number);
/* Computes z^l and a^l, and returns C times the weight of the example. theta: the parameter
 * block. */
double annc_reference_forward(struct annc_reference *reference, const double *theta);
/* BP1 to BP4, after forward: adds dC/dtheta to `gradient`. */
void annc_reference_backward(struct annc_reference *reference, const double *theta, double *gradient);

/* Returns the objective's penalties, l2/2 sum of w^2 + l1 sum of |w|, and adds their gradient to
 * `gradient` unless it is NULL. */
double annc_reference_penalty(const annc_shape *shape, const annc_objective *objective, const double *theta,
                              double *gradient);

#endif
