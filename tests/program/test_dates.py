#!/usr/bin/env python3
"""Columns of dates: days since 1970-01-01, the same in every command and export. Called as program.py says."""
import datetime
import json
import os
import random
import shutil
import subprocess
import unittest

from program import INPUT, MODULE, USAGE, main
from tables import Tables

TRAINING = ["--hidden", "6", "--epochs", "3", "--lr", "0.01", "--batch", "16"]
SMALL = [*TRAINING, "--device", "cpu"]
HEADER = ["when", "size", "label"]
FIRST = datetime.datetime(2019, 11, 3)
ZERO = datetime.datetime(1970, 1, 1)
COMPILER = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")


def moment(i):
    """A date and time of day, of every second, now and then of a fraction of it."""
    return FIRST + datetime.timedelta(days=(37 * i) % 900, seconds=(7919 * i) % 86400, microseconds=250000 * (i % 4))


def days_of(when):
    """The rule: whole days, and the share of the day that has passed."""
    past = when - datetime.datetime(when.year, when.month, when.day)
    return (when.toordinal() - ZERO.toordinal()) + (past.seconds * 10**9 + past.microseconds * 1000) / 86400e9


def answer(i):
    return "yes" if (37 * i) % 900 / 300 + (7 * i) % 11 / 4 > 2.5 else "no"


def row(i, when=None):
    return [moment(i).isoformat() if when is None else when, f"{(7 * i) % 11 / 4}", answer(i)]


def in_forms(i):
    """The same moment in one of the forms that are read."""
    when = moment(i)
    there = when + datetime.timedelta(minutes=(-210, 120, 0, 840)[i % 4])
    return (when.isoformat(), when.isoformat(" ") + "Z", when.strftime("%Y/%m/%dT%H:%M:%S.%f000"), there.isoformat() + ("-03:30", "+02:00", "+00", "+1400")[i % 4],
            f"{when.year}-{when.month}-{when.day} {when.hour}:{when:%M:%S.%f}", when.isoformat())[i % 6]


class Dates(Tables):
    device = "cpu"

    def train(self, rows, *options, header=HEADER, name="t.csv", save="m"):
        """Trains on the rows; returns what was noted."""
        return self.run_program("train", "--data", self.write(name, rows, header), "--label", "label", *TRAINING, "--device", self.device, *options,
                                "--save", save).stderr

    def parameters(self, model):
        whole = (self.folder / model).read_bytes()
        return whole[8 + int.from_bytes(whole[:8], "little"):]

    def answers(self, model, *files):
        return [line.split(",")[2:] for line in self.run_program("predict", model, *files, "--csv", "--device", self.device).stdout.splitlines()[1:]]

    def metadata(self, model="m"):
        return json.loads(self.run_program("info", model, "--json").stdout)

    def refuse(self, rows, *options, header=HEADER):
        return self.refused(self.write("t.csv", rows, header), "--label", "label", *options, options=SMALL)


