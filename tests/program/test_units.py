#!/usr/bin/env python3
"""Inputs in another unit than in training: bytes for a model of 0...1, values divided once too often, columns in other units; and the ranges
that a model keeps. Called as program.py says."""
import json
import math
import struct
import unittest
import zipfile

from pictures import grey
from program import INPUT, MODULE, OK, bars, main
from tables import COLUMNS, T, Tables, bar_row, blobs, npy

N = ["--layers", "784-16:tanh-10:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--lr", "0.01", "--epochs", "10", "--batch",
     "20", "--seed", "1", "--device", "cpu"]
PIXELS = [v for i in range(200) for v in bar_row(i)]
LABELS = [i % 10 for i in range(200)]
NUMBER = r"-?[0-9.e+-]+"


class Units(Tables):
    def npz(self, name, **members):
        with zipfile.ZipFile(self.folder / name, "w") as archive:
            for member, content in members.items():
                archive.writestr(member + ".npy", content)
        return name

    def images(self, code, values):
        return npy((len(values) // 784, 784), code, values)

    def model(self, code, values, name, *more):
        """Trains on an NPZ of images with these values."""
        file = self.npz(name + ".npz", x_train=self.images(code, values), y_train=npy((200,), "B", LABELS))
        return self.run_program("train", "--data", file, *N, *more, "--save", name).stderr

    def predicted(self, model, file, *more):
        """Returns labels, probabilities and messages."""
        result = self.run_program("predict", model, file, "--json", *more)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        return [line["label"] for line in lines], [line["probabilities"] for line in lines], result.stderr

    def write_bytes(self, name, content):
        (self.folder / name).write_bytes(content)
        return name

    def near(self, a, b):
        self.assertEqual(len(a), len(b))
        for x, y in zip(a, b):
            for p, q in zip(x, y):
                self.assertAlmostEqual(p, q, delta=1e-5)

    def warns(self, said, *texts):
        lines = [line for line in said.splitlines() if "warning: " in line]
        self.assertEqual(len(lines), 1, said)
        for text in texts:
            self.assertIn(text, lines[0])

    def check_bytes_for_floats(self, *device):
        """The same pictures are the same to a model of 0...1, however they come."""
        self.model("f", [v / 255 for v in PIXELS], "unit")
        want = self.predicted("unit", self.write_bytes("x.npy", self.images("f", [v / 255 for v in PIXELS])), *device)
        self.assertEqual(want[0], [str(k) for k in LABELS])
        self.assertNotIn("warning", want[2])
        images, _ = bars(200)
        files = {"idx": self.write_bytes("x.idx", images), "npy": self.write_bytes("b.npy", self.images("B", PIXELS)),
                 "npz": self.npz("b.npz", x=self.images("B", PIXELS))}
        for kind, file in files.items():
            with self.subTest(kind):
                labels, outputs, said = self.predicted("unit", file, *device)
                self.assertIn("bytes are divided by 255", said)
                self.near(outputs, want[1])
        for i in range(0, 20, 3) if self.has_png() else ():
            _, outputs, said = self.predicted("unit", self.write_bytes("x.png", grey(PIXELS[784 * i:784 * i + 784])), *device)
            self.near(outputs, want[1][i:i + 1])
            self.assertNotIn("warning", said)
        (self.folder / "t10k-images-idx3-ubyte").write_bytes(images)
        (self.folder / "t10k-labels-idx1-ubyte").write_bytes(bars(200)[1])
        result = self.run_program("eval", "unit", "--data", ".", "--json", *device)
        self.assertEqual(json.loads(result.stdout)["accuracy"], 1)
        self.assertIn("bytes are divided by 255", result.stderr)

    def test_bytes_for_floats(self):
        self.check_bytes_for_floats("--device", "cpu")

    @unittest.skipUnless(MODULE, "the simulated device is not built")
    def test_bytes_for_floats_on_a_device(self):
        self.environment["ANNC_CUDA_MODULE"] = str(MODULE)
        self.check_bytes_for_floats("--device", "cuda")

    def test_zeros_and_ones(self):
        """Bytes of 0 and 1 keep their meaning for a model of bytes, and a model of other bytes divides them as before."""
        ones = [int(v > 127) for v in PIXELS]
        self.model("B", ones, "ones")
        labels, _, said = self.predicted("ones", self.write_bytes("x.npy", self.images("B", ones)))
        self.assertEqual(labels, [str(k) for k in LABELS])
        self.assertNotIn("warning", said)
        self.warns(self.predicted("ones", self.write_bytes("x.npy", self.images("B", PIXELS)))[2], "between 0 and 255", "between 0 and 1")

    def test_divided_once_too_often(self):
        self.model("B", PIXELS, "bytes")
        for name, values, text in (("npy", [v / 255 for v in PIXELS], "multiply them by 255"), ("twice", [v / 255 / 255 for v in PIXELS], "multiply")):
            with self.subTest(name):
                self.warns(self.predicted("bytes", self.write_bytes("x.npy", self.images("f", values)))[2], "x.npy", "between 0 and", "between 0 and 255",
                           text)
        for rows in (200, 1):
            table = [[f"{v / 255:.6f}" for v in bar_row(i)] for i in range(rows)]
            self.warns(self.predicted("bytes", self.write("x.csv", table))[2], "x.csv", "multiply them by 255")
        self.assertNotIn("warning", self.predicted("bytes", self.write("x.csv", [bar_row(i) for i in range(20)]))[2])
        self.assertNotIn("warning", self.predicted("bytes", self.write_bytes("x.npy", self.images("d", PIXELS)))[2])

    def test_test_set(self):
        """A test set of the same file that is divided, where the training set is not."""
        file = self.npz("a.npz", x_train=self.images("B", PIXELS), y_train=npy((200,), "B", LABELS),
                        x_test=self.images("f", [v / 255 for v in PIXELS]), y_test=npy((200,), "B", LABELS))
        self.warns(self.run_program("train", "--data", file, *N).stderr, "between 0 and 1", "between 0 and 255", "multiply them by 255")

    def test_around_zero(self):
        """Bytes for a model of -1...1 are not divided, since there is more than one way: a warning says what lies where."""
        self.model("f", [v / 127.5 - 1 for v in PIXELS], "signed")
        images, _ = bars(200)
        self.warns(self.predicted("signed", self.write_bytes("x.idx", images))[2], "between 0 and 255", "between -1 and 1", "scale them")
        self.warns(self.predicted("signed", self.write_bytes("x.npy", self.images("f", [100 * v for v in PIXELS])))[2], "between 0 and 25500")

    def test_columns(self):
        """A column in another unit, named; columns within their range are not."""
        rows = [[f"{1000 * float(row[0]) + 500:.1f}"] + row[1:] for row in blobs(150)]
        self.write("train.csv", rows, COLUMNS)
        self.run_program("train", "--data", "train.csv", *T, "--save", "m")
        for name, factor, count in (("metres", 0.001, 150), ("micrometres", 1000, 150), ("one", 1000, 1), ("quarters", 4, 150)):
            with self.subTest(name):
                table = [[f"{float(row[0]) * factor:.7g}"] + row[1:4] for row in rows[:count]]
                said = self.run_program("predict", "m", self.write("x.csv", table, COLUMNS[:4])).stderr
                self.warns(said, "x.csv", "'a' lies between", "between 500 and 4954.5 in training", "unit")
        for count in (150, 20, 3, 1):
            said = self.run_program("predict", "m", self.write("x.csv", [row[:4] for row in rows[:count]], COLUMNS[:4])).stderr
            self.assertNotIn("warning", said)
        constant = [[rows[0][0]] + row[1:4] for row in rows]  # one value of a column: a selection, and no other unit
        self.assertNotIn("warning", self.run_program("predict", "m", self.write("x.csv", constant, COLUMNS[:4])).stderr)
        typo = [row[:4] for row in rows]
        typo[40][2] = "4000"
        self.warns(self.run_program("predict", "m", self.write("x.csv", typo, COLUMNS[:4])).stderr, "'c' lies between", "4000")
        said = self.run_program("eval", "m", "--data", self.write("x.csv", [[row[0] + "e3"] + row[1:] for row in rows], COLUMNS)).stderr
        self.warns(said, "'a'")
        many = [[f"{1e6 * float(v) + 1e6:.1f}" for v in row[:4]] for row in rows]
        said = self.run_program("predict", "m", self.write("x.csv", many, COLUMNS[:4])).stderr
        self.assertIn("1 further input is unlike", said)

    def test_kept(self):
        """The model keeps each input's range in the training rows, of files of any type."""
        self.write("train.csv", blobs(150), COLUMNS)
        self.run_program("train", "--data", "train.csv", *T, "--save", "m", "--validation", "0.2")
        self.model("B", PIXELS, "bytes")
        for model, columns in (("m", None), ("bytes", [PIXELS[j::784] for j in range(784)])):
            metadata = json.loads(self.run_program("info", model, "--json").stdout)
            kept = {key: [float.fromhex(v) for v in json.loads(metadata[f"annc.input_{key}"])] for key in ("min", "max", "mean", "deviation")}
            self.assertEqual({len(v) for v in kept.values()}, {784 if columns else 4})
            for j, column in enumerate(columns or []):
                mean = sum(column) / len(column)
                deviation = math.sqrt(sum((v - mean) ** 2 for v in column) / len(column))
                self.assertEqual((kept["min"][j], kept["max"][j]), (min(column), max(column)))
                self.assertAlmostEqual(kept["mean"][j], mean, delta=1e-4)
                self.assertAlmostEqual(kept["deviation"][j], deviation, delta=1e-4)
        a = sorted(float(row[0]) for row in blobs(150))
        kept = {key: [float.fromhex(v) for v in json.loads(json.loads(self.run_program("info", "m", "--json").stdout)[f"annc.input_{key}"])][0]
                for key in ("min", "max", "mean")}
        self.assertTrue(a[0] - 1e-6 <= kept["min"] < kept["mean"] < kept["max"] <= a[-1] + 1e-6, kept)

    def test_hostile_ranges(self):
        """Ranges that do not fit the network are an error; a model without them is compared with nothing."""
        self.model("B", PIXELS, "bytes")
        content = (self.folder / "bytes").read_bytes()
        length, = struct.unpack("<Q", content[:8])
        header = json.loads(content[8:8 + length])
        images = self.write_bytes("x.npy", self.images("B", PIXELS[:7840]))

        def changed(**entries):
            metadata = {k: v for k, v in header["__metadata__"].items() if k != "annc.checksum"}
            for key, value in entries.items():
                metadata.pop(f"annc.input_{key}")
                if value is not None:
                    metadata[f"annc.input_{key}"] = value
            text = json.dumps({**header, "__metadata__": metadata}).encode()
            text += b" " * (-len(text) % 8)
            self.write_bytes("other", struct.pack("<Q", len(text)) + text + content[8 + length:])

        for entries in ({"min": '["0x1p0","0x1p0"]'}, {"max": '["0x1p0"]'}, {"mean": None}, {"deviation": "[]"}, {"min": '["nan"]'}, {"max": "{}"},
                        {"min": None}):
            with self.subTest(entries):
                changed(**entries)
                self.assertIn("annc.input_", self.run_program("predict", "other", images, code=INPUT).stderr)
        changed(min=None, max=None, mean=None, deviation=None)
        self.assertNotIn("warning", self.run_program("predict", "other", images, code=OK).stderr)


if __name__ == "__main__":
    main()
