#!/usr/bin/env python3
"""Tasks from end to end, and how training ends: regression, two classes, folds, validation, early stopping, schedules, configurations.
Called as program.py says."""
import csv
import math
import random

from program import DEVICE, DIVERGED, INPUT, USAGE, main
from tables import COLUMNS, T, Tables, blobs


def flowers(seed=1):
    """150 rows, four measures, three classes by name, two of which overlap: like iris, drawn."""
    draw = random.Random(seed)
    kinds = {"setosa": (5.0, 3.4, 1.5, 0.2), "versicolor": (5.9, 2.8, 4.3, 1.3), "virginica": (6.6, 3.0, 5.5, 2.0)}
    spreads = (0.45, 0.33, 0.35, 0.22)
    return [[f"{draw.gauss(m, s):.1f}" for m, s in zip(kinds[name], spreads)] + [name] for name in kinds for _ in range(50)]


class Tasks(Tables):
    def test_flowers_in_folds(self):
        file = self.write("flowers.csv", flowers(), ["sepal length", "sepal width", "petal length", "petal width", "species"])
        lines = self.lines("train", "--data", file, "--label", "species", "--layers", "4-16:tanh-3:softmax", "--cost", "categorical-cross-entropy",
                           "--optimizer", "adam", "--lr", "0.01", "--epochs", "100", "--batch", "16", "--scale", "standardise", "--folds", "5",
                           "--seed", "1", "--device", "cpu")
        folds = [line for line in lines if line["schema"] == "annc.fold/1"]
        self.assertEqual([line["validation_count"] for line in folds], [30] * 5)
        self.assertEqual((lines[-1]["schema"], lines[-1]["folds"]), ("annc.folds/1", 5))
        self.assertGreater(lines[-1]["accuracy_mean"], 0.9)
        self.assertGreaterEqual(lines[-1]["accuracy_sd"], 0)
        mean = sum(line["validation_accuracy"] for line in folds) / 5
        self.assertAlmostEqual(lines[-1]["accuracy_mean"], mean, 12)
        # One after another and all at once are the same.
        for more in ([], ["--patience", "5"], ["--dropout", "0.2"], ["--class-weights", "balanced"]):
            each = [self.lines("train", "--data", file, "--label", "species", *T, "--folds", "5", "--threads", n, *more)
                    for n in (1, 3)]
            for line in each[0] + each[1]:
                for key in ("seconds", "wall_seconds", "threads", "options"):
                    line.pop(key, None)
            self.assertEqual(each[0], each[1])
        text = self.run_program("train", "--data", file, "--label", "species", *T, "--folds", "3").stdout.splitlines()
        self.assertRegex(text[-1], r"^3 folds:  acc: \d\d\.\d\d% \+- ")

    def test_xor(self):
        file = self.write("xor.csv", [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], ["a", "b", "y"])
        more = ["--layers", "2-3:tanh-1", "--cost", "cross-entropy", "--lr", "0.5", "--batch", "1", "--epochs", "1000", "--seed", "2", "--device", "cpu"]
        self.run_program("train", "--data", file, *more, "--save", "m")
        result = self.lines("eval", "m", "--data", file)[-1]
        self.assertEqual((result["accuracy"], result["auc"]), (1, 1))
        self.assertLess(result["log_loss"], 0.05)
        same = self.write("same.csv", [[0, 1, 0], [0, 1, 1], [0, 1, 1]], ["a", "b", "y"])
        self.assertEqual(self.lines("eval", "m", "--data", same)[-1]["auc"], 0.5)  # of outputs that are equal half are in the right order
        self.assertEqual(self.lines("eval", "m", "--data", file, "--threshold", "1")[-1]["accuracy"], 0.5)

    def test_threshold(self):
        """The boundary between two classes lies anywhere in the range of the outputs, and nowhere else."""
        file = self.write("xor.csv", [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], ["a", "b", "y"])

        def train(layers, cost, *more):
            self.run_program("train", "--data", file, "--layers", layers, "--cost", cost, "--epochs", "1", "--device", "cpu", *more, "--save", "m")

        def count(threshold):
            """Examples that are told for class 1, by --threshold and by their outputs."""
            self.run_program("eval", "m", "--data", file, "--threshold", threshold, "--per-example", "each.csv")
            rows = [line.split(",") for line in (self.folder / "each.csv").read_text().splitlines()[1:]]
            told = [row[2] == "1" for row in rows]
            self.assertEqual(told, [float(row[-1]) > float(threshold) for row in rows])
            return sum(told)

        for layers, cost in (("2-3:tanh-1:tanh", "hinge"), ("2-3:tanh-1:identity", "hinge")):
            train(layers, cost)
            self.assertEqual(count("-1"), 4)
            count("-0.25")
            self.assertEqual(count("1" if layers.endswith("1:tanh") else "5e9"), 0)
        train("2-3:tanh-1:tanh", "hinge")
        for wrong in ("-1.01", "2"):
            self.assertIn(f"--threshold {wrong}: the outputs of tanh lie between -1 and 1",
                          self.run_program("eval", "m", "--data", file, "--threshold", wrong, code=USAGE).stderr)
        for wrong in ("inf", "nan", "1e999", "x"):
            self.assertIn("--threshold takes a finite number", self.run_program("eval", "m", "--data", file, "--threshold", wrong, code=USAGE).stderr)
        train("2-3:tanh-1", "cross-entropy")
        self.assertIn("sigmoid lie between 0 and 1", self.run_program("eval", "m", "--data", file, "--threshold", "-0.5", code=USAGE).stderr)
        train("2-3:tanh-1:relu", "quadratic")
        self.assertIn("relu are never below 0", self.run_program("eval", "m", "--data", file, "--threshold", "-0.5", code=USAGE).stderr)
        train("2-3:tanh-1:identity", "quadratic", "--target", "y")
        self.assertIn("the data have targets", self.run_program("eval", "m", "--data", file, "--threshold", "0.9", code=USAGE).stderr)

    def test_noisy_sine(self):
        """Fitted to the level of its noise, in the units of the file."""
        draw = random.Random(2)
        rows = [[x, 50 + 20 * (math.sin(x) + draw.gauss(0, 0.1))] for x in (draw.uniform(-3, 3) for _ in range(600))]
        train, test = self.write("train.csv", rows[:400], ["x", "y"]), self.write("test.csv", rows[400:], ["x", "y"])
        last = self.lines("train", "--data", train, "--test", test, "--target", "y", "--layers", "1-32:tanh-1:identity", "--optimizer", "adam",
                          "--lr", "0.01", "--epochs", "200", "--batch", "16", "--device", "cpu", "--save", "m")[-1]
        self.assertGreater(last["r2"], 0.96)
        self.assertTrue(1.6 < last["rmse"] < 2.8, last)  # 20 x 0.1
        result = self.lines("eval", "m", "--data", test)[-1]
        self.assertAlmostEqual(result["rmse"], last["rmse"], 4)
        self.run_program("eval", "m", "--data", test, "--per-example", "e.csv")
        with open(self.folder / "e.csv", newline="", encoding="utf-8") as lines:
            pairs = [(float(row["y"]), float(row["predicted_y"])) for row in csv.DictReader(lines)]
        self.assertAlmostEqual(math.sqrt(sum((a - b) ** 2 for a, b in pairs) / 200), last["rmse"], 4)
        self.assertTrue(all(abs(a - row[1]) < 1e-4 for (a, _), row in zip(pairs, rows[400:])))
        for cost in ("mean-absolute", "huber"):
            other = self.lines("train", "--data", train, "--test", test, "--target", "y", "--layers", "1-32:tanh-1:identity", "--optimizer", "adam",
                               "--lr", "0.01", "--epochs", "100", "--device", "cpu", "--cost", cost)[-1]
            self.assertGreater(other["r2"], 0.95)

    def in_epoch_lines(self, train, file, key, name, finally_):
        """The measure of a cost is in each epoch's line, in place of R2, and survives a checkpoint; after the last epoch it is the model's."""
        tested = self.lines(*train, "--test", file)
        self.assertEqual((tested[-2][f"test_{key}"], tested[-1][key]), (finally_, finally_))
        held = [*("6" if part == "100" else part for part in train), "--validation", "0.2", "--checkpoint", "c"]
        self.assertRegex(self.run_program(*held).stdout.splitlines()[-1], rf"^Epoch 6:  Mean loss: \S+  validation set {name}: \d\S*$")
        self.assertRegex(self.run_program(*held, "--test", file).stdout.splitlines()[-1],
                         rf"^Epoch 6:  Mean loss: \S+  validation {name}: \d\S*  test {name}: \d\S*$")
        whole = self.lines(*held)[-1]
        self.assertEqual(self.lines("train", "--resume", "c")[-1][f"validation_{key}"], whole[f"validation_{key}"])
        plain = self.lines(*train[:5], "--validation", "0.2", "--epochs", "1")[-1]
        self.assertNotIn(f"validation_{key}", plain)

    def test_quantiles(self):
        draw = random.Random(5)
        rows = [[f"{x:.4f}", f"{10 * x + draw.uniform(-1, 1):.4f}"] for x in (draw.random() for _ in range(600))]
        file = self.write("t.csv", rows, ["x", "y"])
        fit = ["train", "--data", file, "--target", "y", "--hidden", "none", "--optimizer", "adam", "--lr", "0.02", "--epochs", "100", "--device", "cpu"]
        for quantile in (0.1, 0.75):
            result = self.lines(*fit, "--cost", "quantile", "--quantile", quantile, "--save", "m")[-1]
            self.assertEqual(result["quantile"], quantile)
            measured = self.lines("eval", "m", "--data", file)[-1]
            self.assertAlmostEqual(measured["coverage"], quantile, delta=0.03)
            # of uniform noise within +-1 the best pinball loss is q (1 - q)
            self.assertAlmostEqual(measured["pinball"], quantile * (1 - quantile), delta=0.02)
        said = self.run_program("eval", "m", "--data", file).stdout
        self.assertIn("(quantile 0.75)", said)
        self.in_epoch_lines([*fit, "--cost", "quantile", "--quantile", "0.75"], file, "pinball", "pinball", measured["pinball"])
        self.assertIn("above 0 and below 1", self.refused(file, "--target", "y", "--cost", "quantile", "--quantile", "0", code=USAGE, options=[]))
        self.assertIn("the model has 0.75", self.run_program("eval", "m", "--data", file, "--quantile", "0.5", code=USAGE).stderr)
        self.assertIn("the cost is not quantile", self.run_program(*fit, "--quantile", "0.9").stderr)
        self.run_program("check", "m", "--data", file)

    def test_counts(self):
        draw = random.Random(6)
        rows = []
        for _ in range(600):
            x = draw.random()
            rate, n, product = math.exp(0.5 + 2 * x), 0, draw.random()
            while product > math.exp(-rate):
                n, product = n + 1, product * draw.random()
            rows.append([f"{x:.4f}", n])
        file = self.write("t.csv", rows, ["x", "n"])
        self.run_program("train", "--data", file, "--target", "n", "--hidden", "none", "--cost", "poisson", "--optimizer", "adam", "--lr", "0.02",
                         "--epochs", "100", "--device", "cpu", "--save", "m")
        measured = self.lines("eval", "m", "--data", file)[-1]
        self.assertTrue(0.8 < measured["poisson_deviance"] < 1.3, measured)
        self.in_epoch_lines(["train", "--data", file, "--target", "n", "--hidden", "none", "--cost", "poisson", "--optimizer", "adam", "--lr", "0.02",
                             "--epochs", "100", "--device", "cpu"], file, "poisson_deviance", "deviance", measured["poisson_deviance"])
        for given in (0.1, 0.9):
            rate = self.lines("predict", "m", self.write("one.csv", [[given]], ["x"]))[0]["values"][0]
            self.assertAlmostEqual(math.log(rate), 0.5 + 2 * given, delta=0.15)
        negative = self.write("negative.csv", [[0, 1], [1, -1], [2, 3]], ["x", "n"])
        self.assertIn("row 2: the target -1", self.refused(negative, "--target", "n", "--cost", "poisson", options=[]))
        self.assertIn("needs exp outputs", self.refused(file, "--target", "n", "--layers", "1-1:relu", "--cost", "poisson", code=USAGE, options=[]))
        self.assertIn("output layer only", self.refused(file, "--target", "n", "--layers", "1-2:exp-1:exp", "--cost", "poisson", code=USAGE, options=[]))

    def test_several_labels(self):
        draw = random.Random(7)
        points = [(draw.uniform(-1, 1), draw.uniform(-1, 1)) for _ in range(400)]
        rows = [[f"{a:.4f}", f"{b:.4f}", int(a > 0), int(b > 0), int(a + b > 0.5)] for a, b in points]
        file = self.write("t.csv", rows, ["a", "b", "red", "round", "big"])
        result = self.run_program("train", "--data", file, "--target", "red,round,big", "--epochs", "60", "--device", "cpu", "--save", "m")
        self.assertIn("sigmoid, cross-entropy cost", result.stderr)
        measured = self.lines("eval", "m", "--data", file)[-1]
        outputs = [line["values"] for line in self.lines("predict", "m", self.write("x.csv", [row[:2] for row in rows], ["a", "b"]))]
        said = [[int(p > 0.5) for p in one] for one in outputs]
        self.assertEqual(measured["exact"], sum(one == row[2:] for one, row in zip(said, rows)))
        self.assertGreater(measured["subset_accuracy"], 0.9)
        for j, label in enumerate(measured["labels"]):
            both = sum(one[j] and row[2 + j] for one, row in zip(said, rows))
            wanted, predicted = sum(row[2 + j] for row in rows), sum(one[j] for one in said)
            self.assertAlmostEqual(label["f1"], 2 * both / (wanted + predicted))
            self.assertEqual((label["label"], label["support"]), (("red", "round", "big")[j], wanted))
        self.assertIn("subset accuracy", self.run_program("eval", "m", "--data", file).stdout)
        # An epoch's line has the share of right labels, too; after the last one it is the model's.
        right = sum(p == y for one, row in zip(said, rows) for p, y in zip(one, row[2:])) / (3 * len(rows))
        self.assertAlmostEqual(measured["label_accuracy"], right)
        tested = self.lines("train", "--data", file, "--test", file, "--target", "red,round,big", "--epochs", "60", "--device", "cpu")
        self.assertEqual((tested[-2]["test_label_accuracy"], tested[-1]["label_accuracy"]), (right, right))
        train = ["train", "--data", file, "--target", "red,round,big", "--device", "cpu"]
        held = [*train, "--validation", "0.2", "--epochs", "6", "--checkpoint", "c"]
        self.assertRegex(self.run_program(*held).stdout.splitlines()[-1],
                         r"^Epoch 6:  Mean loss: \S+  validation set label acc: \d+\.\d\d%$")
        self.assertRegex(self.run_program(*held, "--test", file).stdout.splitlines()[-1],
                         r"^Epoch 6:  Mean loss: \S+  validation label acc: \d+\.\d\d%  test label acc: \d+\.\d\d%$")
        whole = self.lines(*held)[-1]
        self.assertEqual(self.lines("train", "--resume", "c")[-1]["validation_label_accuracy"], whole["validation_label_accuracy"])
        # One column is a number: no share of labels.
        self.assertNotIn("validation_label_accuracy", self.lines("train", "--data", file, "--target", "red", "--validation", "0.2", "--epochs", "1")[-1])

    def test_several_targets(self):
        rows = [[x / 10, 3 * x / 10 + 1, 1000 - 7 * x] for x in range(100)]
        file = self.write("t.csv", rows, ["x", "up", "down"])
        lines = self.lines("train", "--data", file, "--target", "up,down", "--layers", "1-2:identity", "--lr", "0.1", "--epochs", "50", "--device", "cpu",
                           "--validation", "0.2")
        self.assertGreater(lines[-1]["validation_r2"], 0.999)
        self.assertIn("needs classes", self.refused(file, "--target", "up,down", "--layers", "1-2:identity", "--target-accuracy", "0.9", code=USAGE, options=[]))
        self.assertIn("2 outputs, but the data have 1", self.refused(file, "--target", "up", "--drop", "down", "--layers", "1-2:identity", options=[]))

    def test_spiral(self):
        rows = []
        draw = random.Random(3)
        for i in range(600):
            k, t = i % 3, (i // 3) / 200
            angle = 2 * math.pi * k / 3 + 4 * t + draw.gauss(0, 0.05)
            rows.append([f"{t * math.cos(angle):.4f}", f"{t * math.sin(angle):.4f}", "red green blue".split()[k]])
        self.trains(self.write("t.csv", rows, ["x", "y", "label"]),
                    options=["--layers", "2-64:relu-64:relu-3:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--lr", "0.01",
                             "--epochs", "60", "--batch", "32", "--device", "cpu"])

    def test_two_classes_by_hinge(self):
        two = [row for row in blobs(150) if row[4] != "gamma"]
        file = self.write("t.csv", two, COLUMNS)
        self.trains(file, options=["--layers", "4-8:tanh-1:identity", "--cost", "hinge", "--optimizer", "adam", "--lr", "0.05", "--device", "cpu"])
        self.assertIn("identity or tanh", self.refused(file, "--layers", "4-1:sigmoid", "--cost", "hinge", options=[], code=USAGE))


    def test_moved_images(self):
        """Bars that are moved about are still learnt, and differently; a table cannot be moved."""
        more = ["--layers", "784-32:tanh-10:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--epochs", "20", "--device", "cpu"]
        still = self.lines("train", "--data", "bars", *more)[-1]
        moved = self.lines("train", "--data", "bars", *more, "--shift", "0.5", "--rotate", "3", "--zoom", "0.05", "--elastic", "2")[-1]
        self.assertNotEqual(still["loss"], moved["loss"])
        self.assertGreater(moved["accuracy"], 0.95)
        file = self.write("t.csv", blobs(60), COLUMNS)
        self.assertIn("only images can be augmented", self.refused(file, "--shift", "1"))


class Refusals(Tables):
    def test_nan_from_the_first_epoch(self):
        file = self.write("t.csv", [[i, 1000 * i] for i in range(200)], ["x", "y"])
        network = ["--target", "y", "--layers", "1-16:relu-1:identity", "--device", "cpu"]
        message = self.refused(file, *network, "--lr", "1", "--scale", "none", "--target-scale", "none", code=DIVERGED, options=[])
        self.assertRegex(message, r"in epoch 1 .* step \d+ of 13 \(learning rate 1, largest \|input\| 199\); scale the data or lower --lr")
        last = self.lines("train", "--data", file, "--test", file, *network, "--lr", "0.05", "--epochs", "50", "--batch", "16")[-1]
        self.assertGreaterEqual(last["r2"], 0.99)

    def test_costs_that_cannot_take_the_labels(self):
        file = self.write("t.csv", blobs(60), COLUMNS)
        self.assertRegex(self.refused(file, options=["--layers", "4-8:tanh-2:softmax", *T[2:]]), "3 different labels .* 2 outputs")
        self.assertRegex(self.refused("bars", "--layers", "784-64:relu-1:sigmoid", "--cost", "cross-entropy", options=[]),
                         "10 different labels from 0 to 9, but the network has 1 output, which takes two classes")
        numbers = self.write("n.csv", [[1, 0.2, 0.9], [2, 0.4, 0.1]], ["x", "p", "q"])
        message = self.refused(numbers, "--target", "p,q", "--layers", "1-2:softmax", "--cost", "categorical-cross-entropy", options=[])
        self.assertRegex(message, r"row \d: the targets sum to \d\.\d+, but categorical-cross-entropy needs probabilities that sum to 1")
        self.assertRegex(self.refused(self.write("n.csv", [[1, 7], [2, 0]], ["x", "p"]), "--target", "p", "--layers", "1-1:sigmoid", options=[]),
                         r"the target 7 is out of reach of sigmoid outputs, which are within \[0, 1\]; use --output-activation identity")
        self.assertIn("needs sigmoid outputs, not softmax", self.refused(file, "--layers", "4-3:softmax", "--cost", "cross-entropy", code=USAGE, options=[]))

    def test_out_of_memory_of_what(self):
        file = self.write("t.csv", blobs(60), COLUMNS)
        message = self.refused(file, "--layers", "4-300000-300000-3:softmax", "--cost", "categorical-cross-entropy", "--device", "cpu", code=DEVICE, options=[])
        self.assertRegex(message, r"out of memory on cpu.*needs \d+ bytes \(weights 360\d+, optimiser 0, a minibatch of 16 \d+, engine \d+, examples \d+\); \d+ are free of \d+")
        self.assertIn("batch size reduced to 60", self.notes(file, options=["--layers", "4-3", "--batch", "100000000", "--epochs", "1",
                                                                          "--device", "cpu"]))

    def test_more_folds_than_rows(self):
        """Found before the first fold is trained, with one thread and with several, and of the rows that are left; as many folds as rows are fine."""
        file = self.write("t.csv", blobs(6) + [["", 1, 2, 3, "alpha"]], COLUMNS)
        for threads in ("1", "2"):
            more = ["--missing", "drop", "--layers", "4-3", "--epochs", "1", "--device", "cpu", "--threads", threads, "--folds"]
            result = self.run_program("train", "--data", file, *more, "7", code=INPUT)
            self.assertEqual(result.stdout, "")
            self.assertIn("t.csv: --folds is 7, but there are only 6 rows", result.stderr)
            self.assertEqual(self.run_program("train", "--data", file, *more, "6").stdout.count("Fold "), 6)

    def test_last_minibatch(self):
        file = self.write("t.csv", blobs(1000), COLUMNS)
        losses = set()
        for batch in ("1", "256", "1000"):
            last = self.lines("train", "--data", file, "--test", file, "--layers", "4-3", "--epochs", "1", "--lr", "1e-30", "--batch", batch, "--device", "cpu")
            losses.add(round(last[0]["test_loss"], 6))
            self.assertEqual(last[0]["training_count"], 1000)
        self.assertEqual(len(losses), 1)

    def test_wrong_options(self):
        file = self.write("t.csv", blobs(60), COLUMNS)
        for wrong in (["--validation", "1.5"], ["--validation", "0"], ["--folds", "1"], ["--folds", "3", "--validation", "0.1"], ["--patience", "3"],
                      ["--delimiter", "ab"], ["--decimal", "x"], ["--thousands", ";"], ["--momentum", "1"], ["--dropout", "1"], ["--l2", "-1"],
                      ["--class-weights", "a,b"], ["--class-weights", "1,2"], ["--folds", "3", "--save", "m"], ["--scale", "big"], ["--warmup", "-1"],
                      ["--optimizer", "adan"], ["--schedule", "cosin"], ["--target-accuracy", "2"], ["--max-time", "0"]):
            self.run_program("train", "--data", file, *T, *wrong, code=USAGE)

    def test_words_of_refusals(self):
        """What is refused is named as the command line has it, with what would do."""
        train = ["train", "--data", self.write("t.csv", blobs(60), COLUMNS), "--device", "cpu"]
        for wrong, code, words in ((["--decimal", "x"], USAGE, "--decimal takes '.' or ','; not 'x'"),
                                   (["--thousands", ";"], USAGE, "--thousands takes ',' or '.'; not ';'"),
                                   (["--rotate", "400"], USAGE, "--rotate takes degrees from 0 to 180, not '400'"),
                                   (["--zoom", "1"], USAGE, "--zoom"),
                                   (["--elastic-sigma", "0.4"], USAGE, "--elastic-sigma takes pixels from 0.5 to 32, not '0.4'"),
                                   (["--elastic-sigma", "40"], USAGE, "--elastic-sigma takes pixels from 0.5 to 32, not '40'"),
                                   (["--layers", "4-3:softmax", "--cost", "cross-entropy"], USAGE,
                                    "needs sigmoid outputs, not softmax: use --cost categorical-cross-entropy, or --output-activation sigmoid"),
                                   (["--layers", "4-3", "--cost", "categorical-cross-entropy"], USAGE, "use --output-activation softmax or --cost quadratic"),
                                   (["--layers", "4-4000-4000-3", "--engine", "fused"], DEVICE, "cannot run this training: the network is too large")):
            self.assertIn(words, self.run_program(*train, *wrong, code=code).stderr)


class Endings(Tables):
    def test_validation_and_patience(self):
        file = self.write("t.csv", flowers(), ["a", "b", "c", "d", "label"])
        more = ["--validation", "0.3", "--patience", "5", "--lr", "0.1", "--epochs", "500", "--optimizer", "adam"]
        network = ["--layers", "4-64:tanh-3:softmax", "--cost", "categorical-cross-entropy", "--device", "cpu"]
        lines = self.lines("train", "--data", file, *network, *more, "--save", "m")
        epochs, last = lines[:-1], lines[-1]
        self.assertEqual(last["ended_by"], "patience")
        best = min(epochs, key=lambda line: line["validation_loss"])
        self.assertEqual((last["best_epoch"], last["epochs"]), (best["epoch"], best["epoch"] + 5))
        self.assertEqual(last["validation_loss"], best["validation_loss"])
        # What was saved is the best epoch's network.
        self.assertEqual(self.lines("info", "m")[-1]["annc.epochs"], str(best["epoch"]))
        again = self.lines("train", "--data", file, *network, *more[:2], "--lr", "0.1", "--optimizer", "adam", "--epochs", best["epoch"], "--save", "n")
        self.assertEqual(again[-1]["validation_loss"], best["validation_loss"])
        self.assertEqual((self.folder / "m").read_bytes()[-1000:], (self.folder / "n").read_bytes()[-1000:])

    def test_validation_from_a_file(self):
        train, other = self.write("t.csv", blobs(60), COLUMNS), self.write("v.csv", blobs(30), COLUMNS)
        last = self.lines("train", "--data", train, *T, "--validation", other)[-1]
        self.assertEqual((last["validation_count"], last["validation_accuracy"]), (30, 1))

    def test_target_and_time(self):
        file = self.write("t.csv", blobs(150), COLUMNS)
        last = self.lines("train", "--data", file, *T, "--target-accuracy", "0.95")[-1]
        self.assertEqual(last["ended_by"], "target-accuracy")
        self.assertLess(last["epochs"], 60)
        long = [part if part != "60" else "1000000" for part in T]
        last = self.lines("train", "--data", file, *long, "--max-time", "0.3", "--quiet")[-1]
        self.assertEqual(last["ended_by"], "max-time")
        self.assertLess(last["wall_seconds"], 20)

    def test_schedule_in_the_lines(self):
        file = self.write("t.csv", blobs(160), COLUMNS)
        rates = [line["rate"] for line in self.lines("train", "--data", file, *T, "--schedule", "cosine")[:-1]]
        self.assertTrue(all(a > b for a, b in zip(rates, rates[1:])))
        self.assertAlmostEqual(rates[29], 0.05 * (1 + math.cos(math.pi * 299 / 600)) / 2, 6)
        flat = [line["rate"] for line in self.lines("train", "--data", file, *T, "--warmup", "2")[:-1]]
        self.assertAlmostEqual(flat[0], 0.025, 6)
        self.assertAlmostEqual(flat[59], 0.05, 7)

    def test_saturation_is_seen(self):
        lines = self.lines("train", "--data", "bars", "--layers", "784-16-10", "--epochs", "2", "--device", "cpu")
        self.assertEqual([len(lines[0]["saturated"]), len(lines[0]["dead"])], [2, 2])
        stuck = self.run_program("train", "--data", "bars", "--layers", "784-16-10", "--epochs", "20", "--lr", "200", "--batch", "10", "--device", "cpu").stderr
        self.assertRegex(stuck, r"warning: (the output for class '\d' is stuck|layer 1 is dead|\d+ of the 16 units)")


class Unused(Tables):
    """Options that do nothing beside the others: a line each says so, and nothing else changes."""

    def unused(self, *arguments, **more):
        said = self.run_program(*arguments, **more).stderr.splitlines()
        return [line.removeprefix("note: ").replace(" has no effect", "") for line in said if "no effect" in line]

    def test_training(self):
        train = ["train", "--data", self.write("t.csv", blobs(60), COLUMNS), "--layers", "4-3", "--epochs", "1", "--device", "cpu"]
        self.assertEqual(self.unused(*train), [])
        steps = ["--momentum", "0.9", "--beta2", "0.9", "--epsilon", "1e-3"]
        of = {"sgd": steps[::2], "momentum": ["--beta2", "--epsilon"], "nesterov": ["--beta2", "--epsilon"], "adagrad": ["--momentum", "--beta2"],
              "rmsprop": ["--momentum"], "adam": [], "adamw": []}
        for optimizer, idle in of.items():
            self.assertEqual(self.unused(*train, *steps, "--optimizer", optimizer), [f"{name}: the optimizer is {optimizer}" for name in idle])
        decay = ["--schedule-factor", "0.5", "--schedule-period", "2", "--warmup", "1"]
        of = {"constant": decay[:4:2], "step": [], "exponential": ["--schedule-period"], "cosine": decay[:4:2], "one-cycle": decay[:4:2], "plateau": []}
        for schedule, idle in of.items():
            self.assertEqual(self.unused(*train, *decay, "--schedule", schedule), [f"{name}: the schedule is {schedule}" for name in idle])
        self.assertEqual(self.unused(*train, "--split-seed", "3"), ["--split-seed: no part of the training set is held out"])
        self.assertEqual(self.unused(*train, "--split-seed", "3", "--validation", "t.csv"), ["--split-seed: no part of the training set is held out"])
        self.assertEqual(self.unused(*train, "--split-seed", "3", "--validation", "0.2"), [])
        self.assertEqual(self.unused(*train, "--split-seed", "3", "--folds", "3"), [])
        self.assertEqual(self.unused(*train, "--checkpoint-every", "1e"), ["--checkpoint-every: --checkpoint is not given"])
        self.assertIn("--checkpoint-every takes", self.run_program(*train, "--checkpoint-every", "often", code=USAGE).stderr)
        self.assertEqual(self.unused(*train, *steps, "--quiet"), [])
        self.assertEqual(self.unused(*train, *decay, "--checkpoint", "c", "--checkpoint-every", "1e"),
                         ["--schedule-factor: the schedule is constant", "--schedule-period: the schedule is constant"])
        self.assertEqual(self.unused("train", "--resume", "c", "--schedule-factor", "0.5"), [])  # which was told when it began
        (self.folder / "config").write_text("momentum = 0.9\n")
        self.assertEqual(self.unused(*train, "--config", "config"), [])  # which may be of several runs

    def test_sweep(self):
        """An option has an effect where any of the networks uses it."""
        sweep = ["sweep", "--data", self.write("t.csv", blobs(60), COLUMNS), "--layers", "4-3", "--epochs", "1", "--grid", "lr=0.1,1"]
        self.assertEqual(self.unused(*sweep, "--momentum", "0.9", "--ensemble", "2", "--split-seed", "2"),
                         ["--momentum: the optimizer is sgd", "--ensemble: --save is not given"])
        self.assertEqual(self.unused(*sweep, "--ensemble", "2", "--save", "m"), [])
        self.assertEqual(self.unused(*sweep, "--grid", "momentum=0.1,0.9"), ["--momentum: the optimizer is sgd"])
        self.assertEqual(self.unused(*sweep, "--grid", "optimizer=sgd,adagrad", "--momentum", "0.9", "--epsilon", "1e-3"),
                         ["--momentum: none of the optimizers uses it"])
        self.assertEqual(self.unused(*sweep, "--grid", "schedule=cosine,exponential", "--schedule-factor", "0.9", "--schedule-period", "2"),
                         ["--schedule-period: none of the schedules uses it"])

    def test_data(self):
        """What is said of tables, and images or the built-in digits are read; and the other way round."""
        table = ["--label", "kind", "--drop", "a", "--delimiter", ";", "--decimal", ".", "--thousands", ",", "--header", "no", "--skip", "2", "--x", "a", "--y", "b"]
        images = ["--labels", "file", "--transpose"]
        for data, name in (("bars", "IDX images"), ("digits", "the built-in digits")):
            idle = table[::2] if data == "bars" else table[::2] + ["--labels", "--transpose"]
            more = images[2:] if data == "bars" else images
            self.assertEqual(self.unused("train", "--data", data, "--layers", "784-4-10", "--epochs", "0", "--device", "cpu", *table, *more), [f"{option}: the data are {name}" for option in idle])
        self.write("t.csv", blobs(60), COLUMNS)
        train = ["train", "--data", "t.csv", "--layers", "4-3", "--epochs", "1", "--save", "m"]
        self.assertEqual(self.unused(*train, *table[6:8], "--x", "a", *images, "--test-labels", "l"),
                         ["--x: the data are a text table", "--labels: the data are a text table", "--transpose: the data are a text table",
                          "--test-labels: --test is not given"])
        self.assertEqual(self.unused("eval", "m", "--data", "t.csv", "--transpose"), ["--transpose: the data are a text table"])
        self.assertEqual(self.unused("train", "--data", "t.csv", "--layers", "2-2:identity", "--target", "a,d", "--drop", "label,d", "--epochs", "1"),
                         ["--drop on d: --target names the same column"])

    def test_worked_example(self):
        said = self.unused("trace", "--activation", "relu", "--cost", "huber", "--seed", "3", "--neuron", "1:1", "--lr", "0.5", "--edges", "2")
        self.assertEqual([line.split(":")[0] for line in said], ["--neuron", "--activation", "--cost", "--seed"])
        self.assertEqual(self.unused("trace", "--layers", "784-4-10", "--data", "bars", "--activation", "relu", "--cost", "huber", "--seed", "3"), [])


class Configurations(Tables):
    def test_config_file(self):
        file = self.write("t.csv", blobs(60), COLUMNS)
        (self.folder / "c").write_text("# a network\nlayers = 4-8:tanh-3:softmax\ncost = categorical-cross-entropy\n\noptimizer=adam\nlr = 0.05\n"
                                       "epochs = 60\nbatch = 16\nseed = 1\ndevice = cpu\nquiet = no\n")
        first = self.lines("train", "--data", file, "--config", "c", "--save", "m")[-1]
        self.assertEqual(first["loss"], self.lines("train", "--data", file, *T)[-1]["loss"])
        self.assertEqual(self.lines("train", "--data", file, "--config", "c", "--epochs", "3")[-1]["epochs"], 3)
        # What the model says of itself makes the same model again.
        (self.folder / "d").write_text(self.lines("info", "m")[-1]["annc.config"])
        self.run_program("train", "--config", "d", "--save", "n")
        self.assertEqual((self.folder / "m").read_bytes(), (self.folder / "n").read_bytes())

    def test_wrong_config(self):
        for text, message in (("epochs = 3\nlayer = 4-3\n", "line 2: unknown option 'layer'; did you mean layers?"), ("epochs 3\n", "line 1: 'epochs 3' is not"),
                              ("epochs = many\n", "line 1: --epochs takes a whole number"), ("json = maybe\n", "json must be yes or no"),
                              ("lr = 1\nepochs = 2\nlr = 3\n", "c, line 3: lr is given twice"), ("quiet = no\nquiet = yes\n", "c, line 2: quiet is given twice"),
                              ("config = c\n", "c, line 1: config cannot be set in a configuration file"), ("top = 3\ntop = 4\n", "c, line 2: top is given twice"),
                              ("\nwhat = images\n", "c, line 2: what cannot be set in a configuration file"), ("help = yes\n", "line 1: help cannot be set")):
            (self.folder / "c").write_text(text)
            self.assertIn(message, self.refused("bars", "--config", "c", code=USAGE, options=[]))
        self.assertIn("nowhere", self.refused("bars", "--config", "nowhere", code=INPUT, options=[]))

    def test_flags_in_a_file(self):
        file = self.write("t.csv", blobs(60), COLUMNS)
        for value, quiet in (("yes", True), ("true", True), ("no", False), ("false", False)):
            (self.folder / "c").write_text(f"quiet = {value}\nepochs = 1\n")
            result = self.run_program("train", "--data", file, "--layers", "4-3", "--device", "cpu", "--config", "c")
            self.assertEqual((result.stdout == "", result.stderr == ""), (quiet, quiet), value)

    def test_a_file_for_several_commands(self):
        """What a command has no option for is passed over, which is told; of a sweep every line counts."""
        file = self.write("t.csv", blobs(60), COLUMNS)
        (self.folder / "c").write_text(f"data = {file}\nlayers = 4-3\nepochs = 1\nlr = 0.1\ngrid = lr=1,2\ngrid = batch=4,8\nper-example = e.csv\n")
        said = self.run_program("train", "--config", "c", "--epochs", "2", "--save", "m")
        self.assertEqual(said.stdout.count("Epoch "), 2)
        self.assertIn("c: ignored options that this command does not have: grid, per-example\n", said.stderr)
        said = self.run_program("eval", "m", "--config", "c")
        self.assertIn("c: ignored options that this command does not have: epochs, lr, grid\n", said.stderr)
        self.assertTrue((self.folder / "e.csv").exists())
        self.assertNotIn("passed over", self.run_program("eval", "m", "--config", "c", "--quiet").stderr)
        self.assertIn("4 networks", self.run_program("sweep", "--config", "c").stderr)
        self.assertIn("3 networks", self.run_program("sweep", "--config", "c", "--grid", "lr=1,2,3").stderr)

    def test_presets(self):
        line = self.lines("train", "--data", "bars", "--preset", "modern", "--layers", "784-16-10", "--epochs", "1", "--batch", "400", "--device", "cpu",
                          "--save", "m")[-1]
        self.assertEqual(line["layers"], "784-16-10")
        info = self.lines("info", "m")[-1]
        self.assertEqual((info["annc.activations"], info["annc.cost"]), ("relu-softmax", "categorical-cross-entropy"))
        self.assertIn("optimizer = momentum", info["annc.config"])
        tutorial = self.lines("train", "--data", "bars", "--preset", "tutorial", "--epochs", "1", "--device", "cpu")[-1]
        self.assertEqual(tutorial["loss"], self.lines("train", "--data", "bars", "--epochs", "1", "--device", "cpu")[-1]["loss"])


if __name__ == "__main__":
    main()
