#!/usr/bin/env python3
"""What is chosen by the data where no option says it: network, cost, optimiser and length of the training. Called as program.py says."""
import math
import random

from program import INPUT, USAGE, main
from tables import Tables
from test_training import flowers

MEASURES = ["sepal length", "sepal width", "petal length", "petal width"]


class Inferred(Tables):
    def setUp(self):
        super().setUp()
        rows = flowers()
        random.Random(5).shuffle(rows)
        self.write("flowers.csv", rows[:100], [*MEASURES, "species"])
        self.write("unseen.csv", rows[100:], [*MEASURES, "species"])

    def options(self, *arguments):
        """The options of a training as its last line has them."""
        return self.lines("train", *arguments, "--device", "cpu")[-1]["options"]

    def test_classes(self):
        """Nothing but the data: a sensible network with a good score, and a line that says what was chosen."""
        run = self.run_program("train", "--data", "flowers.csv", "--test", "unseen.csv", "--save", "m", "--log", "log")
        self.assertRegex(run.stderr, r"\nchosen for these data \(options change it\): --hidden \S+ --epochs \d+ --batch \d+ --lr \S+\n")
        self.assertIn("-softmax, categorical-cross-entropy cost", run.stderr)
        self.assertGreater(self.lines("eval", "m", "--data", "unseen.csv")[-1]["accuracy"], 0.9)

    def test_the_model_has_every_choice(self):
        """The configuration in the model, given as options, makes the same model."""
        self.run_program("train", "--data", "flowers.csv", "--hidden", "8,5", "--epochs", "3", "--save", "m")
        config = self.lines("info", "m")[-1]["annc.config"]
        for name in ("layers = 4-8-5-3", "epochs = 3", "cost = categorical-cross-entropy", "optimizer = ", "lr = ", "schedule = ", "batch = "):
            self.assertIn(f"\n{name}", config)
        self.assertNotIn("hidden =", config)
        self.run_program("train", "--data", "flowers.csv", "--hidden", "8,5", "--epochs", "2", "--checkpoint", "c")
        self.run_program("train", "--resume", "c", "--epochs", "3")
        self.assertEqual(self.lines("info", "c")[-1]["annc.config"], config)
        (self.folder / "config").write_text(config)
        (self.folder / "described").write_text(self.run_program("info", "m").stdout)
        for source in ("config", "m", "described"):
            self.run_program("train", "--config", source, "--save", "again")
            self.assertEqual((self.folder / "again").read_bytes(), (self.folder / "m").read_bytes(), source)

    def test_numbers(self):
        draw = random.Random(2)
        rows = [[x, 50 + 20 * (math.sin(x) + draw.gauss(0, 0.1))] for x in (draw.uniform(-3, 3) for _ in range(600))]
        self.write("sine.csv", rows[:400], ["x", "y"])
        self.write("more.csv", rows[400:], ["x", "y"])
        last = self.lines("train", "--data", "sine.csv", "--test", "more.csv", "--target", "y")[-1]
        self.assertGreater(last["r2"], 0.9)
        self.assertEqual((last["options"]["output-activation"], last["options"]["cost"]), ("identity", "quadratic"))

    def test_numbers_as_classes(self):
        """Many labels of few rows each are likely numbers."""
        for step, warned in ((7, True), (0.05, False)):
            self.write("t.csv", [[i, int(step * i)] for i in range(300)], ["x", "y"])
            self.assertEqual("name the column with --target" in self.run_program("train", "--data", "t.csv", "--epochs", "1").stderr, warned)

    def test_answers(self):
        """Several targets that are 0 or 1 are independent answers, and are not scaled; other targets are."""
        draw = random.Random(3)
        points = [(draw.random(), draw.random()) for _ in range(200)]
        self.write("answers.csv", [[x, y, int(x > y), int(x + y > 1)] for x, y in points], ["x", "y", "over", "far"])
        run = self.run_program("train", "--data", "answers.csv", "--target", "over,far", "--epochs", "40", "--save", "m")
        self.assertIn("-sigmoid, cross-entropy cost", run.stderr)
        self.assertNotIn("targets are scaled", run.stderr)
        self.assertGreater(self.lines("eval", "m", "--data", "answers.csv")[-1]["r2"], 0.7)
        self.assertIn("targets are scaled", self.run_program("train", "--data", "answers.csv", "--target", "over", "--epochs", "1").stderr)

    def test_options_stay(self):
        """What is given stays, and the rest fits it."""
        options = self.options("--data", "flowers.csv", "--epochs", "2", "--batch", "7", "--lr", "0.5", "--activation", "tanh", "--cost", "cross-entropy")
        self.assertEqual([options[name] for name in ("epochs", "batch", "lr", "activation", "output-activation", "cost")],
                         ["2", "7", "0.5", "tanh", "sigmoid", "cross-entropy"])
        self.assertEqual(self.options("--data", "flowers.csv", "--epochs", "1", "--optimizer", "sgd")["lr"], "0.1")
        self.assertEqual(self.options("--data", "flowers.csv", "--hidden", "none", "--epochs", "1")["layers"], "4-3")
        # --layers is the full form, and leaves the other defaults as they are.
        self.assertEqual(self.options("--data", "flowers.csv", "--layers", "4-6-3", "--epochs", "1")["activation"], "sigmoid")

    def test_images_like_mnist(self):
        """The tutorial's job, whichever way the images are named, with other hidden layers if they are given."""
        self.assertEqual([self.options("--data", "bars", "--epochs", "1")[name] for name in ("layers", "activation", "cost", "optimizer", "lr", "batch")],
                         ["784-32-10", "sigmoid", "quadratic", "sgd", "3", "16"])
        self.assertEqual(self.options("--data", "bars", "--epochs", "1", "--hidden", "8,9")["layers"], "784-8-9-10")
        self.assertEqual(self.options("--data", "digits", "--epochs", "0", "--hidden", "8")["layers"], "784-8-10")

    def test_other_commands(self):
        self.assertIn("PASS", self.run_program("check", "--data", "flowers.csv", "--hidden", "4", "--sample", "4").stderr)
        self.assertIn("4-3-3", self.run_program("trace", "--data", "flowers.csv", "--hidden", "3").stdout)
        last = self.lines("sweep", "--data", "flowers.csv", "--grid", "lr=0.001,0.01", "--epochs", "20")[-1]
        self.assertGreater(last["validation_accuracy"], 0.7)
        last = self.lines("train", "--data", "flowers.csv", "--folds", "3", "--hidden", "9", "--epochs", "20")[-1]
        self.assertEqual(last["layers"], "4-9-3")
        self.assertGreater(last["accuracy_mean"], 0.7)

    def test_model_that_is_trained_further(self):
        """The data choose how a model is trained, as they do for a new one; its shape stays, and its epochs count."""
        self.run_program("train", "--data", "flowers.csv", "--hidden", "7", "--epochs", "200", "--save", "m")
        *epochs, last = self.lines("train", "--load", "m", "--data", "flowers.csv", "--epochs", "5", "--save", "n", "--log", "log")
        new = self.options("--data", "flowers.csv", "--epochs", "5")
        for name in ("optimizer", "lr", "schedule", "batch"):
            self.assertEqual(last["options"][name], new[name])
        self.assertEqual(last["layers"], "4-7-3")
        self.assertEqual([line["epoch"] for line in epochs], list(range(201, 206)))
        self.assertGreater(last["training_accuracy"], 0.9)
        self.assertEqual(self.lines("info", "n")[0]["annc.epochs"], "205")
        self.assertIn("\nEpoch 205:", self.run_program("train", "--load", "n", "--data", "flowers.csv", "--epochs", "0").stdout)
        run = self.run_program("train", "--load", "n", "--data", "flowers.csv", "--epochs", "2", "--validation", "0.2", "--plot", "c.svg")
        self.assertIn("\nEpoch 207:", run.stdout)
        self.assertRegex(run.stderr, r"\nkept: epoch 20[67] of 207,")
        self.assertIn("epochs 206 to 207", (self.folder / "c.svg").read_text())
        self.run_program("train", "--load", "n", "--data", "flowers.csv", "--epochs", "2", "--checkpoint", "c")
        run = self.run_program("train", "--resume", "c", "--epochs", "3")
        self.assertIn("resumed after 207 epochs\n", run.stderr)
        self.assertIn("\nEpoch 208:", run.stdout)

    def test_data_of_the_model(self):
        """Commands with a model take its test set, or else its training data, as its training read them."""
        (self.folder / "odd.csv").write_text("note\n" + "".join(f"{i % 7};{i % 3},5;{i % 5}\n" for i in range(60)))
        read = ["--delimiter", ";", "--decimal", ",", "--skip", "1", "--header", "no", "--target", "3"]
        self.run_program("train", "--data", "odd.csv", *read, "--epochs", "1", "--save", "odd")
        self.run_program("train", "--data", "flowers.csv", "--test", "unseen.csv", "--epochs", "1", "--save", "m")
        for model, data, options in (("odd", "odd.csv", read[:-2]), ("m", "unseen.csv", [])):
            run = self.run_program("eval", model)
            self.assertIn(f"reading the {'test set' if model == 'm' else 'data'} of the model's training; --data names others", run.stderr)
            self.assertEqual(run.stdout, self.run_program("eval", model, "--data", data, *options).stdout)
        for command in (["check", "m"], ["trace", "m"], ["show", "m", "--what", "mistakes"]):
            code = INPUT if command[0] == "show" else 0
            self.assertIn("data: unseen.csv\n", self.run_program(*command, code=code).stderr)
        (self.folder / "odd.csv").unlink()
        self.assertIn("name the model's data with --data FILE (it was trained on odd.csv)", self.run_program("eval", "odd", code=INPUT).stderr)
        self.run_program("train", "--data", "digits", "--layers", "784-10", "--epochs", "1", "--save", "digits")
        self.assertNotIn("MNIST is not available", self.run_program("eval", "digits").stderr)

    def test_each_target(self):
        """Of several targets each is measured, and of answers how many are right."""
        rows = [[x, y, int(x > y), int(x + y > 9)] for x in range(10) for y in range(10)]
        self.write("bits.csv", rows, ["x", "y", "more", "much"])
        self.run_program("train", "--data", "bits.csv", "--target", "more,much", "--epochs", "40", "--save", "m")
        self.run_program("eval", "m", "--per-example", "each.csv")
        table = [line.split(",") for line in (self.folder / "each.csv").read_text().splitlines()[1:]]
        line = self.lines("eval", "m")[0]
        self.assertEqual([target["target"] for target in line["targets"]], ["more", "much"])
        for j, target in enumerate(line["targets"]):
            y, a = ([float(row[2 * j + k]) for row in table] for k in (1, 2))
            mean = sum(y) / len(y)
            squares = sum((p - q) ** 2 for p, q in zip(y, a))
            self.assertAlmostEqual(target["rmse"], math.sqrt(squares / 100), 6)
            self.assertAlmostEqual(target["mae"], sum(abs(p - q) for p, q in zip(y, a)) / 100, 6)
            self.assertAlmostEqual(target["r2"], 1 - squares / sum((p - mean) ** 2 for p in y), 6)
            self.assertEqual(target["accuracy"], sum((p > 0.5) == (q > 0.5) for p, q in zip(y, a)) / 100)
        accuracy = sum(target["accuracy"] for target in line["targets"]) / 2
        text = self.run_program("eval", "m").stdout
        self.assertIn(f"accuracy {100 * accuracy:.2f}% of 200 answers, each 0 or 1\n", text)
        self.assertRegex(text, r"\nmuch +[\d.]+ +[\d.]+ +[\d.]+  [\d.]+% right\n")
        self.run_program("train", "--data", "bits.csv", "--target", "x,more", "--epochs", "1", "--save", "n")
        text = self.run_program("eval", "n").stdout
        self.assertNotIn("accuracy", text)
        self.assertEqual(text.count("% right"), 1)

    def test_what_a_grid_varies(self):
        """The line of what was chosen has no option of the grid, and each optimiser and cost gets what suits it."""
        sweep = ["sweep", "--data", "flowers.csv", "--epochs", "8", "--grid"]
        chosen = [line for line in self.run_program(*sweep, "lr=0.1,0.2", "--grid", "batch=8,16").stderr.splitlines() if " --" in line]
        self.assertNotRegex("".join(chosen), "--(lr|batch|epochs)")
        for name, rate in (("sgd", "0.1"), ("adam", "0.001")):
            run = self.run_program(*sweep, f"optimizer={name}", "--save", "m")
            self.assertNotIn("--lr", run.stderr)
            self.assertIn(f"\nlr = {rate}\n", self.lines("info", "m")[0]["annc.config"])
        lines = self.lines(*sweep, "cost=quadratic,cross-entropy,categorical-cross-entropy")
        self.assertEqual(lines[-1]["failed"], 0)

    def test_standard_input(self):
        with open(self.folder / "flowers.csv", encoding="utf-8") as data:
            self.run_program("train", "--data", "-", "--epochs", "2", "--save", "m", stdin=data)
        with open(self.folder / "flowers.csv", encoding="utf-8") as data:
            self.run_program("sweep", "--data", "-", "--grid", "lr=0.01", "--epochs", "2", stdin=data)
        self.run_program("train", "--data", "flowers.csv", "--epochs", "2", "--save", "n")
        models = [[line for line in self.run_program("info", m).stdout.splitlines() if "data" not in line] for m in "mn"]
        self.assertEqual(*models)

    def test_one_class(self):
        (self.folder / "one.csv").write_text("a,b,kind\n" + "1,2,yes\n2,3,yes\n" * 5)
        self.assertIn("one class only", self.run_program("train", "--data", "one.csv", code=INPUT).stderr)

    def test_refusals(self):
        for wrong in ("", "0", "3x", "3,", ",3", "3-4", "16777217", ",".join("1" * 64)):
            self.assertIn("--hidden takes", self.run_program("train", "--data", "flowers.csv", "--hidden", wrong, code=USAGE).stderr)
        self.assertIn("cannot be combined", self.refused("flowers.csv", "--hidden", "3", "--layers", "4-3-3", code=USAGE, options=[]))
        self.assertIn("use --hidden", self.refused("flowers.csv", "--layers", "64,32", code=USAGE, options=[]))
        self.run_program("train", "--data", "flowers.csv", "--epochs", "1", "--save", "m")
        for command in (["train", "--load", "m", "--data", "flowers.csv"], ["check", "m", "--data", "flowers.csv"], ["trace", "m", "--data", "flowers.csv"]):
            self.assertIn("--hidden has no place beside a model", self.run_program(*command, "--hidden", "3", code=USAGE).stderr)


if __name__ == "__main__":
    main()
