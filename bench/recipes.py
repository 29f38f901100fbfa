"""Compares training recipes for tables with the defaults of `annc-gpu train --data FILE`.

    python bench/recipes.py build/release/annc-gpu

needs what defaults.py needs, and takes its tables, folds and scores. RealMLP (Holzmüller and others,
"Better by Default", 2024) is followed as far as options of the program go: inputs scaled by median
and quartiles and clipped smoothly, from the training rows of each fold alone; three hidden layers of
256 (selu, for numbers silu), Adam with beta2 0.95, minibatches of 256, 256 epochs, label smoothing
0.1, and a cosine schedule in place of its four cycles. Its rates, 0.04 for classes and 0.2 for
numbers, are of weights times 1 / sqrt(width): 0.0025 and 0.0125 for plain layers of 256.
"""

import argparse
import statistics

import numpy as np
from defaults import folds, ours, tables

REALMLP = (
    "--scale none --hidden 256,256,256 --init lecun --optimizer adam --beta2 0.95 --schedule cosine --batch 256 "
    "--epochs 256 --weight-decay 0"
)
CLASSES, NUMBERS = " --activation selu --label-smoothing 0.1", " --activation silu"
DROPOUT = " --dropout 0.15"

# Whether the inputs are scaled here, options for classes, options for numbers.
RECIPES = {
    "defaults": (False, "", ""),
    "seed 2": (False, "--seed 2", "--seed 2"),
    "inputs": (True, "--scale none", "--scale none"),
    "low": (True, f"{REALMLP}{CLASSES} --dropout 0 --lr 0.001", f"{REALMLP}{NUMBERS} --dropout 0 --lr 0.002"),
    "own rate": (True, f"{REALMLP}{CLASSES} --dropout 0 --lr 0.0025", f"{REALMLP}{NUMBERS} --dropout 0 --lr 0.0125"),
    "dropout": (
        True,
        f"{REALMLP}{CLASSES}{DROPOUT} --lr 0.0025",
        f"{REALMLP}{NUMBERS}{DROPOUT} --lr 0.005",
    ),
}


def squash(train, x):
    """Scales the columns of x by the median and quartiles of train, and clips them smoothly to -3 to 3."""
    low, middle, high = np.quantile(train, [0.25, 0.5, 0.75], axis=0)
    spread, extent = high - low, (train.max(axis=0) - train.min(axis=0)) / 2
    width = np.where(spread > 0, spread, extent)
    scaled = (x - middle) * np.where(width > 0, 1 / np.where(width > 0, width, 1), 0)
    return scaled / np.sqrt(1 + (scaled / 3) ** 2)


def score(program, recipe, x, y, classes):
    """Returns the mean score of five folds; NaN if one diverges."""
    scales, for_classes, for_numbers = recipe
    options = (for_classes if classes else for_numbers).split()
    return statistics.mean(
        ours(program, options, squash(x[train], x) if scales else x, y, classes, train, test)
        for train, test in folds(x, y, classes)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("recipes", nargs="*", default=list(RECIPES), help=f"of {', '.join(RECIPES)}; default: all")
    arguments = parser.parse_args()
    names = ["defaults", *(n for n in arguments.recipes if n != "defaults")]
    for name in names:
        print(f"{name}: classes {RECIPES[name][1] or '-'}; numbers {RECIPES[name][2] or '-'}")
    print(f"{'table':14} {'rows':>5} {'inputs':>6} " + " ".join(f"{n:>9}" for n in names))
    gains = {name: [] for name in names}
    kind = []
    for table, x, y, classes in tables():
        scores = [score(arguments.program, RECIPES[name], x, y, classes) for name in names]
        print(f"{table:14} {len(x):5} {x.shape[1]:6} " + " ".join(f"{s:9.4f}" for s in scores), flush=True)
        kind.append(classes)
        for name, value in zip(names, scores):
            gains[name].append(value - scores[0])
    for name in names[1:]:
        for title, some in ("classes", True), ("numbers", False):
            gain = [g for g, c in zip(gains[name], kind) if c == some]
            better = sum(0.5 * (g > 0) + 0.5 * (g >= 0) for g in gain)
            print(
                f"{name}, {title}: better than the defaults on {better:g} of {len(gain)} tables (equal: a half); "
                f"gain: mean {statistics.mean(gain):+.4f}, median {statistics.median(gain):+.4f}"
            )


if __name__ == "__main__":
    main()
