/* annc.h - libannc, a trainer of fully connected neural networks: the whole public interface, and its manual.
 *
 * Overview, in order of creation:
 *
 *     annc_dataset    examples, from arrays (annc_dataset_create) or files (annc_data_load)       section 3
 *     annc_device     the CPU or a GPU (annc_device_open, annc_device_open_for)                           4
 *     annc_network    shape and parameters (annc_network_create, annc_network_initialise)                 2
 *     annc_trainer    the three together, with options (annc_training_defaults): annc_trainer_epoch
 *                     trains, annc_trainer_store copies the parameters back into the network              5
 *     annc_evaluator  accuracy and loss on a data set, also during training                               6
 *
 * Then annc_network_predict (6), annc_model_save and annc_model_load (9). Many networks at once: annc_sweep (7). Gradients and
 * their audit: section 8. tests/examples/xor.c is a whole program of forty lines; others beside it train on MNIST, apply a model,
 * have a training loop of their own, read gradients, and are in C++ and Python.
 *
 * Stability (annc_version.h has the version): sections 1 to 4, 6 and 9 are stable: functions and fields are only added. Sections 5,
 * 7, 8 and 10 may change in a minor version while the major version is 0; CHANGELOG.md says how.
 *
 * Ownership: functions named create, load, open, copy and join return an object through their last argument, which the caller
 * releases with the matching free or close (these accept NULL); after a failure it is NULL. A trainer or evaluator uses its network,
 * device and data sets until it is freed: free them after it. All other arguments are copied or only read during the call. Pointers
 * that a function returns belong to the object that was asked, and live as long as it does, or are static text.
 *
 * Errors: functions that can fail return an annc_status; annc_last_error() then says what was wrong, where, and what to do. It quotes
 * the field of an options struct, or the argument, that decides: 'eta'. Memory can run out in any of them (ANNC_MEMORY). Option
 * structs may be zero-initialised, except where a comment says otherwise.
 *
 * Threads: two threads may use the library at once on different objects, and several may read one network or data set. A device
 * serves one thread at a time; trainers may take turns on it. A CUDA device becomes the current one of the thread that uses it. The
 * library prints nothing, never exits, and leaves signal handlers, locale and floating-point state alone. Results hold for C's
 * default floating-point state: rounding to nearest, subnormals kept. The same calls give the same bits on the same device. The
 * number of threads of the BLAS library, one per process, is set by each product.
 *
 * Notation: layers l = 1...L with n_l units; a^0 = x, z^l = W^l a^(l-1) + b^l, a^l = f(z^l); C is the cost of an example, and a
 * minibatch of m examples has their mean. W^l is n_l x n_(l-1). Matrices are row-major, and examples are rows: "count x n_0" is one
 * example after the other. */
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

/* Result of a call. The numbers are also the exit codes of annc-gpu, except that ANNC_MEMORY exits with 4, like ANNC_DEVICE. */
typedef enum annc_status {
    ANNC_OK = 0,
    ANNC_FAILURE = 1,      /* a fault of the library's own */
    ANNC_USAGE = 2,        /* an argument that is wrong in itself */
    ANNC_INPUT = 3,        /* a named input is missing, malformed, or contradicts the arguments */
    ANNC_DEVICE = 4,       /* no such device, or a device that fails */
    ANNC_DIVERGED = 5,     /* the loss is no longer finite */
    ANNC_OUTPUT = 6,       /* an output could not be written */
    ANNC_CHECK_FAILED = 7, /* a gradient audit failed */
    ANNC_STOPPED = 8,      /* the caller asked for a stop; the state is that after the last whole minibatch */
    ANNC_MEMORY = 9,       /* memory, of the host or of a device, or threads are used up */
} annc_status;

/* The text of this thread's last failure: file, number and remedy; "" before the first. Valid until the next call that fails. */
ANNC_API const char *annc_last_error(void);
/* A text as it can be shown: control characters and bytes that are not UTF-8 as \xNN, cut with "..." to fit. Gives `buffer` back. */
ANNC_API const char *annc_printable(const char *text, char *buffer, size_t size);

typedef struct annc_build {
    const char *version;  /* "0.1.0" */
    const char *commit;   /* short git hash, or "unknown" */
    const char *compiler; /* name and version */
    const char *blas;     /* "OpenBLAS 0.3.21 (SkylakeX)" or "built-in" */
    const char *zlib;     /* version, or "none": then gzip files cannot be read */
    const char *png;      /* version of libpng, or "none": then pictures in PNG cannot be read */
    const char *cuda;     /* version the CUDA module was built with, or "none" */
} annc_build;

/* What this library was built from and with. */
ANNC_API annc_build annc_build_info(void);

/* ------------------------------------------------------------------ 2 networks */

#define ANNC_ENUMERATOR(enumerator, ...) enumerator,
typedef enum annc_activation { ANNC_ACTIVATIONS(ANNC_ENUMERATOR) ANNC_ACTIVATION_COUNT } annc_activation;
typedef enum annc_cost { ANNC_COSTS(ANNC_ENUMERATOR) ANNC_COST_COUNT } annc_cost;
typedef enum annc_optimiser { ANNC_OPTIMISERS(ANNC_ENUMERATOR) ANNC_OPTIMISER_COUNT } annc_optimiser;
typedef enum annc_init { ANNC_INITS(ANNC_ENUMERATOR) ANNC_INIT_COUNT } annc_init; /* how parameters are first drawn */
#undef ANNC_ENUMERATOR

/* The names used on the command line and in model files ("sigmoid", "cross-entropy", "xavier"); NULL for no such value. */
ANNC_API const char *annc_activation_name(annc_activation activation);
ANNC_API const char *annc_cost_name(annc_cost cost);
ANNC_API const char *annc_init_name(annc_init init);
ANNC_API const char *annc_optimiser_name(annc_optimiser optimiser);

