/* reference.h - the equations, one example at a time, in double. */
#ifndef ANNC_TRAINING_REFERENCE_H
#define ANNC_TRAINING_REFERENCE_H

#include "annc.h"

/* Room for one example in a network of a shape. */
struct annc_reference {
    const annc_shape *shape;
    double *x, *y;                                           /* n_0 inputs, n_L targets */
    double *z[ANNC_MAX_LAYERS + 1], *a[ANNC_MAX_LAYERS + 1]; /* of layer l at l, n_l each; a[0] = x */
    double *delta[ANNC_MAX_LAYERS + 1];
    double *memory;
};

annc_status annc_reference_open(const annc_shape *shape, struct annc_reference *reference);
void annc_reference_close(struct annc_reference *reference);

/* Takes example i of a data set of the shape's inputs and outputs. */
void annc_reference_load(struct annc_reference *reference, const annc_examples *examples, uint32_t i);
/* Forward: z^l and a^l; gives C. theta: the parameter block. */
double annc_reference_forward(struct annc_reference *reference, const double *theta);
/* BP1 to BP4, after forward: adds dC/dtheta to gradient. */
void annc_reference_backward(struct annc_reference *reference, const double *theta, double *gradient);

#endif
