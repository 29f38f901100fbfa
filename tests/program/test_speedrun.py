#!/usr/bin/env python3
"""bench/speedrun.py with small networks: its counting rule, its search, the format of its results.
Skipped where NumPy is not installed. Called as program.py says."""
import argparse
import json
import pathlib
import subprocess
import sys
import unittest

from program import PROGRAM, Cli, main

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
sys.path[:0] = [str(BENCH), str(BENCH / "peers")]
sys.dont_write_bytecode = True
try:
    import numpy as np

    import speedrun
    import until_target
except ImportError:
    np = None


class Stub:
    """A program whose trainings have the given accuracies, a second per epoch."""

    name = "stub 1.0"

    def __init__(self, *accuracies):
        self.accuracies = accuracies

    def train(self, job):
        accuracy = self.accuracies[job["seed"] - speedrun.FIRST_SEED]
        return {"seconds": [1.0] * len(accuracy), "accuracy": accuracy}


@unittest.skipUnless(np, "NumPy is not installed")
class SpeedRun(Cli):
    def measured(self, *accuracies):
        """The row of a stub with these accuracies by seed and epoch, for a target of 90 %."""
        options = argparse.Namespace(seeds=len(accuracies))
        row, = speedrun.measure(options, ("cpu", 1), {("stub", 0.9): ({"epochs": 3}, 0.95)}, 0.9,
                                {"stub": Stub(*accuracies)})
        return row

    def test_counting_rule(self):
        """A run counts up to the end of the first epoch that reaches the target, also if later epochs fall below it;
        failed runs are infinitely long."""
        row = self.measured([0.8, 0.9, 0.5], [0.95], [0.1, 0.2, 0.3])
        self.assertEqual([run["seconds"] for run in row["runs"]], [2, 1, None])
        self.assertEqual([run["epochs"] for run in row["runs"]], [2, 1, None])
        self.assertEqual([run["accuracy"] for run in row["runs"]], [0.9, 0.95, 0.3])
        self.assertEqual((row["failed"], row["median_seconds"], row["least_seconds"]), (1, 2, 1))
        row = self.measured([0.9], [0.8], [0.8])
        self.assertEqual((row["failed"], row["median_seconds"], row["least_seconds"]), (2, None, 1))
        row = self.measured([0.8])
        self.assertEqual((row["failed"], row["median_seconds"], row["least_seconds"]), (1, None, None))

    def test_choice(self):
        """The recipe is the shortest of those that pass by two standard errors, else the most accurate."""
        jobs = [{"batch": batch, "epochs": epochs, "lr": lr} for batch, epochs, lr in
                [(8, 1, 0.1), (8, 2, 0.1), (8, 2, 0.2), (16, 3, 0.1)]]
        passing = 0.9 + 2 * (0.9 * 0.1 / 10000) ** 0.5 + 1e-9
        self.assertIs(speedrun.choose(jobs, [(0.905, 1), (passing, 2), (0.99, 2), (0.99, 3)], 0.9, 10000)[0], jobs[1])
        self.assertIs(speedrun.choose(jobs, [(0.905, 1), (0.9, 2), (0.9, 2), (0.99, 1)], 0.9, 10000)[0], jobs[3])
        self.assertIs(speedrun.choose(jobs, [(0.8, 1), (0.82, 2), (0.89, 9), (0.81, 3)], 0.9, 10000)[0], jobs[2])
        slow = [(0.8, 1), (0.99, 9), (0.99, 9), (0.99, 2.5)]  # the first tells what an epoch of batch 8 takes
        self.assertIs(speedrun.choose(jobs, slow, 0.9, 10000)[0], jobs[1])

    def test_search_data(self):
        """The search sees the training set alone, whose last sixth judges."""
        self.write_bars("mnist", 60, 20)
        for name in speedrun.MNIST_NAMES[2:]:
            (self.folder / "mnist" / name).unlink()
        self.assertEqual(speedrun.write_search_data(self.folder / "search", self.folder / "mnist"), 10)
        for kind, head, size in (("images-idx3", 16, 784), ("labels-idx1", 8, 1)):
            whole = (self.folder / f"mnist/train-{kind}-ubyte").read_bytes()[head:]
            for part, rows in (("train", slice(0, 50 * size)), ("t10k", slice(50 * size, 60 * size))):
                self.assertEqual((self.folder / f"search/{part}-{kind}-ubyte").read_bytes()[head:], whole[rows])

    def test_schedule(self):
        """The peers' schedule is the program's."""
        self.write_bars("few", 60, 20)
        self.run_program("train", "--data", "few", "--layers", "784-8-10", "--batch", "6", "--epochs", "5", "--lr", "0.5",
                    "--schedule", "one-cycle", "--device", "cpu", "--log", "log")
        lines = [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]
        rates = [line["rate"] for line in lines if line["schema"] == "annc.epoch/1"]
        self.assertEqual(len(rates), 5)
        for epoch, rate in enumerate(rates, 1):
            self.assertAlmostEqual(rate, 0.5 * until_target.one_cycle(10 * epoch - 1, 50), delta=1e-6)

    def test_shifts(self):
        """Shifted images are the image moved by whole pixels, with zeros around it."""
        x = np.arange(2 * 784, dtype=np.float32).reshape(2, 784) + 1
        shifts = until_target.Shifts(x, 2)
        corners = shifts.corners(np.random.default_rng(1), 1000)
        self.assertEqual({(int(corner) // shifts.width, int(corner) % shifts.width) for corner in corners[:, 0]},
                         {(down, right) for down in range(5) for right in range(5)})
        moved = np.take_along_axis(shifts.padded, shifts.pixels + np.array([[0], [4 * shifts.width + 3]]), 1)
        down, up = moved[0].reshape(28, 28), moved[1].reshape(28, 28)
        np.testing.assert_array_equal(down[2:, 2:], x[0].reshape(28, 28)[:-2, :-2])
        np.testing.assert_array_equal(up[:-2, :-1], x[1].reshape(28, 28)[2:, 1:])
        self.assertFalse(down[:2].any() or down[:, :2].any() or up[-2:].any() or up[:, -1:].any())

    def test_quick(self):
        """The whole script, with the peers that are installed."""
        self.write_bars("mnist", 300, 100)
        command = [sys.executable, str(BENCH / "speedrun.py"), str(PROGRAM), "--quick", "--mnist", "mnist", "--threads", "1",
                   "--json", "rows"]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rows = [json.loads(line) for line in (self.folder / "rows").read_text().splitlines()]
        rows = [row for row in rows if row["device"] == "cpu"]
        left_out = done.stdout.count("is left out")
        self.assertEqual(len(rows), 2 * (3 - left_out))
        for row in rows:
            self.assertEqual((row["schema"], row["threads"], len(row["runs"])), ("annc.speedrun/1", 1, 2))
            self.assertEqual([run["seed"] for run in row["runs"]], [1, 2])
            times = [run["seconds"] for run in row["runs"]]
            if row["target"] > 1:
                self.assertEqual((times, row["failed"], row["median_seconds"]), ([None, None], 2, None))
            else:
                self.assertEqual(row["failed"], 0)
                self.assertAlmostEqual(row["median_seconds"], sum(times) / 2)
                self.assertGreater(min(times), 0)
        self.assertRegex(done.stdout, r"50 % +1 thread +annc-gpu +0\.\d+ +0\.\d+ +1\.0 +0")
        self.assertRegex(done.stdout, r"101 % +1 thread +annc-gpu +not reached +not reached +2")


if __name__ == "__main__":
    main()
