#!/usr/bin/env python3
"""Columns of words: their levels become inputs of 0 and 1, the same in every command and export. Called as program.py says."""
import json
import os
import shutil
import subprocess

from program import INPUT, USAGE, main
from tables import Tables

SMALL = ["--hidden", "6", "--epochs", "3", "--lr", "0.01", "--batch", "16", "--device", "cpu"]
COLOURS = ("red", "dark blue", "green")
HEADER = ["colour", "size", "label"]
PLAY = """outlook temperature humidity wind play
sunny hot high weak no;sunny hot high strong no;overcast hot high weak yes;rain mild high weak yes;rain cool normal weak yes
rain cool normal strong no;overcast cool normal strong yes;sunny mild high weak no;sunny cool normal weak yes;rain mild normal weak yes
sunny mild normal strong yes;overcast mild high strong yes;overcast hot normal weak yes;rain mild high strong no"""
COMPILER = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")


def row(i, colour=None):
    colour = COLOURS[i * i % 3] if colour is None else colour
    return [colour, f"{(7 * i) % 11 / 4}", "yes" if (colour == "green") + (7 * i) % 11 / 4 > 1.2 else "no"]


def one_hot(i, colour=None):
    """The same row with an input per level, in bytewise order."""
    name, size, label = row(i, colour)
    return [str(int(name == level)) for level in sorted(COLOURS)] + [size, label]


class Categories(Tables):
    def categories(self, model="m"):
        values = json.loads(self.run_program("info", model, "--json").stdout)
        return json.loads(values["annc.categories"]), json.loads(values["annc.inputs"])

    def train(self, rows, *options, header=HEADER, name="t.csv", save="m"):
        """Trains on the rows; returns what was noted."""
        return self.run_program("train", "--data", self.write(name, rows, header), "--label", "label", *SMALL, *options, "--save", save).stderr

    def answers(self, model, *files):
        return [line.split(",")[2:] for line in self.run_program("predict", model, *files, "--csv").stdout.splitlines()[1:]]


