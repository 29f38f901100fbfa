"""What the GPU peers in Python share: the job that gpu.py has written into a folder, and the line
protocol.

A peer is a process of its own. It stages the data, prepares its programs (compilation, capture),
prints one JSON line with `ready`, and then answers each line of standard input with one JSON line:

    steps N FILE   N steps from the initial weights in the order of epoch 0; the parameters go to FILE as float32
    warm           one epoch from the initial weights; then the test, then the initial weights again
    epoch I        one epoch from the present weights in the order of epoch I
    test           examples of the test set that are classified correctly
    quit           ends the process

Times are of a host clock, with a synchronisation before and after."""
import json
import os
import pathlib
import sys
import time

import numpy as np


class Job:
    """A job's data: x, test_x (bytes), y, test_y (labels), first (the initial parameters, one row
    per network), orders (epochs x networks x examples), and the values of job.json as
    attributes."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        vars(self).update(json.loads((folder / "job.json").read_text()))
        read = lambda name, kind: np.fromfile(folder / name, kind)  # noqa: E731
        self.widths = [int(n) for n in self.layers.split("-")]
        self.x = read("x.u8", np.uint8).reshape(self.count, self.widths[0])
        self.test_x = read("test_x.u8", np.uint8).reshape(self.tests, self.widths[0])
        self.y, self.test_y = read("y.u8", np.uint8), read("test_y.u8", np.uint8)
        self.first = read("weights.f32", np.float32).reshape(self.networks, -1)
        self.orders = read("orders.i32", np.int32).reshape(self.epochs, self.networks, self.count)
        self.full, self.rest = divmod(self.count, self.batch)  # whole minibatches, and examples in the last one
        self.graph_steps = max(1, min(self.graph_steps, self.full))

    def scaled(self, x):
        """Bytes as float32 in [0, 1], as annc-gpu has them."""
        return x.astype(np.float32) * (np.float32(1) / np.float32(255))

    def one_hot(self, y):
        return np.eye(self.widths[-1], dtype=np.float32)[y]

    def split(self, values):
        """[(W, b), ...] of flat parameters; leading axes are kept."""
        theta, at = [], 0
        for n_in, n in zip(self.widths, self.widths[1:]):
            W = values[..., at:at + n * n_in].reshape(*values.shape[:-1], n, n_in)
            theta.append((W, values[..., at + n * n_in:at + n * (n_in + 1)]))
            at += n * (n_in + 1)
        return theta


class Peer:
    """What a peer defines; job is known as self.job."""
    versions = {}
    device = "cpu"
    data = "float32"  # the form of the inputs in the device's memory

    def stage(self):
        """Puts the data, the initial parameters and the orders into the device's memory."""

    def prepare(self):
        """Compiles and captures; may change the parameters."""

    def restore(self):
        """The initial parameters."""

    def run_steps(self, count):
        """`count` steps of epoch 0: 1, or job.graph_steps by the program that is timed."""

    def run_epoch(self, epoch):
        """A whole epoch."""

    def count_correct(self):
        """Examples of the test set that are classified correctly, one number per network."""

    def parameters(self):
        """All parameters as a float32 array, W and b of each layer in turn, one row per network."""

    def synchronise(self):
        """Waits for the device."""


def serve(make, answers=None):
    """Runs a peer; make(job) creates it, and raises SystemExit with the reason when it cannot run
    here."""
    if answers is None:
        answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # whatever a library prints is no answer

    def answer(**values):
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    def timed(function, *arguments):
        peer.synchronise()
        start = time.perf_counter()
        result = function(*arguments)
        peer.synchronise()
        return result, time.perf_counter() - start

    try:
        job = Job(sys.argv[1])
        peer = make(job)
        peer.job = job
        _, staging = timed(peer.stage)
        _, preparation = timed(peer.prepare)
    except SystemExit as reason:
        answer(unavailable=str(reason))
        return
    peer.restore()
    answer(ready=True, device=peer.device, versions=peer.versions, data=peer.data, seconds_staging=staging,
           seconds_preparation=preparation)
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "steps":
            peer.restore()
            peer.run_steps(int(arguments[0]))
            np.asarray(peer.parameters(), np.float32).tofile(arguments[1])
            peer.restore()
            answer(steps=int(arguments[0]))
        elif command == "warm":
            peer.restore()
            _, seconds = timed(peer.run_epoch, 0)
            correct, seconds_test = timed(peer.count_correct)
            correct, seconds_test = timed(peer.count_correct)  # the first one may compile
            peer.restore()
            answer(seconds=seconds, correct=[int(c) for c in correct], seconds_test=seconds_test)
        elif command == "epoch":
            _, seconds = timed(peer.run_epoch, int(arguments[0]) % job.epochs)
            answer(seconds=seconds)
        elif command == "test":
            correct, seconds = timed(peer.count_correct)
            answer(correct=[int(c) for c in correct], seconds_test=seconds)
        elif command == "quit":
            return
        else:
            answer(error=f"unknown command {command}")