enum { ANNC_MAX_LAYERS = 64, ANNC_MAX_WIDTH = 1 << 24 };

/* What a network looks like: {2, {784, 32, 10}, {ANNC_SIGMOID, ANNC_SIGMOID}, ANNC_QUADRATIC}. */
typedef struct annc_shape {
    uint32_t layers;                             /* L, 1 to ANNC_MAX_LAYERS: the layers that compute */
    uint32_t width[ANNC_MAX_LAYERS + 1];         /* n_0 (the inputs) to n_L, each 1 to ANNC_MAX_WIDTH */
    annc_activation activation[ANNC_MAX_LAYERS]; /* of layer l at l - 1 */
    annc_cost cost;
} annc_shape;

/* Whether a shape can be built: widths, softmax at the output alone, and a cost that takes the output activation; ANNC_USAGE
 * with the reason otherwise. */
ANNC_API annc_status annc_shape_check(const annc_shape *shape);

/* Whether the outputs and the cost take targets of any size: those are then standardised, unless the user says otherwise. */
ANNC_API bool annc_shape_takes_any_target(const annc_shape *shape);

/* Where W^l and b^l begin in the parameter block, which holds W^1, b^1, W^2, b^2, ... without gaps; l counts from 1.
 * annc_shape_parameters is the length of the whole block. */
ANNC_API size_t annc_shape_weights_at(const annc_shape *shape, uint32_t l);
ANNC_API size_t annc_shape_biases_at(const annc_shape *shape, uint32_t l);
ANNC_API size_t annc_shape_parameters(const annc_shape *shape);

typedef struct annc_network annc_network;
typedef struct annc_device annc_device;

/* A network with all parameters zero, which learns nothing yet: annc_network_initialise. ANNC_USAGE (annc_shape_check). */
ANNC_API annc_status annc_network_create(const annc_shape *shape, annc_network **network);
ANNC_API void annc_network_free(annc_network *network);

/* The shape that it was created with. */
ANNC_API const annc_shape *annc_network_shape(const annc_network *network);

/* A copy of the parameters and of what annc_network_metadata keeps; further blocks are not copied. */
ANNC_API annc_status annc_network_copy(const annc_network *network, annc_network **copy);
/* One network that does what several do together: the mean of their last layers' z. Its hidden layers hold theirs side by side. ANNC_USAGE
 * unless they agree in inputs, outputs, layers, activations and cost. */
ANNC_API annc_status annc_network_join(const annc_network *const *networks, uint32_t count, annc_network **joined);

/* The parameter block, annc_shape_parameters() floats, owned by the network: w^l_jk is at annc_shape_weights_at(shape, l) + j n_(l-1) + k. A
 * trainer reads it when it is created, and writes it in annc_trainer_store. */
ANNC_API float *annc_network_parameters(annc_network *network);
ANNC_API const float *annc_network_parameters_const(const annc_network *network);

/* Further blocks of the same length and layout, kept with the network under a name (letters, at most ANNC_BLOCK_NAME - 1) and in its file as
 * tensors "annc.NAME": in a checkpoint "first" and "second", the optimiser's state, and whatever a caller adds (the program: "best", the
 * parameters of the best epoch). A block is made of a copy; values NULL removes it; annc_network_block gives NULL where there is none. ANNC_USAGE
 * for another name, or one block too many. */
enum { ANNC_BLOCK_NAME = 16, ANNC_MOST_BLOCKS = 4 };
ANNC_API annc_status annc_network_set_block(annc_network *network, const char *name, const float *values);
ANNC_API const float *annc_network_block(const annc_network *network, const char *name);

/* Draws the parameters as annc_functions.h has it: parameter i is made of number i of stream 0 under the seed (Philox,
 * src/base/philox.h), computed in double and rounded once, so that every device gives the same bits. */
ANNC_API annc_status annc_network_initialise(annc_network *network, annc_device *device, annc_init init, uint64_t seed);

/* The initialiser that ANNC_INIT_AUTO stands for in this shape; any other comes back as it is. */
ANNC_API annc_init annc_init_resolve(annc_init init, const annc_shape *shape);

/* Text kept with the network and in its file. Keys in use, stable: "annc.version", "annc.layers" ("784-32-10"),
 * "annc.activations" ("sigmoid-sigmoid"), "annc.cost", "annc.init", "annc.seed", "annc.epochs", "annc.batch", "annc.lr" (a
 * hexadecimal float), "annc.config" (the run's options, a line "name = value" each), and of the data "annc.data" (where they came from),
 * "annc.classes" (a JSON array of class names), "annc.scale" (annc_scale_name), "annc.input_shift", "annc.input_factor",
 * "annc.input_fill", "annc.target_shift", "annc.target_factor" (JSON arrays of hexadecimal floats: x becomes (x - shift) factor, a
 * missing one fill first), "annc.inputs", "annc.targets" (JSON arrays of column names), "annc.label" (a column's name), "annc.table"
 * ([fields a row, the label's place, whether there was a header]), "annc.transpose" ("true" where images were turned), "annc.images" ([rows,
 * columns, white, background 0 mixed 1 dark 2 light, flat, MNIST-like] of the training images, rows 0 for none); in a checkpoint
 * "annc.state" (annc_trainer_checkpoint), "annc.progress", "annc.run", "annc.machine" and "annc.measured" (the program's own). value NULL
 * removes. annc_network_metadata gives NULL for a key that is not there; what it gives lives until the key is set again. */
ANNC_API annc_status annc_network_set_metadata(annc_network *network, const char *key, const char *value);
ANNC_API const char *annc_network_metadata(const annc_network *network, const char *key);
/* Entry i in bytewise order of the keys; false past the last. */
ANNC_API bool annc_network_metadata_at(const annc_network *network, size_t i, const char **key, const char **value);

/* ------------------------------------------------------------------ 3 data sets */

typedef struct annc_dataset annc_dataset;

