#!/usr/bin/env python3
"""Seconds of training until an accuracy on MNIST's test set, beside PyTorch and scikit-learn.

    bench/speedrun.py build/release/annc-gpu [--mnist DIR] [--targets 0.97,0.98,0.985] [--threads 1,2]
                      [--programs annc-gpu,torch,sklearn] [--seeds N] [--json FILE] [--quick]

First, each program's recipe for each target is searched on validation data alone: the training set
without its last sixth, which judges. The test set is not in the folder that the search sees.
annc-gpu's search is `annc-gpu sweep`. All programs try the same number of configurations and see the
same number of examples (GRIDS below). Of the configurations that pass the target by two standard
errors of an accuracy, the recipe is the one with the shortest training; if none passes, the most
accurate one.

Then each recipe trains on the whole training set with other seeds, the programs in turn. The time
of a run is that of training alone, without loading and evaluations, up to the end of the first
epoch after which the test accuracy reaches the target. A run that never reaches it has failed and
counts as infinitely long. GPUs, where there are any, use the same recipes.
"""

import argparse
import collections
import itertools
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from published import MNIST_NAMES, read, write_part

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
sys.path.insert(0, str(PEERS))
from run import openblas_kernels  # noqa: E402  (after its folder is known)

# What is tried for a target: every combination of batch, lr and epochs. `batches` is of each program:
# steps of the peers cost more, so that larger batches suit them.
Grid = collections.namedtuple("Grid", "hidden shift lrs epochs ours theirs")
GRIDS = {
    0.97: Grid(128, 0, [0.005, 0.01], [1, 2], ours=[16, 32], theirs=[64, 128]),
    0.98: Grid(256, 0, [0.003, 0.006], [3, 4], ours=[32, 64], theirs=[64, 128]),
    0.985: Grid(256, 1, [0.002, 0.004], [8, 12], ours=[32, 64], theirs=[64, 128]),
}
# A test of this script: one target that is reached, and one that cannot be.
QUICK = {
    0.5: Grid(16, 0, [0.01], [1, 4], ours=[8], theirs=[8]),
    1.01: Grid(16, 1, [0.01], [2], ours=[8], theirs=[8]),
}
OURS, PYTHON_PEERS = "annc-gpu", ["torch", "sklearn"]
SEARCH_SEED, FIRST_SEED = 1000, 1


def training_options(hidden):
    return ["--layers", f"784-{hidden}:relu-10:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam",
            "--schedule", "one-cycle"]