class Encoding(Categories):
    def test_first_row_without_a_header_record(self):
        """The first row of an ARFF or libsvm table is no header: its levels count, and a single row has one."""
        rows = ["blue,1,yes", "red,2,no", "green,3,yes", "red,1,no", "green,2,yes", "blue,3,no"]
        (self.folder / "t.arff").write_text("@relation r\n@attribute colour {red,green,blue}\n@attribute size numeric\n"
                                            "@attribute class {yes,no}\n@data\n" + "\n".join(rows) + "\n")
        self.run_program("train", "--data", "t.arff", "--epochs", "1", "--device", "cpu", "--save", "m")
        (category,) = json.loads(self.lines("info", "m")[0]["annc.categories"])
        self.assertEqual((category["levels"], category["other"]), (["blue", "green", "red"], False))
        (self.folder / "one.svm").write_text("1 1:0.5 2:word\n")
        self.run_program("train", "--data", "one.svm", "--categorical", "2", "--target", "label", "--epochs", "1", "--device", "cpu", "--save", "m")
        (category,) = json.loads(self.lines("info", "m")[0]["annc.categories"])
        self.assertEqual((category["levels"], category["first"]), (["word"], 1))

    def test_as_columns_of_0_and_1(self):
        """A model of words has the bits of one whose columns of 0 and 1 were made by hand."""
        said = self.train([row(i) for i in range(90)], "--scale", "none")
        self.assertIn("1 column of words becomes 2 inputs of 0 and 1: 'colour' (2 levels)", said)  # squares leave one out
        self.train([row(i, COLOURS[i % 3]) for i in range(90)], "--scale", "none")
        self.write("by_hand.csv", [one_hot(i, COLOURS[i % 3]) for i in range(90)], ["b", "g", "r", "size", "label"])
        self.run_program("train", "--data", "by_hand.csv", "--label", "label", *SMALL, "--scale", "none", "--save", "hand")
        self.assertEqual(self.answers("m", "t.csv"), self.answers("hand", "by_hand.csv"))
        for command in (["eval", "--data"], ["eval", "--data"]):
            of = [self.lines(command[0], model, command[1], file)[-1]["loss"] for model, file in (("m", "t.csv"), ("hand", "by_hand.csv"))]
            self.assertEqual(*of)
        self.assertEqual(self.categories(), ([{"column": "colour", "first": 0, "levels": sorted(COLOURS), "unseen": [], "other": False, "missing": False}],
                                             ["colour=dark blue", "colour=green", "colour=red", "size"]))

    def test_scaling_leaves_levels_alone(self):
        for scale in ("standardise", "min-max", "255"):
            self.train([row(i, COLOURS[i % 3]) for i in range(90)], "--scale", scale)
            values = json.loads(self.run_program("info", "m", "--json").stdout)
            shift, factor = ([float.fromhex(x) for x in json.loads(values["annc.input_" + which])] for which in ("shift", "factor"))
            self.assertEqual((shift[:3], factor[:3]), ([0, 0, 0], [1, 1, 1]))
            self.assertNotEqual(factor[3], 1)

    def test_any_order_of_rows_and_columns(self):
        """Levels depend on the rows alone; a table to predict may have other columns and another order."""
        rows = [row(i, COLOURS[i % 3]) for i in range(90)]
        self.train(rows)
        want, found = self.answers("m", "t.csv"), self.categories()
        self.write("turned.csv", [[size, "9", colour] for colour, size, _ in rows], ["size", "more", "colour"])
        self.assertEqual(self.answers("m", "turned.csv"), want)
        self.write("bare.csv", [[colour, size] for colour, size, _ in rows])
        self.assertEqual(self.answers("m", "bare.csv"), want)
        one = self.write("one.csv", [[rows[4][1], rows[4][0]]], ["size", "colour"])
        self.assertEqual(self.answers("m", one), want[4:5])
        self.train(rows[::-1])
        self.assertEqual(self.categories(), found)

    def test_missing_other_unknown(self):
        """A missing cell is a level; single ones share an input, which unknown ones take."""
        rows = [row(i, ("red", "green", "", "NA", "?")[i % 5]) for i in range(60)] + [row(7, "once"), row(8, "also once")]
        said = self.train(rows)
        self.assertIn("'colour' (2 levels, 2 rare ones share one input, missing)", said)
        self.assertNotIn("warning", said)
        self.assertEqual(self.categories()[1], ["colour=green", "colour=red", "colour=(other)", "colour=(missing)", "size"])
        file = self.write("p.csv", [[c, "1"] for c in ("once", "new", "also once", "", "None", "red")], HEADER[:2])
        answers = self.answers("m", file)
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0], answers[2])
        self.assertEqual(answers[3], answers[4])
        self.assertEqual(len({tuple(answer) for answer in answers}), 3)
        said = self.run_program("predict", "m", file).stderr
        self.assertIn("warning: p.csv: 3 cells of column 'colour' have a level that is rare or absent in the training data ('once' in line 2); "
                      "they count as colour=(other)", said)
        self.train([row(i, COLOURS[i % 3]) for i in range(90)])
        said = self.run_program("predict", "m", self.write("p.csv", [["new", "1"], ["", "1"]], HEADER[:2])).stderr
        self.assertIn("2 cells of column 'colour' have a level that is rare or absent in the training data ('new' in line 2); none of the column's inputs is 1", said)
        new, missing = self.answers("m", "p.csv")
        self.assertEqual(new, missing)

    def test_levels_of_held_out_rows(self):
        """A level that only held-out rows have is unknown to the model, in that training and afterwards."""
        rows = [row(i, COLOURS[i % 2]) for i in range(60)]
        for place in range(0, 60, 2):  # find two rows that the split holds out
            trial = [list(r) for r in rows]
            trial[place][0] = trial[place + 1][0] = "rare"
            self.train(trial, "--validation", "0.5", "--split-seed", "3")
            category = self.categories()[0][0]
            if category["unseen"]:
                break
        self.assertEqual([category["levels"][i] for i in category["unseen"]], ["rare"])
        self.write("p.csv", [["rare", "1"], ["never", "1"]], HEADER[:2])
        rare, never = self.answers("m", "p.csv")
        self.assertEqual(rare, never)
        self.assertIn("'rare' in line 2", self.run_program("predict", "m", "p.csv").stderr)
        lines = self.lines("train", "--data", "t.csv", "--test", "t.csv", "--label", "label", *SMALL, "--validation", "0.5", "--split-seed", "3", "--save", "m")
        self.assertEqual(self.categories()[0][0]["unseen"], category["unseen"])
        evaluated = self.lines("eval", "m", "--data", "t.csv")[-1]
        epoch = [line for line in lines if "test_loss" in line][-1]
        self.assertEqual(epoch["test_correct"], evaluated["correct"])
        self.assertAlmostEqual(epoch["test_loss"], evaluated["loss"], delta=1e-6)
        self.run_program("train", "--data", "t.csv", "--label", "label", *SMALL, "--folds", "5")

    def test_dropped_rows(self):
        """Rows that are dropped for a missing number leave nothing behind: the 44 parameters are the same."""
        rows = [row(i, COLOURS[i % 3]) for i in range(90)]
        self.train(rows)
        want = (self.folder / "m").read_bytes()[-176:]
        holes = [r for i, full in enumerate(rows) for r in ([[COLOURS[(i + 1) % 3], "?", "yes"]] if i % 2 else []) + [full]]
        self.train(holes, "--missing", "drop")
        self.assertEqual((self.folder / "m").read_bytes()[-176:], want)

    def test_limits(self):
        """Of more levels than 256 the most frequent have an input; the order of equally frequent ones is that of their bytes."""
        rows = [row(i, f"L{i % 300:03}") for i in range(900)]
        rows += [row(i, "L299") for i in range(5)]
        self.assertIn("(256 levels, 44 rare ones share one input)", self.train(rows))
        levels = self.categories()[0][0]["levels"]
        self.assertEqual(levels, [f"L{i:03}" for i in range(255)] + ["L299"])
        long = [row(i, "x" * 1025 if i == 40 else "red") for i in range(60)]
        self.assertIn("t.csv: line 42, column 'colour': a text or name of more than 1024 bytes is no category; leave the column out with --drop colour",
                      self.refused(self.write("t.csv", long, HEADER), "--label", "label", options=SMALL))
        many = [row(i, f"L{i // 2}") for i in range(2 * 65537)]
        self.assertIn("column 'colour' has more than 65536 different texts, too many for categories; leave it out with --drop colour",
                      self.refused(self.write("t.csv", many, HEADER), "--label", "label", options=SMALL))


