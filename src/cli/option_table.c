/* option_table.c - every option of every command, once. */
#include "options.h"

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

static const char *engine(int i)
{
    return annc_engine_name((annc_engine)i);
}

enum { NETWORK = TRAIN | CHECK | INFO, DATA = TRAIN | EVAL | CHECK };

#define ANY 0, 0, 0

const struct option_spec OPTIONS[OPTION_COUNT] = {
    [OPTION_DATA] = {"data", "WHAT", TEXT, DATA, 0, ANY,
                     "a folder or images file, 'mnist', or 'digits' (drawn); default: MNIST if there"},
    [OPTION_LABELS] = {"labels", "FILE", TEXT, DATA, 0, ANY, "labels of the images; default: found by name"},
    [OPTION_TRANSPOSE] = {"transpose", 0, FLAG, DATA, 0, ANY, "turn the stored images (EMNIST lies on its side)"},
    [OPTION_OFFLINE] = {"offline", 0, FLAG, TRAIN, 0, ANY, "never try to download MNIST"},
    [OPTION_LAYERS] = {"layers", "SHAPE", TEXT, NETWORK, "784-32-10", ANY,
                       "widths, inputs first; an activation may follow: 784-32:relu-10:softmax"},
    [OPTION_ACTIVATION] = {"activation", "NAME", CHOICE, NETWORK, "sigmoid", 0, 0, activation, "of the hidden layers"},
    [OPTION_OUTPUT_ACTIVATION] = {"output-activation", "NAME", CHOICE, NETWORK, "sigmoid", 0, 0, activation,
                                  "of the output layer"},
    [OPTION_COST] = {"cost", "NAME", CHOICE, NETWORK, "quadratic", 0, 0, cost, "what is minimised"},
    [OPTION_INIT] = {"init", "NAME", CHOICE, TRAIN | CHECK, "auto", 0, 0, init, "initial parameters"},
    [OPTION_SEED] = {"seed", "N", WHOLE, TRAIN | CHECK, "1", 0, INT64_MAX, 0,
                     "of the initial parameters and of the order of the examples"},
    [OPTION_EPOCHS] = {"epochs", "N", WHOLE, TRAIN, "30", 0, 1000000000, 0, "times through the training set"},
    [OPTION_BATCH] = {"batch", "N", WHOLE, TRAIN | CHECK, "16", 1, 1000000000, 0, "examples a minibatch"},
    [OPTION_LR] = {"lr", "ETA", NUMBER, TRAIN, "3", ANY, "learning rate"},
    [OPTION_SAMPLE] = {"sample", "N", WHOLE, CHECK, "20", 1, 1000000000, 0,
                       "parameters a matrix tried by finite differences"},
    [OPTION_ALL] = {"all", 0, FLAG, CHECK, 0, ANY, "try every parameter (slow for large networks)"},
    [OPTION_DEVICE] = {"device", "NAME", TEXT, DATA | INFO, "auto", ANY, "auto, cpu, cuda or cuda:N"},
    [OPTION_THREADS] = {"threads", "N", WHOLE, DATA | INFO, "0", 0, 1024, 0, "of the CPU; 0: as many as pay"},
    [OPTION_ENGINE] = {"engine", "NAME", CHOICE, TRAIN, "auto", 0, 0, engine, "how the steps run"},
    [OPTION_LOAD] = {"load", "MODEL", TEXT, TRAIN, 0, ANY, "start from a saved model"},
    [OPTION_SAVE] = {"save", "FILE", TEXT, TRAIN, 0, ANY, "where the model goes (safetensors); default: nowhere"},
    [OPTION_LOG] = {"log", "FILE", TEXT, TRAIN, 0, ANY, "also write the JSON lines there"},
    [OPTION_TO] = {"to", "FOLDER", TEXT, FETCH, 0, ANY, "where the files go; default: the user's cache folder"},
    [OPTION_JSON] = {"json", 0, FLAG, DATA | FETCH | INFO, 0, ANY, "print JSON, an object a line"},
    [OPTION_QUIET] = {"quiet", 0, FLAG, DATA | FETCH, 0, ANY, "print errors and the last result alone"},
    [OPTION_HELP] = {"help", 0, FLAG, DATA | FETCH | INFO, 0, ANY, "print this"},
};
