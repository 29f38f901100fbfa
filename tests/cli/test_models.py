#!/usr/bin/env python3
"""Models that other programs wrote. Called as program.py says."""
import json
import math
import random
import struct

from program import INPUT, USAGE, main
from tables import COLUMNS, Tables, blobs


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

    def refuses(self, content, message, *more, code=INPUT):
        (self.folder / "m").write_bytes(content)
        self.assertIn(message, self.run_program("eval", "m", *(more or self.options), code=code).stderr)

    def test_what_is_refused(self):
        tensors = self.tensors()
        self.refuses(safetensors(tensors), "give them by --layers, like 4-8-", "--data", "t.csv")
        self.refuses(safetensors(tensors + [("net.bn.running_mean", [3], [1, 2, 3])]), "'net.bn.running_mean' is neither weights nor biases")
        self.refuses(safetensors(tensors + [("other.bias", [3], [1, 2, 3])]), "'other.bias' is the bias of no weights")
        self.refuses(safetensors(tensors), "holds a network of 4-8-", "--data", "t.csv", "--layers", "4-9:tanh-3:softmax")
        self.refuses(safetensors(self.tensors(layers=[self.layers[0], self.layers[1], self.layers[0]])), "does not follow from the layer before it")
        self.refuses(safetensors(tensors, metadata={"annc.layers": "4-3"}), "annc.activations or annc.cost is missing")
        nan = [(name, shape, [float("nan")] * len(values)) for name, shape, values in tensors]
        self.refuses(safetensors(nan), "not finite")
        self.run_program("train", "--data", "t.csv", "--layers", "4-3", "--epochs", "0", "--save", "own")
        own = self.run_program("eval", "own", "--data", "t.csv", "--layers", "4-3")
        self.assertNotIn("assumed", own.stderr)
        self.assertIn("--layers says 4-5-3", self.run_program("eval", "own", "--data", "t.csv", "--layers", "4-5-3", code=USAGE).stderr)


if __name__ == "__main__":
    main()
