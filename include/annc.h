/* annc.h - libannc, a trainer of fully connected neural networks: the public interface and its
 * manual.
 *
 * Overview, in order of creation (the number is the section):
 *
 *     annc_dataset    3  examples from arrays (annc_dataset_create) or files (annc_data_load)
 *     annc_device     4  the CPU or a GPU (annc_device_open, annc_device_open_for)
 *     annc_network    2  shape and parameters (annc_network_create, annc_network_initialise)
 *     annc_trainer    5  a network, a device and a training set, with options
 *                        (annc_training_defaults, or annc_plan_make, which chooses them and the
 *                        shape by the data): annc_trainer_epoch trains, and annc_trainer_store
 *                        copies the parameters back into the network
 *     annc_evaluator  6  accuracy and loss on a data set, also during training
 *
 * Section 6 also has annc_network_predict and measures of classification (AUC, confusion matrix,
 * calibration). Section 7 runs whole trainings: epochs with early stopping and checkpoints
 * (annc_run), many networks at once (annc_sweep), cross-validation. Section 8 computes gradients
 * and checks them, section 9 saves and loads models, and section 10 writes images and other files.
 * tests/examples/xor.c is a complete program of forty lines. The other examples beside it train on
 * MNIST, apply a model, write their own training loop, read gradients, and use the library from C++
 * and Python.
 *
 * Stability (annc_version.h defines the version): sections 1 to 4, 6 and 9 are stable; a new
 * version only adds functions and fields to them. Sections 5, 7, 8 and 10 may change in a minor
 * version while the major version is 0; CHANGELOG.md lists the changes.
 *
 * Ownership: functions named create, load, open, copy and join return an object through their last
 * argument; the caller releases it with the matching free or close, which accepts NULL. After a
 * failure the object is NULL. A trainer or evaluator uses its network, device and data sets until
 * it is freed, so free them after it. All other arguments are copied, or read only during the call.
 * A returned pointer belongs to the object passed to the function and lives as long as that object,
 * or points to static text.
 *
 * Errors: functions that can fail return an annc_status, and annc_last_error() then returns the
 * cause, the place and the remedy. The message quotes the responsible field of an options struct,
 * or the argument: 'eta'. Every such function may run out of memory (ANNC_MEMORY), and returns
 * ANNC_USAGE if a required pointer is NULL or an enumerator is out of range. Functions that return
 * a value instead return NULL, 0, false or NaN for a NULL object, and functions without a result do
 * nothing. Option structs may be zero-initialised, except where a comment says otherwise.
 *
 * Threads: two threads may use the library at once on different objects, and several threads may
 * read one network or data set. A device serves one thread at a time; trainers may take turns on
 * it. A CUDA device becomes the current device of the thread that uses it. The library prints
 * nothing, never exits, and does not touch signal handlers, the locale or the floating-point state.
 * Results assume C's default floating-point state: rounding to nearest, subnormals kept. The same
 * calls give the same bits on the same device. Each matrix product sets the thread count of the
 * BLAS library, which is one per process.
 *
 * Processes: after a fork while no other thread is in the library, the child may open and use
 * devices of its own, with the networks and data sets it has from its parent. Devices, runs,
 * trainers and evaluators made before the fork belong to the parent: in the child, training and
 * evaluating with one returns ANNC_DEVICE, and there is no need to free it.
 *
 * Notation: layers l = 1...L have n_l units; a^0 = x, z^l = W^l a^(l-1) + b^l, a^l = f(z^l). C is
 * the cost of one example; the cost of a minibatch of m examples is their mean. W^l is n_l x
 * n_(l-1). Matrices are row-major, and examples are rows: "count x n_0" is one example after the
 * other. */
#ifndef ANNC_H
#define ANNC_H

#include "annc_functions.h"
#include "annc_version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(ANNC_SHARED) && defined(__GNUC__)
#define ANNC_API __attribute__((visibility("default")))
#else
#define ANNC_API
#endif

/* ------------------------------------------------------------------ 1 status and build */

/* Result of a call. The values are also the exit codes of annc-gpu, except that ANNC_MEMORY exits
 * with 4, like ANNC_DEVICE. */
typedef enum annc_status {
    ANNC_OK = 0,
    ANNC_FAILURE = 1,      /* internal error of the library */
    ANNC_USAGE = 2,        /* invalid argument */
    ANNC_INPUT = 3,        /* an input is missing, malformed or inconsistent with the arguments */
    ANNC_DEVICE = 4,       /* no such device, or the device failed */
    ANNC_DIVERGED = 5,     /* the loss is no longer finite */
    ANNC_OUTPUT = 6,       /* an output could not be written */
    ANNC_CHECK_FAILED = 7, /* a gradient audit failed */
    ANNC_STOPPED = 8,      /* stopped on request, as after the last whole minibatch */
    ANNC_MEMORY = 9,       /* out of host memory, device memory or threads */
} annc_status;

/* Returns the message of this thread's last failure, with file, number and remedy, or "" before the
 * first failure. Valid until the next call that fails. */
ANNC_API const char *annc_last_error(void);
/* Copies a text to `buffer` in printable form and returns `buffer`: control characters and bytes
 * that are not UTF-8 become \xNN, and a text longer than `size` is cut and ends in "..."; NULL is
 * an empty text. */
ANNC_API const char *annc_printable(const char *text, char *buffer, size_t size);

typedef struct annc_build {
    const char *version;  /* "0.1.0" */
    const char *commit;   /* short git hash, or "unknown" */
    const char *compiler; /* name and version */
    const char *blas;     /* "OpenBLAS 0.3.21 (SkylakeX)" or "built-in" */
    const char *zlib;     /* version, or "none": gzip files cannot be read */
    const char *png;      /* libpng's version, or "none": PNG images cannot be read */
    const char *jpeg;     /* version of libjpeg's interface, or "none": JPEG images cannot be read */
    const char *cuda;     /* CUDA version of the module, or "none" */
    const char *mpi;      /* version of the MPI standard of the module, or "none" */
} annc_build;

/* Returns the versions of the library, its compiler and the libraries it was built with. */
ANNC_API annc_build annc_build_info(void);

/* Returns the size in bytes of a struct of this header, by its name ("annc_shape"), or 0 for
 * another name. A binding for another language compares it with its own definition before the first
 * call, so that a library of another version is an error and not a crash. */
ANNC_API size_t annc_struct_size(const char *name);

/* ------------------------------------------------------------------ 2 networks */

#define ANNC_ENUMERATOR(enumerator, ...) enumerator,
typedef enum annc_activation { ANNC_ACTIVATIONS(ANNC_ENUMERATOR) ANNC_ACTIVATION_COUNT } annc_activation;
typedef enum annc_cost { ANNC_COSTS(ANNC_ENUMERATOR) ANNC_COST_COUNT } annc_cost;
typedef enum annc_optimiser { ANNC_OPTIMISERS(ANNC_ENUMERATOR) ANNC_OPTIMISER_COUNT } annc_optimiser;
typedef enum annc_init { ANNC_INITS(ANNC_ENUMERATOR) ANNC_INIT_COUNT } annc_init; /* initialisers */
#undef ANNC_ENUMERATOR

/* Return the name used on the command line and in model files ("sigmoid", "cross-entropy",
 * "xavier"), or NULL for an invalid value. */
ANNC_API const char *annc_activation_name(annc_activation activation);
ANNC_API const char *annc_cost_name(annc_cost cost);
ANNC_API const char *annc_init_name(annc_init init);
ANNC_API const char *annc_optimiser_name(annc_optimiser optimiser);

enum { ANNC_MAX_LAYERS = 64, ANNC_MAX_WIDTH = 1 << 24 };

/* Layer widths, activations and cost of a network: {2, {784, 32, 10}, {ANNC_SIGMOID, ANNC_SIGMOID},
 * ANNC_QUADRATIC, 0}. */
typedef struct annc_shape {
    uint32_t layers;                             /* L, 1 to ANNC_MAX_LAYERS; inputs do not count */
    uint32_t width[ANNC_MAX_LAYERS + 1];         /* n_0 (inputs) to n_L, each 1 to ANNC_MAX_WIDTH */
    annc_activation activation[ANNC_MAX_LAYERS]; /* of layer l at l - 1 */
    annc_cost cost;
    double quantile; /* of ANNC_QUANTILE, above 0 and below 1; ignored for other costs */
} annc_shape;

/* Checks a shape: widths in range, softmax and exp only at the output, a cost that accepts the output
 * activation, and a quantile within (0, 1) if the cost needs one. ANNC_USAGE gives the reason otherwise. */
ANNC_API annc_status annc_shape_check(const annc_shape *shape);

/* Returns whether the output activation and the cost accept targets of any size. Targets are then
 * standardised by default. False for a shape with an enumerator out of range. */
ANNC_API bool annc_shape_takes_any_target(const annc_shape *shape);

/* Return the offsets of W^l and b^l, in floats, in the parameter block, which holds W^1, b^1, W^2,
 * b^2, ... without gaps; l counts from 1, and 0 is returned for an l out of range.
 * annc_shape_parameters returns the length of the block. */
ANNC_API size_t annc_shape_weights_at(const annc_shape *shape, uint32_t l);
ANNC_API size_t annc_shape_biases_at(const annc_shape *shape, uint32_t l);
ANNC_API size_t annc_shape_parameters(const annc_shape *shape);

typedef struct annc_network annc_network;
typedef struct annc_device annc_device;

/* Creates a network with all parameters 0; initialise it before training (annc_network_initialise).
 * ANNC_USAGE for an invalid shape (annc_shape_check). */
ANNC_API annc_status annc_network_create(const annc_shape *shape, annc_network **network);
ANNC_API void annc_network_free(annc_network *network);

/* Returns the shape the network was created with. */
ANNC_API const annc_shape *annc_network_shape(const annc_network *network);

/* Copies the parameters and the metadata (annc_network_set_metadata), but no further blocks. */
ANNC_API annc_status annc_network_copy(const annc_network *network, annc_network **copy);
/* Joins several networks into an ensemble: the z of the joined output layer is the mean of their
 * output layers' z, and its hidden layers hold theirs side by side. ANNC_USAGE unless the networks
 * agree in inputs, outputs, layers, activations and cost. */
ANNC_API annc_status annc_network_join(const annc_network *const *networks, uint32_t count, annc_network **joined);

/* Return the parameter block, annc_shape_parameters() floats owned by the network: w^l_jk is at
 * annc_shape_weights_at(shape, l) + j n_(l-1) + k. annc_trainer_create reads it and
 * annc_trainer_store writes it. */
ANNC_API float *annc_network_parameters(annc_network *network);
ANNC_API const float *annc_network_parameters_const(const annc_network *network);

