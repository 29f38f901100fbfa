#!/usr/bin/env python3
"""annc-gpu's commands: output, exit codes, files. Called as program.py says."""
import csv
import gzip
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess
import time
import unittest
from collections import Counter

from program import CHECK, DEVICE, DIVERGED, INPUT, MODULE, OUTPUT, PROGRAM, SMALL, USAGE, Cli, bars, main, signed
from tables import npy

COMPILER = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")


class Help(Cli):
    def test_help_fits_a_screen(self):
        for arguments in ([], ["--help"], ["help"], *(["help", c] for c in ("train", "eval", "predict", "check", "fetch", "info")),
                          *([c, "--help"] for c in ("train", "eval", "predict", "check", "fetch", "info"))):
            out = self.run_program(*arguments).stdout.splitlines()
            self.assertLess(len(out), 36, arguments)
            self.assertGreater(len(out), 2, arguments)
        text = self.run_program("help", "train", "all").stdout
        for default in ("784-32-10", "[sigmoid]", "[quadratic]", "[30]", "[16]", "sgd 3", "[auto]", "[1]"):
            self.assertIn(default, text)

    def test_version(self):
        text = self.run_program("--version").stdout
        self.assertRegex(text, r"annc-gpu \d+\.\d+\.\d+, commit \S+\n")
        for word in ("compiler", "BLAS", "zlib", "CUDA"):
            self.assertIn(word, text)

    def test_openblas_has_the_kernels_of_the_processor(self):
        """Also where it is older than the processor, unless the user says which."""
        flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8") if os.path.exists("/proc/cpuinfo") else ""
        if " avx2 " not in flags or "BLAS OpenBLAS" not in self.run_program("--version").stdout:
            self.skipTest("no OpenBLAS, or no AVX2")
        self.assertNotRegex(self.run_program("--version").stdout, r"BLAS OpenBLAS \S+ \((Prescott|Core2|Barcelona)\)")
        self.assertIn("(Prescott)", self.run_program("--version", environment={"OPENBLAS_CORETYPE": "Prescott"}).stdout)

    def test_did_you_mean(self):
        for arguments, said in ((["trian"], "did you mean train?"), (["--train"], "did you mean train?"), (["evaluate"], "unknown command"),
                                (["train", "--epoch", "3"], "did you mean --epochs?"), (["train", "--bacth", "3"], "did you mean --batch?"),
                                (["train", "--output-act", "x"], "did you mean --output-activation?"), (["train", "--zzzzzz"], "unknown option"),
                                (["train", "-e", "3"], "options begin with --"), (["fetch", "--lr", "1"], "has no option --lr"),
                                (["train", "--learning-rate", "3"], "did you mean --lr?"), (["train", "--out", "m"], "did you mean --save?"),
                                (["eval", "m", "--dataset", "x"], "did you mean --data?"), (["show", "m", "--output", "x"], "did you mean --out?"),
                                (["train", "--batch-size=3"], "did you mean --batch?"), (["info", "--out", "m"], "has no option --out\n"),
                                (["train", "digits"], "name the data with --data"), (["--json", "train"], "write the command before its options"),
                                (["help", "trian"], "did you mean train?")):
            self.assertIn(said, self.run_program(*arguments, code=USAGE).stderr, arguments)

    def test_help_of_help(self):
        self.assertEqual(self.run_program("help", "help").stdout, self.run_program("help").stdout)
        for arguments in (["help", "train", "foo"], ["help", "train", "all", "foo"], ["help", "man", "foo"], ["help", "help", "foo"]):
            result = self.run_program(*arguments, code=USAGE)
            self.assertEqual(result.stdout, "")
            self.assertIn("not 'foo'", result.stderr)

    def test_wrong_values(self):
        for arguments in (["--lr", "0"], ["--lr", "-1"], ["--lr", "nan"], ["--lr", "inf"], ["--lr", "0x10"], ["--lr", "1e999"], ["--lr", ""],
                          ["--seed", "-1"], ["--seed", "9223372036854775808"], ["--seed", "0x10"], ["--seed", "1.5"], ["--seed", " 1"],
                          ["--epochs", "x"], ["--batch", "0"], ["--batch", "1e3"], ["--layers", "784"], ["--layers", "784-0-10"],
                          ["--layers", "784-32-10x"], ["--layers", "784--10"], ["--layers", "784-32:elephant-10"], ["--layers", ""],
                          ["--activation", "sigmoidal"], ["--cost", "cross-entropy", "--output-activation", "tanh"],
                          ["--activation", "softmax"], ["--device", "gpu"], ["--device", "cuda:x"], ["--device", "cuda:"], ["--device", "cuda:-1"],
                          ["--threads", "-1"], ["--epochs"], ["--epochs", "1", "--epochs", "2"], ["--json=1"], ["extra"], ["--save", ""]):
            result = self.run_program("train", "--data", "digits", *arguments, code=USAGE)
            self.assertEqual(result.stdout, "", arguments)
            self.assertTrue(result.stderr.startswith("annc-gpu: "), result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)

    def test_both_spellings_of_values(self):
        out = self.lines("train", "--data=bars", "--layers=784-8-10", "--epochs=1", "--seed=7", "--device=cpu")
        self.assertEqual((out[-1]["seed"], out[-1]["epochs"]), (7, 1))


