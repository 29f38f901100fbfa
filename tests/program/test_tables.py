#!/usr/bin/env python3
"""Tables of text as people have them: separators, headers, quotes, decimal commas, missing values, classes by name. Called as program.py says."""
import gzip
import random
import zipfile

from program import INPUT, USAGE, main
from tables import COLUMNS, NAMES, T, Tables, bar_row, blobs, npy


class Dialects(Tables):
    def test_model_without_data(self):
        """MNIST is not tried on a model of a table; what it was trained on is told."""
        file = self.write("t.csv", blobs(30), COLUMNS)
        self.run_program("train", "--data", file, *T, "--save", "m")
        (self.folder / file).unlink()
        for command in ("eval", "trace"):
            message = self.run_program(command, "m", code=INPUT).stderr
            self.assertRegex(message, r"has 4 inputs, but MNIST.* has 784; name the model's data with --data FILE \(it was trained on .*t\.csv")
            self.assertNotIn("built-in digits", message)

    def test_plain(self):
        self.trains(self.write("t.csv", blobs(150), COLUMNS))

    def test_without_header_and_blank_last_lines(self):
        file = self.write("t.csv", blobs(150) + [[""], [""]])
        self.trains(file)
        self.assertIn("150 rows of 5 columns separated by commas, without a header", self.notes(file))

    def test_runs_of_blanks(self):
        rows = [[" " * (i % 3) + cell for i, cell in enumerate(row)] for row in blobs(150)]
        (self.folder / "t.dat").write_text("".join(" " + " ".join(row) + "\n" for row in rows))
        self.trains("t.dat")

    def test_tabs_sometimes_doubled(self):
        (self.folder / "t.tsv").write_text("".join(("\t\t" if i % 4 == 0 else "\t").join(row) + "\n" for i, row in enumerate(blobs(150))))
        self.trains("t.tsv")
        self.trains(self.write("once.tsv", blobs(150), COLUMNS, "\t"))

    def test_separators(self):
        for separator in "\t;|,":
            self.trains(self.write("t.txt", blobs(60), COLUMNS, separator))
        self.trains(self.write("t.txt", blobs(60), COLUMNS, "~"), "--delimiter", "~")

    def test_line_ends_and_byte_order_mark(self):
        for end in ("\n", "\r\n", "\r"):
            self.trains(self.write("t.csv", blobs(60), COLUMNS, end=end))
        self.trains(self.write("t.csv", blobs(60), COLUMNS, encoding="utf-8-sig"))
        self.assertIn("UTF-16", self.refused(self.write("t.csv", blobs(60), COLUMNS, encoding="utf-16")))
        names = ("\u00e4", "\u00f6", "\u00fc")
        self.assertIn("Latin-1", self.notes(self.write("t.csv", blobs(60, names), COLUMNS, encoding="latin-1")))

    def test_quotes(self):
        rows = [[f'"{row[0]}"', *row[1:4], f'"{row[4]}, the ""first""\nof all"'] for row in blobs(60)]
        self.trains(self.write("t.csv", rows, COLUMNS))
        (self.folder / "bad.csv").write_text('a,b,label\n1,2,x\n3,"4,y\n')
        self.assertRegex(self.refused("bad.csv", "--layers", "2-2", options=[]), "line 3: a quote opens here and is never closed")

    def test_wrong_lengths(self):
        rows = blobs(60)
        rows[6] = rows[6][:3]
        self.assertIn("line 8 has 3 fields, but other lines have 5", self.refused(self.write("t.csv", rows, COLUMNS)))

    def test_header(self):
        self.assertIn("with a header", self.notes(self.write("t.csv", blobs(60), COLUMNS)))
        self.assertIn("without a header", self.notes(self.write("t.csv", blobs(60))))
        self.assertIn("150 rows", self.notes(self.write("t.csv", blobs(150), ["0", "1", "2", "3", "y"])))
        self.assertIn("60 rows", self.notes(self.write("t.csv", blobs(61)), "--header", "yes", "--label", "5"))

    def test_row_names(self):
        rows = [[f"row {i}"] + row for i, row in enumerate(blobs(60))]
        file = self.write("t.csv", rows, COLUMNS)
        self.trains(file)
        self.assertIn("the first field of each row is the row's name", self.notes(file))
        file = self.write("t.csv", [row + [""] for row in blobs(60)], COLUMNS)
        self.trains(file)
        counted = self.write("t.csv", [[i] + row for i, row in enumerate(blobs(60))], [""] + COLUMNS)
        self.assertIn("counts the rows", self.notes(counted))
        self.trains(counted)

    def test_skip(self):
        (self.folder / "t.csv").write_text("made by hand\n\n" + "\n".join(",".join(row) for row in [COLUMNS] + blobs(60)))
        self.assertIn("line 1 has 1 field, but other lines have 5", self.refused("t.csv"))
        self.trains("t.csv", "--skip", "1")

    def test_nothing_there(self):
        message = self.refused(self.write("t.csv", [], end=""))
        self.assertIn("t.csv: is empty\n", message)  # and nothing of a download: it is the user's own
        (self.folder / "bars" / "train-images-idx3-ubyte").write_bytes(b"")
        self.assertIn("train-images-idx3-ubyte: is empty; download it again", self.refused("bars", "--layers", "784-10", options=[]))
        self.assertIn("has no rows", self.refused(self.write("t.csv", [[" "], [" "]])))
        self.assertIn("header but no rows", self.refused(self.write("t.csv", [["1", "b"]]), "--header", "yes"))
        (self.folder / "page.csv").write_text("<!DOCTYPE html><html></html>")
        self.assertIn("a web page", self.refused("page.csv"))


    def test_names_and_gzip(self):
        """A file that is not what its name says about gzip is read, with a note, whatever it holds and wherever it is read."""
        if not self.has_zlib():
            self.skipTest("this build has no zlib")
        text = (self.folder / self.write("t.csv", blobs(150), COLUMNS)).read_bytes()
        array = npy((150, 4), "d", [float(v) for row in blobs(150) for v in row[:4]])
        self.run_program("train", "--data", "t.csv", *T, "--save", "m")
        for name, content in (("x.csv", text), ("x.npy", array)):
            (self.folder / f"{name}.gz").write_bytes(content)
            (self.folder / name).write_bytes(gzip.compress(content))
            (self.folder / "right.gz").write_bytes(gzip.compress(content))
            self.assertIn(f"{name}.gz is not gzip, although its name ends in .gz", self.run_program("predict", "m", f"{name}.gz").stderr)
            self.assertIn(f"{name} is gzip, although its name does not end in .gz", self.run_program("predict", "m", name).stderr)
            self.assertNotIn("although", self.run_program("predict", "m", "right.gz").stderr)
        self.assertIn("x.csv.gz is not gzip", self.notes("x.csv.gz"))
        for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
            (self.folder / "bars" / name).rename(self.folder / "bars" / (name + ".gz"))
        said = self.notes("bars", options=["--layers", "784-10", "--epochs", "1", "--device", "cpu"])
        self.assertIn("train-images-idx3-ubyte.gz is not gzip", said)