/* Further blocks of the same length and layout, stored with the network under a name (letters, at
 * most ANNC_BLOCK_NAME - 1) and in its file as tensors "annc.NAME". A checkpoint has "first" and
 * "second", the optimiser's state, and any block the caller adds; annc_run_train adds "best", the
 * parameters of the best epoch. annc_network_set_block copies `values`, or removes the block if
 * `values` is NULL; ANNC_USAGE for an invalid name or more than ANNC_MOST_BLOCKS blocks.
 * annc_network_block returns NULL for a missing block. */
enum { ANNC_BLOCK_NAME = 16, ANNC_MOST_BLOCKS = 4 };
ANNC_API annc_status annc_network_set_block(annc_network *network, const char *name, const float *values);
ANNC_API const float *annc_network_block(const annc_network *network, const char *name);

/* Initialises the parameters by the formulas of annc_functions.h: parameter i uses number i of
 * stream 0 under the seed (Philox, src/base/philox.h), is computed in double and rounded once, so
 * that every device gives the same bits. */
ANNC_API annc_status annc_network_initialise(annc_network *network, annc_device *device, annc_init init, uint64_t seed);

/* Returns the initialiser that ANNC_INIT_AUTO selects for the shape; returns any other unchanged,
 * and ANNC_INIT_AUTO for an invalid shape. */
ANNC_API annc_init annc_init_resolve(annc_init init, const annc_shape *shape);

/* Text stored with the network and in its file. annc_network_set_metadata sets a value, or removes
 * the key if `value` is NULL. annc_network_metadata returns NULL for a missing key; its result
 * lives until the key is set again. Keys that begin with "annc." are the library's: a model with
 * others is neither saved nor loaded. These are in use and stable:
 *
 * network: "annc.version", "annc.layers" ("784-32-10"), "annc.activations" ("sigmoid-sigmoid"),
 * "annc.cost", "annc.quantile" (a hexadecimal float, of that cost only), "annc.init", "annc.seed",
 * "annc.ensemble" (how networks were joined), "annc.layer_names" (of another program's file, in
 * order, separated by commas);
 * training: "annc.epochs", "annc.batch", "annc.lr" (a hexadecimal float), "annc.config" (the run's
 * options, one line "name = value" each);
 * data: "annc.data" (source), "annc.classes" (JSON array of class names), "annc.scale"
 * (annc_scale_name), "annc.input_shift", "annc.input_factor", "annc.input_fill",
 * "annc.target_shift", "annc.target_factor" (JSON arrays of hexadecimal floats: fill replaces a
 * missing x, and x becomes (x - shift) factor), "annc.inputs", "annc.targets" (JSON arrays of
 * column names; an input of a column of words is "column=level"), "annc.categories" (the columns of
 * words: JSON array of {"column", "first" input, "levels", "unseen" (indices of levels without training
 * rows), "other", "missing" (whether there are such inputs after those of the levels)}), "annc.dates"
 * (JSON array of the inputs that are dates, from 0: days since 1970-01-01),
 * "annc.input_min", "annc.input_max", "annc.input_mean", "annc.input_deviation" (JSON
 * arrays of hexadecimal floats: each input in the training rows, in the units of the file, or all
 * inputs together where there are more than 65536; of a file larger than the memory, a sample of the
 * rows), "annc.label" (column name) and "annc.weight" (of a column or array),
 * "annc.label_separator" (of several labels in a cell of that column), "annc.table" ([fields per
 * row, position of the label, whether the file had a header]), "annc.transpose" ("true" for
 * transposed images),
 * "annc.images" ([rows, columns, white, background 0 mixed 1 dark 2 light, flat, MNIST-like] of the
 * training images; rows is 0 for other data);
 * checkpoints: "annc.state" (annc_trainer_checkpoint), "annc.progress" and "annc.measured"
 * (annc_run_train), "annc.run" and "annc.machine" (annc-gpu); networks of a sweep:
 * "annc.candidate" and "annc.progress" (annc_candidate_store). */
ANNC_API annc_status annc_network_set_metadata(annc_network *network, const char *key, const char *value);
ANNC_API const char *annc_network_metadata(const annc_network *network, const char *key);
/* Returns entry i in bytewise order of the keys through `key` and `value`; false past the last. */
ANNC_API bool annc_network_metadata_at(const annc_network *network, size_t i, const char **key, const char **value);

/* ------------------------------------------------------------------ 3 data sets */

typedef struct annc_dataset annc_dataset;

/* Element type of a data set's inputs. */
typedef enum annc_input_type {
    ANNC_BYTES,  /* uint8_t, divided by `divisor` in each minibatch */
    ANNC_FLOATS, /* float, used unchanged */
} annc_input_type;

/* The arrays of a data set. Either `labels` or `targets` is set; the other is NULL.
 *
 * Weights of rows: an example of weight 2 counts as two examples, one of weight 0 as none. Training
 * multiplies the cost C of each example by its weight, as by that of its class, and measures are
 * weighted means. Only their ratios matter: a data set scales them so that their mean is 1, and has
 * none, NULL, if all are equal. */
typedef struct annc_examples {
    uint32_t count;        /* examples */
    uint32_t inputs;       /* n_0 */
    uint32_t outputs;      /* n_L: classes, or targets per example */
    annc_input_type type;  /* of x */
    float divisor;         /* of bytes; 1 = no scaling */
    const void *x;         /* count x inputs */
    const int32_t *labels; /* count, each 0...outputs-1 (0 or 1 if outputs is 1), or NULL */
    const float *targets;  /* count x outputs, or NULL */
    const float *weights;  /* count, finite, 0 or more and not all 0; or NULL: all 1 */
} annc_examples;

/* Creates a data set from a copy of these arrays, without scaling inputs and targets; rows of
 * weight 0 stay. ANNC_INPUT names the row of a label out of range, of a value that is not finite or
 * of a negative weight; ANNC_USAGE for a missing array. */
ANNC_API annc_status annc_dataset_create(const annc_examples *examples, annc_dataset **dataset);
ANNC_API void annc_dataset_free(annc_dataset *dataset);
/* Returns the inputs and targets as the network receives them, scaled, and the weights with mean
 * 1. */
ANNC_API const annc_examples *annc_dataset_examples(const annc_dataset *dataset);
/* Writes rows and columns of an image (28 and 28), or inputs and 1 if the examples are not
 * images; 0 and 0 for NULL. */
ANNC_API void annc_dataset_image_size(const annc_dataset *dataset, uint32_t *rows, uint32_t *columns);
/* Writes example i as an image of rows x columns bytes, 0 black and 255 white: bytes unchanged,
 * floats times 255, or, if any lies outside [0, 1], stretched from the least to the largest. Writes
 * nothing if there is no example i. */
ANNC_API void annc_dataset_image(const annc_dataset *dataset, uint32_t i, uint8_t *grey);
/* Returns the number of examples, and, of one of several shards (annc_data_options.shards), of
 * those of all shards; 0 for NULL. */
ANNC_API uint32_t annc_dataset_total(const annc_dataset *dataset);
/* Writes the number of these examples in each class to annc_dataset_class_count counts. */
ANNC_API void annc_dataset_count_classes(const annc_dataset *dataset, uint32_t *counts);
/* Returns a 64-bit hash of the counts, the inputs, the labels or targets, and the weights. */
ANNC_API uint64_t annc_dataset_fingerprint(const annc_dataset *dataset);
/* Returns whether the data set has labels of classes, rather than targets. */
ANNC_API bool annc_dataset_has_classes(const annc_dataset *dataset);
/* Returns the class of each example: its label, or, where the targets of every example are one-hot
 * (one is 1, the others are 0), the number of the target that is 1; NULL for other targets. */
ANNC_API const int32_t *annc_dataset_labels(const annc_dataset *dataset);
/* Returns the number of classes: n_L, or 2 for a single output; 0 where annc_dataset_labels returns
 * NULL. */
ANNC_API uint32_t annc_dataset_class_count(const annc_dataset *dataset);
/* Returns the original label of a class, or the name of a one-hot target, as text; classes count
 * from 0. NULL if the data set has no such class. */
ANNC_API const char *annc_dataset_class_name(const annc_dataset *dataset, uint32_t class_index);

/* Returns the name of a target, from its column in the training data, or its number; NULL if the
 * data set has labels or the name is unknown. */
ANNC_API const char *annc_dataset_target_name(const annc_dataset *dataset, uint32_t target);
/* Returns the number of example i's row in its file or arrays, from 1, without the header but with
 * the rows that were dropped for missing values or a weight of 0; 0 for an example that does not
 * exist. */
ANNC_API uint64_t annc_dataset_row(const annc_dataset *dataset, uint32_t i);

typedef enum annc_source {
    ANNC_SOURCE_PATH,   /* a directory, or a file: IDX images, a text table, NPY, NPZ */
    ANNC_SOURCE_MNIST,  /* MNIST, from $ANNC_DATA, data/mnist or the user's cache directory */
    ANNC_SOURCE_DIGITS, /* the built-in digits, generated */
    ANNC_SOURCE_ARRAYS, /* arrays in memory, annc_data_options.arrays */
} annc_source;

/* Type of the numbers of an array. */
typedef enum annc_number {
    ANNC_NUMBER_UINT8,
    ANNC_NUMBER_FLOAT32,
    ANNC_NUMBER_FLOAT64, /* scaled in double; at most the largest float */
    ANNC_NUMBER_COUNT
} annc_number;

typedef enum annc_choice { ANNC_AUTO, ANNC_YES, ANNC_NO } annc_choice;

/* A column of arrays whose cells are text, as in a text table: words, whose levels become inputs of 0
 * and 1, dates ("2024-03-31T12:30:45.25+02:00" and the like; docs/tables.md has the rules), which become
 * days since 1970-01-01, or numbers. The cells "", "NA", "?" and their like are missing. */
typedef struct annc_text_column {
    uint32_t column; /* of x, from 0; the numbers there are ignored */
    /* Whether each text is a level; auto: if most cells, without the missing ones, are neither numbers
     * nor dates. A model's column is what it was in training. */
    annc_choice categorical;
    const uint32_t *cells;    /* count indices into texts; UINT32_MAX = missing */
    const char *const *texts; /* UTF-8 */
    uint32_t text_count;
} annc_text_column;

/* Rows in memory, in the units of the data; read during the call only. Either `labels` or `targets`
 * is set, and the other is NULL. Where both have names, the columns of the training data are found by
 * their names, and further columns are ignored. */
typedef struct annc_arrays {
    uint32_t count, inputs;         /* rows, and n_0 */
    annc_number type;               /* of x; bytes are treated as pixels, floats as numbers */
    const void *x;                  /* count x inputs; NaN = missing value */
    const char *const *input_names; /* of the columns of x, or NULL */
    const uint32_t *labels;         /* count indices into label_names, or NULL */
    const char *const *label_names; /* texts as in a file: "3", "rose" */
    uint32_t label_count;           /* label names */
    uint32_t outputs;               /* targets per row */
    const double *targets;          /* count x outputs, or NULL */
    /* Of the rows: count, finite, 0 or more and not all 0; NULL = all equal. Rows of weight 0 are
     * left out. */
    const double *weights;
    const annc_text_column *texts; /* by increasing column; NULL = none */
    uint32_t text_count;
    /* Each row of x is an image, its rows from the top, without columns of text; 0 = features. */
    uint32_t image_rows, image_columns;
} annc_arrays;