class Train(Cli):
    def test_lines_for_people(self):
        out = self.run_program("train", "--data", "bars", *SMALL).stdout.splitlines()
        self.assertEqual(out[:4], ["Training set size: (400, 784, 1)", "Testing set size: (100, 784, 1)",
                                   "Training target size: (400, 10, 1)", "Test target size: (100, 10, 1)"])
        self.assertRegex(out[4], r"^Epoch 1:  Loss: \d+\.\d\d  test set acc: \d+\.\d\d% \(\d+ / 100\)$")
        self.assertEqual(len(out), 6)

    def test_lines_for_scripts(self):
        lines = self.train("--save", "m.safetensors", "--log", "run.jsonl", "--seed", "5")
        self.assertEqual([line["schema"] for line in lines], ["annc.epoch/1"] * 2 + ["annc.result/1"])
        for key in ("epoch", "loss", "test_correct", "test_count", "test_loss", "seconds", "test_seconds", "examples_per_second"):
            self.assertIn(key, lines[0])
        for key in ("layers", "parameters", "device", "engine", "threads", "seed", "epochs", "loss", "accuracy", "seconds", "test_seconds",
                    "wall_seconds", "model"):
            self.assertIn(key, lines[-1])
        self.assertEqual((lines[-1]["layers"], lines[-1]["parameters"], lines[-1]["seed"], lines[-1]["epochs"], lines[-1]["device"]),
                         ("784-8-10", 784 * 8 + 8 + 80 + 10, 5, 2, "cpu"))
        self.assertGreaterEqual(lines[-1]["wall_seconds"], lines[-1]["seconds"])
        logged = [json.loads(line) for line in (self.folder / "run.jsonl").read_text().splitlines()]
        self.assertEqual(logged, lines)

    def test_quiet(self):
        result = self.run_program("train", "--data", "bars", *SMALL, "--quiet")
        self.assertEqual((result.stdout, result.stderr), ("", ""))
        result = self.run_program("train", "--data", "bars", *SMALL, "--quiet", "--json")
        self.assertEqual([json.loads(line)["schema"] for line in result.stdout.splitlines()], ["annc.result/1"])

    def test_learns(self):
        last = self.lines("train", "--data", "bars", "--layers", "784-16:tanh-10:softmax", "--cost", "categorical-cross-entropy", "--lr", "0.3",
                          "--epochs", "10", "--batch", "8", "--device", "cpu")[-1]
        self.assertGreaterEqual(last["accuracy"], 0.98)

    def test_same_seed_same_bytes(self):
        for name, seed in (("a", 3), ("b", 3), ("c", 4)):
            self.train("--seed", seed, "--save", name)
        a, b, c = ((self.folder / name).read_bytes() for name in "abc")
        self.assertEqual(a, b)
        self.assertNotEqual(a, c)

    def test_initial_network_and_load(self):
        first = self.lines("train", "--data", "bars", "--layers", "784-8-10", "--epochs", "0", "--device", "cpu", "--save", "start")[-1]
        self.assertNotIn("loss", first)
        self.train("--save", "direct")
        self.lines("train", "--data", "bars", "--batch", "50", "--epochs", "2", "--device", "cpu", "--load", "start", "--save", "loaded")
        read = lambda name: (self.folder / name).read_bytes()[-784 * 8 * 4:]
        self.assertEqual(read("direct"), read("loaded"))
        self.assertIn("784-9-10", self.run_program("train", "--load", "start", "--layers", "784-9-10", code=USAGE).stderr)
        self.assertIn("--cost", self.run_program("train", "--load", "start", "--cost", "cross-entropy", code=USAGE).stderr)
        self.assertIn("--init", self.run_program("train", "--load", "start", "--init", "he", code=USAGE).stderr)

    def test_nothing_is_written_unasked(self):
        before = sorted(p.name for p in self.folder.iterdir())
        self.train()
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), before)

    def test_offline_falls_back_to_digits_aloud(self):
        result = self.run_program("train", "--layers", "784-4-10", "--epochs", "1", "--batch", "5000", "--device", "cpu")
        self.assertIn("not MNIST", result.stderr)
        self.assertIn("(60000, 784, 1)", result.stdout)
        last = self.lines("train", "--layers", "784-4-10", "--epochs", "1", "--batch", "5000", "--device", "cpu", "--offline")[-1]
        self.assertIn("built-in digits", last["data"])

    def test_data_that_does_not_fit(self):
        self.assertIn("annc-gpu fetch", self.run_program("train", "--data", "mnist", code=INPUT).stderr)
        self.assertIn("No such file", self.run_program("train", "--data", "nowhere", code=INPUT).stderr)
        self.assertIn("783 inputs", self.run_program("train", "--data", "bars", "--layers", "783-8-10", code=INPUT).stderr)
        self.assertIn("9 outputs", self.run_program("train", "--data", "bars", "--layers", "784-8-9", code=INPUT).stderr)
        (self.folder / "bars" / "train-images-idx3-ubyte").write_bytes(b"<!DOCTYPE html><html>")
        self.assertIn("web page", self.run_program("train", "--data", "bars", code=INPUT).stderr)
        self.assertIn("web page", self.run_program("train", "--data", "bars", "--save", "m", code=INPUT).stderr)
        self.assertFalse((self.folder / "m").exists())

    def test_divergence(self):
        result = self.run_program("train", "--data", "bars", "--layers", "784-8:relu-10:identity", "--lr", "1e10", "--device", "cpu", "--save",
                                  "m", code=DIVERGED)
        self.assertRegex(result.stderr, r"epoch 1 .*step \d+ of 25.*1e\+10.*lower --lr")
        self.assertFalse((self.folder / "m").exists())

    def test_outputs_that_cannot_be_written(self):
        for arguments in (["--save", "nowhere/m"], ["--log", "nowhere/log"], ["--save", "bars"]):
            started = time.monotonic()
            result = self.run_program("train", "--data", "nowhere", *arguments, code=OUTPUT)  # before the data are even looked at
            self.assertLess(time.monotonic() - started, 20)
            self.assertEqual(result.stdout, "")
        if os.path.exists("/dev/full"):
            self.run_program("train", "--data", "bars", *SMALL, "--save", "/dev/full", code=OUTPUT)
            self.run_program("train", "--data", "bars", *SMALL, "--log", "/dev/full", code=OUTPUT)
            with open("/dev/full", "w") as full:
                result = subprocess.run([str(PROGRAM), "train", "--data", "bars", *SMALL], cwd=self.folder, env=self.environment, stdout=full,
                                        stderr=subprocess.PIPE)
            self.assertEqual(result.returncode, OUTPUT)

    def test_closed_pipe(self):
        process = subprocess.Popen([str(PROGRAM), "train", "--data", "bars", "--layers", "784-8-10", "--epochs", "100000", "--device", "cpu"],
                                   cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), OUTPUT)

    def test_file_size_limit(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        (self.folder / "m").write_text("old")
        self.run_program("train", "--data", "bars", *SMALL, "--save", "m", code=OUTPUT, preexec_fn=limit)
        self.assertEqual((self.folder / "m").read_text(), "old")
        self.assertEqual([p.name for p in self.folder.iterdir() if "tmp" in p.name], [])

    def stop(self, number):
        process = subprocess.Popen([str(PROGRAM), "train", "--data", "bars", "--layers", "784-8-10", "--epochs", "1000000", "--device", "cpu",
                                    "--save", "m"], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        for _ in range(8):
            process.stdout.readline()
        process.send_signal(number)
        started = time.monotonic()
        _, errors = process.communicate(timeout=60)
        self.assertLess(time.monotonic() - started, 20)
        self.assertEqual(process.returncode, 128 + number)
        self.assertIn("--load m", errors)
        self.lines("eval", "m", "--data", "bars", "--device", "cpu")

    def test_interrupt(self):
        self.stop(signal.SIGINT)

    def test_terminate(self):
        self.stop(signal.SIGTERM)

    def test_large_minibatch_is_cut(self):
        result = self.run_program("train", "--data", "bars", "--layers", "784-8-10", "--epochs", "1", "--batch", "100000000", "--device", "cpu")
        self.assertIn("batch size reduced to 400", result.stderr)

    def test_memory(self):
        result = self.run_program("train", "--data", "bars", "--layers", "784-16000000-16000000-10", "--device", "cpu", code=DEVICE)
        self.assertRegex(result.stderr, r"out of memory on cpu .*needs \d+ bytes \(weights \d+.*\d+ are free of \d+")


    def test_data_larger_than_memory(self):
        """A raw file that is too large to be read is mapped: a sparse one of twice the machine's memory takes next to none."""
        inputs = 100000
        with open("/proc/meminfo") as meminfo:
            available = next(int(line.split()[1]) * 1024 for line in meminfo if line.startswith("MemAvailable"))
        n = 2 * available // inputs
        huge = self.folder / "huge"
        huge.mkdir()
        with open(huge / "train-images-idx3-ubyte", "wb") as images:
            images.write(struct.pack(">BBBBII", 0, 0, 8, 2, n, inputs))
            images.truncate(12 + n * inputs)
        (huge / "train-labels-idx1-ubyte").write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, n) + bytes(i % 2 for i in range(n)))
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        line = self.lines("train", "--data", "huge", "--layers", f"{inputs}-2", "--epochs", "0", "--device", "cpu")[-1]
        self.assertEqual(line["parameters"], 2 * inputs + 2)
        self.assertLess(max(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before, 0) * 1024, available / 8)
        # its rows have weights, of which none may be 0, since rows of a mapped file cannot be left out
        train = ["train", "--data", "huge", "--layers", f"{inputs}-2", "--epochs", "0", "--device", "cpu", "--weights", "w.npy"]
        (self.folder / "w.npy").write_bytes(npy((n,), "B", [1 + i % 2 for i in range(n)]))
        self.assertEqual(self.lines(*train)[-1]["parameters"], 2 * inputs + 2)
        (self.folder / "w.npy").write_bytes(npy((n,), "B", [i % 2 for i in range(n)]))
        self.assertIn("too large for the memory, so that rows of weight 0 cannot be left out", self.run_program(*train, code=INPUT).stderr)

    @staticmethod
    def members(content, *ends):
        """gzip of the content in as many members."""
        return b"".join(gzip.compress(content[begin:end]) for begin, end in zip((0, *ends), (*ends, len(content))))

    def test_large_gzip(self):
        """Files that are unpacked as a whole: one member, several, gzip in gzip, and damaged in their middle."""
        if not self.has_zlib():
            self.skipTest("this build has no zlib")
        images = (self.folder / "bars/train-images-idx3-ubyte").read_bytes()
        path = self.folder / "bars/train-images-idx3-ubyte"
        want = self.train()[-1]["loss"]
        good = {"one": gzip.compress(images), "three": self.members(images, 70000, 200000), "twice": gzip.compress(gzip.compress(images)),
                "empty member": gzip.compress(images) + gzip.compress(b"")}
        for name, content in good.items():
            with self.subTest(name):
                path.write_bytes(content)
                self.assertEqual(self.train()[-1]["loss"], want)
        whole = gzip.compress(images)
        noise = bytearray(gzip.compress(os.urandom(200000) + images))  # large when packed, too
        noise[150000] ^= 1
        bad = {"cut": (whole[:-9], "cut short"), "junk": (whole + b"junk", "that are not gzip"), "checksum": (whole[:-8] + b"1234" + whole[-4:], "damaged"),
               "length": (whole[:-4] + b"\1\0\0\0", "damaged"), "huge length": (whole[:-4] + b"\xff" * 4, "damaged"), "flipped": (bytes(noise), "bars")}
        for name, (content, words) in bad.items():
            with self.subTest(name):
                path.write_bytes(content)
                self.assertIn(words, self.run_program("train", "--data", "bars", *SMALL, code=INPUT).stderr)