class Kinds(Categories):
    def refuse(self, rows, *options, header=HEADER):
        return self.refused(self.write("t.csv", rows, header), "--label", "label", *options, options=SMALL)

    def test_few_words_are_errors(self):
        rows = [row(i) for i in range(60)]
        rows[20][1] = rows[30][1] = "wide"
        self.assertIn("t.csv: line 22, column 'size': 'wide' is not a number (2 of 60 cells)", self.refuse(rows))
        half = [[c, size if i % 2 else "wide", label] for i, (c, size, label) in enumerate(rows)]
        self.assertIn("column 'size': 'wide' is not a number", self.refuse(half))  # half is not most
        half[1][1] = "wide"
        self.assertIn("2 columns of words become", self.train(half))
        self.assertIn("line 2, column 'size': 'wide' is not a number", self.refuse(half, "--numeric", "size"))

    def test_named(self):
        rows = [[str(i % 4)] + row(i) for i in range(60)]
        self.assertIn("2 columns of words become", self.train(rows, "--categorical", "zone", header=["zone"] + HEADER))
        self.assertEqual(self.categories()[1][:4], ["zone=0", "zone=1", "zone=2", "zone=3"])
        self.assertIn("categorical = zone", self.run_program("info", "m").stdout)
        want = (self.folder / "m").read_bytes()
        self.run_program("train", "--config", "m", "--save", "again")
        self.assertEqual((self.folder / "again").read_bytes(), want)
        file = self.write("t.csv", rows, ["zone"] + HEADER)
        train = ["train", "--data", file, "--label", "label", *SMALL]
        self.assertIn("column 'zone' cannot be both --categorical and --numeric",
                      self.run_program(*train, "--categorical", "zone", "--numeric", "1", code=USAGE).stderr)
        self.assertIn("has no column 'zones' for --categorical", self.run_program(*train, "--categorical", "zones", code=INPUT).stderr)
        self.assertIn("column 'label' is no input, so that its kind is of no use", self.run_program(*train, "--numeric", "label").stderr)

    def test_identifiers(self):
        self.assertIn("t.csv: line 2, column 'id': 'n0' is not a number, and all 60 texts of the column are different, as identifiers are; leave it out "
                      "with --drop id, or use it with --categorical id", self.refuse([[f"n{i}"] + row(i) for i in range(60)], header=["id"] + HEADER))
        rows = [[f"${1000 + i - i % 20 // 19}.50"] + row(i) for i in range(60)]  # 54 of the amounts occur once
        said = self.refuse(rows, header=["price"] + HEADER)
        self.assertIn("column 'price': '$1000.50' is not a number, and 54 of 60 texts of the column occur once, as identifiers do; remove '$' if they are "
                      "amounts, leave it out with --drop price, or use it with --categorical price", said)
        rows[1][0] = rows[0][0]
        self.assertIn("'price' (4 levels, 52 rare ones share one input)", self.train(rows, header=["price"] + HEADER))
        for amount, sign in (("{} %", "%"), ("\u20ac {}", "\u20ac"), ("{}$", "$"), ("a{}", "")):
            said = self.refuse([[amount.format(i)] + row(i) for i in range(60)], header=["price"] + HEADER)
            self.assertEqual(f"remove '{sign}' if" in said, sign != "")
        self.assertIn("'id' (60 levels)", self.train([[f"n{i}"] + row(i) for i in range(60)], "--categorical", "id", header=["id"] + HEADER))

    def test_truth(self):
        """True and false in any case are 1 and 0, as inputs and as labels."""
        rows = [[("TRUE", "false", "True")[i % 3]] + row(i)[1:2] + [("no", "yes")[i % 2]] for i in range(60)]
        self.train(rows)
        self.assertEqual(json.loads(self.run_program("info", "m", "--json").stdout).get("annc.categories"), None)

    def test_words_alone(self):
        """A header above nothing but words is found: none of its words occurs again in its column."""
        rows = [line.split() for line in PLAY.replace("\n", ";").split(";")]
        self.write("play.csv", rows[1:], rows[0])
        said = self.run_program("train", "--data", "play.csv", "--label", "play", "--hidden", "8", "--epochs", "200", "--lr", "0.01", "--device", "cpu",
                                "--save", "m").stderr
        self.assertIn("14 rows of 5 columns separated by commas, with a header", said)
        self.assertEqual(self.lines("eval", "m", "--data", "play.csv")[-1]["accuracy"], 1)
        self.write("one.csv", [rows[3][:4]], rows[0][:4])
        self.write("bare.csv", [rows[3][:4], rows[4][:4]])
        self.assertEqual(self.answers("m", "one.csv"), self.answers("m", "bare.csv")[:1])
        self.write("bare.csv", rows[1:])
        self.assertIn("14 rows of 5 columns separated by commas, without a header",
                      self.run_program("train", "--data", "bare.csv", "--label", "5", *SMALL).stderr)


