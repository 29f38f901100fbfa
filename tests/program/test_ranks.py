#!/usr/bin/env python3
"""Trainings on several processes, started by a real mpirun: Open MPI's or MPICH's. Called as
program.py says."""
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import time

from program import DEVICE, DIVERGED, INPUT, MODULE, OK, OUTPUT, PROGRAM, USAGE, main, slowness
from ranks import CPU, RankTests, T
from tables import COLUMNS, blobs, npy_file

MANY = [  # with minibatches that two and three ranks divide unevenly, and a last one of four rows
    ["--optimizer", "sgd", "--lr", "0.1", "--batch", "7"],
    ["--optimizer", "adam", "--lr", "0.01", "--schedule", "cosine", "--dropout", "0.2", "--validation", "0.2"],
    ["--optimizer", "momentum", "--lr", "0.02", "--clip", "0.5", "--l2", "0.001", "--batch", "2"],  # of three ranks one has no row
]
SWEEP = ["sweep", "--data", "t.csv", *T, *CPU, "--grid", "lr=0.01,0.1,1e30", "--grid", "batch=8,32", "--validation", "0.2"]
TOLERANCE = 1e-4  # of float sums in another order, over a few hundred steps


def parameters(path):
    """The numbers of a model file, in the order of the file."""
    content = path.read_bytes()
    length, = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    data = content[8 + length:]
    numbers = []
    for name, block in header.items():
        if name != "__metadata__":
            first, end = block["data_offsets"]
            numbers += struct.unpack(f"<{(end - first) // 4}f", data[first:end])
    return numbers


