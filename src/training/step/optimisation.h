/* optimisation.h - turns a minibatch's gradient into a step: device memory, and the rates of an
 * epoch's steps. */
#ifndef ANNC_TRAINING_STEP_OPTIMISATION_H
#define ANNC_TRAINING_STEP_OPTIMISATION_H

#include "backend/group.h"
#include "training/step/propagate.h"

/* The optimiser of one job. Plain SGD at a constant rate steps inside the weight-gradient product
 * and uses none of the memory below. */
struct annc_optimisation {
    annc_device *device;
    const annc_shape *shape;
    const annc_training_options *options; /* the caller's */
    const struct annc_group *group;       /* whose gradients are summed; the caller's */
    bool in_place;                        /* the weight-gradient product is the step */
    uint32_t steps;                       /* per epoch */
    double plateau;                       /* ANNC_PLATEAU's factor of the rate so far */
    double best;                          /* the loss that an epoch must improve on */
    uint32_t waited;                      /* epochs since then */
    float *gradient, *v, *s;              /* device parameter blocks; NULL if not needed */
    double *scratch;                      /* for clipping */
    struct annc_rate *d_rates, *rates;    /* one per step; on the device, on the host */
};

/* layout: of the blocks, and of the pass that steps. */
annc_status annc_optimisation_open(annc_device *device, const annc_shape *shape, const struct annc_layout *layout,
                                   const annc_training_options *options, const struct annc_group *group, uint32_t steps,
                                   struct annc_optimisation *optimisation);

/* Returns its bytes on the device. */
size_t annc_optimisation_bytes(const struct annc_layout *layout, const annc_training_options *options);
void annc_optimisation_close(struct annc_optimisation *optimisation);

/* Computes the rates of an epoch (from 0). */
void annc_optimisation_begin_epoch(struct annc_optimisation *optimisation, uint32_t epoch);
/* Copies the rates of `count` steps to the device, for a cursor that starts at step `first`. */
annc_status annc_optimisation_send_rates(struct annc_optimisation *optimisation, uint32_t first, uint32_t count);
/* Runs backward and the step, after forward. The minibatch has m rows,
 * of which this rank has `rows` in the pass. A rank without rows of its own passes any one row, with
 * rows 0. */
annc_status annc_optimisation_step(struct annc_optimisation *optimisation, struct annc_pass *pass,
                                   const struct annc_cursor *cursor, uint32_t m, uint32_t rows, float *theta);
/* See annc_trainer_report. */
void annc_optimisation_report(struct annc_optimisation *optimisation, double loss);
/* Returns the learning rate of a step of the current epoch. */
double annc_optimisation_rate(const struct annc_optimisation *optimisation, uint32_t step);

#endif