/* What the inputs of a data set are stored as. */
typedef enum annc_input_type {
    ANNC_BYTES,  /* uint8_t, divided by `divisor` when a minibatch is made */
    ANNC_FLOATS, /* float, used as they are */
} annc_input_type;

/* A data set as it lies in memory. */
typedef struct annc_examples {
    uint32_t count;        /* examples */
    uint32_t inputs;       /* n_0 */
    uint32_t outputs;      /* n_L: classes, or targets an example */
    annc_input_type type;  /* of x */
    float divisor;         /* of bytes; 1 leaves them as they are */
    const void *x;         /* count x inputs */
    const int32_t *labels; /* count, each within 0...outputs-1 (0 or 1 where outputs is 1); or NULL */
    const float *targets;  /* count x outputs; or NULL. One of the two is there. */
} annc_examples;

/* A data set of a copy of these arrays, used as they are: scaling is the caller's. ANNC_INPUT names the row of a label out of range or of a value
 * that is not finite; ANNC_USAGE where an array is missing. */
ANNC_API annc_status annc_dataset_create(const annc_examples *examples, annc_dataset **dataset);
ANNC_API void annc_dataset_free(annc_dataset *dataset);
/* What is in it: inputs and targets as the network sees them, scaled. */
ANNC_API const annc_examples *annc_dataset_examples(const annc_dataset *dataset);
/* Rows and columns of an image (28 and 28), or inputs and 1 for rows of features. */
ANNC_API void annc_dataset_image_size(const annc_dataset *dataset, uint32_t *rows, uint32_t *columns);
/* The inputs of example i as brightnesses, rows x columns bytes, 0 black and 255 white: bytes as they are, floats times 255, or, where they leave [0, 1], stretched
 * from the least to the largest. */
ANNC_API void annc_dataset_image(const annc_dataset *dataset, uint32_t i, uint8_t *grey);
/* 64 bits that tell one data set from another: of its counts, inputs, and labels or targets. */
ANNC_API uint64_t annc_dataset_fingerprint(const annc_dataset *dataset);
/* The original label of a class as text; classes count from 0. NULL where the data set has targets, or no such class. */
ANNC_API const char *annc_dataset_class_name(const annc_dataset *dataset, uint32_t class_index);

/* The name of a target, a column's of the training data, or its number; NULL where the data set has labels, or nobody knows. */
ANNC_API const char *annc_dataset_target_name(const annc_dataset *dataset, uint32_t target);

typedef enum annc_source {
    ANNC_SOURCE_PATH,   /* a folder, or a file: IDX images, a table of text, NPY, NPZ */
    ANNC_SOURCE_MNIST,  /* the MNIST files, wherever they are: $ANNC_DATA, data/mnist, the user's cache folder */
    ANNC_SOURCE_DIGITS, /* the built-in digits, drawn */
} annc_source;

typedef enum annc_choice { ANNC_AUTO, ANNC_YES, ANNC_NO } annc_choice;

/* What becomes of missing values in a table of text. */
typedef enum annc_missing {
    ANNC_MISSING_ERROR, /* they are an error */
    ANNC_MISSING_DROP,  /* their rows are left out */
    ANNC_MISSING_MEAN,  /* inputs become the mean of the training rows */
} annc_missing;

/* How a table of text is read. Characters that are 0 are found out from the file. */
typedef struct annc_text_options {
    char separator; /* of fields; ' ' for runs of blanks */
    char decimal;   /* '.' or ',' */
    char thousands; /* ',' or '.'; 0: there are none */
    annc_choice header;
    uint32_t skip; /* leading lines to pass over */
    annc_missing missing;
    const char *label;  /* the column of classes: a name, or a number from 1; NULL: found by its name or its texts */
    const char *target; /* instead: columns of numbers to be learnt, "a,b" */
    const char *drop;   /* columns to leave out, "a,b"; or NULL */
} annc_text_options;

/* How inputs become what the network sees. All is fitted on the training rows alone. */
typedef enum annc_scale {
    ANNC_SCALE_AUTO, /* 255 for bytes, and for 64 or more whole inputs within 0...255 that reach 128; otherwise standardise */
    ANNC_SCALE_NONE,        /* as they are */
    ANNC_SCALE_255,         /* divided by 255 */
    ANNC_SCALE_MIN_MAX,     /* each input's range to [0, 1] */
    ANNC_SCALE_STANDARDISE, /* each input's mean to 0, its standard deviation to 1; a constant one to 0 */
    ANNC_SCALE_COUNT
} annc_scale;

/* "auto", "none", "255", "min-max", "standardise"; NULL for no such value. */
ANNC_API const char *annc_scale_name(annc_scale scale);

/* What to load. All zero but source (or path) and need_train, need_test is what most want. */
typedef struct annc_data_options {
    annc_source source;
    const char *path;             /* ANNC_SOURCE_PATH */
    const char *labels_path;      /* of the training images, or NULL: found by name */
    const char *test_path;        /* the test set, where `path` does not bring it; or NULL */
    const char *test_labels_path; /* and its labels, where that is a file alone */
    const char *x_name,
        *y_name;    /* of an NPZ file, the arrays of inputs and of what is to be learnt; or NULL: found by name */
    bool transpose; /* turn the stored images (EMNIST lies on its side) */
    annc_text_options text;
    annc_scale scale;        /* of the inputs */
    annc_scale target_scale; /* of targets: auto is standardise */
    uint32_t outputs;        /* n_L of the network that will take the labels, or 0: as many as there are labels */
    const annc_network
        *model; /* a network that is to be evaluated or trained on: its classes, columns and scaling hold; or NULL */
    bool unlabelled; /* what is to be learnt may be missing from the files, and is then class 0, or 0 */
    bool need_train; /* a set that is not needed may be missing, and is then NULL */
    bool need_test;
    double validation;           /* share of the training rows held out for validation, stratified; 0 for none */
    const char *validation_path; /* or a file of its own; or NULL */
    uint32_t folds, fold;        /* of folds, fold (from 0) is held out for validation; 0: none */
    uint64_t seed;               /* of what is held out */
} annc_data_options;

