"""PyTorch or scikit-learn for bench/speedrun.py: trains one network per line of standard input.

    until_target.py torch|sklearn FOLDER THREADS [DEVICE]

FOLDER has MNIST's files. A line is a JSON object: hidden, batch, lr, epochs, shift, seed, and target
(stop at that accuracy) or null. The answer is one JSON line: seconds and accuracy of each epoch. The
seconds are those of training alone; the accuracy is of the test set of FOLDER.

Both programs train a network of ReLU and softmax by Adam, with the one-cycle schedule of annc-gpu. In
PyTorch the rate changes with each step. scikit-learn has no schedule: its optimiser is given a rate
per epoch. Shifts are by whole pixels, drawn per example and epoch, and their time counts.
"""
import json
import math
import sys
import time
import warnings

import numpy as np

import common

SIDE = 28


def one_cycle(step, steps):
    """The learning rate of a step, relative to its peak, as annc-gpu's --schedule one-cycle."""
    rise, first, final = 0.3, 1 / 25, 1 / 250000
    peak = max(rise * steps - 1, 1)
    last = max(steps - 1, peak + 1)
    if step <= peak:
        return first + (1 - first) * (1 - math.cos(math.pi * step / peak)) / 2
    return final + (1 - final) * (1 + math.cos(math.pi * (step - peak) / (last - peak))) / 2


class Shifts:
    """Images with a margin, from which shifted ones are gathered."""

    def __init__(self, x, most):
        width = SIDE + 2 * most
        images = x.reshape(-1, SIDE, SIDE)
        self.padded = np.pad(images, ((0, 0), (most, most), (most, most))).reshape(len(x), -1)
        self.pixels = (np.arange(SIDE)[:, None] * width + np.arange(SIDE)).reshape(1, -1)
        self.most, self.width = most, width

    def corners(self, generator, count):
        """The first pixel of each of `count` shifted images."""
        down, right = generator.integers(0, 2 * self.most + 1, (2, count))
        return (down * self.width + right)[:, None]


class Torch:
    def __init__(self, folder, threads, device):
        import torch

        self.torch, self.device = torch, torch.device(device)
        torch.set_num_threads(threads)
        self.sets = common.load(folder)
        (x, y), (test_x, test_y) = self.sets
        self.x, self.test_x = (torch.tensor(part, device=device) for part in (x, test_x))
        self.y, self.test_y = (torch.tensor(part.astype(np.int64), device=device) for part in (y, test_y))
        self.name = f"PyTorch {torch.__version__}"

    def begin(self, job):
        torch = self.torch
        torch.manual_seed(job["seed"])
        self.job, self.generator, self.step = job, np.random.default_rng(job["seed"]), 0
        self.net = torch.nn.Sequential(torch.nn.Linear(SIDE * SIDE, job["hidden"]), torch.nn.ReLU(),
                                       torch.nn.Linear(job["hidden"], 10)).to(self.device)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=job["lr"], foreach=True)
        if job["shift"]:
            self.shifts = Shifts(self.sets[0][0], job["shift"])
            self.padded = torch.tensor(self.shifts.padded, device=self.device)
            self.pixels = torch.tensor(self.shifts.pixels, device=self.device)

    def train_epoch(self, _):
        torch, job, count = self.torch, self.job, len(self.x)
        order = torch.randperm(count, device=self.device)
        if job["shift"]:
            corners = torch.tensor(self.shifts.corners(self.generator, count), device=self.device)
        steps = job["epochs"] * math.ceil(count / job["batch"])
        for first in range(0, count, job["batch"]):
            rows = order[first:first + job["batch"]]
            if job["shift"]:
                x = self.padded[rows].gather(1, self.pixels + corners[first:first + job["batch"]])
            else:
                x = self.x[rows]
            self.optimiser.param_groups[0]["lr"] = job["lr"] * one_cycle(self.step, steps)
            self.optimiser.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(self.net(x), self.y[rows]).backward()
            self.optimiser.step()
            self.step += 1
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def accuracy(self):
        with self.torch.no_grad():
            return float((self.net(self.test_x).argmax(1) == self.test_y).double().mean())


class Sklearn:
    def __init__(self, folder, _threads, _device):  # its threads are those of its BLAS
        import sklearn.neural_network

        warnings.simplefilter("ignore")
        self.sklearn = sklearn
        self.sets = common.load(folder)
        self.name = f"scikit-learn {sklearn.__version__}"

    def begin(self, job):
        self.job, self.generator = job, np.random.default_rng(job["seed"])
        self.net = self.sklearn.neural_network.MLPClassifier(
            (job["hidden"],), alpha=0, batch_size=job["batch"], random_state=job["seed"])
        self.shifts = Shifts(self.sets[0][0], job["shift"]) if job["shift"] else None

    def train_epoch(self, epoch):
        x, y = self.sets[0]
        if self.shifts:
            pixels = self.shifts.pixels + self.shifts.corners(self.generator, len(x))
            x = np.take_along_axis(self.shifts.padded, pixels, 1)
        steps = math.ceil(len(x) / self.job["batch"])
        rate = self.job["lr"] * one_cycle((epoch + 0.5) * steps, self.job["epochs"] * steps)
        if epoch == 0:
            self.net.learning_rate_init = rate
        else:
            self.net._optimizer.learning_rate_init = rate
        self.net.partial_fit(x, y, classes=np.arange(10))

    def accuracy(self):
        x, y = self.sets[1]
        return float((self.net.predict(x) == y).mean())


def train(peer, job):
    """Returns seconds and accuracy of each epoch, of which the one that reaches the target is the last."""
    seconds, accuracy = [], []
    peer.begin(job)
    for epoch in range(job["epochs"]):
        start = time.perf_counter()
        peer.train_epoch(epoch)
        seconds.append(time.perf_counter() - start)
        accuracy.append(peer.accuracy())
        if job["target"] is not None and accuracy[-1] >= job["target"]:
            break
    return {"seconds": seconds, "accuracy": accuracy}


def main():
    name, folder, threads, *device = sys.argv[1:]
    try:
        peer = {"torch": Torch, "sklearn": Sklearn}[name](folder, int(threads), *(device or ["cpu"]))
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    print(json.dumps({"name": peer.name}), flush=True)
    for line in sys.stdin:
        print(json.dumps(train(peer, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
