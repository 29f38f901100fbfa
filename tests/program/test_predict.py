#!/usr/bin/env python3
"""predict: tables of any length through files and pipes, what it prints, and what it says of rows that are wrong. Called as program.py says."""
import contextlib
import csv
import gzip
import io
import os
import select
import signal
import subprocess
import time
import unittest

from pictures import grey
from program import INPUT, MODULE, OK, OUTPUT, PROGRAM, USAGE, bars, main, open_terminal
from tables import COLUMNS, NAMES, T, Tables, blobs, npy

ROWS = 400000  # of a table that is longer than its beginning: 11 MB and more
BASE = 60000  # kB that a table of any length may take beside the program itself


def kilobytes(arguments, folder, environment, **more):
    """The largest resident size of the program with these arguments, which must succeed."""
    child = subprocess.Popen([str(PROGRAM), *map(str, arguments)], cwd=folder, env=environment, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, **more)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, arguments
    return usage.ru_maxrss


class Predict(Tables):
    def setUp(self):
        super().setUp()
        self.write("train.csv", blobs(300), COLUMNS)
        self.run_program("train", "--data", "train.csv", *T, "--save", "m")
        self.write("x.csv", blobs(30), COLUMNS)

    def predict(self, *arguments, code=OK, **more):
        """Standard output of a prediction, as bytes."""
        result = subprocess.run([str(PROGRAM), "predict", *map(str, arguments)], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=120, **more)
        self.assertEqual(result.returncode, code, (arguments, result.stdout[-1000:], result.stderr[-1000:]))
        self.said = result.stderr.decode()
        return result.stdout

    def start(self, *arguments):
        child = subprocess.Popen([str(PROGRAM), "predict", *map(str, arguments)], cwd=self.folder, env=self.environment, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.addCleanup(self.end, child)
        return child

    def line(self, child):
        """The next line of a child that has to print one while its input goes on."""
        self.assertTrue(select.select([child.stdout], [], [], 30)[0], "nothing came")
        return child.stdout.readline()

    def end(self, child):
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            with contextlib.suppress(OSError):
                stream.close()

    def content(self, name):
        return (self.folder / name).read_bytes()

    def write_long(self, name, rows=ROWS, wrong=None):
        """A table of blobs again and again; wrong: (line, text) of one that is not."""
        lines = [",".join(row) for row in blobs(3000)]
        with open(self.folder / name, "w") as file:
            file.write(",".join(COLUMNS) + "\n")
            for i in range(0, rows, len(lines)):
                file.write("\n".join(lines) + "\n")
        if wrong:
            text = self.content(name).split(b"\n")
            text[wrong[0] - 1] = wrong[1]
            (self.folder / name).write_bytes(b"\n".join(text))
        return name


class Pipes(Predict):
    def test_standard_input(self):
        """A table through a pipe gives what it gives as a file, however standard input is named."""
        want = self.predict("m", "x.csv")
        self.assertEqual([line.split()[0] for line in want.decode().splitlines()], [NAMES[i % 3] for i in range(30)])
        for arguments in (["m"], ["m", "-"]):
            self.assertEqual(self.predict(*arguments, input=self.content("x.csv")), want)
            self.assertIn("data: standard input\n", self.said)
            self.assertIn("30 rows of 5 columns separated by commas, with a header", self.said)
        with open(self.folder / "x.csv", "rb") as file:
            self.assertEqual(self.predict("m", stdin=file), want)
        self.assertEqual(self.predict("m", "x.csv", "-", input=self.content("x.csv")), 2 * want)
        self.predict("m", input=b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 20, code=INPUT)
        self.assertIn("standard input: ", self.said)
        self.assertIn("standard input: is empty", self.predict("m", input=b"", code=INPUT).decode() + self.said)

    def test_terminal(self):
        """At a terminal a file must be named."""
        above, below = open_terminal()
        self.predict("m", stdin=below, code=USAGE)
        self.assertIn("predict needs a model and a file", self.said)
        os.close(above)
        os.close(below)
        self.predict(code=USAGE)

    def test_other_files(self):
        """What is no text, on a pipe: IDX, NPY and PNG, found by their content."""
        self.train("--save", "bars.model")
        images, _ = bars(20)
        want = self.predict("bars.model", self.put_bytes("b-images-idx3-ubyte", images))
        array = npy([20, 28, 28], "B", images[16:])
        for content in (images, array):
            self.assertEqual(self.predict("bars.model", input=content), want)
        (self.folder / "folder").mkdir()
        self.put_bytes("folder/t10k-images-idx3-ubyte", images)
        self.put_bytes("folder/t10k-labels-idx1-ubyte", bars(20)[1])
        self.assertEqual(self.predict("bars.model", "folder"), want)
        if self.has_zlib():
            self.assertEqual(self.predict("bars.model", input=gzip.compress(images)), want)
        self.predict("bars.model", input=images[:-1], code=INPUT)
        self.assertIn("standard input: is cut short", self.said)
        self.predict("bars.model", input=images + b"\0", code=INPUT)
        self.assertIn("standard input: is too long", self.said)
        if "libpng none" not in self.run_program("--version").stdout:
            picture = grey(list(images[16:16 + 784]))
            self.assertEqual(self.predict("bars.model", input=picture), self.predict("bars.model", self.put_bytes("p.png", picture)))
            line, = self.lines("predict", "bars.model", "p.png")
            self.assertEqual(line["input"], "p.png")

    def put_bytes(self, name, content):
        (self.folder / name).write_bytes(content)
        return name

    def test_labels_are_named(self):
        """Training wants labels, which images on standard input do not bring."""
        result = subprocess.run([str(PROGRAM), "train", "--data", "-"], cwd=self.folder, env=self.environment, input=bars(20)[0], capture_output=True)
        self.assertEqual(result.returncode, INPUT)
        self.assertIn(b"standard input: has images but no labels; name the labels file with --labels", result.stderr)

    def test_fifo(self):
        """A FIFO that is named as a file is refused, at once."""
        os.mkfifo(self.folder / "fifo")
        self.predict("m", "fifo", code=INPUT)
        self.assertIn("fifo: is not a regular file", self.said)

    def check_rows_alone(self, device, environment, calls):
        """Rows have the same digits in any table, in a pipe, in another order and with any number of threads."""
        rows = [[f"{float(x) * (1 + i % 7) + i / 9:.3f}" for x in row[:4]] for i, row in enumerate(blobs(39))]
        arguments = ["--csv", "--device", device]

        def outputs(some, *more):
            self.write("some.csv", some, COLUMNS[:4])
            with open(self.folder / "some.csv") as file:
                said = self.predict("m", *arguments, *more, stdin=file) if "-" in more else self.predict("m", "some.csv", *arguments, *more)
            return [line.split(",", 2)[2] for line in said.decode().splitlines()[1:]]

        environment and self.environment.update(environment)
        whole = outputs(rows)
        self.assertEqual(len(set(whole)), 39)
        self.assertEqual(sum((outputs([row]) for row in rows[:calls]), []), whole[:calls])
        self.assertEqual(outputs(rows[:38]) + outputs(rows[38:]), whole)
        self.assertEqual(outputs(rows[::-1]), whole[::-1])
        self.assertEqual(outputs(rows, "-"), whole)
        for threads in range(1, 5):
            self.assertEqual(outputs(rows, "--threads", threads), whole)

    def test_rows_alone(self):
        self.check_rows_alone("cpu", None, 39)
        layers = ["--layers", "4-300-37-3", "--epochs", "1", "--batch", "16", "--device", "cpu"]
        self.run_program("train", "--data", "train.csv", *layers, "--save", "m")
        self.check_rows_alone("cpu", None, 39)

    @unittest.skipUnless(MODULE, "the simulated device is not built")
    def test_rows_alone_on_a_device(self):
        self.check_rows_alone("cuda", {"ANNC_CUDA_MODULE": str(MODULE)}, 5)

    def soft_table(self, name, kind):
        """BLOBS with three columns of targets, written as numbers, as words or as probabilities."""
        words = {"numbers": ("1", "0"), "words": ("True", "False"), "soft": ("0.5", "0.25")}[kind]
        rows = [row[:4] + [words[0] if i % 3 == k else words[1] for k in range(3)] for i, row in enumerate(blobs(150))]
        return self.write(name, rows, COLUMNS[:4] + ["is_alpha", "is_beta", "is_gamma"])

    def check_targets(self, kind, device, environment):
        self.soft_table("y.csv", kind)
        target = ["--target", "is_alpha,is_beta,is_gamma"]
        trained = self.lines("train", "--data", "y.csv", "--test", "y.csv", *target, *T, "--save", "y")[-1]
        evaluated = self.lines("eval", "y", "--data", "y.csv", "--device", device, environment=environment)[-1]
        self.environment.update(environment or {})
        lines = [line.split(",") for line in self.predict("y", "x.csv", "--csv", "--device", device).decode().splitlines()]
        self.assertEqual(lines[0], ["input", "row", "is_alpha", "is_beta", "is_gamma"])
        best = [max(range(3), key=lambda k: float(line[2 + k])) for line in lines[1:]]
        self.assertEqual(best, [i % 3 for i in range(30)])
        self.assertNotIn(b"sum", self.predict("y", "x.csv", "--json", "--device", device))
        for result in (trained, evaluated):
            self.assertEqual("accuracy" in result, kind != "soft", result)
            self.assertIn("rmse", result)
        if kind != "soft":
            self.assertGreaterEqual(trained["accuracy"], 0.98)
            self.assertEqual(trained["accuracy"], evaluated["accuracy"])
            self.assertEqual([c["class"] for c in evaluated["classes"]], ["is_alpha", "is_beta", "is_gamma"])
            self.assertEqual(sum(c["support"] for c in evaluated["classes"]), 150)
            said = self.run_program("eval", "y", "--data", "y.csv", "--device", "cpu").stdout
            self.assertIn("R2 ", said)
            self.assertIn("accuracy ", said)
            self.assertIn("is_gamma", said)

    def test_targets_are_not_needed(self):
        for kind in ("numbers", "words", "soft"):
            with self.subTest(kind):
                self.check_targets(kind, "cpu", None)

    @unittest.skipUnless(MODULE, "the simulated device is not built")
    def test_targets_are_not_needed_on_a_device(self):
        for kind in ("numbers", "soft"):
            with self.subTest(kind):
                self.check_targets(kind, "cuda", {"ANNC_CUDA_MODULE": str(MODULE)})

    def test_every_output_and_cost_predicts(self):
        """Where a table has no targets, none are made up that the cost or the outputs would refuse."""
        self.soft_table("y.csv", "numbers")
        target = ["--target", "is_alpha,is_beta,is_gamma"]
        activations, costs = (self.refused("y.csv", name, "none", code=USAGE, options=[]).split("of: ")[-1].rstrip(".\n").split(", ")
                              for name in ("--output-activation", "--cost"))
        trained = 0
        for activation in activations:
            for cost in costs:
                arguments = ["train", "--data", "y.csv", *target, "--layers", f"4-3:{activation}", "--cost", cost, "--epochs", "1", "--device", "cpu",
                             "--lr", "0.001", "--save", "y"]
                result = subprocess.run([str(PROGRAM), *arguments], cwd=self.folder, env=self.environment, capture_output=True)
                if result.returncode != OK:
                    self.assertIn(result.returncode, (USAGE, INPUT), result.stderr)
                    continue
                trained += 1
                self.assertEqual(len(self.predict("y", "x.csv").splitlines()), 30)
        self.assertGreaterEqual(trained, 20)

    def test_slow(self):
        """Predictions come while the input goes on: row by row where it is slow, however the bytes are cut."""
        lines = self.content("x.csv").splitlines(keepends=True)
        want = self.predict("m", "x.csv").splitlines(keepends=True)
        child = self.start("m", "-")
        child.stdin.write(lines[0] + lines[1])
        child.stdin.flush()
        self.assertEqual(self.line(child), want[0])
        for i in range(2, 8):
            for part in (lines[i][:7], lines[i][7:]):
                child.stdin.write(part)
                child.stdin.flush()
                time.sleep(0.15 if i == 3 else 0)
            begin = time.monotonic()
            self.assertEqual(self.line(child), want[i - 1])
            self.assertLess(time.monotonic() - begin, 5)
        child.stdin.write(b"".join(lines[8:]))
        out, said = child.communicate(timeout=60)
        self.assertEqual((child.returncode, out), (OK, b"".join(want[7:])), said)
        self.assertIn(b"more than 1 row of 5 columns", said)

    def test_slow_header(self):
        """A pause within the header, and after it, is waited for: there is nothing yet to decide by."""
        content = self.content("x.csv")
        first_line = content.index(b"\n") + 1
        child = self.start("m")
        for part in (content[:4], content[4:first_line], content[first_line:]):
            child.stdin.write(part)
            child.stdin.flush()
            time.sleep(0.5)
        out, said = child.communicate(timeout=60)
        self.assertEqual((child.returncode, out), (OK, self.predict("m", "x.csv")), said)

    def test_steady(self):
        """A writer that never pauses for long, and is never done, is not waited for."""
        lines = self.content("x.csv").splitlines(keepends=True)
        child = self.start("m")
        seen = []
        child.stdin.write(lines[0])
        os.set_blocking(child.stdout.fileno(), False)
        for i in range(100):
            child.stdin.write(lines[1 + i % 30])
            child.stdin.flush()
            time.sleep(0.02)
            seen.append(len(child.stdout.read() or b""))
            if sum(seen) > 300:
                break
        self.assertGreater(sum(seen), 300)
        child.stdin.close()

    def test_first_row(self):
        """With --header no the first row is answered before there is a second."""
        row = self.content("x.csv").splitlines(keepends=True)[1]
        child = self.start("m", "--header", "no")
        child.stdin.write(row)
        child.stdin.flush()
        self.assertEqual(self.line(child), self.predict("m", "x.csv").splitlines(keepends=True)[0])
        child.stdin.close()
        self.assertEqual(child.wait(60), OK)

    def test_interrupted(self):
        """SIGINT ends a wait for more at once."""
        child = self.start("m", "-")
        child.stdin.write(self.content("x.csv"))
        child.stdin.flush()
        self.assertTrue(self.line(child))
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(10), 130)

    def test_closed(self):
        """Who reads no further ends the program without a message, with the exit code of an output."""
        child = self.start("m", self.write_long("long.csv"))
        self.assertTrue(self.line(child))
        child.stdout.close()
        said = child.stderr.read()
        self.assertEqual(child.wait(60), OUTPUT, said)
        self.assertNotIn(b"standard output", said)


