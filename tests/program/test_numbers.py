#!/usr/bin/env python3
"""Numbers that are none, or too large, in data, in models and in training; and inputs at the ends of what there is. Called as program.py says."""
import json
import math
import struct

from program import DIVERGED, INPUT, SMALL, USAGE, main, signed
from tables import COLUMNS, T, Tables, blobs, npy

NAN, INF, BIG = float("nan"), float("inf"), 3.4e38
LINE = ["--target", "y", "--layers", "1-1:identity", "--device", "cpu"]
RAW = ["--scale", "none", "--target-scale", "none"]
STEEP = ["--target", "y", "--layers", "1-16:relu-1:identity", "--device", "cpu", *RAW]


def tensors(content):
    """What a safetensors file holds: of each tensor its type and where it lies."""
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + length])
    header.pop("__metadata__")
    return {name: (entry["dtype"], 8 + length + entry["data_offsets"][0], 8 + length + entry["data_offsets"][1]) for name, entry in header.items()}


class Numbers(Tables):
    def put(self, name, content):
        (self.folder / name).write_bytes(content)
        return name

    def all_finite(self, name):
        content = (self.folder / name).read_bytes()
        values = [value for _, begin, end in tensors(content).values() for value in struct.unpack(f"<{(end - begin) // 4}f", content[begin:end])]
        self.assertTrue(values and all(map(math.isfinite, values)))

    def steep(self, rows=200):
        return self.write("steep.csv", [[i, 1000 * i] for i in range(rows)], ["x", "y"])


class Data(Numbers):
    def test_text(self):
        for cell, message in (("inf", "infinite"), ("-Infinity", "infinite"), ("nan", "missing"), ("1e39", "too large for single precision"), ("-3.5e38", "too large for single")):
            rows = blobs(30)
            rows[4][2] = cell
            self.assertRegex(self.refused(self.write("t.csv", rows, COLUMNS)), f"line 6, column 'c'.*{message}")
            rows = [[i, cell if i == 7 else i] for i in range(30)]
            self.assertRegex(self.refused(self.write("y.csv", rows, ["x", "y"]), *LINE, options=[]), f"line 9, column 'y'.*{message}")
            self.assertRegex(self.refused(self.write("x.csv", blobs(30), COLUMNS), "--test", "t.csv"), "t.csv: line 6")

    def test_arrays(self):
        y = self.put("y.npy", npy([30], "B", [i % 3 for i in range(30)]))
        for code in "efd":
            for value, message in ((NAN, "the value is missing"), (INF, r"input 3 is inf, which is too large"), (-INF, "input 3 is -inf, which is too large")):
                values = [float(cell) for row in blobs(30) for cell in row[:4]]
                values[4 * 20 + 2] = value
                said = self.refused(self.put("x.npy", npy([30, 4], code, values)), "--labels", y)
                self.assertRegex(said, f"row 21, .*{message}")
        self.put("x.npy", npy([30, 4], "f", [float(cell) for row in blobs(30) for cell in row[:4]]))
        for value in (NAN, INF, -INF, 1e300):
            labels = self.put("bad.npy", npy([30], "d", [value if i == 9 else i % 3 for i in range(30)]))
            if not math.isfinite(value):  # 1e300 is a class like any other
                self.assertRegex(self.refused("x.npy", "--labels", labels), "bad.npy: .*10")
            self.assertRegex(self.refused("x.npy", "--labels", labels, "--target", "y", "--layers", "4-1:identity", options=[]), "bad.npy.*10")

    def test_models(self):
        file = self.write("t.csv", blobs(30), COLUMNS)
        self.run_program("train", "--data", file, *T, "--save", "m", "--checkpoint", "c")
        for name in ("m", "c"):
            content = (self.folder / name).read_bytes()
            for tensor, (_, begin, _) in tensors(content).items():
                for value in (NAN, INF, -INF):
                    bad = content[:begin + 4] + struct.pack("<f", value) + content[begin + 8:]
                    self.put("bad", signed(bad))
                    for command in (["eval", "bad", "--data", file], ["predict", "bad", file], ["train", "--load", "bad", "--data", file], ["export", "bad", "--format", "npz", "--out", "o.npz"],
                                    ["train", "--resume", "bad"], ["info", "bad"])[:6 if tensor == "0.weight" else 1]:
                        self.assertIn(tensor, self.run_program(*command, code=INPUT).stderr)
        self.assertFalse((self.folder / "o.npz").exists())

    def test_outputs_of_nan(self):
        """Finite parameters can have outputs that are NaN: eval ends, and leaves out the measures that are undefined."""
        file = self.write("t.csv", [[i - 10, "ab"[i % 2]] for i in range(20)], ["x", "kind"])
        self.run_program("train", "--data", file, "--layers", "1-2:identity-1:sigmoid", "--cost", "cross-entropy", "--epochs", "0",
                         "--scale", "none", "--device", "cpu", "--save", "m")
        content = bytearray((self.folder / "m").read_bytes())
        self.assertIn("auc", self.lines("eval", "m", "--data", file)[-1])
        for tensor, values in (("0.weight", (3e38, 3e38)), ("2.weight", (1, -1))):
            begin = tensors(content)[tensor][1]
            content[begin:begin + 8] = struct.pack("<2f", *values)
        self.put("m", signed(bytes(content)))
        result = self.lines("eval", "m", "--data", file)[-1]
        self.assertEqual((result["accuracy"], result["loss"]), (0.5, None))
        self.assertFalse({"auc", "log_loss", "calibration_error"} & result.keys())

    def test_models_of_others(self):
        header = lambda kind, size: json.dumps({"a.weight": {"dtype": kind, "shape": [1, 2], "data_offsets": [0, 2 * size]}}).encode().ljust(120)
        for kind, code, size, values in (("F64", "d", 8, (1e39, -1e300, NAN, INF)), ("F32", "f", 4, (NAN, INF)), ("F16", "e", 2, (NAN, INF))):
            for value in values:
                text = header(kind, size)
                self.put("m", struct.pack("<Q", len(text)) + text + struct.pack(f"<2{code}", 0.5, value))
                self.assertIn("a.weight", self.run_program("predict", "m", self.write("x.csv", [[1, 2]]), "--layers", "2-1:identity", code=INPUT).stderr)


