/* setup.h - makes shapes, devices and data from options. */
#ifndef ANNC_CLI_OPTIONS_SETUP_H
#define ANNC_CLI_OPTIONS_SETUP_H

#include "annc.h"
#include "cli/options/option_types.h"

/* Returns the shape of --layers, --activation, --output-activation and --cost. With a model's
 * shape, omitted options come from the model, and given ones must agree with it. */
annc_status shape_from_options(const struct options *options, const annc_shape *model, annc_shape *shape);
/* Loads a model file. For another program's file, the options give activations and cost, and a note
 * says so. */
annc_status load_model(const struct options *options, const char *path, annc_network **network);

/* "784-32-10", "sigmoid-softmax". */
void print_layers(const annc_shape *shape, char *text, size_t size);
void print_activations(const annc_shape *shape, char *text, size_t size);

/* Return the options of, or open, the device of --device and --threads, for a training or, with
 * NULL, for evaluations; train is NULL where the training's data are not known yet.
 * device_options_from only checks the options. */
annc_status device_options_from(const struct options *options, annc_device_options *device);
annc_status device_from_options(const struct options *options, const annc_shape *shape,
                                const annc_training_options *training, const annc_dataset *train, annc_device **device);

/* Fills the options for reading data for a network of a shape, or, with NULL, for one that is yet to
 * be chosen; the caller sets the required parts. ANNC_USAGE if an option is invalid or two contradict each other. */
annc_status data_options_from(const struct options *options, const annc_shape *shape, annc_data_options *source);
/* Loads the data named in `source`, and notes the reader's assumptions. */
annc_status load_file(const struct options *options, annc_data_options *source, annc_data *data);
/* Loads the data of --data: "mnist", "digits" or a path. With NULL: MNIST if it is on disk;
 * otherwise, with may_fetch, after one attempt to download it; otherwise the built-in digits, with
 * a note. Also notes the reader's assumptions. */
annc_status load_data(const struct options *options, const char *what, annc_data_options *source, bool may_fetch,
                      annc_data *data);

#endif
