#!/usr/bin/env python3
"""Text tables of other programs: libsvm, ARFF, comments, 'sep='; bad cells and headers among the rows. Called as program.py says."""
from program import INPUT, main
from tables import COLUMNS, T, Tables, blobs


def sparse(rows, dense=False, first=1, labels=True):
    return "".join(" ".join(([row[4]] if labels else []) + [f"{j + first}:{v}" for j, v in enumerate(row[:4]) if dense or float(v) != 0]) + "\n" for row in rows)


ARFF = """% a comment with a ' quote
@RELATION 'blobs of four'

@ATTRIBUTE 'petal, one' NUMERIC
@attribute b REAL
@ATTRIBUTE "c" integer
@attribute d\tnumeric
@ATTRIBUTE class {alpha, 'be\\'ta', "gam ma"}
@DATA
% rows
"""


def arff(rows, header=ARFF):
    names = {"alpha": "alpha", "beta": "'be\\'ta'", "gamma": "\"gam ma\""}
    return header + "".join(f"{a}, {b},{c},{d},{names[label]}\n%x\n" for a, b, c, d, label in rows)


class TextFiles(Tables):
    def put(self, name, text, encoding="utf-8"):
        (self.folder / name).write_bytes(text.encode(encoding))
        return name

    def predicted(self, model, *arguments, **how):
        """The predictions, without the name of the input."""
        return [line.split(",", 1)[1] for line in self.run_program("predict", model, *arguments, "--csv", **how).stdout.splitlines()]

    def model(self, file, *arguments):
        self.run_program("train", "--data", file, *arguments, *T, "--save", "m")
        return "m"

    # ------------------------------------------------------------ libsvm

    def test_libsvm(self):
        """Dense and sparse are the same table, and that of CSV."""
        rows = blobs(150)
        for i, row in enumerate(rows):
            row[i % 4] = "0" if i % 5 == 0 else row[i % 4]
        csv = self.trains(self.write("t.csv", rows, COLUMNS))
        for name, text in (("dense", sparse(rows, dense=True)), ("sparse", sparse(rows)), ("from0", sparse(rows, first=0)),
                           ("comments", "# made by hand\n" + sparse(rows).replace("\n", " # a \"note\n"))):
            with self.subTest(name):
                last = self.trains(self.put(f"{name}.svm", text))
                self.assertEqual(last["loss"], csv["loss"])
        self.assertIn("150 rows of 5 columns separated by blanks, with a header", self.notes("sparse.svm"))

    def test_libsvm_numbers(self):
        rows = [row[:4] + [f"{i / 10}"] for i, row in enumerate(blobs(60))]
        self.put("t.svm", sparse(rows))
        self.run_program("train", "--data", "t.svm", "--target", "label", "--epochs", "2")

    def test_libsvm_predicted(self):
        """By index: rows with fewer features, more features, or with others; in pipes as in files."""
        rows = blobs(150)
        self.model(self.put("t.svm", sparse(rows)))
        right = self.predicted("m", self.put("all.svm", sparse(rows, dense=True)))
        self.assertEqual(self.predicted("m", "t.svm"), right)
        self.assertEqual(self.predicted("m", "-", input=sparse(rows)), right)
        self.assertEqual(self.predicted("m", self.put("more.svm", sparse(rows).replace("\n", " 9:5\n"))), right)
        few = [row[:2] + ["0", "0", row[4]] for row in rows]
        self.assertEqual(self.predicted("m", self.put("few.svm", sparse(few))), self.predicted("m", self.put("zeros.svm", sparse(few, dense=True))))
        self.run_program("eval", "m", "--data", "t.svm")
        self.assertIn("has an index 0, but the indices of the training data begin at 1",
                      self.run_program("predict", "m", self.put("from0.svm", sparse(rows, first=0)), code=INPUT).stderr)

    def test_libsvm_damaged(self):
        good = sparse(blobs(30), dense=True)
        for line, message in (("alpha 1:2 2:3 2:4", "line 31: index 2 follows index 2; indices must ascend"), ("alpha 3:1 1:2", "index 1 follows index 3"),
                              ("alpha 1:2 x:3", "line 31: 'x:3' is not INDEX:VALUE"), ("alpha 1:2 qid:3", "'qid:3' is not INDEX:VALUE"),
                              ("alpha 1:2 3:", "'3:' is not INDEX:VALUE"), ("alpha 99999:1", "'99999:1' has an index above 65536"),
                              ("alpha 18446744073709551617:1", "has an index above 65536"), ("alpha 1:2 2:x", "line 31, column '2': 'x' is not a number (1 of 31 cells)")):
            with self.subTest(line):
                self.assertIn(message, self.refused(self.put("t.svm", good + line + "\n")))
        wide = "a 1:1 2:1\n" * 30000 + "b 65536:1\n"
        self.assertIn("has 30001 rows of up to 65536 values, which would take 7500 MB", self.refused(self.put("wide.svm", wide)))

    def test_not_libsvm(self):
        times = [[str(i), "12:30"] + row for i, row in enumerate(blobs(150))]
        self.trains(self.write("t.txt", times, separator=" "), "--drop", "1,2")
        self.assertNotIn("INDEX", self.refused(self.write("u.txt", [[i, f"12:{i:02}"] for i in range(50)], separator=" ")))

    # ------------------------------------------------------------ ARFF

    def test_arff(self):
        rows = blobs(150)
        csv = self.trains(self.write("t.csv", rows, COLUMNS))
        last = self.trains(self.put("t.arff", arff(rows)))
        self.assertEqual(last["loss"], csv["loss"])
        self.assertIn("an ARFF table of 5 attributes", self.notes("t.arff"))
        self.model("t.arff")
        said = self.predicted("m", "t.arff")
        self.assertIn("be'ta", str(said))
        self.assertIn("gam ma", str(said))
        self.assertEqual(self.predicted("m", "-", input=arff(rows)), said)
        named = self.write("named.csv", [row[:4] for row in rows], ['"petal, one"', "b", "c", "d"])
        self.assertEqual(self.predicted("m", named), said)
        self.assertEqual(self.trains(self.put("crlf.arff", arff(rows).replace("\n", "\r\n")))["loss"], csv["loss"])
        latin = arff(rows).replace("petal", "pétal")
        self.put("latin.arff", latin, encoding="latin-1")
        self.assertIn("pétal, one", self.refused("latin.arff", "--label", "none"))

    def test_arff_damaged(self):
        rows = arff(blobs(30))
        for name, text, message in (("no-data", ARFF.split("@DATA")[0], "is an ARFF file without @data"), ("empty", ARFF, "has no rows"),
                                    ("none", "@relation x\n@data\n1,2\n", "is an ARFF file without attributes"),
                                    ("type", ARFF.replace("b REAL", "b"), "line 5: is no @attribute with a name and a type"),
                                    ("relation", ARFF.replace("b REAL", "b relational"), "line 5: the attribute is a relation"),
                                    ("line", ARFF.replace("@DATA", "@end\n@DATA"), "line 9: is neither @attribute nor @data"),
                                    ("quote", ARFF.replace("'petal, one'", "'petal, one"), "line 4: is no @attribute with a name and a type"),
                                    ("row", rows + "1,2,3\n", "has 3 fields, but other lines have 5")):
            with self.subTest(name):
                self.assertIn(message, self.refused(self.put(f"{name}.arff", text)))

    @staticmethod
    def braces(rows, header=ARFF, blank=" ", nominal=("alpha", "'be\\'ta'", "\"gam ma\"")):
        names = dict(zip(("alpha", "beta", "gamma"), nominal, strict=True))
        return header + "".join(blank + "{" + f",{blank}".join([f"{j}{blank or ' '}{v}" for j, v in enumerate(row[:4]) if float(v) != 0] +
                                                               [f"4 {names[row[4]]}"] * (row[4] != "alpha")) + blank + "}" + blank + "\n%x\n" for row in rows)

    def test_braces(self):
        """Sparse rows: what is not written is 0, or the first of an attribute's list."""
        rows = [[v if (i + j) % 3 else "0" for j, v in enumerate(row[:4])] + row[4:] for i, row in enumerate(blobs(150))]
        rows[40] = ["0"] * 4 + ["alpha"]
        dense = self.trains(self.put("d.arff", arff(rows)))
        for name, text in (("s", self.braces(rows)), ("blanks", self.braces(rows, blank="\t ")), ("tight", self.braces(rows, blank="")),
                           ("crlf", self.braces(rows).replace("\n", "\r\n")), ("end", self.braces(rows).rstrip("%x\n")),
                           ("both", arff(rows[:70]) + self.braces(rows[70:], header=""))):
            with self.subTest(name):
                self.assertEqual(self.trains(self.put(f"{name}.arff", text))["loss"], dense["loss"])
        self.assertIn("{ }", (self.folder / "s.arff").read_text())
        self.assertIn("an ARFF table of 5 attributes; values that are not written are 0, or the first of the attribute's list", self.notes("s.arff"))
        model = self.model("s.arff")
        said = self.predicted(model, "d.arff")
        self.assertEqual(self.predicted(model, "s.arff"), said)
        self.assertEqual(self.predicted(model, "-", input=self.braces(rows)), said)
        long = self.put("long.arff", self.braces(rows * 400))
        self.assertEqual(self.predicted(model, long)[1:151], [line for line in said[1:]])

    def test_braces_of_words(self):
        """Values in quotes may have commas and braces; a missing value is '?'."""
        header = "@relation r\n@attribute x real\n@attribute colour { 'a, {b}' ,red, blue}\n@attribute t string\n@attribute class {no,yes}\n@data\n"
        dense = "".join(f"{i % 5},{('red', chr(39) + 'a, {b}' + chr(39), 'blue')[i % 3]},{'uv'[i % 2]},{('no', 'yes')[i % 4 // 2]}\n" for i in range(40))
        sparse = "".join("{" + (f"0 {i % 5}," if i % 5 else "") + (f"1 {('red', '', 'blue')[i % 3]}," if i % 3 != 1 else "") +
                         f"2 {'uv'[i % 2]}" + (",3 yes" if i % 4 > 1 else "") + "}\n" for i in range(40))
        loss = [self.run_program("train", "--data", self.put("w.arff", header + text), "--device", "cpu", "--epochs", "3", "--save", "m").stdout.splitlines()[-2]
                for text in (dense, sparse)]
        self.assertEqual(loss[0], loss[1])
        self.assertIn('"a, {b}"', self.lines("info", "m")[-1]["annc.categories"])
        gap = self.put("gap.arff", header + sparse + "{0 ?, 2 u}\n")
        self.assertIn("line 47, column 'x': the value is missing", self.refused(gap, options=[]))
        self.assertIn("1 row with missing values is left out", self.run_program("train", "--data", gap, "--missing", "drop", "--epochs", "0").stderr)
        for row, fault in (("{0 1}", "leaves out attribute 2, 't', which is neither a number nor one of a list"), ("{2 u", "the row begins with { and does not end with }"),
                           ("{2 u\n}", "the row begins with { and does not end with }"), ("{2 u}, {5}", "text follows the }, as weights of rows do"),
                           ("{2 'u}", "a quote opens here and is never closed"), ("{2 'u'x}", "text follows a closing quote"), ("{4 1, 2 u}", "'4' is not the index of an attribute, 0 to 3"),
                           ("{2 u, 99999999999999999999 1}", "'99999999999999999999' is not the index"), ("{2 u, 2 v}", "index 2 follows index 2; indices must ascend"),
                           ("{2 u, 0 1}", "index 0 follows index 2"), ("{-1 1, 2 u}", "'-1' is not the index"), ("{x 1, 2 u}", "'x' is not the index"), ("{2}", "index 2 has no value"),
                           ("{,}", "'' is not the index"), ("{2 u, 3}", "index 3 has no value")):
            with self.subTest(row):
                self.assertIn(f"line 47: {fault}" if "leaves" in fault else fault, self.refused(self.put("bad.arff", header + sparse + row + "\n"), options=[]))
                self.assertIn("line 47", self.refused("bad.arff", options=[]))

    def test_braces_and_memory(self):
        """Rows without values take memory: 4 bytes per attribute."""
        header = "@relation r\n" + "".join(f"@attribute a{i} real\n" for i in range(20000)) + "@attribute class {no,yes}\n@data\n"
        self.assertIn("has 60000 sparse rows of 20001 values, which would take 4577 MB; leave out attributes or rows",
                      self.refused(self.put("m.arff", header + "{}\n" * 60000), options=[]))

    # ------------------------------------------------------------ comments and 'sep='

    def test_separator_line(self):
        rows = [row[:4] + [f"{row[4]}, the {i % 3}"] for i, row in enumerate(blobs(150))]
        right = self.trains(self.write("t.csv", rows, COLUMNS, separator=";"))
        text = (self.folder / "t.csv").read_text()
        for first in ("sep=;\n", "SEP=;\r\n", '"sep=;"\n', "\ufeffsep=;\n"):
            self.assertEqual(self.trains(self.put("s.csv", first + text))["loss"], right["loss"])
        self.assertIn("line 1, 'sep=;', names the separator", self.notes("s.csv"))
        for first in ("sep=\n", "sep=;;\n", "sepal;sep=;\n"):
            self.refused(self.put("s.csv", first + text))
        self.model(self.put("s.csv", "sep=;\n" + text))
        self.assertEqual(self.predicted("m", "-", input="sep=;\n" + text), self.predicted("m", "t.csv"))

    def test_comments(self):
        rows = blobs(150)
        right = self.trains(self.write("t.csv", rows, COLUMNS))["loss"]
        text = (self.folder / "t.csv").read_text()
        bare = text.split("\n", 1)[1]
        for before in ("# Source: somewhere, somebody's\n# Date: \"today\n\n", "#\n", "% x\n%\n# y, z\n"):
            self.assertEqual(self.trains(self.put("c.csv", before + text))["loss"], right)
            self.assertIn("before the table", self.notes("c.csv"))
        self.assertEqual(self.trains(self.put("c.csv", "# numpy.savetxt\n# a,b,c,d,label\n" + bare))["loss"], right)
        self.assertIn("line 2, which begins with #, is the header", self.notes("c.csv"))
        self.assertIn("with a header", self.notes("c.csv"))
        self.assertEqual(self.trains("c.csv", "--header", "no")["loss"], right)
        self.assertIn("without a header", self.notes("c.csv", "--header", "no"))
        self.model("c.csv")
        self.assertEqual(self.predicted("m", "t.csv"), self.predicted("m", "-", input=(self.folder / "c.csv").read_text()))

    def test_marks_that_are_data(self):
        """A mark that is a cell, or that begins every row, is no comment."""
        rows = [[i + 1] + row for i, row in enumerate(blobs(150))]
        self.trains(self.write("t.csv", rows, ["#"] + COLUMNS), "--drop", "#")
        colours = [[f"#{i:06x}"] + row for i, row in enumerate(blobs(150))]
        self.assertIn("150 rows of 6 columns", self.notes(self.write("colours.csv", colours), "--drop", "1"))
        some = [[f"#{i:06x}" if i < 3 else f"x{i}"] + row for i, row in enumerate(blobs(150))]
        self.assertIn("150 rows of 6 columns", self.notes(self.write("some.csv", some), "--drop", "1"))
        self.put("only.csv", "# nothing\n# else\n")
        self.refused("only.csv")

    def test_endless_comments(self):
        (self.folder / "c.csv").write_text("# x\n" * (5 << 20))
        self.assertIn("has more than 16 MB of comments before its first row", self.refused("c.csv"))

    # ------------------------------------------------------------ bad cells

    def test_bad_cell(self):
        """A bad cell of many is one to correct, not a column to leave out."""
        for cell, said in (("wide", "'wide' is not a number (1 of 150 cells); correct the cell, or empty it and use --missing drop or --missing mean"),
                           ("1.5\u00a0", "(with U+00A0) is not a number"), ("\u22121.5", "(with U+2212) is not a number"), ("inf", "'inf' is infinite (1 of 150 cells)"),
                           ("-Infinity", "'-Infinity' is infinite")):
            rows = blobs(150)
            rows[9][1] = cell
            error = self.refused(self.write("t.csv", rows, COLUMNS))
            self.assertIn("t.csv: line 11, column 'b'", error)
            self.assertIn(said, error)
            self.assertNotIn("--drop", error)
        rows = blobs(150)
        for row in rows[:5]:
            row[3] = "Infinity"
        self.assertIn("'Infinity' is infinite (5 of 150 cells); correct the cells", self.refused(self.write("t.csv", rows, COLUMNS)))

    def test_repeated_header(self):
        rows = blobs(150)
        self.write("t.csv", rows[:75], COLUMNS)
        self.put("joined.csv", (self.folder / "t.csv").read_text() * 2)
        for more in ([], ["--header", "yes"], ["--label", "label"]):
            self.assertIn("joined.csv: line 77 repeats the header (1 such line); remove the line", self.refused("joined.csv", *more))
        self.write("last.csv", rows + [COLUMNS])
        self.assertIn("last.csv: line 151 has text ('a', 'b', 'c', 'd') in all 4 columns of numbers, like a header among the rows", self.refused("last.csv"))
        self.trains(self.write("twice.csv", rows + rows[:1] * 3))  # rows may repeat
        self.assertIn("153 rows", self.notes("twice.csv"))
        self.model("t.csv")
        self.assertIn("joined.csv: line 77 repeats the header", self.run_program("predict", "m", "joined.csv", code=INPUT).stderr)
        text = "a,b,c,d\n" + "1,2,3,4\n" * 1500000 + "a,b,c,d\n"
        said = self.run_program("predict", "m", "-", input=text, code=INPUT)
        self.assertIn("line 1500002 repeats the header; remove the line", said.stderr)


if __name__ == "__main__":
    main()
