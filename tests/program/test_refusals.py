#!/usr/bin/env python3
"""Memory that is refused to the program, at every call for it: exit code 4 and one message, files whole or absent, nothing left over. Called as
program.py says, with the program that faults.c was linked into. A command with many calls is tried at a sample of them, all of the first and
then evenly; with ANNC_LONG=1 at every one."""
import concurrent.futures
import json
import os
import platform
import re
import shutil
import struct
import subprocess
import unittest
import zipfile

from program import DEVICE, OK, PROGRAM, Cli, main

LONG = os.environ.get("ANNC_LONG") == "1"
MOST = 60  # calls that are tried of a command, once and from then on, where not all are
REFUSAL = re.compile(r"annc-gpu: .*(out of memory|the system gives no more than)")
CPU = ["--device", "cpu", "--threads", "1"]
CLASSES = ["--data", "table.csv", "--label", "kind", "--layers", "2-4:tanh-3:softmax", "--cost", "categorical-cross-entropy", "--batch", "16"]
TARGETS = ["--data", "table.csv", "--target", "width", "--drop", "kind", "--layers", "1-4:tanh-1:identity", "--batch", "16"]
IMAGES = ["--data", "bars", "--layers", "784-4-10", "--batch", "20"]
DATES = ["--data", "dates.csv", "--label", "kind", "--layers", "2-3:tanh-2:softmax", "--cost", "categorical-cross-entropy"]

# Commands; a word that begins with '@' is a file that the command writes.
COMMANDS = [
    ["train", *CLASSES, *CPU, "--epochs", "2", "--validation", "0.2", "--class-weights", "balanced", "--json", "--log", "@log.jsonl",
     "--save", "@model.safetensors", "--checkpoint", "@run.safetensors", "--checkpoint-every", "1e", "--plot", "@curves.svg"],
    ["train", *TARGETS, *CPU, "--epochs", "65", "--optimizer", "adam", "--plot", "@curves.svg", "--save", "@model.safetensors"],
    ["train", *IMAGES, "--device", "cpu", "--threads", "2", "--epochs", "1", "--dropout", "0.1"],
    ["train", "--config", "train.config"],
    ["train", *IMAGES[2:], *CPU, "--epochs", "1", "--quiet"],
    ["train", "--resume", "begun.safetensors", "--data", "table.csv", "--epochs", "3", "--checkpoint", "@run.safetensors",
     "--save", "@model.safetensors"],
    ["train", *CLASSES, *CPU, "--epochs", "1", "--folds", "3", "--log", "@log.jsonl"],
    ["train", *CLASSES, "--device", "cpu", "--threads", "2", "--epochs", "1", "--folds", "3", "--json"],
    ["train", "--data", "table.csv", "--weight", "width", "--layers", "1-4:tanh-3:softmax", *CLASSES[6:], *CPU, "--epochs", "2", "--validation", "0.3",
     "--save", "@model.safetensors"],
    ["train", *DATES, *CPU, "--epochs", "1", "--validation", "0.3", "--save", "@model.safetensors"],
    ["sweep", *CLASSES, *CPU, "--epochs", "1", "--grid", "lr=1,2", "--grid", "momentum=0.5,0.9", "--optimizer", "momentum", "--json",
     "--ensemble", "2", "--save", "@model.safetensors"],
    ["sweep", *TARGETS, "--device", "cpu", "--threads", "2", "--epochs", "1", "--grid", "lr=0.1..1", "--random", "3"],
    ["eval", "classes.safetensors", "--data", "table.csv", *CPU, "--per-example", "@examples.csv"],
    ["eval", "classes.safetensors", "--data", "table.csv", *CPU, "--json"],
    ["eval", "targets.safetensors", "--data", "table.csv", *CPU, "--per-example", "@examples.csv"],
    ["predict", "classes.safetensors", "table.csv", *CPU, "--top", "2", "--csv"],
    ["predict", "targets.safetensors", "table.csv", *CPU],
    ["predict", "images.safetensors", "bars/t10k-images-idx3-ubyte", *CPU, "--json", "--show-input"],
    ["check", "classes.safetensors", "--data", "table.csv", *CPU],
    ["check", *CLASSES, *CPU, "--class-weights", "1,2,3", "--json"],
    ["trace"],
    ["trace", "--step"],
    ["trace", "classes.safetensors", "--data", "table.csv", "--out", "@graph.svg"],
    ["trace", "classes.safetensors", "--data", "table.csv", "--out", "@graph.dot"],
    ["trace", "images.safetensors", "--data", "bars", "--neuron", "1:3"],
    ["show", "bars"],
    ["show", "bars", "--what", "means", "--out", "@images.svg"],
    ["show", "images.safetensors", "--out", "@images.png"],
    ["show", "images.safetensors", "--what", "mistakes", "--data", "bars"],
    *(["export", "classes.safetensors", "--format", form, "--out", f"@out.{form}"] for form in ("onnx", "npz", "c", "json", "html")),
    ["export", "classes.safetensors", "--format", "json", "--out", "-"],
    ["export", "dates.safetensors", "--format", "c", "--out", "@out.c"],
    ["predict", "dates.safetensors", "dates.csv", *CPU],
    ["report", "kept.jsonl", "--out", "@report.html", "--device", "cpu"],
    ["report", "targets.jsonl", "kept.jsonl", "--out", "@report.html", "--device", "cpu"],
    ["report", "folds.jsonl", "--out", "@report.html", "--device", "cpu"],
    ["report", "sweep.jsonl", "--out", "@report.html", "--device", "cpu"],
    ["info", *CPU],
    ["info", *CPU, "--json"],
    ["info", "classes.safetensors", "--json"],
    ["help", "man"],
    ["help", "bash"],
    ["help", "train", "all"],
    ["--version"],
]


