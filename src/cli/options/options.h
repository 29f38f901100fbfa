/* options.h - the one table of options: parsing, help and ranges come from it. */
#ifndef ANNC_CLI_OPTIONS_H
#define ANNC_CLI_OPTIONS_H

#include "annc.h"
#include "memory.h"

/* Commands, as bits: which options each takes; and traits of options. */
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
    STREAMS = 1 << 26, /* of one that WRITES: '-' is standard output */
    WRITES = 1 << 27,  /* of a path: a file that is written there; without it, one that is read */
    VARIES = 1 << 28,  /* of an option: a sweep may vary it */
    RARE = 1 << 29,    /* of an option: not among those that help shows first */
    ASIDE = 1 << 30,   /* says where results go, not what they are: no part of a configuration */
};

enum option_id {
    OPTION_PRESET,
    OPTION_CONFIG,
    OPTION_DATA,
    OPTION_TEST,
    OPTION_VALIDATION,
    OPTION_SPLIT_SEED,
    OPTION_FOLDS,
    OPTION_LABEL,
    OPTION_TARGET,
    OPTION_DROP,
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
    OPTION_TEST_LABELS,
    OPTION_TRANSPOSE,
    OPTION_OFFLINE,
    OPTION_LAYERS,
    OPTION_ACTIVATION,
    OPTION_OUTPUT_ACTIVATION,
    OPTION_COST,
    OPTION_INIT,
    OPTION_SEED,
    OPTION_EPOCHS,
    OPTION_BATCH,
    OPTION_OPTIMIZER,
    OPTION_LR,
    OPTION_MOMENTUM,
    OPTION_BETA2,
    OPTION_EPSILON,
    OPTION_SCHEDULE,
    OPTION_WARMUP,
    OPTION_SCHEDULE_FACTOR,
    OPTION_SCHEDULE_PERIOD,
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
    OPTION_ELASTIC,
    OPTION_LABEL_SMOOTHING,
    OPTION_CLASS_WEIGHTS,
    OPTION_PATIENCE,
    OPTION_TARGET_ACCURACY,
    OPTION_MAX_TIME,
    OPTION_THRESHOLD,
    OPTION_PER_EXAMPLE,
    OPTION_SAMPLE,
    OPTION_ALL,
    OPTION_DEVICE,
    OPTION_THREADS,
    OPTION_ENGINE,
    OPTION_LOAD,
    OPTION_SAVE,
    OPTION_CHECKPOINT,
    OPTION_CHECKPOINT_EVERY,
    OPTION_RESUME,
    OPTION_LOG,
    OPTION_PLOT,
    OPTION_SHOW_INPUT,
    OPTION_TOP_CLASSES,
    OPTION_CSV,
    OPTION_WHAT,
    OPTION_LAYER,
    OPTION_COUNT_SHOWN,
    OPTION_EXAMPLE,
    OPTION_NEURON,
    OPTION_EDGES,
    OPTION_STEP,
    OPTION_GRID,
    OPTION_RANDOM,
    OPTION_SEEDS,
    OPTION_TOP,
    OPTION_ENSEMBLE,
    OPTION_TO,
    OPTION_FORMAT,
    OPTION_OUT,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_COUNT
};

enum option_kind {
    FLAG,     /* takes no value */
    TEXT,     /* any text but the empty one */
    PATHNAME, /* the same; names a file or folder, and for some options something else */
    WHOLE,    /* a whole number within low...high */
    NUMBER,   /* a finite decimal number above 0 */
    AMOUNT,   /* the same, or 0 */
    SIGNED,   /* any finite decimal number */
    SHARE,    /* 0 or more and less than 1 */
    LIST,     /* any text, and again: options.repeated has all of them */
    CHOICE,   /* one of the names that choice() gives for 0, 1, 2, ... */
};

struct option_spec {
    const char *name, *argument; /* without "--"; what help calls the value */
    enum option_kind kind;
    unsigned commands;
    const char *preset; /* the default as text, shown by help and parsed like any value; NULL for none */
    uint64_t low, high;
    const char *(*choice)(int value);
    const char *help;
};

struct option_value {
    bool given; /* by the user, in a configuration file or by --preset; otherwise the default */
    bool typed; /* by the user, on the command line */
    const char *text;
    const char *shown; /* as the configuration has it, where that is not `text` */
    uint64_t whole;
    double number;
    int choice;
};