/* What a file is, by its content. */
typedef enum annc_format {
    ANNC_FORMAT_IDX,
    ANNC_FORMAT_TEXT,
    ANNC_FORMAT_NPY,
    ANNC_FORMAT_NPZ,
    ANNC_FORMAT_PNG
} annc_format;

/* Training, validation and test sets as loaded. */
typedef struct annc_data {
    annc_dataset *train, *validation, *test;
    char description[512];                /* where they came from, for people: printable */
    struct annc_preparation *preparation; /* the library's own: see annc_data_describe */
    char notes[2048];                     /* what the reader assumed, one line each, ended by newlines; "" for none */
    annc_format format;                   /* of the first file; the built-in digits have none */
} annc_data;

/* Reads IDX files (raw or gzip, any element type, any spelling of the names), tables of text, NPY and NPZ, scales them, or draws the built-in
 * digits (60,000 and 10,000, 28x28 bytes, always the same). The data sets are the caller's until annc_data_free; those that are not there are
 * NULL. Every count is checked against the files' sizes before memory is taken for it. ANNC_INPUT names the file and what is wrong. */
ANNC_API annc_status annc_data_load(const annc_data_options *options, annc_data *data);
/* Frees the data sets and what `data` has beside them, not the struct. */
ANNC_API void annc_data_free(annc_data *data);

typedef struct annc_reader annc_reader;

/* Opens what is to be predicted, options->path, or standard input where that is "-", for options->model, whose columns, classes and scaling hold;
 * options->outputs is its n_L. A table of text comes in pieces, in memory that does not depend on its length. Its separator, header, decimal
 * mark, encoding and columns are settled by its first 8 MiB, or, where a pipe pauses before, by what came in 0.3 s, one row at least; they hold
 * from then on. Other files come at once. What the options point to must outlive the reader. ANNC_INPUT as annc_data_load. */
ANNC_API annc_status annc_reader_open(const annc_data_options *options, annc_reader **reader);
ANNC_API void annc_reader_close(annc_reader *reader);
/* The next examples, in the order of the file: a data set that the caller frees, of a power of two of rows, fewer where a pipe paused for 0.1 s,
 * and at the end; *piece is NULL past the last. Labels and targets are all 0. ANNC_INPUT names the line of what is wrong, once all rows before
 * it are handed out. Pieces say nothing of how a file is read: the examples are those that annc_data_load gives of it. */
ANNC_API annc_status annc_reader_next(annc_reader *reader, annc_dataset **piece);
/* Where the examples come from, and what the reader assumed, as annc_data has it; the notes may grow until the last piece. */
ANNC_API const char *annc_reader_description(const annc_reader *reader);
ANNC_API const char *annc_reader_notes(const annc_reader *reader);

/* Writes what a model must know of the data it was trained on into a network's metadata: classes, columns, scaling. Without it, a saved model
 * takes inputs as they come. */
ANNC_API annc_status annc_data_describe(const annc_data *data, annc_network *network);

/* Targets in the units of the file: those of a data set were scaled. count x outputs, in place. */
ANNC_API void annc_dataset_unscale(const annc_dataset *dataset, uint32_t count, float *targets);

/* Finds the folder that has MNIST on this machine (path of `size` bytes). ANNC_INPUT when no folder has it, ANNC_MEMORY. */
ANNC_API annc_status annc_mnist_find(char *path, size_t size);

typedef struct annc_fetch_options {
    const char *folder;                                /* where to; NULL: the user's cache folder */
    double connect_seconds;                            /* without an answer for that long, the next mirror is tried */
    void (*progress)(void *context, const char *line); /* told of each step; or NULL */
    bool (*stop)(void *context); /* asked ten times a second; true ends it with ANNC_STOPPED; or NULL */
    void *context;
} annc_fetch_options;

/* Downloads the four MNIST files (mirrors and checksums: data/mnist.txt), each to a temporary name, verified and then renamed.
 * Files that are there and right are left alone, so that a download that failed goes on when it is run again. ANNC_INPUT says what was wrong
 * with each mirror. The folder used is written to `folder` (of `size` bytes). */
ANNC_API annc_status annc_mnist_fetch(const annc_fetch_options *options, char *folder, size_t size);

/* ------------------------------------------------------------------ 4 devices */

typedef enum annc_device_kind {
    ANNC_DEVICE_AUTO, /* the first device that is not the CPU, otherwise the CPU; see annc_device_open_for */
    ANNC_DEVICE_CPU,
    ANNC_DEVICE_CUDA,
    ANNC_DEVICE_COUNT
} annc_device_kind;

/* "auto", "cpu", "cuda"; NULL for no such value. */
ANNC_API const char *annc_device_kind_name(annc_device_kind kind);

typedef struct annc_device_options {
    annc_device_kind kind;
    int index;   /* of the CUDA device */
    int threads; /* of the CPU; 0 = automatic */
} annc_device_options;

typedef struct annc_device_info {
    char kind[16];          /* "cpu" or "cuda"; "simulated" where CUDA code runs without a GPU */
    char name[256];         /* "AMD EPYC, OpenBLAS 0.3.21" or "NVIDIA H100 80GB HBM3" */
    char why[256];          /* why this one: "no CUDA device: no driver" */
    int compute_capability; /* 90 for 9.0; 0 for a CPU */
    int multiprocessors;    /* 0 for a CPU */
    int threads;            /* of the CPU */
    uint64_t memory_bytes;  /* total */
    uint64_t memory_free;
} annc_device_info;