def run_ours(command):
    done = subprocess.run([*map(str, command), "--quiet"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


class Ours:
    """annc-gpu, one process per training."""

    def __init__(self, program, folder, threads, device):
        self.name, self.program, self.folder = OURS, program, folder
        self.device = ["--device", device, "--threads", threads]

    def search(self, grid, jobs):
        """Returns the accuracy and the seconds of each job, by one sweep."""
        command = [self.program, "sweep", "--data", self.folder, "--validation", self.folder / MNIST_NAMES[2],
                   *training_options(grid.hidden), "--shift", grid.shift, "--seed", SEARCH_SEED, *self.device, "--json"]
        for name, values in [("batch", grid.ours), ("lr", grid.lrs), ("epochs", grid.epochs)]:
            command += ["--grid", f"{name}={','.join(map(str, values))}"]
        lines = [json.loads(line) for line in run_ours(command).splitlines()]
        networks = {(line["batch"], line["lr"], line["epochs_done"]): line for line in lines
                    if line["schema"] == "annc.sweep/1"}
        found = [networks[job["batch"], job["lr"], job["epochs"]] for job in jobs]
        return [(network["validation_accuracy"], network["seconds"]) for network in found]

    def train(self, job):
        with tempfile.TemporaryDirectory() as temporary:
            log = pathlib.Path(temporary) / "log.jsonl"
            run_ours([self.program, "train", "--data", self.folder, *training_options(job["hidden"]), "--shift", job["shift"],
                      "--batch", job["batch"], "--lr", job["lr"], "--epochs", job["epochs"], "--seed", job["seed"],
                      *self.device, "--log", log])
            epochs = [json.loads(line) for line in log.read_text().splitlines() if '"annc.epoch/1"' in line]
        return {"seconds": [epoch["seconds"] for epoch in epochs], "accuracy": [epoch["test_accuracy"] for epoch in epochs]}

    def close(self):
        pass


class Peer:
    """A process of peers/until_target.py."""

    def __init__(self, peer, folder, threads, device):
        environment = os.environ | dict.fromkeys(["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"], str(threads))
        command = [sys.executable, "-B", PEERS / "until_target.py", peer, folder, str(threads), device]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        hello = self.answer()
        self.missing, self.name = hello.get("missing"), hello.get("name")

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[2].name} ended with exit code {self.process.wait()}")
        return json.loads(line)

    def search(self, _, jobs):
        runs = [self.train(job | {"seed": SEARCH_SEED, "target": None}) for job in jobs]
        return [(run["accuracy"][-1], sum(run["seconds"])) for run in runs]

    def train(self, job):
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def start(name, options, folder, threads, device):
    """Returns a program that is ready to train on the files of a folder, or None where it is not installed."""
    if name == OURS:
        return Ours(options.program, folder, threads, device)
    peer = Peer(name, folder, threads, device)
    if not peer.missing:
        return peer
    print(f"{name} is left out: {peer.missing}")
    peer.close()
    return None


def jobs_of(grid, batches):
    return [{"hidden": grid.hidden, "shift": grid.shift, "batch": batch, "lr": lr, "epochs": epochs}
            for batch, lr, epochs in itertools.product(batches, grid.lrs, grid.epochs)]


def choose(jobs, results, target, count):
    """Returns the recipe of a search on `count` validation rows and its accuracy there. An epoch of a batch size
    takes the shortest time that the search has seen of it, since the learning rate does not change it."""
    passing = target + 2 * math.sqrt(max(target * (1 - target), 0) / count)
    epoch = collections.defaultdict(lambda: math.inf)
    for job, (_, seconds) in zip(jobs, results):
        epoch[job["batch"]] = min(epoch[job["batch"]], seconds / job["epochs"])
    ranks = [(accuracy < passing, job["epochs"] * epoch[job["batch"]] if accuracy >= passing else -accuracy)
             for job, (accuracy, _) in zip(jobs, results)]
    best = ranks.index(min(ranks))
    return jobs[best], results[best][0]


def outcome(run, target):
    """Returns the seconds until the target, None if it was not reached, and the epochs that they took."""
    for at, accuracy in enumerate(run["accuracy"]):
        if accuracy >= target:
            return sum(run["seconds"][: at + 1]), at + 1
    return None, None


def median(times):
    """Returns the median of times of which None is infinite, or None."""
    middle = statistics.median([math.inf if seconds is None else seconds for seconds in times])
    return middle if middle < math.inf else None


def write_search_data(folder, mnist):
    """Writes a folder whose test set is the last sixth of the training set; returns its number of rows."""
    files = [read(mnist, name) for name in MNIST_NAMES[:2]]
    count = int.from_bytes(files[0][4:8], "big")
    held_out = count // 6
    rows = ("train", range(count - held_out)), ("train", range(count - held_out, count))
    write_part(folder, {"train": files}, rows)
    return held_out


def search(options, grids, folder, count):
    """Returns the recipe and its validation accuracy by program and target."""
    recipes = {}
    for name in options.programs:
        program = start(name, options, folder, 1, "cpu")
        if program is None:
            continue
        for target in options.targets:
            grid = grids[target]
            jobs = jobs_of(grid, grid.ours if name == OURS else grid.theirs)
            results = program.search(grid, jobs)
            recipes[name, target] = choose(jobs, results, target, count)
            recipe, accuracy = recipes[name, target]
            print(f"{program.name}, {100 * target:g} %: {len(jobs)} configurations, {sum(job['epochs'] for job in jobs)} "
                  f"epochs; batch {recipe['batch']}, lr {recipe['lr']:g}, {recipe['epochs']} epochs: "
                  f"{100 * accuracy:.2f} % of {count} validation rows", flush=True)
        program.close()
    return recipes


def settings_of(options):
    """Returns what to train on: (device, threads), the GPU last where there is one."""
    information = json.loads(subprocess.run([options.program, "info", "--json"], check=True, capture_output=True, text=True).stdout)
    has_gpu = any(device["kind"] == "cuda" for device in information["devices"])
    return [("cpu", threads) for threads in options.threads] + [("cuda", 1)] * has_gpu


def measure(options, setting, recipes, target, programs):
    """Trains each program with each seed in turn; returns a row per program."""
    device, threads = setting
    runs = {name: [] for name in programs}
    for seed in range(FIRST_SEED, FIRST_SEED + options.seeds):
        for name, program in programs.items():
            job = recipes[name, target][0] | {"seed": seed, "target": target}
            run = program.train(job)
            seconds, epochs = outcome(run, target)
            runs[name].append({"seed": seed, "seconds": seconds, "epochs": epochs, "accuracy": max(run["accuracy"])})
    rows = []
    for name, program in programs.items():
        recipe, accuracy = recipes[name, target]
        times = [run["seconds"] for run in runs[name]]
        rows.append({"schema": "annc.speedrun/1", "program": program.name, "target": target, "device": device,
                     "threads": threads, "recipe": recipe, "validation_accuracy": accuracy, "runs": runs[name],
                     "failed": times.count(None), "median_seconds": median(times),
                     "least_seconds": min((seconds for seconds in times if seconds is not None), default=None)})
    return rows


def shown(seconds):
    return "not reached" if seconds is None else f"{seconds:.3f}"


def print_rows(rows):
    base = rows[0]["median_seconds"]
    for row in rows:
        ratio = row["median_seconds"] / base if row["median_seconds"] and base else None
        on = row["device"] if row["device"] != "cpu" else f"{row['threads']} thread{'s' if row['threads'] > 1 else ''}"
        print(f"{100 * row['target']:5g} %  {on:10} {row['program']:20} {shown(row['median_seconds']):>12} "
              f"{shown(row['least_seconds']):>12} {'' if ratio is None else f'{ratio:.1f}':>6} {row['failed']:7}", flush=True)


def numbers(kind):
    return lambda text: [kind(part) for part in text.split(",")]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--mnist", type=pathlib.Path, default=pathlib.Path("data/mnist"))
    parser.add_argument("--targets", type=numbers(float), help="some of 0.97,0.98,0.985 [all]")
    parser.add_argument("--threads", type=numbers(int), default=[1, 2])
    parser.add_argument("--programs", type=numbers(str), default=[OURS, *PYTHON_PEERS])
    parser.add_argument("--seeds", type=int, help="trainings per recipe [10; with --quick 2]")
    parser.add_argument("--json", type=pathlib.Path, help="append a line per row to this file")
    parser.add_argument("--quick", action="store_true", help="small networks and targets that test this script")
    options = parser.parse_args()
    options.mnist = options.mnist.resolve()  # or a folder "mnist" would be the program's word for its own
    grids = QUICK if options.quick else GRIDS
    options.targets = options.targets or list(grids)
    options.seeds = options.seeds or (2 if options.quick else 10)
    unknown = [*(target for target in options.targets if target not in grids),
               *(name for name in options.programs if name not in [OURS, *PYTHON_PEERS])]
    if unknown:
        parser.error(f"unknown: {', '.join(map(str, unknown))}")
    return options, grids


def main():
    options, grids = parse_arguments()
    kernels = openblas_kernels(options.program)
    if kernels:
        os.environ["OPENBLAS_CORETYPE"] = kernels  # an OpenBLAS older than the processor has SSE for it
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "search"
        count = write_search_data(folder, options.mnist)
        recipes = search(options, grids, folder, count)
        print(f"\n{'target':7}  {'on':10} {'program':20} {'median s':>12} {'fastest s':>12} {'ratio':>6}  failed of {options.seeds}")
        for setting in settings_of(options):
            device, threads = setting
            names = [name for name in options.programs if (name, options.targets[0]) in recipes
                     and not (device == "cuda" and name == "sklearn")]
            programs = {name: start(name, options, options.mnist, threads, device) for name in names}
            for target in options.targets:
                rows = measure(options, setting, recipes, target, programs)
                print_rows(rows)
                if options.json:
                    with options.json.open("a") as out:
                        out.writelines(json.dumps(row) + "\n" for row in rows)
            for program in programs.values():
                program.close()


if __name__ == "__main__":
    main()