class Divergence(Numbers):
    MESSAGE = r"in epoch (\d+) the cost is no longer finite at step (\d+) of (\d+) \(learning rate (\S+), largest \|input\| 199\); scale the data or lower --lr"

    def test_every_way_of_training(self):
        """Within the first epoch, and no file is written."""
        file = self.steep()
        for more in (["--engine", "ops"], ["--engine", "fused"], ["--engine", "fused", "--threads", "3"], ["--validation", "0.2"], ["--folds", "3"], ["--folds", "3", "--threads", "1"],
                     ["--optimizer", "momentum"], ["--optimizer", "adam", "--lr", "1e38"], ["--dropout", "0.1"], ["--clip", "1e30"], ["--batch", "200", "--lr", "1e30"],
                     ["--schedule", "cosine"], ["--cost", "huber", "--lr", "1e37"], ["--init", "normal"]):
            with self.subTest(more):
                more = more if "--lr" in more else [*more, "--lr", "10"]
                data = ["--save", "m"] if "--folds" not in more else []
                said = self.refused(file, *STEEP, *more, *data, code=DIVERGED, options=[])
                self.assertRegex(said, "largest .input. 199|is no longer finite")
                self.assertRegex(said, "epoch [12] ")
                self.assertFalse((self.folder / "m").exists())

    def test_later(self):
        """A rate that is only just too large: found in the epoch in which it happens, the last checkpoint of before is good, and goes on to the same end."""
        file = self.steep()
        (self.folder / "m").write_text("old")
        more = ["--target", "y", "--layers", "1-1:identity", "--device", "cpu", *RAW, "--lr", "1.6e-4", "--batch", "200", "--epochs", "1000", "--init", "xavier"]
        result = self.run_program("train", "--data", file, *more, "--save", "m", "--checkpoint", "c", "--checkpoint-every", "1e", "--json", code=DIVERGED)
        epochs = [line for line in map(json.loads, result.stdout.splitlines()) if line["schema"] == "annc.epoch/1"]
        self.assertGreater(len(epochs), 10)
        self.assertTrue(all(line["loss"] is not None for line in epochs))
        self.assertRegex(result.stderr, f"in epoch {len(epochs) + 1} |after epoch {len(epochs)} ")
        self.assertIn("the last checkpoint before that is in c", result.stderr)
        self.all_finite("c")
        self.assertEqual((self.folder / "m").read_text(), "old")
        done = int(self.lines("info", "c")[0]["annc.epochs"])
        self.assertIn(len(epochs) - done, (0, 1))
        again = self.run_program("train", "--resume", "c", code=DIVERGED).stderr
        self.assertEqual(again.splitlines()[-1], result.stderr.splitlines()[-1])
        self.assertNotIn("targets are scaled", result.stderr)

    def test_best_of_before(self):
        """With validation, what was best before the divergence is kept."""
        file = self.steep()
        more = ["--target", "y", "--layers", "1-1:identity", "--device", "cpu", *RAW, "--lr", "1.6e-4", "--batch", "200", "--epochs", "1000", "--init", "xavier"]
        said = self.refused(file, *more, "--validation", "0.2", "--save", "m", code=DIVERGED, options=[])
        self.assertIn("saved: m", said)
        self.all_finite("m")

    def test_finite_cost_alone(self):
        """A unit whose weight is infinite is saturated, and the cost is finite: that is no epoch to keep."""
        header, at = {}, 0
        for name, shape in (("0.weight", [1, 1]), ("0.bias", [1]), ("2.weight", [1, 1]), ("2.bias", [1])):
            header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + 4]}
            at += 4
        text = json.dumps(header).encode().ljust(320)
        self.put("steep", struct.pack("<Q", len(text)) + text + struct.pack("<4f", 0, 0, 1, 0))
        file = self.write("t.csv", [["1e30", 1]] * 20, ["x", "y"])
        more = ["--target", "y", "--layers", "1-1:tanh-1:identity", "--load", "steep", "--batch", "20", "--device", "cpu", *RAW]
        for epochs, cost in ((1, "after epoch 1 parameter 0 is no longer finite"), (2, "no longer finite")):
            said = self.refused(file, *more, "--lr", "1e9", "--epochs", epochs, "--validation", "0.2", "--save", "m", code=DIVERGED, options=[])
            self.assertIn(cost, said)
            self.assertFalse((self.folder / "m").exists())

    def test_sweep(self):
        file = self.steep()
        for engine in ("ops", "fused"):
            *networks, result = self.lines("sweep", "--data", file, *STEEP, "--epochs", "3", "--grid", "lr=1e-9,10", "--engine", engine, "--save", "m")
            failed = [line for line in networks if "error" in line]
            self.assertEqual([line["lr"] for line in failed], [10])
            self.assertIn("diverged", failed[0]["error"])
            self.assertEqual((result["failed"], result["lr"]), (1, 1e-9))
            self.all_finite("m")

    def test_state_of_the_optimiser(self):
        """Squares of gradients overflow while all else is finite: no checkpoint of that is written, and the one of before is good."""
        file = self.write("t.csv", [[f"{i}e20", f"{i}e18"] for i in range(1, 41)], ["x", "y"])
        said = self.refused(file, *LINE, *RAW, "--optimizer", "adam", "--cost", "mean-absolute", "--checkpoint", "c", code=DIVERGED, options=[])
        self.assertRegex(said, r"second moment of parameter \d+ is no longer finite \(largest .input. 4e\+21\); scale the data")
        self.assertIn("the last checkpoint before that is in c", said)
        self.run_program("train", "--resume", "c", code=DIVERGED)