/* Opens a device. ANNC_DEVICE says what was found: no driver, no device, a driver too old. ANNC_MEMORY with sizes. */
ANNC_API annc_status annc_device_open(const annc_device_options *options, annc_device **device);
ANNC_API void annc_device_close(annc_device *device);
/* What it is. memory_free is as it was when the device was opened. */
ANNC_API const annc_device_info *annc_device_describe(const annc_device *device);
/* How many CUDA devices there are; 0 with the reason in `why` (of `size` bytes). */
ANNC_API int annc_device_cuda_count(char *why, size_t size);

/* ------------------------------------------------------------------ 5 training
 *
 * Each step takes a minibatch of m examples, works out the gradient of their mean cost by backpropagation (8), and goes from theta to
 * theta - eta dC/dtheta, or where another optimiser goes (annc_functions.h). An epoch takes every example once, in an order that follows from seed and epoch. */

typedef enum annc_engine {
    ANNC_ENGINE_AUTO,     /* the fastest that takes the network */
    ANNC_ENGINE_OPS,      /* one operation after another */
    ANNC_ENGINE_RECORDED, /* the operations of a block of steps recorded once and replayed (CUDA) */
    ANNC_ENGINE_FUSED, /* a step of a small network in one go, inputs that are 0 skipped where there are many (CPU) */
    ANNC_ENGINE_COUNT
} annc_engine;

/* "auto", "ops", "recorded", "fused"; NULL for no such value. */
ANNC_API const char *annc_engine_name(annc_engine engine);
/* How far images are moved, by amounts drawn for each example of each epoch, evenly within the bounds; 0 for not at all. What comes from beyond
 * the edge is 0. */
typedef struct annc_augmentation {
    double shift;    /* pixels, down and right */
    double rotation; /* degrees */
    double elastic;  /* pixels, at 5 x 5 points over the image, bilinear in between */
} annc_augmentation;

/* What a step minimises beyond the mean of C over its minibatch; all zero for nothing. None of it touches evaluation, nor, the class
 * weights and the smoothed labels excepted, the loss that is reported. */
typedef struct annc_objective {
    const float *
        class_weights; /* C of an example is multiplied by that of its class; NULL: by 1. Outputs of them, 2 for one output */
    double
        label_smoothing; /* e within [0, 1): the targets of labels are (1 - e) one-hot + e / n (Szegedy et al. 2016) */
    double l2, l1;  /* adds l2/2 times the sum of w^2, and l1 times that of |w|, over all weights; biases are spared */
    double dropout; /* the share of each hidden layer left out, within [0, 1); the rest grows by 1 / (1 - share) */
    double input_dropout; /* the same of the inputs (Srivastava et al. 2014) */
    double input_noise;   /* standard deviation of the normal noise added to each input */
} annc_objective;

/* How the learning rate goes; T is the length of the schedule in steps, t the step from 0. */
typedef enum annc_schedule_kind {
    ANNC_CONSTANT,
    ANNC_STEP_DECAY,  /* times `factor` (0.1) after every `period` (10) epochs */
    ANNC_EXPONENTIAL, /* times `factor` (0.95) after every epoch */
    ANNC_COSINE,      /* eta (1 + cos(pi t / T)) / 2 (Loshchilov and Hutter 2017) */
    ANNC_ONE_CYCLE, /* by cosines from eta / 25 up to eta over 0.3 T, then down to eta / 250000 (Smith and Topin 2018, as torch has it) */
    ANNC_PLATEAU, /* times `factor` (0.1) when the loss has not fallen by 1e-4 of itself for `period` (10) epochs */
    ANNC_SCHEDULE_COUNT
} annc_schedule_kind;

/* "constant", "step", "exponential", "cosine", "one-cycle", "plateau"; NULL for no such value. */
ANNC_API const char *annc_schedule_name(annc_schedule_kind kind);

typedef struct annc_schedule {
    annc_schedule_kind kind;
    double warmup;   /* epochs over which the rate first rises evenly from 0 to the schedule's; 0 for none */
    double factor;   /* within (0, 1); 0: the kind's own */
    uint32_t period; /* 0: the kind's own */
    uint32_t epochs; /* T / steps an epoch; needed by cosine and one-cycle. Later epochs keep the last rate. */
} annc_schedule;

/* The learning rate of a step (from 0) of an epoch (from 0). */
ANNC_API double annc_schedule_rate(const annc_schedule *schedule, double eta, uint32_t epoch, uint32_t step,
                                   uint32_t steps);

/* How to train. Only eta and batch must not be 0: all zero beside them is gradient descent at a constant rate. */
typedef struct annc_training_options {
    annc_optimiser optimiser; /* annc_functions.h has the equations */
    double eta;               /* learning rate, finite and above 0 */
    double mu, rho,
        epsilon; /* of the optimiser: momentum or beta1, beta2 or the decay of squares, and the guard of the division */
    double decay;    /* decoupled: each step multiplies all weights by 1 - eta decay; biases are spared */
    double clip;     /* a gradient of a larger norm (over all parameters) is scaled down to this one; 0: none is */
    double max_norm; /* weights into a unit of a larger norm are scaled down to this one after each step; 0: none are */
    annc_schedule schedule;
    annc_objective objective;
    annc_augmentation augmentation; /* of images; data sets of rows of features refuse it */
    uint32_t batch;                 /* examples a minibatch, 1 or more; more than there are is cut to all */
    uint64_t seed;                  /* of the order of the examples, of dropout and of noise */
    annc_engine engine;
} annc_training_options;

/* Options with the optimiser's own eta, mu, rho, epsilon and decay, minibatches of 16, seed 0 and all else off. */
ANNC_API annc_training_options annc_training_defaults(annc_optimiser optimiser);
/* Whether options can be used with a network of a shape: ANNC_USAGE with the value and what it may be. */
ANNC_API annc_status annc_training_check(const annc_training_options *options, const annc_shape *shape);

/* Whether a device has the memory that a training takes, found out before any of it is taken: ANNC_MEMORY with the bytes of weights,
 * optimiser, minibatch, engine and examples, and those that are free. */