class Ranks(RankTests):
    def train(self, ranks, *arguments, device=CPU, **more):
        lines = self.together(ranks, "train", "--data", self.data, *T, *device, *arguments, "--json", **more).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def start(self, *arguments):
        """An endless training of two ranks, after its second epoch."""
        command = self.command(2, "train", "--data", self.data, *T, *CPU, "--epochs", "1000000", "--batch", "1", "--log", "log.jsonl", "--quiet", *arguments)
        process = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        log, ends = self.folder / "log.jsonl", time.monotonic() + 60
        while process.poll() is None and time.monotonic() < ends:
            if log.exists() and log.read_text().count("annc.epoch/1") > 1:
                return process
            time.sleep(0.01)
        process.kill()
        self.fail(process.communicate()[1])

    def complaints(self, result):
        return [line for line in result.stderr.splitlines() if line.startswith("annc-gpu:")]

    def compare(self, name, other):
        one, two = parameters(self.folder / name), parameters(self.folder / other)
        self.assertEqual(len(one), len(two))
        self.assertLess(max(abs(a - b) for a, b in zip(one, two)), TOLERANCE)

    def check_follows(self, alone, lines):
        """The lines of ranks, and their model m, are those of one process, whose model is `alone`."""
        for one, other in zip(alone, lines):
            for key in ("mean_loss", "validation_loss"):
                self.assertAlmostEqual(one.get(key, 0), other.get(key, 0), 4)
            self.assertEqual(one.get("training_count"), other.get("training_count"))
        self.compare("alone", "m")

    def test_trajectories(self):
        """N ranks follow one process; repeated runs give equal bits; rank 0 alone prints and writes."""
        for options in MANY:
            options = [*options, "--epochs", "2"]
            alone = self.lines("train", "--data", self.data, *T, *CPU, *options, "--save", "alone")
            for ranks in (2, 3):
                lines = self.train(ranks, *options, "--save", "m", "--log", "log.jsonl", "--checkpoint", "c")
                self.assertEqual(len(lines), len(alone))
                self.assertEqual((lines[-1]["ranks"], alone[-1]["ranks"]), (ranks, 1))
                self.assertEqual((self.folder / "log.jsonl").read_text().count("\n"), len(lines))
                self.check_follows(alone, lines)
                first = (self.folder / "m").read_bytes()
                self.train(ranks, *options, "--save", "m")
                self.assertEqual((self.folder / "m").read_bytes(), first)
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"alone", "m", "c", "log.jsonl", "t.csv", "bars", "temporary"})

    def test_shards(self):
        """Ranks that hold one shard each follow one process that takes its minibatches from the same shards, also where no shard has all
        classes and the last minibatch has fewer rows than ranks."""
        rows = sorted(blobs(901), key=lambda row: row[-1])
        self.data = self.write("t.csv", rows, COLUMNS)
        for ranks, options in ((2, ["--optimizer", "adam", "--lr", "0.01", "--dropout", "0.2", "--input-noise", "0.1", "--validation", "0.2", "--batch", "24"]),
                               (3, ["--optimizer", "sgd", "--lr", "0.1", "--batch", "30", "--class-weights", "balanced"]),
                               (2, ["--optimizer", "momentum", "--lr", "0.02", "--batch", "2000"])):
            options = [*options, "--epochs", "2", "--shards", str(ranks)]
            alone = self.lines("train", "--data", self.data, *T, *CPU, *options, "--save", "alone")
            lines = self.train(ranks, *options, "--save", "m")
            self.check_follows(alone, lines)
        first = (self.folder / "m").read_bytes()
        self.train(2, *options, "--save", "m")
        self.assertEqual((self.folder / "m").read_bytes(), first)

    def test_shards_resume(self):
        """A checkpoint of shards is resumed with as many, by ranks or by one process; with others it is refused."""
        options = ["--optimizer", "adam", "--lr", "0.01", "--shards", "2", "--epochs", "3"]
        self.train(2, *options, "--save", "whole")
        self.train(2, *options[:-1], "1", "--checkpoint", "c")
        for runs in (lambda *arguments: self.together(2, *arguments), self.run_program):
            shutil.copy(self.folder / "c", self.folder / "again")
            self.assertIn("resumed after 1 epoch", runs("train", "--resume", "again", "--epochs", "3", "--save", "m").stderr)
            self.compare("whole", "m")
        told = self.together(3, "train", "--resume", "c", "--epochs", "3", code=USAGE)
        self.assertIn("--shards is 2, but there are 3 ranks: each holds one shard", told.stderr)
        told = self.run_program("train", "--resume", "c", "--epochs", "3", "--shards", "3", code=USAGE)
        self.assertIn("cannot resume with another --shards (the checkpoint has 2)", told.stderr)
        rows = blobs(900)
        self.write("t.csv", [*rows[:-1], [*rows[-1][:3], "0.5", rows[-1][4]]], COLUMNS)  # in the shard of rank 1
        told = self.together(2, "train", "--resume", "c", "--epochs", "3", code=INPUT)
        self.assertIn("c: the checkpoint was saved with other training data", told.stderr)

    def test_shards_memory(self):
        """The largest memory of a rank has room for its shard, but not for all rows."""
        count, inputs = 64000, 784
        content = bytes(range(256)) * (count * inputs // 256)
        (self.folder / "x.npy").write_bytes(npy_file((count, inputs), "|u1", content))
        floats = struct.pack("<256f", *range(256)) * (count // 4 * inputs // 256)
        (self.folder / "f.npy").write_bytes(npy_file((count // 4, inputs), "<f4", floats))
        (self.folder / "y.npy").write_bytes(npy_file((count,), "|u1", b"\0\1" * (count // 2)))
        (self.folder / "fy.npy").write_bytes(npy_file((count // 4,), "|u1", b"\0\1" * (count // 8)))
        (self.folder / "train-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, 28, 28) + content)
        (self.folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + b"\0\1" * (count // 2))
        options = ["--layers", "784-2-2", "--batch", "6000", "--epochs", "1", "--threads", "1", *CPU, "--quiet", "--engine", "ops"]
        megabytes = len(content) / 2**20
        script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); " \
                 "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"

        def peaks(*arguments):
            command = self.command(2, "train", *arguments, *options)
            at = command.index(str(PROGRAM))
            lines = self.run_command([*command[:at], sys.executable, "-c", script, *command[at:]]).stdout.splitlines()
            found = [float(line.split()[1]) for line in lines if line.startswith("peak")]
            self.assertEqual(len(found), 2)
            return max(found)

        whole = peaks("--data", "x.npy", "--labels", "y.npy")
        self.assertGreater(whole, megabytes)
        for data in (["x.npy", "--labels", "y.npy"], ["train-images-idx3-ubyte"], ["f.npy", "--labels", "fy.npy"]):
            self.assertLess(peaks("--data", *data, "--shards", "2"), whole - 0.4 * megabytes, data)
        row = ",".join(f"{i % 7}.25" for i in range(1, inputs))
        (self.folder / "t.csv").write_text("".join(f"{i * 7919 % 16001}.5,{row},{i % 2}\n" for i in range(count // 4)))  # no two are equal
        table = ["--data", "t.csv", "--label", str(inputs + 1)]
        whole = peaks(*table)
        self.assertGreater(whole, 2 * megabytes)  # text and numbers
        self.assertLess(peaks(*table, "--shards", "2"), whole - 1.2 * megabytes)

    def test_large_layers(self):
        """The sums of large layers go on beside the computation: the same trajectory, and equal bits in repeated runs."""
        command = ["train", "--data", self.data, *CPU, "--layers", "4-600:tanh-600:tanh-3:softmax", "--cost", "categorical-cross-entropy",
                   "--optimizer", "adam", "--lr", "0.001", "--batch", "60", "--epochs", "1"]
        self.run_program(*command, "--save", "alone")
        for ranks in (2, 3):
            self.together(ranks, *command, "--save", "m")
            self.compare("alone", "m")
            first = (self.folder / "m").read_bytes()
            for _ in range(3):
                self.together(ranks, *command, "--save", "m")
                self.assertEqual((self.folder / "m").read_bytes(), first)

    def test_one_rank(self):
        """One process of mpirun is a process that is alone: the same engine and bits."""
        self.run_program("train", "--data", self.data, *T, *CPU, "--save", "alone")
        self.train(1, "--save", "m")
        self.assertEqual((self.folder / "m").read_bytes(), (self.folder / "alone").read_bytes())

    def test_endings(self):
        """Patience, a target and a time limit end all ranks by the numbers of rank 0."""
        for options, ending in ((["--patience", "2", "--lr", "3"], "patience"), (["--target-accuracy", "0.5"], "target-accuracy"),
                                (["--max-time", "1.5"], "max-time")):
            lines = self.train(2, "--epochs", "1000000", "--validation", "0.2", *options)
            self.assertEqual(lines[-1]["ended_by"], ending)
        told = self.complaints(self.together(2, "train", "--data", self.data, "--layers", "4-8:relu-3:identity", "--cost", "quadratic", "--lr", "1e30",
                                             "--device", "cpu", code=DIVERGED))
        self.assertEqual(len(told), 1, told)

    def test_signals(self):
        """A signal to mpirun ends all ranks after the current step, and rank 0 saves. After SIGTERM, as after Ctrl-C, Open MPI's mpirun no
        longer prints what the ranks say."""
        for number in (signal.SIGUSR1, signal.SIGTERM):
            process = self.start("--save", "m", "--checkpoint", "c")
            process.send_signal(number)
            _, errors = process.communicate(timeout=30 * slowness())
            if number == signal.SIGUSR1:
                self.assertEqual(errors.count("annc-gpu: stopped "), 1, errors)
                self.assertIn("resume with annc-gpu train --resume c", errors)
            for name in ("m", "c"):
                self.assertIn("parameters", self.run_program("info", name).stdout)
            for name in ("m", "c", "log.jsonl"):
                (self.folder / name).unlink()

    def test_signal_to_another(self):
        """A signal that rank 1 alone gets ends rank 0, too, which saves."""
        process = self.start("--save", "m")
        os.kill(self.process_of_rank(process, 1), signal.SIGUSR1)
        _, errors = process.communicate(timeout=30 * slowness())
        self.assertIn("continue with annc-gpu train --config m --load m", errors)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)

    def process_of_rank(self, mpirun, rank):
        wanted = {f"OMPI_COMM_WORLD_RANK={rank}".encode(), f"PMI_RANK={rank}".encode()}
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                own = set((path / "environ").read_bytes().split(b"\0"))
                if wanted & own and f"PWD={self.folder}".encode() in own | {f"PWD={os.readlink(path / 'cwd')}".encode()} and \
                        os.readlink(path / "exe") == str(PROGRAM):
                    return int(path.name)
            except OSError:
                continue
        self.fail(f"no process of rank {rank} under {mpirun.pid}")

    def test_death(self):
        """A rank that dies ends all within seconds, and the last checkpoint stays."""
        process = self.start("--checkpoint", "c", "--checkpoint-every", "1e")
        os.kill(self.process_of_rank(process, 1), signal.SIGKILL)
        began = time.monotonic()
        process.communicate(timeout=60)
        self.assertLess(time.monotonic() - began, 5 * slowness())
        self.assertNotEqual(process.returncode, 0)
        self.assertGreaterEqual(int(self.lines("info", "c")[0]["annc.epochs"]), 1)

    def test_resume(self):
        """A checkpoint of two ranks is resumed with the bits of an uninterrupted run, or by another number of ranks."""
        options = ["--optimizer", "adam", "--lr", "0.01", "--validation", "0.2", "--epochs", "4"]
        self.train(2, *options, "--save", "whole")
        self.train(2, *options[:-1], "2", "--checkpoint", "c")
        for ranks in (2, 1, 3):
            shutil.copy(self.folder / "c", self.folder / "again")
            told = self.together(ranks, "train", "--resume", "again", "--epochs", "4", "--save", "m").stderr
            self.assertIn("resumed after 2 epochs", told)
            self.assertEqual("another setup" in told, ranks != 2)
            self.compare("whole", "m")
            if ranks == 2:
                self.assertEqual(parameters(self.folder / "whole"), parameters(self.folder / "m"))

    def test_differences(self):
        """Ranks with other options, data, files or kernels are refused, and the difference is named once."""
        other = self.write("u.csv", [[*row[:3], "0.5", row[4]] for row in blobs(900)], COLUMNS)
        half = self.command(1, "train", "--data", "t.csv", *T, *CPU)
        for name, source in (("one", self.data), ("two", other)):
            (self.folder / name).mkdir()
            shutil.copy(self.folder / source, self.folder / name / "t.csv")

        def pair(first, second):
            return [*half, *first, ":", *half[1:], *second]

        def place(name, command=half):
            at = [*command]
            at[at.index("-n"):at.index("-n")] = ["-wdir", str(self.folder / name)]
            return at

        refused = self.run_command(pair(["--lr", "0.1"], ["--lr", "0.5"]), INPUT)
        self.assertEqual(self.complaints(refused), ["annc-gpu: the ranks must have the same options, but rank 0 has 'lr = 0.1' and rank 1 has 'lr = 0.5'"])
        refused = self.run_command([*place("one"), ":", *place("two")[1:]], INPUT)
        self.assertRegex("\n".join(self.complaints(refused)), "^annc-gpu: the ranks must have the same data, but rank 0 has '900 examples [^\n]*$")
        for name in ("one", "two"):  # of which rank 1 alone trains on the last row
            (self.folder / name / "y.npy").write_bytes(npy_file((900,), "|u1", bytes(i % 3 for i in range(900))))
            (self.folder / name / "x.npy").write_bytes(npy_file((900, 4), "|u1", bytes(i % 11 for i in range(3599)) + name[:1].encode()))
        for options in (["--data", "t.csv"], ["--data", "x.npy", "--labels", "y.npy"]):
            shards = self.command(1, "train", *options, "--shards", "2", *T, *CPU)
            refused = self.run_command([*place("one", shards), ":", *place("two", shards)[1:]], INPUT)
            self.assertRegex("\n".join(self.complaints(refused)), "^annc-gpu: the ranks must have the same data, but rank 0 has '900 examples [^\n]*$")
        (self.folder / "two" / "t.csv").unlink()
        refused = self.run_command([*place("one"), ":", *place("two")[1:]], INPUT)
        self.assertEqual(self.complaints(refused), ["annc-gpu: rank 1: t.csv: No such file or directory"])
        portable = [half[0], *half[1:half.index("-n") + 2], "env", "ANNC_CPU_KERNELS=portable", *half[half.index("-n") + 2:]]
        refused = self.run_command([*half, ":", *portable[1:]], INPUT)
        self.assertRegex("\n".join(self.complaints(refused)), r"^annc-gpu: the ranks must have the same kernels, but [^\n]*portable[^\n]*$")

    def test_refusals(self):
        """What has no place in a group is refused by rank 0; the same failure of all ranks is reported once."""
        for arguments, code, text in (
                (["predict", "m", self.data], USAGE, "predict runs in one process, but 2 were started together"),
                (["train", "--data", self.data, *T, *CPU, "--folds", "3", "--checkpoint", "c"], USAGE, "--folds and --checkpoint cannot be combined"),
                (["train", "--data", self.data, *T, *CPU, "--folds", "3", "--max-time", "9"], USAGE, "--folds and --max-time cannot be combined"),
                (["sweep", "--data", "none.csv"], INPUT, "none.csv: No such file or directory"),
                (["sweep", "--data", self.data, *CPU, "--save-all", "none/all"], OUTPUT, "--save-all: none/all: No such file or directory"),
                (["train", "--data", "none.csv"], INPUT, "none.csv: No such file or directory"),
                (["train", "--data", self.data, *T, *CPU, "--save", "none/m"], OUTPUT, "none/m"),
                (["train", "--lrr", "1"], USAGE, "unknown option --lrr")):
            told = self.complaints(self.together(2, *arguments, code=code))
            if "predict" not in arguments and code != USAGE:
                self.assertEqual(len(told), 1, told)
            self.assertEqual({line.replace("rank 1: ", "") for line in told}, {told[0]})  # before there is a group, MPICH lets each rank speak
            self.assertIn(text, told[0])
        told = self.complaints(self.together(2, "train", "--data", self.data, *T, *CPU, code=DEVICE, environment={"ANNC_MPI_MODULE": "/nowhere"}))
        self.assertIn("2 processes were started together, but the module named by ANNC_MPI_MODULE could not be loaded", told[0])

    def test_failing_output(self):
        """An output of rank 0 that fails ends all ranks with its message and exit code."""
        told = self.complaints(self.together(2, "train", "--data", self.data, *T, *CPU, "--log", "/dev/full", code=OUTPUT))
        self.assertEqual(len(told), 1, told)
        self.assertIn("the log could not be written", told[0])

    def test_failure_without_agreement(self):
        """Where a rank fails that the others may wait for, it ends their processes."""
        self.train(2, "--checkpoint", "c", "--epochs", "1")
        self.write("t.csv", [[*row[:3], "0.5", row[4]] for row in blobs(900)], COLUMNS)
        told = self.complaints(self.together(2, "train", "--resume", "c", "--epochs", "3", code=INPUT))
        self.assertEqual(len(told), 1, told)
        self.assertIn("c: the checkpoint was saved with other training data", told[0])

    def without_times(self, text):
        """JSON lines without what differs between equal runs."""
        lines = [json.loads(line) for line in text.splitlines()]
        for line in lines:
            for key in ("seconds", "wall_seconds", "ranks", "threads"):
                line.pop(key, None)
        return lines

    def test_sweep(self):
        """Networks of a sweep are distributed over the ranks: lines, their order and the best model are those of one process."""
        alone = self.run_program(*SWEEP, "--save", "m")
        model = (self.folder / "m").read_bytes()
        lines = self.without_times(self.run_program(*SWEEP, "--json").stdout)
        for ranks in (1, 2, 3):
            result = self.together(ranks, *SWEEP, "--save", "m")
            self.assertEqual(result.stderr, alone.stderr)
            self.assertEqual((self.folder / "m").read_bytes(), model)
            self.assertEqual(self.without_times(self.together(ranks, *SWEEP, "--json", "--quiet").stdout), lines)

    def start_sweep(self, *arguments):
        """A sweep of two ranks that keeps its networks, after some of them."""
        process = subprocess.Popen(self.command(2, *SWEEP, "--epochs", "60", "--seeds", "8", "--save-all", "all", *arguments), cwd=self.folder,
                                   env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.wait_for_networks(process, 3)
        return process

    def networks(self):
        return sorted((self.folder / "all").glob("network-*.safetensors"))

    def wait_for_networks(self, process, count):
        ends = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < ends:
            if len(self.networks()) >= count:
                return
            time.sleep(0.01)
        process.kill()
        self.fail(process.communicate()[1])

    def test_sweep_after_death(self):
        """A rank dies in a sweep: the networks that were trained stay, and the same command, with any number of ranks, trains the others."""
        whole = self.run_program(*SWEEP, "--epochs", "60", "--seeds", "8", "--json", "--quiet").stdout
        process = self.start_sweep()
        os.kill(self.process_of_rank(process, 1), signal.SIGKILL)
        errors = process.communicate(timeout=60)[1]
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("trained networks are saved in all; if this command is interrupted, repeat it to train the rest", errors)
        kept = {path: path.stat().st_mtime_ns for path in self.networks()}
        count = len(whole.splitlines()) - 1
        self.assertTrue(3 <= len(kept) < count, kept)
        arguments = [*SWEEP, "--epochs", "60", "--seeds", "8", "--save-all", "all", "--json"]
        again = self.together(3, *arguments)
        self.assertIn(f"{len(kept)} of {count} networks are already trained in all", again.stderr)
        self.assertEqual(self.without_times(again.stdout), self.without_times(whole))
        self.assertEqual({path: path.stat().st_mtime_ns for path in kept}, kept)
        again = self.run_program(*arguments, "--quiet")
        self.assertEqual(self.without_times(again.stdout), self.without_times(whole))
        told = self.run_program(*arguments, "--patience", "1", code=INPUT).stderr
        self.assertIn("all/network-1.safetensors was trained with other options; give --save-all another directory", told)

    def test_slow_rank(self):
        """A rank that stands still holds up its own network alone."""
        process = self.start_sweep("--threads", "1")
        slow = self.process_of_rank(process, 1)
        os.kill(slow, signal.SIGSTOP)
        try:
            self.wait_for_networks(process, 30)  # of 32 that do not diverge: one in training, one to be sent
        finally:
            os.kill(slow, signal.SIGCONT)
        errors = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, OK, errors)
        self.assertEqual(len(self.networks()), 32)

    def test_stopped_sweep(self):
        """A signal to one rank stops a sweep everywhere; rank 0 says how to go on."""
        process = self.start_sweep("--save", "m")
        os.kill(self.process_of_rank(process, 1), signal.SIGUSR1)
        errors = process.communicate(timeout=30 * slowness())[1]
        self.assertRegex(errors, r"annc-gpu: stopped after \d+ of 48 networks\n")
        self.assertIn("the networks that are trained are kept; repeat the command to train the rest", errors)
        self.assertIn("parameters", self.run_program("info", "m").stdout)

    def test_folds(self):
        """Folds are distributed, too, with the results of one process; those that are kept are not trained again."""
        folds = ["train", "--data", self.data, *T, *CPU, "--folds", "5", "--epochs", "3"]
        alone = self.run_program(*folds)
        lines = self.without_times(self.run_program(*folds, "--json").stdout)
        for ranks in (1, 2, 3):
            result = self.together(ranks, *folds)
            self.assertEqual((result.stdout, result.stderr), (alone.stdout, alone.stderr))
            self.assertEqual(self.without_times(self.together(ranks, *folds, "--json").stdout), lines)
        for ranks, runs in ((3, self.together), (1, lambda ranks, *arguments: self.run_program(*arguments))):
            told = runs(ranks, *folds, "--save-all", "all")
            self.assertEqual(told.stdout, alone.stdout)
            for fold in (2, 5):
                (self.folder / "all" / f"fold-{fold}.safetensors").unlink()
            told = runs(ranks, *folds, "--save-all", "all")
            self.assertEqual(told.stdout, alone.stdout)
            self.assertEqual(told.stderr.count("is already trained"), 3)
            self.assertEqual(len(list((self.folder / "all").iterdir())), 5)

    def test_off(self):
        told = self.together(2, "train", "--data", self.data, *T, *CPU, "--epochs", "1", "--json", environment={"ANNC_MPI": "off"}).stdout
        self.assertEqual(told.count('"annc.result/1"'), 2)

    def test_info(self):
        self.assertRegex(self.together(2, "info").stdout, "(?m)^ranks: 2, by .*(MPI|MPICH)")
        self.assertEqual(json.loads(self.together(3, "info", "--json").stdout)["ranks"], 3)
        self.assertEqual(self.together(2, "--version").stdout, self.run_program("--version").stdout)

    def test_simulated_device(self):
        """Gradients in a device's own memory are summed by way of the host's."""
        if not MODULE:
            self.skipTest("no simulated device")
        options = ["--epochs", "1", "--optimizer", "adam", "--lr", "0.01", "--batch", "100"]
        simulated = {"ANNC_CUDA_MODULE": str(MODULE)}
        lines = {ranks: self.train(ranks, *options, "--save", f"m{ranks}", device=["--device", "cuda"], environment=simulated) for ranks in (1, 2)}
        self.assertAlmostEqual(lines[1][-1]["mean_loss"], lines[2][-1]["mean_loss"], 4)
        self.compare("m1", "m2")
        for ranks in (1, 2):
            self.train(ranks, *options, "--shards", "2", "--save", f"m{ranks}", device=["--device", "cuda"], environment=simulated)
        self.compare("m1", "m2")

    def simulated(self, **more):
        """Variables of ranks with simulated devices that have identities, and a stand-in for NCCL."""
        folder = MODULE.parent / "nccl" if MODULE else None
        if not folder or not folder.exists():
            self.skipTest("no simulated device, or no MPI for its stand-in for NCCL")
        before = self.environment.get("LD_LIBRARY_PATH")
        return {"ANNC_CUDA_MODULE": str(MODULE), "ANNC_HOST_IDENTITY": "-1", "ANNC_HOST_LEAKS": "1",
                "LD_LIBRARY_PATH": f"{folder}:{before}" if before else str(folder), **more}

    def exchange(self, ranks, *arguments, code=OK, **variables):
        """Trains on simulated devices; returns the line about the ranks, or the messages of a failure."""
        result = self.together(ranks, "train", "--data", self.data, "--layers", "4-30:tanh-3:softmax", *T[2:], "--device", "cuda", "--epochs", "1",
                               "--optimizer", "adam", "--lr", "0.01", *arguments, code=code, environment=self.simulated(**variables))
        return "\n".join(line for line in (result.stdout + result.stderr).splitlines() if line.startswith("ranks: ") or line.startswith("annc-gpu: "))

    def test_nccl(self):
        """Devices that exchange by themselves sum in the order of the ranks: they give the bits of sums in the host's memory."""
        for ranks, batch, variables in ((2, 100, {}), (3, 100, {"ANNC_HOST_DEFER": "1"}), (3, 40, {"ANNC_HOST_DEFER": "2"})):
            options = ["--batch", batch]
            self.assertRegex(self.exchange(ranks, *options, "--save", "m1", **variables), f"^ranks: {ranks}, by .*; gradients are summed by NCCL 2.23.4$")
            self.assertRegex(self.exchange(ranks, *options, "--save", "m2", **variables, ANNC_NCCL="off"),
                             "; gradients are summed in the host's memory: ANNC_NCCL=off$")
            self.assertEqual(*((self.folder / name).read_bytes() for name in ("m1", "m2")))

    def test_nccl_obstacles(self):
        """Where the devices cannot exchange, all ranks go by the host's memory, and a line says why."""
        for variables, why in (({"ANNC_HOST_IDENTITY": "7"}, "ranks 0 and 1 use the same GPU"), ({"ANNC_HOST_IDENTITY": "0"}, "rank 0 has a simulated device"),
                               ({"ANNC_HOST_NCCL_NEWER": "2"}, "ranks 0 and 2 have different versions of NCCL"),
                               ({"ANNC_HOST_NCCL_VERSION": "20809"}, "rank 0 finds no libnccl.so.2 (2.9 or newer)")):
            self.assertTrue(self.exchange(3, **variables).endswith(f"; gradients are summed in the host's memory: {why}"), why)

    def test_nccl_failures(self):
        """Every call of NCCL that fails ends the training of all ranks."""
        calls = {1: "ncclGetUniqueId", 2: "ncclCommInitRank", 3: "ncclSend and ncclRecv of gradients", 4: "ncclSend and ncclRecv of gradients",
                 9: "ncclSend and ncclRecv of sums", 43: "an exchange of gradients"}  # the last one of the first step
        for call, name in calls.items():
            said = self.exchange(2, "--batch", "100", code=DEVICE, ANNC_HOST_NCCL_FAIL=str(call), ANNC_HOST_LEAKS="0")
            self.assertIn(f"NCCL: internal error in {name}, on Simulated device", said)

    def test_environment(self):
        """What does not come from MPI is no group: a Slurm job array, a batch step, a group of one."""
        broken = {"ANNC_MPI_MODULE": "/nowhere"}
        for variables in ({"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"},
                          {"OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"}, {"SLURM_STEP_NUM_TASKS": "4"}, {"PMI_SIZE": "many"},
                          {"OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2"},
                          {"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"},
                          {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "1", "ANNC_MPI": "off"},
                          {"PMI_SIZE": "4", "PMI_RANK": "1", "ANNC_MPI": "off"}):
            self.run_program("train", "--data", self.data, *T, *CPU, "--epochs", "1", environment={**broken, **variables})
        for variables in ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0"}, {"PMI_SIZE": "4", "PMI_RANK": "0"},
                          {"SLURM_STEP_NUM_TASKS": "4", "PMIX_RANK": "0"}):
            told = self.run_program("train", "--data", self.data, *T, *CPU, code=DEVICE, environment={**broken, **variables}).stderr
            self.assertIn("4 processes were started together, but", told)
        for rank in ("0", "3"):  # of srun without MPI, also where the program has a module for MPI
            told = self.run_program("train", "--data", self.data, *T, *CPU, "--save", "m", code=DEVICE,
                                    environment={"SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": rank}).stderr
            self.assertIn("srun started 4 processes together, but without MPI: start them with srun --mpi=pmix or with mpirun", told)
            self.assertFalse((self.folder / "m").exists())


if __name__ == "__main__":
    main()
