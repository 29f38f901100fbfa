/* cli.h - annc-gpu: what its commands share. A command is one file and one row of the table in commands.c. */
#ifndef ANNC_CLI_CLI_H
#define ANNC_CLI_CLI_H

#include "annc.h"
#include "options.h"
#include "output.h"
#include "process.h"
#include "screen.h"
#include "usage.h"

struct command {
    const char *name, *arguments, *summary;
    unsigned bit;
    int most_positional;
    annc_status (*run)(const struct options *options);
};

extern const struct command COMMANDS[]; /* ended by one without a name */

/* What packages install, made of the tables of commands and options: "man" prints the manual page, "bash", "zsh" and "fish" their completions
 * (manual.c). False for any other name. */
bool print_manual(const char *kind);

annc_status run_train(const struct options *options);
annc_status run_eval(const struct options *options);
annc_status run_check(const struct options *options);
annc_status run_fetch(const struct options *options);
annc_status run_info(const struct options *options);
annc_status run_predict(const struct options *options);
annc_status run_export(const struct options *options);
annc_status run_show(const struct options *options);
annc_status run_sweep(const struct options *options);
annc_status run_trace(const struct options *options);
annc_status run_report(const struct options *options);

/* OpenBLAS chooses its kernels when it is loaded, and takes those of SSE, which are six times slower, on a processor newer than itself. Then the
 * program starts once more with OPENBLAS_CORETYPE set, unless the user has set it. */
void use_fast_kernels(char **argv);

/* The shape that --layers, --activation, --output-activation and --cost describe. With a model's shape, whatever was not given is the
 * model's, and what was given must agree with it. */
annc_status shape_from_options(const struct options *options, const annc_shape *model, annc_shape *shape);
/* A model file; one that another program wrote takes its activations and cost from the options, and that is told. */
annc_status load_model(const struct options *options, const char *path, annc_network **network);

/* What of a checkpoint is no part of a model is removed. */
annc_status checkpoint_forget(annc_network *network);

/* What is added to the cost, and all of training, as far as it can be told without the data: ANNC_USAGE otherwise. Class weights come with
 * weigh_classes. */
annc_status objective_from_options(const struct options *options, annc_objective *objective);
annc_status training_from_options(const struct options *options, const annc_shape *shape,
                                  annc_training_options *training);
/* --class-weights for a data set: an array that the caller frees, or NULL where there are none. */
annc_status weigh_classes(const struct options *options, const annc_dataset *dataset, float **weights);

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