ANNC_API annc_status annc_training_fits(const annc_device *device, const annc_shape *shape,
                                        const annc_training_options *options, const annc_dataset *train);

/* As annc_device_open, but ANNC_DEVICE_AUTO takes the CPU where its engine for whole steps takes the training and is estimated to be
 * faster than a GPU: steps of small networks are over before a GPU has launched theirs. training NULL: for evaluations. */
ANNC_API annc_status annc_device_open_for(const annc_device_options *options, const annc_shape *shape,
                                          const annc_training_options *training, annc_device **device);

/* Early stopping by a validation loss, for a loop of your own: the rule of annc_sweep and of the program. Epochs count from 1.
 * annc_epoch_is_better: the loss is finite, and smaller than that of the best epoch so far (best_epoch 0: there is none yet), so that
 * the earlier of equals stays. annc_patience_is_over: `patience` epochs (0: any number) since the best have brought none better. */
ANNC_API bool annc_epoch_is_better(double loss, uint32_t best_epoch, double best_loss);
ANNC_API bool annc_patience_is_over(uint32_t patience, uint32_t epoch, uint32_t best_epoch);

/* One way in which a device can run a training's steps. */
typedef struct annc_engine_info {
    annc_engine engine;
    const char *name;    /* "fused" */
    const char *about;   /* how it runs the steps: a sentence without its full stop */
    const char *refusal; /* why it does not take the training: a clause; NULL: it does */
    double seconds;      /* per step, an estimate; NaN: nobody knows */
} annc_engine_info;

/* The engines of a device, at most `most` of them, best first: ANNC_ENGINE_AUTO stands for the first without a refusal. The last are
 * the operations, one after another, which take everything. Texts are static. */
ANNC_API size_t annc_device_engines(const annc_device *device, const annc_shape *shape,
                                    const annc_training_options *training, annc_engine_info *list, size_t most);

typedef struct annc_trainer annc_trainer;

/* Stages the training set on the device, once, with the parameters and room for one minibatch. The trainer keeps the network, the device and
 * the data set in use; they must outlive it. ANNC_USAGE (annc_training_check), ANNC_INPUT where data and network do not fit together (inputs,
 * outputs, targets that the cost cannot take), ANNC_MEMORY with needed, free and total bytes. */
ANNC_API annc_status annc_trainer_create(annc_device *device, annc_network *network, const annc_dataset *train,
                                         const annc_training_options *options, annc_trainer **trainer);
ANNC_API void annc_trainer_free(annc_trainer *trainer);

typedef struct annc_epoch {
    uint32_t epoch;    /* 1 for the first */
    uint32_t steps;    /* minibatches trained */
    uint32_t examples; /* examples trained */
    double loss;       /* sum over the epoch's minibatches of the minibatch's mean cost, each before its step */
    double rate;       /* learning rate of the last step */
    uint32_t correct;  /* training examples classified rightly, each before its step */
    double seconds;    /* training alone */
} annc_epoch;

/* Trains one epoch: every example once, in an order of its own. `stop` (or NULL) is asked between blocks of steps, and true leaves
 * the epoch with ANNC_STOPPED: the report is of the epoch so far, and the next call goes on with it, to the same bits. ANNC_DIVERGED
 * names the first step whose cost was not finite; the parameters are then of no use, and the network has those that were stored last. */
ANNC_API annc_status annc_trainer_epoch(annc_trainer *trainer, bool (*stop)(void *context), void *context,
                                        annc_epoch *report);

/* Sets eta, for rules of the caller's own: from the next annc_trainer_epoch on, the schedule goes by this one. A checkpoint does not keep it.
 * ANNC_USAGE unless it is finite and above 0. */
ANNC_API annc_status annc_trainer_set_rate(annc_trainer *trainer, double eta);

/* Tells ANNC_PLATEAU how the epoch went: a loss, lower is better, of whatever data are trusted most. */
ANNC_API void annc_trainer_report(annc_trainer *trainer, double loss);

/* The share of an epoch's steps that are done, 0...1, as it was when `stop` was last asked: for `stop` to tell. */
ANNC_API double annc_trainer_progress(const annc_trainer *trainer);

/* The engine in use: "ops", "recorded", "fused, sparse", "fused, dense". */
ANNC_API const char *annc_trainer_engine(const annc_trainer *trainer);
/* Examples that are on the device at once: all of them, unless they do not fit and come window by window. */
ANNC_API uint32_t annc_trainer_window(const annc_trainer *trainer);
/* Copies the parameters from the device into the network. ANNC_DIVERGED names the first that is not finite. After an error the network is as it
 * was. */
ANNC_API annc_status annc_trainer_store(annc_trainer *trainer);

/* All that a training is between two steps, as a network of its own, the caller's: the trainer's parameters now, its network's metadata,
 * the optimiser's state as blocks, and in "annc.state" where it stands. Saved and loaded as a model is (9). */
ANNC_API annc_status annc_trainer_checkpoint(annc_trainer *trainer, annc_network **checkpoint);
/* Brings a trainer that has not trained yet to where a checkpoint was taken. On the same device and engine it ends with the bits of an
 * unbroken training. The schedule keeps the length that it had. ANNC_INPUT where the checkpoint is none, or was taken with other data,
 * another shape, optimiser, minibatch or seed. */
ANNC_API annc_status annc_trainer_resume(annc_trainer *trainer, const annc_network *checkpoint);

/* ------------------------------------------------------------------ 6 evaluation and prediction */

typedef struct annc_evaluation {
    uint32_t count;   /* examples */
    uint32_t correct; /* argmax of the outputs is the label (ties: the lowest index); one output: above 1/2, or with the
                         hinge cost above 0, means class 1 */
    double loss;      /* mean cost an example */
    double r2, rmse,
        mae; /* where there are targets, in their own units; r2 is the mean over the targets. Otherwise NaN */
    double seconds;
} annc_evaluation;