class Elsewhere(Categories):
    NASTY = ['<script>alert(1)</script>', 'a "quoted", one', "back\\slash??/", "\x1b[31mred", "two\nlines", "ünï", "'; DROP"]

    def nasty(self):
        rows = [row(i, self.NASTY[i % len(self.NASTY)]) for i in range(84)]
        self.train([['"' + c.replace('"', '""') + '"', size, label] for c, size, label in rows])

    def test_c_code(self):
        """The exported program takes the table's cells and gives predict's numbers, whatever the levels are called."""
        if not COMPILER:
            self.skipTest("no compiler is installed")
        self.nasty()
        self.run_program("export", "m", "--format", "c", "--out", "m.c")
        subprocess.run([COMPILER, "-std=c99", "-Wall", "-Wextra", "-Werror", "-DMODEL_MAIN", "m.c", "-lm", "-o", "program"], cwd=self.folder, check=True)
        table = (self.folder / "t.csv").read_text().replace(",label\n", "\n", 1).replace(",no\n", "\n").replace(",yes\n", "\n")
        table += 'unknown,0.5\n"",1\n'
        (self.folder / "p.csv").write_text(table)
        program = subprocess.run([self.folder / "program"], input=table, capture_output=True, text=True, check=True).stdout.splitlines()
        answers = self.answers("m", "p.csv")
        self.assertEqual(len(program), len(answers))
        self.assertEqual(len(answers), 86)
        for line, answer in zip(program, answers):
            label, *outputs = line.split(" ")
            self.assertEqual(label, answer[0])
            for x, y in zip(outputs, answer[1:]):
                self.assertAlmostEqual(float(x), float(y), delta=1e-5)
        for cells, said in (("red", "line 1: has fewer"), ("red,1,2", "line 1: has more"), ("red,wide", "line 1: not a number: wide"),
                            ('"a"b,1', "line 1: has text after a quoted field")):
            result = subprocess.run([self.folder / "program"], input=cells + "\n", capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn(said, result.stderr)

    def test_hostile_names(self):
        self.nasty()
        for command in (["info", "m"], ["predict", "m", "t.csv"], ["train", "--data", "t.csv", "--label", "label", *SMALL, "--log", "log"]):
            result = self.run_program(*command)
            self.assertNotIn("\x1b", result.stdout + result.stderr)
        self.run_program("export", "m", "--format", "html", "--out", "m.html")
        self.assertNotIn("<script>alert", (self.folder / "m.html").read_text())
        for form in ("json", "onnx", "npz"):
            self.run_program("export", "m", "--format", form, "--out", "m." + form)
        metadata = json.loads((self.folder / "m.json").read_text())["metadata"]
        self.assertEqual(json.loads(metadata["annc.categories"])[0]["levels"], sorted(self.NASTY, key=str.encode))
        self.assertIn(b"annc.categories", (self.folder / "m.onnx").read_bytes())
        self.run_program("train", "--data", "t.csv", "--label", "label", *SMALL, "--log", "log", "--save", "m2")
        self.run_program("report", "log", "--out", "r.html")
        self.assertIn("colour=", (self.folder / "r.html").read_text())
        self.assertNotIn("<script>alert", (self.folder / "r.html").read_text())

    def test_all_commands(self):
        """Trace, check, sweep, resume and the report take the columns as training did."""
        rows = [row(i, COLOURS[i % 3]) for i in range(90)]
        self.train(rows, "--checkpoint", "c", "--schedule", "constant")
        data = ["--data", "t.csv", "--label", "label", "--device", "cpu"]
        self.run_program("check", *data, "--hidden", "6", "--seed", "2")
        self.run_program("trace", "m", "--data", "t.csv", "--example", "2")
        self.run_program("sweep", *data, "--hidden", "6", "--epochs", "2", "--grid", "lr=0.01,0.1", "--save", "best")
        self.assertEqual(self.categories("best"), self.categories("m"))
        self.run_program("train", *data, *SMALL[:2], "--epochs", "6", "--lr", "0.01", "--batch", "16", "--schedule", "constant",
                         "--save", "straight")
        self.run_program("train", "--resume", "c", "--epochs", "6", "--save", "resumed")
        self.assertEqual(self.answers("resumed", "t.csv"), self.answers("straight", "t.csv"))
        self.run_program("train", *data, "--load", "m", "--epochs", "1", "--save", "more")
        self.assertEqual(self.categories("more"), self.categories("m"))

    def test_damaged_model(self):
        """A model whose categories contradict its inputs is refused."""
        self.train([row(i, COLOURS[i % 3]) for i in range(90)])
        whole = (self.folder / "m").read_bytes()
        size = int.from_bytes(whole[:8], "little")
        header = json.loads(whole[8:8 + size])
        good = header["__metadata__"].pop("annc.categories")
        del header["__metadata__"]["annc.checksum"]
        for change in (("", ""), ('"first":0', '"first":4'), ('"first":0', '"first":2'), ('"first":0', '"first":-1'), ('"green"', '"red"'),
                       ('"unseen":[]', '"unseen":[9]'), ('"levels":', '"lovels":'), ('["dark blue","green","red"]', "[]"), ('"green"', "7"),
                       ('"missing":false', '"missing":null'), ('"missing":false', '"missing":true'), ("}]", "}"), ("}]", "}]]"), (good, "[]"), (good, "{}")):
            header["__metadata__"]["annc.categories"] = good.replace(*change) if change[0] else good
            text = json.dumps(header).encode()
            (self.folder / "bad").write_bytes(len(text).to_bytes(8, "little") + text + whole[8 + size:])
            if change[0]:
                self.assertIn("annc.categories is malformed", self.run_program("predict", "bad", "t.csv", code=INPUT).stderr, change)
            else:
                self.assertEqual(self.answers("bad", "t.csv"), self.answers("m", "t.csv"))


if __name__ == "__main__":
    main()
