#!/usr/bin/env python3
"""Names as nobody should have them, in paths, classes, columns and metadata: nothing of them does anything to a terminal, JSON stays JSON, and
what is saved under or with them is found again. Called as program.py says."""
import json
import os
import pty
import re
import struct
import subprocess
import unicodedata
import xml.dom.minidom

from program import INPUT, OK, OUTPUT, PROGRAM, SMALL, USAGE, Cli, main, open_terminal

HOSTILE = [b"two words", b"it's \"quoted\"", b"new\nline", b"tab\tbell\x07", b"-n", b"--save", b"%s%n%d", b"\x1b[31mred\x1b]0;title\x07", b"\x9b31m", "\u009b31m".encode(),
           b"latin \xe9\xff", "é 漢字 \U0001F600".encode(), b"$(touch owned)`touch owned`;&|", b"back\\slash", b"del\x7f", b"..", b"a=b", b" "]
TEXT = [name.decode() for name in HOSTILE if name not in (b"\x9b31m", b"latin \xe9\xff", b"..", b" ")]
LONG = b"x" * 255


def is_harmless(shown, colour=False):
    """Printable UTF-8 and line ends alone, but for the program's own colours."""
    text = shown.decode()  # or an error
    if colour:
        text = re.sub("\x1b\\[[0-9;]*[mK]|\r(?!\n)", "", text)
    return not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text.replace("\r\n", "\n"))


