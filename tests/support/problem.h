/* problem.h - networks and data made for the tests, and the devices that they are tried on. */
#ifndef ANNC_TESTS_SUPPORT_PROBLEM_H
#define ANNC_TESTS_SUPPORT_PROBLEM_H

#include "annc.h"

/* A network with parameters and a data set for it. */
struct problem {
    char name[160];
    annc_shape shape;
    annc_network *network;
    annc_dataset *data;
};

/* A shape from "3-5-2", hidden and output activations, and a cost. */
annc_shape problem_shape(const char *widths, annc_activation hidden, annc_activation output, annc_cost cost);

/* Fills a problem: `count` random examples (bytes or floats; labels where the outputs are classes, otherwise targets in [0, 1],
 * rows summing to 1 for categorical cross-entropy) and parameters drawn by `init` on the CPU. False, with the reason printed, on a fault. */
bool problem_make(struct problem *problem, const annc_shape *shape, annc_input_type type, bool labels, uint32_t count,
                  annc_init init, uint64_t seed);
void problem_free(struct problem *problem);

/* Every pair of output activation and cost that a network may end with; ends with false. */
bool problem_output(size_t i, annc_activation *output, annc_cost *cost);

/* The device that this test program is run on: ANNC_TEST_DEVICE is "cpu" (the default) or "cuda". NULL where there is no CUDA device: the
 * caller then skips, except that ANNC_REQUIRE_GPU=1 makes that a failure (exit 1). */
annc_device *problem_device(void);

/* The kind of a device's last engine, which takes most jobs. */
annc_engine problem_engine(const annc_device *device);

/* Mean gradient over `count` examples from position `first` of the order (seed, epoch), by the reference. */
bool problem_reference_gradient(const struct problem *problem, const double *theta, uint64_t seed, uint32_t epoch,
                                uint32_t first, uint32_t count, double *gradient, double *cost);

/* ||got - want|| / ||want||; NaN where anything is not finite. */
double problem_normwise(const float *got, const double *want, size_t count);

#endif