/* Treatment of missing values in a text table. */
typedef enum annc_missing {
    ANNC_MISSING_ERROR, /* an error */
    ANNC_MISSING_DROP,  /* drop the row */
    ANNC_MISSING_MEAN,  /* replace an input by its mean over the training rows */
} annc_missing;

/* Format of a text table. A character that is 0 is detected from the file. */
typedef struct annc_text_options {
    char separator; /* between fields; ' ' = runs of blanks */
    char decimal;   /* '.' or ',' */
    char thousands; /* ',' or '.'; 0 = none */
    /* Between labels in one cell of the label's column, as in "a;b": each label is a target of 0 or
     * 1. A blank or ASCII punctuation; 0 = a cell is one class. With a model, its own is used. */
    char label_separator;
    annc_choice header;
    uint32_t skip; /* leading lines to skip, of `path` */
    annc_missing missing;
    /* Column of class labels: a name, or a number from 1. NULL: detected by its name or its text
     * values. */
    const char *label;
    /* Columns of numeric targets, "a,b", instead of a label; or NULL. */
    const char *target;
    const char *drop; /* columns to ignore, "a,b", or NULL */
    /* Inputs "a,b" that are words, each text a level with an input of 0 and 1, and inputs that are
     * numbers or dates; or NULL. Of other inputs, those are words most of whose cells are neither. */
    const char *categorical, *numeric;
    /* Column, or array of an NPZ file, of the weights of the rows, 0 or more, which is no input; or
     * NULL. Rows of weight 0 are left out. With a model, the column of its training data is used,
     * if the table has it. The test arrays of an NPZ file have weights if the name ends with
     * "_train", and there is one with "_test". */
    const char *weight;
} annc_text_options;

/* Scaling of inputs and targets. Only the training rows determine its constants. */
typedef enum annc_scale {
    /* 255 for bytes, and for 64 or more integer inputs within 0...255 that reach 128; otherwise
     * standardise. */
    ANNC_SCALE_AUTO,
    ANNC_SCALE_NONE,        /* no scaling */
    ANNC_SCALE_255,         /* divided by 255 */
    ANNC_SCALE_MIN_MAX,     /* range of each input to [0, 1] */
    ANNC_SCALE_STANDARDISE, /* each input to mean 0, standard deviation 1; constant inputs to 0 */
    ANNC_SCALE_COUNT
} annc_scale;

/* Returns "auto", "none", "255", "min-max" or "standardise", or NULL for an invalid value. */
ANNC_API const char *annc_scale_name(annc_scale scale);

/* What to load. Most callers set only source (or path), need_train and need_test. */
typedef struct annc_data_options {
    annc_source source;
    const char *path;             /* ANNC_SOURCE_PATH */
    const char *labels_path;      /* of the training images; NULL = found by name */
    const char *test_path;        /* test set, if `path` does not contain it; or NULL */
    const char *test_labels_path; /* labels of the test set, if in a file of their own; or NULL */
    /* Weights of the rows of images or arrays, an NPY or NPZ file of one array; or NULL. They are
     * of the training set, or, where only a test set is needed, of that. */
    const char *weights_path;
    /* Names of the arrays of inputs and of labels or targets in an NPZ file; NULL = found by
     * name. */
    const char *x_name, *y_name;
    bool transpose; /* transpose stored images (as EMNIST needs) */
    annc_text_options text;
    annc_scale scale;        /* of the inputs */
    annc_scale target_scale; /* of targets; auto = standardise, unless several are all 0 or 1 */
    uint32_t outputs;        /* n_L of the network to train; 0 = number of classes */
    /* A trained network, whose classes, columns and scaling apply to these data; or NULL. */
    const annc_network *model;
    /* Labels or targets may be missing from the files; they are then 0. */
    bool unlabelled;
    bool need_train; /* a set that is not needed may be missing; it is then NULL */
    bool need_test;
    double validation;                   /* stratified share of training rows for validation; 0 = none */
    const char *validation_path;         /* validation file instead, or NULL */
    uint32_t test_skip, validation_skip; /* leading lines to skip of test_path and validation_path */
    uint32_t folds, fold;                /* validate on fold `fold`, from 0, of `folds`; 0 = no folds */
    uint64_t seed;                       /* of the choice of validation rows */
    /* Of `shards` consecutive parts of the training rows, keep only part `shard`, from 0; 0 or 1 =
     * all rows. Scaling and classes are those of all rows. Raw IDX files of bytes, NPY files of
     * bytes or float32, and text tables are mapped, and must not change meanwhile; other files are
     * read whole, and the other rows then given up. ANNC_USAGE with weights of rows or folds. */
    uint32_t shards, shard;
    /* ANNC_SOURCE_ARRAYS: the rows to train with, or to test with if need_train is false; and rows
     * for validation, or NULL. */
    const annc_arrays *arrays, *validation_arrays;
    int threads; /* that read a text table; 0 = as many as processors are available */
} annc_data_options;

/* File format, detected from the content. */
typedef enum annc_format {
    ANNC_FORMAT_IDX,
    ANNC_FORMAT_TEXT,
    ANNC_FORMAT_NPY,
    ANNC_FORMAT_NPZ,
    ANNC_FORMAT_PNG,
    ANNC_FORMAT_JPEG
} annc_format;

/* Training, validation and test sets as loaded. */
typedef struct annc_data {
    annc_dataset *train, *validation, *test;
    char description[512];                /* source of the data, in printable text */
    struct annc_preparation *preparation; /* internal; see annc_data_describe */
    char notes[2048];                     /* assumptions of the reader, one per line; "" = none */
    annc_format format;                   /* of the first file; unset for the built-in digits */
} annc_data;

/* Loads data sets: IDX files (raw or gzip, any element type, any spelling of the names), text
 * tables, NPY and NPZ, folders with a subfolder of PNG or JPEG pictures per class, arrays in memory,
 * or the built-in digits (60,000 and 10,000 images of 28 x 28 bytes, always the same), and scales
 * them. The caller owns the data sets and frees them with annc_data_free; absent sets are NULL.
 * Every count is checked against the size of its file before memory is allocated for it. ANNC_INPUT
 * names the file and the fault. */
ANNC_API annc_status annc_data_load(const annc_data_options *options, annc_data *data);
/* Frees the data sets and all else that `data` owns, but not the struct. */
ANNC_API void annc_data_free(annc_data *data);

typedef struct annc_reader annc_reader;

/* Opens the examples to predict, options->path, or standard input if it is "-", for options->model,
 * whose columns, classes and scaling apply; options->outputs is its n_L. A text table is read in
 * pieces, in memory independent of its length. Its first 8 MiB determine separator, header, decimal
 * mark, encoding and columns for the whole table; if a pipe pauses earlier, the data of the first
 * 0.3 s do, at least one row. Other files are read at once. Everything the options point to must
 * outlive the reader. Fails as annc_data_load. */
ANNC_API annc_status annc_reader_open(const annc_data_options *options, annc_reader **reader);
ANNC_API void annc_reader_close(annc_reader *reader);
/* Reads the next examples, in file order, into a data set that the caller frees. Its row count is a
 * power of two, or smaller at the end and after a pipe paused for 0.1 s; *piece is NULL past the
 * last. Labels and targets are all 0. ANNC_INPUT names the faulty line, after all rows before it
 * have been returned. The size of the pieces does not change how a file is read: the examples equal
 * those of annc_data_load. */
ANNC_API annc_status annc_reader_next(annc_reader *reader, annc_dataset **piece);
/* Return the source of the examples and the reader's assumptions, as in annc_data; the notes may
 * grow until the last piece. */
ANNC_API const char *annc_reader_description(const annc_reader *reader);
ANNC_API const char *annc_reader_notes(const annc_reader *reader);

/* Writes the classes, columns and scaling of the data into a network's metadata. A model saved
 * without them takes its inputs unscaled. */
ANNC_API annc_status annc_data_describe(const annc_data *data, annc_network *network);

/* Converts targets of the data set, which were scaled, back to the units of the file, in place.
 * targets: count x outputs. */
ANNC_API void annc_dataset_unscale(const annc_dataset *dataset, uint32_t count, float *targets);
/* Writes the same as doubles, which keep small differences of large targets. targets and unscaled:
 * count x outputs. */
ANNC_API void annc_dataset_unscale_f64(const annc_dataset *dataset, uint32_t count, const float *targets,
                                       double *unscaled);
/* Returns how many significant digits show what is known of a prediction of a target in the units
 * of the file: 9, as for any float, and up to 17 for targets of small differences and a large
 * mean. */
ANNC_API int annc_dataset_target_digits(const annc_dataset *dataset, uint32_t target);

/* Finds the directory of MNIST on this machine and writes its name to `path` (of `size` bytes).
 * ANNC_INPUT if no directory has it; ANNC_MEMORY. */
ANNC_API annc_status annc_mnist_find(char *path, size_t size);

typedef struct annc_fetch_options {
    const char *folder;                                /* NULL = the user's cache directory */
    double connect_seconds;                            /* timeout per mirror */
    void (*progress)(void *context, const char *line); /* called at each step; or NULL */
    /* Called ten times per second; true stops with ANNC_STOPPED. Or NULL. */
    bool (*stop)(void *context);
    void *context;
} annc_fetch_options;

/* Downloads the four MNIST files (data/mnist.txt lists mirrors and checksums), each to a temporary
 * name, verifies it and renames it. Correct files that exist are kept, packed or not, so that a
 * repeated call resumes a failed download. A file that can be read but is not MNIST's is never
 * replaced, and nothing is then downloaded; afterwards annc_data_load reads the verified files.
 * Writes the directory used to `folder` (of `size` bytes). ANNC_INPUT gives the fault of each
 * mirror. */
ANNC_API annc_status annc_mnist_fetch(const annc_fetch_options *options, char *folder, size_t size);

/* ------------------------------------------------------------------ 4 devices */

typedef enum annc_device_kind {
    ANNC_DEVICE_AUTO, /* first device other than the CPU, or the CPU; see annc_device_open_for */
    ANNC_DEVICE_CPU,
    ANNC_DEVICE_CUDA,
    ANNC_DEVICE_COUNT
} annc_device_kind;

/* Returns "auto", "cpu" or "cuda", or NULL for an invalid value. */
ANNC_API const char *annc_device_kind_name(annc_device_kind kind);

typedef struct annc_device_options {
    annc_device_kind kind;
    int index;   /* of the CUDA device */
    int threads; /* of the CPU; 0 = automatic */
} annc_device_options;