class Extremes(Numbers):
    def finite(self, line):
        for key, value in line.items():
            self.assertTrue(value is not None, key)
        return line

    def test_rates(self):
        file = self.write("t.csv", blobs(60), COLUMNS)
        more = ["--layers", "4-8:tanh-3:softmax", "--cost", "categorical-cross-entropy", "--epochs", "3", "--device", "cpu"]
        for engine in ("ops", "fused"):
            still = self.finite(self.lines("train", "--data", file, *more, "--lr", "1e-40", "--engine", engine, "--save", "a")[-1])
            start = self.lines("train", "--data", file, *more[:4], "--epochs", "0", "--device", "cpu", "--save", "b")[-1]
            self.assertEqual(start["epochs"], 0)
            size = 4 * (4 * 8 + 8 + 8 * 3 + 3)
            a, b = (struct.unpack(f"<{size // 4}f", (self.folder / name).read_bytes()[-size:]) for name in "ab")
            self.assertTrue(all(abs(x - y) < 1e-36 for x, y in zip(a, b)))
            self.assertLess(still["loss"], 100)
            self.refused(file, *more, "--lr", "1e39", "--engine", engine, code=DIVERGED, options=[])
        # A saturated network is no divergence: sigmoids stay within [0, 1] whatever the rate.
        for engine in ("ops", "fused"):
            last = self.lines("train", "--data", file, "--layers", "4-8-3", "--lr", "1e30", "--epochs", "3", "--device", "cpu", "--engine", engine)[-1]
            self.assertTrue(0 <= last["loss"] <= 60 * 1.5)
        self.refused(file, *more, "--lr", "1e309", code=USAGE, options=[])

    def test_saturated(self):
        rows = [[1e6 * (i % 2), -1e6, i % 2] for i in range(40)]
        for cost in ("quadratic", "cross-entropy"):
            for engine in ("ops", "fused"):
                lines = self.lines("train", "--data", self.write("t.csv", rows, ["a", "b", "label"]), "--layers", "2-4-2", "--cost", cost, "--scale", "none", "--device", "cpu",
                                   "--epochs", "3", "--engine", engine)
                for line in lines:
                    self.assertTrue(math.isfinite(line["loss"]))
                self.assertGreater(lines[0]["saturated"][0], 0.9)

    def test_constant_columns(self):
        rows = [[row[0], "7", row[2], "-1e30", row[4]] for row in blobs(60)]
        file = self.write("t.csv", rows, COLUMNS)
        self.run_program("train", "--data", file, *T, "--save", "m")
        factors = json.loads(self.lines("info", "m")[-1]["annc.input_factor"])
        self.assertEqual([float.fromhex(factor) == 0 for factor in factors], [False, True, False, True])
        changed = self.write("u.csv", [[row[0], "12345", row[2], "3e38", row[4]] for row in rows], COLUMNS)
        self.assertEqual(self.lines("predict", "m", file)[5]["probabilities"], self.lines("predict", "m", changed)[5]["probabilities"])
        # All of them: nothing can be learnt but how many there are of each.
        rows = [["1", "2", "3", "4", "alpha" if i % 4 else "beta"] for i in range(60)]
        two = ["--layers", "4-8:tanh-2:softmax", *T[2:]]
        last = self.finite(self.lines("train", "--data", self.write("t.csv", rows, COLUMNS), *two, "--save", "m")[-1])
        self.assertEqual(last["training_accuracy"], 0.75)
        self.assertAlmostEqual(self.lines("predict", "m", "t.csv")[0]["probabilities"][0], 0.75, 1)

    def test_few_examples(self):
        one = self.write("one.csv", [[1, 2, 5]], ["a", "b", "y"])
        last = self.lines("train", "--data", one, "--target", "y", "--layers", "2-1:identity", "--epochs", "300", "--lr", "0.1", "--device", "cpu", "--save", "m")[-1]
        self.assertLess(self.finite(last)["loss"], 1e-6)
        self.assertAlmostEqual(self.lines("predict", "m", one)[0]["values"][0], 5, 3)
        two = self.write("two.csv", [[1, "x"], [2, "y"]], ["a", "label"])
        network = ["--layers", "1-2:softmax", "--cost", "categorical-cross-entropy", "--lr", "1", "--epochs", "50", "--device", "cpu"]
        self.assertEqual(self.lines("train", "--data", two, *network)[-1]["training_accuracy"], 1)
        self.refused(two, *network, "--validation", "0.5", options=[], code=INPUT)
        self.refused(one, "--target", "y", "--layers", "2-1:identity", "--validation", "0.5", options=[], code=INPUT)
        self.refused(two, *network, "--folds", "3", options=[], code=INPUT)
        numbers = self.write("n.csv", [[1, 3], [2, 5]], ["x", "y"])
        last = self.lines("train", "--data", numbers, *LINE, "--validation", "0.5", "--epochs", "2", "--lr", "0.1")[-1]
        self.assertEqual(last["validation_count"], 1)

    def test_one_class(self):
        file = self.write("t.csv", [row[:4] + ["alpha"] for row in blobs(30)], COLUMNS)
        self.assertRegex(self.refused(file, options=["--layers", "4-2:softmax", "--cost", "categorical-cross-entropy"]), "1 different label.* 2 outputs")
        zeros = self.write("z.csv", [row[:4] + ["0"] for row in blobs(30)], COLUMNS)  # whole labels within 0...1 are indices
        last = self.lines("train", "--data", zeros, "--label", "label", "--layers", "4-2:softmax", "--cost", "categorical-cross-entropy", "--lr", "0.1", "--epochs", "20", "--device", "cpu")[-1]
        self.assertEqual(last["training_accuracy"], 1)

    def test_minibatch_larger_than_the_data(self):
        file = self.write("t.csv", blobs(60), COLUMNS)
        losses = set()
        for batch in ("60", "61", "1000000000"):
            result = self.run_program("train", "--data", file, *T[:-8], "--epochs", "3", "--batch", batch, "--device", "cpu", "--json")
            losses.add(json.loads(result.stdout.splitlines()[-1])["loss"])
            self.assertEqual("batch size reduced to 60" in result.stderr, batch != "60")
        self.assertEqual(len(losses), 1)

    def test_constant_target(self):
        """R2 is 1 where nothing varies and nothing is missed, and otherwise 0; the model says the constant."""
        file = self.write("t.csv", [[i, 42] for i in range(30)], ["x", "y"])
        result = self.finite(self.lines("train", "--data", file, "--test", file, *LINE, "--lr", "0.1", "--epochs", "30", "--save", "m")[-1])
        self.assertIn(result["r2"], (0, 1))
        self.assertLess(result["rmse"], 0.5)
        self.assertAlmostEqual(self.lines("predict", "m", file)[3]["values"][0], 42, 0)

    def test_ends_of_single_precision(self):
        for scale in ("standardise", "min-max"):
            rows = [[f"{BIG * (1 if i % 2 else -1):.6g}", f"{1e-45 * (i % 5):.6g}", f"{1e-38 * (i % 3):.6g}", i % 2] for i in range(40)]
            file = self.write("t.csv", rows, ["a", "b", "c", "label"])
            network = ["--layers", "3-4:tanh-2:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--lr", "0.1", "--epochs", "30", "--device", "cpu"]
            last = self.finite(self.lines("train", "--data", file, *network, "--scale", scale, "--save", "m")[-1])
            self.assertEqual(last["training_accuracy"], 1)
            self.assertEqual(self.lines("eval", "m", "--data", file)[-1]["accuracy"], 1)
        # As they are, their products are infinite: said, not hidden.
        self.assertIn("largest |input| 3.4e+38", self.refused(file, "--layers", "3-4:relu-2:softmax", *network[2:4], "--lr", "0.1", "--epochs", "30", "--device", "cpu", "--scale", "none", code=DIVERGED, options=[]))
        rows = [[f"{BIG * (1 if i % 2 else -1):.6g}", f"{BIG * (1 if i % 2 else -1):.6g}"] for i in range(40)]
        last = self.lines("train", "--data", self.write("y.csv", rows, ["x", "y"]), *LINE, "--lr", "0.1", "--epochs", "50", "--test", "y.csv")[-1]
        self.assertGreater(last["r2"], 0.99)

    def test_many_epochs(self):
        file = self.write("t.csv", blobs(60), COLUMNS)
        last = self.lines("train", "--data", file, *T[:-10], "--epochs", "1000000000", "--max-time", "0.3", "--device", "cpu", "--quiet")[-1]
        self.assertEqual(last["ended_by"], "max-time")
        self.refused(file, *T[:-10], "--epochs", "1000000001", code=USAGE, options=[])