def header_of(data):
    size = struct.unpack("<Q", data[:8])[0]
    return size, json.loads(data[8:8 + size])


def is_safetensors(data):
    size, header = header_of(data)
    return 8 + size + max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__") == len(data)


def epochs_kept(path):
    """Of a model, how many epochs are in it; 0 where there is none."""
    return int(header_of(path.read_bytes())[1]["__metadata__"]["annc.epochs"]) if path.exists() else 0


def is_whole(path, undisturbed):
    """Whether a file is all that the command writes. Most are the same each time; some have times in them."""
    data = path.read_bytes()
    if path.suffix == ".safetensors":  # a checkpoint may be of an epoch before the last
        return is_safetensors(data)
    if path.suffix == ".jsonl":  # a log has whole lines
        return data == b"" or data.endswith(b"\n") and all(json.loads(line) for line in data.splitlines())
    if path.suffix == ".html" and b"annc-gpu" in data:
        return data.endswith(b"</html>\n")
    if path.suffix == ".npz":
        return zipfile.ZipFile(path).testzip() is None
    return data == undisturbed


def timeless(text):
    """What a command says without the seconds in it."""
    return re.sub(r'("[a-z_]*(seconds|per_second|memory_free)":|memory: )[^,}]*|[0-9.e-]+(?= of [0-9.]+ GB)|(?m:^\S+ +\d+ +)[0-9.]+(?= +lr=)', "", text)