class Eval(Cli):
    def test_eval(self):
        last = self.train("--save", "m")[-1]
        line = self.lines("eval", "m", "--data", "bars", "--device", "cpu")[-1]
        self.assertEqual((line["schema"], line["count"]), ("annc.eval/1", 100))
        self.assertAlmostEqual(line["accuracy"], last["accuracy"])
        self.assertEqual(len(line["classes"]), 10)
        self.assertEqual(line["classes"][3]["class"], "3")
        self.assertEqual(sum(c["support"] for c in line["classes"]), 100)
        text = self.run_program("eval", "m", "--data", "bars", "--device", "cpu").stdout
        self.assertIn("precision", text)
        self.assertIn("rows: true class", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_many_classes(self):
        """Of classes too many for a matrix what is confused most often is told, and where the rest is."""
        rows = [f"{i % 21},{i},c{i % 21}\n" for i in range(210)]
        (self.folder / "t.csv").write_text("a,b,kind\n" + "".join(rows))
        self.run_program("train", "--data", "t.csv", "--layers", "2-21", "--epochs", "3", "--device", "cpu", "--save", "m")
        text = self.run_program("eval", "m", "--data", "t.csv", "--per-example", "e.csv").stdout
        self.assertNotIn("rows: true class", text)
        self.assertIn("\n21 classes are too many for a matrix; --per-example FILE writes", text)
        with open(self.folder / "e.csv", newline="", encoding="utf-8") as file:
            wrong = Counter((row["label"], row["predicted"]) for row in csv.DictReader(file) if row["correct"] == "0")
        told = re.findall(r"^ *(\d+) times (c\d+), predicted as (c\d+)$", text, re.MULTILINE)
        self.assertEqual(len(told), 10)
        self.assertEqual([int(count) for count, _, _ in told], sorted(wrong.values(), reverse=True)[:10])
        for count, label, predicted in told:
            self.assertEqual(wrong[label, predicted], int(count))

    def test_figures(self):
        """Precision, recall, F1 and their means, calibration and mistakes, counted here from what --per-example writes."""
        self.train("--save", "m", "--lr", "0.02")
        result = self.lines("eval", "m", "--data", "bars", "--device", "cpu", "--per-example", "e.csv")[-1]
        with open(self.folder / "e.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["row"] for row in rows], [str(i) for i in range(1, 101)])
        said = [line["probabilities"] for line in self.lines("predict", "m", "bars/t10k-images-idx3-ubyte")]
        pairs = [(row["label"], row["predicted"]) for row in rows]
        for row, outputs in zip(rows, said):
            self.assertEqual([float(row[str(c)]) for c in range(10)], [float(f"{output:.9g}") for output in outputs])
            self.assertEqual((int(row["predicted"]), row["correct"]), (outputs.index(max(outputs)), str(int(row["label"] == row["predicted"]))))
        self.assertEqual(sum(a == b for a, b in pairs), result["correct"])
        self.assertLess(result["correct"], 90)  # there is something to count
        figures = []
        for c in map(str, range(10)):
            both, there, guessed = pairs.count((c, c)), sum(a == c for a, _ in pairs), sum(b == c for _, b in pairs)
            precision, recall = both / guessed if guessed else 0, both / there
            figures.append((there, precision, recall, 2 * precision * recall / (precision + recall) if both else 0))
        for (there, *wanted), got in zip(figures, result["classes"]):
            self.assertEqual(got["support"], there)
            for key, value in zip(("precision", "recall", "f1"), wanted):
                self.assertAlmostEqual(got[key], value)
        for i, key in enumerate(("precision", "recall", "f1"), 1):
            self.assertAlmostEqual(result["macro"][key], sum(figure[i] for figure in figures) / 10)
            self.assertAlmostEqual(result["weighted"][key], sum(figure[0] * figure[i] for figure in figures) / 100)
        bins = [[] for _ in range(10)]
        for row, outputs in zip(rows, said):
            bins[min(9, int(10 * max(outputs)))].append((max(outputs), row["correct"] == "1"))
        error = sum(abs(sum(p for p, _ in one) - sum(right for _, right in one)) for one in bins) / 100
        self.assertAlmostEqual(result["calibration_error"], error)
        self.assertEqual([one["count"] for one in result["calibration"]], [len(one) for one in bins])
        margins = {i: max(outputs) - outputs[int(rows[i]["label"])] for i, outputs in enumerate(said) if rows[i]["correct"] == "0"}
        worst = max(margins, key=margins.get)
        text = self.run_program("eval", "m", "--data", "bars", "--device", "cpu").stdout
        self.assertIn(f"worst mistakes\nexample {worst + 1:<8} {rows[worst]['label']}, predicted as {rows[worst]['predicted']}\n", text)
        self.run_program("eval", "m", "--data", "bars", "--per-example", "no/such/e.csv", code=OUTPUT)
        self.run_program("eval", "m", "--data", "bars", "--per-example", "/dev/full", code=OUTPUT)

    def test_letters(self):
        """Labels 1...26 are what is predicted, not 0...25."""
        folder = self.folder / "letters"
        folder.mkdir()
        pixels = bytearray(260 * 784)
        for i in range(260):
            for row in range(4, 24):
                pixels[i * 784 + row * 28 + 1 + i % 26] = 255
        images = folder / "emnist-letters-train-images-idx3-ubyte"
        images.write_bytes(struct.pack(">BBBBIII", 0, 0, 8, 3, 260, 28, 28) + bytes(pixels))
        (folder / "emnist-letters-train-labels-idx1-ubyte").write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, 260) + bytes(i % 26 + 1 for i in range(260)))
        self.run_program("train", "--data", folder, "--layers", "784-32:tanh-26:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--epochs", "20",
                         "--device", "cpu", "--save", "m")
        labels = [line["label"] for line in self.lines("predict", "m", images)]
        self.assertEqual(labels, [str(i % 26 + 1) for i in range(260)])

    def test_one_file(self):
        self.train("--save", "m")
        line = self.lines("eval", "m", "--data", "bars/t10k-images-idx3-ubyte", "--device", "cpu")[-1]
        self.assertEqual(line["count"], 100)

    def test_bad_models(self):
        self.run_program("eval", code=USAGE)
        self.run_program("eval", "nowhere", code=INPUT)
        (self.folder / "bad").write_bytes(b"\xff" * 100)
        self.assertIn("100 MB", self.run_program("eval", "bad", "--data", "bars", code=INPUT).stderr)
        self.run_program("eval", "bars", "--data", "bars", code=INPUT)

    def test_hostile_names(self):
        name = "a\n\x1b[31m%s'\"\udcff"
        result = subprocess.run([str(PROGRAM).encode(), b"eval", os.fsencode(name)], cwd=self.folder, env=self.environment,
                                stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, INPUT)
        self.assertIn(b"a\\x0a\\x1b[31m%s'\"\\xff", result.stderr)