class Values(Dates):
    def check_as_days(self, *several):
        """A model of dates has the bits of one that is given the days as numbers, whatever form the dates have and in every engine."""
        for options in several:
            said = self.train([row(i) for i in range(120)], *options)
            self.assertIn("1 column of dates becomes days since 1970-01-01: 'when'", said)
            self.train([row(i, repr(days_of(moment(i)))) for i in range(120)], *options, name="days.csv", save="days")
            self.assertEqual(self.parameters("m"), self.parameters("days"))
            self.assertEqual(self.metadata()["annc.input_shift"], self.metadata("days")["annc.input_shift"])
            self.assertEqual((self.metadata()["annc.dates"], self.metadata().get("annc.categories")), ("[0]", None))
            self.assertNotIn("annc.dates", self.metadata("days"))
            self.assertEqual(self.answers("m", "t.csv"), self.answers("days", "days.csv"))
        self.train([row(i, in_forms(i)) for i in range(120)], *several[-1], name="forms.csv", save="forms")
        self.assertEqual(self.parameters("forms"), self.parameters("m"))

    def test_as_days(self):
        self.check_as_days([], ["--scale", "min-max"], ["--engine", "ops"], ["--validation", "0.3"])

    @unittest.skipUnless(MODULE, "the simulated device is not built")
    def test_as_days_on_a_device(self):
        self.device = "cuda"
        self.environment["ANNC_CUDA_MODULE"] = str(MODULE)
        self.check_as_days([], ["--validation", "0.3"])

    def test_years(self):
        """Dates of all years; near dates keep their difference."""
        dates = ["0001-01-01", "9999-12-31", "1582-10-10", "1969-12-31", "2000-02-29", "1600-02-29"]
        rows = [[dates[i % 6] if i else "0001-01-01", "1", answer(i)] for i in range(60)]
        self.train(rows)
        least, most = (float.fromhex(json.loads(self.metadata()[key])[0]) for key in ("annc.input_min", "annc.input_max"))
        self.assertEqual((least, most), (-719162, 2932896))
        rows = [[f"2024-03-01T12:00:00.{i:03}", "1", answer(i)] for i in range(60)]
        self.train(rows)
        self.assertGreater(len({tuple(one) for one in self.answers("m", "t.csv")}), 50)

    def test_missing(self):
        rows = [row(i, ("", "NA")[i % 4 == 1] if i % 10 == 3 else None) for i in range(60)]
        self.assertIn("line 5, column 'when': the value is missing (6 such cells); use --missing drop or --missing mean", self.refuse(rows))
        self.train(rows, "--missing", "mean")
        kept = [float.fromhex(x) for x in json.loads(self.metadata()["annc.input_fill"])]
        there = [days_of(moment(i)) for i in range(60) if i % 10 != 3]
        self.assertAlmostEqual(kept[0], sum(there) / len(there), delta=1e-6)
        self.write("p.csv", [["NA", "1"], ["2020-01-01", "1"]], HEADER[:2])
        self.assertIn("line 2, column 'when': the value is missing (1 such cell)", self.run_program("predict", "m", "p.csv", code=INPUT).stderr)
        self.assertEqual(self.run_program("predict", "m", "p.csv", "--missing", "mean", "--csv").stdout.count("\n"), 3)
        said = self.train(rows, "--missing", "drop")
        self.assertIn("6 rows with missing values are left out", said)
        want = self.parameters("m")
        self.train([r for r in rows if r[0] not in ("", "NA")])
        self.assertEqual(self.parameters("m"), want)