typedef struct annc_evaluator annc_evaluator;

/* Stages a data set for evaluations of one network on one device; all three must outlive it. */
ANNC_API annc_status annc_evaluator_create(annc_device *device, const annc_network *network,
                                           const annc_dataset *dataset, annc_evaluator **evaluator);
ANNC_API void annc_evaluator_free(annc_evaluator *evaluator);
/* Evaluates the network's own parameters, or, with a trainer of it on the same device, those that it has there now. predictions: NULL, or room
 * for count class indices; outputs: NULL, or room for count x n_L outputs a^L. */
ANNC_API annc_status annc_evaluator_run(annc_evaluator *evaluator, const annc_trainer *trainer, int32_t *predictions,
                                        float *outputs, annc_evaluation *evaluation);

/* What a network says of rows of inputs. x: count x n_0, in the units of the data that the model was trained on, which are scaled here as
 * annc_data_describe has noted it (a missing value is NaN); in a network without such notes they are taken as they are. classes: NULL, or room for
 * count class indices; outputs: NULL, or room for count x n_L outputs a^L, or targets in the units of the data. device: NULL for the CPU. Many rows
 * in one call are faster than as many calls. ANNC_INPUT names the row of a value that is not finite, or missing where no notes say what stands for it. */
ANNC_API annc_status annc_network_predict(const annc_network *network, annc_device *device, uint32_t count,
                                          const float *x, int32_t *classes, float *outputs);
/* What a class is called in the network's notes, or its number where they do not say: into name, cut to `size` bytes, which may be shown by
 * annc_printable. False where there is no such class, and where the network was trained on targets. */
ANNC_API bool annc_network_class_name(const annc_network *network, uint32_t class_index, char *name, size_t size);

/* How much of a layer still learns, seen on up to 256 training examples: a unit passes no error back where |f'(z)| < 0.01. */
typedef struct annc_layer_health {
    double saturated;    /* share of units and examples where that is so */
    uint32_t dead;       /* units where it is so for every example */
    uint32_t first_dead; /* the first of them, from 0; n_l where there is none */
} annc_layer_health;

/* The health of layers 1...L at layers[0...L-1], for the parameters that the trainer has now. A softmax layer counts f' as a (1 - a). */
ANNC_API annc_status annc_trainer_health(annc_trainer *trainer, annc_layer_health *layers);

/* ------------------------------------------------------------------ 7 many networks at once */

/* One of many networks that are trained at once, each to the bits that it would have alone. */
typedef struct annc_candidate {
    annc_network *network; /* the caller's: with the parameters to begin with, and in the end with those to keep */
    annc_training_options options;
    uint32_t epochs;   /* at most */
    uint32_t patience; /* epochs without a smaller validation loss that end the training; 0: any */
    const annc_dataset *train_set, *validation_set; /* its own, or NULL: those of the sweep */
    /* Told of each epoch, one at a time of all candidates, from any thread; or NULL. */
    void (*each)(void *context, const annc_epoch *epoch, const annc_evaluation *validation);
    void *context; /* of each */

    /* What came of it: ANNC_OK, ANNC_DIVERGED (what was best before is kept), ANNC_STOPPED, or another reason. */
    annc_status status;
    char reason[256];
    uint32_t epochs_done, best_epoch; /* 0: none */
    annc_evaluation validation;       /* of the parameters that are kept */
    double seconds;                   /* of training */
} annc_candidate;

/* Trains candidates on one training set and measures each epoch on a validation set, which may be NULL where every candidate has its own: on the
 * CPU as many at once as there are threads, one a core; on a CUDA device one after another. Of each the parameters of the smallest validation
 * loss are kept, the earlier of equals. done, or NULL, is told of each candidate that is done, one at a time, on the
 * thread that trained it, whose annc_last_error() is then that of a candidate that failed; stop, or NULL, is
 * asked by any thread and leaves the rest undone. ANNC_STOPPED then; otherwise ANNC_OK, whatever came of the candidates, or what kept all from
 * beginning. */
ANNC_API annc_status annc_sweep(const annc_device_options *device, annc_candidate *candidates, uint32_t count,
                                const annc_dataset *train, const annc_dataset *validation, bool (*stop)(void *context),
                                void (*done)(void *context, uint32_t candidate), void *context);

/* ------------------------------------------------------------------ 8 gradients, and the audit of them
 *
 * Backpropagation, for one example, with delta^l = dC/dz^l (Nielsen 2015, chapter 2); x is the product entry by entry:
 *
 *     BP1  delta^L = dC/da^L x f'(z^L)                        BP3  dC/db^l = delta^l
 *     BP2  delta^l = (W^(l+1))^T delta^(l+1) x f'(z^l)        BP4  dC/dW^l = delta^l (a^(l-1))^T */

/* These equations in double, by plain loops (src/training/step/reference.c): adds example i's dC/dtheta to `gradient`, in the layout of the parameter
 * block, and gives its cost C. theta: annc_shape_parameters() doubles. ANNC_USAGE where the data set does not fit the shape, or has no such
 * example. */
ANNC_API annc_status annc_reference_gradient(const annc_shape *shape, const double *theta, const annc_dataset *dataset,
                                             uint32_t i, double *gradient, double *cost);

/* What those equations come to on one example, with all that is on the way. Layers count from 1; vectors of layer l lie at l, n_l doubles each. */
typedef struct annc_trace {
    annc_shape shape;
    double cost;              /* C */
    double *theta, *gradient; /* parameter blocks: the parameters, and dC/dtheta (BP3, BP4) */
    const double *y;          /* n_L targets */
    const double *a[ANNC_MAX_LAYERS + 1], *z[ANNC_MAX_LAYERS + 1]; /* a[0] is x; z[0] has no meaning */
    const double *delta[ANNC_MAX_LAYERS + 1];                      /* dC/dz of layers 1 to L (BP1, BP2) */
    const double *derivative[ANNC_MAX_LAYERS + 1];                 /* f'(z); NaN where f is softmax */
    const double *slope[ANNC_MAX_LAYERS + 1]; /* dC/da; NaN at the output where dC/dz has a closed form (a - y) */
} annc_trace;