typedef struct annc_device_info {
    char kind[16];          /* "cpu" or "cuda"; "simulated" for CUDA code without a GPU */
    char name[256];         /* "AMD EPYC, OpenBLAS 0.3.21" or "NVIDIA H100 80GB HBM3" */
    char why[256];          /* reason for the choice: "no CUDA device: no driver" */
    int compute_capability; /* 90 for 9.0; 0 for a CPU */
    int multiprocessors;    /* 0 for a CPU */
    int threads;            /* of the CPU */
    uint64_t memory_bytes;  /* total */
    uint64_t memory_free;
} annc_device_info;

/* Opens a device. ANNC_DEVICE gives the reason: no driver, no device, a driver too old. ANNC_MEMORY
 * gives sizes. */
ANNC_API annc_status annc_device_open(const annc_device_options *options, annc_device **device);
ANNC_API void annc_device_close(annc_device *device);
/* Returns the device's properties; memory_free is the value when the device was opened. */
ANNC_API const annc_device_info *annc_device_describe(const annc_device *device);
/* Returns the number of CUDA devices, or 0 and the reason in `why` (of `size` bytes). */
ANNC_API int annc_device_cuda_count(char *why, size_t size);

/* ------------------------------------------------------------------ 5 training
 *
 * Each step takes a minibatch of m examples, computes the gradient of their mean cost by
 * backpropagation (section 8), and replaces theta by theta - eta dC/dtheta, or by the update of
 * another optimiser (annc_functions.h). An epoch uses every example once, in an order determined by
 * seed and epoch. */

typedef enum annc_engine {
    ANNC_ENGINE_AUTO,     /* the fastest engine that accepts the network */
    ANNC_ENGINE_OPS,      /* one operation after another */
    ANNC_ENGINE_RECORDED, /* a block of steps, recorded once and replayed (CUDA) */
    /* Whole steps of a small network in one call; skips zero inputs if many are zero (CPU). */
    ANNC_ENGINE_FUSED,
    /* Whole steps of a small network in one launch, by blocks that exchange results (CUDA, compute
     * capability 9.0 and newer). */
    ANNC_ENGINE_CLUSTER,
    /* Whole steps of a small network in one block of threads, and of many networks at once
     * (CUDA). */
    ANNC_ENGINE_BLOCK,
    /* As block, for one hidden layer and inputs of bytes, on tensor cores (CUDA, compute capability
     * 9.0 and newer). */
    ANNC_ENGINE_TENSOR,
    /* As block, with the inputs divided among the blocks of a cluster (CUDA, compute capability 9.0
     * and newer). */
    ANNC_ENGINE_SPLIT,
    ANNC_ENGINE_COUNT
} annc_engine;

/* Returns "auto", "ops", "recorded", "fused", "cluster", "block", "tensor" or "split", or NULL for
 * an invalid value. */
ANNC_API const char *annc_engine_name(annc_engine engine);

/* Precision of the products of a training on a GPU: of matrices of fp32 numbers, with sums in fp32.
 * Parameters and everything else are fp32. tf32 and bf16 need compute capability 8.0. */
typedef enum annc_precision {
    ANNC_FP32,
    ANNC_TF32, /* factors are rounded to 11 bits, on tensor cores */
    ANNC_BF16, /* factors are rounded to 8 bits, on tensor cores */
    ANNC_PRECISION_COUNT
} annc_precision;

/* Returns "fp32", "tf32" or "bf16", or NULL for an invalid value. */
ANNC_API const char *annc_precision_name(annc_precision precision);
/* Bounds of random image transformations. Each example of each epoch draws its own amounts, uniform
 * within the bounds; 0 = off. Pixels from beyond the edge are 0. */
typedef struct annc_augmentation {
    double shift;    /* pixels, down and right */
    double rotation; /* degrees */
    /* Elastic distortion (Simard, Steinkraus and Platt 2003): each pixel is displaced by `elastic`
     * pixels times random numbers within (-1, 1), one per pixel and direction, that a Gaussian of
     * sum 1 and this standard deviation smooths: 0.5 to 32 pixels, 0 = 4. */
    double elastic, elastic_sigma;
    double zoom; /* share, below 1: sizes are 1 - zoom to 1 + zoom of the original */
} annc_augmentation;

/* Terms that training adds to the mean of C over a minibatch; all zero = none. They do not affect
 * evaluation; only class weights and label smoothing affect the reported loss. */
typedef struct annc_objective {
    /* Factor of C per class, beside the weights of rows: n_L values, 2 for a single output. NULL:
     * all 1. */
    const float *class_weights;
    /* e within [0, 1): targets of labels are (1 - e) one-hot + e / n (Szegedy et al. 2016). */
    double label_smoothing;
    /* Add l2/2 times the sum of w^2 and l1 times the sum of |w| over all weights, not biases. */
    double l2, l1;
    /* Share of each hidden layer set to 0, within [0, 1); the rest is scaled by 1 / (1 - share). */
    double dropout;
    double input_dropout; /* the same for the inputs (Srivastava et al. 2014) */
    double input_noise;   /* standard deviation of normal noise added to each input */
} annc_objective;

/* Computes class_weights that balance classes of different sizes: n / (classes x n_c) for a class
 * with n_c of the n examples, or with n_c of their weight, so that each class has the same total
 * weight (scikit-learn's "balanced"); 0 for a class without examples. weights:
 * annc_dataset_class_count() values.
 * ANNC_USAGE if the data set has targets. */
ANNC_API annc_status annc_class_weights_balanced(const annc_dataset *dataset, float *weights);

/* Learning rate schedules. T is the length of the schedule in steps, t the step from 0. */
typedef enum annc_schedule_kind {
    ANNC_CONSTANT,
    ANNC_STEP_DECAY,  /* times `factor` (0.1) after every `period` (10) epochs */
    ANNC_EXPONENTIAL, /* times `factor` (0.95) after every epoch */
    ANNC_COSINE,      /* eta (1 + cos(pi t / T)) / 2 (Loshchilov and Hutter 2017) */
    /* By cosines from eta / 25 up to eta over 0.3 T, then down to eta / 250000 (Smith and Topin
     * 2018, with torch's constants). */
    ANNC_ONE_CYCLE,
    /* Times `factor` (0.1) if the loss has not fallen by a relative 1e-4 for `period` (10)
     * epochs. */
    ANNC_PLATEAU,
    ANNC_SCHEDULE_COUNT
} annc_schedule_kind;

/* Returns "constant", "step", "exponential", "cosine", "one-cycle" or "plateau", or NULL for an
 * invalid value. */
ANNC_API const char *annc_schedule_name(annc_schedule_kind kind);

typedef struct annc_schedule {
    annc_schedule_kind kind;
    double warmup;   /* epochs of linear rise from 0 to the schedule's rate; 0 = none */
    double factor;   /* within (0, 1); 0 = default of the kind */
    uint32_t period; /* 0 = default of the kind */
    uint32_t epochs; /* T in epochs, required by cosine and one-cycle; the last rate then holds */
} annc_schedule;

/* Returns the learning rate of a step (from 0) of an epoch (from 0); NaN for an invalid kind. */
ANNC_API double annc_schedule_rate(const annc_schedule *schedule, double eta, uint32_t epoch, uint32_t step,
                                   uint32_t steps);

/* Training options. Only eta and batch must not be 0; with all else 0, training is gradient descent
 * at a constant rate. */
typedef struct annc_training_options {
    annc_optimiser optimiser; /* annc_functions.h defines the equations */
    double eta;               /* learning rate, finite and above 0 */
    /* Of the optimiser: momentum or beta1; beta2 or decay of squares; term that avoids division by
     * 0. */
    double mu, rho, epsilon;
    double decay; /* decoupled: each step multiplies weights, not biases, by 1 - eta decay */
    double clip;  /* scale down a gradient of a larger norm (all parameters); 0 = no limit */
    /* After each step, scale down a unit's incoming weights if their norm is larger; 0 = no
     * limit. */
    double max_norm;
    annc_schedule schedule;
    annc_objective objective;
    annc_augmentation augmentation; /* of images; other data sets reject it */
    /* Examples per minibatch, at least 1; reduced to the number of examples if larger. */
    uint32_t batch;
    uint64_t seed; /* of example order, dropout and noise */
    annc_engine engine;
    annc_precision precision; /* of the training alone: evaluations are fp32 */
    /* Consecutive parts of the training rows, each with an order of its own, from which a minibatch
     * takes equal numbers of rows; 0 or 1 = one order of all rows. Divides `batch`. A group of so
     * many ranks may have one shard per rank; a process alone trains likewise on all of them. */
    uint32_t shards;
} annc_training_options;

/* Returns options with the optimiser's default eta, mu, rho, epsilon and decay, minibatches of 16,
 * seed 0 and all else off. */
ANNC_API annc_training_options annc_training_defaults(annc_optimiser optimiser);
/* Checks options for a network of a shape. ANNC_USAGE gives the invalid value and the valid
 * ones. */
ANNC_API annc_status annc_training_check(const annc_training_options *options, const annc_shape *shape);

/* What a training needs beside its data. */
typedef struct annc_plan {
    annc_shape shape;
    annc_training_options training;
    uint32_t epochs; /* the schedule's length, too */
} annc_plan;

/* Parts of a plan that the caller has chosen. NULL, or 0, leaves a part to annc_plan_make. */
typedef struct annc_wishes {
    const uint32_t *hidden; /* hidden_count widths of the hidden layers */
    uint32_t hidden_count;
    const annc_activation *activation, *output_activation; /* of all hidden layers; of the output layer */
    const annc_cost *cost;
    double quantile; /* of ANNC_QUANTILE; 0 = 1/2 */
    const annc_optimiser *optimiser;
    uint32_t batch, epochs;
} annc_wishes;

/* Makes the plan of a training on these data, as `annc-gpu train` does without options: images of
 * 28 x 28 bytes in ten classes get the tutorial's job (784-32-10, sigmoid, quadratic cost, gradient
 * descent), other bytes a network for images, and all else one for tables, as bench/defaults.py
 * measured them. Classes get softmax and the categorical cross-entropy, several targets that are
 * all 0 or 1 get sigmoid and the cross-entropy, other targets get identity and the quadratic cost;
 * Poisson's cost gets exp, and exp gets Poisson's cost;
 * the rest of the plan follows from the wishes. `wishes` may be NULL. The seed is 0 and the
 * initialiser is meant to be ANNC_INIT_AUTO. The plan may be changed before it is used. ANNC_USAGE
 * for wishes that make no valid shape. */
ANNC_API annc_status annc_plan_make(const annc_dataset *train, const annc_wishes *wishes, annc_plan *plan);

/* Checks that a device has the memory for a training, before allocating any. ANNC_MEMORY gives the
 * bytes of weights, optimiser, minibatch, engine and examples, and the free bytes. */
ANNC_API annc_status annc_training_fits(const annc_device *device, const annc_shape *shape,
                                        const annc_training_options *options, const annc_dataset *train);

