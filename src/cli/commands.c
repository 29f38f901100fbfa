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
    {"train",
     "",
     "train a network; alone, the tutorial's job on MNIST",
     TRAIN,
     0,
     run_train,
     {"--data flowers.csv --save flowers.safetensors", "--hidden 64,32 --epochs 10 --save digits.safetensors"}},
    {"sweep",
     "",
     "search hyperparameters and keep the best model",
     SWEEP,
     0,
     run_sweep,
     {"--data flowers.csv --grid lr=0.001,0.01 --save best.safetensors", "--grid lr=0.1..10 --random 20 --epochs 5"}},
    {"eval",
     "MODEL",
     "accuracy, loss and a table of the classes",
     EVAL,
     1,
     run_eval,
     {"digits.safetensors", "flowers.safetensors --data unseen.csv"}},
    {"predict",
     "MODEL FILE...",
     "labels and probabilities, or numbers, of examples",
     PREDICT,
     MOST_POSITIONAL,
     run_predict,
     {"digits.safetensors mine.png --show-input", "flowers.safetensors new.csv --csv"}},
    {"show",
     "[DATA|MODEL]",
     "images, their means, weights, mistakes: screen, PNG, SVG",
     SHOW,
     1,
     run_show,
     {"mnist --out grid.png", "digits.safetensors --what mistakes"}},
    {"trace",
     "[MODEL]",
     "the equations on one example: a graph with gradients",
     TRACE,
     1,
     run_trace,
     {"--step", "digits.safetensors --out graph.svg"}},
    {"report",
     "LOG|MODEL...",
     "an HTML page of logs of `train --log`, or of models",
     REPORT,
     MOST_POSITIONAL,
     run_report,
     {"run.jsonl --out report.html", "digits.safetensors --out model.html"}},
    {"export",
     "MODEL",
     "a model for other programs: ONNX, NPZ, JSON, C, a page",
     EXPORT,
     1,
     run_export,
     {"digits.safetensors --out digits.onnx", "digits.safetensors --out digits.html"}},
    {"check",
     "[MODEL]",
     "audit the gradients: equations, differences, devices",
     CHECK,
     1,
     run_check,
     {"--hidden 64", "digits.safetensors"}},
    {"fetch", "", "download MNIST and verify it", FETCH, 0, run_fetch, {"--to mnist", "--json"}},
    {"info",
     "[MODEL]",
     "devices, versions, engines; or a model's description",
     INFO,
     1,
     run_info,
     {"--layers 784-128-10", "digits.safetensors"}},
    {.name = NULL},
};