class Check(Cli):
    def test_check(self):
        lines = self.lines("check", "--data", "bars", "--layers", "784-6-5-10", "--device", "cpu")
        self.assertEqual(len(lines), 18)
        self.assertEqual({line["path"] for line in lines}, {"finite-difference", "cpu", "cpu, fused"})
        for line in lines:
            self.assertEqual(set(line) >= {"schema", "layer", "kind", "path", "worst", "normwise", "tolerance", "sampled", "pass"}, True)
            self.assertTrue(line["pass"], line)
        self.assertEqual(lines[0]["sampled"], 20)

    def test_every_activation(self):
        for end in (["--activation", "relu"], ["--activation", "tanh", "--cost", "cross-entropy"], ["--layers", "784-5:identity-10:softmax"],
                    ["--output-activation", "softmax", "--cost", "categorical-cross-entropy"], ["--layers", "784-10"]):
            arguments = end if "--layers" in end else ["--layers", "784-7-10", *end]
            self.assertIn("PASS", self.run_program("check", "--data", "bars", "--device", "cpu", *arguments).stdout)

    def test_model_and_all(self):
        self.lines("train", "--data", "bars", "--layers", "784-2-10", "--epochs", "3", "--device", "cpu", "--save", "m")
        lines = self.lines("check", "m", "--data", "bars", "--device", "cpu", "--all", "--batch", "2")
        self.assertEqual(lines[0]["sampled"], 784 * 2)
        self.assertTrue(all(line["pass"] for line in lines), lines)

    def test_failure_is_told(self):
        """A network whose values overflow single precision on the device: the audit must fail, with exit code 7."""
        self.lines("train", "--data", "bars", "--layers", "784-4:identity-4:identity-10:identity", "--epochs", "0", "--device", "cpu",
                           "--save", "m")
        raw = bytearray((self.folder / "m").read_bytes())
        begin = 8 + struct.unpack("<Q", raw[:8])[0]
        for at in range(begin, len(raw), 4):
            raw[at:at + 4] = struct.pack("<f", 1e20)
        (self.folder / "m").write_bytes(signed(bytes(raw)))
        result = self.run_program("check", "m", "--data", "bars", "--device", "cpu", code=CHECK)
        self.assertIn("FAIL", result.stdout)


