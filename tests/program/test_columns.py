#!/usr/bin/env python3
"""Which columns of a table are used: as they are named, as they are found, as the training data had them. Called as program.py says."""
from program import INPUT, USAGE, main
from tables import COLUMNS, T, Tables, blobs

LINE = ["--layers", "2-1:identity", "--optimizer", "adam", "--lr", "0.1", "--epochs", "60", "--device", "cpu"]


class Columns(Tables):
    def rows(self, places="ayb"):
        """y = 2 a - b + 1, with the columns in this order; other letters count."""
        values = [{"a": i % 7, "b": i % 5, "y": 2 * (i % 7) - i % 5 + 1} for i in range(70)]
        return [[value.get(c, i) for c in places] for i, value in enumerate(values)]

    def train_line(self):
        self.run_program("train", "--data", self.write("line.csv", self.rows(), "ayb"), "--target", "y", *LINE, "--save", "m")
        return self.lines("eval", "m", "--data", "line.csv")[-1]["rmse"]

    def test_named_twice(self):
        """To leave a column out twice is to leave it out; to learn it twice is a mistake."""
        self.write("t.csv", blobs(150), COLUMNS)
        options = ["train", "--data", "t.csv", "--layers", "3-3", "--label", "label", "--epochs", "1", "--device", "cpu"]
        once, twice = (self.lines(*options, "--drop", columns)[-1]["loss"] for columns in ("b", "b,2"))
        self.assertEqual(once, twice)
        self.write("line.csv", self.rows(), "ayb")
        self.assertIn("--target names column 2 twice", self.run_program("train", "--data", "line.csv", *LINE, "--target", "y,2", code=USAGE).stderr)
        self.assertIn("has no column 'z' for --drop", self.run_program("train", "--data", "line.csv", *LINE, "--target", "y", "--drop", "z",
                                                                      code=INPUT).stderr)

    def test_long_names(self):
        """A name that no column has is told, as far as it can be read."""
        self.write("line.csv", self.rows(), "ayb")
        said = self.run_program("train", "--data", "line.csv", *LINE, "--target", "y", "--drop", 200 * "x", code=INPUT).stderr
        self.assertRegex(said, "has no column 'x{70,80}[^x']*' for --drop")

    def test_empty(self):
        """A column that has a name and never a value is an input whose values are missing; one without a name is none."""
        self.write("line.csv", [[a, y, "", b] for a, y, b in self.rows()], ["a", "y", "e", "b"])
        self.assertIn("line 2, column 'e': the value is missing", self.run_program("train", "--data", "line.csv", *LINE, "--target", "y", code=INPUT).stderr)
        self.write("line.csv", [[a, y, "", b] for a, y, b in self.rows()], ["a", "y", "", "b"])
        self.assertIn("1 column is empty and left out", self.run_program("train", "--data", "line.csv", *LINE, "--target", "y").stderr)

    def test_names(self):
        """Columns are found by their names, wherever they are; what is to be judged must be there, and what else is there is told of."""
        rmse = self.train_line()
        self.write("other.csv", self.rows("bnay"), "bnay")
        result = self.run_program("eval", "m", "--data", "other.csv", "--json")
        self.assertIn(f'"rmse":{rmse}'.replace(" ", ""), result.stdout.replace(" ", ""))
        self.assertIn("1 column that the training data does not have is left out", result.stderr)
        self.write("other.csv", self.rows("bnaym"), "bnaym")
        self.assertIn("2 columns that the training data do not have are left out", self.run_program("eval", "m", "--data", "other.csv").stderr)
        self.write("x.csv", self.rows("ab"), "ab")
        self.assertIn("has no column 'y', which the training data have; it has 2 columns: a, b",
                      self.run_program("eval", "m", "--data", "x.csv", code=INPUT).stderr)
        self.assertEqual(len(self.lines("predict", "m", "x.csv")), 70)
        self.run_program("train", "--data", self.write("t.csv", blobs(60), COLUMNS), *T, "--save", "classes")
        self.write("x.csv", [row[:4] for row in blobs(60)], COLUMNS[:4])
        self.assertIn("has no column 'label'", self.run_program("eval", "classes", "--data", "x.csv", code=INPUT).stderr)

    def test_targets_that_are_too_large(self):
        """A target that is within single precision, and beyond it in the units of the network, is named."""
        self.write("huge.csv", [[1, 2, 3], [1, "3e38", 3]], "ayb")
        self.run_program("train", "--data", self.write("small.csv", [[a, f"{y / 100}", b] for a, y, b in self.rows()], "ayb"), "--target", "y", *LINE,
                         "--save", "small")
        self.assertIn("huge.csv: row 2, target 1 is not finite", self.run_program("eval", "small", "--data", "huge.csv", code=INPUT).stderr)

    def test_places(self):
        """Without a header columns go by their places: those of the training data, or of their inputs."""
        rmse = self.train_line()
        self.write("bare.csv", self.rows())
        self.assertEqual(self.lines("eval", "m", "--data", "bare.csv", "--header", "no")[-1]["rmse"], rmse)
        self.write("x.csv", self.rows("ab"))
        want = [line["values"] for line in self.lines("predict", "m", "line.csv")]
        self.assertEqual([line["values"] for line in self.lines("predict", "m", "x.csv", "--header", "no")], want)
        for columns in ("ab", "aybn"):
            self.write("x.csv", self.rows(columns))
            self.assertIn(f"has {len(columns)} fields per row; without a header a row must have 2 inputs, or one field more, with the label as field 2",
                          self.run_program("eval", "m", "--data", "x.csv", "--header", "no", code=INPUT).stderr)


if __name__ == "__main__":
    main()
