/* commands.c - the table of commands. */
#include "cli/commands.h"
#include "cli/command_fetch.h"
#include "cli/model/command_check.h"
#include "cli/model/command_eval.h"
#include "cli/model/command_export.h"
#include "cli/model/command_info.h"
#include "cli/model/command_predict.h"
#include "cli/model/command_show.h"
#include "cli/options/option_types.h"
#include "cli/report/command_report.h"
#include "cli/trace/command_trace.h"
#include "cli/train/command_sweep.h"
#include "cli/train/command_train.h"

const struct command COMMANDS[] = {
    {"train", "", "train a network; alone, the tutorial's job on MNIST", TRAIN, 0, run_train},
    {"sweep", "", "search hyperparameters and keep the best model", SWEEP, 0, run_sweep},
    {"eval", "MODEL", "accuracy, loss and a table of the classes", EVAL, 1, run_eval},
    {"predict", "MODEL FILE...", "labels and probabilities, or numbers, of examples", PREDICT, MOST_POSITIONAL,
     run_predict},
    {"show", "[DATA|MODEL]", "images, their means, weights, mistakes: screen, PNG, SVG", SHOW, 1, run_show},
    {"trace", "[MODEL]", "the equations on one example: a graph with gradients", TRACE, 1, run_trace},
    {"report", "LOG...", "an HTML page of one or more logs of `train --log`", REPORT, MOST_POSITIONAL, run_report},
    {"export", "MODEL", "a model for other programs: ONNX, NPZ, JSON, C, a page", EXPORT, 1, run_export},
    {"check", "[MODEL]", "audit the gradients: equations, differences, devices", CHECK, 1, run_check},
    {"fetch", "", "download MNIST and verify it", FETCH, 0, run_fetch},
    {"info", "[MODEL]", "devices, versions, engines; or a model's description", INFO, 1, run_info},
    {.name = NULL},
};
