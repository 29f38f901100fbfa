#!/usr/bin/env python3
"""Which columns of a table are used: as they are named, as they are found, as the training data had them. Called as program.py says."""
from program import INPUT, USAGE, main
from tables import COLUMNS, NAMES, T, Tables, blobs, npy

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

    def test_name_twice_at_use(self):
        """A name that the model needs and that is there more often than in training is an error: either of the columns could be meant."""
        self.run_program("train", "--data", self.write("train.csv", blobs(150), COLUMNS), *T, "--save", "m")
        rows = [["99"] + row for row in blobs(150)]
        for header, count, said in (("aabcdl", 2, "'a', but 1 "), ("axbcdl", 0, ""), ("aabccdl", 2, "'a', but 1 ")):
            names = [{"l": "label"}.get(c, c) for c in header]
            table = self.write("t.csv", [(row + ["0"] * 9)[:len(names) - 1] + [row[-1]] for row in rows], names)
            for arguments in (["predict", "m", table], ["eval", "m", "--data", table],
                              ["train", "--data", "train.csv", "--test", table, *T]):
                message = self.run_program(*arguments, code=INPUT if count else 0).stderr
                self.assertIn(f"t.csv: {count} columns have the name {said}in the training data" if count else "left out: 'x'", message)
        twice = self.write("t.csv", [row[:4] + [row[4], row[4]] for row in blobs(30)], [*COLUMNS, "label"])
        self.assertIn("2 columns have the name 'label', but 1 in", self.run_program("eval", "m", "--data", twice, code=INPUT).stderr)
        self.assertEqual(len(self.lines("predict", "m", twice)), 30)  # which needs no label
        self.write("t.csv", [row[1:] for row in blobs(150)], COLUMNS[1:])
        self.assertIn("has no column 'a'", self.run_program("predict", "m", "t.csv", code=INPUT).stderr)

    def test_name_twice_in_training(self):
        """Two columns of one name are an error where both are used; one of them may be left out."""
        rows = [row[:1] + row for row in blobs(150)]
        file = self.write("t.csv", rows, ["a", *COLUMNS])
        self.assertIn("t.csv: columns 1 and 2 have the same name, 'a'; rename one, or leave it out with --drop 2", self.refused(file))
        self.run_program("train", "--data", file, "--drop", "2", *T, "--save", "m")
        self.write("u.csv", blobs(150), COLUMNS)
        self.assertEqual(self.lines("eval", "m", "--data", "u.csv")[-1]["accuracy"], 1)
        self.assertIn("columns 5 and 6 have the same name, 'label'",
                      self.refused(self.write("t.csv", [row + row[-1:] for row in blobs(150)], [*COLUMNS, "label"]), "--label", "5"))

    def test_label_by_name(self):
        """A column called y is the label, and where the only column of words could be it, a note says how to take that."""
        rows = [[row[0], ("up", "down")[i % 2], i % 2] for i, row in enumerate(blobs(60))]
        said = self.notes(self.write("t.csv", rows, ["x", "kind", "y"]), options=["--epochs", "1", "--device", "cpu"])
        self.assertIn("the label is column 3, 'y', by its name; set --label to take 'kind', the only column of words\n", said)
        said = self.notes(self.write("t.csv", [[x, y] for x, _, y in rows], "xy"), options=["--epochs", "1", "--device", "cpu"])
        self.assertIn("the label is column 2, 'y'\n", said)
        said = self.notes(self.write("t.csv", [[x, y, kind] for x, kind, y in rows], ["x", "y", "kind"]), options=["--epochs", "1", "--device", "cpu"])
        self.assertIn("the label is column 3, 'kind'\n", said)  # x and y are coordinates
        said = self.notes(self.write("t.csv", [[x, y, kind] for x, kind, y in rows], ["a", "y", "kind"]), options=["--epochs", "1", "--device", "cpu"])
        self.assertIn("the label is column 2, 'y', by its name", said)

    def test_label_is_no_free_text(self):
        """The only column of words is not the label where almost every row has a text of its own."""
        rows = [[i % 7, f"a text with number {max(i, 3)}"] for i in range(30)]
        said = self.refused(self.write("t.csv", rows, ["stars", "review"]))
        self.assertIn("t.csv: cannot tell which column is the label: 'review', the only column of words, has 27 different texts in 30 rows; name it with "
                      "--label (classes) or --target (numbers); it has 2 columns: stars, review", said)
        options = ["--epochs", "1", "--device", "cpu"]
        self.assertIn("27 classes in 30 rows", self.notes(self.write("t.csv", rows, ["stars", "label"]), options=options))
        self.notes(self.write("t.csv", rows, ["stars", "review"]), "--label", "review", options=options)
        rows[4][1] = rows[5][1]
        self.notes(self.write("t.csv", rows, ["stars", "review"]), options=options)
        self.notes(self.write("t.csv", [[i % 7, f"text {i}"] for i in range(19)], ["stars", "review"]), options=options)

    def test_next_command(self):
        """The command that a training suggests reads the table as the training did."""
        file = self.write("t.csv", [[f"{1 + i}.000,5", NAMES[i % 2]] for i in range(60)], ["a", "label"], separator=";")
        said = self.run_program("train", "--data", file, "--thousands", ".", "--epochs", "1", "--device", "cpu", "--save", "m").stderr
        self.assertEqual(said.splitlines()[-1], "next: annc-gpu eval m")
        self.assertEqual(self.lines("eval", "m")[-1]["count"], 60)

    def test_large_numbers_of_small_differences(self):
        """Numbers are read and scaled in double, whatever their size; a warning says where values become equal all the same."""
        for first, step, options, said in ((1700000000, 7, (), None), (0, 7, (), None), (1700000000, 700000, (), None), (20240101, 0, (), None), (5, 0, (), None),
                                           (1700000000, 7, ("--scale", "none"), "of its 60 different values, 4 remain; standardise it, or subtract a constant"),
                                           (1700000000, 7, ("--scale", "min-max"), None), (0, 7, ("--scale", "none"), None),
                                           (76561198000000000, 1, (), "double precision have steps of 16: different values may have become equal; "),
                                           (76561198000000000, 0, (), "double precision have steps of 16: different values may have become equal; ")):
            file = self.write("t.csv", [[first + step * i, i % 7, NAMES[i % 2]] for i in range(60)], ["time", "a", "label"])
            notes = self.notes(file, *options, options=["--epochs", "1", "--device", "cpu"])
            self.assertEqual("warning: t.csv: 'time' lies between" in notes, said is not None, notes)
            self.assertIn(said or "", notes)
            self.assertNotIn("'a'", notes)

    def large(self, offset):
        """Rows whose input and target are multiples of 1/16 above an offset that a float does not keep them beside."""
        return [[offset + i % 40 / 16, i % 5, offset - i % 40 / 8] for i in range(120)]

    def test_offsets_change_nothing(self):
        """A constant that is added to inputs and targets is taken off again, to the last bit, from the file to the predictions."""
        results = []
        for offset in (0, 2**30):
            file = self.write("t.csv", self.large(offset), "xay")
            self.run_program("train", "--data", file, "--target", "y", "--layers", "2-8:tanh-1:identity", "--optimizer", "adam", "--lr", "0.01", "--epochs", "30",
                             "--batch", "16", "--seed", "3", "--device", "cpu", "--validation", "0.2", "--missing", "drop", "--save", "m")
            evaluated = self.lines("eval", "m", "--data", file, "--per-example", "e.csv")[-1]
            predicted = [line["values"][0] - offset for line in self.lines("predict", "m", self.write("u.csv", [row[:2] for row in self.large(offset)], "xa"))]
            text = [float(line) - offset for line in self.run_program("predict", "m", "u.csv").stdout.split()]
            table = [[float(cell) - offset for cell in line.split(",")[1:]] for line in (self.folder / "e.csv").read_text().splitlines()[1:]]
            results.append((evaluated, predicted, text, table))
        far = self.write("far.csv", [[row[0] + 60, *row[1:]] for row in self.large(2**30)], "xay")
        self.assertIn("'x' lies between 1073741884 and 1073741886.4375, but lay between 1073741824 and 1073741826.4375 in training",
                      self.run_program("eval", "m", "--data", far).stderr)
        (small, *few), (large, *same) = results
        self.assertGreater(large["r2"], 0.9)
        for key in ("r2", "rmse", "mae", "loss"):
            self.assertAlmostEqual(small[key], large[key], delta=1e-6)
        for row, wanted in zip(same[2], self.large(0)):
            self.assertAlmostEqual(row[0], wanted[2], delta=1e-5)
        for i in range(120):
            values = [few[0][i], few[1][i], few[2][i][1], same[0][i], same[1][i], same[2][i][1]]
            self.assertLess(max(values) - min(values), 1e-5)

    def test_rows_keep_their_numbers(self):
        """Rows that are dropped for missing values still count: a prediction names the row of its input."""
        self.run_program("train", "--data", self.write("train.csv", blobs(150), COLUMNS), *T, "--save", "m")
        rows = blobs(40)
        for i in (0, 3, 4, 39):
            rows[i][1] = "?"
        kept = [i + 1 for i in range(40) if rows[i][1] != "?"]
        file = self.write("t.csv", rows, COLUMNS)
        self.assertEqual([line["row"] for line in self.lines("predict", "m", file, "--missing", "drop")], kept)
        text = self.run_program("predict", "m", file, "--missing", "drop", "--csv").stdout
        self.assertEqual([int(line.split(",")[1]) for line in text.splitlines()[1:]], kept)
        self.run_program("eval", "m", "--data", file, "--missing", "drop", "--per-example", "e.csv")
        self.assertEqual([int(line.split(",")[0]) for line in (self.folder / "e.csv").read_text().splitlines()[1:]], kept)
        values = [float(cell) if cell != "?" else float("nan") for row in rows for cell in row[:4]]
        (self.folder / "x.npy").write_bytes(npy((40, 4), "f", values))
        self.assertEqual([line["row"] for line in self.lines("predict", "m", "x.npy", "--missing", "drop")], kept)

    def test_skip_per_file(self):
        """Leading lines are skipped in each file on its own, and named."""
        self.write("train.csv", blobs(150))
        (self.folder / "test.csv").write_text("|1x3 Cross validator\n" + (self.folder / "train.csv").read_text())
        result = self.run_program("train", "--data", "train.csv", "--test", "test.csv", "--skip", "0,1", *T)
        self.assertIn("150 rows of 5 columns", result.stderr)
        self.assertNotIn("149 rows", result.stderr)
        self.assertIn("test.csv: 1 leading line is skipped; the last is '|1x3 Cross validator'\n", result.stderr)
        self.assertNotIn("train.csv: 1 leading", result.stderr)
        result = self.run_program("train", "--data", "test.csv", "--test", "test.csv", "--validation", "train.csv", "--skip", "1,1,0", *T)
        self.assertEqual(result.stderr.count("150 rows of 5"), 3)
        self.assertIn("train.csv: 1 leading line is skipped; the last is '", self.notes("train.csv", "--test", "test.csv", "--skip", "1"))
        for wrong in ("0,", ",1", "1,2,3,4", "-1", "1.5", "x", "1000000001", "1 ", "0x1"):
            self.assertIn("--skip takes a whole number", self.run_program("train", "--data", "train.csv", "--skip", wrong, code=USAGE).stderr)

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
        self.assertIn("1 column that the model does not use is left out: 'n'\n", result.stderr)
        self.write("other.csv", self.rows("bnaym"), "bnaym")
        self.assertIn("2 columns that the model does not use are left out: 'n', 'm'\n", self.run_program("eval", "m", "--data", "other.csv").stderr)
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