/* As annc_device_open, except that ANNC_DEVICE_AUTO selects the CPU if its whole-step engine
 * accepts the training and is estimated to end it before a GPU would: a GPU takes about 0.4 s to
 * start, and many of its steps take longer for a small network than those of a CPU. training NULL:
 * for evaluations. train NULL, epochs 0: not known yet; then the times of one step decide, and of
 * engines that take some types of inputs only none counts. */
ANNC_API annc_status annc_device_open_for(const annc_device_options *options, const annc_shape *shape,
                                          const annc_training_options *training, const annc_dataset *train,
                                          uint32_t epochs, annc_device **device);

/* Early stopping on a validation loss, for a training loop of your own; annc_run (section 7) uses
 * the same rule. Epochs count from 1. annc_epoch_is_better returns whether the loss is finite and
 * smaller than that of the best epoch so far (best_epoch 0: no epoch yet); of equal losses the
 * earlier stays. annc_patience_is_over returns whether `patience` epochs (0 = no limit) have passed
 * since the best. */
ANNC_API bool annc_epoch_is_better(double loss, uint32_t best_epoch, double best_loss);
ANNC_API bool annc_patience_is_over(uint32_t patience, uint32_t epoch, uint32_t best_epoch);

/* An engine: a way to run training steps on a device. */
typedef struct annc_engine_info {
    annc_engine engine;
    const char *name;    /* "fused" */
    const char *about;   /* its method: a sentence without full stop */
    const char *refusal; /* why it rejects the training, a clause; NULL = it accepts */
    double seconds;      /* per step, estimated; NaN = unknown */
} annc_engine_info;

/* Lists the engines of a device, at most `most`, and returns their number: first those that reject
 * the training, then those that accept it, the fastest first. ANNC_ENGINE_AUTO selects the first
 * without a refusal. The last runs one operation after another
 * and accepts every training. Texts are static. Returns 0 for invalid options or an invalid
 * shape. */
ANNC_API size_t annc_device_engines(const annc_device *device, const annc_shape *shape,
                                    const annc_training_options *training, annc_engine_info *list, size_t most);

typedef struct annc_trainer annc_trainer;

/* Creates a trainer: stages the training set on the device once and allocates the parameters and
 * the buffers of one minibatch. The network, the device and the data set must outlive it.
 * ANNC_USAGE for invalid options (annc_training_check); ANNC_INPUT if data and network do not match
 * (inputs, outputs, targets outside the cost's range); ANNC_MEMORY with needed, free and total
 * bytes. */
ANNC_API annc_status annc_trainer_create(annc_device *device, annc_network *network, const annc_dataset *train,
                                         const annc_training_options *options, annc_trainer **trainer);
ANNC_API void annc_trainer_free(annc_trainer *trainer);

typedef struct annc_epoch {
    uint32_t epoch;    /* 1 for the first */
    uint32_t steps;    /* minibatches trained */
    uint32_t examples; /* examples trained */
    /* Sum over minibatches of the minibatch's mean cost, weighted, each before its step. */
    double loss;
    double rate;      /* learning rate of the last step */
    uint32_t correct; /* training examples classified correctly, each before its step; not weighted */
    double seconds;   /* training alone; its share, if several networks train in one launch */
} annc_epoch;

/* Trains one epoch: every example once, in the epoch's order. `stop`, unless NULL, is called
 * between blocks of steps; true leaves the epoch with ANNC_STOPPED. The report then covers the
 * epoch so far, and the next call continues the epoch and ends with the same bits. ANNC_DIVERGED
 * names the first step whose cost was not finite; the trainer's parameters are then unusable, and
 * the network keeps those stored last. */
ANNC_API annc_status annc_trainer_epoch(annc_trainer *trainer, bool (*stop)(void *context), void *context,
                                        annc_epoch *report);

/* Sets eta, for schedules of the caller's own: the schedule uses it from the next
 * annc_trainer_epoch on. Checkpoints do not contain it. ANNC_USAGE unless it is finite and above
 * 0. */
ANNC_API annc_status annc_trainer_set_rate(annc_trainer *trainer, double eta);

/* Passes the loss of the epoch, on the most reliable data available, to ANNC_PLATEAU; lower is
 * better. */
ANNC_API void annc_trainer_report(annc_trainer *trainer, double loss);

/* Returns the completed share of an epoch's steps, 0...1, as of the last call of `stop`, which may
 * show it. */
ANNC_API double annc_trainer_progress(const annc_trainer *trainer);

/* Returns the engine in use: "ops", "recorded", "fused, sparse", "fused, dense", "cluster",
 * "block", "tensor", "split". */
ANNC_API const char *annc_trainer_engine(const annc_trainer *trainer);
/* Returns the number of examples on the device at once: all, or a window of them if they do not
 * fit. */
ANNC_API uint32_t annc_trainer_window(const annc_trainer *trainer);
/* Copies the parameters from the device into the network. ANNC_DIVERGED names the first that is not
 * finite. The network is unchanged after an error. */
ANNC_API annc_status annc_trainer_store(annc_trainer *trainer);

/* Copies the whole state of a training between two steps into a network that the caller frees: the
 * trainer's current parameters, its network's metadata, the optimiser's state as blocks, and the
 * position in "annc.state". annc_model_save and annc_model_load (section 9) save and load it. */
ANNC_API annc_status annc_trainer_checkpoint(annc_trainer *trainer, annc_network **checkpoint);
/* Restores a new trainer, which has not trained yet, to the state of a checkpoint. On the same
 * device and engine, training ends with the same bits as without interruption. The schedule keeps
 * its original length. ANNC_INPUT if the network is not a checkpoint, or was taken with other data
 * or another shape, optimiser, batch size or seed. */
ANNC_API annc_status annc_trainer_resume(annc_trainer *trainer, const annc_network *checkpoint);

/* ------------------------------------------------------------------ 6 evaluation and prediction */

typedef struct annc_evaluation {
    uint32_t count; /* examples */
    /* Examples whose class, the argmax of the outputs (ties: the lowest index), is the label, or the
     * one-hot target. A single output means class 1 above 1/2, or above 0 with the hinge cost. */
    uint32_t correct;
    double loss; /* mean cost per example, weighted */
    /* Of targets, in their own units and weighted; r2 is the mean over the targets. NaN for
     * labels. */
    double r2, rmse, mae;
    /* Share of right labels where each example has several, as annc_multilabel has it; NaN for
     * other data. */
    double label_accuracy;
    /* Pinball loss and Poisson deviance as annc_cost_measures has them; NaN for other costs. */
    double pinball, poisson_deviance;
    double seconds; /* of an evaluation beside an epoch, those that the host spent on it */
    /* The weights of all examples and of the correct ones; 0 for examples without weights. */
    double weight, correct_weight;
} annc_evaluation;

typedef struct annc_evaluator annc_evaluator;

/* Creates an evaluator: stages a data set to evaluate one network on one device. All three must
 * outlive it. */
ANNC_API annc_status annc_evaluator_create(annc_device *device, const annc_network *network,
                                           const annc_dataset *dataset, annc_evaluator **evaluator);
ANNC_API void annc_evaluator_free(annc_evaluator *evaluator);
/* Evaluates the network's parameters, or, with a trainer of the network on the same device, the
 * trainer's current parameters. predictions: NULL, or count class indices; outputs: NULL, or count
 * x n_L outputs a^L. */
ANNC_API annc_status annc_evaluator_run(annc_evaluator *evaluator, const annc_trainer *trainer, int32_t *predictions,
                                        float *outputs, annc_evaluation *evaluation);

/* Returns the share of correct predictions, 0...1, by weight where there are weights; NaN without
 * examples. */
ANNC_API double annc_evaluation_accuracy(const annc_evaluation *evaluation);

/* Sample of a measure: mean and sample standard deviation (over count - 1; 0 for one value). */
typedef struct annc_spread {
    double sum, squares;
    uint32_t count;
} annc_spread;

/* Add a value; return the mean and the deviation, NaN without values. */
ANNC_API void annc_spread_add(annc_spread *spread, double value);
ANNC_API double annc_spread_mean(const annc_spread *spread);
ANNC_API double annc_spread_deviation(const annc_spread *spread);

/* The columns of a network's training data, and their inputs: a column of words has several, any
 * other column one. */
typedef struct annc_input_columns {
    uint32_t count;
    uint32_t *first;    /* count + 1, increasing from 0 to n_0: column c has the inputs first[c] up to first[c + 1] */
    const char **names; /* count; NULL if unknown */
} annc_input_columns;

/* Reads the columns from the model's metadata; each input is a column of its own if there are none.
 * ANNC_INPUT for damaged metadata. */
ANNC_API annc_status annc_input_columns_create(const annc_network *network, annc_input_columns **columns);
ANNC_API void annc_input_columns_free(annc_input_columns *columns);

/* Permutation importance (Breiman 2001; Fisher, Rudin, Dominici 2019): how much worse a network does
 * when the values of one column are exchanged between the examples. */
typedef struct annc_importance_options {
    uint32_t repeats;                  /* permutations of each column; 0 = 5 */
    uint64_t seed;                     /* of the permutations */
    const annc_input_columns *columns; /* NULL: each input by itself */
} annc_importance_options;

/* How much a column matters, a value per permutation. */
typedef struct annc_importance {
    annc_spread score; /* accuracy, or R^2 for targets without classes: before minus after */
    annc_spread loss;  /* loss per example: after minus before */
} annc_importance;

/* Computes the importance of each column; `importance` has one element per column. All devices use
 * the same permutations. unpermuted: NULL, or the evaluation before. ANNC_USAGE for data without
 * labels or targets, and for columns that do not partition the inputs. */
ANNC_API annc_status annc_importance_measure(annc_device *device, const annc_network *network,
                                             const annc_dataset *dataset, const annc_importance_options *options,
                                             annc_importance *importance, annc_evaluation *unpermuted);

/* Measures of one target, in its own units, weighted. */
typedef struct annc_target_measures {
    double r2, rmse, mae;
    /* Share of the examples, 0...1, whose prediction is on the target's side of 1/2; NaN unless the
     * target is 0 or 1 in all of them. */
    double accuracy;
} annc_target_measures;

/* Measures a target, counted from 0, of a data set with targets. outputs: count x n_L, of
 * annc_evaluator_run. ANNC_USAGE for labels or an unknown target. */
ANNC_API annc_status annc_target_measure(const annc_dataset *dataset, const float *outputs, uint32_t target,
                                         annc_target_measures *measures);

/* Measures of classification beyond accuracy. They take a data set with classes
 * (annc_dataset_labels) and the predictions and outputs (count x n_L) of annc_evaluator_run for it;
 * shape is the shape of the network, whose output activation determines what its outputs mean.
 * Measures that are of type double are weighted by the weights of the rows; those of type uint32_t
 * count rows. */