enum { MOST_POSITIONAL = 1024, MOST_REPEATED = 16, MOST_JOINED = 100 };

struct options {
    struct option_value value[OPTION_COUNT];
    const char *positional[MOST_POSITIONAL]; /* the arguments that are no options */
    int positional_count;
    const char *repeated[MOST_REPEATED]; /* values of the option that may be given more than once */
    int repeated_count;
    bool goes_further;      /* --epochs was raised beyond the checkpoint's */
    char *config, *resumed; /* the texts of the configuration file and of a checkpoint, whose values point into them */
};

extern const struct option_spec OPTIONS[OPTION_COUNT];
/* The option of a command that other programs have by another name; NULL where it is none that is known (option_table.c). */
const char *option_known_as(const char *name, unsigned command);

/* Reads a command's arguments, before options_complete. ANNC_USAGE with a message that names the option, its value and what it takes, or did you mean. */
annc_status options_parse(unsigned command, int most_positional, int argc, char **argv, struct options *options);
/* Gives every option that has one, and no value yet, its default. */
annc_status options_default(struct options *options);
/* Whether an option's value is not in use: the model that is loaded says what it is. */
bool option_comes_with_model(const struct options *options, enum option_id id);
/* Whether the value of --validation is a share of the data, like 0.1, and no file's name. */
bool is_share(const char *text, double *share);
/* What was not given comes from the file that --config names, then from --preset, then from the defaults (configuration.c). */
annc_status options_complete(unsigned command, struct options *options);
void options_free(struct options *options);

/* What `show` can show: the values of --what. */
const char *show_subject(int i);

/* The option of a command that is called so, or OPTION_COUNT; with the bits of several commands, an option that any of them has. */
enum option_id option_named(unsigned command, const char *name);
/* Sets an option by a text from elsewhere than the command line: a flag is yes or no. */
annc_status option_set(enum option_id id, const char *text, struct options *options);
/* Sets an option of the command by name, unless it was given already, or the command has none of that name. */
annc_status options_set(unsigned command, const char *name, const char *text, struct options *options);
/* Candidates for `closest`: the names of a command's options; "" stands for those of others. */
const char *option_name(int i, unsigned command);
/* Values below those that the user gives: --preset's, as name and value in turn, ended by NULL; and the names of the presets. */
const char *const *preset_values(int preset);
const char *preset_name(int preset);

/* The value that a text is for an option: ANNC_USAGE with what it may be. */
annc_status option_parse(const struct option_spec *spec, const char *text, struct option_value *value);

/* What a checkpoint (--resume) was made with becomes the options; what was given besides must agree, and whatever does not is named
 * (resume.c). */
annc_status options_resume(struct options *options);
/* What options_resume needs beyond the configuration: paths, absolute, and texts that a line cannot hold. */
void options_print_run(const struct options *options, struct text *out);

/* Whether the value of an option names a file or folder. */
bool option_names_file(enum option_id id, const char *text);
/* That no file which a command writes is one that it reads, or another that it writes, whatever the names and links by which they are meant
 * (overwriting.c): ANNC_USAGE with both options. */
annc_status options_check_files(unsigned command, const struct options *options);
/* The same of one more file that is read; `what` says which that is. */
annc_status overwriting_check(unsigned command, const struct options *options, const char *what, const char *path);

/* The value of an option as the configuration has it, or NULL where it is no part of it. */
const char *option_shown(unsigned command, const struct options *options, enum option_id id);
/* Prints the configuration: each option of a command that has a value, as "name = value", a line each, as --config reads it. */
void options_print(unsigned command, const struct options *options, struct text *out);

/* What help says of an option: what it is for, the names it takes and [its default]; where that is wider than `width`, without what a
 * semicolon sets apart, but for the default, and with as many names as there is room for. */
void option_describe(const struct option_spec *spec, size_t width, char *text, size_t size);
/* Prints the options of a command, as wide as the screen: the common ones, or all. Gives how many were left out. */
int options_help(unsigned command, bool all);

/* note.c. Says something on standard error, a line, fit for a terminal whatever names are in it, unless --quiet is given. */
void note(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