class Words(Tables):
    """Counts of one, and numbers that are too long to be read."""

    def test_one_of_a_kind(self):
        one = self.write("one.csv", [[1, 2]], ["a", "b"])
        line = ["--layers", "1-1:identity", "--target", "b", "--epochs", "1", "--scale", "none", "--target-scale", "none", "--device", "cpu"]
        said = self.run_program("train", "--data", one, *line, "--checkpoint", "c", "--save", "m").stderr
        self.assertIn("  1 row of 2 columns separated by commas", said)
        self.assertIn("batch size reduced to 1, the number of examples\n", said)
        self.assertIn("resumed after 1 epoch,", self.run_program("train", "--resume", "c").stderr)
        self.assertIn("ended after 1 epoch by --target-accuracy",
                      self.run_program("train", "--data", "bars", *SMALL, "--target-accuracy", "0.01").stderr)
        self.assertIn("the model has 1 input, but MNIST", self.run_program("train", "--load", "m", code=INPUT).stderr)
        self.assertIn("1 column: a", self.run_program("eval", "m", "--data", self.write("a.csv", [[1]], ["a"]), code=INPUT).stderr)
        self.assertIn("rows of 1 feature, not images", self.run_program("show", "--data", one, "--label", "b", code=INPUT).stderr)
        self.assertIn("layers are 1 to 1", self.run_program("trace", "m", "--data", one, "--neuron", "2:1", code=USAGE).stderr)
        two = self.write("two.csv", [[1, 2], [3, 4]], ["a", "b"])
        self.assertIn("1 row is held out for validation, 1 is used for training", self.run_program("train", "--data", two, *line, "--validation", "0.5").stderr)
        self.assertIn("the network has 2 inputs, but the data have 1;", self.refused(two, *line[2:], "--layers", "2-1:identity", options=[]))
        self.assertIn("the network has 1 input, but the data have 784;", self.refused("bars", "--layers", "1-10", options=[]))
        self.assertIn("the network has 1 output; end --layers with 10", self.refused("digits", "--layers", "784-1", options=[]))
        self.assertIn("the set of built-in digits has 784 inputs per example, but two.csv has 1",
                      self.refused("digits", "--layers", "784-10", "--test", two, "--label", "b", options=[]))
        self.assertIn("has 1 number, but there are 2 classes",
                      self.refused(self.write("k.csv", [[1, "x"], [2, "y"]], ["a", "b"]), "--layers", "1-1", "--class-weights", "1", options=[], code=USAGE))

    def test_huge(self):
        """Losses and R2 of a training that goes wrong stay in their columns."""
        file = self.write("r.csv", [[i, i % 7] for i in range(60)], ["x", "y"])
        more = ["--data", file, "--target", "y", "--layers", "1-8:relu-1:identity", "--scale", "none", "--target-scale", "none", "--batch", "60", "--device", "cpu"]
        text = self.run_program("train", *more, "--test", file, "--lr", "1e7", "--epochs", "1").stdout
        self.assertRegex(text, r"Epoch 1:  Mean loss: \d+\.\d+  test set R2: -\d\.\d+e\+\d+ RMSE: ")
        losses = self.run_program("train", *more, "--lr", "0.3", "--epochs", "4").stdout
        self.assertRegex(losses, r"Mean loss: \d\.?\d*e\+\d+\n")
        self.assertNotRegex(losses, r"\d{10}")
        table = self.run_program("sweep", *more[:-2], "--epochs", "1", "--grid", "lr=1e-9,1e4").stdout.splitlines()
        self.assertRegex(table[-1], r"^R2 -\d\.\d+e\+\d+ +1 ")
        self.assertEqual(len({line.index(word) for line, word in zip(table, ("network", "lr=1e-9", "lr=1e4"), strict=True)}), 1)
        self.assertTrue(all(line[table[0].index("epoch")] == "1" for line in table[1:]))


if __name__ == "__main__":
    main()