class Command:
    """A command in a folder of its own, with what it does when nothing is refused."""

    def __init__(self, words, folder, environment):
        self.words, self.folder, self.environment = [word.lstrip("@") for word in words], folder, environment
        self.written = [word[1:] for word in words if word.startswith("@")]
        self.inputs = sorted(path.name for path in folder.iterdir())
        self.faults, self.harmless, self.runs, self.calls = [], 0, 0, 0
        self.undisturbed = self.run(ANNC_FAULT_COUNT="calls")
        if self.undisturbed.returncode != OK:
            self.fault("undisturbed", "fails", self.undisturbed)
            return
        self.calls = int((folder / "calls").read_text())
        (folder / "calls").unlink()
        self.files = {name: (folder / name).read_bytes() for name in self.written}

    def run(self, **refusals):
        return subprocess.run([PROGRAM, *self.words], cwd=self.folder, env={**self.environment, **refusals}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)

    def fault(self, how, what, result):
        self.faults.append(f"{' '.join(self.words)}\n  {how}: {what}; exit code {result.returncode}\n{result.stderr.decode()[-1000:]}")

    def went_on(self, result):
        """Whether a run without some of its memory came to what the undisturbed one did."""
        same = all((self.folder / name).exists() and is_whole(self.folder / name, self.files[name]) for name in self.written)
        return same and timeless(result.stdout.decode()) == timeless(self.undisturbed.stdout.decode())

    def look_at(self, how, result, old):
        told = [line for line in result.stderr.decode().splitlines() if line.startswith("annc-gpu: ")]
        if result.returncode == OK and how.startswith("ANNC_FAULT_AT") and not told:
            self.harmless += 1
            if not self.went_on(result):
                self.fault(how, "it went on to something else", result)
        elif result.returncode != DEVICE or len(told) != 1 or not REFUSAL.match(told[0]):
            self.fault(how, "not exit code 4 and one message", result)
        left = [path.name for path in self.folder.iterdir() if path.name not in self.inputs + self.written]
        if left:
            self.fault(how, f"{left} is left", result)
        for name in self.written:
            path = self.folder / name
            try:
                if path.exists() and path.read_bytes() != old and not is_whole(path, self.files[name]):
                    self.fault(how, f"{name} is not whole", result)
            except (ValueError, KeyError, struct.error, zipfile.BadZipFile) as error:
                self.fault(how, f"{name} is not whole: {error}", result)

    def look_for_epochs(self, how, result):
        """After a single refusal all the epochs that were told of are in the model that was asked for."""
        told = max(map(int, re.findall(r"(?m)^Epoch (\d+):", result.stdout.decode())), default=0)
        for name in self.written:
            kept = epochs_kept(self.folder / name) if told and name == "model.safetensors" else told
            if kept < told:
                self.fault(how, f"of {told} epochs {name} has {kept}", result)

    def refuse(self, kind, call):
        """One call is refused, or it and all that follow; in the second case there are old files in the place of those to be written."""
        old = b"old\n" if kind == "ANNC_FAULT_FROM" else None
        for name in self.written:
            (self.folder / name).unlink(missing_ok=True)
            if old and not name.endswith(".jsonl"):
                (self.folder / name).write_bytes(old)
        self.runs += 1
        result = self.run(**{kind: str(call)})
        self.look_at(f"{kind}={call}", result, old)
        if kind == "ANNC_FAULT_AT":
            self.look_for_epochs(f"{kind}={call}", result)

    def refuse_all(self):
        stride = 1 if LONG else max(1, self.calls // MOST)
        for kind, first in (("ANNC_FAULT_AT", 1), ("ANNC_FAULT_FROM", 1 + stride // 2)):
            for call in range(first, self.calls + 1, stride):
                self.refuse(kind, call)


class Refusals(Cli):
    def setUp(self):
        super().setUp()
        shutil.rmtree(self.folder / "bars")
        self.write_bars("bars", 40, 20)
        self.environment["OPENBLAS_NUM_THREADS"] = "1"
        if platform.machine() == "x86_64":
            self.environment["OPENBLAS_CORETYPE"] = "Prescott"  # or the program may start itself again, for faster kernels
        self.environment["ASAN_OPTIONS"] += ":detect_leaks=0"  # the program ends where it stands
        rows = [f"{i % 3 + i % 5}.5,{7 * i % 11},{('rose', 'fern', 'moss')[i % 3]}\n" for i in range(60)]
        (self.folder / "the.csv").write_text("length,width,kind\n" + "".join(rows))
        (self.folder / "table.csv").symlink_to(self.folder / "the.csv")  # the same file for every command, which a resumed run looks at
        shutil.copytree(self.folder / "bars", self.folder / "data/mnist")
        (self.folder / "dates.csv").write_text("when,width,kind\n" + "".join(f"2024-03-{i % 28 + 1:02}T12:{i:02},{i % 7},{i % 2}\n" for i in range(40)))
        self.run_program("train", *DATES, *CPU, "--epochs", "1", "--save", "dates.safetensors", "--quiet")
        (self.folder / "train.config").write_text("\n".join(f"{name[2:]} = {value}" for name, value in zip(*[iter(CLASSES)] * 2))
                                                  + "\nepochs = 1\ndevice = cpu\nthreads = 1\nquiet = yes\n")
        self.run_program("train", *CLASSES, *CPU, "--epochs", "1", "--checkpoint", "begun.safetensors", "--quiet")
        self.run_program("train", *CLASSES, *CPU, "--epochs", "2", "--save", "classes.safetensors", "--log", "kept.jsonl", "--quiet")
        self.run_program("train", *TARGETS, *CPU, "--epochs", "2", "--save", "targets.safetensors", "--log", "targets.jsonl", "--quiet")
        self.run_program("train", *IMAGES, *CPU, "--epochs", "1", "--save", "images.safetensors", "--quiet")
        self.run_program("train", *CLASSES, *CPU, "--epochs", "2", "--folds", "3", "--log", "folds.jsonl", "--quiet")
        swept = self.run_program("sweep", *CLASSES, *CPU, "--epochs", "1", "--grid", "lr=1,2", "--json")
        (self.folder / "sweep.jsonl").write_text(swept.stdout)

    def commands(self):
        """Those that this build has all for."""
        has_png = "libpng none" not in self.run_program("--version").stdout
        return [i for i, words in enumerate(COMMANDS) if has_png or not any(word.endswith(".png") for word in words)]

    def try_command(self, i):
        folder = self.folder.parent / f"{self.folder.name}-{i}"
        shutil.copytree(self.folder, folder, symlinks=True)
        try:
            command = Command(COMMANDS[i], folder, self.environment)
            command.refuse_all()
            return command
        finally:
            shutil.rmtree(folder)

    def test_every_command(self):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            tried = list(pool.map(self.try_command, self.commands()))
        for command in tried:
            print(f"{command.calls:6} calls, {command.runs:5} runs, {command.harmless:3} went on: {' '.join(command.words)[:90]}")
        print(f"{sum(c.calls for c in tried)} calls, {sum(c.runs for c in tried)} runs")
        faults = [fault for command in tried for fault in command.faults]
        self.assertEqual(faults, [], f"{len(faults)} faults:\n" + "\n".join(faults[:20]))
        self.assertEqual([c.words for c in tried if c.harmless > self.may_go_on(c.words)], [], "no call may be refused without a word")

    @staticmethod
    def may_go_on(words):
        """How many refused calls may go unmentioned. Fewer threads do where the system gives no more: for OpenBLAS's, and, where the command does
        not say how many, for the program's own."""
        if "--threads" not in words:
            return 2
        return 0 if words[words.index("--threads") + 1] == "1" else 1


if __name__ == "__main__":
    main()
