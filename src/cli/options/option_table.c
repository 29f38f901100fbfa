/* option_table.c - the table of all options of all commands. */
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/show_subject.h"

#include <string.h>

static const char *activation(int i)
{
    return annc_activation_name((annc_activation)i);
}

static const char *cost(int i)
{
    return annc_cost_name((annc_cost)i);
}

static const char *init(int i)
{
    return annc_init_name((annc_init)i);
}

static const char *optimizer(int i)
{
    return annc_optimiser_name((annc_optimiser)i);
}

static const char *schedule(int i)
{
    return annc_schedule_name((annc_schedule_kind)i);
}

static const char *precision(int i)
{
    return annc_precision_name((annc_precision)i);
}

static const char *engine(int i)
{
    return annc_engine_name((annc_engine)i);
}

static const char *scale(int i)
{
    return annc_scale_name((annc_scale)i);
}

static const char *format(int i)
{
    return annc_export_name((annc_export)i);
}

static const char *missing(int i)
{
    static const char *const names[] = {
        [ANNC_MISSING_ERROR] = "error", [ANNC_MISSING_DROP] = "drop", [ANNC_MISSING_MEAN] = "mean"};
    return i < (int)(sizeof names / sizeof *names) ? names[i] : NULL;
}

static const char *header(int i)
{
    static const char *const names[] = {[ANNC_AUTO] = "auto", [ANNC_YES] = "yes", [ANNC_NO] = "no"};
    return i < (int)(sizeof names / sizeof *names) ? names[i] : NULL;
}

/* ---------------------------------------------------------------- presets */

static const char *const TUTORIAL[] = {"layers",    "784-32-10", "activation", "sigmoid", "output-activation",
                                       "sigmoid",   "cost",      "quadratic",  "init",    "normal",
                                       "optimizer", "sgd",       "lr",         "3",       "batch",
                                       "16",        "epochs",    "30",         NULL};
static const char *const MODERN[] = {"layers",
                                     "784-512-512-10",
                                     "activation",
                                     "relu",
                                     "output-activation",
                                     "softmax",
                                     "cost",
                                     "categorical-cross-entropy",
                                     "init",
                                     "he",
                                     "optimizer",
                                     "momentum",
                                     "momentum",
                                     "0.9",
                                     "lr",
                                     "0.1",
                                     "schedule",
                                     "cosine",
                                     "batch",
                                     "128",
                                     "epochs",
                                     "30",
                                     NULL};

static const struct {
    const char *name;
    const char *const *values;
} PRESETS[] = {{"tutorial", TUTORIAL}, {"modern", MODERN}};
enum { PRESET_COUNT = sizeof PRESETS / sizeof *PRESETS };

const char *preset_name(int preset)
{
    return preset < PRESET_COUNT ? PRESETS[preset].name : NULL;
}

const char *const *preset_values(int preset)
{
    return PRESETS[preset].values;
}

/* ---------------------------------------------------------------- the table */

enum {
    NETWORK = TRAIN | SWEEP | EVAL | CHECK | INFO | PREDICT | EXPORT | TRACE,
    MEASURE = TRAIN | SWEEP | EVAL | CHECK,
    DATA = MEASURE | TRACE,
    TABLE = MEASURE | PREDICT,
    READ = TABLE | SHOW | TRACE
};

#define ANY 0, 0, 0

