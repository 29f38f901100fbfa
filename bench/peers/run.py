#!/usr/bin/env python3
"""The headline job by annc-gpu and by its peers in one run: same data, initial weights, order and cost.

    bench/peers/run.py --program build/release/annc-gpu --data FOLDER [--epochs N] [--peers numpy_examples,numpy_batches]

Every peer must follow annc-gpu's loss (to 1e-3 of it in the first epoch) before its time counts; exit code 1 otherwise."""
import argparse
import contextlib
import importlib
import io
import json
import os
import pathlib
import subprocess
import sys

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(pathlib.Path(__file__).parent))


def ours(options):
    command = [options.program, "train", "--data", options.data, "--layers", options.layers, "--init", "normal", "--seed",
               str(options.seed), "--epochs", str(options.epochs), "--batch", str(options.batch), "--lr", str(options.lr), "--device",
               options.device, "--threads", "1", "--json"]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.splitlines()
    return [line for line in map(json.loads, lines) if line["schema"] == "annc.epoch/1"]


def theirs(name, options):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        importlib.import_module(name).main(options)
    return [json.loads(line) for line in output.getvalue().splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", required=True, help="folder of the MNIST files")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--layers", default="784-32-10")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--lr", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", default="numpy_examples,numpy_batches")
    options = parser.parse_args()

    mine, agreed = ours(options), True
    median = sorted(line["seconds"] for line in mine)[len(mine) // 2]
    print(f"{'program':24} {'s an epoch':>11} {'ratio':>7} {'loss, epoch 1':>14} {'last test':>10}")
    print(f"{'annc-gpu ' + options.device:24} {median:11.4f} {1:7.1f} {mine[0]['loss']:14.4f} {mine[-1]['test_correct']:10}")
    for peer in options.peers.split(","):
        lines = theirs(peer, options)
        seconds = sorted(line["seconds"] for line in lines)[len(lines) // 2]
        off = abs(lines[0]["loss"] - mine[0]["loss"]) / mine[0]["loss"]
        agreed = agreed and off <= 1e-3
        print(f"{lines[0]['peer']:24} {seconds:11.4f} {seconds / median:7.1f} {lines[0]['loss']:14.4f} {lines[-1]['test_correct']:10}"
              + ("" if off <= 1e-3 else "  DIFFERS: not the same job"))
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