/* Computes the area under the ROC curve of two classes: the share of pairs of an example of class 1
 * and one of class 0 in which the former has the larger output for class 1, ties counted half
 * (Hanley and McNeil 1982). NaN if undefined: targets, more than two classes, examples of one class
 * only, or an output that is NaN. Fails only with ANNC_MEMORY. */
ANNC_API annc_status annc_auc_measure(const annc_dataset *dataset, const float *outputs, double *auc);
/* Returns the log loss: the mean over the examples of -ln p, where p is the probability of the true
 * class, at least 1e-15. NaN if undefined: targets, an output that is NaN, or outputs that are not
 * the probabilities of exclusive classes; softmax's and a single sigmoid's are. */
ANNC_API double annc_log_loss_measure(const annc_shape *shape, const annc_dataset *dataset, const float *outputs);

/* Checks that a threshold is within the range of the outputs, ends included. ANNC_USAGE gives the
 * range. */
ANNC_API annc_status annc_threshold_check(const annc_shape *shape, double threshold);
/* Predicts class 1 of two where its output is above the threshold, and class 0 elsewhere, and
 * counts the correct predictions anew: `correct` and `correct_weight` of the evaluation.
 * predictions: count class indices. ANNC_USAGE for targets, for any other number of classes, or for
 * a threshold out of range; the results are then unchanged. */
ANNC_API annc_status annc_threshold_apply(const annc_shape *shape, const annc_dataset *dataset, const float *outputs,
                                          double threshold, int32_t *predictions, annc_evaluation *evaluation);

/* A cell of a confusion matrix: how many examples of a class are predicted as a class. */
typedef struct annc_confusion_cell {
    uint32_t label, predicted, count;
} annc_confusion_cell;

/* A confusion matrix, in memory that grows with classes and examples, not with their squares. */
typedef struct annc_confusion {
    uint32_t classes;
    uint32_t cells;                          /* that are not 0 */
    annc_confusion_cell *cell;               /* in order of label, then predicted */
    uint32_t *support, *predicted, *correct; /* of each class, as in annc_class_measures */
    /* The weights of these examples, from which precision and recall follow. */
    double *support_weight, *predicted_weight, *correct_weight;
} annc_confusion;

/* Counts a confusion matrix; free it with annc_confusion_free. ANNC_USAGE for targets, or for a
 * prediction that is no class. */
ANNC_API annc_status annc_confusion_create(const annc_dataset *dataset, const int32_t *predictions,
                                           annc_confusion **confusion);
ANNC_API void annc_confusion_free(annc_confusion *confusion);
/* Returns the number of examples of class `label` that are predicted as class `predicted`; 0 for
 * classes that do not exist. */
ANNC_API uint32_t annc_confusion_count(const annc_confusion *confusion, uint32_t label, uint32_t predicted);
/* Writes the largest cells off the diagonal, the earlier of equals first, at most `most`. Returns
 * their number. */
ANNC_API uint32_t annc_confusion_pairs(const annc_confusion *confusion, uint32_t most, annc_confusion_cell *pairs);

/* Measures of one class, or of all. */
typedef struct annc_class_measures {
    uint32_t support, predicted, correct; /* examples of the class, predicted as it, and both */
    double precision;                     /* correct / predicted; 0 if none is predicted */
    double recall;                        /* correct / support; 0 without examples */
    double f1;                            /* harmonic mean of the two; 0 if both are 0 */
} annc_class_measures;

/* Returns the measures of a class, 0...classes-1; all 0 for another. */
ANNC_API annc_class_measures annc_confusion_class(const annc_confusion *confusion, uint32_t class_index);
/* Returns the sums of the counts and the means of precision, recall and F1: over the classes that
 * occur, as a true or a predicted class, with equal weights (macro), or weighted by support, which
 * is that of the weights of rows where there are any. */
ANNC_API annc_class_measures annc_confusion_mean(const annc_confusion *confusion, bool weighted);

/* Calibration: confidence (the output of the predicted class, or 1 minus a single output for class
 * 0) compared with accuracy, in bins of equal width over [0, 1]. */
enum { ANNC_CALIBRATION_BINS = 10 };
typedef struct annc_calibration {
    uint32_t count[ANNC_CALIBRATION_BINS]; /* examples */
    /* Means over the examples of a bin; 0 for an empty bin. */
    double confidence[ANNC_CALIBRATION_BINS], accuracy[ANNC_CALIBRATION_BINS];
    /* Expected calibration error (Guo et al. 2017, equation 3): the mean over the bins of
     * |confidence - accuracy|, weighted by count. NaN if undefined: see below. */
    double error;
} annc_calibration;

/* Measures calibration. The error is NaN, and all counts are 0, for outputs other than softmax's
 * and sigmoid's; the error is also NaN if an output is. ANNC_USAGE for targets, or for a prediction
 * that is no class. */
ANNC_API annc_status annc_calibration_measure(const annc_shape *shape, const annc_dataset *dataset,
                                              const int32_t *predictions, const float *outputs,
                                              annc_calibration *calibration);

/* Measures of targets that belong to the network's cost, NaN for other costs; means over the examples
 * and targets, in their own units. outputs: count x n_L, of annc_evaluator_run. */
typedef struct annc_cost_measures {
    double pinball;  /* ANNC_QUANTILE: its cost in the units of the targets */
    double coverage; /* ANNC_QUANTILE: share of the targets at or below the outputs; near the quantile is right */
    /* ANNC_POISSON: 2 (y ln(y / a) - (y - a)), 0 for outputs that equal their targets. */
    double poisson_deviance;
} annc_cost_measures;

/* Returns these measures, all NaN for a data set with labels. */
ANNC_API annc_cost_measures annc_cost_measure(const annc_shape *shape, const annc_dataset *dataset,
                                              const float *outputs);

/* Measures of several independent labels per example (multi-label): several targets that are all 0
 * or 1, and not one-hot, predicted as 1 where the output is above 1/2, or above 0 with the hinge
 * cost. */
typedef struct annc_multilabel {
    uint32_t labels; /* n_L; 0, as everything else, for other data */
    uint32_t exact;  /* examples with every label right; their share is the subset accuracy */
    double accuracy; /* share of right labels, 1 minus the Hamming loss */
    /* Of all labels together; means over the labels, with the same counts. */
    annc_class_measures micro, macro;
} annc_multilabel;

/* Returns these measures; outputs: count x n_L, of annc_evaluator_run. */
ANNC_API annc_multilabel annc_multilabel_measure(const annc_shape *shape, const annc_dataset *dataset,
                                                 const float *outputs);
/* Returns the measures of label `target`, from 0; all 0 for another, or for other data. */
ANNC_API annc_class_measures annc_multilabel_target(const annc_shape *shape, const annc_dataset *dataset,
                                                    const float *outputs, uint32_t target);

/* Predicts rows of inputs. x: count x n_0, in the units of the model's training data, scaled here
 * by the network's metadata (annc_data_describe), where a missing value is NaN; a network without
 * that metadata takes x unscaled. classes: NULL, or count class indices; outputs: NULL, or count x
 * n_L outputs a^L, or targets in the units of the data. device: NULL for the CPU. One call with
 * many rows is faster than many calls. ANNC_INPUT names the row of a value that is not finite, or
 * missing without a substitute in the metadata. */
ANNC_API annc_status annc_network_predict(const annc_network *network, annc_device *device, uint32_t count,
                                          const float *x, int32_t *classes, float *outputs);
/* Does the same for doubles, which keep small differences of large inputs and targets; a value
 * beyond the range of float is ANNC_INPUT. */
ANNC_API annc_status annc_network_predict_f64(const annc_network *network, annc_device *device, uint32_t count,
                                              const double *x, int32_t *classes, double *outputs);
/* Does the same for rows of arrays, whose labels, targets and weights are ignored: columns of words
 * become the inputs of their levels, and columns are found by their names, where the model and the
 * arrays have names. Writes warnings, such as of levels that the training data do not have, to notes
 * (of `size` bytes; or NULL), one per line. */
ANNC_API annc_status annc_network_predict_arrays(const annc_network *network, annc_device *device,
                                                 const annc_arrays *arrays, int32_t *classes, double *outputs,
                                                 char *notes, size_t size);
/* Writes the name of a class from the network's metadata, or its number without one, to `name`, cut
 * to `size` bytes; print it through annc_printable. False if no such class exists or the network
 * was trained on targets. */
ANNC_API bool annc_network_class_name(const annc_network *network, uint32_t class_index, char *name, size_t size);

/* Saturation of a layer on up to 256 training examples: a unit is saturated for an example, and
 * passes no error back, if |f'(z)| < 0.01. */
typedef struct annc_layer_health {
    double saturated;    /* share of saturated pairs of unit and example */
    uint32_t dead;       /* units saturated for every example */
    uint32_t first_dead; /* the first dead unit, from 0; n_l if none */
} annc_layer_health;

/* Writes the health of layers 1...L to layers[0...L-1], for the trainer's current parameters. A
 * softmax layer uses f' = a (1 - a). */
ANNC_API annc_status annc_trainer_health(annc_trainer *trainer, annc_layer_health *layers);

/* ------------------------------------------------------------------ 7 whole trainings
 *
 * A run is a training from its first epoch to its end: it trains epoch after epoch, evaluates each,
 * keeps the parameters of the best one, stops early and saves checkpoints. annc_sweep trains many
 * networks at once, annc_cross_validate one network per fold of the data. */

/* Result of an epoch. */
typedef struct annc_outcome {
    annc_epoch epoch;
    annc_evaluation validation, test; /* count 0 without such a data set */
    /* Of layers 1...L, if annc_run_options.health is true. */
    annc_layer_health health[ANNC_MAX_LAYERS];
} annc_outcome;

/* Why a run ended. */
typedef enum annc_ending {
    ANNC_ENDED_NOT,           /* it goes on */
    ANNC_ENDED_BY_EPOCHS,     /* all epochs are trained */
    ANNC_ENDED_BY_PATIENCE,   /* early stopping */
    ANNC_ENDED_BY_TARGET,     /* target_accuracy is reached */
    ANNC_ENDED_BY_TIME,       /* `seconds` are over */
    ANNC_ENDED_BY_STOP,       /* `stop` returned true */
    ANNC_ENDED_BY_DIVERGENCE, /* the loss is no longer finite */
} annc_ending;

/* Progress and result of a run. */
typedef struct annc_run_state {
    bool classes;          /* the data have classes, not targets */
    uint32_t epochs;       /* completed */
    uint32_t saved_epochs; /* completed at the last checkpoint */
    annc_outcome last;     /* of the last completed epoch; all 0 before the first */
    /* Of the epoch with the smallest validation loss; best.epoch.epoch is 0 without one. */
    annc_outcome best;
    annc_ending ending;
    double seconds;            /* of training: completed epochs; at the end, all steps */
    double evaluation_seconds; /* of the evaluations */
} annc_run_state;

typedef struct annc_run annc_run;

