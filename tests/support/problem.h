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

/* Makes images of the examples, so many rows of pixels each. */
void problem_make_images(struct problem *problem, uint32_t rows);
/* Gives a problem's rows weights: `unit` times problem_whole_weight, or, with unit 0, 3 for
 * each. */
void problem_weigh(struct problem *problem, float unit);
/* Returns a whole number for a row, so that it can be repeated; a fourth of them are 0. */
int problem_whole_weight(uint32_t row);

/* Returns a whole number in [0, n): number *drawn of a stream, which it counts up. The test program's seed
 * makes the stream. */
uint32_t problem_draw(uint64_t seed, uint64_t *drawn, uint32_t n);
/* Returns where random cases begin in the stream: other cases for each ANNC_TEST_SEED. */
uint64_t problem_first_draw(void);
/* Returns the number of random cases: ANNC_TEST_CASES, or the default. */
int problem_cases(int preset);

/* A training's last epoch, its parameters (the caller frees them) and the engine that ran it. */
struct problem_result {
    annc_epoch report;
    float *theta;
    char engine[32];
};

/* Trains from the problem's parameters, which stay as they are. */
annc_status problem_train(annc_device *device, const struct problem *problem, annc_training_options options,
                          annc_engine engine, uint32_t epochs, struct problem_result *result);
/* Returns why an engine of the device rejects a training, or "accepted". */
const char *problem_refusal(const annc_device *device, const annc_shape *shape, const annc_training_options *options,
                            annc_engine engine);

/* Every pair of output activation and cost that a network may end with; ends with false. */
bool problem_output(size_t i, annc_activation *output, annc_cost *cost);

/* The device that this test program is run on: ANNC_TEST_DEVICE is "cpu" (the default) or "cuda". NULL where there is no CUDA device: the
 * caller then skips, except that ANNC_REQUIRE_GPU=1 makes that a failure (exit 1). */
annc_device *problem_device(void);

/* The kind of a device's last engine, which takes most jobs. */
annc_engine problem_engine(const annc_device *device);

/* Rows of an audit: 2 per layer by differences, by the device and by each engine that accepts. */
size_t problem_audit_rows(const struct problem *problem, const annc_device *device, const annc_check_options *options);

/* Mean gradient over `count` examples from position `first` of the order (seed, epoch), by the reference. */
bool problem_reference_gradient(const struct problem *problem, const double *theta, uint64_t seed, uint32_t epoch,
                                uint32_t first, uint32_t count, double *gradient, double *cost);

/* ||got - want|| / ||want||; NaN where anything is not finite. */
double problem_normwise(const float *got, const double *want, size_t count);

#endif