def columns_of(text):
    """Columns of a terminal that a text takes."""
    return sum(0 if unicodedata.combining(c) or c in "\u200d\ufe0f" else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Names(Cli):
    def call(self, *arguments, code=OK):
        """Gives output and errors as bytes, which must do a terminal no harm, even through a pipe."""
        result = subprocess.run([os.fsencode(PROGRAM), *map(os.fsencode, map(str_or_bytes, arguments))], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(result.returncode, code, (arguments, result.stdout[-2000:], result.stderr[-2000:]))
        self.assertTrue(is_harmless(result.stdout), result.stdout)
        self.assertTrue(is_harmless(result.stderr), result.stderr)
        return result.stdout, result.stderr

    def on_terminal(self, *arguments):
        """What a terminal gets of both."""
        for end in open_terminal():  # pty.fork() would fail where nothing can be seen
            os.close(end)
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(PROGRAM, [os.fsencode(PROGRAM), *map(os.fsencode, map(str_or_bytes, arguments))], {**self.environment, "TERM": "xterm", "LANG": "C.UTF-8"})
        shown = b""
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        os.close(terminal)
        os.waitpid(pid, 0)
        self.assertTrue(is_harmless(shown, colour=True), shown)
        return shown

    def json_of(self, *arguments, code=OK):
        return [json.loads(line) for line in self.call(arguments[0], "--json", *arguments[1:], code=code)[0].decode().splitlines()]

    def write_table(self, name, classes, columns=("a", "b"), label="label", encoding="utf-8"):
        """Row i has class i mod the number of classes, which its features tell; every text in quotes."""
        quoted = lambda text: '"' + text.replace('"', '""') + '"'
        lines = [",".join(map(quoted, [*columns, label]))]
        for i in range(20 * len(classes)):
            k = i % len(classes)
            lines.append(f"{k}.{i % 7},{(5 * k) % len(classes)}.{i % 5},{quoted(classes[k])}")
        (self.folder / name).write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return name


def str_or_bytes(word):
    return word if isinstance(word, (str, bytes)) else str(word)


class Paths(Names):
    def test_paths(self):
        """Models, checkpoints, logs, tables, folders and exports under every name, run in the folder itself and through it."""
        self.write_table("t.csv", ["one", "two", "three"])
        network = ["--layers", "2-6-3", "--epochs", "2", "--device", "cpu"]
        for name in HOSTILE + [LONG]:
            with self.subTest(name=name):
                if name != b"..":
                    os.rename(self.folder / "t.csv", os.fsencode(self.folder) + b"/" + name)
                    self.call("train", b"--data=" + name, *network)
                    place = os.fsencode(self.folder) + b"/d"
                    os.mkdir(place)
                    os.rename(os.fsencode(self.folder) + b"/" + name, place + b"/" + name)
                    here = b"d/" + name
                    self.call("train", "--data", here, *network, b"--save=" + name, "--checkpoint", b"d/c" + name[:200], b"--log=./" + name[:200] + b".log")
                    with open(os.fsencode(self.folder) + b"/" + name[:200] + b".log", encoding="utf-8") as log:
                        result = json.loads(log.readlines()[-1])
                    self.assertEqual(result["model"], name.decode("utf-8", "replace"))
                    told = self.json_of("eval", "--data", here, "--device", "cpu", "--", name)[0]
                    self.assertEqual([row["class"] for row in told["classes"]], ["one", "three", "two"])
                    self.call("train", b"--resume=d/c" + name[:200], "--epochs", "3")
                    for command in (["info", "--", name], ["eval", "--data", here, "--", name], ["predict", "--", name, here]):
                        self.call(*command)
                        self.on_terminal(*command)
                    self.json_of("info", "--", name)
                    self.json_of("predict", "--", name, here)
                    for form in ("onnx", "npz", "json", "c"):
                        self.call("export", "--format", form, b"--out=./e" + name[:200], "--", name)
                    os.rename(place + b"/" + name, self.folder / "t.csv")
                    os.remove(place + b"/c" + name[:200])
                    os.rmdir(place)
                self.call("eval", "--data", "nowhere" if name == b".." else b"nowhere/" + name, "--", name if name != b".." else "model", code=INPUT)
                for command in (["eval", b"./none/" + name], ["train", b"--data=none/" + name], [b"none/" + name], ["train", b"--none" + name], ["help", b"none" + name],
                                ["train", b"--config=none/" + name], ["train", b"--resume=none/" + name], ["train", b"--load=none/" + name],
                                ["train", b"--save=none/" + name], ["train", b"--log=none/" + name], ["train", b"--layers=" + name], ["train", b"--lr=" + name],
                                ["show", b"none/" + name], ["sweep", b"--grid=" + name], ["sweep", b"--grid=lr=" + name], ["train", b"--class-weights=" + name],
                                ["train", b"--device=" + name], ["train", "--data", "bars", b"--validation=none/" + name], ["export", "--format", b"no" + name], ["trace", b"none/" + name]):
                    result = subprocess.run([os.fsencode(PROGRAM), *map(os.fsencode, command)], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    self.assertIn(result.returncode, (USAGE, INPUT, OUTPUT), command)
                    self.assertTrue(is_harmless(result.stderr), result.stderr)
                    self.assertIn(b"annc-gpu: ", result.stderr.splitlines()[-1], "one line")
        self.assertFalse((self.folder / "owned").exists())

    def test_configuration(self):
        """What a model says of its training names the files, where a line can hold them."""
        self.write_table("t 1=2.csv", ["one", "two", "three"])
        self.call("train", "--data", "t 1=2.csv", "--layers", "2-6-3", "--epochs", "1", "--device", "cpu", "--save", "m")
        (self.folder / "c").write_text(self.json_of("info", "m")[0]["annc.config"])
        self.call("train", "--config", "c", "--save", "again")
        self.assertEqual((self.folder / "m").read_bytes(), (self.folder / "again").read_bytes())

    def test_dash(self):
        """A log on standard output; a file that is called so; '--' before names that begin with it."""
        lines = [json.loads(line) for line in self.call("train", "--data", "bars", *SMALL, "--quiet", "--log", "-")[0].splitlines()]
        self.assertEqual(lines[-1]["schema"], "annc.result/1")
        self.call("train", "--data", "bars", *SMALL, "--save", "./-", "--log", "./--")
        self.assertTrue((self.folder / "-").exists() and (self.folder / "--").exists())
        self.call("info", "./-")
        self.call("eval", "--data", "bars", "--", "./-")
        self.call("eval", "--data", "bars", "--", "--save", code=INPUT)
        self.call("eval", "--", code=USAGE)
        self.call("train", "--layers", "784-4-10", "--epochs", "1", "--", code=OK)  # and nothing after it


class Contents(Names):
    def test_classes(self):
        """Class names of every kind are learnt, shown, saved, found again and predicted, the same in JSON."""
        self.write_table("t.csv", TEXT)
        network = ["--layers", f"2-32:tanh-{len(TEXT)}:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--lr", "0.05", "--epochs", "150"]
        shown = self.on_terminal("train", "--data", "t.csv", *network, "--device", "cpu", "--save", "m", "--validation", "0.1")
        self.assertIn(b"\\x1b[31mred", shown)
        rows = self.json_of("eval", "m", "--data", "t.csv")[0]
        self.assertEqual(sorted(row["class"] for row in rows["classes"]), sorted(name.strip() for name in TEXT))
        self.assertGreater(rows["accuracy"], 0.9)
        predicted = [line["label"] for line in self.json_of("predict", "m", "t.csv")]
        self.assertGreater(len(set(predicted)), 0.8 * len(TEXT))
        self.assertLessEqual(set(predicted), {name.strip() for name in TEXT})
        self.call("train", "--data", "t.csv", "--load", "m", "--epochs", "0", "--save", "again")
        self.assertEqual([line["label"] for line in self.json_of("predict", "again", "t.csv")], predicted)
        lines = self.call("predict", "m", "t.csv")[0].decode().splitlines()
        self.assertEqual(len(lines), len(predicted))  # a line each, whatever is in a name
        for command in (["eval", "m", "--data", "t.csv"], ["predict", "m", "t.csv"], ["info", "m"], ["check", "m", "--data", "t.csv", "--device", "cpu"],
                        ["trace", "m", "--data", "t.csv"], ["train", "--data", "t.csv", *network[:-1], "2", "--folds", "3"],
                        ["sweep", "--data", "t.csv", *network[:-1], "2", "--seeds", "2"]):
            self.on_terminal(*command)
            self.call(*command)
        for example in range(1, 2 * len(TEXT)):
            self.call("trace", "m", "--data", "t.csv", "--example", example, "--out", "t.svg")
            xml.dom.minidom.parse(str(self.folder / "t.svg"))
        json.loads((self.call("export", "m", "--format", "json", "--out", "-")[0]))

    def test_markup(self):
        """Names that would be markup in a picture."""
        names = ["</title><script>alert(1)</script>", "a&b", "\"'<"]
        self.write_table("t.csv", names)
        self.call("train", "--data", "t.csv", "--layers", "2-6-3", "--epochs", "1", "--device", "cpu", "--save", "m")
        for example in (1, 2, 3):
            self.call("trace", "m", "--data", "t.csv", "--example", example, "--out", "t.svg")
            title = xml.dom.minidom.parse(str(self.folder / "t.svg")).getElementsByTagName("title")[0].firstChild.data
            self.assertTrue(any(title.endswith(name[:20]) or name in title for name in names), title)

    def test_latin_1(self):
        """Bytes that are no UTF-8 are Latin-1: the classes stay apart, and are the same in every file."""
        names = ["é", "è", "ÿ"]
        self.write_table("t.csv", names, encoding="latin-1")
        self.write_table("u.csv", names)
        self.call("train", "--data", "t.csv", "--layers", "2-6-3", "--epochs", "1", "--device", "cpu", "--save", "m")
        for file in ("t.csv", "u.csv"):
            self.assertEqual({row["class"] for row in self.json_of("eval", "m", "--data", file)[0]["classes"]}, set(names))

    def test_columns(self):
        for name in TEXT:
            with self.subTest(name=name):
                self.write_table("t.csv", ["one", "two", "three"], columns=(name, "b"))
                self.call("train", "--data", "t.csv", "--layers", "2-6-3", "--epochs", "1", "--device", "cpu", "--save", "m")
                self.json_of("eval", "m", "--data", "t.csv")
                self.json_of("info", "m")
                self.on_terminal("info", "m")
                self.call("train", "--data", "t.csv", b"--drop=none" + name.encode(), "--layers", "2-6-3", code=INPUT)
                self.write_table("t.csv", ["one", "two", "three"], columns=("other", "b"))
                self.call("eval", "m", "--data", "t.csv", code=INPUT)

    def test_label_column(self):
        for label in TEXT + ["l" * 4096, "é" * 2048]:
            with self.subTest(label=label[:20]):
                self.write_table("t.csv", ["one", "two", "three"], label=label)
                self.call("train", "--data", "t.csv", b"--label=" + label.encode(), "--layers", "2-6-3", "--epochs", "1", "--device", "cpu", "--save", "m")
                self.assertEqual(self.json_of("info", "m")[0]["annc.label"], label.strip())
                self.json_of("eval", "m", "--data", "t.csv")

    def test_columns_of_a_terminal(self):
        """Names that take other columns than bytes leave the numbers under one another, in any locale."""
        names = ["größer", "e\u0301te\u0301", "漢字", "ハンカク", "ｆｕｌｌ", "\U0001F600", "\U0001F44D\U0001F3FD", "한글 이름과 더 많은 글자", "ascii", "the width of a very long name"]
        self.write_table("t.csv", names[:10], ("a", "b"))
        self.call("train", "--data", "t.csv", "--layers", f"2-{len(names)}", "--epochs", "1", "--device", "cpu", "--save", "m")
        for locale in ({}, {"LC_ALL": "C.UTF-8"}):
            text = subprocess.run([PROGRAM, "eval", "m", "--data", "t.csv"], cwd=self.folder, env={**self.environment, **locale}, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=True).stdout.decode()
            figures, matrix = text.split("\n\n")[1:3]
            rows = [row for row in figures.splitlines() if not row.startswith(names[9])]  # which is wider than its column
            self.assertEqual(len({columns_of(row) for row in rows}), 1, figures)
            rows = [row for row in matrix.splitlines()[1:] if not row.startswith(names[9])]
            self.assertEqual(len(rows), len(names))
            self.assertEqual(len({columns_of(row) for row in rows}), 1, matrix)

    def test_long_cells(self):
        """4 kB and more in a class or a column."""
        for names, columns in ((["y" * 4096, "y" * 4095 + "z", "\x1b" * 4096], ("a", "b")), (["1", "2", "3"], ("%n" * 2048, "b"))):
            self.write_table("t.csv", names, columns)
            self.call("train", "--data", "t.csv", "--layers", "2-6-3", "--epochs", "1", "--device", "cpu", "--save", "m")
            self.assertEqual({row["class"] for row in self.json_of("eval", "m", "--data", "t.csv")[0]["classes"]}, set(names))
            for command in (["eval", "m", "--data", "t.csv"], ["predict", "m", "t.csv"], ["info", "m"]):
                self.on_terminal(*command)

    def test_metadata(self):
        """A model of somebody else's whose metadata are anything."""
        for name in TEXT + ["\ufeff", "\u202e", "k" * 5000]:
            header = {"__metadata__": {name: name, "other": name + "\n" + name}, "0.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
            text = json.dumps(header).encode()
            (self.folder / "m").write_bytes(struct.pack("<Q", len(text)) + text + struct.pack("<4f", 1, 2, 3, 4))
            with self.subTest(name=name):
                told = self.json_of("info", "m", "--layers", "2-2")[0]
                self.assertEqual(told.get(name), name)
                self.call("info", "m", "--layers", "2-2")
                self.on_terminal("info", "m", "--layers", "2-2")
        for name in ("t\x1b[31m", "%n%n"):
            header = {name: {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}, "0.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
            text = json.dumps(header).encode()
            (self.folder / "m").write_bytes(struct.pack("<Q", len(text)) + text + struct.pack("<4f", 1, 2, 3, 4))
            self.call("info", "m", "--layers", "2-2", code=INPUT)


if __name__ == "__main__":
    main()