const struct option_spec OPTIONS[OPTION_COUNT] = {
    [OPTION_PRESET] = {"preset", "NAME", CHOICE, NETWORK | ASIDE, 0, 0, 0, preset_name,
                       "named defaults; any other option overrides them"},
    [OPTION_CONFIG] =
        {"config", "FILE", PATHNAME, NETWORK | RARE | ASIDE, 0, ANY,
         "read options from a file of lines 'name = value', or from a model; options given here override them"},
    [OPTION_DATA] = {"data", "WHAT", PATHNAME, COMMON | DATA | SHOW | REPORT, 0, ANY,
                     "folder, file, 'mnist' or 'digits'; IDX, pictures, text tables, NPY, NPZ; default: the model's "
                     "data, else MNIST"},
    [OPTION_TEST] = {"test", "FILE", PATHNAME, TRAIN, 0, ANY, "test set, if --data has none"},
    [OPTION_VALIDATION] = {"validation", "SHARE", PATHNAME, COMMON | TRAIN | SWEEP, 0, ANY,
                           "share of the rows, or file, held out for validation"},
    [OPTION_SPLIT_SEED] = {"split-seed", "N", WHOLE, TRAIN | SWEEP | RARE, 0, 0, INT64_MAX, 0,
                           "seed of what --validation and --folds hold out; default: --seed"},
    [OPTION_FOLDS] = {"folds", "K", WHOLE, TRAIN | RARE, 0, 2, 1000, 0, "K-fold cross-validation"},
    [OPTION_LABEL] = {"label", "COLUMN", TEXT, COMMON | READ, 0, ANY,
                      "column of classes, name or number; default: detected"},
    [OPTION_TARGET] = {"target", "COLUMNS", TEXT, COMMON | DATA, 0, ANY,
                       "columns of numbers to learn instead of classes: a,b"},
    [OPTION_LABEL_SEPARATOR] = {"label-separator", "CHAR", TEXT, TRAIN | SWEEP | CHECK | TRACE | RARE, 0, ANY,
                                "separator of several labels in a cell of --label; default: a cell is one class"},
    [OPTION_WEIGHT] =
        {"weight", "COLUMN", TEXT, DATA | RARE, 0, ANY,
         "column, or array of an NPZ file, of weights of rows: 2 counts as two rows, 0 as none; default: none"},
    [OPTION_DROP] = {"drop", "COLUMNS", TEXT, READ | RARE, 0, ANY, "columns to leave out: a,b"},
    [OPTION_CATEGORICAL] = {"categorical", "COLUMNS", TEXT, TRAIN | SWEEP | CHECK | TRACE | RARE, 0, ANY,
                            "input columns a,b whose cells are words; default: those with mostly words"},
    [OPTION_NUMERIC] = {"numeric", "COLUMNS", TEXT, TRAIN | SWEEP | CHECK | TRACE | RARE, 0, ANY,
                        "input columns a,b that are not words but numbers or dates; default: those with mostly these"},
    [OPTION_MISSING] = {"missing", "WHAT", CHOICE, READ | RARE, "error", 0, 0, missing,
                        "missing values: report an error, drop the row, or use the column's mean"},
    [OPTION_SCALE] = {"scale", "HOW", CHOICE, TRAIN | SWEEP | CHECK | TRACE, "auto", 0, 0, scale, "scaling of inputs"},
    [OPTION_TARGET_SCALE] = {"target-scale", "HOW", CHOICE, TRAIN | SWEEP | CHECK | TRACE | RARE, "auto", 0, 0, scale,
                             "scaling of targets; auto: standardise if the outputs take any number"},
    [OPTION_DELIMITER] = {"delimiter", "CHAR", TEXT, READ | RARE, 0, ANY,
                          "separator of a table's fields: a character, 'tab' or 'blanks'; default: detected"},
    [OPTION_DECIMAL] = {"decimal", "MARK", TEXT, READ | RARE, 0, ANY,
                        "decimal mark of numbers, . or ,; default: detected"},
    [OPTION_THOUSANDS] = {"thousands", "MARK", TEXT, READ | RARE, 0, ANY,
                          "thousands separator of numbers, , or .; default: none"},
    [OPTION_HEADER] = {"header", "WHAT", CHOICE, READ | RARE, "auto", 0, 0, header,
                       "whether a table's first record is a header"},
    [OPTION_SKIP] = {"skip", "N", TEXT, READ | RARE, 0, ANY,
                     "skip N leading lines of each table; 0,1 skips none of --data and one of --test; default: 0"},
    [OPTION_X] = {"x", "NAME", TEXT, READ | RARE, 0, ANY, "array of inputs in an NPZ file; default: detected"},
    [OPTION_Y] = {"y", "NAME", TEXT, DATA | SHOW | RARE, 0, ANY,
                  "array of labels or targets in an NPZ file; default: detected"},
    [OPTION_TEST_LABELS] = {"test-labels", "FILE", PATHNAME, TRAIN | RARE, 0, ANY,
                            "labels of --test, if it is an array of inputs"},
    [OPTION_LABELS] = {"labels", "FILE", PATHNAME, DATA | SHOW | RARE, 0, ANY,
                       "labels of the images; default: found by name"},
    [OPTION_WEIGHTS] = {"weights", "FILE", PATHNAME, DATA | RARE, 0, ANY,
                        "weights of the rows of images or arrays, an NPY file; default: none"},
    [OPTION_TRANSPOSE] = {"transpose", 0, FLAG, READ | RARE, 0, ANY,
                          "transpose the stored images (EMNIST's are transposed)"},
    [OPTION_OFFLINE] = {"offline", 0, FLAG, TRAIN | SWEEP | RARE, 0, ANY, "do not download MNIST"},
    [OPTION_HIDDEN] = {"hidden", "WIDTHS", TEXT, COMMON | TRAIN | SWEEP | CHECK | TRACE, 0, ANY,
                       "hidden widths 64,32 or 'none'; default: by the data"},
    [OPTION_LAYERS] = {"layers", "SHAPE", TEXT, COMMON | NETWORK | VARIES, "784-32-10", ANY,
                       "all widths, inputs first; with activations: 784-32:relu-10:softmax"},
    [OPTION_ACTIVATION] = {"activation", "NAME", CHOICE, NETWORK | VARIES, "sigmoid", 0, 0, activation,
                           "activation of the hidden layers"},
    [OPTION_OUTPUT_ACTIVATION] = {"output-activation", "NAME", CHOICE, NETWORK | VARIES, "sigmoid", 0, 0, activation,
                                  "activation of the output layer"},
    [OPTION_COST] = {"cost", "NAME", CHOICE, NETWORK | VARIES, "quadratic", 0, 0, cost, "cost function"},
    [OPTION_QUANTILE] = {"quantile", "TAU", SHARE, NETWORK | VARIES | RARE, 0, ANY,
                         "quantile of the targets that the cost quantile predicts; default 0.5"},
    [OPTION_INIT] = {"init", "NAME", CHOICE, TRAIN | SWEEP | VARIES | CHECK | TRACE, "auto", 0, 0, init,
                     "initialisation of the parameters"},
    [OPTION_SEED] = {"seed", "N", WHOLE, TRAIN | SWEEP | CHECK | TRACE, "1", 0, INT64_MAX, 0,
                     "seed of parameters and of the order of examples"},
    [OPTION_EPOCHS] = {"epochs", "N", WHOLE, COMMON | TRAIN | SWEEP | VARIES, "30", 0, 1000000000, 0,
                       "passes through the training set"},
    [OPTION_BATCH] = {"batch", "N", WHOLE, TRAIN | SWEEP | VARIES | INFO | CHECK, "16", 1, 1000000000, 0,
                      "examples per minibatch"},
    [OPTION_SHARDS] = {"shards", "N", WHOLE, TRAIN | RARE, 0, 2, 4096, 0,
                       "each minibatch takes rows from N parts of the training set; N ranks hold one part each"},
    [OPTION_OPTIMIZER] = {"optimizer", "NAME", CHOICE, TRAIN | SWEEP | VARIES | INFO, "sgd", 0, 0, optimizer,
                          "optimiser"},
    [OPTION_LR] = {"lr", "ETA", NUMBER, COMMON | TRAIN | SWEEP | VARIES | TRACE, 0, ANY,
                   "learning rate; default: sgd 3, momentum and nesterov 0.1, adagrad 0.01, others 0.001, trace 1"},
    [OPTION_MOMENTUM] = {"momentum", "MU", SHARE, TRAIN | SWEEP | VARIES | RARE, 0, ANY,
                         "momentum of momentum and nesterov, beta1 of Adam; default 0.9"},
    [OPTION_BETA2] = {"beta2", "RHO", SHARE, TRAIN | SWEEP | VARIES | RARE, 0, ANY,
                      "decay of the mean squared gradient; default: adam 0.999, rmsprop 0.99"},
    [OPTION_EPSILON] = {"epsilon", "E", AMOUNT, TRAIN | SWEEP | VARIES | RARE, 0, ANY,
                        "added to the root mean square that divides; default 1e-8, adagrad 1e-10"},
    [OPTION_SCHEDULE] = {"schedule", "NAME", CHOICE, TRAIN | SWEEP | VARIES, "constant", 0, 0, schedule,
                         "schedule of the learning rate"},
    [OPTION_WARMUP] = {"warmup", "EPOCHS", AMOUNT, TRAIN | SWEEP | VARIES | RARE, "0", ANY,
                       "epochs over which the learning rate first rises from 0"},
    [OPTION_SCHEDULE_FACTOR] = {"schedule-factor", "F", SHARE, TRAIN | SWEEP | VARIES | RARE, 0, ANY,
                                "factor of each decay; default: step and plateau 0.1, exponential 0.95"},
    [OPTION_SCHEDULE_PERIOD] = {"schedule-period", "EPOCHS", WHOLE, TRAIN | SWEEP | VARIES | RARE, 0, 1, 1000000000, 0,
                                "epochs between decays, or patience of plateau; default 10"},
    [OPTION_WEIGHT_DECAY] =
        {"weight-decay", "L", AMOUNT, TRAIN | SWEEP | VARIES | INFO | RARE, 0, ANY,
         "decoupled decay: each step multiplies weights by 1 - ETA x L; default: adamw 0.01, others 0"},
    [OPTION_L2] = {"l2", "L", AMOUNT, TRAIN | SWEEP | VARIES | INFO | CHECK | RARE, "0", ANY,
                   "add L/2 x the sum of the squared weights to the cost"},
    [OPTION_L1] = {"l1", "L", AMOUNT, TRAIN | SWEEP | VARIES | INFO | CHECK | RARE, "0", ANY,
                   "add L x the sum of the weights' magnitudes to the cost"},
    [OPTION_MAX_NORM] = {"max-norm", "C", AMOUNT, TRAIN | SWEEP | VARIES | INFO | RARE, "0", ANY,
                         "largest norm of the weights into a unit; 0: no limit"},
    [OPTION_CLIP] = {"clip", "C", AMOUNT, TRAIN | SWEEP | VARIES | INFO | RARE, "0", ANY,
                     "largest norm of the gradient; 0: no limit"},
    [OPTION_DROPOUT] = {"dropout", "SHARE", SHARE, TRAIN | SWEEP | VARIES | INFO | CHECK, "0", ANY,
                        "share of the hidden units left out in each step"},
    [OPTION_INPUT_DROPOUT] = {"input-dropout", "SHARE", SHARE, TRAIN | SWEEP | VARIES | INFO | CHECK | RARE, "0", ANY,
                              "share of the inputs left out in each step"},
    [OPTION_INPUT_NOISE] = {"input-noise", "SD", AMOUNT, TRAIN | SWEEP | VARIES | INFO | CHECK | RARE, "0", ANY,
                            "standard deviation of the noise added to inputs in each step"},
    [OPTION_SHIFT] = {"shift", "PIXELS", AMOUNT, TRAIN | SWEEP | VARIES | INFO | CHECK | RARE, "0", ANY,
                      "shift images at random by up to so many pixels"},
    [OPTION_ROTATE] = {"rotate", "DEGREES", AMOUNT, TRAIN | SWEEP | VARIES | INFO | CHECK | RARE, "0", ANY,
                       "rotate images at random by up to so many degrees"},
    [OPTION_ZOOM] = {"zoom", "SHARE", SHARE, TRAIN | SWEEP | VARIES | INFO | CHECK | RARE, "0", ANY,
                     "scale images at random by 1 - SHARE to 1 + SHARE"},
    [OPTION_ELASTIC] = {"elastic", "ALPHA", AMOUNT, TRAIN | SWEEP | VARIES | INFO | CHECK | RARE, "0", ANY,
                        "distort images as Simard does: ALPHA pixels times smoothed noise"},
    [OPTION_ELASTIC_SIGMA] = {"elastic-sigma", "PIXELS", NUMBER, TRAIN | SWEEP | VARIES | INFO | CHECK | RARE, "4", ANY,
                              "standard deviation of the smoothing, 0.5 to 32 pixels"},
    [OPTION_LABEL_SMOOTHING] = {"label-smoothing", "E", SHARE, TRAIN | SWEEP | VARIES | CHECK | RARE, "0", ANY,
                                "share of each label's target spread over all classes"},
    [OPTION_CLASS_WEIGHTS] = {"class-weights", "W", TEXT, TRAIN | SWEEP | CHECK | RARE, 0, ANY,
                              "'balanced', or one number per class: 1,1,2.5"},
    [OPTION_PATIENCE] = {"patience", "N", WHOLE, TRAIN | SWEEP | VARIES, "0", 0, 1000000000, 0,
                         "stop after N epochs without improvement; by validation loss, 0: never"},
    [OPTION_TARGET_ACCURACY] = {"target-accuracy", "A", SHARE, TRAIN | RARE, 0, ANY,
                                "stop at this accuracy on the validation, else test, else training set"},
    [OPTION_MAX_TIME] = {"max-time", "SECONDS", NUMBER, TRAIN | RARE, 0, ANY, "stop training after so many seconds"},
    [OPTION_THRESHOLD] = {"threshold", "T", SIGNED, EVAL, 0, ANY,
                          "predict the second of two classes above T; default: the cost's middle"},
    [OPTION_PER_EXAMPLE] = {"per-example", "FILE", PATHNAME, EVAL | WRITES | STREAMS, 0, ANY,
                            "write a CSV row per example; '-': to standard output, and nothing else"},
    [OPTION_IMPORTANCE] = {"importance", "N", WHOLE, EVAL | REPORT, 0, 1, 1000, 0,
                           "shuffle each input N times, and print how much worse the network does"},
    [OPTION_SAMPLE] = {"sample", "N", WHOLE, CHECK, "20", 1, 1000000000, 0,
                       "parameters per matrix checked by finite differences"},
    [OPTION_ALL] = {"all", 0, FLAG, CHECK, 0, ANY, "check every parameter (slow for large networks)"},
    [OPTION_DEVICE] = {"device", "NAME", TEXT, COMMON | TABLE | INFO | REPORT, "auto", ANY,
                       "auto, cpu, cuda or cuda:N"},
    [OPTION_THREADS] = {"threads", "N", WHOLE, TABLE | INFO | REPORT | RARE, "0", 0, 1024, 0,
                        "CPU threads; 0: automatic"},
    [OPTION_PRECISION] = {"precision", "NAME", CHOICE, TRAIN | SWEEP | CHECK | INFO | RARE, "fp32", 0, 0, precision,
                          "precision of a GPU's matrix products in training"},
    [OPTION_ENGINE] = {"engine", "NAME", CHOICE, TRAIN | SWEEP | RARE, "auto", 0, 0, engine, "how steps run"},
    [OPTION_LOAD] = {"load", "MODEL", PATHNAME, TRAIN, 0, ANY, "start from a saved model"},
    [OPTION_SAVE] = {"save", "FILE", PATHNAME, COMMON | TRAIN | SWEEP | WRITES | ASIDE, 0, ANY,
                     "write the model there (safetensors); default: nowhere"},
    [OPTION_SAVE_ALL] =
        {"save-all", "DIR", PATHNAME, TRAIN | SWEEP | WRITES | RARE | ASIDE, 0, ANY,
         "directory for every network of a sweep or of --folds; the same command later trains the rest"},
    [OPTION_CHECKPOINT] = {"checkpoint", "FILE", PATHNAME, TRAIN | WRITES | ASIDE, 0, ANY,
                           "write checkpoints there; to resume from; default: nowhere"},
    [OPTION_CHECKPOINT_EVERY] = {"checkpoint-every", "N", TEXT, TRAIN | RARE | ASIDE, "30s", ANY,
                                 "epochs (10e) or seconds (30s) between checkpoints; one more at the end or stop"},
    [OPTION_RESUME] = {"resume", "FILE", PATHNAME, TRAIN | ASIDE, 0, ANY,
                       "resume from a checkpoint, with its options; --epochs may be raised"},
    [OPTION_LOG] = {"log", "FILE", PATHNAME, TRAIN | WRITES | STREAMS | RARE | ASIDE, 0, ANY,
                    "write the JSON lines there; '-': to standard output"},
    [OPTION_PLOT] = {"plot", "FILE", PATHNAME, TRAIN | WRITES | ASIDE, 0, ANY,
                     "write the training curves as an .svg picture"},
    [OPTION_SHOW_INPUT] = {"show-input", 0, FLAG, PREDICT, 0, ANY,
                           "draw what the network sees of an image, on standard error"},
    [OPTION_TOP_CLASSES] = {"top", "K", WHOLE, PREDICT, 0, 1, 1000, 0,
                            "print the K most probable classes with their probabilities"},
    [OPTION_CSV] = {"csv", 0, FLAG, PREDICT | ASIDE, 0, ANY, "print a table: a header, then a row per example"},
    [OPTION_WHAT] = {"what", "NAME", CHOICE, SHOW, 0, 0, 0, show_subject,
                     "what to show of data, or of a model; default: images, or a model's weights"},
    [OPTION_LAYER] = {"of-layer", "L", WHOLE, SHOW, "1", 1, ANNC_MAX_LAYERS, 0, "layer whose weights are shown"},
    [OPTION_COUNT_SHOWN] = {"count", "N", WHOLE, SHOW, 0, 1, 100000, 0,
                            "number of images; default: 100 in a file, 10 on the screen; 100 units"},
    [OPTION_CAPTIONS] = {"captions", 0, FLAG, SHOW, 0, ANY,
                         "write the label, mistake or unit number below each image of a PNG"},
    [OPTION_EXAMPLE] = {"example", "N", WHOLE, TRACE, "1", 1, UINT32_MAX, 0, "example of the data, from 1"},
    [OPTION_NEURON] = {"neuron", "L:J", TEXT, TRACE, 0, ANY, "show unit J of layer L, gate by gate"},
    [OPTION_EDGES] = {"edges", "K", WHOLE, TRACE, "4", 1, 100, 0,
                      "units shown per layer; those with the largest weights; the others are summed"},
    [OPTION_STEP] = {"step", 0, FLAG, TRACE, 0, ANY, "print the equations in order with their numbers"},
    [OPTION_SALIENCY] = {"saliency", 0, FLAG, TRACE, 0, ANY,
                         "show how the cost changes with each input, dC/dx; as a picture for images"},
    [OPTION_GRID] = {"grid", "NAME=VALUES", LIST, SWEEP, 0, ANY,
                     "values of an option to try: lr=0.5,1,3; with --random also a range: lr=0.1..10"},
    [OPTION_RANDOM] = {"random", "N", WHOLE, SWEEP, 0, 1, 100000, 0,
                       "draw N networks from --grid instead of trying all"},
    [OPTION_SEEDS] = {"seeds", "N", WHOLE, SWEEP, "1", 1, 100000, 0, "train each network with N seeds, from --seed on"},
    [OPTION_TOP] = {"top", "K", WHOLE, SWEEP, "5", 1, 1000, 0, "networks listed at the end"},
    [OPTION_ENSEMBLE] = {"ensemble", "K", WHOLE, SWEEP | RARE, "1", 1, MOST_JOINED, 0,
                         "--save the mean of the best K as one network"},
    [OPTION_TO] = {"to", "FOLDER", PATHNAME, FETCH, 0, ANY, "folder of the files; default: the user's cache folder"},
    [OPTION_FORMAT] = {"format", "NAME", CHOICE, EXPORT, 0, 0, 0, format, "file format"},
    [OPTION_POINTS] = {"points", "WHAT", PATHNAME, EXPORT, 0, ANY,
                       "data whose rows a page draws and learns, for a model of 1 or 2 inputs; default: none"},
    [OPTION_OUT] = {"out", "FILE", PATHNAME, EXPORT | SHOW | TRACE | REPORT | WRITES | STREAMS, 0, ANY,
                    "output file, '-' for standard output; pictures: .png, .svg ('-' is svg); graphs: .svg, .dot, .gv, "
                    ".txt (text, also without an ending); reports: HTML"},
    [OPTION_FORCE] = {"force", 0, FLAG, TRAIN | EVAL | EXPORT | SHOW | SWEEP | TRACE | REPORT | RARE | ASIDE, 0, ANY,
                      "replace write-protected output files"},
    [OPTION_JSON] = {"json", 0, FLAG, TABLE | FETCH | INFO | ASIDE, 0, ANY, "print one JSON object per line"},
    [OPTION_QUIET] = {"quiet", 0, FLAG, READ | FETCH | EXPORT | REPORT | RARE | ASIDE, 0, ANY,
                      "print only errors and the last result (train: with --json)"},
    [OPTION_HELP] = {"help", 0, FLAG, COMMON | READ | FETCH | EXPORT | INFO | REPORT | ASIDE, 0, ANY,
                     "print this help"},
};