class Kinds(Dates):
    def test_other_forms(self):
        """Dates whose day and month cannot be told apart, and times alone, are refused with advice; as words they are taken."""
        for form in ("{}.1.2020", "01/{:02}/20", "{:02}/03/2024", "2020/1/{} 1:15 PM", "12:{:02}:01.5", "20-01-{:02}"):
            rows = [row(i, form.format(i % 28 + 1)) for i in range(60)]
            message = self.refuse(rows)
            self.assertRegex(message, r"line 2, column 'when': '.*' is a date or a time in a form that is not read \(60 such cells\); "
                                      "write dates with the year first, as in 2024-03-31 or 2024-03-31T12:30, leave the column out with --drop when, "
                                      "or use it as words with --categorical when")
            self.assertEqual(message.split("column")[1], self.refuse(rows, "--numeric", "when").split("column")[1])
            self.assertIn("'when' (28 levels)", self.train(rows, "--categorical", "when"))
        rows = [row(i, "2020-01-05" if i % 2 else f"{i % 28 + 1}.1.2020") for i in range(60)]
        self.assertIn("line 2, column 'when': '1.1.2020' is a date or a time in a form that is not read (30 such cells)", self.refuse(rows))

    def test_bad_cells(self):
        """A cell that is no date in a column of dates: its line, its text, their number."""
        for bad in ("2024-02-30", "2023-02-29", "2024-03-01T25:00", "0000-01-01", "03/04/2024", "soon", "19783", "true", "2024-03-01T12:30+99:00"):
            rows = [row(i) for i in range(60)]
            rows[20][0] = rows[30][0] = bad
            message = self.refuse(rows)
            self.assertIn(f"t.csv: line 22, column 'when': '{bad}' is not a date as in 2024-03-31 or 2024-03-31T12:30:45+02:00 (2 of 60 cells); correct the "
                          "cells, or empty them and use --missing drop or --missing mean", message)
        rows[20][0] = rows[30][0] = "2024−03−01"
        self.assertIn("(with U+2212, U+2212) is not a date", self.refuse(rows))
        rows = [row(i, f"{i}" if i % 4 else None) for i in range(60)]  # a few dates among numbers
        self.assertIn("is not a number (15 of 60 cells)", self.refuse(rows))

    def test_named(self):
        rows = [row(i) for i in range(60)]
        self.train(rows, "--numeric", "when")
        self.assertEqual(self.metadata()["annc.dates"], "[0]")
        self.train(rows, "--categorical", "when")
        self.assertNotIn("annc.dates", self.metadata())
        self.train(rows, "--drop", "when")
        self.assertNotIn("annc.dates", self.metadata())
        self.assertIn("column 'when' cannot be both --categorical and --numeric",
                      self.run_program("train", "--data", "t.csv", *SMALL, "--categorical", "when", "--numeric", "when", code=USAGE).stderr)

    def test_as_targets(self):
        """Dates are no targets; as labels they are classes."""
        self.write("t.csv", [row(i) for i in range(60)], HEADER)
        message = self.run_program("train", "--data", "t.csv", "--target", "when", *SMALL, code=INPUT).stderr
        self.assertIn("line 2, column 'when': '2019-11-03T00:00:00' is a date (60 such cells), and targets are numbers; turn it into one, such as the days "
                      "since a first day", message)
        rows = [[f"202{i % 3}-01-01", str(i % 3)] for i in range(60)]
        self.write("t.csv", rows, ["label", "x"])
        self.run_program("train", "--data", "t.csv", *SMALL, "--save", "m")
        self.assertEqual(json.loads(self.metadata()["annc.classes"]), ["2020-01-01", "2021-01-01", "2022-01-01"])

    def test_label_is_the_column_of_words(self):
        """A column of dates does not stand in the way of finding the label."""
        rows = [row(i)[:2] + [("rose", "fern")[answer(i) == "yes"]] for i in range(60)]
        said = self.run_program("train", "--data", self.write("t.csv", rows, ["when", "size", "kind"]), *SMALL).stderr
        self.assertIn("the label is column 3, 'kind'", said)
        said = self.run_program("train", "--data", self.write("t.csv", [[r[0], r[1], str(i % 2)] for i, r in enumerate(rows)], ["when", "size", "y"]), *SMALL).stderr
        self.assertIn("the label is column 3, 'y'\n", said)
        for form in ("{}.1.2020", "12:{:02}"):
            self.assertIn("line 2, column 'when': '", self.refused(self.write("t.csv", [[form.format(i % 28 + 1), *r[1:]] for i, r in enumerate(rows)],
                                                                            ["when", "size", "kind"]), options=SMALL))
        self.assertIn("cannot tell which column is the label",
                      self.refused(self.write("t.csv", [[r[0], r[1], str(i)] for i, r in enumerate(rows)], ["when", "size", "n"]), options=SMALL))

    def test_header(self):
        """A header above dates, above dates and words alone, and none; dates as names of columns of numbers."""
        rows = [row(i) for i in range(60)]
        plain = [[r[0], r[2]] for r in rows]
        for content, header, want in ((rows, HEADER, "with a"), (rows, None, "without a"), (plain, ["when", "label"], "with a"), (plain, None, "without a"),
                                      ([[str(i), str(i % 5), str(i % 2)] for i in range(60)], ["2020-01-01", "2020-01-02", "class"], "with a")):
            self.write("t.csv", content, header)
            said = self.run_program("train", "--data", "t.csv", "--label", str(len(content[0])), *SMALL, "--save", "m").stderr
            self.assertIn(f"60 rows of {len(content[0])} columns separated by commas, {want} header", said)
        self.train(rows)
        self.write("bare.csv", [r[:2] for r in rows[:1]])
        self.assertEqual(self.answers("m", "bare.csv"), self.answers("m", "t.csv")[:1])

    def test_other_readers(self):
        """ARFF's attribute of dates, blanks and quotes around cells, tabs, a byte-order mark."""
        rows = [row(i) for i in range(60)]
        self.train(rows)
        want = self.parameters("m")
        (self.folder / "t.arff").write_text("@relation r\n@attribute when date \"yyyy-MM-dd'T'HH:mm:ss\"\n@attribute size numeric\n@attribute label {yes,no}\n@data\n"
                                            + "\n".join(f"'{r[0]}',{r[1]},{r[2]}" for r in rows) + "\n")
        self.run_program("train", "--data", "t.arff", "--label", "label", *SMALL, "--save", "m")
        self.assertEqual(self.parameters("m"), want)
        (self.folder / "t.tsv").write_text("\ufeff" + "\t".join(HEADER) + "\r\n" + "".join(f' "{r[0]}" \t {r[1]}\t{r[2]}\r\n' for r in rows))
        self.run_program("train", "--data", "t.tsv", "--label", "label", *SMALL, "--save", "m")
        self.assertEqual(self.parameters("m"), want)
        (self.folder / "t.txt").write_text("when;size;label\n" + "".join(f"{r[0]};{r[1].replace('.', ',')};{r[2]}\n" for r in rows))
        said = self.run_program("train", "--data", "t.txt", "--label", "label", *SMALL, "--save", "m").stderr
        self.assertIn("numbers have a decimal comma", said)
        self.assertEqual(self.parameters("m"), want)