class LongLabels(Tables):
    def test_long_labels(self):
        """Identifiers that differ beyond the digits of a double are different classes, printed as they are written."""
        for names in (("76561198000000000", "76561198000000001", "76561198000000002"), ("9007199254740992", "9007199254740993", "9007199254740995"),
                      ("7656119800", "7656119801", "7656119802"), ("-9007199254740993", "-9007199254740992", "5")):
            with self.subTest(names):
                table = self.write("t.csv", blobs(150, names), COLUMNS)
                self.trains(table, "--label", "label")
                self.run_program("train", "--data", table, "--label", "label", *T, "--save", "m")
                classes = [c["class"] for c in self.lines("eval", "m", "--data", table)[-1]["classes"]]
                self.assertEqual(sorted(classes), sorted(names))
                self.assertEqual(self.lines("predict", "m", table)[1]["label"], names[1])

    def test_long_labels_of_arrays(self):
        """Whole numbers of an array keep their digits; those that no double has are an error, not one class."""
        x = npy((150, 4), "d", [float(v) for row in blobs(150) for v in row[:4]])
        for first, code in ((7656119800, 0), (2**53 - 4, 0), (76561198000000000, INPUT), (-2**62, INPUT)):
            with self.subTest(first):
                y = npy((150,), "q", [first + i % 3 for i in range(150)])
                with zipfile.ZipFile(self.folder / "t.npz", "w") as archive:
                    archive.writestr("x_train.npy", x)
                    archive.writestr("y_train.npy", y)
                result = self.run_program("train", "--data", "t.npz", *T, "--save", "m", code=code)
                if code:
                    self.assertIn("are not exact", result.stderr)
                else:
                    self.assertIn(f'["{first}","{first + 1}","{first + 2}"]', self.run_program("info", "m").stdout)