class Devices(Cli):
    def test_no_gpu(self):
        environment = {"ANNC_CUDA_MODULE": "/nowhere"}
        result = self.run_program("train", "--data", "bars", "--device", "cuda", code=DEVICE, environment=environment)
        self.assertIn("no CUDA device: the module named by ANNC_CUDA_MODULE could not be loaded", result.stderr)
        result = self.run_program("train", "--data", "bars", "--layers", "784-8-10", "--epochs", "1", environment=environment)
        self.assertIn("device: cpu", result.stderr)

    @unittest.skipUnless(COMPILER, "no C compiler")
    def test_libraries_elsewhere(self):
        """The libraries of NVIDIA's Python packages are outside the loader's path: a module that needs one is loaded all the same."""
        for folder in ("nvidia/cublas/lib", "nvidia/other/lib", "with space"):
            (self.folder / folder).mkdir(parents=True)
        def build(source, *arguments):
            (self.folder / "x.c").write_text(source)
            subprocess.run([COMPILER, "-shared", "-fPIC", "x.c", *arguments], cwd=self.folder, check=True)
        build("int lt(void) { return 7; }", "-Wl,-soname,libcublasLt.so.99", "-o", "nvidia/other/lib/libcublasLt.so.99")
        build("int lt(void); int blas(void) { return lt(); }", "-Wl,-soname,libcublas.so.99", "-Wl,--no-as-needed", "nvidia/other/lib/libcublasLt.so.99", "-o",
              "nvidia/cublas/lib/libcublas.so.99")
        build("int blas(void); int module(void) { return blas(); }", "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined", "nvidia/cublas/lib/libcublas.so.99", "-o", "module.so")
        (self.folder / "nvidia/cublas/lib/libcublas.so.98").write_text("damaged")
        told = {}
        for name, folders in (("none", None), ("empty", ""), ("half", "nvidia/cublas/lib"), ("absent", "/absent:with space"),
                              ("all", ":with space:nvidia/cublas/lib:/absent::nvidia/other/lib:")):
            environment = {"ANNC_CUDA_MODULE": "./module.so", **({} if folders is None else {"ANNC_CUDA_LIBRARIES": folders})}
            told[name] = self.run_program("train", "--data", "bars", "--device", "cuda", code=DEVICE, environment=environment).stderr
        self.assertIn("the CUDA module does not belong to this program", told.pop("all"))  # it was loaded
        for name, message in told.items():
            self.assertRegex(message, "named by ANNC_CUDA_MODULE could not be loaded: libcublas(Lt)?.so.99", name)

    def test_info(self):
        line = self.lines("info", "--device", "cpu", "--layers", "784-128-10")[-1]
        self.assertEqual((line["schema"], line["devices"][0]["kind"], line["devices"][0]["engine"]), ("annc.info/1", "cpu", "fused"))
        self.assertIn("MNIST: not on disk", self.run_program("info", "--device", "cpu").stdout)

    @unittest.skipUnless(MODULE, "the simulated device is not built")
    def test_info_of_a_training(self):
        line = self.lines("info", "--device", "cuda", "--layers", "784-32-10", "--optimizer", "adam", "--batch", "12",
                          environment={"ANNC_CUDA_MODULE": str(MODULE)})[-1]
        self.assertEqual((line["optimizer"], line["batch"]), ("adam", 12))
        refusals = {engine["name"]: engine.get("refusal") for engine in line["devices"][-1]["engines"]}
        self.assertIn("linear optimisers", refusals["cluster"])
        self.assertIsNone(refusals["split"])
        self.assertEqual(line["devices"][-1]["engine"], "split")

    @unittest.skipUnless(MODULE, "the simulated device is not built")
    def test_simulated(self):
        environment = {"ANNC_CUDA_MODULE": str(MODULE), "ANNC_HOST_LEAKS": "1"}
        last = self.lines("train", "--data", "bars", "--layers", "784-4-10", "--batch", "40", "--epochs", "2", "--device", "cuda",
                          environment=environment)[-1]
        self.assertEqual((last["device"], last["engine"]), ("simulated", "split"))
        cpu = self.lines("train", "--data", "bars", "--layers", "784-4-10", "--batch", "40", "--epochs", "2", "--device", "cpu")[-1]
        self.assertAlmostEqual(last["loss"], cpu["loss"], 3)
        ops, recorded = (self.lines("train", "--data", "bars", "--layers", "784-4-10", "--batch", "40", "--epochs", "2", "--device", "cuda",
                                    "--engine", engine, environment=environment)[-1] for engine in ("ops", "recorded"))
        self.assertEqual((ops["engine"], recorded["engine"], ops["loss"]), ("ops", "recorded", recorded["loss"]))
        lines = self.lines("check", "--data", "bars", "--layers", "784-4-10", environment=environment)
        self.assertEqual({line["path"] for line in lines}, {"finite-difference", "cpu", "cpu, fused", "simulated", "simulated, block", "simulated, split"})
        self.assertEqual(self.lines("info", environment=environment)[-1]["devices"][1]["kind"], "simulated")
        self.assertIn("no CUDA device 3: 1 device was found", self.run_program("train", "--data", "bars", "--device", "cuda:3", code=DEVICE,
                                                                       environment=environment).stderr)
        small = self.run_program("train", "--data", "bars", *SMALL[:-2], environment=environment).stderr
        self.assertRegex(small, r"device: cpu: .*\n  \(a training this small is faster on the CPU than on a GPU\)")
        wide = ("--layers", "784-1400-10", "--batch", "400", "--epochs", "1")  # more than the CPU's fused engine takes
        self.assertEqual(self.lines("train", "--data", "bars", *wide, environment=environment)[-1]["device"], "simulated")
        none = {**environment, "ANNC_HOST_DEVICES": "0"}
        self.assertIn("no CUDA-capable device", self.run_program("train", "--data", "bars", "--device", "cuda", code=DEVICE,
                                                                 environment=none).stderr)
        broken = {**environment, "ANNC_HOST_FAIL_FROM": "4"}
        self.assertRegex(self.run_program("train", "--data", "bars", "--device", "cuda", code=DEVICE, environment=broken).stderr,
                         r"annc-gpu: CUDA: cudaErrorIllegalAddress .* in (cudaMalloc|cudaStreamCreateWithFlags|annc_branches_open)")
        self.assertRegex(self.run_program("train", "--data", "bars", *wide, environment=broken).stderr, r"device: cpu: .*\n  \(CUDA: .* in (cudaMalloc|cudaStreamCreateWithFlags|annc_branches_open)")
        small = {**environment, "ANNC_HOST_MEMORY_MB": "66"}
        self.assertRegex(self.run_program("train", "--data", "bars", "--layers", "784-2000-10", "--device", "cuda", code=DEVICE,
                                          environment=small).stderr, r"out of memory on simulated \(Simulated device\): the training needs \d+ bytes \(weights \d+.*\d+ are free of \d+")


    @unittest.skipUnless(MODULE, "the simulated device is not built")
    def test_data_larger_than_the_device(self):
        """They come window by window, and end with the same bits."""
        self.write_bars("big", 12001, 12000)
        runs = []
        for memory in ("76", "256"):
            environment = {"ANNC_CUDA_MODULE": str(MODULE), "ANNC_HOST_LEAKS": "1", "ANNC_HOST_MEMORY_MB": memory}
            result = self.run_program("train", "--data", "big", "--layers", "784-4-10", "--batch", "500", "--epochs", "1", "--device", "cuda", "--optimizer", "adam",
                                      "--schedule", "cosine", "--dropout", "0.2", "--save", memory, "--json", environment=environment)
            self.assertEqual("do not fit on the device" in result.stderr, memory == "76", result.stderr)
            lines = [json.loads(line) for line in result.stdout.splitlines()]
            runs.append([lines[0][key] for key in ("loss", "test_loss", "test_correct", "saturated")])
        self.assertEqual(*runs)
        self.assertEqual((self.folder / "76").read_bytes(), (self.folder / "256").read_bytes())