class Use(Dates):
    def test_other_kinds_refused(self):
        """Numbers for a model of dates, and dates for one of numbers, words and dates the other way round."""
        rows = [row(i) for i in range(60)]
        numbers = [row(i, repr(days_of(moment(i)))) for i in range(60)]
        self.train(rows)
        self.train(numbers, name="days.csv", save="days")
        for command in (["predict", "m", "days.csv"], ["eval", "m", "--data", "days.csv"], ["trace", "m", "--data", "days.csv"]):
            self.assertRegex(self.run_program(*command, code=INPUT).stderr,
                             r"days.csv: line 2, column 'when': '18203.0' is not a date \(60 such cells\), but the training data have dates in that column")
        for command in (["predict", "days", "t.csv"], ["eval", "days", "--data", "t.csv"]):
            self.assertIn("t.csv: line 2, column 'when': '2019-11-03T00:00:00' is a date (60 such cells), but the training data have numbers in that column",
                          self.run_program(*command, code=INPUT).stderr)
        self.write("p.csv", [["2019-11-03", "1"], ["1.1.2020", "2"]], HEADER[:2])
        self.assertIn("p.csv: line 3, column 'when': '1.1.2020' is not a date as in 2024-03-31 or 2024-03-31T12:30:45+02:00 (1 of 2 cells)",
                      self.run_program("predict", "m", "p.csv", code=INPUT).stderr)
        self.assertIn("t.csv: line 2, column 'when'", self.refused("days.csv", "--test", "t.csv", "--label", "label", options=SMALL))

    def test_beyond_the_beginning(self):
        """A bad cell far down a file, which predict reads in pieces."""
        self.train([row(i) for i in range(60)])
        lines = [f"{moment(i % 60).isoformat()},1\n" for i in range(400000)]
        lines[399000] = "2024-02-30,1\n"
        (self.folder / "p.csv").write_text("when,size\n" + "".join(lines))
        result = self.run_program("predict", "m", "p.csv", "--csv", code=INPUT)
        self.assertIn("p.csv: line 399002, column 'when': '2024-02-30' is not a date as in 2024-03-31 or 2024-03-31T12:30:45+02:00", result.stderr)
        lines[399000] = ",1\n"
        (self.folder / "p.csv").write_text("when,size\n" + "".join(lines))
        self.assertIn("line 399002, column 'when': the value is missing", self.run_program("predict", "m", "p.csv", "--csv", code=INPUT).stderr)

    def test_new_dates(self):
        """A warning where dates lie far from those in training, with both ranges as dates."""
        self.train([row(i) for i in range(60)])
        self.write("p.csv", [["2049-12-31T12:00", "1"], ["2050-01-02", "2"]], HEADER[:2])
        self.assertIn("warning: p.csv: 'when' lies between 2049-12-31 and 2050-01-02, but lay between 2019-11-03 and 2022-04-",
                      self.run_program("predict", "m", "p.csv").stderr)
        self.assertNotIn("warning", self.run_program("predict", "m", self.write("p.csv", [["2022-09-01", "1"]], HEADER[:2])).stderr)

    def test_all_commands(self):
        """Pipes, columns in any order, folds, sweep, resume, importance, the report and trace take the column as training did."""
        rows = [row(i) for i in range(90)]
        self.train(rows, "--checkpoint", "c", "--schedule", "constant", "--log", "log")
        want = self.answers("m", "t.csv")
        self.write("turned.csv", [[size, "9", when] for when, size, _ in rows], ["size", "more", "when"])
        self.assertEqual(self.answers("m", "turned.csv"), want)
        piped = self.run_program("predict", "m", "-", "--csv", input=(self.folder / "turned.csv").read_text()).stdout
        self.assertEqual([line.split(",")[2:] for line in piped.splitlines()[1:]], want)
        data = ["--data", "t.csv", "--label", "label", "--device", "cpu"]
        importance = self.lines("eval", "m", "--data", "t.csv", "--importance", "3")[-1]
        self.assertIn("'when'", str(importance))
        self.run_program("check", *data, "--hidden", "6", "--seed", "2")
        self.run_program("trace", "m", "--data", "t.csv", "--example", "2")
        self.run_program("train", *data, *SMALL[:-2], "--folds", "3")
        self.run_program("sweep", *data, "--hidden", "6", "--epochs", "2", "--grid", "lr=0.01,0.1", "--save", "best")
        self.assertEqual(self.metadata("best")["annc.dates"], "[0]")
        self.run_program("train", *data, *SMALL[:2], "--epochs", "6", "--lr", "0.01", "--batch", "16", "--schedule", "constant", "--save", "straight")
        self.run_program("train", "--resume", "c", "--epochs", "6", "--save", "resumed")
        self.assertEqual(self.answers("resumed", "t.csv"), self.answers("straight", "t.csv"))
        self.run_program("train", *data, "--load", "m", "--epochs", "1", "--save", "more")
        self.assertEqual(self.metadata("more")["annc.dates"], "[0]")
        self.run_program("report", "log", "--out", "r.html")

    def test_beside_words(self):
        """Dates behind a column of words have the place of their input."""
        rows = [[("red", "green")[i % 2], *row(i)] for i in range(60)]
        self.train(rows, header=["colour", *HEADER])
        self.assertEqual((self.metadata()["annc.dates"], json.loads(self.metadata()["annc.inputs"])), ("[2]", ["colour=green", "colour=red", "when", "size"]))
        shift = [float.fromhex(x) for x in json.loads(self.metadata()["annc.input_shift"])]
        self.assertGreater(shift[2], 18000)
        self.assertEqual(len(self.answers("m", "t.csv")), 60)

    def test_damaged_model(self):
        self.train([row(i) for i in range(60)])
        whole = (self.folder / "m").read_bytes()
        size = int.from_bytes(whole[:8], "little")
        header = json.loads(whole[8:8 + size])
        del header["__metadata__"]["annc.checksum"]
        for value in ("[2]", "[0,0]", "[1,0]", "[-1]", "[]", "[0", "[0]]", "[0.5]", '["0"]', "{}", "0", "", "[99999999999999999999]"):
            header["__metadata__"]["annc.dates"] = value
            text = json.dumps(header).encode()
            (self.folder / "bad").write_bytes(len(text).to_bytes(8, "little") + text + whole[8 + size:])
            for command in (["predict", "bad", "t.csv"], ["export", "bad", "--format", "c", "--out", "bad.c"]):
                self.assertIn("annc.dates is malformed", self.run_program(*command, code=INPUT).stderr, (value, command))
        self.train([[("red", "green")[i % 2], *row(i)] for i in range(60)], header=["colour", *HEADER])
        whole = (self.folder / "m").read_bytes()
        size = int.from_bytes(whole[:8], "little")
        header = json.loads(whole[8:8 + size])
        del header["__metadata__"]["annc.checksum"]
        header["__metadata__"]["annc.dates"] = "[1]"  # a level
        text = json.dumps(header).encode()
        (self.folder / "bad").write_bytes(len(text).to_bytes(8, "little") + text + whole[8 + size:])
        self.assertIn("annc.dates is malformed", self.run_program("predict", "bad", "t.csv", code=INPUT).stderr)


