#!/usr/bin/env python3
"""Models that other programs wrote, and models for other programs. Called as program.py says. ONNX files are run where onnx and onnxruntime are
installed."""
import io
import json
import math
import os
import random
import shutil
import struct
import time
import subprocess
import unittest
import zipfile

try:
    import numpy
    import onnx
    import onnxruntime
except ImportError:
    onnxruntime = None

from program import INPUT, OUTPUT, PROGRAM, USAGE, main, signed
from tables import COLUMNS, Tables, blobs, npy


def bfloat(value):
    return struct.unpack("<f", struct.pack("<I", struct.unpack("<I", struct.pack("<f", value))[0] & 0xFFFF0000))[0]


def safetensors(tensors, dtype="F32", metadata=None):
    """tensors: a list of name, shape, values."""
    codes = {"F32": "f", "F64": "d", "F16": "e"}
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, shape, values in tensors:
        if dtype == "BF16":
            packed = b"".join(struct.pack("<f", value)[2:] for value in values)
        else:
            packed = struct.pack(f"<{len(values)}{codes[dtype]}", *values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


COMPILER = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")


class Foreign(Tables):
    widths = [4] + [8] * 11 + [3]

    def setUp(self):
        super().setUp()
        draw = random.Random(7)
        self.layers = []
        for n_in, n in zip(self.widths, self.widths[1:]):
            self.layers.append(([[draw.gauss(0, 0.6) for _ in range(n_in)] for _ in range(n)], [draw.gauss(0, 0.3) for _ in range(n)]))
        self.layers[2] = (self.layers[2][0], None)
        self.write("t.csv", blobs(60), COLUMNS)
        self.shape = "4-" + "-".join(["8:tanh"] * 11) + "-3:softmax"
        self.options = ["--data", "t.csv", "--layers", self.shape, "--cost", "categorical-cross-entropy", "--device", "cpu"]

    def tensors(self, prefix="net.module.", layers=None, numbers=range(0, 24, 2)):
        named = []
        for number, (W, b) in zip(numbers, layers or self.layers):
            named.append((f"{prefix}{number}.weight", [len(W), len(W[0])], [w for row in W for w in row]))
            if b:
                named.append((f"{prefix}{number}.bias", [len(b)], b))
        return sorted(named)  # as text: 10 before 2

    def forward(self, a):
        for l, (W, b) in enumerate(self.layers):
            z = [sum(w * x for w, x in zip(line, a)) + (b[j] if b else 0) for j, line in enumerate(W)]
            a = [math.tanh(v) for v in z] if l < 11 else z
        return [math.exp(v) / sum(math.exp(u) for u in a) for v in a]

    def loss(self, rounded=lambda value: value):
        total = 0
        for row, label in [([float(cell) for cell in row[:4]], i % 3) for i, row in enumerate(blobs(60))]:
            a = row
            for l, (W, b) in enumerate(self.layers):
                z = [sum(rounded(w) * x for w, x in zip(line, a)) + (rounded(b[j]) if b else 0) for j, line in enumerate(W)]
                a = [math.tanh(v) for v in z] if l < 11 else z
            total += math.log(sum(math.exp(v) for v in a)) - a[label]
        return total / 60

    def test_names_and_types(self):
        half = lambda value: struct.unpack("<e", struct.pack("<e", value))[0]
        for dtype, rounded, places in (("F32", float, 5), ("F64", float, 5), ("F16", half, 5), ("BF16", bfloat, 5)):
            (self.folder / "m").write_bytes(safetensors(self.tensors(), dtype))
            result = self.run_program("eval", "m", *self.options, "--json")
            self.assertAlmostEqual(json.loads(result.stdout)["loss"], self.loss(rounded), places, dtype)
            self.assertIn("assumed: tanh-", result.stderr)
        for prefix in ("", "module.", "a.b.fc"):
            (self.folder / "m").write_bytes(safetensors(self.tensors(prefix)))
            self.assertAlmostEqual(self.lines("eval", "m", *self.options)[-1]["loss"], self.loss(), 5)
        self.assertIn("PASS", self.run_program("check", "m", *self.options).stderr)
        self.write("x.csv", [row[:4] for row in blobs(5)], COLUMNS[:4])
        for row, line in zip(blobs(5), self.lines("predict", "m", "x.csv", *self.options[2:])):
            for p, q in zip(self.forward([float(cell) for cell in row[:4]]), line["probabilities"]):
                self.assertAlmostEqual(p, q, 5)

    def named(self, names, widths=(4, 8, 6, 3), weight="{}.weight", bias="{}.bias", turned=False, shuffle=1):
        """A file of layers with these names, in another order than the network's, and its loss."""
        draw, tensors, arrays = random.Random(3), [], []
        layers = [([[draw.gauss(0, 0.6) for _ in range(n_in)] for _ in range(n)], [draw.gauss(0, 0.3) for _ in range(n)])
                  for n_in, n in zip(widths, widths[1:])]
        for name, (W, b) in zip(names, layers):
            values = [W[j][k] for k in range(len(W[0])) for j in range(len(W))] if turned else [w for row in W for w in row]
            tensors.append((weight.format(name), [len(W), len(W[0])][::-1 if turned else 1], values))
            tensors.append((bias.format(name), [len(b)], b))
        random.Random(shuffle).shuffle(tensors)
        total = 0
        for i, row in enumerate(blobs(60)):
            a = [float(cell) for cell in row[:4]]
            for l, (W, b) in enumerate(layers):
                a = [sum(w * x for w, x in zip(line, a)) + b[j] for j, line in enumerate(W)]
                a = [math.tanh(v) for v in a] if l + 1 < len(layers) else a
            total += math.log(sum(math.exp(v) for v in a)) - a[i % 3]
        (self.folder / "m").write_bytes(safetensors(tensors))
        return total / 60

    def options_of(self, widths):
        layers = "-".join(["4"] + [f"{n}:tanh" for n in widths[1:-1]] + ["3:softmax"])
        return ["--data", "t.csv", "--layers", layers, "--cost", "categorical-cross-entropy", "--device", "cpu"]

    def test_order_by_shapes(self):
        """Names without an order: the shapes have one."""
        for names in (["linear1", "linear2", "classifier"], ["input_layer", "hidden", "output"], ["features.0", "features.2", "classifier.0"],
                      ["z", "y", "x"], ["dense", "dense_1", "dense_2"], ["b.10", "b.9", "a"]):
            with self.subTest(names):
                loss = self.named(names, shuffle=len(names[0]))
                if names[0] == "b.10":  # numbers are kept in order, even where the shapes are against it
                    self.assertIn("does not fit the outputs of the layer before it; the layers are a 6-3, b.9 8-6, b.10 4-8",
                                  self.run_program("eval", "m", *self.options_of((4, 8, 6, 3)), code=INPUT).stderr)
                    continue
                result = self.run_program("eval", "m", *self.options_of((4, 8, 6, 3)), "--json")
                self.assertAlmostEqual(json.loads(result.stdout)["loss"], loss, 5)
                self.assertIn(f"its layers in order: {', '.join(names)}\n", result.stderr)
        loss = self.named([0, 1, 2], weight="coefs_{}", bias="intercepts_{}", turned=True)
        self.assertAlmostEqual(self.lines("eval", "m", *self.options_of((4, 8, 6, 3)))[-1]["loss"], loss, 5)
        loss = self.named(["one", "two"], widths=(4, 4, 3))
        self.assertAlmostEqual(self.lines("eval", "m", *self.options_of((4, 4, 3)))[-1]["loss"], loss, 5)

    def test_order_by_numbers_and_widths(self):
        """Equal shapes need numbers; --layers decides where several chains are possible."""
        loss = self.named(["in", "mid.1", "mid.2", "mid.10", "out"], widths=(4, 8, 8, 8, 8, 3))
        self.assertAlmostEqual(self.lines("eval", "m", *self.options_of((4, 8, 8, 8, 8, 3)))[-1]["loss"], loss, 5)
        self.named(["in", "left", "right", "out"], widths=(4, 8, 8, 8, 3))
        said = self.run_program("eval", "m", *self.options_of((4, 8, 8, 8, 3)), code=INPUT).stderr
        self.assertIn("m: names and shapes allow several orders of its layers: in 4-8, left 8-8, right 8-8, out 8-3; or in, right, left, out; number", said)
        loss = self.named(["a", "b", "c", "d", "e"], widths=(4, 6, 4, 8, 4, 3))  # 4-6-4-8-4-3 or 4-8-4-6-4-3
        self.assertIn("allow several orders", self.run_program("eval", "m", code=INPUT).stderr)
        self.assertAlmostEqual(self.lines("eval", "m", *self.options_of((4, 6, 4, 8, 4, 3)))[-1]["loss"], loss, 5)
        self.named([f"{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)], widths=(4, *[8] * 59, 3))
        began = time.monotonic()
        self.assertIn("; and so on; number the layers", self.run_program("eval", "m", *self.options_of((4, *[8] * 59, 3)), code=INPUT).stderr)
        self.assertLess(time.monotonic() - began, 10)

    def test_convolutions(self):
        tensors = self.tensors()
        self.refuses(safetensors(tensors + [("conv1.weight", [2, 1, 3, 3], [0] * 18)]),
                     "tensor 'conv1.weight' has 4 dimensions, as those of a convolution; only fully connected layers are read")
        self.refuses(safetensors(tensors + [("x.weight", [1] * 9, [0])]), "too many dimensions")
        self.refuses(self.npz({**self.keras(), "c/kernel": ([1, 1, 3, 3], [0] * 9)}), "'c/kernel' has 4 dimensions, as those of a convolution")

    def refuses(self, content, message, *more, code=INPUT):
        (self.folder / "m").write_bytes(content)
        self.assertIn(message, self.run_program("eval", "m", *(more or self.options), code=code).stderr)

    def test_what_is_refused(self):
        tensors = self.tensors()
        self.refuses(safetensors(tensors), "give them with --layers, like 4-8-", "--data", "t.csv")
        self.refuses(safetensors(tensors + [("net.bn.running_mean", [3], [1, 2, 3])]), "'net.bn.running_mean' is neither weights nor biases")
        self.refuses(safetensors(tensors + [("other.bias", [3], [1, 2, 3])]), "'other.bias' is a bias without weights")
        self.refuses(safetensors(tensors), "has a network of shape 4-8-", "--data", "t.csv", "--layers", "4-9:tanh-3:softmax")
        self.refuses(safetensors(self.tensors(layers=[self.layers[0], self.layers[1], self.layers[0]])), "does not fit the outputs of the layer before it")
        self.refuses(safetensors(tensors, metadata={"annc.layers": "4-3"}), "annc.activations or annc.cost is missing")
        nan = [(name, shape, [float("nan")] * len(values)) for name, shape, values in tensors]
        self.refuses(safetensors(nan), "not finite")
        self.run_program("train", "--data", "t.csv", "--layers", "4-3", "--epochs", "0", "--save", "own")
        own = self.run_program("eval", "own", "--data", "t.csv", "--layers", "4-3")
        self.assertNotIn("assumed", own.stderr)
        self.assertIn("--layers is 4-5-3", self.run_program("eval", "own", "--data", "t.csv", "--layers", "4-5-3", code=USAGE).stderr)

    def keras(self, kernel="d{}/kernel", bias="d{}/bias"):
        """The weights as Keras has them: kernels [in, out]."""
        arrays = {}
        for i, (W, b) in enumerate(self.layers):
            arrays[kernel.format(i)] = ([len(W[0]), len(W)], [W[j][k] for k in range(len(W[0])) for j in range(len(W))])
            if b:
                arrays[bias.format(i)] = ([len(b)], b)
        return arrays

    def npz(self, arrays, code="f", method=zipfile.ZIP_STORED, fortran=False):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, (shape, values) in sorted(arrays.items()):
                if fortran and len(shape) == 2:
                    values = [values[i * shape[1] + j] for j in range(shape[1]) for i in range(shape[0])]
                archive.writestr(f"{name}.npy", npy(shape, code, values, fortran=fortran and len(shape) == 2))
        return file.getvalue()

    def test_weights_as_npz(self):
        methods = [zipfile.ZIP_STORED] + ([zipfile.ZIP_DEFLATED] if self.has_zlib() else [])
        torch = {name: (shape, values) for name, shape, values in self.tensors("")}
        for arrays in (self.keras(), self.keras("dense_{}/kernel:0", "dense_{}/bias:0"), self.keras("l{}.kernel", "l{}.bias"), torch):
            for method in methods:
                for code, fortran in (("f", False), ("d", True)):
                    (self.folder / "m").write_bytes(self.npz(arrays, code, method, fortran))
                    result = self.run_program("eval", "m", *self.options, "--json")
                    self.assertAlmostEqual(json.loads(result.stdout)["loss"], self.loss(), 5)
        half = lambda value: struct.unpack("<e", struct.pack("<e", value))[0]
        (self.folder / "half").write_bytes(self.npz(torch, "e"))
        self.assertAlmostEqual(self.lines("eval", "half", *self.options)[-1]["loss"], self.loss(half), 5)
        self.write("x.csv", [row[:4] for row in blobs(5)], COLUMNS[:4])
        for row, line in zip(blobs(5), self.lines("predict", "m", "x.csv", *self.options[2:])):
            for p, q in zip(self.forward([float(cell) for cell in row[:4]]), line["probabilities"]):
                self.assertAlmostEqual(p, q, 5)
        kernels = [(name, shape, values) for name, (shape, values) in sorted(self.keras().items())]
        (self.folder / "m").write_bytes(safetensors(kernels))  # Keras's names in another kind of file
        self.assertAlmostEqual(self.lines("eval", "m", *self.options)[-1]["loss"], self.loss(), 5)

    def test_npz_that_is_refused(self):
        arrays = self.keras()
        self.refuses(self.npz(arrays), "give them with --layers, like 4-8-", "--data", "t.csv")
        self.refuses(self.npz({**arrays, "bn/moving_mean": ([3], [1, 2, 3])}), "'bn/moving_mean' is neither weights nor biases")
        self.refuses(self.npz({**arrays, "x/kernel": ([1, 2, 3], [0] * 6)}), "'x/kernel' has 3 dimensions, as those of a convolution")
        self.refuses(self.npz({**arrays, "d3/bias": ([7], [0] * 7)}), "'d3/bias' has a length that differs from the rows of its weights")
        self.refuses(self.npz({**arrays, "d3/kernel": ([8, 8], [float("inf")] * 64)}), "'d3/kernel' has a value that is not finite")
        self.refuses(self.npz({**arrays, "d3/kernel": ([8, 8], [1e300] * 64)}, "d"), "'d3/kernel' has a value that is not finite")
        self.refuses(self.npz({f"a{i}": ([1], [0]) for i in range(200)}), "more arrays than a network can have")
        self.refuses(self.npz({**arrays, "d3/bias": ([], [0])}), "'d3/bias' is neither weights nor biases")
        self.refuses(self.npz({**arrays, 150 * "x": ([1], [0])}), "x' is neither weights nor biases")
        self.refuses(self.npz({}), "")
        whole = self.npz(arrays)
        for length in range(4, len(whole) - 1, 101):
            self.refuses(whole[:length], "m")

    def test_numbers(self):
        """A model of numbers that says nothing of their units is judged in them: bytes as weights, and members that are no arrays, do no harm."""
        self.write("n.csv", [[x, 3 * x + 2] for x in range(20)], ["x", "y"])
        with zipfile.ZipFile(self.folder / "m", "w") as archive:
            for name, content in (("a", b""), ("readme.txt", b"hello"), ("d/kernel.npy", npy([1, 1], "B", [3])), ("d/bias.npy", npy([1], "B", [2]))):
                archive.writestr(name, content)
        options = ["--layers", "1-1:identity", "--cost", "quadratic", "--device", "cpu"]
        line = self.lines("eval", "m", "--data", "n.csv", "--target", "y", *options)[-1]
        self.assertEqual((line["r2"], line["rmse"]), (1, 0))
        self.assertEqual([line["values"][0] for line in self.lines("predict", "m", self.write("x.csv", [[1], [2]], ["x"]), *options)], [5, 8])

    def test_metadata_that_are_refused(self):
        """Notes on images and scaling that contradict the network."""
        W = [("0.weight", [2, 756], [0.5] * 1512)]
        self.write("x.csv", [[1] * 756], [f"c{i}" for i in range(756)])
        for metadata, message in (({"annc.images": "[27,28,255,1,1,1]"}, "annc.images"), ({"annc.images": "[28,27,255,1,1,1]"}, "annc.images"),
                                  ({"annc.scale": "standardise"}, "annc.input_shift"), ({"annc.scale": "min-max"}, "annc.input_shift"),
                                  ({f"annc.input_{what}": '["0x0p0"]' for what in ("shift", "factor", "fill")}, "annc.input_shift")):
            self.put_model(safetensors(W, metadata=metadata))
            said = self.run_program("predict", "m", "x.csv", "--layers", "756-2", code=INPUT).stderr
            self.assertIn(f"the model's {message} is malformed", said)
        for names in ('["a"]', '["a","b","c","d"]'):
            self.put_model(safetensors([("0.weight", [2, 3], [0.5] * 6)], metadata={"annc.inputs": names}))
            said = self.run_program("export", "m", "--format", "c", "--out", "m.c", "--layers", "3-2", code=INPUT).stderr
            self.assertIn("the model's annc.inputs is malformed", said)
        for metadata in ({"annc.images": "[28,27,255,1,1,0]"}, {"annc.scale": "none"}):
            self.put_model(safetensors(W, metadata=metadata))
            self.run_program("predict", "m", "x.csv", "--layers", "756-2")

    def put_model(self, content):
        (self.folder / "m").write_bytes(content)

    def test_activations_with_a_dash(self):
        """Names that hold the separator of layers come through --layers, model files and back."""
        layers = "4-8:leaky-relu-6:hard-sigmoid-3:softmax"
        self.run_program("train", "--data", "t.csv", "--layers", layers, "--cost", "categorical-cross-entropy", "--epochs", "1", "--lr", "0.1",
                         "--save", "m", "--device", "cpu")
        said = self.run_program("info", "m").stdout
        self.assertIn("annc.activations: leaky-relu-hard-sigmoid-softmax", said)
        self.assertRegex(said, r"\nannc.lr: 0x1\S+ \(0?\.?\d+\)\n")
        self.lines("eval", "m", "--data", "t.csv", "--layers", layers, "--device", "cpu")
        self.assertIn("did you mean leaky-relu", self.run_program("info", "--layers", "4-8:leaky-rel-3", code=USAGE).stderr)


class Export(Tables):
    layers = "4-8:gelu-6:silu-5:hard-sigmoid-7:elu-6:leaky-relu-6:selu-5:softplus-6:relu-5:tanh-4:identity-5:sigmoid-3:softmax"

    def setUp(self):
        super().setUp()
        self.write("t.csv", blobs(150), COLUMNS)
        self.run_program("train", "--data", "t.csv", "--layers", self.layers, "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--lr", "0.01",
                         "--epochs", "3", "--save", "m", "--checkpoint", "c", "--device", "cpu")

    def export(self, kind, model="m"):
        self.run_program("export", model, "--format", kind, "--out", f"m.{kind}")
        return (self.folder / f"m.{kind}").read_bytes()

    def predicted(self, model="m", *more):
        return [line["probabilities"] for line in self.lines("predict", model, "t.csv", *more)]

    def scaled(self, metadata):
        """The rows of the file as the network takes them, by the metadata alone."""
        shift, factor = ([float.fromhex(number) for number in json.loads(metadata[f"annc.input_{what}"])] for what in ("shift", "factor"))
        return [[(float(cell) - s) * f for cell, s, f in zip(row, shift, factor)] for row in blobs(150)]

    def test_npz(self):
        """What is written is read again, to the same bits; a checkpoint is exported as a model."""
        self.export("npz")
        options = ["--layers", self.layers, "--cost", "categorical-cross-entropy"]
        self.run_program("train", "--data", "t.csv", *options, "--load", "m.npz", "--epochs", "0", "--save", "again", "--device", "cpu")
        self.run_program("train", "--data", "t.csv", "--load", "m", "--epochs", "0", "--save", "same", "--device", "cpu")
        count = 4 * self.lines("info", "m")[0]["parameters"]
        self.assertEqual((self.folder / "again").read_bytes()[-count:], (self.folder / "same").read_bytes()[-count:])
        self.assertEqual(self.export("npz", "c"), self.export("npz"))
        with zipfile.ZipFile(self.folder / "m.npz") as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(archive.namelist()[:3], ["0.weight.npy", "0.bias.npy", "2.weight.npy"])

    def test_json(self):
        network = json.loads(self.export("json"))
        self.assertEqual([layer["activation"] for layer in network["layers"]][:3], ["gelu", "silu", "hard-sigmoid"])
        self.assertEqual([len(network["layers"][0]["weights"]), len(network["layers"][0]["weights"][0]), len(network["layers"][0]["biases"])], [8, 4, 8])
        self.assertEqual(json.loads(network["metadata"]["annc.classes"]), ["alpha", "beta", "gamma"])
        self.assertEqual(self.run_program("export", "m", "--format", "json", "--out", "-", "--quiet").stdout, self.export("json").decode())
        with open(self.folder / "all", "ab") as file:  # as >> has it: what is there stays
            file.write(b"before\n")
            file.flush()
            subprocess.run([str(PROGRAM), "export", "m", "--format", "json", "--out", "-", "--quiet"], cwd=self.folder, env=self.environment, check=True,
                           stdout=file)
        self.assertEqual((self.folder / "all").read_bytes(), b"before\n" + self.export("json"))

    def test_refused(self):
        self.assertIn("one of onnx, npz, json, c", self.run_program("export", "m", code=USAGE).stderr)
        self.assertIn("one of onnx, npz, json, c", self.run_program("export", "m", "--format", "onxx", "--out", "x", code=USAGE).stderr)
        self.run_program("export", "m", "--format", "onnx", code=USAGE)
        self.run_program("export", "t.csv", "--format", "onnx", "--out", "x", code=INPUT)
        self.run_program("export", "m", "--format", "onnx", "--out", "/dev/full", code=OUTPUT)
        self.run_program("export", "m", "--format", "npz", "--out", "no/such/folder/x", code=OUTPUT)

    def compute(self, rows, model="m"):
        """What a model's C file, as a program, makes of rows of cells: a list a row, a class (where there are classes) and outputs."""
        self.export("c", model)
        flags = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-O1"]
        subprocess.run([COMPILER, "-std=c99", *flags, "-DMODEL_MAIN", "m.c", "-lm", "-o", "program"], cwd=self.folder, check=True)
        text = "".join(",".join(str(cell) for cell in row) + "\n" for row in rows)
        output = subprocess.run([str(self.folder / "program")], input=text, check=True, stdout=subprocess.PIPE, text=True).stdout
        return [line.split(" ") for line in output.splitlines()]

    def assert_close(self, lines, want, classes=True):
        self.assertEqual(len(lines), len(want))
        for line, row in zip(lines, want):
            for got, wanted in zip(line[classes:], row):
                self.assertLess(abs(float(got) - wanted), 1e-5 * max(1, abs(wanted)))

    @unittest.skipUnless(COMPILER, "there is no C compiler")
    def test_c(self):
        """Every activation; scaling is part of it, and so is what a missing value becomes."""
        lines = self.compute([row[:4] for row in blobs(150)])
        self.assert_close(lines, self.predicted())
        self.assertEqual([line[0] for line in lines], [line["label"] for line in self.lines("predict", "m", "t.csv")])
        rows = blobs(150)
        rows[3][1] = ""
        self.write("t.csv", rows, COLUMNS)
        rows[3][1] = "nan"
        self.assert_close(self.compute([row[:4] for row in rows]), self.predicted("m", "--missing", "mean"))

    @unittest.skipUnless(COMPILER, "there is no C compiler")
    def test_c_of_images_numbers_and_two_classes(self):
        self.train("--save", "images", "--output-activation", "softmax", "--cost", "categorical-cross-entropy", "--init", "xavier", "--lr", "0.1")
        images = (self.folder / "bars" / "t10k-images-idx3-ubyte").read_bytes()[16:]
        want = [line["probabilities"] for line in self.lines("predict", "images", "bars/t10k-images-idx3-ubyte")]
        self.assert_close(self.compute([images[784 * i:784 * i + 784] for i in range(100)], "images"), want)

        numbers = [[i / 7, 1000 - i, 3e4 * math.sin(i / 20), i % 5] for i in range(200)]
        self.write("n.csv", numbers, ["p", "q", "r", "s"])
        self.run_program("train", "--data", "n.csv", "--target", "r,s", "--layers", "2-9:tanh-2:identity", "--optimizer", "adam", "--lr", "0.01",
                         "--save", "numbers", "--device", "cpu")
        want = [line["values"] for line in self.lines("predict", "numbers", "n.csv")]
        self.assert_close(self.compute([row[:2] for row in numbers], "numbers"), want, classes=False)

        two = [[i % 7, i % 11, "odd\"? */ \\ \u00e9" if i % 7 > 3 else "even"] for i in range(120)]
        (self.folder / "two.csv").write_text("x,y,z\n" + "".join(f'{p},{q},"{name.replace(chr(34), chr(34) * 2)}"\n' for p, q, name in two))
        self.run_program("train", "--data", "two.csv", "--layers", "2-4:tanh-1", "--cost", "hinge", "--output-activation", "identity", "--save", "two",
                         "--header", "yes", "--label", "3", "--lr", "0.1", "--device", "cpu")
        lines = self.compute([row[:2] for row in two], "two")
        predictions = self.lines("predict", "two", "two.csv")
        self.assertEqual([" ".join(line[:-1]) for line in lines], [line["label"] for line in predictions])
        self.assert_close([line[-1:] for line in lines], [line["probabilities"] for line in predictions], classes=False)

    @unittest.skipUnless(COMPILER, "there is no C compiler")
    def test_c_reads_strictly(self):
        """Rows of the right length, numbers, and a header of the model's columns; all else ends the program with the line."""
        self.compute([row[:4] for row in blobs(3)])
        names = ",".join(COLUMNS[:4])
        for text, code, want in ((f"{names}\n1,2,3,4\n", 0, ""), ("1;2;3;4\r\n\n 1 2\t3 4", 0, ""), (f'"{COLUMNS[0]}",{names.split(",", 1)[1]}\n1,2,3,4\n', 0, ""),
                                 ("1,2,3\n", 1, "line 1: has fewer fields than the model has inputs"),
                                 ("1,2,3,4\n1,2,3,4,5\n", 1, "line 2: has more fields than the model has inputs"),
                                 ("1,2,3,4\n1,2,x,4\n", 1, "line 2: not a number: x"), ("1,2,3,1e99\n", 1, "line 1: not a number: 1e99"),
                                 ("w,x,y,z\n1,2,3,4\n", 1, "line 1: is a header of other columns: w"), ("1,2,3,4.0.1\n", 1, "not a number: 4.0.1")):
            result = subprocess.run([str(self.folder / "program")], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertEqual(result.returncode, code, text)
            self.assertIn(want, result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), 0)

    @unittest.skipUnless(COMPILER, "there is no C compiler")
    def test_two_models_in_one_program(self):
        """Their names begin with a prefix of one's own; layers of many units are not on the stack."""
        self.run_program("train", "--data", "t.csv", "--layers", "4-5000-3", "--epochs", "0", "--save", "wide", "--device", "cpu")
        (self.folder / "first.c").write_bytes(self.export("c", "m"))
        (self.folder / "wide.c").write_bytes(self.export("c", "wide"))
        self.assertIn("static float a[MODEL_WIDEST]", (self.folder / "wide.c").read_text())
        (self.folder / "both.c").write_text("void one_predict(const double *, double *); void two_predict(const double *, double *);\n"
                                            "int main(void) { double x[4] = {1, 2, 3, 4}, y[3]; one_predict(x, y); two_predict(x, y); return 0; }\n")
        for name, prefix in (("first", "one"), ("wide", "two")):
            subprocess.run([COMPILER, "-c", f"-DMODEL_PREFIX={prefix}", f"{name}.c"], cwd=self.folder, check=True)
        subprocess.run([COMPILER, "both.c", "first.o", "wide.o", "-lm", "-o", "both"], cwd=self.folder, check=True)
        subprocess.run(["sh", "-c", "ulimit -s 64; exec ./both"], cwd=self.folder, check=True)

    def test_names_that_contradict_the_layers(self):
        """Three outputs and one class: the C code would read past the end of its names."""
        content = (self.folder / "m").read_bytes()
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8:8 + size])
        header["__metadata__"]["annc.classes"] = '["alpha"]'
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        (self.folder / "less").write_bytes(signed(len(text).to_bytes(8, "little") + text + content[8 + size:]))
        for form in ("c", "html", "json", "npz", "onnx"):
            self.assertIn("less: the model's annc.classes does not match its 3 outputs",
                          self.run_program("export", "less", "--format", form, "--out", "less.out", code=INPUT).stderr)
        self.assertFalse((self.folder / "less.out").exists())

    @unittest.skipUnless(onnxruntime, "onnx and onnxruntime are not installed")
    def test_onnx(self):
        self.export("onnx")
        model = onnx.load(str(self.folder / "m.onnx"))
        onnx.checker.check_model(model, full_check=True)
        self.assertLessEqual(model.ir_version, 7)
        self.assertEqual([(opset.domain, opset.version) for opset in model.opset_import], [("", 13)])
        rows = self.scaled({entry.key: entry.value for entry in model.metadata_props})
        session = onnxruntime.InferenceSession(str(self.folder / "m.onnx"), providers=["CPUExecutionProvider"])
        want = numpy.array(self.predicted())
        for count in (1, 7, 150, 10000):
            x = numpy.resize(numpy.array(rows, "f4"), (count, 4))
            got = session.run(None, {"input": x})[0]
            self.assertLess(numpy.abs(got - numpy.resize(want, (count, 3))).max(), 1e-5)


if __name__ == "__main__":
    main()