class Long(Predict):
    def test_memory(self):
        """A long table takes no more memory than a short one, as a file, through a pipe and packed, and gives what its parts give."""
        self.write_long("long.csv")
        packed = gzip.compress(self.content("long.csv"), 1)
        (self.folder / "long.csv.gz").write_bytes(packed)
        want = self.predict("m", self.write("short.csv", blobs(3000), COLUMNS))
        got = self.predict("m", "long.csv", "--threads", "2")
        self.assertIn("more than ", self.said)
        self.assertEqual(len(got.splitlines()), -(-ROWS // 3000) * 3000)
        self.assertEqual(got, want * (len(got) // len(want)))
        self.assertEqual(self.predict("m", input=self.content("long.csv")), got)
        small = kilobytes(["predict", "m", "x.csv"], self.folder, self.environment)
        files = ["long.csv"] + ["long.csv.gz"] * self.has_zlib()
        for name in files if small < 100000 else []:  # a sanitizer keeps what is freed
            self.assertLess(kilobytes(["predict", "m", name], self.folder, self.environment) - small, BASE, name)
            with open(self.folder / name, "rb") as file:
                cat = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
                self.assertLess(kilobytes(["predict", "m"], self.folder, self.environment, stdin=cat.stdout) - small, BASE, name)
                cat.stdout.close()
                cat.wait()
        if self.has_zlib():
            self.assertEqual(self.predict("m", "long.csv.gz"), got)
            self.assertEqual(self.predict("m", input=packed), got)

    def test_wrong_row(self):
        """Half a million rows are good, and the next is not: they are predicted, and it is named by its line."""
        self.write_long("long.csv", 502000, (500001, b"1,2,1x,3,alpha"))
        for arguments, name, more in ((["long.csv"], "long.csv", {}), ([], "standard input", {"input": self.content("long.csv")})):
            got = self.predict("m", *arguments, code=INPUT, **more)
            self.assertEqual(got.count(b"\n"), 499999)
            self.assertIn(f"annc-gpu: {name}: line 500001, column 'c': '1x' is not a number\n", self.said)
        for line, what in ((b"1,2,3", "has 3 fields, but other lines have 5"), (b'1,2,"3,4,alpha', "a quote opens here and is never closed"),
                           (b"1,,2,3,alpha", "the value is missing"), (b'1,2,"3,5",4,alpha', "with the marks of the rows before")):
            self.write_long("long.csv", 402000, (400001, line))
            self.assertEqual(self.predict("m", "long.csv", code=INPUT).count(b"\n"), 399999)
            self.assertRegex(self.said, f"line 400001.*{what}")
        self.write_long("long.csv", 402000, (400001, b"1,,2,3,alpha"))
        self.assertEqual(self.predict("m", "long.csv", "--missing", "drop").count(b"\n"), 401999)
        self.assertIn("1 row with missing values is left out", self.said)

    def test_latin_1(self):
        """Text in a column that does not matter may be of any kind, far into the table too."""
        self.write_long("long.csv", 402000, (400001, "1.5,2,3,4,caf\xe9".encode("latin-1")))
        self.assertEqual(self.predict("m", "long.csv").count(b"\n"), 402000)

    def test_files(self):
        """Files before and after one that cannot be read are predicted."""
        want = self.predict("m", "x.csv")
        self.assertEqual(self.predict("m", "x.csv", "nowhere.csv", "x.csv", code=INPUT), want + want)
        self.assertIn("nowhere.csv", self.said)
        self.write("bad.csv", [["x", 1, 2, 3, "alpha"]], COLUMNS)
        self.assertEqual(self.predict("m", "x.csv", "bad.csv", code=INPUT), want)
        self.assertIn("bad.csv: line 2, column 'a': 'x' is not a number", self.said)


class Prints(Predict):
    def test_top(self):
        """The most probable classes, most probable first, in every form."""
        lines = self.lines("predict", "m", "x.csv", "--top", "2")
        text = self.predict("m", "x.csv", "--top", "2").decode().splitlines()
        for line, shown in zip(lines, text, strict=True):
            pairs = sorted(zip(line["probabilities"], NAMES), key=lambda pair: -pair[0])[:2]
            self.assertEqual(line["top"], [{"label": name, "probability": value} for value, name in pairs])
            self.assertEqual(shown, "  ".join(f"{name} {value:.4f}" for value, name in pairs))
            self.assertEqual(list(line), ["schema", "input", "row", "label", "probabilities", "top"])
        self.assertEqual(len(self.lines("predict", "m", "x.csv", "--top", "9")[0]["top"]), 3)
        self.assertNotIn("top", self.lines("predict", "m", "x.csv")[0])
        for wrong in ("0", "1001", "x"):
            self.predict("m", "x.csv", "--top", wrong, code=USAGE)

    def test_csv(self):
        """A table for other programs: quoted as RFC 4180 says, one header for all files."""
        names = ['a,"b"', "two\nlines", "plain"]
        train = [row[:4] + [f'"{names[i % 3].replace(chr(34), 2 * chr(34))}"'] for i, row in enumerate(blobs(300))]
        self.run_program("train", "--data", self.write("t.csv", train, COLUMNS), *T, "--save", "q")
        (self.folder / "in,put.csv").write_bytes(self.content("x.csv"))
        said = self.lines("predict", "q", "in,put.csv", "x.csv", "--top", "2")
        text = self.predict("q", "in,put.csv", "x.csv", "--csv", "--top", "2").decode()
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        ordered = sorted(names)
        self.assertEqual(list(rows[0]), ["input", "row", "label"] + [f"p_{name}" for name in ordered] +
                         ["top1", "top1_probability", "top2", "top2_probability"])
        for row, line in zip(rows, said, strict=True):
            self.assertEqual((row["input"], row["row"], row["label"]), (line["input"], str(line["row"]), line["label"]))
            for name, value in zip(ordered, line["probabilities"]):
                self.assertAlmostEqual(float(row[f"p_{name}"]), value, 7)
            self.assertEqual([row["top1"], row["top2"]], [best["label"] for best in line["top"]])
        self.predict("m", "x.csv", "--csv", "--json", code=USAGE)
        self.assertIn("--csv and --json", self.said)

    def test_numbers(self):
        """Targets: their names head the columns; there is no most probable one."""
        rows = [[x / 10, 3 * x / 10 + 1, -x / 10] for x in range(60)]
        options = ["--target", "up,the down", "--layers", "1-2:identity", "--optimizer", "adam", "--lr", "0.1", "--epochs", "200", "--device", "cpu"]
        self.run_program("train", "--data", self.write("n.csv", rows, ["x", "up", "the down"]), *options, "--save", "n")
        table = list(csv.DictReader(io.StringIO(self.predict("n", "--csv", input=b"x\n2\n3\n").decode())))
        self.assertEqual(list(table[0]), ["input", "row", "up", "the down"])
        self.assertAlmostEqual(float(table[1]["up"]), 10, 1)
        self.assertAlmostEqual(float(table[1]["the down"]), -3, 1)
        self.assertEqual(table[1]["input"], "-")
        values = [line["values"] for line in self.lines("predict", "n", self.write("two.csv", [[2], [3]], ["x"]))]
        self.assertEqual([[float(row["up"]), float(row["the down"])] for row in table], [[float(f"{v:.9g}") for v in row] for row in values])
        self.predict("n", "two.csv", "--top", "2", code=USAGE)
        self.assertIn("--top needs classes", self.said)

    def test_two_classes(self):
        """One output says what both classes' probabilities are."""
        xor = self.write("xor.csv", [[0, 0, "no"], [0, 1, "yes"], [1, 0, "yes"], [1, 1, "no"]], ["a", "b", "y"])
        self.run_program("train", "--data", xor, "--layers", "2-3:tanh-1", "--cost", "cross-entropy", "--lr", "0.5", "--batch", "1", "--epochs",
                         "1000", "--seed", "2", "--save", "xor")
        table = list(csv.DictReader(io.StringIO(self.predict("xor", "xor.csv", "--csv").decode())))
        lines = self.lines("predict", "xor", "xor.csv", "--top", "2")
        for row, line in zip(table, lines, strict=True):
            self.assertAlmostEqual(float(row["p_no"]) + float(row["p_yes"]), 1, 6)
            self.assertEqual([float(row["p_no"]), float(row["p_yes"])], [float(f"{p:.9g}") for p in line["probabilities"]])
            self.assertNotIn("outputs", line)
            self.assertEqual([best["label"] for best in line["top"]], ["yes", "no"] if row["label"] == "yes" else ["no", "yes"])
            self.assertAlmostEqual(sum(best["probability"] for best in line["top"]), 1, 9)
        self.assertEqual([row["label"] for row in table], ["no", "yes", "yes", "no"])
        text = self.predict("xor", "xor.csv").decode().splitlines()
        self.assertEqual(text, [f"{line['label']} {max(line['probabilities']):.4f}" for line in lines])

    def test_outputs_that_are_no_probabilities(self):
        """Of tanh and of identity: they are called outputs, in every form, and of two classes there may be one."""
        rows = [[0, 0, "no"], [0, 1, "yes"], [1, 0, "yes"], [1, 1, "no"]]
        xor = self.write("xor.csv", rows, ["a", "b", "y"])
        self.run_program("train", "--data", xor, "--layers", "2-3:tanh-1:tanh", "--epochs", "1", "--save", "tanh")
        one = self.write("one.csv", [[0, 1]], ["a", "b"])
        line, = self.lines("predict", "tanh", one, "--top", "2")
        value, = line["outputs"]
        self.assertEqual(line["top"], [{"label": line["label"], "probability": value, "output": value}])
        self.assertEqual(self.predict("tanh", one).decode(), f"{line['label']} output {value:.4f}\n")
        self.assertEqual(self.predict("tanh", one, "--csv", "--top", "1").decode(),
                         f"input,row,label,output_yes,top1,top1_output\none.csv,1,{line['label']},{value:.9g},{line['label']},{value:.9g}\n")
        three = self.write("three.csv", [*rows, [2, 2, "perhaps"]], ["a", "b", "y"])
        self.run_program("train", "--data", three, "--layers", "2-3:tanh-3:identity", "--cost", "hinge", "--epochs", "1", "--save", "hinge")
        line, = self.lines("predict", "hinge", one)
        self.assertEqual(line["outputs"], line["probabilities"])  # which the schema had from its beginning
        table, = csv.DictReader(io.StringIO(self.predict("hinge", one, "--csv").decode()))
        self.assertEqual([float(table[f"output_{name}"]) for name in ("no", "perhaps", "yes")], [float(f"{v:.9g}") for v in line["outputs"]])
        self.assertEqual(self.predict("hinge", one).decode(), f"{line['label']} output {max(line['outputs']):.4f}\n")

    def test_four_places(self):
        """The digits of a line are those of the numbers in JSON, rounded as C rounds them."""
        self.write("x.csv", blobs(2000), COLUMNS)
        for shown, line in zip(self.predict("m", "x.csv").decode().splitlines(), self.lines("predict", "m", "x.csv"), strict=True):
            self.assertEqual(shown, f"{line['label']} {max(line['probabilities']):.4f}")

    def test_names_on_a_terminal(self):
        """Where people see the table a name cannot move the cursor."""
        train = [row[:4] + [["up\x1b[2J", "b", "c"][i % 3]] for i, row in enumerate(blobs(300))]
        self.run_program("train", "--data", self.write("t.csv", train, COLUMNS), *T, "--save", "e")
        self.assertIn(b"p_up\x1b[2J", self.predict("e", "x.csv", "--csv"))
        above, below = open_terminal()
        child = subprocess.Popen([str(PROGRAM), "predict", "e", "x.csv", "--csv"], cwd=self.folder, env=self.environment, stdout=below,
                                 stderr=subprocess.DEVNULL)
        os.close(below)
        shown = b""
        while shown.count(b"\n") < 31:
            shown += os.read(above, 4096)
        self.assertEqual(child.wait(60), OK)
        os.close(above)
        self.assertIn(b"p_up\\x1b[2J", shown)
        self.assertNotIn(b"\x1b", shown)


main()
