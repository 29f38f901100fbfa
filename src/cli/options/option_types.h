/* option_types.h - types of options: kinds, identifiers, values. */
#ifndef ANNC_CLI_OPTIONS_OPTION_TYPES_H
#define ANNC_CLI_OPTIONS_OPTION_TYPES_H

#include "annc.h"

/* Bits for the commands that take an option, and for properties of options. */
enum command_bit {
    TRAIN = 1 << 0,
    EVAL = 1 << 1,
    CHECK = 1 << 2,
    FETCH = 1 << 3,
    INFO = 1 << 4,
    PREDICT = 1 << 5,
    EXPORT = 1 << 6,
    SHOW = 1 << 7,
    SWEEP = 1 << 8,
    TRACE = 1 << 9,
    REPORT = 1 << 10,
    ANY_COMMAND = 2 * REPORT - 1,
    COMMON = 1 << 25,  /* in the short help of train and sweep */
    STREAMS = 1 << 26, /* WRITES only: '-' is standard output */
    WRITES = 1 << 27,  /* PATHNAME only: an output file; otherwise an input file */
    VARIES = 1 << 28,  /* a sweep may vary it */
    RARE = 1 << 29,    /* not in the short help */
    ASIDE = 1 << 30,   /* places results but does not affect them: not part of a configuration */
};

/* In the order of help, by groups: see option_group. */
enum option_id {
    OPTION_THRESHOLD,
    OPTION_PER_EXAMPLE,
    OPTION_IMPORTANCE,
    OPTION_SAMPLE,
    OPTION_ALL,
    OPTION_SHOW_INPUT,
    OPTION_TOP_CLASSES,
    OPTION_CSV,
    OPTION_WHAT,
    OPTION_LAYER,
    OPTION_COUNT_SHOWN,
    OPTION_CAPTIONS,
    OPTION_EXAMPLE,
    OPTION_NEURON,
    OPTION_EDGES,
    OPTION_STEP,
    OPTION_SALIENCY,
    OPTION_GRID,
    OPTION_RANDOM,
    OPTION_SEEDS,
    OPTION_TOP,
    OPTION_ENSEMBLE,
    OPTION_TO,
    OPTION_FORMAT,
    OPTION_POINTS,
    OPTION_DATA,
    OPTION_TEST,
    OPTION_VALIDATION,
    OPTION_SPLIT_SEED,
    OPTION_FOLDS,
    OPTION_LABEL,
    OPTION_TARGET,
    OPTION_LABEL_SEPARATOR,
    OPTION_WEIGHT,
    OPTION_DROP,
    OPTION_CATEGORICAL,
    OPTION_NUMERIC,
    OPTION_MISSING,
    OPTION_SCALE,
    OPTION_TARGET_SCALE,
    OPTION_DELIMITER,
    OPTION_DECIMAL,
    OPTION_THOUSANDS,
    OPTION_HEADER,
    OPTION_SKIP,
    OPTION_X,
    OPTION_Y,
    OPTION_LABELS,
    OPTION_WEIGHTS,
    OPTION_TEST_LABELS,
    OPTION_TRANSPOSE,
    OPTION_OFFLINE,
    OPTION_HIDDEN,
    OPTION_LAYERS,
    OPTION_ACTIVATION,
    OPTION_OUTPUT_ACTIVATION,
    OPTION_COST,
    OPTION_QUANTILE,
    OPTION_INIT,
    OPTION_SEED,
    OPTION_LOAD,
    OPTION_PRESET,
    OPTION_CONFIG,
    OPTION_EPOCHS,
    OPTION_BATCH,
    OPTION_SHARDS,
    OPTION_OPTIMIZER,
    OPTION_LR,
    OPTION_MOMENTUM,
    OPTION_BETA2,
    OPTION_EPSILON,
    OPTION_SCHEDULE,
    OPTION_WARMUP,
    OPTION_SCHEDULE_FACTOR,
    OPTION_SCHEDULE_PERIOD,
    OPTION_PATIENCE,
    OPTION_TARGET_ACCURACY,
    OPTION_MAX_TIME,
    OPTION_WEIGHT_DECAY,
    OPTION_L2,
    OPTION_L1,
    OPTION_MAX_NORM,
    OPTION_CLIP,
    OPTION_DROPOUT,
    OPTION_INPUT_DROPOUT,
    OPTION_INPUT_NOISE,
    OPTION_SHIFT,
    OPTION_ROTATE,
    OPTION_ZOOM,
    OPTION_ELASTIC,
    OPTION_ELASTIC_SIGMA,
    OPTION_LABEL_SMOOTHING,
    OPTION_CLASS_WEIGHTS,
    OPTION_DEVICE,
    OPTION_THREADS,
    OPTION_PRECISION,
    OPTION_ENGINE,
    OPTION_SAVE,
    OPTION_SAVE_ALL,
    OPTION_CHECKPOINT,
    OPTION_CHECKPOINT_EVERY,
    OPTION_RESUME,
    OPTION_LOG,
    OPTION_PLOT,
    OPTION_OUT,
    OPTION_FORCE,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_COUNT
};

enum option_kind {
    FLAG,     /* takes no value */
    TEXT,     /* any non-empty text */
    PATHNAME, /* the same; names a file or directory, and for some options something else */
    WHOLE,    /* a whole number within low...high */
    NUMBER,   /* a finite decimal number above 0 */
    AMOUNT,   /* the same, or 0 */
    SIGNED,   /* any finite decimal number */
    SHARE,    /* 0 or more and less than 1 */
    LIST,     /* any text; may be repeated: options.repeated has all values */
    CHOICE,   /* one of the names that choice() returns for 0, 1, 2, ... */
};

struct option_spec {
    const char *name, *argument; /* without "--"; the value's name in help */
    enum option_kind kind;
    unsigned commands;
    const char *preset; /* default as text, shown by help and parsed like a value; NULL for none */
    uint64_t low, high;
    const char *(*choice)(int value);
    const char *help;
};

struct option_value {
    bool given; /* by the user, a configuration file or --preset; otherwise the default */
    bool typed; /* by the user, on the command line */
    const char *text;
    const char *shown; /* the value in the configuration, if it differs from `text` */
    uint64_t whole;
    double number;
    int choice;
};

enum { MOST_POSITIONAL = 1024, MOST_REPEATED = 16, MOST_JOINED = 100 };

struct options {
    unsigned command; /* its bit */
    const char *command_name;
    struct option_value value[OPTION_COUNT];
    const char *positional[MOST_POSITIONAL]; /* arguments that are not options */
    int positional_count;
    const char *extra;                   /* the first argument more than the command takes; or NULL */
    const char *repeated[MOST_REPEATED]; /* values of the repeatable option */
    int repeated_count;
    const char *unsaved;    /* --resume: the file of --save that the checkpoint may not name; or NULL */
    bool goes_further;      /* --epochs exceeds the checkpoint's */
    char *config, *resumed; /* texts of configuration file and checkpoint, used by values */
};

#endif