class Natural(Cli):
    """What people write without looking it up."""

    def test_short_options(self):
        self.assertEqual(self.run_program("-h").stdout, self.run_program("--help").stdout)
        self.assertEqual(self.run_program("-V").stdout, self.run_program("--version").stdout)
        self.assertEqual(self.run_program("train", "-h").stdout, self.run_program("train", "--help").stdout)

    def test_names(self):
        """In any case, with underscores, and as other programs call them; the configuration has the program's own."""
        options = self.train("--cost", "MSE", "--optimizer", "Adam", "--lr", "0.01", "--activation", "Leaky_ReLU")[-1]["options"]
        self.assertEqual([options[name] for name in ("cost", "optimizer", "activation")], ["quadratic", "adam", "leaky-relu"])
        for alias, name in (("xent", "cross-entropy"), ("bce", "cross-entropy"), ("mae", "mean-absolute")):
            self.assertEqual(self.train("--cost", alias)[-1]["cost"], name)
        result = self.lines("train", "--data", "bars", "--layers", "784-4:Swish-10:Softmax", "--cost", "CCE", "--epochs", "0", "--device", "CPU")[-1]
        self.assertEqual(result["activations"], "silu-softmax")
        self.assertIn("one of sgd,", self.run_program("train", "--optimizer", "adamm", code=USAGE).stderr)

    def test_percentages(self):
        def held_out(share):
            return self.train("--validation", share)[-1]["validation_count"]
        self.assertEqual((held_out("25%"), held_out("0.25")), (100, 100))
        self.assertEqual(self.train("--dropout", "50%")[-2]["loss"], self.train("--dropout", "0.5")[-2]["loss"])
        for wrong in ("100%", "%", "-1%", "1 %", "x%"):
            self.run_program("train", "--data", "bars", *SMALL, "--dropout", wrong, code=USAGE)

    def test_data_in_capitals(self):
        self.assertIn("built-in digits", self.run_program("train", "--data", "Digits", *SMALL[:-4], "--epochs", "0").stderr)
        self.write_bars("Digits", 40, 20)  # a folder of that name is meant before
        self.assertEqual(self.lines("train", "--data", "Digits", *SMALL)[-2]["training_count"], 40)

    def test_export_by_the_name(self):
        self.train("--save", "m")
        for name in ("m.json", "m.C", "m.npz"):
            self.run_program("export", "m", "--out", name)
            self.run_program("export", "m", "--format", name[2:].lower(), "--out", "again")
            if name != "m.npz":  # which has the time
                self.assertEqual((self.folder / name).read_bytes(), (self.folder / "again").read_bytes())
        self.assertIn("--format", self.run_program("export", "m", "--out", "m.foo", code=USAGE).stderr)
        self.assertIn("--format", self.run_program("export", "m", "--out", "json", code=USAGE).stderr)

    def test_help_of_an_option(self):
        text = self.run_program("help", "train", "optimizer").stdout
        self.assertEqual(text, self.run_program("help", "train", "--optimizer").stdout)
        self.assertEqual(text.splitlines()[:3], ["--optimizer NAME: optimiser [sgd]", "  sgd", "  momentum"])
        self.assertIn("help eval takes", self.run_program("help", "eval", "lr", code=USAGE).stderr)
        self.run_program("help", "man", "lr", code=USAGE)

    def test_order(self):
        """Arguments in the wrong order: the message has the command that works."""
        self.train("--save", "m")
        images = "bars/t10k-images-idx3-ubyte"
        (self.folder / "t.csv").write_text("a,b\n1,2\n3,4\n")

        def refused(*arguments, code=USAGE):
            return self.run_program(*arguments, code=code).stderr

        self.assertIn(f"{images} is not a model; put the model first: annc-gpu predict m {images}\n", refused("predict", images, "m"))
        self.assertIn("annc-gpu predict m t.csv\n", refused("predict", "t.csv", "t.csv", "m"))
        for command in "eval", "check", "trace", "show":
            right = f"t.csv is not a model; put the model first: annc-gpu {command} m --data t.csv\n"
            self.assertIn(right, refused(command, "t.csv", "m"))
            self.assertIn(right, refused(command, "t.csv", "--data", "m"))
            named = refused(command, "m", "t.csv")
            self.assertIn(f"unexpected argument 't.csv'; name the data with --data: annc-gpu {command} m --data t.csv\n", named)
        self.assertIn("annc-gpu show m --data t.csv\n", refused("show", "t.csv", "--what", "mistakes", "--data", "m"))
        for command in "info", "export":
            self.assertIn(f"t.csv is not a model; give the model alone: annc-gpu {command} m\n", refused(command, "t.csv", "m"))
        self.assertIn("is a table, not a model; a model comes first: annc-gpu eval MODEL --data t.csv\n", refused("eval", "t.csv", code=INPUT))
        self.assertIn("a model comes first: annc-gpu predict MODEL t.csv\n", refused("predict", "t.csv", code=INPUT))
        self.assertIn("annc-gpu train --data t.csv\n", refused("train", "t.csv"))
        self.assertIn("'m', a model; to train it further: annc-gpu train --load m\n", refused("train", "m", "--data", "t.csv"))
        self.assertIn("unexpected argument 'm'\n", refused("sweep", "m"))
        self.assertIn("line 1 is not a line of a log", refused("report", "t.csv", "--out", "r.html", code=INPUT))
        self.assertIn("nowhere.csv: No such file", refused("eval", "nowhere.csv", code=INPUT))
        self.assertNotIn("put the model first", refused("predict", images, "nowhere", code=INPUT))
        # What the messages show works.
        self.run_program("eval", "m", "--data", images)
        self.run_program("predict", "m", images)

    def test_resume_with_another_rate(self):
        self.train("--checkpoint", "c")
        self.assertIn("--load", self.run_program("train", "--resume", "c", "--lr", "0.5", code=USAGE).stderr)
        self.run_program("train", "--data", "bars", "--load", "c", "--lr", "0.5", "--epochs", "1", "--device", "cpu")

    def test_no_epochs(self):
        """A training of no epochs tells how good the network is."""
        correct = self.train("--save", "m", "--test", "bars/t10k-images-idx3-ubyte")[-1]["accuracy"]
        out = self.run_program("train", "--data", "bars", "--load", "m", "--epochs", "0").stdout.splitlines()
        self.assertRegex(out[-1], rf"^Epoch 2:  Mean loss: \S+  test set acc: {100 * correct:.2f}% \(\d+ / 100\)$")
        out = self.run_program("train", "--data", "bars", *SMALL[:-4], "--epochs", "0", "--validation", "0.25").stdout
        self.assertRegex(out, r"\nEpoch 0:  Mean loss: \S+  test acc: \d+\.\d\d%\n$")

    def test_table_of_a_sweep(self):
        """What all networks have in common is left out, and what is not shown is said."""
        run = self.run_program("sweep", "--data", "bars", *SMALL, "--grid", "lr=1,2,3", "--grid", "l2=0", "--top", "2")
        self.assertEqual([line.split()[-1] for line in run.stdout.splitlines()[1:]].count("seed=1"), 0)
        self.assertNotIn("l2=0", run.stdout)
        self.assertIn("the best 2 of 3 networks", run.stderr)
        run = self.run_program("sweep", "--data", "bars", *SMALL, "--grid", "lr=1,2", "--seeds", "2")
        self.assertIn("lr=1 seed=2", run.stdout)
        self.assertNotIn("the best", run.stderr)


if __name__ == "__main__":
    main()
