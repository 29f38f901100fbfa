#!/usr/bin/env python3
"""The examples do what they say, and docs/library.md shows them as they are.

    test_examples.py PROGRAM FOLDER LIBRARY: annc-gpu, where the examples were built, and libannc"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, BUILT, LIBRARY = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs/library.md"

FLOWERS = "length,width,kind\n" + "".join(f"{1 + 2 * (i % 3) + 0.01 * i},{0.5 + (i % 3) + 0.02 * i},{('rose', 'fern', 'moss')[i % 3]}\n"
                                          for i in range(30))
LINE = "x,y\n" + "".join(f"{i},{100 + 3 * i}\n" for i in range(40))


class Examples(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="annc-examples-"))
        self.environment = {"PATH": os.environ["PATH"], "ANNC_OFFLINE": "1", "XDG_CACHE_HOME": str(self.folder / "cache"),
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}

    def tearDown(self):
        shutil.rmtree(self.folder)

    def run_command(self, *command, code=0):
        environment = dict(self.environment)
        if code:  # an example that gives up leaves its memory to the system
            environment["ASAN_OPTIONS"] += ":detect_leaks=0"
        result = subprocess.run([str(part) for part in command], cwd=self.folder, env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, timeout=300)
        self.assertEqual(result.returncode, code, f"{command}\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
        return result

    def example(self, name, *arguments, code=0):
        return self.run_command(BUILT / f"example_{name}", *arguments, code=code)

    def model(self, name, table, *options):
        """A model of a table, and what annc-gpu predicts of that table's rows."""
        (self.folder / f"{name}.csv").write_text(table)
        self.run_command(PROGRAM, "train", "--data", f"{name}.csv", "--quiet", "--device", "cpu", "--batch", "5", "--epochs", "50", "--optimizer",
                         "adam", "--lr", "0.02", "--save", f"{name}.safetensors", *options)
        lines = self.run_command(PROGRAM, "predict", f"{name}.safetensors", f"{name}.csv", "--json").stdout.splitlines()
        return [json.loads(line) for line in lines]

    def test_xor(self):
        rows = re.findall(r"^(\d) xor (\d) = (\d\.\d{3})$", self.example("xor").stdout, re.M)
        self.assertEqual([(a, b) for a, b, _ in rows], [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")])
        for a, b, output in rows:
            self.assertLess(abs(float(output) - (a != b)), 0.1)

    def test_mnist(self):
        output = self.example("mnist", 1, "digits.safetensors").stdout
        self.assertIn("built-in digits", output)
        epoch, right, count = map(int, re.search(r"^epoch (\d+): loss [\d.]+, (\d+) of (\d+) test images right$", output, re.M).groups())
        self.assertEqual((epoch, count), (1, 10000))
        self.assertGreater(right, 8500)
        told = json.loads(self.run_command(PROGRAM, "eval", "digits.safetensors", "--data", "digits", "--json").stdout.splitlines()[-1])
        self.assertEqual((told["correct"], told["count"]), (right, count))
        self.assertIn("EPOCHS FILE", self.example("mnist", code=2).stderr)
        self.assertIn("nowhere", self.example("mnist", 0, "nowhere/digits.safetensors", code=6).stderr)

    def test_predict_classes(self):
        told = self.model("flowers", FLOWERS, "--label", "kind", "--layers", "2-8:tanh-3:softmax", "--cost", "categorical-cross-entropy")
        self.assertEqual({row["label"] for row in told}, {"rose", "fern", "moss"})
        inputs = [line.split(",")[:2] for line in FLOWERS.splitlines()[1:]]
        want = [f"{row['label']}: " + " ".join(f"{p:.4g}" for p in row["probabilities"]) for row in told]
        self.assertEqual(self.example("predict", "flowers.safetensors", "flowers.csv").stdout.splitlines(), want)
        for i in (0, 7, 29):
            self.assertEqual(self.example("predict", "flowers.safetensors", *inputs[i]).stdout.strip(), want[i])
        self.assertIn("takes 2 numbers, not 3", self.example("predict", "flowers.safetensors", 1, 2, 3, code=2).stderr)
        self.assertIn("not finite", self.example("predict", "flowers.safetensors", 1, "inf", code=3).stderr)
        self.assertIn("nothing.safetensors", self.example("predict", "nothing.safetensors", 1, code=3).stderr)

    def test_predict_numbers(self):
        told = self.model("line", LINE, "--target", "y", "--layers", "1-4:tanh-1:identity")
        want = [f"{row['values'][0]:.4g}" for row in told]
        self.assertEqual(self.example("predict", "line.safetensors", "line.csv").stdout.split(), want)
        self.assertEqual(self.example("predict", "line.safetensors", 20).stdout.strip(), want[20])
        self.assertLess(abs(float(want[20]) - 160), 10)

    def test_loop(self):
        output = self.example("loop").stdout
        rates = [float(rate) for rate in re.findall(r"rate ([\d.e+-]+)", output)]
        stopped, kept, rmse, r2 = re.search(r"^stopped after epoch (\d+), kept epoch (\d+): rmse ([\d.]+), r2 ([\d.]+)$", output, re.M).groups()
        self.assertEqual(int(stopped), int(kept) + 200)
        self.assertLess(int(stopped), 20000)
        self.assertGreater(len(set(rates)), 5)
        self.assertLess(float(rmse), 0.14)  # the noise alone is 0.4 / sqrt(12) = 0.115
        self.assertGreater(float(r2), 0.95)

    def test_gradients(self):
        output = self.example("gradients").stdout
        self.assertRegex(output, r"(?m)^C = \d\.\d{6}$")
        self.assertEqual(len(re.findall(r"^layer [12]: dC/dw of its first weight [+-]0\.\d{6}, dC/db of its first bias [+-]0\.\d{6}$", output, re.M)), 2)
        parameters, differences, step = re.search(r"^(\d+) parameters: finite differences within (\S+), a step of the trainer within (\S+)$",
                                                  output, re.M).groups()
        self.assertEqual(int(parameters), 26)
        self.assertTrue(0 < float(differences) < 1e-8 and 0 < float(step) < 1e-5, output)

    def test_cpp(self):
        if not (BUILT / "example_cpp").exists():
            self.skipTest("no C++ compiler")
        right, count = map(int, re.search(r"^(\d+) of (\d+) right after 100 epochs$", output := self.example("cpp").stdout, re.M).groups())
        self.assertEqual(count, 400)
        self.assertGreater(right, 380)
        self.assertRegex(output, "a network of no layers: .*layers")

    def test_python(self):
        if ".so" not in LIBRARY.name:
            self.skipTest("libannc is a static library here")
        told = self.model("flowers", FLOWERS, "--label", "kind", "--layers", "2-8:tanh-3:softmax", "--cost", "categorical-cross-entropy")
        inputs = FLOWERS.splitlines()[1].split(",")[:2]
        command = [sys.executable, HERE / "python.py", LIBRARY, "flowers.safetensors"]
        self.assertEqual(self.run_command(*command, *inputs).stdout.split(), [f"{p:.4g}" for p in told[0]["probabilities"]])
        self.assertIn("takes 2 numbers", self.run_command(*command, 1, code=1).stderr)
        self.assertIn("not finite", self.run_command(*command, 1, "inf", code=1).stderr)
        self.assertIn("none.safetensors", self.run_command(*command[:3], "none.safetensors", code=1).stderr)

    def test_page(self):
        blocks = dict(re.findall(r"^```(c|python)\n(.*?)^```$", PAGE.read_text(), re.M | re.S))
        self.assertEqual(blocks["c"], (HERE / "xor.c").read_text())
        self.assertEqual(blocks["python"], (HERE / "python.py").read_text())


if __name__ == "__main__":
    program = unittest.main(argv=[sys.argv[0], *sys.argv[4:]], exit=False)
    sys.exit(not program.result.wasSuccessful())