/* theta: annc_shape_parameters() doubles. ANNC_USAGE where the data set has no such example. Freed by annc_trace_free. */
ANNC_API annc_status annc_trace_create(const annc_shape *shape, const double *theta, const annc_dataset *dataset,
                                       uint32_t i, annc_trace **trace);
ANNC_API void annc_trace_free(annc_trace *trace);

typedef enum annc_parameter_kind { ANNC_WEIGHT, ANNC_BIAS } annc_parameter_kind;

typedef struct annc_check_row {
    uint32_t layer;
    annc_parameter_kind kind;
    char path[24];   /* "finite-difference", a device's kind: "cpu", "cuda", "simulated", or its engine: "cpu, fused" */
    double worst;    /* largest |error|, relative to the tolerance's scale (below) */
    double normwise; /* ||error|| / ||gradient|| */
    double tolerance;  /* what both must stay within */
    size_t sampled;    /* parameters compared */
    size_t parameters; /* of this layer and kind */
    size_t kinks;      /* of those sampled, left out because f has a kink within the difference */
    bool pass;
} annc_check_row;

typedef struct annc_check_options {
    uint32_t batch;  /* examples averaged */
    uint32_t sample; /* parameters per layer and kind for finite differences; 0: all */
    uint64_t seed;   /* of the order of examples, of dropout and noise, and of the sample */
    annc_objective objective;
} annc_check_options;

/* Audits the gradients of a network on the first minibatch of a data set, of C and all that the objective adds to it: the
 * reference against central finite differences (h = 1e-5, double), and each device against the reference. Half of the sampled
 * parameters have a gradient other than 0, if so many have. Errors of finite differences are relative to
 * max(|analytic|, |numeric|) + 1e-3, those of devices to the largest entry of the matrix, or to FLT_MIN if that is larger. Rows
 * are freed by annc_check_free. ANNC_OK also where a row failed: look at `pass`. */
ANNC_API annc_status annc_check(const annc_network *network, const annc_dataset *dataset, annc_device *const *devices,
                                size_t n_devices, const annc_check_options *options, annc_check_row **rows,
                                size_t *count);
ANNC_API void annc_check_free(annc_check_row *rows);

/* ------------------------------------------------------------------ 9 model files */

/* Writes a network as safetensors: F32 tensors "0.weight" [n_1, n_0], "0.bias" [n_1], "2.weight", ... as a torch nn.Sequential
 * of Linear layers and activations names them, and the metadata above. The same network gives the same bytes. Written to a
 * temporary file beside the target, synchronised, renamed: a kill at any instant leaves the old file or the new one. ANNC_OUTPUT. */
ANNC_API annc_status annc_model_save(const annc_network *network, const char *path);
/* Whether a file could be written there, found out before the work is done. ANNC_OUTPUT. */
ANNC_API annc_status annc_model_can_save(const char *path);
/* Reads a network as annc_model_save writes it. ANNC_INPUT names what is wrong; nothing is taken on trust. A file of another program, which
 * has no "annc.layers", is read too where `assumed` gives its activations and cost: tensors whose names end in "weight" ([out, in]) and
 * "bias" (missing ones are 0), or in "kernel" ([in, out], Keras's), as safetensors (F32, F64, F16 or BF16) or in an NPZ file; layers in the
 * order of their names, numbers in them as numbers. Its widths must be those of `assumed`. NULL: there is none, and such files are refused. */
ANNC_API annc_status annc_model_load(const char *path, const annc_shape *assumed, annc_network **network);

/* Files of others that a network is written to: each with the parameters of all layers under torch's names. */
typedef enum annc_export {
    ANNC_EXPORT_ONNX, /* IR version 7, opset 13; "input" float [N, n_0], scaled already, "output" a^L; the metadata beside them */
    ANNC_EXPORT_NPZ, /* NumPy's: "0.weight" [n_1, n_0], "0.bias" [n_1], "2.weight", ... */
    ANNC_EXPORT_JSON, /* metadata and, a layer each, inputs, units, activation, weights (rows) and biases, to nine digits */
    ANNC_EXPORT_C, /* a source file of its own: void model_predict(const float *x, float *y), scaling included; a program with -DMODEL_MAIN */
    ANNC_EXPORT_HTML, /* one page to play with, which needs nothing else: draw or set the inputs, see all layers */
    ANNC_EXPORT_COUNT
} annc_export;

/* "onnx", "npz", "json", "c", "html"; NULL for no such value. */
ANNC_API const char *annc_export_name(annc_export format);
/* Writes a network as another program reads it. ANNC_OUTPUT; whole or absent, as annc_model_save. */
ANNC_API annc_status annc_model_export(const annc_network *network, annc_export format, const char *path);

/* ------------------------------------------------------------------ 10 pictures and other files */

/* Images to look at, all of one size, in colour, each with a line of text. */
typedef struct annc_gallery {
    uint32_t count, rows, columns;
    const uint8_t *pixels;       /* count x rows x columns x red, green, blue */
    const char *const *captions; /* count; or NULL */
    const char *title;
} annc_gallery;

/* Draws them in a grid into a file whose name ends in .png or .svg (with the captions), whole or absent; "-" is standard output, as SVG.
 * ANNC_USAGE for another name, or where there is nothing to draw or too much, ANNC_OUTPUT. */
ANNC_API annc_status annc_gallery_draw(const annc_gallery *gallery, const char *path);
/* Writes any file in the same way, whole or absent: a report, a picture. ANNC_OUTPUT. */
ANNC_API annc_status annc_file_save(const char *path, const void *data, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
