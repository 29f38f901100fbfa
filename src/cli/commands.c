/* commands.c - the table of commands. */
#include "cli.h"

const struct command COMMANDS[] = {
    {"train", "", "train a network, epoch by epoch; alone, the tutorial's job on MNIST", TRAIN, 0, run_train},
    {"sweep", "", "train many networks at once, over a grid or at random: a table and a winner", SWEEP, 0, run_sweep},
    {"eval", "MODEL", "accuracy, loss and a table of the classes", EVAL, 1, run_eval},
    {"predict", "MODEL FILE...", "what a model makes of examples: labels and probabilities, or numbers", PREDICT,
     MOST_POSITIONAL, run_predict},
    {"show", "[DATA|MODEL]", "images of a data set, their means, weights, mistakes: on the screen, as PNG or SVG", SHOW,
     1, run_show},
    {"trace", "[MODEL]", "the equations on one example: a graph with values and gradients; alone, a neuron's", TRACE, 1,
     run_trace},
    {"report", "LOG...", "what `train --log` wrote, of a run or several, as one HTML page", REPORT, MOST_POSITIONAL,
     run_report},
    {"export", "MODEL", "a model for other programs: ONNX, NPZ, JSON, C, a page", EXPORT, 1, run_export},
    {"check", "[MODEL]", "audit the gradients: equations, finite differences, devices", CHECK, 1, run_check},
    {"fetch", "", "download MNIST and verify it", FETCH, 0, run_fetch},
    {"info", "[MODEL]", "devices, versions, which engine a network would get; or what a model is", INFO, 1, run_info},
    {.name = NULL},
};
