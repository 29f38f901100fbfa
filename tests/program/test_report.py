#!/usr/bin/env python3
"""`report`, `train --plot` and the line that `train` draws on a terminal: what they show is read back and held against the log and `eval`; hostile
names and broken logs; the page in a browser, where there is Chromium. Called as program.py says."""
import fcntl
import html
import html.parser
import json
import math
import os
import re
import shutil
import signal
import struct
import subprocess
import termios
import time
import unittest
import xml.etree.ElementTree as ElementTree

from program import DIVERGED, INPUT, OK, OUTPUT, PROGRAM, SMALL, USAGE, main, open_terminal
from tables import COLUMNS, T, Tables, blobs

SHORT = ["3" if value == "60" else value for value in T]  # epochs
SVG = "{http://www.w3.org/2000/svg}"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VOID = {"meta", "img", "br", "link", "input"}


class Page(html.parser.HTMLParser):
    """What is on a page: tables as lists of rows by the beginning of their caption, texts by tag, images, identifiers; every tag must be closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tables, self.tags, self.images, self.ids, self.texts = [], [], set(), [], [], {}
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        attributes = dict(attributes)
        assert not any(name.startswith("on") for name in attributes), attributes
        for name in ("src", "href", "xlink:href", "data", "action"):
            assert attributes.get(name, "#").startswith(("#", "data:image/bmp;")), attributes
        self.ids += [attributes["id"]] if "id" in attributes else []
        if tag == "img":
            self.images.append(attributes)
        if tag == "table":
            self.tables.append(("", []))
        if tag == "tr":
            self.tables[-1][1].append([])
        if tag in ("th", "td"):
            self.tables[-1][1][-1].append("")
        self.texts.setdefault(tag, []).append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag][-1] += data
        if "table" in self.open and self.open[-1] in ("th", "td"):
            self.tables[-1][1][-1][-1] += data
        if "caption" in self.open:
            self.tables[-1] = (self.tables[-1][0] + data, self.tables[-1][1])

    def table(self, caption):
        return next(rows for name, rows in self.tables if name.startswith(caption))

    def pairs(self, caption):
        return {row[0]: row[1] for row in self.table(caption) if len(row) > 1}

    def said(self):
        return " ".join(self.texts.get("p", []))


def curves(text):
    """{title: ({name: [(x, y), ...]}, marked points)} of all charts, from pixels back to values."""
    found = {}
    for svg in re.findall(r"<svg .*?</svg>", text, re.S):
        chart = ElementTree.fromstring(svg)
        plot = next(group for group in chart.iter(SVG + "g") if group.get("class") == "plot")
        x, y = ([float(n) for n in plot.get(key).split()] for key in ("data-x", "data-y"))
        logarithmic = plot.get("data-scale") == "log"

        def value(axis, pixel, is_log):
            share = (pixel - axis[2]) / (axis[3] - axis[2])
            return axis[0] * (axis[1] / axis[0]) ** share if is_log else axis[0] + share * (axis[1] - axis[0])
        series = {path.get("data-name"): [(value(x, float(a), False), value(y, float(b), logarithmic))
                                          for a, b in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.get("d"))]
                  for path in plot.iter(SVG + "path") if path.get("data-name")}
        marks = [value(x, float(mark.get("cx")), False) for mark in plot.iter(SVG + "circle")]
        found[chart.find(SVG + "title").text] = (series, marks)
    return found


class Reports(Tables):
    def report(self, *logs, out="r.html", **more):
        self.run_program("report", *logs, "--out", out, "--device", "cpu", **more)
        text = (self.folder / out).read_text()
        page = Page(text)
        self.assertNotRegex("".join(page.texts["style"]), r"@import|url\(|//")
        self.assertEqual(len(page.ids), len(set(page.ids)))
        self.assertFalse(page.tags & {"script", "link", "iframe", "object", "embed"})
        self.assertTrue(all(image["src"].startswith("data:image/bmp;base64,") and image["alt"] for image in page.images))
        self.assertTrue({"main", "title", "caption"} <= page.tags)
        self.assertIn('<html lang="en">', text)
        return page, text

    def log(self, name="run.jsonl"):
        lines = [json.loads(line) for line in (self.folder / name).read_text().splitlines()]
        return [line for line in lines if line["schema"] == "annc.epoch/1"], lines[-1]

    def close_to(self, curve, values, spread):
        self.assertEqual(len(curve), len(values))
        for (x, y), (epoch, value) in zip(curve, values):
            self.assertAlmostEqual(x, epoch, delta=0.001 * len(values))
            self.assertAlmostEqual(y, value, delta=spread)

    def train_bars(self, epochs, *more):
        return self.lines("train", "--data", "bars", "--layers", "784-8-10", "--batch", 50, "--epochs", epochs, "--device", "cpu", *more)


class Report(Reports):
    def test_numbers(self):
        """Images of classes: each number of the page is the log's or eval's."""
        self.train_bars(6, "--lr", 1, "--save", "m", "--log", "run.jsonl", "--seed", 3)
        page, text = self.report("run.jsonl")
        epochs, result = self.log()
        shown = page.table("All epochs")
        self.assertEqual(len(shown), 7)
        for line, row in zip(epochs, shown[1:]):
            cells = dict(zip(shown[0], row))
            self.assertEqual(cells["epoch"], str(line["epoch"]))
            self.assertEqual(cells["training loss"], f"{line['mean_loss']:.6g}")
            self.assertEqual(cells["training accuracy"], f"{100 * line['training_correct'] / line['training_count']:.2f}%")
            self.assertEqual(cells["test accuracy"], f"{100 * line['test_accuracy']:.2f}%")
            self.assertEqual(cells["test loss"], f"{line['test_loss']:.6g}")
        results = page.pairs("Summary")
        self.assertEqual(results["test accuracy"], f"{100 * result['accuracy']:.2f}%")
        self.assertEqual((results["parameters"], results["epochs"]), (f"{result['parameters']}", "6"))
        evaluated = self.lines("eval", "m", "--data", "bars", "--device", "cpu")[-1]
        again = dict(zip(*page.table("On the test set")))
        self.assertEqual((again["correct"], again["of"]), (str(evaluated["correct"]), str(evaluated["count"])))
        self.assertEqual(again["loss per example"], f"{evaluated['loss']:.6g}")
        classes = page.table("Each class of the test set")[1:]
        self.assertEqual([row[0] for row in classes], [entry["class"] for entry in evaluated["classes"]])
        for row, entry in zip(classes, evaluated["classes"]):
            self.assertEqual(row[1:], [str(entry["support"])] + [f"{100 * entry[key]:.2f}%" for key in ("precision", "recall", "f1")])
        matrix = [[int(cell) for cell in row[1:]] for row in page.table("Rows: true class")[1:]]
        self.assertEqual(sum(matrix[c][c] for c in range(10)), evaluated["correct"])
        self.assertEqual([sum(row) for row in matrix], [entry["support"] for entry in evaluated["classes"]])
        wrong = min(24, evaluated["count"] - evaluated["correct"])
        self.assertGreater(wrong, 0)
        self.assertEqual(len(page.images), wrong + 8)
        said = [text for text in page.texts["span"] if not text.startswith("unit")]
        for pair, outputs, example in zip(said[::3], said[1::3], said[2::3]):
            label, taken = re.match(r"a (\d), predicted as (\d)$", pair).groups()
            self.assertEqual(int(label), (int(example.split()[1]) - 1) % 10)  # of bars
            self.assertNotEqual(label, taken)
            self.assertGreater(*map(float, outputs.split(" vs ")))
        self.assertEqual(len(said), 3 * wrong)
        audit = page.table("The equations compared")[1:]
        self.assertEqual({(row[0], row[2]) for row in audit} >= {(layer, path) for layer in "12" for path in ("finite-difference", "cpu")}, True)
        self.assertEqual({row[-1] for row in audit}, {"PASS"})
        layers = page.table("Layers after epoch 6")[1:]
        self.assertEqual([row[1] for row in layers], [f"{100 * share:.1f}%" for share in epochs[-1]["saturated"]])
        self.assertEqual([row[2] for row in layers], [str(dead) for dead in epochs[-1]["dead"]])
        self.assertEqual(page.pairs("Options of the training")["batch"], "50")
        self.assertEqual(page.pairs("Machine and program of the training")["device name"], result["device_name"])
        self.assertEqual(page.pairs("Timing")["training"], f"{result['seconds']:.4g} s")
        self.assertNotIn("missing", re.sub(r"<style>.*?</style>", "", text, flags=re.S).split("<h2>Configuration")[0])
        self.assertLess(len(text), 200000)

    def test_points_of_curves(self):
        self.train_bars(12, "--lr", 1, "--log", "run.jsonl", "--validation", 0.2)
        _, text = self.report("run.jsonl")
        epochs, result = self.log()
        charts = curves(text)
        self.assertEqual(len(charts), 3)
        loss, marks = charts["Loss per example"]
        for name, key in (("training set", "mean_loss"), ("validation set", "validation_loss"), ("test set", "test_loss")):
            self.close_to(loss[name], [(line["epoch"], line[key]) for line in epochs], 0.005)
        for line in epochs:  # minibatches of 50, of 320 examples
            self.assertAlmostEqual(line["mean_loss"], line["loss"] / 7)
        self.assertAlmostEqual(marks[0], result["best_epoch"], 2)
        accuracy = charts["Accuracy"][0]
        for name, key in (("test set", "test_accuracy"), ("validation set", "validation_accuracy")):
            self.close_to(accuracy[name], [(line["epoch"], line[key]) for line in epochs], 0.002)
        saturation = next(series for title, (series, _) in charts.items() if title.startswith("Saturation"))
        self.close_to(saturation["layer 2"], [(line["epoch"], line["saturated"][1]) for line in epochs], 0.005)

    def test_logarithmic_and_many_points(self):
        """Values over powers of ten lie on a logarithmic axis; of 5000 epochs no peak is lost; null breaks a curve."""
        values = [10 ** (3 - i / 1000) for i in range(5000)]
        values[3456] = 5e4
        lines = [{"schema": "annc.epoch/1", "epoch": i + 1, "mean_loss": value if i != 10 else None} for i, value in enumerate(values)]
        (self.folder / "run.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        page, text = self.report("run.jsonl")
        points = curves(text)["Loss per example"][0]["training set"]
        self.assertLessEqual(len(points), 800)
        self.assertAlmostEqual(max(y for _, y in points) / 5e4, 1, 2)
        for x, y in points:
            self.assertTrue(abs(math.log10(y) - (3 - (x - 1) / 1000)) < 0.02 or y > 4e4, (x, y))
        self.assertLessEqual(len(page.table("Epochs in steps of")), 64)
        self.assertIn("no result", page.said())

    def test_several(self):
        for i, more in enumerate((["--lr", 1], ["--lr", 0.5, "--seed", 2], ["--lr", 1, "--batch", 25])):
            self.lines("train", "--data", "bars", "--layers", "784-8-10", "--epochs", 3, "--device", "cpu", *more, "--log", f"{i}.jsonl", "--save", f"m{i}")
        page, text = self.report("0.jsonl", "1.jsonl", "2.jsonl")
        results = page.table("Summary of the trainings")
        self.assertEqual(results[0][1:], ["0.jsonl", "1.jsonl", "2.jsonl"])
        accuracies = next(row for row in results if row[0] == "test accuracy")
        self.assertEqual(accuracies[1:], [f"{100 * self.log(f'{i}.jsonl')[1]['accuracy']:.2f}%" for i in range(3)])
        differing = {row[0]: row[1:] for row in page.table("Options and settings")[1:]}
        self.assertEqual(differing.get("batch"), ["16", "16", "25"])
        self.assertEqual(differing.get("seed"), ["1", "2", "1"])
        self.assertEqual(differing.get("learning rate"), ["1", "0.5", "1"])
        self.assertNotIn("epochs", differing)
        series = next(series for title, (series, _) in curves(text).items() if title.startswith("Accuracy"))
        self.assertEqual(list(series), ["0.jsonl", "1.jsonl", "2.jsonl"])
        self.close_to(series["1.jsonl"], [(line["epoch"], line["test_accuracy"]) for line in self.log("1.jsonl")[0]], 0.005)
        again = [rows[1][0] for name, rows in page.tables if name.startswith("On the test set")]
        self.assertEqual(again, [str(round(100 * self.log(f"{i}.jsonl")[1]["accuracy"])) for i in range(3)])

    def test_table_of_classes(self):
        """The test set is the validation set where there is no other, and inputs have their names."""
        file = self.write("t.csv", blobs(90), COLUMNS)
        self.lines("train", "--data", file, *SHORT, "--validation", 0.3, "--save", "m", "--log", "run.jsonl")
        page, _ = self.report("run.jsonl")
        result = self.log()[1]
        again = dict(zip(*page.table("On the validation set")))
        self.assertEqual(again["correct"], str(result["validation_correct"]))
        self.assertEqual(again["loss per example"], f"{result['validation_loss']:.6g}")
        weights = page.table("Inputs with the largest weights")[1:]
        self.assertEqual({row[0] for row in weights}, set("abcd"))
        sizes = [float(row[1]) for row in weights]
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        self.assertEqual([row[0] for row in page.table("Rows: true class")[1:]], ["alpha", "beta", "gamma"])

    def test_importance(self):
        """How much each input matters, in the report as in eval."""
        colours = ("red", "green", "blue")
        rows = [[(7 * i) % 30, (11 * i) % 13, colours[i % 7 % 3], "high" if (7 * i) % 30 > 14 else "low"] for i in range(120)]
        file = self.write("t.csv", rows, ["matters", "does_not", "colour", "level"])
        self.lines("train", "--data", file, "--label", "level", "--test", file, "--device", "cpu", "--save", "m", "--log", "run.jsonl")
        page, _ = self.report("run.jsonl", "--importance", 4)
        table = page.table("How much worse the network does")[1:]
        self.assertEqual(table[0][0], "matters")
        self.assertEqual({row[0] for row in table}, {"matters", "does_not", "colour"})  # a column of words is one
        result = self.lines("eval", "m", "--data", file, "--importance", 4)[0]["importance"]
        self.assertEqual([[one["input"], f"{one['accuracy']:.4f}", f"{one['accuracy_sd']:.4f}", f"{one['loss']:.4f}"] for one in result], table)
        self.assertGreater(result[0]["accuracy"], 0.2)
        self.assertLess(abs(result[1]["accuracy"]), 0.1)
        shown = self.run_program("eval", "m", "--data", file, "--importance", 4, "--quiet").stdout
        self.assertIn(f"matters          {table[0][1]:>6}     {table[0][2]:>6}      {table[0][3]:>6}\n", shown)
        self.assertNotIn("importance", self.lines("eval", "m", "--data", file)[0])
        (self.folder / "numbers.csv").write_text("a,b,t\n" + "".join(f"{i},{i * i % 7},{2 * i}\n" for i in range(60)))
        self.lines("train", "--data", "numbers.csv", "--target", "t", "--device", "cpu", "--save", "n")
        result = self.lines("eval", "n", "--data", "numbers.csv", "--importance", 3)[0]["importance"]
        self.assertEqual(result[0]["input"], "a")
        self.assertGreater(result[0]["r2"], 1)

    def test_regression(self):
        """The worst predictions are in the units of the file."""
        rows = [[x, 3 * x + 1000] for x in range(40)] + [[41, 9000]]
        train = self.write("t.csv", rows, ["x", "y"])
        more = ["--target", "y", "--layers", "1-2:tanh-1:identity", "--lr", 0.05, "--epochs", 20, "--device", "cpu"]
        self.lines("train", "--data", train, "--test", train, *more, "--save", "m", "--log", "run.jsonl")
        page, text = self.report("run.jsonl")
        result = self.log()[1]
        again = dict(zip(*page.table("On the test set")))
        self.assertEqual(again["R²"], f"{result['r2']:.6f}")
        self.assertEqual(again["RMSE"], f"{result['rmse']:.6g}")
        self.assertIn("R², the share of the variance that is explained", curves(text))
        worst = page.table("Examples of the test set")[1:]
        self.assertEqual(len(worst), 24)
        self.assertEqual({row[1] for row in worst} <= {f"{y:.6g}" for _, y in rows}, True)
        distances = [abs(float(row[1]) - float(row[2])) for row in worst]
        self.assertEqual(distances, sorted(distances, reverse=True))
        self.assertEqual(worst[0][:2], ["41", "9000"])

    def test_what_cannot_be_had_is_said(self):
        self.train("--log", "bare.jsonl")
        page, _ = self.report("bare.jsonl")
        self.assertEqual(page.said().count("The log names no model"), 3)
        self.train("--log", "run.jsonl", "--save", "m")
        (self.folder / "bars").rename(self.folder / "elsewhere")
        page, _ = self.report("run.jsonl")
        self.assertIn("The data of this run cannot be loaded", page.said())
        self.assertEqual(len(page.images), 8)  # the weights need no data
        self.assertIn("name them with --data WHAT", page.said())
        page, _ = self.report("run.jsonl", "--data", "nowhere")
        self.assertIn("The data named with --data do not fit this run (nowhere: ", page.said())
        self.assertNotIn("name them with", page.said())
        page, _ = self.report("run.jsonl", "--data", "elsewhere")
        self.assertTrue(page.table("On the test set of elsewhere"))
        self.assertNotIn("cannot be loaded", page.said())
        text = (self.folder / "run.jsonl").read_text()
        accuracy = self.log()[1]["accuracy"]
        (self.folder / "run.jsonl").write_text(text.replace(f'"accuracy":{accuracy}', '"accuracy":0.987'))
        self.assertIn("The log has 0.987, but", self.report("run.jsonl", "--data", "elsewhere")[0].said())
        (self.folder / "elsewhere").rename(self.folder / "bars")
        self.run_program("train", "--data", "bars", "--layers", "784-4-10", "--epochs", 1, "--device", "cpu", "--save", "m")
        self.assertIn("another training was saved there", self.report("run.jsonl")[0].said())
        (self.folder / "m").write_text("no model")
        self.assertIn("cannot be read", self.report("run.jsonl")[0].said())
        (self.folder / "m").unlink()
        os.mkfifo(self.folder / "m")  # that nobody writes to
        self.assertIn("cannot be read", self.report("run.jsonl")[0].said())
        line = self.log()[1]
        line["options"]["data"] = "-"
        (self.folder / "m").unlink()
        self.run_program("train", "--data", "bars", *SMALL, "--save", "m")
        (self.folder / "run.jsonl").write_text(json.dumps(line) + "\n")
        self.assertIn("they came from standard input", self.report("run.jsonl")[0].said())
        del line["options"]["data"], line["data"]
        (self.folder / "run.jsonl").write_text(json.dumps(line) + "\n")
        self.assertIn("the log names none", self.report("run.jsonl")[0].said())
        self.assertTrue(self.report("run.jsonl", "--data", "bars")[0].table("On the test set of bars"))

    def test_of_a_model(self):
        """A model has a page without a log: of what it says of its training, evaluated on its data or on others."""
        absent = {"Curves", "Epochs", "Saturation", "Timing", "Machine"}
        result = self.train("--save", "m", "--log", "run.jsonl")[-1]
        page, _ = self.report("m")
        layers = result["layers"]
        self.assertEqual(page.texts["h1"], [f"Model of {layers} on {result['data']}"])
        self.assertTrue({"Results", "Configuration", "Audit of the gradients"} <= set(page.texts["h2"]))
        self.assertFalse(absent & set(page.texts["h2"]))
        self.assertNotIn(" log", page.said())
        self.assertEqual(page.pairs("Summary")["epochs"], str(result["epochs"]))
        options = page.pairs("Options of the training")
        self.assertEqual({name: options[name] for name in ("data", "layers", "seed")}, {"data": "bars", "layers": layers, "seed": "1"})
        self.assertEqual(page.table("On the test set of bars"), self.report("run.jsonl")[0].table("On the test set of bars"))
        kept = self.train_bars(4, "--validation", 0.2, "--save", "v")[-1]["best_epoch"]
        self.assertIn(f"The model has the parameters of epoch {kept}.", self.report("v")[0].said())
        page, _ = self.report("m", "run.jsonl")
        self.assertIn("Curves", page.texts["h2"])
        self.assertEqual([text in page.texts["h3"] for text in absent - {"Curves"}], [True] * 4)
        (self.folder / "bars").rename(self.folder / "elsewhere")
        self.assertIn("The data of this run cannot be loaded", self.report("m")[0].said())
        self.assertTrue(self.report("m", "--data", "elsewhere")[0].table("On the test set of elsewhere"))
        model = (self.folder / "m").read_bytes()
        self.run_program("report", "m", "--out", "m", code=USAGE)
        self.assertEqual((self.folder / "m").read_bytes(), model)

    def test_diverged(self):
        file = self.write("t.csv", [[x, x * x * 1000] for x in range(60)], ["x", "y"])
        more = ["--target", "y", "--layers", "1-8:relu-1:identity", "--target-scale", "none", "--lr", 3, "--device", "cpu"]
        self.run_program("train", "--data", file, *more, "--log", "run.jsonl", "--save", "m", "--plot", "c.svg", code=DIVERGED)
        result = self.log()[1]
        self.assertEqual(result["ended_by"], "divergence")
        self.assertIn("is no longer finite", result["message"])
        self.assertNotIn("model", result)
        page, _ = self.report("run.jsonl")
        self.assertIn("The training diverged: in epoch 1", page.said())
        self.assertIn("No epoch was completed", page.said())
        self.assertIn("No epoch was completed", (self.folder / "c.svg").read_text())

    def test_hostile_names(self):
        """What files say is text on the page, never markup."""
        evil = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(2)>", "</td></table><h1>&amp;"]
        rows = [row[:4] + [evil[i % 3]] for i, row in enumerate(blobs(60))]
        rows = [[f'"{str(cell).replace(chr(34), chr(34) * 2)}"' for cell in row] for row in rows]
        header = [f'"{name}"' for name in ("<b>a", "b'&c;", "--><svg onload=alert(3)>", "]]>", "label")]
        file = self.write("<i>t&.csv", rows, header)
        name = "<u>run&\"'.jsonl"
        self.lines("train", "--data", file, *SHORT, "--save", "<p>m", "--log", name, "--label", "label")
        lines = (self.folder / name).read_text().splitlines()
        result = json.loads(lines[-1])
        result.update(device_name="<iframe src=//evil>\u0001\u2028", engine="</style><script>", ended_by="<script>", version="'><a href=javascript:1>", message="<p onclick=x>")
        result["options"]["<h1>"] = "</table><script>"
        (self.folder / name).write_text("\n".join(lines[:-1] + [json.dumps(result)]) + "\n")
        for logs in ([name], [name, name]):
            page, text = self.report(*logs)
            self.assertEqual(len(page.texts["h1"]), 1)
            self.assertEqual({row[0] for row in page.table("Inputs with the largest weights")[1:]}, {"<b>a", "b'&c;", "--><svg onload=alert(3)>", "]]>"})
            self.assertEqual([row[0] for row in page.table("Rows: true class")[1:]], sorted(evil))
            self.assertFalse(page.images)
            self.assertNotIn("\u0001", text)
            self.assertFalse(page.tags & {"i", "b", "u", "iframe"})
        (self.folder / "bytes.jsonl").write_bytes(b'{"schema":"annc.result/1","layers":"\xff\xfe<","epochs":0}\n')
        self.assertIn("\ufffd", self.report("bytes.jsonl")[0].texts["h1"][0])

    def test_broken_logs(self):
        epoch = '{"schema":"annc.epoch/1","epoch":1,"loss":1,"saturated":[0.5],"dead":[0]}\n'
        second = epoch.replace('"epoch":1', '"epoch":2')
        for content, line, said in ((b"", 0, "has no epoch"), (b"\n", 1, "does not begin with '{'"), (b"hello\n", 1, "does not begin with"), (epoch + epoch[:30], 2, "is incomplete"),
                                    (epoch + epoch[:-2] + "\n", 2, "is incomplete"), (epoch[:-1] + "x\n", 1, "has text after its end"), ("[1]\n", 1, "does not begin with"),
                                    ('{"epoch":1}\n', 1, "schema"), (epoch + "\n" + second, 2, "does not begin with"), (epoch + "{]}\n", 2, "JSON"), ("{" * 100000 + "\n", 1, "JSON"),
                                    ('{"a":' + "[" * 5000 + "]" * 5000 + "}\n", 1, "JSON"), ('{"schema":"annc.epoch/1","epoch":-1}\n', 1, "invalid epoch number"),
                                    ('{"schema":"annc.epoch/1","epoch":1e300}\n', 1, "invalid epoch number"), ('{"schema":"annc.epoch/1","epoch":"1"}\n', 1, "invalid epoch number"),
                                    (epoch + second.replace("[0.5]", "[0.5,0.5]"), 2, "layers"), (epoch + second.replace("[0.5]", "[0.5").replace("[0]", "[0,0]]"), 2, "layers"),
                                    (epoch + second.replace("[0.5]", "[" + ",".join(["0"] * 70) + "]").replace("[0]", "[" + ",".join(["0"] * 70) + "]"), 2, "layers"),
                                    (epoch.replace("[0.5]", "[0.5,]"), 1, "layers"), (b"\0" * 5000, 1, "NUL"), (b'{"schema":"' + b"x" * (1 << 21) + b'"}\n', 1, "longer than any line"),
                                    ('{"schema":"a\\u12"}\n', 1, "escape"), ('{"schema":"a\\ud800"}\n', 1, "escape"), ('{"schema":"a\\x"}\n', 1, "escape"), ('{"schema":"a', 1, "is incomplete"),
                                    ('{"schema":"a\x01"}\n', 1, "control"), ('{"schema":01}\n', 1, "JSON"), ('{"schema":1.}\n', 1, "JSON"), ('{"schema":nul}\n', 1, "JSON"),
                                    ('{"schema":"a",}\n', 1, "JSON"), ('{"schema" "a"}\n', 1, "JSON"), ('{"schema":"a";}\n', 1, "JSON"), ('{"schema":"a","b":[}}\n', 1, "JSON"),
                                    (epoch + '{"schema":"annc.result/1","options":{"a" 1}}\n', 2, "options"),
                                    (epoch + '{"schema":"annc.result/1"}\n' + epoch, 3, "a second training"), ('{"schema":"annc.bench/1"}\n', 0, "has no epoch")):
            (self.folder / "x.jsonl").write_bytes(content if isinstance(content, bytes) else content.encode())
            message = self.run_program("report", "x.jsonl", "--out", "r.html", code=INPUT).stderr
            self.assertIn("x.jsonl" + (f", line {line} " if line else ""), message, content[:80])
            self.assertIn(said, message, content[:80])
            self.assertFalse((self.folder / "r.html").exists())
        self.assertIn("nowhere", self.run_program("report", "nowhere", "--out", "r.html", code=INPUT).stderr)
        self.run_program("report", ".", "--out", "r.html", code=INPUT)
        with open(self.folder / "sparse.jsonl", "wb") as file:
            file.truncate(1 << 36)
        self.run_program("report", "sparse.jsonl", "--out", "r.html", code=INPUT)

    def test_usage_and_outputs(self):
        self.train("--log", "run.jsonl")
        for arguments, said in (([], "needs a log"), (["run.jsonl"], "--out"), (["run.jsonl"] * 40 + ["--out", "r.html"], "at most 32"), (["run.jsonl", "--out", "r.html", "--device", "moon"], "--device")):
            self.assertIn(said, self.run_program("report", *arguments, code=USAGE).stderr)
        for path in ("/dev/full", "no/such/r.html", "."):
            self.assertIn(path, self.run_program("report", "run.jsonl", "--out", path, code=OUTPUT).stderr)
        (self.folder / "r.html").write_text("before")
        self.run_program("report", "nowhere", "--out", "r.html", code=INPUT)
        self.assertEqual((self.folder / "r.html").read_text(), "before")

    def test_resumed(self):
        """A log that a resumed training goes on with is of one run."""
        self.train_bars(3, "--log", "run.jsonl", "--checkpoint", "c", "--checkpoint-every", "1e")
        self.lines("train", "--resume", "c", "--epochs", 5, "--log", "run.jsonl")
        page, text = self.report("run.jsonl")
        self.assertEqual([row[0] for row in page.table("All epochs")[1:]], list("12345"))
        lines = (self.folder / "run.jsonl").read_text().splitlines()
        lines.insert(5, lines[1].replace('"epoch":2', '"epoch":3'))  # back to an earlier checkpoint, and on
        (self.folder / "run.jsonl").write_text("\n".join(lines[:6]) + "\n")
        self.assertEqual([row[0] for row in self.report("run.jsonl")[0].table("All epochs")[1:]], list("123"))


class Folds(Reports):
    """Logs of --folds: lines of epochs name their fold, whatever their order."""

    def train_folds(self, log, *more, rate="0.004"):
        file = self.write("t.csv", blobs(91), COLUMNS)
        self.lines("train", "--data", file, *[{"60": "7", "0.05": rate}.get(value, value) for value in T], "--folds", 4, "--log", log, *more)
        lines = [json.loads(line) for line in (self.folder / log).read_text().splitlines()]
        epochs = {fold: [line for line in lines if line["schema"] == "annc.epoch/1" and line["fold"] == fold] for fold in range(1, 5)}
        return epochs, [line for line in lines if line["schema"] == "annc.fold/1"], lines[-1]

    def test_curves_and_table(self):
        """A thin curve a fold and their mean, and a table of folds, by several threads at once and by one."""
        seen = []
        for threads in (1, 3):
            epochs, folds, result = self.train_folds("run.jsonl", "--threads", threads)
            self.assertEqual([[line["epoch"] for line in epochs[fold]] for fold in epochs], [list(range(1, 8))] * 4)
            page, text = self.report("run.jsonl")
            for title, key in (("Loss per example", "validation_loss"), ("Accuracy", "validation_accuracy")):
                series = curves(text)[title][0]
                spread = 0.01 * max(line[key] for fold in epochs for line in epochs[fold])
                for fold in epochs:
                    self.close_to(series[f"fold {fold}"], [(line["epoch"], line[key]) for line in epochs[fold]], spread)
                means = [(e + 1, sum(epochs[fold][e][key] for fold in epochs) / 4) for e in range(7)]
                self.close_to(series["validation set, mean"], means, spread)
                self.assertEqual(len(series), 6)
            self.assertEqual(text.count(">each fold</text>"), 2)
            shown = page.table("Folds")
            self.assertEqual([row[0] for row in shown], ["fold", "1", "2", "3", "4", "mean ± sd"])
            for line, row in zip(sorted(folds, key=lambda line: line["fold"]), shown[1:]):
                cells = dict(zip(shown[0], row))
                self.assertEqual(cells["accuracy"], f"{100 * line['validation_accuracy']:.2f}%")
                self.assertEqual(cells["loss per example"], f"{line['validation_loss']:.6g}")
                self.assertEqual([cells[name] for name in ("trained on", "held out", "epoch kept", "epochs")],
                                 [str(line[key]) for key in ("training_count", "validation_count", "best_epoch", "epochs")])
            mean = dict(zip(shown[0], shown[-1]))
            self.assertEqual(mean["accuracy"], f"{100 * result['accuracy_mean']:.2f}% ± {100 * result['accuracy_sd']:.2f}%")
            self.assertEqual(mean["loss per example"], f"{result['loss_mean']:.6g} ± {result['loss_sd']:.2g}")
            came = page.pairs("Summary")
            self.assertEqual((came["folds"], came["validation accuracy, mean of the folds"]), ("4", f"{100 * result['accuracy_mean']:.2f}%"))
            each = page.table("All epochs")
            self.assertEqual(dict(zip(each[0], each[3]))["validation accuracy"], f"{100 * sum(epochs[fold][2]['validation_accuracy'] for fold in epochs) / 4:.2f}%")
            best = min(range(7), key=lambda e: sum(epochs[fold][e]["validation_loss"] for fold in epochs))
            self.assertAlmostEqual(curves(text)["Accuracy"][1][0], best + 1, 2)
            self.assertIn("Each fold trains its own network", page.said())
            self.assertEqual(page.pairs("Options of the training")["folds"], "4")
            self.assertNotIn('class="missing"', text)
            seen.append({fold: [[line[key] for key in ("loss", "training_correct", "validation_loss")] for line in epochs[fold]] for fold in epochs})
        self.assertEqual(*seen)

    def test_beside_others(self):
        epochs, _, result = self.train_folds("a.jsonl", "--threads", 2)
        self.train_folds("b.jsonl", "--threads", 1, rate="0.2")
        self.lines("train", "--data", "t.csv", *SHORT, "--validation", 0.25, "--log", "c.jsonl")
        page, text = self.report("a.jsonl", "b.jsonl", "c.jsonl")
        series = curves(text)["Accuracy on the test set, or else of validation or training"][0]
        self.assertEqual(list(series), ["a.jsonl", "b.jsonl", "c.jsonl"])
        self.close_to(series["a.jsonl"], [(e + 1, sum(epochs[fold][e]["validation_accuracy"] for fold in epochs) / 4) for e in range(7)], 0.01)
        results = {row[0]: row[1:] for row in page.table("Summary of the trainings")[1:]}
        self.assertEqual(results["folds"], ["4", "4", "–"])
        self.assertEqual(results["validation accuracy, mean of the folds"][0], f"{100 * result['accuracy_mean']:.2f}%")
        differing = {row[0]: row[1:] for row in page.table("Options and settings")[1:]}
        self.assertEqual(differing["learning rate"], ["0.004", "0.2", "0.05"])
        self.assertEqual(len([name for name, _ in page.tables if name.startswith("Folds")]), 2)

    def test_numbers_and_early_ends(self):
        """Targets instead of classes; folds that stop at different epochs: the mean is of the epochs that all have."""
        file = self.write("n.csv", [[x / 10, 3 * x + (7 * x) % 5] for x in range(60)], ["x", "y"])
        self.lines("train", "--data", file, "--target", "y", "--layers", "1-4:tanh-1:identity", "--lr", 0.3, "--batch", 4, "--epochs", 60, "--patience", 2, "--folds", 3,
                   "--device", "cpu", "--log", "run.jsonl")
        lines = [json.loads(line) for line in (self.folder / "run.jsonl").read_text().splitlines()]
        folds = [line for line in lines if line["schema"] == "annc.fold/1"]
        shortest = min(line["epochs"] for line in folds)
        self.assertLess(shortest, max(line["epochs"] for line in folds))
        page, text = self.report("run.jsonl")
        self.assertEqual(len(curves(text)["R², the share of the variance that is explained"][0]["validation set, mean"]), shortest)
        shown = page.table("Folds")
        self.assertEqual(dict(zip(shown[0], shown[-1]))["RMSE"], f"{lines[-1]['rmse_mean']:.6g} ± {lines[-1]['rmse_sd']:.2g}")

    def test_broken_and_resumed(self):
        epochs, _, _ = self.train_folds("run.jsonl", "--threads", 1)
        lines = (self.folder / "run.jsonl").read_text().splitlines()
        (self.folder / "cut.jsonl").write_text("\n".join(lines[:12]) + "\n")  # a whole fold, its end, and four epochs of the second
        page, text = self.report("cut.jsonl")
        self.assertIn("before all folds were finished", page.said())
        self.assertEqual([row[0] for row in page.table("Folds")], ["fold", "1", "2, not finished", "mean ± sd"])
        self.assertEqual(len(curves(text)["Accuracy"][0]["validation set, mean"]), 4)
        whole = self.report("run.jsonl")[1]
        (self.folder / "run.jsonl").write_text("\n".join(lines[:12] + lines[9:]) + "\n")  # from a checkpoint after the first epoch of the second fold
        self.assertEqual(self.report("run.jsonl")[1], whole)
        alone = '{"schema":"annc.epoch/1","epoch":1,"loss":1}'
        for content, line, said in (([lines[0].replace('"fold":1', '"fold":0')], 1, "invalid fold number"), ([lines[0].replace('"fold":1', '"fold":1e9')], 1, "invalid fold number"),
                                    ([alone, lines[0]], 2, "another kind of log"), ([lines[0], alone], 2, "another kind of log"), (lines + lines[:1], len(lines) + 1, "a second training"),
                                    (['{"schema":"annc.fold/1","epochs":3}'], 1, "invalid fold number"), ([lines[0], '{"schema":"annc.sweep/1","network":1}'], 2, "another kind of log")):
            (self.folder / "x.jsonl").write_text("\n".join(content) + "\n")
            self.assertRegex(self.run_program("report", "x.jsonl", "--out", "r.html", code=INPUT).stderr, f"x.jsonl, line {line} .*{said}")


class SweepPage(Reports):
    def test_table(self):
        """What `sweep --json` writes: networks by validation accuracy, with their options."""
        text = self.run_program("sweep", "--data", "bars", "--layers", "784-8-10", "--epochs", 3, "--device", "cpu", "--grid", "lr=0.01,1,3", "--grid", "activation=tanh,sigmoid",
                                "--json").stdout
        (self.folder / "s.jsonl").write_text(text)
        *networks, result = [json.loads(line) for line in text.splitlines()]
        page, _ = self.report("s.jsonl")
        self.assertEqual(page.texts["h1"], ["Sweep of 6 networks"])
        heads, *rows = page.table("All networks")
        ranked = sorted(networks, key=lambda line: (-line["validation_accuracy"], line["validation_loss"], line["network"]))
        self.assertEqual([row[0] for row in rows], [str(line["network"]) for line in ranked])
        self.assertEqual(rows[0][0], str(result["best"]))
        for line, row in zip(ranked, rows):
            cells = dict(zip(heads, row))
            self.assertEqual([cells[name] for name in ("lr", "activation", "seed", "epoch kept")], [f"{line['lr']:g}", line["activation"], "1", str(line["best_epoch"])])
            self.assertEqual((cells["validation accuracy"], cells["validation loss"]), (f"{100 * line['validation_accuracy']:.2f}%", f"{line['validation_loss']:.6g}"))
        (self.folder / "cut.jsonl").write_text("".join(line + "\n" for line in text.splitlines()[:2]))
        self.assertIn("was interrupted", self.report("cut.jsonl")[0].said())
        self.train("--log", "run.jsonl")
        self.assertIn("s.jsonl is the log of a sweep", self.run_program("report", "run.jsonl", "s.jsonl", "--out", "r.html", code=USAGE).stderr)
        (self.folder / "x.jsonl").write_text((self.folder / "run.jsonl").read_text() + text)
        self.assertIn("line 4 belongs to another kind", self.run_program("report", "x.jsonl", "--out", "r.html", code=INPUT).stderr)

    def test_failures_and_epochs(self):
        """Networks that diverge come last, with the reason; where --epochs varies, what was asked and what was done are told apart."""
        text = self.run_program("sweep", "--data", "bars", "--layers", "784-8:relu-10:identity", "--cost", "quadratic", "--device", "cpu", "--grid", "lr=1e30,0.01", "--grid", "epochs=2,9",
                                "--patience", 1, "--json").stdout
        (self.folder / "s.jsonl").write_text(text)
        lines = [json.loads(line, object_pairs_hook=lambda pairs: self.assertEqual(len(pairs), len(dict(pairs))) or dict(pairs)) for line in text.splitlines()]
        self.assertEqual(sorted(line["epochs"] for line in lines[:-1]), [2, 2, 9, 9])
        page, _ = self.report("s.jsonl")
        heads, *rows = page.table("All networks")
        self.assertEqual(heads[-1], "error")
        self.assertEqual([row[-1] != "" for row in rows], [False, False, True, True])
        self.assertEqual({row[heads.index("lr")] for row in rows[2:]}, {"1e+30"})

    def test_hostile(self):
        (self.folder / "s.jsonl").write_text('{"schema":"annc.sweep/1","network":1,"<script>":"</td><script>","error":"<img src=x>","validation_accuracy":null}\n')
        page, text = self.report("s.jsonl")
        self.assertIn("&lt;script&gt;", text)
        self.assertFalse(page.images)


class Plot(Reports):
    def test_picture(self):
        self.train_bars(5, "--plot", "c.svg", "--log", "run.jsonl", "--validation", 0.25)
        text = (self.folder / "c.svg").read_text()
        root = ElementTree.fromstring(text)
        charts = curves(text[text.index("<g transform"):])
        epochs, result = self.log()
        self.close_to(charts["Accuracy"][0]["test set"], [(line["epoch"], line["test_accuracy"]) for line in epochs], 0.005)
        self.close_to(charts["Accuracy"][0]["training set"], [(line["epoch"], line["training_correct"] / line["training_count"]) for line in epochs], 0.005)
        self.assertAlmostEqual(charts["Accuracy"][1][0], result["best_epoch"], 2)
        self.assertIn("784-8-10", root.find(SVG + "title").text)
        self.assertEqual(len(list(root.iter(SVG + "desc"))), 2)
        self.assertIn("prefers-color-scheme:dark", text)
        for variable in re.finditer(r"(fill|stroke):var\(", text):  # for viewers that know no variables
            self.assertRegex(text[:variable.start()], variable.group(1) + r":#[0-9a-f]+;$")

    def test_refused_before_the_training(self):
        for name, code in (("c.png", USAGE), ("svg", USAGE), ("no/such/c.svg", OUTPUT), ("/dev/full.svg/x.svg", OUTPUT)):
            result = self.run_program("train", "--data", "bars", *SMALL, "--plot", name, "--log", "run.jsonl", code=code)
            self.assertNotIn("Epoch", result.stdout)
            self.assertFalse((self.folder / "run.jsonl").exists())
        self.assertIn("--folds", self.run_program("train", "--data", "bars", *SMALL, "--plot", "c.svg", "--folds", 3, code=USAGE).stderr)

    def test_stopped(self):
        process = subprocess.Popen([str(PROGRAM), "train", "--data", "bars", "--layers", "784-32-10", "--epochs", "1000000", "--device", "cpu", "--plot", "c.svg"],
                                   cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.startswith("Epoch 1:"):
                time.sleep(0.5)
                process.send_signal(signal.SIGINT)
                break
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        accuracy = curves((self.folder / "c.svg").read_text().split("<g transform", 1)[1])["Accuracy"][0]["test set"]
        self.assertGreaterEqual(len(accuracy), 3)


class Live(Tables):
    def on_terminal(self, *arguments, columns=100, split=False, code=OK, **environment):
        """What a training of about a second writes to a terminal of so many columns; its standard output apart where it is split."""
        parent, child = open_terminal()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        command = [str(PROGRAM), "train", "--data", "bars", "--layers", "784-400-10", "--batch", "4", "--epochs", "1000000", "--device", "cpu", "--max-time", "1", *arguments]
        with open(self.folder / "out", "wb") as out:
            process = subprocess.Popen(command, cwd=self.folder, env={**self.environment, "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment}, stdin=child,
                                       stdout=out if split else child, stderr=child)
        os.close(child)
        text = b""
        try:
            while part := os.read(parent, 65536):
                text += part
        except OSError:  # the terminal's other end is closed
            pass
        os.close(parent)
        self.assertEqual(process.wait(timeout=60), code)
        return text.decode(), (self.folder / "out").read_text()

    @staticmethod
    def screen(text):
        """The lines as they are left on the screen."""
        return [re.split(r"\r(?:\x1b\[K)?", line)[-1] for line in text.replace("\r\n", "\n").split("\n")]

    def test_shown(self):
        text, _ = self.on_terminal()
        self.assertRegex(text, r"\repoch \d+/1000000  0%  \d+ s left  \d[\d.]*k? examples/s  [━─]{20}  loss [▁▂▃▄▅▆▇█]{2,16}\x1b\[K")
        self.assertTrue(text.count("█") > 0 and text.count("▁") > 0)
        for line in self.screen(text):
            self.assertNotIn("left", line)
        epochs = [line for line in self.screen(text) if line.startswith("Epoch ")]
        self.assertEqual([int(re.match(r"Epoch (\d+):", line)[1]) for line in epochs], list(range(1, len(epochs) + 1)))
        drawn = set(re.findall(r"\r(epoch [^\x1b]*)\x1b", text))
        self.assertLessEqual(len(drawn), 7)  # a second, five a second

    def test_plain_and_narrow(self):
        text, _ = self.on_terminal(LC_ALL="C")
        self.assertRegex(text, r"\repoch \d+/1000000  0%  \d+ s left  \d[\d.]*k? examples/s  \[ {20}\]\x1b\[K")
        self.assertTrue(text.isascii())
        for columns in (30, 45, 60):
            text, _ = self.on_terminal(columns=columns)
            drawn = re.findall(r"\r(epoch [^\x1b]*)\x1b", text)
            self.assertTrue(drawn)
            self.assertLess(max(map(len, drawn)), columns)
        self.assertNotIn("left", self.on_terminal(columns=10)[0])

    def test_where_it_may_not_be(self):
        for arguments, environment in (([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}), (["--quiet"], {}), (["--json"], {}), (["--folds", "2"], {})):
            text, _ = self.on_terminal(*arguments, code=1 if "--folds" in arguments else OK, **environment)  # of folds cut short there is no mean
            self.assertNotIn(" left", text, arguments)
            self.assertNotIn("\x1b", text)
        text, out = self.on_terminal("--json", split=True)
        self.assertIn(" left", text)
        self.assertTrue(all(json.loads(line)["schema"] for line in out.splitlines()))
        self.assertNotIn("left", out)

    def test_changes_nothing(self):
        """The numbers of a training that is watched are those of one that is not."""
        text, out = self.on_terminal("--log", "a.jsonl", split=True)
        self.on_terminal("--log", "b.jsonl", TERM="dumb")
        losses = [[json.loads(line)["loss"] for line in (self.folder / name).read_text().splitlines()[:-1]] for name in ("a.jsonl", "b.jsonl")]
        shorter = min(map(len, losses))
        self.assertGreater(shorter, 0)
        self.assertEqual(losses[0][:shorter], losses[1][:shorter])


PROBE = """<!DOCTYPE html><iframe id=f src="%s" style="width:%dpx;height:900px;border:0"></iframe><pre id=out></pre><script>
function channels(c){const m=c.match(/[\\d.]+/g).map(Number);return m.length>3?m:[...m,1]}
function over(a,b){return [0,1,2].map(i=>a[i]*a[3]+b[i]*(1-a[3])).concat(1)}
function light(c){const l=c.slice(0,3).map(v=>{v/=255;return v<=.03928?v/12.92:((v+.055)/1.055)**2.4});return .2126*l[0]+.7152*l[1]+.0722*l[2]}
f.onload=()=>{const d=f.contentDocument,w=f.contentWindow,r={wide:d.documentElement.scrollWidth,images:0,broken:0,charts:0,cut:0,least:99,where:""};
for(const i of d.images){r.images++;r.broken+=!(i.complete&&i.naturalWidth>0)}
for(const s of d.querySelectorAll("svg")){const b=s.getBoundingClientRect();r.charts+=b.width>100&&b.height>100;r.cut+=b.right>d.documentElement.clientWidth}
for(const e of d.querySelectorAll("body *")){if(!e.textContent.trim()||e.closest("style")||e.tagName=="title"||e.tagName=="desc")continue;
const inSvg=e.namespaceURI.includes("svg");if(inSvg&&e.tagName!="text")continue;
let b=[255,255,255,1],chain=[];for(let p=e;p;p=p.parentElement)chain.unshift(p);
for(const p of chain)b=over(channels(w.getComputedStyle(p).backgroundColor),b);
if(inSvg)b=channels(w.getComputedStyle(e.ownerSVGElement.querySelector(".paper")).fill);
const c=channels(inSvg?w.getComputedStyle(e).fill:w.getComputedStyle(e).color),x=light(c),y=light(b),k=(Math.max(x,y)+.05)/(Math.min(x,y)+.05);
if(k<r.least){r.least=k;r.where=e.outerHTML.slice(0,100)}}
r.paper=w.getComputedStyle(d.body).backgroundColor;out.textContent="RESULT"+JSON.stringify(r)+"END"}</script>"""


@unittest.skipUnless(CHROMIUM, "there is no Chromium")
class Browser(Reports):
    def browse(self, *arguments):
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder}/chromium", *arguments]
        result = subprocess.run(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, env={**os.environ, "HOME": str(self.folder)})
        self.assertEqual(result.returncode, 0, result.stderr[-2000:])
        return result.stdout

    def look(self, width, scheme):
        (self.folder / "probe.html").write_text(PROBE % ("r.html", width))
        shown = self.browse("--allow-file-access-from-files", f"--blink-settings=preferredColorScheme={scheme}", "--virtual-time-budget=10000", "--dump-dom",
                            f"file://{self.folder}/probe.html")
        return json.loads(html.unescape(re.search(r"RESULT(.*?)END</pre>", shown)[1]))

    def test_light_dark_narrow_and_on_paper(self):
        self.train_bars(6, "--lr", 1, "--save", "m", "--log", "run.jsonl", "--validation", 0.2)
        page, _ = self.report("run.jsonl")
        papers = []
        for width, scheme in ((1000, 1), (1000, 0), (360, 1)):
            seen = self.look(width, scheme)
            self.assertEqual((seen["images"], seen["broken"], seen["charts"]), (len(page.images), 0, 3))
            self.assertLessEqual(seen["wide"], width)
            self.assertEqual(seen["cut"], 0)
            self.assertGreaterEqual(seen["least"], 4.5, seen["where"])
            papers.append(seen["paper"])
        self.assertNotEqual(papers[0], papers[1])
        self.browse("--no-pdf-header-footer", f"--print-to-pdf={self.folder}/r.pdf", f"file://{self.folder}/r.html")
        self.assertTrue((self.folder / "r.pdf").read_bytes().startswith(b"%PDF"))


if __name__ == "__main__":
    main()
