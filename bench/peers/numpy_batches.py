"""The same job in NumPy with whole minibatches as matrices, in single precision."""
import time

import numpy as np

import common


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def main(options):
    (x, labels), (test_x, test_labels) = common.load(options.data)
    weights = common.initial_weights(options)
    y = np.eye(10, dtype=np.float32)[labels]
    for epoch in range(options.epochs):
        start, loss = time.perf_counter(), 0.0
        order = common.order(len(x), options.seed, epoch)
        for first in range(0, len(x), options.batch):
            rows = order[first:first + options.batch]
            A = [x[rows]]
            for W, b in weights:
                A.append(sigmoid(A[-1] @ W.T + b))
            error = A[-1] - y[rows]
            loss += 0.5 * float(np.sum(error * error)) / len(rows)
            delta = error * A[-1] * (1 - A[-1])
            scale = np.float32(options.lr / len(rows))
            for l in range(len(weights) - 1, -1, -1):
                W, b = weights[l]
                below = (delta @ W) * A[l] * (1 - A[l]) if l > 0 else None
                W -= scale * (delta.T @ A[l])
                b -= scale * delta.sum(0)
                delta = below
        seconds = time.perf_counter() - start
        a = test_x
        for W, b in weights:
            a = sigmoid(a @ W.T + b)
        common.report("numpy, in batches", epoch + 1, loss, np.sum(np.argmax(a, 1) == test_labels), len(test_labels), seconds)
