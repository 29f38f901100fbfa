/* optimisation.h - from a minibatch's gradient to a step: memory on the device, and the rates of an epoch's steps. */
#ifndef ANNC_TRAINING_STEP_OPTIMISATION_H
#define ANNC_TRAINING_STEP_OPTIMISATION_H

#include "training/step/propagate.h"

/* How one job steps. Plain SGD at a constant rate steps inside the weight-gradient product, and needs nothing of what follows. */
struct annc_optimisation {
    annc_device *device;
    const annc_shape *shape;
    const annc_training_options *options; /* the caller's */
    bool in_place;                        /* the step is the weight-gradient product itself */
    uint32_t steps;                       /* an epoch */
    double plateau;                       /* what ANNC_PLATEAU has made of the rate so far: a factor */
    double best;                          /* the loss it compares with */
    uint32_t waited;                      /* epochs since */
    float *gradient, *v, *s;              /* parameter blocks on the device; NULL where not needed */
    double *scratch;                      /* for clipping */
    struct annc_rate *d_rates, *rates;    /* one a step of the epoch; on the device, on the host */
};

annc_status annc_optimisation_open(annc_device *device, const annc_shape *shape, const annc_training_options *options,
                                   uint32_t steps, struct annc_optimisation *optimisation);

/* Bytes that it takes. */
size_t annc_optimisation_bytes(const annc_shape *shape, const annc_training_options *options);
void annc_optimisation_close(struct annc_optimisation *optimisation);

/* Works out the rates of an epoch (from 0). */
void annc_optimisation_begin_epoch(struct annc_optimisation *optimisation, uint32_t epoch);
/* Brings those of `count` steps to the device, where a cursor that begins with the first of them finds them. */
annc_status annc_optimisation_send_rates(struct annc_optimisation *optimisation, uint32_t first, uint32_t count);
/* After forward, before the cursor moves: backward, and the step that is made of it. */
annc_status annc_optimisation_step(struct annc_optimisation *optimisation, struct annc_pass *pass,
                                   const struct annc_cursor *cursor, uint32_t m, float *theta);
/* See annc_trainer_report. */
void annc_optimisation_report(struct annc_optimisation *optimisation, double loss);
/* The learning rate of a step of the epoch that was begun. */
double annc_optimisation_rate(const struct annc_optimisation *optimisation, uint32_t step);

#endif
