/* reference.h - the equations, one example at a time, in double. */
#ifndef ANNC_TRAINING_STEP_REFERENCE_H
#define ANNC_TRAINING_STEP_REFERENCE_H

#include "annc.h"

/* Room for one example in a network of a shape. */
struct annc_reference {
    const annc_shape *shape;
    annc_objective objective;
    uint64_t seed;                                           /* of dropout and noise */
    double weight;                                           /* of the example's class */
    double *x, *y;                                           /* n_0 inputs, n_L targets */
    double *z[ANNC_MAX_LAYERS + 1], *a[ANNC_MAX_LAYERS + 1]; /* of layer l at l, n_l each; a[0] = x */
    double *factor[ANNC_MAX_LAYERS + 1]; /* of dropout: 0 or 1 / (1 - share); 1 where there is none */
    double *slope[ANNC_MAX_LAYERS + 1];  /* dC/da; not a number at the output where dC/dz is taken in closed form */
    double *delta[ANNC_MAX_LAYERS + 1];  /* dC/dz */
    double log_sum;                      /* of the output's e^z, which its z has lost; 0 where it is no softmax */
    double *memory;
};

annc_status annc_reference_open(const annc_shape *shape, const annc_objective *objective, uint64_t seed,
                                struct annc_reference *reference);
void annc_reference_close(struct annc_reference *reference);

/* Takes example i of a data set of the shape's inputs and outputs, as the number-th example that is trained. */
void annc_reference_load(struct annc_reference *reference, const annc_examples *examples, uint32_t i, uint64_t number);
/* Forward: z^l and a^l; gives C times the weight of the class. theta: the parameter block. */
double annc_reference_forward(struct annc_reference *reference, const double *theta);
/* BP1 to BP4, after forward: adds dC/dtheta to gradient. */
void annc_reference_backward(struct annc_reference *reference, const double *theta, double *gradient);

/* The objective's penalties: gives l2/2 sum of w^2 + l1 sum of |w|, and adds its gradient to `gradient` unless that is NULL. */
double annc_reference_penalty(const annc_shape *shape, const annc_objective *objective, const double *theta,
                              double *gradient);

#endif
