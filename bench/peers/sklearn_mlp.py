"""scikit-learn's MLPClassifier on the same network and data: plain gradient descent in the same minibatches, in its own order and with its own
cost, log loss, which it cannot change."""
import time
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier

import common


def main(options):
    (x, labels), (test_x, test_labels) = common.load(options.data)
    hidden = tuple(int(n) for n in options.layers.split("-")[1:-1])
    net = MLPClassifier(hidden, activation="relu" if options.softmax else "logistic", solver="sgd", alpha=0, batch_size=options.batch,
                        learning_rate_init=0.1, momentum=0, max_iter=1, warm_start=True, random_state=options.seed)
    warnings.simplefilter("ignore")
    net.fit(x[:options.batch * 2], np.resize(np.arange(10), options.batch * 2))  # its set-up is not an epoch
    for epoch in range(options.epochs):
        start = time.perf_counter()
        net.fit(x, labels)
        seconds = time.perf_counter() - start
        common.report("scikit-learn", epoch + 1, 0, np.sum(net.predict(test_x) == test_labels), len(test_x), seconds)