class Values(Tables):
    def test_adult(self):
        """Blanks after commas, '?', a junk first line, and dots after the test's labels."""
        rows = [row[:4] + [{"alpha": "<=50K", "beta": ">50K"}[row[4]]] for row in blobs(150) if row[4] != "gamma"]
        rows[10][3] = rows[40][3] = "?"
        two = ["--layers", "4-8:tanh-2:softmax", *T[2:]]
        train = self.write("train.csv", rows, separator=", ")
        test = [row[:4] + [row[4] + "."] for row in rows[50:80]]
        (self.folder / "test.csv").write_text("|1x3 Cross validator\n" + "\n".join(", ".join(row) for row in test) + "\n")
        message = self.refused(train, options=two)
        self.assertRegex(message, r"line 11, column '4'.*missing \(2 such cells\)")
        last = self.lines("train", "--data", train, "--missing", "drop", *two)[-1]
        self.assertGreaterEqual(last["training_accuracy"], 0.98)
        self.assertIn("2 rows with missing values", self.notes(train, "--missing", "drop", options=two))
        drop = ["--missing", "drop", *two]
        self.assertIn("line 1 has 1 field, but other lines have 5", self.refused(train, "--test", "test.csv", options=drop))
        message = self.refused(train, "--test", "test.csv", "--skip", "1", options=drop)
        self.assertRegex(message, r"'(>50K|<=50K)\.', which is not a class of the training data; did you mean '(>50K|<=50K)'\?")

    def test_titanic(self):
        rows = [[f'"Alpha, Mr. ""A"" no. {i}"'] + row for i, row in enumerate(blobs(150, ("NA", "None", "yes")))]
        for i in range(0, 150, 15):
            rows[i][4] = ""
        file = self.write("t.csv", rows, ["name"] + COLUMNS)
        self.assertRegex(self.refused(file), r"line 2, column 'name': 'Alpha, Mr\..* is not a number, and all 150 texts of the column are different.*--drop name")
        self.assertRegex(self.refused(file, "--drop", "name"), r"column 'd'.*missing \(10 such cells\)")
        last = self.trains(file, "--drop", "name", "--missing", "mean")
        self.assertEqual(last["layers"], "4-8-3")
        self.run_program("train", "--data", file, "--drop", "name", "--missing", "mean", *T, "--save", "m")
        self.assertIn('["NA","None","yes"]', self.run_program("info", "m").stdout)

    def test_decimal_commas(self):
        def comma(rows):
            return [[cell.replace(".", ",") for cell in row] for row in rows]
        file = self.write("t.csv", comma(blobs(150)), separator=";")
        self.trains(file)
        self.assertIn("decimal comma", self.notes(file))
        thousands = [row[:3] + [f'"{1234 + float(row[3]):,.2f}"', row[4]] for row in blobs(150)]
        file = self.write("t.csv", thousands, COLUMNS)
        self.assertRegex(self.refused(file), r"column 'd': '1,2\S+' has thousands marks.*--thousands ,")
        self.trains(file, "--thousands", ",")
        three = [[f"{1 + i % 7},{100 + 37 * (i + j) % 800}" for j in range(4)] + [NAMES[i % 3]] for i in range(60)]
        self.assertIn("--decimal", self.refused(self.write("t.csv", three, separator=";")))
        mixed = [[row[0].replace(".", ",")] + row[1:] for row in blobs(60)]
        self.assertIn("--decimal", self.refused(self.write("t.csv", mixed, separator=";")))
        self.assertRegex(self.refused("t.csv", "--decimal", ","), r"column '2': '\d+\.\d+' is not a number with --decimal , \(60 such cells\); .*--thousands \.")

    def test_numbers(self):
        def with_cell(cell):
            rows = blobs(60)
            rows[5][1] = cell
            return self.write("t.csv", rows, COLUMNS)
        for cell in ("1e3", "-0.5E-2", "+4", ".5", "3.", "1e-60", "true", "FALSE", "0"):
            self.run_program("train", "--data", with_cell(cell), *T)
        for cell, word in (("0x10", "not a number"), ("2024-05-06", "not a number"), ("1e39", "too large for single precision"), ("inf", "infinite"),
                           ("1e999", "too large for single precision"), ("12a", "not a number")):
            message = self.refused(with_cell(cell))
            self.assertRegex(message, rf"line 7, column 'b'.*{word}", cell)

    def test_missing_targets(self):
        """Rows without what is to be learnt can be left out, and nothing else: no mean is advised."""
        rows = [row[:4] for row in blobs(30)]
        rows[3][3] = ""
        file = self.write("t.csv", rows, COLUMNS[:4])
        target = ["--target", "d", "--layers", "3-1:identity", "--epochs", "1"]
        self.assertRegex(self.refused(file, *target, options=[]), r"line 5, column 'd'.*missing \(1 such cell\); use --missing drop\n")
        self.assertIn("missing", self.refused(file, *target, "--missing", "mean", options=[]))
        self.run_program("train", "--data", file, *target, "--missing", "drop")
        rows[2][0], rows[3][3] = "", "1"
        self.assertIn("use --missing drop or --missing mean\n", self.refused(self.write("t.csv", rows, COLUMNS[:4]), *target, options=[]))

    def test_missing_words(self):
        for word in ("", "?", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NULL", "null", "NaN", "nan", "-NaN", "-nan", "None"):
            rows = blobs(30)
            rows[3][2] = word
            self.assertRegex(self.refused(self.write("t.csv", rows, COLUMNS)), r"line 5, column 'c'.*missing \(1 such cell\)")


class Labels(Tables):
    def test_mnist_as_csv(self):
        options = ["--layers", "784-16:tanh-10:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--epochs", "10", "--device", "cpu"]
        rows = [bar_row(i) for i in range(300)]
        names = [f"pixel{j}" for j in range(784)]
        a = self.write("a.csv", [[i % 10] + row for i, row in enumerate(rows)], ["label"] + names)
        self.trains(a, options=options)
        self.assertIn("inputs are divided by 255", self.notes(a, options=options))
        b = self.write("b.csv", [[i % 10] + row for i, row in enumerate(rows)])
        self.assertRegex(self.refused(b, options=options), r"--label.*785 columns")
        self.trains(b, "--label", "1", options=options)
        c = self.write("c.csv", [[i] + row + [i % 10] for i, row in enumerate(rows)], [""] + list(range(784)) + ["label"])
        self.trains(c, options=options)
        self.assertIn("300 rows", self.notes(c, options=options))

    def test_predict_without_labels(self):
        train = self.write("train.csv", blobs(60), COLUMNS)
        self.run_program("train", "--data", train, *T, "--save", "m")
        bare = self.write("bare.csv", [[row[2], row[0], "x", row[1], row[3]] for row in blobs(60)], ["c", "a", "note", "b", "d"])
        lines = self.lines("predict", "m", bare, train)
        self.assertEqual([line["label"] for line in lines], [NAMES[i % 3] for i in range(60)] * 2)
        self.assertEqual({line["input"] for line in lines}, {"bare.csv", "train.csv"})
        for line in lines:
            self.assertAlmostEqual(sum(line["probabilities"]), 1, 5)
        headless = self.write("rows.csv", [row[:4] for row in blobs(9)])
        text = self.run_program("predict", "m", headless).stdout.splitlines()
        self.assertEqual([line.split()[0] for line in text], [NAMES[i % 3] for i in range(9)])
        self.assertIn("has no column 'b'", self.run_program("predict", "m", self.write("t.csv", [row[:2] for row in blobs(9)], ["a", "z"]), code=INPUT).stderr)
        # What the file says of what is predicted does not matter, be it new or only a part.
        other = self.write("other.csv", [row[:4] + ["unheard of"] for row in blobs(9)], COLUMNS)
        self.assertEqual([line["label"] for line in self.lines("predict", "m", other)], [NAMES[i % 3] for i in range(9)])
        two = self.write("two.csv", [[x, x + 1, 2 * x] for x in range(20)], ["x", "p", "q"])
        self.run_program("train", "--data", two, "--target", "p,q", "--layers", "1-2:identity", "--lr", "0.1", "--device", "cpu", "--save", "pq")
        part = self.write("part.csv", [[x, "?"] for x in range(20)], ["x", "q"])
        self.assertEqual([len(line["values"]) for line in self.lines("predict", "pq", part)], [2] * 20)
        numbers = self.write("n.csv", [[x, 3 * x + 1] for x in range(40)], ["x", "y"])
        self.run_program("train", "--data", numbers, "--target", "y", "--layers", "1-1:identity", "--lr", "0.1", "--epochs", "100", "--device", "cpu", "--save", "line")
        got = [line["values"][0] for line in self.lines("predict", "line", self.write("x.csv", [[7], [100]], ["x"]))]
        self.assertAlmostEqual(got[0], 22, 2)
        self.assertAlmostEqual(got[1], 301, 1)

    def test_order_of_classes(self):
        options = ["--layers", "784-16:tanh-13:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--epochs", "5", "--device", "cpu",
                   "--label", "1"]
        self.write("t.csv", [[i % 13] + bar_row(i, 13) for i in range(390)])
        self.run_program("train", "--data", "t.csv", *options, "--save", "m")
        classes = self.lines("eval", "m", "--data", "t.csv")[-1]["classes"]
        self.assertEqual([c["class"] for c in classes], [str(i) for i in range(13)])

        file = self.write("names.csv", blobs(60, ("rose", "Fern", "moss")), COLUMNS)
        self.run_program("train", "--data", file, *T, "--save", "m")
        self.assertEqual(self.lines("info", "m")[-1]["annc.classes"], '["Fern","moss","rose"]')  # by their bytes

    def test_the_same_class_in_other_words(self):
        train = self.write("train.csv", blobs(150, ("1.0", "2.0", "3.0")), COLUMNS)
        test = self.write("test.csv", blobs(150, ("1", "2", "3")), COLUMNS)
        self.trains(train, test=test)
        truth = [row[:4] + [str(row[4] == "beta")] for row in blobs(150)]
        train = self.write("train.csv", truth, COLUMNS)
        test = self.write("test.csv", [row[:4] + [row[4].upper()] for row in truth], COLUMNS)
        self.trains(train, test=test, options=["--layers", "4-8:tanh-2:softmax", *T[2:]])

    def test_prices_are_no_classes(self):
        rows = [row[:4] + [f"{100 + i / 7:.2f}"] for i, row in enumerate(blobs(150))]
        self.assertIn("--target", self.refused(self.write("t.csv", rows, COLUMNS)))

    def test_which_column(self):
        rows = [row[:4] + [row[4], row[4]] for row in blobs(60)]
        twice = self.write("t.csv", rows, ["a", "b", "c", "d", "kind", "kind"])
        self.assertIn("2 columns have that name", self.refused(twice, "--label", "kind", code=USAGE))
        self.trains(twice, "--label", "5", "--drop", "6")
        self.assertIn("has no column 'sort'", self.refused(twice, "--label", "sort"))
        self.assertIn("has no column '7'", self.refused(twice, "--label", "7"))
        self.assertIn("cannot be combined", self.refused(twice, "--label", "5", "--target", "1", code=USAGE))
        self.trains(self.write("t.csv", [[row[4]] + row[:4] for row in blobs(60)], ["Class", "a", "b", "c", "d"]))
        numbers = [[f"{float(row[0]):.1f}", row[1], row[2], row[3], i % 3] for i, row in enumerate(blobs(60))]
        self.trains(self.write("t.csv", numbers), "--label", "5")

    def test_class_of_the_test_alone(self):
        train = self.write("train.csv", blobs(60), COLUMNS)
        test = self.write("test.csv", blobs(60, ("alpha", "beta", "delta")), COLUMNS)
        self.assertRegex(self.refused(train, "--test", test), r"line 4 has the label 'delta', which is not a class")

    def test_counts(self):
        file = self.write("t.csv", blobs(60), COLUMNS)
        self.assertRegex(self.refused(file, options=["--layers", "4-8:tanh-2:softmax", *T[2:]]), r"3 different labels from alpha to gamma, but the network has 2 outputs")
        self.assertRegex(self.refused(file, options=["--layers", "4-1", "--cost", "cross-entropy"]), r"1 output, which takes two classes")
        self.assertRegex(self.refused(file, options=["--layers", "5-8:tanh-3:softmax", *T[2:]]), r"5 inputs, but the data have 4")
        two = self.write("two.csv", blobs(60, ("no", "yes", "no")), COLUMNS)
        self.assertIn("end --layers with 1 or 2", self.refused(two, options=["--layers", "4-8:tanh-3:softmax", *T[2:]]))
        self.assertIn("alpha 20, beta 20, gamma 20", self.notes(file))
        negative = self.write("t.csv", blobs(60, ("-1", "0", "1")), COLUMNS)
        self.trains(negative)


class OtherFiles(Tables):
    def test_columns_by_name(self):
        train = self.write("train.csv", blobs(60), COLUMNS)
        rows = [[row[4], "x", row[3], row[1], row[0], row[2]] for row in blobs(60)]
        self.trains(train, test=self.write("test.csv", rows, ["label", "note", "d", "b", "a", "c"]))
        notes = self.notes(train, "--test", "test.csv")
        self.assertIn("1 column that the model does not use is left out", notes)
        lacking = self.write("test.csv", [row[1:] for row in blobs(60)], COLUMNS[1:])
        self.assertIn("has no column 'a'", self.refused(train, "--test", lacking))

    def test_a_target_named_twice(self):
        numbers = self.write("n.csv", [[i, 2 * i] for i in range(30)], ["x", "y"])
        self.assertIn("names column 2 twice", self.refused(numbers, "--target", "y,y", "--layers", "1-1:identity", options=[], code=USAGE))

    def test_without_a_header(self):
        train = self.write("train.csv", [[row[4]] + row[:4] for row in blobs(60)], ["label", "a", "b", "c", "d"])
        test = self.write("test.csv", [[row[4]] + row[:4] for row in blobs(60)])
        self.trains(train, test=test)
        self.assertIn("has 3 fields per row", self.refused(train, "--test", self.write("test.csv", [row[:3] for row in blobs(9)])))

    def test_a_model_knows_its_columns(self):
        rows = [[i, *row] for i, row in enumerate(blobs(60))]
        train = self.write("train.csv", rows, ["id"] + COLUMNS)
        self.run_program("train", "--data", train, "--drop", "id", *T, "--save", "m")
        self.assertEqual(self.lines("eval", "m", "--data", train)[-1]["accuracy"], 1)
        other = self.write("other.csv", [[row[4], row[2], row[1], row[0], row[3]] for row in blobs(60)], ["label", "c", "b", "a", "d"])
        self.assertEqual(self.lines("eval", "m", "--data", other)[-1]["accuracy"], 1)
        self.assertIn("PASS", self.run_program("check", "m", "--data", other).stderr)
        short = [part if part != "60" else "1" for part in T]
        again = self.lines("train", "--data", other, *short, "--load", "m")[-1]
        self.assertEqual(again["training_accuracy"], 1)

    def test_standard_input(self):
        text = "\n".join(",".join(row) for row in [COLUMNS] + blobs(60)) + "\n"
        last = self.lines("train", "--data", "-", *T, "--save", "m", input=text)[-1]
        self.assertEqual((last["training_accuracy"], last["data"]), (1, "standard input"))
        self.assertEqual(self.lines("eval", "m", "--data", "-", input=text)[-1]["accuracy"], 1)
        self.assertIn("standard input: line 3 has 1 field", self.run_program("train", "--data", "-", *T, input="a,b,y\n1,2,x\n3\n4,5,z\n", code=INPUT).stderr)
        self.run_program("train", "--data", "-", *T, "--folds", "3", input=text, code=INPUT)

    def test_scaling(self):
        rows = [[f"{float(row[0]) * 1000:.1f}", row[1], "7", row[3], row[4]] for row in blobs(60)]
        file = self.write("t.csv", rows, COLUMNS)
        for how in ("auto", "min-max", "standardise"):
            self.trains(file, "--scale", how)
        for how, shift, factor in (("min-max", 0, 0), ("none", None, None)):
            self.run_program("train", "--data", file, *T, "--scale", how, "--save", "m")
            info = self.lines("info", "m")[-1]
            self.assertEqual(info["annc.scale"], how)
            self.assertEqual("annc.input_shift" in info, shift is not None)
        self.run_program("train", "--data", file, *T, "--save", "m")
        info = self.lines("info", "m")[-1]
        column = [float(row[0]) for row in rows]
        mean = sum(column) / 60
        self.assertAlmostEqual(self.numbers(info["annc.input_shift"])[0] / mean, 1, 6)
        deviation = (sum((x - mean) ** 2 for x in column) / 60) ** 0.5
        self.assertAlmostEqual(self.numbers(info["annc.input_factor"])[0] * deviation, 1, 6)
        self.assertEqual(self.numbers(info["annc.input_factor"])[2], 0)  # constant

    @staticmethod
    def numbers(text):
        return [float.fromhex(part.strip('"')) for part in text.strip("[]").split(",")]

    def test_validation_feeds_no_scaling(self):
        """The split depends on seed and row number only, holds as much of each class, and the scaling never sees it."""
        rows = sorted(blobs(300), key=lambda row: row[4])
        file = self.write("t.csv", rows, COLUMNS)
        more = ["--validation", "0.2", "--save", "m"]
        result = self.run_program("train", "--data", file, *T, *more)
        self.assertIn("60 rows are held out for validation, 240 are used for training", result.stderr)
        self.assertIn("examples of each class: alpha 80, beta 80, gamma 80", result.stderr)
        self.assertIn("alpha 80, beta 80, gamma 80", self.notes(file, "--folds", "5"))
        first = self.lines("info", "m")[-1]
        base = self.numbers(first["annc.input_shift"])[0]
        # A row is held out if the recorded mean does not move with it.
        held = []
        for row in range(0, 300, 7):
            changed = [r[:] for r in rows]
            changed[row][0] = str(float(changed[row][0]) + 1000)
            self.run_program("train", "--data", self.write("u.csv", changed, COLUMNS), *[part if part != "60" else "0" for part in T], *more)
            if self.numbers(self.lines("info", "m")[-1]["annc.input_shift"])[0] == base:
                held.append(row)
        self.assertTrue(2 <= len(held) <= 20, held)  # a fifth of 43, more or less

    def test_random_tables(self):
        """Whatever the dialect, the same numbers come out: the loss says so."""
        draw = random.Random(4)
        losses = set()
        for _ in range(12):
            separator = draw.choice("\t;|,")
            rows = [[f'"{cell}"' if draw.random() < 0.3 else " " * draw.randrange(2) + cell for cell in row] for row in blobs(60)]
            file = self.write("t.csv", rows, COLUMNS if draw.random() < 0.5 else None, separator, draw.choice(("\n", "\r\n", "\r")))
            losses.add(self.lines("train", "--data", file, *T)[-1]["loss"])
        self.assertEqual(len(losses), 1)


class Weights(Tables):
    """--weight COLUMN: a row of weight 2 counts twice, one of weight 0 is not there."""
    W = [2, 1, 0, 3, 1, 0, 1]
    HEADER = ["a", "b", "w", "c", "d", "label"]
    FULL = [*T[:10], "--batch", "1000", *T[12:]]

    def weighted(self, name, rows, factor=1, weights=None):
        """A table with the column w in its middle."""
        weights = weights or self.W
        return self.write(name, [[*row[:2], factor * weights[i % len(weights)], *row[2:]] for i, row in enumerate(rows)], self.HEADER)

    def trained(self, file, model, *more, options=T):
        """The last line, and the model's tensors."""
        last = self.lines("train", "--data", file, *options, "--save", model, *more)[-1]
        data = (self.folder / model).read_bytes()
        return last, data[8 + int.from_bytes(data[:8], "little"):]

    def test_zero_is_absence(self):
        rows = blobs(150)
        kept = [row for i, row in enumerate(rows) if self.W[i % 7]]
        ones = [int(weight > 0) for weight in self.W]
        file = self.weighted("w.csv", rows, weights=ones)
        some = self.write("some.csv", kept, COLUMNS)
        self.assertIn("43 rows of weight 0 are left out", self.notes(file, "--weight", "w"))
        for more in ([], ["--validation", "0.2"]):
            got, tensors = self.trained(file, "m", "--weight", "w", *more)
            want, same = self.trained(some, "n", *more)
            self.assertEqual((got["loss"], tensors), (want["loss"], same))
        # a class that only such rows have is none
        file = self.write("x.csv", [*rows, *([*row[:4], "other"] for row in blobs(5))], COLUMNS)
        text = (self.folder / file).read_text().splitlines()
        (self.folder / file).write_text("\n".join(f"{line},{'w' if i == 0 else int(i <= 150)}" for i, line in enumerate(text)))
        self.assertEqual(self.trained(file, "m", "--weight", "w")[1], self.trained(self.write("p.csv", rows, COLUMNS), "n")[1])

    def test_two_is_twice(self):
        rows = blobs(60)
        repeated = self.write("r.csv", [row for i, row in enumerate(rows) for _ in range(self.W[i % 7])], COLUMNS)
        want, _ = self.trained(repeated, "n", options=self.FULL)
        for factor in (1, 0.3):
            got, _ = self.trained(self.weighted("w.csv", rows, factor), "m", "--weight", "w", options=self.FULL)
            self.assertAlmostEqual(got["loss"], want["loss"], delta=1e-4 * want["loss"])
        shift, same = (OtherFiles.numbers(self.lines("info", model)[-1]["annc.input_shift"]) for model in "mn")
        self.assertLess(max(abs(a - b) for a, b in zip(shift, same)), 1e-7)  # weighted means

    def test_equal_is_none(self):
        rows = blobs(60)
        plain = self.trained(self.write("p.csv", rows, COLUMNS), "n")
        equal = self.trained(self.weighted("w.csv", rows, weights=[3]), "m", "--weight", "3")
        self.assertEqual((plain[0]["loss"], plain[1]), (equal[0]["loss"], equal[1]))

    def test_evaluation(self):
        rows = blobs(60)
        file = self.weighted("w.csv", rows)
        few = [part if part != "60" else "1" for part in T]
        self.trained(file, "m", "--weight", "w", options=few)
        repeated = self.write("r.csv", [row for i, row in enumerate(rows) for _ in range(self.W[i % 7])], COLUMNS)
        got = self.lines("eval", "m", "--data", file)[-1]
        want = self.lines("eval", "m", "--data", repeated)[-1]
        self.assertLess(got["accuracy"], 1)
        for key in ("accuracy", "loss", "log_loss", "calibration_error"):
            self.assertAlmostEqual(got[key], want[key], places=5)
        for mean in ("macro", "weighted"):
            for key in ("precision", "recall", "f1"):
                self.assertAlmostEqual(got[mean][key], want[mean][key], places=5)
        self.assertRegex(self.run_program("eval", "m").stdout, r"^weighted accuracy .*% \(\d+ / 43\)")
        shown = self.run_program("eval", "m", "--data", self.write("p.csv", rows, COLUMNS))
        self.assertIn("the rows have no weights: no column 'w'", shown.stderr)
        self.assertRegex(shown.stdout, r"^accuracy")

    def test_threshold(self):
        rows = [row for row in blobs(90) if row[4] != "gamma"]
        file = self.weighted("w.csv", rows)
        two = [part.replace("-3:", "-2:") if part == T[1] else part.replace("60", "1") for part in T]
        self.trained(file, "m", "--weight", "w", options=two)
        repeated = self.write("r.csv", [row for i, row in enumerate(rows) for _ in range(self.W[i % 7])], COLUMNS)
        for threshold in ("0.1", "0.3", "0.7"):
            got, want = (self.lines("eval", "m", "--data", data, "--threshold", threshold)[-1] for data in (file, repeated))
            self.assertAlmostEqual(got["accuracy"], want["accuracy"], places=6)
            self.assertAlmostEqual(got["auc"], want["auc"], places=6)
        self.assertLess(got["accuracy"], 1)

    def test_predict_ignores(self):
        rows = blobs(30)
        file = self.weighted("w.csv", rows)
        self.trained(file, "m", "--weight", "w")
        plain = self.write("p.csv", [row[:4] for row in rows], COLUMNS[:4])
        predicted = self.run_program("predict", "m", file)
        self.assertEqual(predicted.stdout, self.run_program("predict", "m", plain).stdout)
        self.assertNotIn("left out", predicted.stderr)

    def test_named_anew(self):
        rows = blobs(60)
        self.trained(self.write("p.csv", rows, COLUMNS), "m")
        file = self.weighted("w.csv", rows)
        repeated = self.write("r.csv", [row for i, row in enumerate(rows) for _ in range(self.W[i % 7])], COLUMNS)
        got = self.lines("eval", "m", "--data", file, "--weight", "w")[-1]
        self.assertAlmostEqual(got["loss"], self.lines("eval", "m", "--data", repeated)[-1]["loss"], places=6)
        self.assertNotEqual(got["loss"], self.lines("eval", "m", "--data", file)[-1]["loss"])
        self.run_program("train", "--data", file, *T, "--load", "m", "--weight", "w", "--save", "n")
        self.assertEqual(self.lines("info", "n")[-1]["annc.weight"], "w")
        self.assertIn("names column 1, which is an input", self.run_program("eval", "m", "--data", file, "--weight", "a", code=USAGE).stderr)

    def test_targets_and_folds(self):
        rows = [[i, i % 5, i * 0.5 + i % 3] for i in range(40)]
        file = self.write("n.csv", rows, ["x", "w", "y"])
        fit = ["--target", "y", "--layers", "1-1:identity", "--lr", "0.1", "--device", "cpu", "--epochs", "20", "--batch", "8", "--weight", "w"]
        self.run_program("train", "--data", file, *fit, "--save", "m", "--validation", "0.25")
        got = self.lines("eval", "m", "--data", file)[-1]
        repeated = self.write("r.csv", [[x, y] for x, w, y in rows for _ in range(w)], ["x", "y"])
        want = self.lines("eval", "m", "--data", repeated)[-1]
        for key in ("r2", "rmse", "mae", "loss"):
            self.assertAlmostEqual(got[key], want[key], places=4)
        self.assertIn("R2", self.run_program("train", "--data", file, *fit, "--folds", "4").stdout)

    def test_audit(self):
        file = self.weighted("w.csv", blobs(30), 0.7)
        self.assertIn("PASS", self.run_program("check", "--data", file, "--weight", "w", "--layers", "4-5-3", "--device", "cpu").stderr)

    def test_what_is_no_weight(self):
        rows = blobs(20)
        for cell, fault in ((-1, "line 3, column 'w': the weight -1 is below 0"), ("", "line 3, column 'w': the value is missing"),
                            ("heavy", "line 3, column 'w': 'heavy' is not a number"), ("1e39", "is too large for single precision")):
            self.assertIn(fault, self.refused(self.weighted("w.csv", rows, weights=[1, cell, 2] + [1] * 17), "--weight", "w"))
        gap = self.weighted("w.csv", rows, weights=[1, "", 2] + [1] * 17)
        self.assertIn("line 3, column 'w': the weight is missing; use --missing drop", self.refused(gap, "--weight", "w", "--missing", "mean"))
        self.assertIn("1 row with missing values is left out", self.notes(gap, "--weight", "w", "--missing", "drop"))
        self.assertIn("has no row with a weight above 0", self.refused(self.weighted("w.csv", rows, weights=[0]), "--weight", "w"))
        words = self.refused(self.weighted("w.csv", rows, weights=["high", "low"]), "--weight", "w")
        self.assertIn("line 2, column 'w': 'high' is not a number (20 such cells); --weight needs a column of numbers", words)
        self.assertIn("has no column 'v' for --weight", self.refused(self.weighted("w.csv", rows), "--weight", "v"))
        self.assertIn("--label and --weight name the same column, 3", self.refused(self.weighted("w.csv", rows), "--weight", "w", "--label", "w", code=USAGE))
        self.assertIn("--drop and --weight name the same column, 3", self.refused(self.weighted("w.csv", rows), "--weight", "w", "--drop", "w", code=USAGE))
        self.assertIn("--weight names a column of a text table, or an array of an NPZ file, but the data are neither",
                      self.refused("digits", "--weight", "w", options=[], code=USAGE))
        for data in ("digits", self.weighted("w.csv", rows)):
            self.assertIn("--weights is for IDX images and arrays, but the data are neither", self.refused(data, "--weights", "w.csv", options=[], code=USAGE))


class LabelSets(Tables):
    """Several labels in one cell, as targets of 0 and 1."""
    FEW = ["--device", "cpu", "--epochs", "2"]

    @staticmethod
    def rows(count=40):
        """Rows of a, b and the set of their labels; the third has none."""
        for i in range(count):
            a, b = i % 7 / 7, i * 5 % 11 / 11
            yield f"{a:.6f}", f"{b:.6f}", [name for name, there in (("red", a > 0.5), ("big", a + b > 1), ("thin", b < 0.2 and i != 2)) if there]

    def lists(self, name="l.csv", separator=";", count=40):
        """A table whose labels come in any order, with blanks, twice, and with empty items."""
        cells = [[a, b, f" {separator} ".join(labels[::-1] if i % 2 else labels + labels[:1]) + separator * (i % 3)] for i, (a, b, labels) in enumerate(self.rows(count))]
        return self.write(name, [[a, b, f'"{cell}"'] for a, b, cell in cells], ["a", "b", "tags"])

    def columns(self, name="c.csv", count=40):
        return self.write(name, [[a, b, *(int(label in labels) for label in ("big", "red", "thin"))] for a, b, labels in self.rows(count)],
                          ["a", "b", "big", "red", "thin"])

    def tensors(self, model):
        return (self.folder / model).read_bytes().split(b"}", 1)[1][-2000:]

    def test_as_columns(self):
        """The same bits as a column of 0 and 1 for each label; other rules of the separator make no difference."""
        shown = self.run_program("train", "--data", self.columns(), "--target", "big,red,thin", *self.FEW, "--save", "c").stdout
        want = self.lines("eval", "c", "--data", "c.csv")[-1]
        for separator in (";", "|", ",", " ", "tab"):
            file = self.lists(separator="\t" if separator == "tab" else separator)
            got = self.run_program("train", "--data", file, "--label", "tags", "--label-separator", separator, *self.FEW, "--save", "m")
            self.assertEqual([line for line in got.stdout.splitlines() if "oss" in line], [line for line in shown.splitlines() if "oss" in line])
            self.assertIn("column 'tags' has 3 labels, 1.00 per row; each is a target of 0 or 1", got.stderr)
            self.assertEqual(self.tensors("m"), self.tensors("c"))
            mine = self.lines("eval", "m", "--data", file)[-1]
            for key in ("loss", "label_accuracy", "subset_accuracy", "targets"):
                self.assertEqual(mine.get(key), want.get(key), key)
        self.assertEqual([label["label"] for label in mine["labels"]], ["big", "red", "thin"])

    def test_predict(self):
        file = self.lists()
        self.run_program("train", "--data", file, "--label-separator", ";", "--device", "cpu", "--save", "m")
        info = self.lines("info", "m")[-1]
        self.assertEqual((info["annc.label"], info["annc.label_separator"], info["annc.targets"]), ("tags", ";", '["big","red","thin"]'))
        lines, text = self.lines("predict", "m", file), self.run_program("predict", "m", file).stdout.splitlines()
        for line, shown in zip(lines, text, strict=True):
            want = [(name, value) for name, value in zip(("big", "red", "thin"), line["values"], strict=True) if value > 0.5]
            self.assertEqual(line["labels"], [name for name, _ in want])
            self.assertEqual(shown, "  ".join(f"{name} {value:.4f}" for name, value in want) or "(none)")
        self.assertIn("(none)", text)
        self.assertTrue(any(len(line["labels"]) > 1 for line in lines))
        self.assertEqual(self.run_program("predict", "m", file, "--csv").stdout.splitlines()[0], "input,row,big,red,thin")
        plain = self.write("p.csv", [[a, b] for a, b, _ in self.rows()], ["a", "b"])
        self.assertEqual(self.run_program("predict", "m", plain).stdout.splitlines(), text)

    def test_other_tables(self):
        """Labels of a test set are those of the training; columns in any order, or none names them."""
        file = self.lists()
        test = self.write("t.csv", [["thin;red", "0.5", "0.1"], ["", "0.1", "0.9"]], ["tags", "b", "a"])
        run = self.run_program("train", "--data", file, "--test", test, "--label", "tags", "--label-separator", ";", *self.FEW, "--save", "m")
        self.assertIn("test set label acc", run.stdout)
        self.assertEqual([row["support"] for row in self.lines("eval", "m", "--data", test)[-1]["labels"]], [0, 1, 1])
        for cell in ("red;blue", "Red", "big,red"):
            strange = self.write("s.csv", [["1", "2", f'"{cell}"']], ["a", "b", "tags"])
            self.assertIn(f"line 2 has the label '{cell.split(';')[-1]}', which the training data do not have",
                          self.run_program("eval", "m", "--data", strange, code=INPUT).stderr)
        self.write("n.csv", [[a, b, ";".join(labels)] for a, b, labels in self.rows()])
        self.run_program("train", "--data", "n.csv", "--label", "3", "--label-separator", ";", *self.FEW, "--save", "n")
        self.assertEqual(sum(row["support"] for row in self.lines("eval", "n", "--data", "n.csv")[-1]["labels"]), 40)

    def test_numbers_and_gaps(self):
        """Labels may be numbers; lists with decimal-looking commas are no numbers; '?' is a missing list, an empty one is not."""
        rows = [[i % 5, f'"{i % 3},{i % 4}"' if i != 7 else "?"] for i in range(30)]
        file = self.write("n.csv", rows, ["x", "label"])
        self.assertIn("line 9, column 'label': the label or target is missing", self.refused(file, "--label-separator", ",", options=[]))
        got = self.run_program("train", "--data", file, "--label-separator", ",", "--missing", "drop", *self.FEW, "--save", "m").stderr
        self.assertIn("has 4 labels", got)
        self.assertNotIn("decimal comma", got)
        self.assertIn("1 row with missing values is left out", got)
        self.assertEqual(self.lines("info", "m")[-1]["annc.targets"], '["0","1","2","3"]')

    def test_hint(self):
        hint = "each different label is a class; set --label-separator to ';' if it separates several labels in a cell"
        self.assertIn(hint, self.run_program("train", "--data", self.write("h.csv", [[i, "red;big" if i % 2 else "red"] for i in range(20)], ["x", "label"]), *self.FEW).stderr)
        for labels in (("a;b", "c;d"), ("red", "big")):
            file = self.write("h.csv", [[i, labels[i % 2]] for i in range(20)], ["x", "label"])
            self.assertNotIn("label-separator", self.run_program("train", "--data", file, *self.FEW).stderr)

    def test_refused(self):
        file = self.lists()
        one = self.write("o.csv", [[i, "red" if i % 2 else ""] for i in range(9)], ["x", "label"])
        for options, fault, code in ((("--label-separator", "x"), "--label-separator is a blank or a mark", USAGE),
                                     (("--label-separator", ";;"), "--label-separator takes one character", USAGE),
                                     (("--label-separator", ";", "--target", "a"), "--target and --label-separator cannot be combined", USAGE),
                                     (("--label-separator", ";", "--layers", "2-2"), "the network has 2 outputs, but the data have 3 targets", INPUT)):
            self.assertIn(fault, self.refused(file, *options, options=[], code=code))
        self.assertIn("has 1 different label in its lists; there must be 2 or more", self.refused(one, "--label-separator", ";", options=[]))
        many = self.write("m.csv", [[i, f"{i};{i + 1}"] for i in range(40000)], ["x", "label"])
        self.assertIn("has 40000 rows and 40001 different labels in its lists, which would take 6103 MB", self.refused(many, "--label-separator", ";", options=[]))
        self.run_program("train", "--data", file, "--label-separator", ";", *self.FEW, "--save", "m")
        damaged = (self.folder / "m").read_bytes().replace(b'"annc.label_separator":";"', b'"annc.label_separator":"x"')
        (self.folder / "d").write_bytes(damaged)
        self.assertRegex(self.run_program("eval", "d", "--data", file, code=INPUT).stderr, "annc.label_separator is malformed|checksum")


if __name__ == "__main__":
    main()