/* A group: processes that mpirun or srun started together, called ranks, which train one network.
 * Each takes its rows of every minibatch, and the gradients are summed in the order of the ranks,
 * so that all have the same parameters after every step. Functions that are collective wait for all
 * ranks: every rank calls them, in the same order. NULL is the group of a process that is alone;
 * the functions accept it. */
typedef struct annc_group annc_group;

/* Returns how many processes were started together with this one, itself included, and sets *rank,
 * unless it is NULL, to the number of this one, from 0. It reads the environment alone: 1 and 0
 * without mpirun and srun, or with ANNC_MPI=off. */
ANNC_API uint32_t annc_group_started(uint32_t *rank);
/* Opens the group of this process, collectively, by loading the MPI module; *group is NULL for a
 * process that is alone, which loads nothing. Once per process, from its main thread. ANNC_DEVICE
 * if there is no MPI module, if it belongs to another MPI than mpirun, or if srun started the
 * processes without MPI. */
ANNC_API annc_status annc_group_open(annc_group **group);
/* Closes a group, collectively. */
ANNC_API void annc_group_close(annc_group *group);
/* Ends the processes of all ranks at once with an exit code and does not return; returns for
 * NULL. For a rank that fails alone. */
ANNC_API void annc_group_abort(const annc_group *group, int code);
/* Return the number of this rank, from 0; the number of ranks, 1 for NULL; the name of the MPI
 * library, NULL for NULL. */
ANNC_API uint32_t annc_group_rank(const annc_group *group);
ANNC_API uint32_t annc_group_size(const annc_group *group);
ANNC_API const char *annc_group_library(const annc_group *group);
/* Returns how gradients of ranks are summed that train on this device: "by NCCL 2.28.3", or "in the
 * host's memory: " and why not by NCCL. NULL before a training of several ranks on the device, and
 * for the CPU. */
ANNC_API const char *annc_group_exchange(const annc_device *device);
/* Returns annc_device_options.threads for this rank: its share of processors that ranks of one
 * machine have in common; 0 for NULL. */
ANNC_API int annc_group_threads(const annc_group *group);
/* Returns on all ranks, collectively, the status and the error of the first rank that fails:
 * ANNC_OK if all pass ANNC_OK. */
ANNC_API annc_status annc_group_agree(annc_group *group, annc_status status);
/* Compares a text of lines, collectively. ANNC_INPUT on all ranks if one has another text than
 * rank 0; the message names the first lines that differ. `what` names the text: "options". */
ANNC_API annc_status annc_group_same(annc_group *group, const char *what, const char *text);
/* Returns whether all ranks have this status, of the last call: they do unless a failure is this
 * rank's alone. */
ANNC_API bool annc_group_has_agreed(const annc_group *group, annc_status status);

/* Options of a run. Most callers set only training, epochs and validation. */
typedef struct annc_run_options {
    annc_training_options training;
    uint32_t epochs;                       /* at most; 0 = none is trained */
    const annc_dataset *validation, *test; /* evaluated after each epoch; or NULL */
    /* Stop after this many epochs without a smaller validation loss; 0 = never. */
    uint32_t patience;
    /* Stop after an epoch with this accuracy, 0...1, of the validation set, or else of the test
     * set, or else of the training set; 0 = none. Needs classes. */
    double target_accuracy;
    double seconds; /* limit, from annc_run_create on; 0 = none */
    bool health;    /* measure annc_outcome.health */
    /* Evaluate `test` beside the next epoch, on a CUDA device that has memory for it. The results are
     * the same, but `each` may come while or after the next epoch is trained: the trainer then has
     * its parameters. No effect with validation, target_accuracy or a group of ranks, nor where a
     * checkpoint is saved after the epoch. */
    bool evaluate_beside;
    /* File of checkpoints, written at the start and the end and at these intervals (0 = none);
     * NULL = no checkpoints. */
    const char *checkpoint;
    uint32_t checkpoint_epochs;
    double checkpoint_seconds;
    /* A checkpoint of the same training to resume from, or NULL. The run then ends with the same
     * bits as without interruption, as annc_trainer_resume says. */
    const annc_network *resume;
    /* The results of the folds before this one, saved with its checkpoints; set by
     * annc_cross_validate. */
    const struct annc_folds *folds;
    /* The callbacks may be NULL. `begun` is called before the first epoch, and `each` after each
     * epoch; both end the run unless they return ANNC_OK. `stop` is called between blocks of
     * steps; true ends the run. `describe` may add metadata to a checkpoint before it is saved. */
    annc_status (*begun)(void *context, const annc_run *run);
    annc_status (*each)(void *context, const annc_run *run);
    bool (*stop)(void *context);
    annc_status (*describe)(void *context, const annc_run *run, annc_network *checkpoint);
    void *context;
    /* Train with these ranks; NULL = alone. annc_run_create and annc_run_train are then
     * collective. Rank 0 evaluates and saves the checkpoints; a stop or a time limit of one rank is
     * that of all. */
    annc_group *group;
} annc_run_options;

/* Creates a run: its trainer (annc_trainer_create) and its evaluators. The network, the device, the
 * data sets and the checkpoint must outlive it. ANNC_USAGE also if target_accuracy has no classes;
 * ANNC_INPUT also if the checkpoint does not fit (annc_trainer_resume), or was taken with other
 * data to validate or test with, or if the ranks of a group differ in version, device, data,
 * options or checkpoint; ANNC_DEVICE also if a group's examples do not all fit on a device. */
ANNC_API annc_status annc_run_create(annc_device *device, annc_network *network, const annc_dataset *train,
                                     const annc_run_options *options, annc_run **run);
ANNC_API void annc_run_free(annc_run *run);

/* Trains to the end, once; a run of 0 epochs ends at once. After ANNC_OK or ANNC_STOPPED, the
 * network has the parameters of the best epoch, or of the last step without one; after another
 * failure those of the best epoch, if there is one. A time limit ends a run with ANNC_OK, `stop`
 * with ANNC_STOPPED. ANNC_DEVICE if the ranks of a group no longer have equal parameters after an
 * epoch. */
ANNC_API annc_status annc_run_train(annc_run *run);

/* Return the state; the outcome whose parameters are kept, of the best epoch or else of the last;
 * the trainer. */
ANNC_API const annc_run_state *annc_run_progress(const annc_run *run);
ANNC_API const annc_outcome *annc_run_kept(const annc_run_state *state);
ANNC_API annc_trainer *annc_run_trainer(const annc_run *run);

/* A `stop` of a run, a trainer or a sweep for callers that end it from another thread or from a
 * signal handler: returns whether the int that `context` points to is not 0. It calls nothing, so
 * that a binding can train without its interpreter's lock. */
ANNC_API bool annc_stop_when_set(void *context);

/* Removes from a network what only a checkpoint has: "annc.state", "annc.progress", "annc.run",
 * "annc.machine", "annc.measured", "annc.candidate", and the blocks "first", "second" and "best". */
ANNC_API annc_status annc_checkpoint_strip(annc_network *network);

/* One of many networks trained at once. Each gets the same bits as if trained alone. */
typedef struct annc_candidate {
    /* The caller's: initial parameters at the start, the kept ones at the end. */
    annc_network *network;
    annc_run_options options;  /* a validation set of NULL is that of the sweep; group NULL */
    const annc_dataset *train; /* or NULL: that of the sweep */
    bool is_complete;          /* trained before: set with its result by annc_candidate_restore */

    /* Result: ANNC_OK, ANNC_DIVERGED (the best parameters before are kept), ANNC_STOPPED, or
     * another failure. After a failure without a best epoch, result.last is all 0. */
    annc_status status;
    char reason[256];
    char engine[64];       /* that trained it, as from annc_trainer_engine; "" before it began */
    annc_run_state result; /* without epochs, the validation of the initial parameters */
} annc_candidate;

/* Trains candidates on one training set and evaluates each epoch on one validation set, which may
 * be NULL if every candidate has its own. On the CPU the candidates run in parallel, one per thread
 * and core; a CUDA device trains small ones of equal layers in one launch, the others one after
 * another. Each has the bits that it has alone on the same engine. `done`, unless NULL, is called
 * for each finished candidate, on the thread that trained it; annc_last_error() on that thread is
 * then the candidate's error if it failed. `done` and the candidates' `each` are called one at a
 * time. `stop`, unless NULL, is called by any thread beside the candidates' own; true leaves the
 * remaining candidates untrained. No candidates are an empty sweep, ANNC_OK. Candidates that are
 * complete are not trained, nor reported by `done`. Without a validation set a candidate keeps its
 * last parameters. Returns ANNC_STOPPED after a stop, an error that prevented all candidates from
 * starting, or else ANNC_OK, whatever the candidates' results.
 *
 * With a group (NULL = none) the sweep is collective, on the main thread of each rank, and all
 * ranks pass the same candidates and data. Each rank trains those that rank 0 hands it, whenever it
 * has none. Rank 0 gets the parameters and results of all, calls `done` for each as soon as it is
 * trained, and decides which are complete; another rank has the results of its own alone. A stop of
 * one rank is that of all. ANNC_INPUT if the ranks differ in version, device, data or options. */
ANNC_API annc_status annc_sweep(const annc_device_options *device, annc_group *group, annc_candidate *candidates,
                                uint32_t count, const annc_dataset *train, const annc_dataset *validation,
                                bool (*stop)(void *context), void (*done)(void *context, uint32_t candidate),
                                void *context);

/* Stores the result of a candidate in the metadata of a network that has its parameters, so that
 * annc_model_save keeps both: "annc.candidate" and "annc.progress". `data` identifies the data sets,
 * as annc_dataset_fingerprint does for one. */
ANNC_API annc_status annc_candidate_store(const annc_candidate *candidate, uint64_t data, annc_network *network);
/* Restores a candidate that has a network of the same shape from such a network: its parameters and
 * its result, without health and ending; it is complete then. ANNC_INPUT if the network has no
 * result, another shape, or was trained with other data. */
ANNC_API annc_status annc_candidate_restore(const annc_network *network, uint64_t data, annc_candidate *candidate);

/* Returns the measure that ranks a candidate: accuracy, or R^2 of targets, on its validation set
 * with the kept parameters; -INFINITY without a result or a validation set, or for NULL. */
ANNC_API double annc_candidate_merit(const annc_candidate *candidate);
/* Writes the indices of the candidates to ranked[0...count-1], the largest merit first, of equals
 * the one with the smallest loss of its validation set, then the earlier one. */
ANNC_API annc_status annc_sweep_rank(const annc_candidate *candidates, uint32_t count, uint32_t *ranked);

/* Results of a cross-validation: accuracy or R^2, RMSE and MAE on the held-out examples, with the
 * kept parameters. */
typedef struct annc_folds {
    annc_spread accuracy, loss, r2, rmse, mae;
    uint32_t fold; /* the current one, from 0 */
    bool classes;  /* accuracy counts, not r2, rmse and mae */
} annc_folds;

