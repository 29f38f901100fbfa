/* optimiser.h - the optimisers again, from their papers, in double: what the tests hold the library's against. */
#ifndef ANNC_TESTS_SUPPORT_OPTIMISER_H
#define ANNC_TESTS_SUPPORT_OPTIMISER_H

#include "annc.h"

struct optimiser {
    const annc_shape *shape;
    annc_training_options options;
    size_t parameters;
    int t;           /* steps taken */
    double *m, *sum; /* of gradients, of their squares */
};

void optimiser_open(struct optimiser *optimiser, const annc_shape *shape, const annc_training_options *options);
void optimiser_close(struct optimiser *optimiser);
/* One step of theta by a gradient, at a rate: clipped, taken, decayed, bounded. The gradient is used up. */
void optimiser_step(struct optimiser *optimiser, double rate, double *gradient, double *theta);

#endif