class Exports(Dates):
    def test_c_code(self):
        """The exported program reads the dates that the program reads, to the same bits, and refuses the others."""
        if not COMPILER:
            self.skipTest("no compiler is installed")
        self.train([row(i) for i in range(60)])
        self.run_program("export", "m", "--format", "c", "--out", "m.c")
        (self.folder / "days.c").write_text('#include "m.c"\n#include <stdio.h>\nint main(void) { char line[200]; double x;\n'
                                            'while (fgets(line, sizeof line, stdin)) { line[strcspn(line, "\\n")] = 0;\n'
                                            'if (read_date(line, &x)) printf("%.17g\\n", x); else puts("none"); } return 0; }\n')
        for source, program, more in (("m.c", "program", ["-DMODEL_MAIN"]), ("days.c", "days", [])):
            subprocess.run([COMPILER, "-std=c99", "-Wall", "-Wextra", "-Werror", *more, source, "-lm", "-o", program], cwd=self.folder, check=True)
        random.seed(5)
        whens = [datetime.datetime(1, 1, 1) + datetime.timedelta(days=random.randrange(3652059), seconds=random.randrange(86400)) for _ in range(3000)]
        whens += [datetime.datetime(year, month, day) for year in (1, 4, 100, 400, 1900, 1970, 2000, 2024, 9999) for month in (1, 2, 3, 12) for day in (1, 28)]
        texts = [when.isoformat() for when in whens] + [in_forms(i) for i in range(200)]
        bad = ["2023-02-29", "1900-02-29", "2100-02-29", "2024-02-30", "2024-04-31", "2024-13-01", "0000-01-01", "2024-03-01T", "2024-03-01T24:00",
               "2024-03-01T12:30:60", "2024-03-01T12:30+2", "2024-03-01T12:30:45.", "2024-03-01T12:30+24:00", "2024-03-01Z", "1.1.2020", "soon", "", "2024", "2024-03", "2024-03/01", "2024-03-01x", "2024-03-01T12:3"]
        read = subprocess.run([self.folder / "days"], input="\n".join(texts + bad) + "\n", capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual([float(x) for x in read[:len(texts)]], [days_of(when) for when in whens] + [days_of(moment(i)) for i in range(200)])
        self.assertEqual(read[len(texts):], ["none"] * len(bad))
        table = "".join(f"{in_forms(i)},{row(i)[1]}\n" for i in range(60)).replace(",,", ",")
        result = subprocess.run([self.folder / "program"], input="when,size\n" + table, capture_output=True, text=True, check=True).stdout.splitlines()
        want = self.answers("m", "t.csv")
        self.assertEqual(len(result), 60)
        for line, one in zip(result, want):
            label, *outputs = line.split(" ")
            self.assertEqual(label, one[0])
            for x, y in zip(outputs, one[1:]):
                self.assertAlmostEqual(float(x), float(y), delta=1e-5)
        for cells, said in (("2024-02-30,1", "line 1: not a date: 2024-02-30"), ("19783,1", "line 1: not a date: 19783"), ("2024-02-01,x", "line 1: not a number: x")):
            failed = subprocess.run([self.folder / "program"], input=cells + "\n", capture_output=True, text=True, check=False)
            self.assertEqual(failed.returncode, 1)
            self.assertIn(said, failed.stderr)
        self.assertEqual(subprocess.run([self.folder / "program"], input="NA,1\n", capture_output=True, text=True, check=True).stdout.count("\n"), 1)

    def test_metadata(self):
        """Exports say which inputs are dates."""
        self.train([row(i) for i in range(60)])
        for form in ("json", "onnx", "npz", "html"):
            self.run_program("export", "m", "--format", form, "--out", "m." + form)
        self.assertEqual(json.loads((self.folder / "m.json").read_text())["metadata"]["annc.dates"], "[0]")
        self.assertIn(b"annc.dates", (self.folder / "m.onnx").read_bytes())
        self.assertIn('"annc.dates":"[0]"', (self.folder / "m.html").read_text())


if __name__ == "__main__":
    main()