/* The folds of a cross-validation. The calling thread calls the callbacks, in the order of the
 * folds, which count from 0. */
typedef struct annc_folds_options {
    uint32_t folds; /* K, 2 or more */
    /* Prepares a fold: sets network (the initial parameters), train, and the options with
     * validation, all of them required. annc_data_load makes the data sets of a fold. */
    annc_status (*begin)(void *context, uint32_t fold, annc_candidate *candidate);
    /* Called with the result of a fold; or NULL. */
    annc_status (*done)(void *context, uint32_t fold, const annc_candidate *candidate);
    /* Frees what `begin` has made, also after it failed; or NULL. */
    void (*end)(void *context, uint32_t fold, annc_candidate *candidate);
    /* Called with each fold that has been trained, at once, by the thread that did it; one call at a
     * time; or NULL. */
    void (*trained)(void *context, uint32_t fold, const annc_candidate *candidate);
    bool (*stop)(void *context); /* between folds that train together; or NULL */
    void *context;
    /* The checkpoint of a fold's run to resume from, with the results of the folds before; or
     * NULL. */
    const annc_network *checkpoint;
    /* Distribute the folds over these ranks, as annc_sweep does, without checkpoints and time
     * limits; NULL = alone. annc_cross_validate is then collective: each rank begins all folds, rank
     * 0 calls `trained` and `done`, and all get the results. */
    annc_group *group;
} annc_folds_options;

/* Trains one network per fold, each on all but its part of the data. On a CPU the folds run in
 * parallel, one per thread, and small networks on a CUDA device in one launch, unless they have
 * checkpoints, a target or a time limit; otherwise they run one after another. Returns the first
 * failure; a time limit that ends a fold is one. With 0 epochs the results are of the initial
 * parameters. A fold that `begin` completes (annc_candidate_restore) is not trained. */
ANNC_API annc_status annc_cross_validate(annc_device *device, const annc_folds_options *options, annc_folds *folds);
/* Reads the results that a checkpoint of a cross-validation has. ANNC_INPUT. */
ANNC_API annc_status annc_folds_restore(const annc_network *checkpoint, annc_folds *folds);

/* ------------------------------------------------------------------ 8 gradients and their audit
 *
 * Backpropagation of one example, with delta^l = dC/dz^l (Nielsen 2015, chapter 2); x is the
 * elementwise product:
 *
 *     BP1  delta^L = dC/da^L x f'(z^L)                        BP3  dC/db^l = delta^l
 *     BP2  delta^l = (W^(l+1))^T delta^(l+1) x f'(z^l)        BP4  dC/dW^l = delta^l (a^(l-1))^T */

/* Computes these equations in double, by plain loops (src/training/step/reference.c): adds example
 * i's dC/dtheta to `gradient`, in the layout of the parameter block, and returns its cost C through
 * `cost`, both times its weight. theta: annc_shape_parameters() doubles. ANNC_USAGE if the data set
 * does not match the shape or has no such example. */
ANNC_API annc_status annc_reference_gradient(const annc_shape *shape, const double *theta, const annc_dataset *dataset,
                                             uint32_t i, double *gradient, double *cost);

/* All values of those equations for one example, whatever its weight. Layers count from 1; the
 * vector of layer l is at index l, n_l doubles. */
typedef struct annc_trace {
    annc_shape shape;
    double cost;              /* C */
    double *theta, *gradient; /* parameter blocks: theta, dC/dtheta (BP3, BP4) */
    const double *y;          /* n_L targets */
    /* a[0] is x; z[0] is unused. */
    const double *a[ANNC_MAX_LAYERS + 1], *z[ANNC_MAX_LAYERS + 1];
    /* dC/dz of layers 1 to L (BP1, BP2). */
    const double *delta[ANNC_MAX_LAYERS + 1];
    /* f'(z); NaN for softmax. */
    const double *derivative[ANNC_MAX_LAYERS + 1];
    /* dC/da; NaN at the output if dC/dz has a closed form (a - y). slope[0] is dC/dx =
     * (W^1)^T delta^1, with x as the network receives it, scaled. */
    const double *slope[ANNC_MAX_LAYERS + 1];
} annc_trace;

/* Computes a trace; free it with annc_trace_free. theta: annc_shape_parameters() doubles.
 * ANNC_USAGE if the data set has no such example. */
ANNC_API annc_status annc_trace_create(const annc_shape *shape, const double *theta, const annc_dataset *dataset,
                                       uint32_t i, annc_trace **trace);
ANNC_API void annc_trace_free(annc_trace *trace);

typedef enum annc_parameter_kind { ANNC_WEIGHT, ANNC_BIAS } annc_parameter_kind;

typedef struct annc_check_row {
    uint32_t layer;
    annc_parameter_kind kind;
    /* Compared computation: "finite-difference", a device's kind ("cpu", "cuda", "simulated"), its
     * engine ("cpu, fused") or its precision ("cuda, tf32"). */
    char path[24];
    double worst;      /* largest |error|, relative to the scale of annc_check */
    double normwise;   /* ||error|| / ||gradient|| */
    double tolerance;  /* upper bound of `worst` and `normwise` */
    size_t sampled;    /* parameters compared */
    size_t parameters; /* of this layer and kind */
    size_t kinks;      /* sampled but skipped: f has a kink within the difference */
    bool pass;
} annc_check_row;

typedef struct annc_check_options {
    uint32_t batch;  /* examples averaged */
    uint32_t sample; /* parameters per layer and kind for finite differences; 0 = all */
    uint64_t seed;   /* of example order, dropout, noise, augmentation and the sample */
    annc_objective objective;
    annc_augmentation augmentation;
    annc_precision precision; /* audited beside fp32, on devices that have it */
} annc_check_options;

/* Audits the gradients of a network on the first minibatch of a data set, augmented if asked for,
 * for C and all terms of the objective: the reference against central finite differences (h = 1e-5, double), and each
 * device against the reference. Half of the sampled parameters have a nonzero gradient, if enough
 * have one. Errors of finite differences are relative to max(|analytic|, |numeric|) + 1e-3, errors
 * of devices to the largest entry of the matrix, or to FLT_MIN if that is larger. Free the rows
 * with annc_check_free. Returns ANNC_OK also if a row failed; see `pass`. */
ANNC_API annc_status annc_check(const annc_network *network, const annc_dataset *dataset, annc_device *const *devices,
                                size_t n_devices, const annc_check_options *options, annc_check_row **rows,
                                size_t *count);
ANNC_API void annc_check_free(annc_check_row *rows);

/* ------------------------------------------------------------------ 9 model files */

/* Writes a network as safetensors: F32 tensors "0.weight" [n_1, n_0], "0.bias" [n_1], "2.weight",
 * ..., the names in a torch nn.Sequential of Linear layers and activations, and the metadata of
 * section 2. The same network gives the same bytes. The file is written under a temporary name
 * beside the target, synchronised and renamed, so that a kill at any instant leaves the old file or
 * the new one. What is saved can be loaded: ANNC_INPUT and ANNC_DIVERGED as annc_model_check. The
 * file has a checksum, "annc.checksum" in its metadata, eight hexadecimal digits: the CRC-32 of the
 * whole file with zeros in their place. ANNC_OUTPUT. */
ANNC_API annc_status annc_model_save(const annc_network *network, const char *path);
/* Checks, before the work, that a model file can be written to `path`. ANNC_OUTPUT. */
ANNC_API annc_status annc_model_can_save(const char *path);
/* Checks, before the work, that the file of this network and of its checkpoints could be loaded.
 * ANNC_INPUT for metadata that are unknown, malformed, contradict the shape or take more room than
 * a file has (100 MB, 4096 keys); ANNC_DIVERGED for a parameter that is not finite. */
ANNC_API annc_status annc_model_check(const annc_network *network);
/* Reads a network written by annc_model_save, and verifies all of the file. ANNC_INPUT names the
 * fault. A file of another program, without "annc.layers", is accepted if `assumed` gives its
 * activations and cost; NULL rejects such files. It has tensors whose names end in "weight" ([out,
 * in]) and "bias" (0 if missing), in "kernel" ([in, out], as in Keras), or that are called
 * "coefs_N" ([in, out]) and "intercepts_N" (as in scikit-learn), as safetensors (F32, F64, F16 or
 * BF16) or in an NPZ file. Layers whose names differ in numbers alone are in the order of these;
 * others are put in the one order in which each takes the outputs of the layer before it, with the
 * widths of `assumed`; several such orders are ANNC_INPUT, which lists them. Widths must equal those
 * of `assumed`. */
ANNC_API annc_status annc_model_load(const char *path, const annc_shape *assumed, annc_network **network);

/* Export formats. Each has the parameters of all layers under torch's names. */
typedef enum annc_export {
    /* IR version 7, opset 13: "input" float [N, n_0], already scaled; "output" a^L; and the
     * metadata. */
    ANNC_EXPORT_ONNX,
    ANNC_EXPORT_NPZ, /* NumPy: "0.weight" [n_1, n_0], "0.bias" [n_1], "2.weight", ... */
    /* Metadata and, per layer, inputs, units, activation, weights (rows) and biases, to nine
     * digits. */
    ANNC_EXPORT_JSON,
    /* A self-contained source file: void model_predict(const double *x, double *y), with scaling;
     * -DMODEL_MAIN makes it a program, -DMODEL_PREFIX=name replaces model_ in its names. */
    ANNC_EXPORT_C,
    /* One self-contained interactive page: draw or set the inputs and see all layers. */
    ANNC_EXPORT_HTML,
    ANNC_EXPORT_COUNT
} annc_export;

/* Returns "onnx", "npz", "json", "c" or "html", or NULL for an invalid value. */
ANNC_API const char *annc_export_name(annc_export format);
/* Writes a network in an export format, whole or not at all, as annc_model_save does.
 * ANNC_OUTPUT. */
ANNC_API annc_status annc_model_export(const annc_network *network, annc_export format, const char *path);

/* ------------------------------------------------------------------ 10 images and other files */

/* Colour images of one size, each with a line of text. */
typedef struct annc_gallery {
    uint32_t count, rows, columns;
    const uint8_t *pixels;       /* count x rows x columns x red, green, blue */
    const char *const *captions; /* count; or NULL */
    const char *title;
} annc_gallery;

/* Draws the images in a grid, with the captions below them, into a file whose name ends in .png or
 * .svg, whole or not at all; "-" is standard output, as SVG. A PNG has the first 40 characters of a
 * caption, and frames for those that are not ASCII. ANNC_USAGE for another name, no images or too
 * many; ANNC_OUTPUT. */
ANNC_API annc_status annc_gallery_draw(const annc_gallery *gallery, const char *path);
/* Writes any file in the same way, whole or not at all: a report, an image. ANNC_OUTPUT. */
ANNC_API annc_status annc_file_save(const char *path, const void *data, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