const char *option_group(enum option_id id)
{
    static const struct {
        enum option_id first;
        const char *name;
    } groups[] = {{OPTION_THRESHOLD, "Of this command"},
                  {OPTION_DATA, "Data"},
                  {OPTION_HIDDEN, "Model"},
                  {OPTION_EPOCHS, "Training"},
                  {OPTION_WEIGHT_DECAY, "Regularisation"},
                  {OPTION_DEVICE, "Device"},
                  {OPTION_SAVE, "Output"}};
    size_t g = sizeof groups / sizeof *groups - 1;
    while (groups[g].first > id)
        g--;
    return groups[g].name;
}

const char *option_known_as(const char *name, unsigned command)
{
    static const struct {
        const char *name;
        enum option_id id;
    } elsewhere[] = {{"learning-rate", OPTION_LR},  {"eta", OPTION_LR},
                     {"alpha", OPTION_LR},          {"batch-size", OPTION_BATCH},
                     {"minibatch", OPTION_BATCH},   {"iterations", OPTION_EPOCHS},
                     {"max-iter", OPTION_EPOCHS},   {"hidden-layers", OPTION_HIDDEN},
                     {"units", OPTION_HIDDEN},      {"loss", OPTION_COST},
                     {"solver", OPTION_OPTIMIZER},  {"regularization", OPTION_L2},
                     {"random-state", OPTION_SEED}, {"early-stopping", OPTION_PATIENCE},
                     {"gpu", OPTION_DEVICE},        {"cpu", OPTION_DEVICE},
                     {"workers", OPTION_THREADS},   {"jobs", OPTION_THREADS},
                     {"dataset", OPTION_DATA},      {"input", OPTION_DATA},
                     {"train", OPTION_DATA},        {"separator", OPTION_DELIMITER},
                     {"sep", OPTION_DELIMITER},     {"timeout", OPTION_MAX_TIME},
                     {"out", OPTION_SAVE},          {"output", OPTION_SAVE},
                     {"output", OPTION_OUT},        {"model", OPTION_LOAD}};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (strcmp(elsewhere[i].name, name) == 0 && (OPTIONS[elsewhere[i].id].commands & command))
            return OPTIONS[elsewhere[i].id].name;
    return NULL;
}
