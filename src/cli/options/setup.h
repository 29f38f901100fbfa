/* setup.h - from options to shapes, devices and data. */
#ifndef ANNC_CLI_OPTIONS_SETUP_H
#define ANNC_CLI_OPTIONS_SETUP_H

#include "annc.h"
#include "cli/options/option_types.h"

/* The shape that --layers, --activation, --output-activation and --cost describe. With a model's shape, whatever was not given is the
 * model's, and what was given must agree with it. */
annc_status shape_from_options(const struct options *options, const annc_shape *model, annc_shape *shape);
/* A model file; one that another program wrote takes its activations and cost from the options, and that is told. */
annc_status load_model(const struct options *options, const char *path, annc_network **network);

/* "784-32-10", "sigmoid-softmax". */
void print_layers(const annc_shape *shape, char *text, size_t size);
void print_activations(const annc_shape *shape, char *text, size_t size);

/* The device that --device and --threads name, for a training, or, with NULL, for evaluations. device_options_from alone only
 * checks the option. */
annc_status device_options_from(const struct options *options, annc_device_options *device);
annc_status device_from_options(const struct options *options, const annc_shape *shape,
                                const annc_training_options *training, annc_device **device);

/* How the options say that data are read, for a network of a shape, or, with NULL, for none; the parts that are needed are the caller's to
 * set. What is wrong in itself is ANNC_USAGE. */
annc_status data_options_from(const struct options *options, const annc_shape *shape, annc_data_options *source);
/* Loads the data that `source` names, and tells what the reader assumed. */
annc_status load_file(const struct options *options, annc_data_options *source, annc_data *data);
/* Loads what --data names, "mnist", "digits" or a path; where it is NULL, MNIST where it is on disk, or else, with may_fetch, after one attempt
 * to download it, the built-in digits, announced. What the reader assumed is told. */
annc_status load_data(const struct options *options, const char *what, annc_data_options *source, bool may_fetch,
                      annc_data *data);

#endif
