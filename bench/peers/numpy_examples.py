"""The tutorial's program: backpropagation example by example, in NumPy and double precision."""
import time

import numpy as np

import common


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gradient(weights, x, y):
    """BP1 to BP4 for one example; also its cost."""
    activations = [x]
    for W, b in weights:
        activations.append(sigmoid(W @ activations[-1] + b))
    a = activations[-1]
    delta = (a - y) * a * (1 - a)
    result = []
    for l in range(len(weights) - 1, -1, -1):
        result.append((np.outer(delta, activations[l]), delta))
        if l > 0:
            a_in = activations[l]
            delta = (weights[l][0].T @ delta) * a_in * (1 - a_in)
    return result[::-1], 0.5 * np.sum((a - y) ** 2)


def main(options):
    (x, labels), (test_x, test_labels) = common.load(options.data)
    weights = [(W.astype(np.float64), b.astype(np.float64))
               for W, b in common.initial_weights(options)]
    y = np.eye(10)[labels]
    for epoch in range(options.epochs):
        start, loss = time.perf_counter(), 0.0
        order = common.order(len(x), options.seed, epoch)
        for first in range(0, len(x), options.batch):
            rows = order[first:first + options.batch]
            total, cost = [(np.zeros_like(W), np.zeros_like(b)) for W, b in weights], 0.0
            for i in rows:
                one, c = gradient(weights, x[i].astype(np.float64), y[i])
                cost += c
                for (tW, tb), (W, b) in zip(total, one):
                    tW += W
                    tb += b
            loss += cost / len(rows)
            for (W, b), (tW, tb) in zip(weights, total):
                W -= options.lr / len(rows) * tW
                b -= options.lr / len(rows) * tb
        seconds = time.perf_counter() - start
        a = test_x
        for W, b in weights:
            a = sigmoid(a @ W.T + b)
        common.report("numpy, by example", epoch + 1, loss, np.sum(np.argmax(a, 1) == test_labels), len(test_labels), seconds)
