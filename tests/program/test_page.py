#!/usr/bin/env python3
"""Pages to play with a model. Called as program.py says. What the page computes is tried in Chromium ($ANNC_CHROMIUM, or `chromium` on the PATH). With
ANNC_TEST_MNIST, a folder, the hundred images are MNIST's; otherwise bars."""
import base64
import gzip
import html
import html.parser
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import unittest

from pictures import GREY_ALPHA, RGB, RGBA, grey, png, segment_digit
from program import INPUT, OUTPUT, USAGE, Cli, bars, idx, main, signed
from tables import COLUMNS, Tables, T, blobs

MNIST = os.environ.get("ANNC_TEST_MNIST")
CHROMIUM = os.environ.get("ANNC_CHROMIUM") or shutil.which("chromium")
FUNCTIONS = pathlib.Path(__file__).resolve().parents[2] / "include" / "annc_functions.h"
HOSTILE = ['</script><img id="hostile" src=x>', "<!--<script>", "\"quoted\" & 'single'", "back\\slash \u2028 end", "<b>bold</b>", "naïve 日本"]

# Draws through points, in shares of the drawing, as a pointer does.
DRAG = """
function drag(points) {
    const paper = element("paper"), box = paper.getBoundingClientRect();
    const send = (target, kind, [x, y]) => target.dispatchEvent(new PointerEvent(kind,
        {bubbles: true, button: 0, pointerId: 7, clientX: box.left + x * box.width, clientY: box.top + y * box.height}));
    send(paper, "pointerdown", points[0]);
    points.slice(1).forEach(point => send(window, "pointermove", point));
    send(window, "pointerup", points[points.length - 1]);
}
const press = (target, key, more) => target.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true, ...more}));
// Waits for what another thread does: the browser's clock, which is not the world's, stands still while there is work here.
async function until(isDone) {
    while (!isDone()) {
        for (let i = 0, sum = 0; i < 1e6; i++)
            sum += i;
        await new Promise(done => setTimeout(done, 1));
    }
}
const outputs = () => state ? Array.from(state[network.length - 1].a) : null;
"""


class Parts(html.parser.HTMLParser):
    """The scripts of a page, its elements and their attributes."""

    def __init__(self, text):
        super().__init__()
        self.scripts, self.elements, self.attributes = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.attributes += attributes
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.elements[-1:] == ["script"]:
            self.scripts[-1] += data

    def handle_endtag(self, tag):
        self.elements.append("/" + tag)


def edited(model, metadata):
    """A model file with other metadata; None removes."""
    length = struct.unpack("<Q", model[:8])[0]
    header = json.loads(model[8:8 + length])
    header["__metadata__"] = {key: value for key, value in {**header["__metadata__"], **metadata}.items() if value is not None}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return signed(struct.pack("<Q", len(text)) + text + model[8 + length:])


def changed(page, key, value):
    """A page whose model has another text, as nobody can export it."""
    begin = page.index("{", page.index("<script"))
    end = page.index("</script>", begin)
    model = json.loads(page[begin:end])
    model["metadata"][key] = value
    return page[:begin] + json.dumps(model).replace("<", "\\u003c") + page[end:]


class Pages(Tables):
    def put(self, name, content):
        (self.folder / name).write_bytes(content)
        return name

    def export(self, model="m"):
        self.run_program("export", model, "--format", "html", "--out", f"{model}.html", "--quiet")
        return (self.folder / f"{model}.html").read_text(encoding="utf-8")

    def model_in(self, page):
        return json.loads(Parts(page).scripts[0])

    def train_table(self, *options, rows=None, header=COLUMNS):
        self.write("t.csv", rows or blobs(150), header)
        self.run_program("train", "--data", "t.csv", *(options or T[:-2]), "--save", "m", "--device", "cpu")


class Page(Pages):
    """The file itself: needs no browser."""

    def test_holds_the_model(self):
        self.train("--save", "m")
        page = self.export()
        length = struct.unpack("<Q", (self.folder / "m").read_bytes()[:8])[0]
        model = self.model_in(page)
        self.assertEqual(base64.b64decode(model["parameters"], validate=True), (self.folder / "m").read_bytes()[8 + length:])
        self.assertEqual([(layer["inputs"], layer["units"], layer["activation"]) for layer in model["layers"]], [(784, 8, "sigmoid"), (8, 10, "sigmoid")])
        self.assertEqual((model["cost"], model["middle"], model["layers"][0]["low"], model["layers"][0]["high"]), ("quadratic", 0.5, 0, 1))
        self.assertEqual(json.loads(model["metadata"]["annc.images"]), [28, 28, 255, 1, 1, 0])
        self.assertEqual(page, self.run_program("export", "m", "--format", "html", "--out", "-", "--quiet").stdout)
        self.run_program("export", "m", "--format", "html", "--out", "/dev/full", code=OUTPUT)

    def test_every_length_of_parameters(self):
        """Base64 ends in three ways, and a page is written in pieces."""
        for layers in ("4-1", "4-2", "4-3:softmax", "4-5-3:softmax", "4-2900-3:softmax"):
            cost = ["--cost", "categorical-cross-entropy"] if "softmax" in layers else []
            rows = [row[:4] + [str(i % 2)] for i, row in enumerate(blobs(40))] if not cost else blobs(40)
            self.train_table("--layers", layers, *cost, "--epochs", "0", rows=rows)
            content = (self.folder / "m").read_bytes()
            length = struct.unpack("<Q", content[:8])[0]
            self.assertEqual(base64.b64decode(self.model_in(self.export())["parameters"], validate=True), content[8 + length:], layers)

    def test_needs_nothing_else(self):
        self.run_program("train", "--data", "bars", "--layers", "784-32-10", "--epochs", "0", "--save", "m", "--device", "cpu")
        page = self.export()
        self.assertLess(len(page.encode()), 1000000)
        parts = Parts(page)
        self.assertNotRegex(page, r"https?://|\bimport\b|XMLHttpRequest|\bfetch\(|WebSocket|url\(|@import")
        self.assertFalse([(name, value) for name, value in parts.attributes if name in ("src", "href", "action", "data", "srcset")])
        self.assertIn("default-src 'none'", page)
        self.assertFalse([name for name, _ in parts.attributes if name.startswith("on")])
        self.assertNotRegex(page, r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")

    def test_hostile_texts(self):
        """No text of a model ends its script or begins another element."""
        rows = [[i / 7, i % 5, HOSTILE[i % 6].replace('"', "'")] for i in range(60)]
        self.train_table("--layers", "2-6:softmax", "--cost", "categorical-cross-entropy", "--epochs", "1", "--lr", "0.1", "--label", "3",
                         rows=[[a, b, f'"{c}"'] for a, b, c in rows], header=[HOSTILE[0].replace('"', ""), "<!--", "kind"])
        own = (self.folder / "m").read_bytes()
        plain = Parts(self.export())
        self.put("m", edited(own, {"annc.classes": json.dumps(HOSTILE), "annc.inputs": json.dumps(HOSTILE[:2]), "annc.data": "</script>"}))
        page = self.export()
        parts = Parts(page)
        self.assertEqual(parts.elements, plain.elements)
        self.assertEqual(json.loads(self.model_in(page)["metadata"]["annc.classes"]), HOSTILE)
        self.assertNotIn("<", parts.scripts[0])
        self.assertEqual(len(parts.scripts), 2)


@unittest.skipUnless(CHROMIUM, "chromium is not installed, and ANNC_CHROMIUM names none")
class Browser(Pages):
    def run_page(self, page, script, width=1200):
        """What a script, run after the page's own, leaves in `said`."""
        text = page + f"""<script>
window.addEventListener("error", event => {{ report({{fault: event.message}}); }});
function report(said) {{
    const place = document.createElement("pre");
    place.id = "said";
    place.textContent = JSON.stringify(said);
    document.body.append(place);
}}
{DRAG}
(async () => {{ {script} }})().catch(error => report({{fault: String(error.stack)}}));
</script>"""
        (self.folder / "tried.html").write_text(text, encoding="utf-8")
        result = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder / 'browser'}",
                                 f"--window-size={width},900", "--virtual-time-budget=20000", "--dump-dom", (self.folder / "tried.html").as_uri()],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        dom = result.stdout.decode("utf-8", "replace")
        said = re.search(r'<pre id="said">(.*?)</pre>', dom, re.S)
        self.assertTrue(said, f"the page said nothing\n{dom[-1000:]}\n{result.stderr[-2000:]}")
        said = json.loads(html.unescape(said[1]))
        self.assertFalse(isinstance(said, dict) and "fault" in said, said)
        return said

    def assert_near(self, got, want, tolerance=1e-5):
        self.assertEqual(len(got), len(want))
        for row, expected in zip(got, want):
            self.assertEqual(len(row), len(expected))
            for a, b in zip(row, expected):
                self.assertLessEqual(abs(a - b), tolerance * max(1, abs(b)))

    def predicted(self, *files, model="m"):
        if any(file.endswith(".png") for file in files) and "libpng none" in self.run_program("--version").stdout:
            self.skipTest("this build has no libpng, and predict reads no pictures to compare with")
        return [line.get("probabilities", line.get("values")) for line in self.lines("predict", model, *files)]


class Learning(Browser):
    """What the page draws and learns of points, held against the program's training."""

    NETWORKS = (  # layers, cost, and whether the targets are classes
        ("2-6:silu-5:gelu-3:softmax", "categorical-cross-entropy", True), ("2-8:relu-3:softmax", "quadratic", True),
        ("2-5:elu-1:sigmoid", "cross-entropy", True), ("2-5:selu-3:hard-sigmoid", "mean-absolute", True),
        ("1-9:tanh-1:identity", "quadratic", False), ("2-6:softplus-1:identity", "huber", False), ("2-7:leaky-relu-1:identity", "hinge", True), ("1-6:tanh-1:identity", "quantile", False), ("2-5:silu-1:exp", "poisson", False))

    def make(self, layers, cost, has_classes):
        """Trains a little, and exports the model with its data as points."""
        draw, inputs = random.Random(3), int(layers[0])
        rows = []
        for i in range(60):
            x = [draw.uniform(-2, 5) for _ in range(inputs)]
            label = "abc"[i % (3 if layers.split(":")[-2].endswith("-3") else 2)]
            rows.append([*x, label if has_classes else sum(v * v for v in x) + draw.random()])
        self.write("t.csv", rows, [*"xz"[:inputs], "y"])
        self.run_program("train", "--data", "t.csv", *([] if has_classes else ["--target", "y"]), "--layers", layers, "--cost", cost, "--lr", "0.05",
                         "--epochs", "2", "--save", "m", "--device", "cpu")
        self.run_program("export", "m", "--out", "m.html", "--points", "t.csv", "--quiet")
        return (self.folder / "m.html").read_text(encoding="utf-8")

    def test_steps(self):
        """The losses of 25 steps and the outputs after them are the program's, of Adam over all rows."""
        for layers, cost, has_classes in self.NETWORKS:
            with self.subTest(layers=layers, cost=cost):
                page = self.make(layers, cost, has_classes)
                said = self.run_page(page, """
                    const losses = Array.from({length: 25}, () => learnStep(0.02));
                    report({losses, outputs: learning.points.map(point => Array.from(lastOutputs(point.x)).map((a, j) => preparation.classes ? a : unscaled(a, j)))});""")
                lines = self.lines("train", "--load", "m", "--data", "t.csv", "--optimizer", "adam", "--lr", "0.02", "--batch", "60", "--epochs", "25",
                                   "--schedule", "constant", "--weight-decay", "0", "--dropout", "0", "--label-smoothing", "0", "--save", "further",
                                   "--device", "cpu")
                losses = [line["mean_loss"] for line in lines if line["schema"] == "annc.epoch/1"]
                self.assertLess(losses[-1], losses[0])
                for got, want in zip(said["losses"], losses, strict=True):
                    self.assertAlmostEqual(got, want, delta=2e-3 * max(1, abs(want)))
                wanted = [line.get("outputs", line.get("probabilities", line.get("values"))) for line in self.lines("predict", "further", "t.csv")]
                if len(said["outputs"][0]) == 1 and has_classes:
                    wanted = [row[-1:] for row in wanted]
                self.assert_near(said["outputs"], wanted, 5e-3)

    def test_by_hand(self):
        """Points are put by clicks and at the sliders; training runs until it is stopped; the model's weights come back."""
        page = self.make("2-6:tanh-3:softmax", "categorical-cross-entropy", True)
        said = self.run_page(page, """
            const box = element("plane").getBoundingClientRect(), first = JSON.stringify(network.map(layer => Array.from(layer.W)));
            const sameWeights = () => JSON.stringify(network.map(layer => Array.from(layer.W))) === first;
            const said = {before: learning.points.length, hidden: element("learn").hidden};
            element("no-points").click();
            said.disabled = element("train").disabled;
            element("point-class").value = "2";
            element("point-class").dispatchEvent(new Event("change"));
            element("plane").dispatchEvent(new MouseEvent("click", {clientX: box.left + box.width / 4, clientY: box.top + box.height / 4}));
            element("add-point").click();
            said.points = learning.points.map(point => [Array.from(point.x).map(unscaledInput), Array.from(point.y)]);
            said.place = [along(plane.x, 0.25), along(plane.y, 0.75)];
            said.sliders = features.flatMap(feature => feature.values);
            element("train").click();
            said.label = element("train").textContent;
            await until(() => learning.steps > 3);
            element("train").click();
            said.stopped = [learning.running, element("train").textContent, sameWeights(), /step [0-9]+, mean loss/.test(element("learn-state").textContent)];
            element("as-loaded").click();
            said.back = sameWeights() && learning.losses.length === 0;
            element("afresh").click();
            said.afresh = !sameWeights();
            report(said);""")
        self.assertEqual((said["before"], said["hidden"], said["disabled"], said["label"]), (60, False, True, "Stop"))
        for (x, y), place in zip(said["points"], (said["place"], said["sliders"]), strict=True):
            self.assertEqual(y, [0, 0, 1])
            for a, b in zip(x, place, strict=True):
                self.assertAlmostEqual(a, b, delta=0.05)  # a click is at a whole pixel
        self.assertEqual(said["stopped"], [False, "Train", False, True])
        self.assertTrue(said["back"] and said["afresh"])

    def test_picture(self):
        """The picture has the class's colour at each place, and the curve the output's height."""
        page = self.make("2-8:tanh-3:softmax", "categorical-cross-entropy", True)
        said = self.run_page(page, """
            element("no-points").click();
            const context = element("plane").getContext("2d"), side = element("plane").width, said = [];
            for (let i = 0; i < 60; i++) {
                const u = (i * 7 % 60 + 0.5) / 60, v = (i + 0.5) / 60;
                const a = lastOutputs([scaledInput(along(plane.x, u), 0), scaledInput(along(plane.y, 1 - v), 1)]), sorted = Array.from(a).sort((x, y) => y - x);
                if (sorted[0] - sorted[1] < 0.2)
                    continue;
                const [red, green, blue] = context.getImageData(Math.floor(u * side), Math.floor(v * side), 1, 1).data, colour = classColour(classOf(a));
                const nearest = [0, 1, 2].map(c => classColour(c)).map(other => [red, green, blue].reduce((sum, p, k) => sum + (p - poles[1][k]) * (other[k] - poles[1][k]), 0)
                                                                                / Math.hypot(...other.map((p, k) => p - poles[1][k])));
                said.push(nearest.indexOf(Math.max(...nearest)) === classOf(a));
            }
            report(said);""")
        self.assertGreater(len(said), 10)
        self.assertTrue(all(said))

    def test_connections(self):
        """All networks draw them; only small ones of one or two inputs learn."""
        self.train("--save", "m")
        said = self.run_page(self.export(), """report([element("learn").hidden, element("graph-note").textContent,
            element("graph").getContext("2d").getImageData(0, 0, 1000, 420).data.some(v => v > 0)]);""")
        self.assertEqual(said, [True, "Inputs left, outputs right. A line is as wide as its weight and as strong as what it carries. "
                                "Of wide layers, 16 units are drawn.", True])

    def test_refused(self):
        self.train_table()
        for out, said in (("m.html", "--points is for models of 1 or 2 inputs and at most 64 outputs; this one has 4 and 3"), ("m.onnx", "--points is for pages")):
            self.assertIn(said, self.run_program("export", "m", "--out", out, "--points", "t.csv", code=USAGE).stderr)
        said = self.run_page(changed(self.make(*self.NETWORKS[0]), "annc.points", '{"x":[[1]],"y":[[1]]}'), 'report(element("fault").textContent);')
        self.assertEqual(said, "The model's annc.points is malformed.")


class Images(Browser):
    def train_images(self, images, labels, rows, columns, *options):
        self.put("train-images-idx3-ubyte", idx([len(images), rows, columns], bytes(v for image in images for v in image)))
        self.put("train-labels-idx1-ubyte", idx([len(labels)], bytes(labels)))
        self.run_program("train", "--data", "train-images-idx3-ubyte", *options, "--device", "cpu", "--save", "m")

    def train_digits(self):
        digits = [segment_digit(i % 10, i) for i in range(300)]
        self.train_images(digits, [i % 10 for i in range(300)], 28, 28, "--layers", "784-16-10", "--epochs", "20")
        return digits

    def test_a_hundred_images(self):
        if MNIST:
            images = gzip.open(pathlib.Path(MNIST) / "t10k-images-idx3-ubyte.gz").read()[:16 + 100 * 784]
            images = idx([100, 28, 28], images[16:])
            self.run_program("train", "--data", MNIST, "--epochs", "5", "--save", "m", "--device", "cpu")
        else:
            images, _ = bars(100)
            self.run_program("train", "--data", "bars", "--epochs", "30", "--save", "m", "--device", "cpu")
        lines = self.lines("predict", "m", self.put("hundred-images-idx3-ubyte", images))
        self.assertGreater(len({line["label"] for line in lines}), 8)
        said = self.run_page(self.export(), f"""
            const bytes = Uint8Array.from(atob("{base64.b64encode(images[16:]).decode()}"), c => c.charCodeAt(0)), look = preparation.look, said = [];
            for (let i = 0; i < 100; i++) {{
                const grey = bytes.subarray(784 * i, 784 * (i + 1));
                run(valuesOf({{rows: 28, columns: 28, grey}}, look));
                const winner = document.querySelector("#outputs .winner");
                said.push({{outputs: outputs(), winner: winner.firstChild.textContent, share: winner.lastChild.textContent,
                            answer: element("answer").firstChild.textContent}});
            }}
            report(said);""")
        self.assert_near([row["outputs"] for row in said], [line["probabilities"] for line in lines])
        for row, line in zip(said, lines):
            self.assertEqual((row["winner"], row["answer"]), (line["label"], line["label"]))
            self.assertAlmostEqual(float(row["share"].rstrip("%")), 100 * max(line["probabilities"]), delta=0.051)

    def normalised(self, pictures):
        """pictures: (PNG, rows, columns, RGBA bytes). What the page makes of the pixels, and predict of the files."""
        names = [self.put(f"{i}.png", picture[0]) for i, picture in enumerate(pictures)]
        fed = json.dumps([[rows, columns, base64.b64encode(bytes(pixels)).decode()] for _, rows, columns, pixels in pictures])
        said = self.run_page(self.export(), f"""
            report({fed}.map(([rows, columns, pixels]) => {{
                const rgba = Uint8Array.from(atob(pixels), c => c.charCodeAt(0));
                run(valuesOf(normalised(greyOf(rgba, rows, columns), preparation.look, []), preparation.look));
                return outputs();
            }}));""")
        self.assert_near(said, self.predicted(*names))
        return said

    @staticmethod
    def opaque(values, columns):
        """A grey picture as normalised() takes it."""
        return grey(values, columns), len(values) // columns, columns, [x for v in values for x in (v, v, v, 255)]

    def test_pictures_of_digits(self):
        """Ink on paper, light on dark, larger, smaller, off the middle, in colours, transparent: the page sees what predict sees."""
        digits, noise = self.train_digits(), random.Random(5)
        pictures = []
        for k in range(8):
            image = digits[k]
            photo = [190 + (i // 90) // 2 + noise.randint(-4, 4) for i in range(70 * 90)]
            small, large = [0] * (60 * 33), [0] * (84 * 84)
            for r in range(28):
                for c in range(28):
                    v = image[28 * r + c]
                    photo[90 * (r + 11 + k) + c + 40] -= photo[90 * (r + 11 + k) + c + 40] * v * 3 // 1020
                    small[33 * (2 + r) + c + 1] = v
                    for d in range(9):
                        large[84 * (3 * r + d // 3) + 3 * c + d % 3] = v
            pictures += [self.opaque(image, 28), self.opaque([255 - v for v in image], 28), self.opaque(photo, 90), self.opaque(small, 33),
                         self.opaque(large, 84), self.opaque([255 - v // 2 for v in image], 28),
                         self.opaque([255 - image[28 * r + c] for r in range(4, 24) for c in range(7, 21)], 14)]
            colours = [(255 - v, 255 - v // 2, 255 - v // 3) for v in image]
            pictures.append((png([colours[28 * r:28 * r + 28] for r in range(28)], RGB), 28, 28, [x for pixel in colours for x in (*pixel, 255)]))
            pictures.append((png([[(30, v) for v in image[28 * r:28 * r + 28]] for r in range(28)], GREY_ALPHA), 28, 28,
                             [x for v in image for x in (30, 30, 30, v)]))
            pictures.append((png([[(250, 240, 200, v) for v in image[28 * r:28 * r + 28]] for r in range(28)], RGBA), 28, 28,
                             [x for v in image for x in (250, 240, 200, v)]))
        said = self.normalised(pictures)
        self.assertGreater(len({row.index(max(row)) for row in said}), 4)

    def test_other_images(self):
        """Images that are not square, light ones, ones of no common background, of floats: each with pictures of other sizes."""
        def picture(i, rows, columns, ground, ink):
            top, left = 2 + i % 3, 2 + i % 4
            return [ink - 3 * (i % 9) if top <= r < top + rows // 3 and left <= c < left + 2 + 3 * (i % 2) else ground + (r * c) % 3 for r in range(rows)
                    for c in range(columns)]
        looks = {"dark, wide": (12, 20, lambda i: (0, 250)), "light, high": (24, 9, lambda i: (250, 40)), "mixed": (14, 11, lambda i: ((10, 230), (235, 35))[i % 4 > 1])}
        for name, (rows, columns, tones) in looks.items():
            with self.subTest(name):
                images = [picture(i, rows, columns, *tones(i)) for i in range(80)]
                self.train_images(images, [i % 2 for i in range(80)], rows, columns, "--layers", f"{rows * columns}-9:tanh-2", "--epochs", "10")
                self.assertEqual(json.loads(self.model_in(self.export())["metadata"]["annc.images"])[3], ("mixed", "dark", "light").index(name[:5].strip(", ")))
                others = [self.opaque(picture(i, r, c, *tone), c) for i, (r, c) in enumerate([(rows, columns), (30, 50), (50, 31), (9, 13), (rows, 100)])
                          for tone in ((5, 240), (240, 20))]
                self.normalised(others)

    def test_floats_as_images(self):
        rows = [[round(v / 255, 3) for v in segment_digit(i % 10, i)[280:364]] for i in range(60)]
        rows = [[row[28 * (j // 9) + j % 9 + 9] for j in range(27)] + [0] * 54 + [i % 2] for i, row in enumerate(rows)]
        self.train_table("--layers", "81-6:tanh-2", "--epochs", "3", "--label", "82", "--scale", "min-max", rows=rows, header=None)
        self.assertEqual(json.loads(self.model_in(self.export())["metadata"]["annc.images"])[:3], [9, 9, 1])
        self.normalised([self.opaque([0] * 50 + [200, 220, 240] * 4 + [0] * 38, 10), self.opaque([255] * 40 + [30, 20] * 6 + [255] * 29, 9)])

    def test_drawing(self):
        self.train_digits()
        said = self.run_page(self.export(), """
            const said = {empty: outputs(), idle: element("answer").textContent, tried: []};
            for (const points of [[[0.5, 0.1], [0.5, 0.9]], [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8], [0.2, 0.2]]]) {
                drag(points);
                said.tried.push({outputs: outputs(), ink: drawing.ink.reduce((n, v) => n + (v > 0), 0), seen: Array.from(element("image").getContext("2d")
                    .getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 === 0), cells: cells[0].list.map(cell => cell.style.backgroundColor + cell.title)});
            }
            window.dispatchEvent(new PointerEvent("pointermove", {pointerId: 7, clientX: 0, clientY: 0}));
            said.still = outputs();
            element("clear").click();
            said.cleared = outputs();
            drag([[-0.2, 0.5], [1.2, 0.5]]);
            said.across = outputs();
            element("pen-width").value = 3;
            element("clear").click();
            drag([[0.5, 0.1], [0.5, 0.9]]);
            said.thin = drawing.ink.reduce((n, v) => n + (v > 0), 0);
            report(said);""")
        first, second = said["tried"]
        self.assertIsNone(said["empty"])
        self.assertIn("Nothing drawn", said["idle"])
        self.assertNotEqual(first["outputs"], second["outputs"])
        self.assertNotEqual(first["cells"], second["cells"])
        self.assertGreater(second["ink"], 2 * first["ink"])
        self.assertEqual(said["still"], second["outputs"])  # a pointer that is up draws nothing
        self.assertIsNone(said["cleared"])
        self.assertIsNotNone(said["across"])  # the edge tells the background even where the pen went over it
        self.assertLess(said["thin"], first["ink"] / 2)
        for drawn in (first, second):
            self.assert_near([drawn["outputs"]], self.predicted(self.put("seen.png", grey(drawn["seen"]))))
        ink = [i for i, v in enumerate(first["seen"]) if v >= 128]
        self.assertEqual((min(ink) // 28, max(ink) // 28), (5, 24))  # 20 long, its middle, 9.5, moved by a whole 5 to 14

    def test_by_keyboard(self):
        self.train_digits()
        said = self.run_page(self.export(), """
            const said = {}, paper = element("paper");
            paper.focus();
            for (let i = 0; i < 5; i++)
                press(paper, "ArrowUp");
            said.before = outputs();
            press(paper, " ");
            for (let i = 0; i < 10; i++)
                press(paper, "ArrowDown");
            for (let i = 0; i < 4; i++)
                press(paper, "ArrowRight", {shiftKey: true});
            said.pen = [pen.x, pen.y, element("pen").hidden, element("pen").className];
            press(paper, " ");
            press(paper, "ArrowRight");
            said.keys = Array.from(drawing.ink);
            said.outputs = outputs();
            await new Promise(done => setTimeout(done, 900));
            said.live = element("live").textContent;
            press(paper, "c");
            said.cleared = outputs();
            drag([[0.5, 5 / 28 + 0.5 - 10 / 28], [0.5, 0.5 + 5 / 28], [0.5 + 1 / 28, 0.5 + 5 / 28]]);
            said.pointer = Array.from(drawing.ink);
            const at = cells[0].list[0];
            at.focus();
            press(at, "ArrowRight");
            press(document.activeElement, "ArrowRight");
            press(document.activeElement, "ArrowLeft");
            said.chosen = [chosen.layer, chosen.unit, element("unit-title").textContent, element("weights-frame").hidden];
            document.querySelectorAll("#outputs button")[3].focus();
            said.output = [chosen.layer, chosen.unit, element("incoming").querySelectorAll(".row").length];
            const open = Array.from(document.querySelectorAll("button, input, canvas[tabindex]")).filter(e => e.offsetParent && e.tabIndex >= 0);
            said.stops = open.length;
            said.nameless = open.filter(e => !(e.textContent.trim() || e.ariaLabel || (e.labels && e.labels.length))).length;
            report(said);""")
        self.assertIsNone(said["before"])
        self.assertEqual(said["pen"], [150, 190, False, "down"])
        self.assertLess(max(abs(a - b) for a, b in zip(said["keys"], said["pointer"])), 2)
        self.assertGreater(sum(v == 255 for v in said["keys"]), 1000)
        self.assertRegex(said["live"], r"^\d \d+\.\d%$")
        self.assertEqual(said["live"].split()[0], str(said["outputs"].index(max(said["outputs"]))))
        self.assertIsNone(said["cleared"])
        self.assertEqual(said["chosen"], [0, 1, "Weights into unit 2 of layer 1", False])
        self.assertEqual(said["output"], [1, 3, 16])
        self.assertEqual(said["stops"], 1 + 3 + 1 + 10)  # the drawing; two buttons and the pen's width; one of the cells; the outputs
        self.assertEqual(said["nameless"], 0)

    def test_a_loaded_picture(self):
        digits = self.train_digits()
        self.put("mine.png", grey([255 - v for v in digits[4]]))
        content = base64.b64encode((self.folder / "mine.png").read_bytes()).decode()
        said = self.run_page(self.export(), f"""
            const bytes = Uint8Array.from(atob("{content}"), c => c.charCodeAt(0)), said = {{}};
            const give = content => {{
                const list = new DataTransfer();
                list.items.add(new File([content], "<b>mine</b>.png"));
                element("file").files = list.files;
                element("file").dispatchEvent(new Event("change"));
                const before = element("notes").textContent;
                return until(() => element("notes").textContent !== before);
            }};
            await give(bytes);
            said.outputs = outputs();
            said.notes = element("notes").textContent;
            await give(bytes.subarray(0, 40));
            said.damaged = element("notes").textContent;
            drag([[0.5, 0.1], [0.5, 0.9]]);
            said.drawn = [loaded, outputs()];
            report(said);""")
        self.assert_near([said["outputs"]], self.predicted("mine.png"))
        self.assertIn("<b>mine</b>.png, 28 × 28", said["notes"])
        self.assertIn("inverted", said["notes"])
        self.assertIn("cannot be read", said["damaged"])
        self.assertIsNone(said["drawn"][0])
        self.assertNotEqual(said["drawn"][1], said["outputs"])

    def test_pointing_at_a_unit(self):
        """Its weights in orange and blue, painted as the image lies."""
        self.train("--save", "m")
        said = self.run_page(self.export(), """
            cells[0].list[5].dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
            report({pixels: Array.from(element("weights").getContext("2d").getImageData(0, 0, 28, 28).data), marked: document.querySelectorAll(".cell.chosen").length,
                    W: Array.from(network[0].W.subarray(5 * 784, 6 * 784))});""")
        self.assertEqual(said["marked"], 1)
        most = max(map(abs, said["W"]))
        for i, w in enumerate(said["W"]):
            red, _, blue, _ = said["pixels"][4 * i:4 * i + 4]
            if abs(w) > most / 5:
                self.assertEqual(red > blue, w < 0, (i, w, red, blue))

    def test_fits_a_phone(self):
        self.train_digits()
        page = self.export()
        self.put("inner.html", page.encode())
        for width in (390, 700, 1200):
            self.put("frame.html", b"")
            said = self.run_page(f'<iframe id="frame" style="width: {width}px; height: 900px; border: 0"></iframe>', f"""
                const frame = document.getElementById("frame");
                frame.srcdoc = {json.dumps(page).replace("<", chr(92) + "u003c")};
                await new Promise(done => {{ frame.onload = done; }});
                const root = frame.contentDocument.documentElement;
                report([root.scrollWidth, root.clientWidth]);""")
            self.assertEqual(said, [width, width] if said[1] == width else [said[1], said[1]])
            self.assertGreater(said[1], width - 20)


class OfTables(Browser):
    def test_every_activation(self):
        """Hidden and at the output, one after another in one page."""
        table = FUNCTIONS.read_text().split("#define ANNC_ACTIVATIONS")[1].split("#define")[0]
        names = re.findall(r'ENTRY\(\w+,\s+"([a-z-]+)"', table)
        self.assertGreaterEqual(len(names), 12)
        models, want = [], []
        for name in names:
            own = {"softmax": "categorical-cross-entropy", "exp": "poisson"}.get(name)  # of the output layer only
            output = [f"3:{name}", *(["--cost", own] if own else [])]
            hidden = "tanh" if own else name
            self.train_table("--layers", f"4-6:{hidden}-{output[0]}", *output[1:], "--lr", "0.02", "--epochs", "2", "--init", "normal")
            models.append(self.model_in(self.export()))
            want.append([line["probabilities"] for line in self.lines("predict", "m", "t.csv")])
            self.assertGreater(max(map(max, want[-1])) - min(map(min, want[-1])), 0.01, name)
        rows = [[float(cell) for cell in row[:4]] for row in blobs(150)]
        said = self.run_page(self.export(), f"""
            report({json.dumps(models)}.map(other => {{
                Object.assign(model, other);
                network.splice(0, network.length, ...readNetwork());
                readPreparation();
                return {json.dumps(rows)}.map(row => Array.from(forward(scaled(row))[1].a));
            }}));""")
        for name, got, expected in zip(names, said, want):
            with self.subTest(name):
                self.assert_near(got, expected)

    def test_normal_distribution(self):
        """erfc is the page's own."""
        import math
        self.train_table()
        points = [x / 50 for x in range(-450, 451)]
        said = self.run_page(self.export(), f"report({points}.map(NORMAL_BELOW));")
        for x, got in zip(points, said):
            want = math.erfc(-x / math.sqrt(2)) / 2
            self.assertLessEqual(abs(got - want), 1e-7 * want + 1e-300, x)

    def test_a_table_of_classes(self):
        self.train_table()
        rows = [[float(cell) for cell in row[:4]] for row in blobs(150)][:100]
        lines = self.lines("predict", "m", "t.csv")[:100]
        said = self.run_page(self.export(), f"""
            const said = {{ranges: features.map(f => [Number(f.slider.min), Number(f.slider.max), Number(f.slider.step), f.values[0]]), rows: []}};
            said.names = Array.from(document.querySelectorAll(".feature label")).map(label => label.textContent);
            const set = (input, value) => {{ input.value = value; input.dispatchEvent(new Event("input")); }};
            for (const row of {json.dumps(rows)}) {{
                row.forEach((value, j) => set(features[j].number, value));
                said.rows.push({{outputs: outputs(), answer: element("answer").firstChild.textContent}});
            }}
            set(features[0].slider, features[0].slider.max);
            said.slid = [features[0].number.value, features[0].values[0], outputs()];
            set(features[0].number, 1000);
            said.beyond = [features[0].values[0], outputs()];
            element("reset").click();
            said.reset = features.map(f => f.values[0]);
            said.cut = Array.from(document.querySelectorAll(".row span:first-child")).filter(name => name.scrollWidth > name.clientWidth).length;
            report(said);""")
        self.assertEqual(said["names"], COLUMNS[:4])
        self.assertEqual(said["cut"], 0)
        self.assert_near([row["outputs"] for row in said["rows"]], [line["probabilities"] for line in lines])
        self.assertEqual([row["answer"] for row in said["rows"]], [line["label"] for line in lines])
        for j, (low, high, step, begin) in enumerate(said["ranges"]):
            column = [float(row[j]) for row in blobs(150)]
            mean = sum(column) / 150
            deviation = (sum((x - mean) ** 2 for x in column) / 150) ** 0.5
            self.assertLess(abs(low - (mean - 3 * deviation)), 1.01 * step)
            self.assertLess(abs(high - (mean + 3 * deviation)), 1.01 * step)
            self.assertLess(abs(begin - mean), step)
            self.assertTrue(50 <= (high - low) / step <= 130)
        self.assertEqual(float(said["slid"][0]), said["slid"][1])
        self.assertEqual(said["slid"][1], said["ranges"][0][1])
        self.assertEqual(said["beyond"][0], 1000)
        self.assertNotEqual(said["beyond"][1], said["slid"][2])
        self.assertEqual(said["reset"], [r[3] for r in said["ranges"]])

    def test_columns_of_dates(self):
        """A column of dates is a field for date and time, and a slider; both give predict's numbers."""
        rows = [[f"202{i % 3}-0{i % 9 + 1}-1{i % 10}T{i % 24:02}:30", str(i % 7), ("no", "yes")[(i % 3 + i % 7) // 4 % 2]] for i in range(90)]
        self.train_table("--hidden", "5", "--epochs", "5", "--lr", "0.05", rows=rows, header=["when <b>", "size", "label"])
        want = [line["probabilities"] for line in self.lines("predict", "m", "t.csv")]
        page = self.export()
        said = self.run_page(page, f"""
            const [when, size] = features.map(feature => feature.number);
            const said = {{type: when.type, label: document.querySelector(".feature label").textContent, begin: [when.value.slice(0, 10), outputs()], rows: [],
                           learns: !element("learn").hidden}};
            for (const [date, number] of {json.dumps([row[:2] for row in rows])}) {{
                when.value = date;
                when.dispatchEvent(new Event("input"));
                size.value = number;
                size.dispatchEvent(new Event("input"));
                said.rows.push(outputs());
            }}
            features[0].slider.value = "18628";
            features[0].slider.dispatchEvent(new Event("input"));
            said.slid = when.value.slice(0, 10);
            when.value = "";
            when.dispatchEvent(new Event("input"));
            element("reset").click();
            said.reset = [when.value.slice(0, 10), outputs()];
            report(said);""")
        self.assertEqual((said["type"], said["label"], said["learns"]), ("datetime-local", "when <b>", False))
        self.assert_near(said["rows"], want)
        self.assertRegex(said["slid"], "2020-12-|2021-01-")
        self.assertEqual(said["reset"], said["begin"])
        for value in ("[2]", "[-1]", "[0.5]", "{}"):
            said = self.run_page(changed(page, "annc.dates", value), """report([element("fault").hidden, element("fault").textContent]);""")
            self.assertEqual((said[0], "annc.dates is malformed" in said[1]), (False, True), value)

    def test_columns_of_words(self):
        """A column of words is a menu of its levels, whatever their names; each choice gives predict's numbers."""
        levels = sorted([*HOSTILE[:3], "red", "blue"])
        rows = [[levels[i % 5] if i % 6 else "", str(i % 7), ("no", "yes")[(i % 5 + i % 7) // 4 % 2]] for i in range(90)]
        rows += [["once", "3", "no"], ["also once", "4", "yes"]]
        quoted = [['"' + row[0].replace('"', '""') + '"', *row[1:]] for row in rows]
        self.train_table("--hidden", "5", "--epochs", "5", "--lr", "0.05", rows=quoted, header=["c", "size", "label"])
        want = [line["probabilities"] for line in self.lines("predict", "m", "t.csv")]
        shown = json.dumps([row[:2] for row in rows]).replace("<", "\\u003c")
        said = self.run_page(self.export(), f"""
            const menu = document.querySelector(".feature select"), choices = Array.from(menu.options).map(option => option.textContent);
            const names = {{"": "(missing)", "once": "(other)", "also once": "(other)"}};
            const said = {{choices, made: document.querySelectorAll("img, b").length, rows: [], begin: outputs()}};
            for (const [level, size] of {shown}) {{
                menu.selectedIndex = choices.indexOf(level in names ? names[level] : level);
                menu.dispatchEvent(new Event("change"));
                features[1].number.value = size;
                features[1].number.dispatchEvent(new Event("input"));
                said.rows.push(outputs());
            }}
            element("reset").click();
            said.reset = [menu.selectedIndex, outputs()];
            report(said);""")
        self.assertEqual(said["choices"], sorted(levels, key=str.encode) + ["(other)", "(missing)"])
        self.assertEqual(said["made"], 0)
        self.assert_near(said["rows"], want)
        self.assertEqual(said["reset"], [0, said["begin"]])

    def test_two_classes_of_one_output(self):
        rows = [row[:4] + [("no", "yes")[i % 3 == 1]] for i, row in enumerate(blobs(150))]
        for options in (["--layers", "4-5:tanh-1", "--cost", "cross-entropy"], ["--layers", "4-5:tanh-1:identity", "--cost", "hinge"]):
            self.train_table(*options, "--epochs", "20", "--lr", "0.1", "--batch", "10", rows=rows)
            lines = self.lines("predict", "m", "t.csv")[:30]
            said = self.run_page(self.export(), f"""
                report({json.dumps([[float(x) for x in row[:4]] for row in rows[:30]])}.map(row => {{
                    run(row);
                    return [outputs()[0], element("answer").firstChild.textContent, document.querySelectorAll("#outputs .row").length];
                }}));""")
            self.assert_near([[row[0]] for row in said], [line["probabilities"][-1:] for line in lines])
            self.assertEqual([row[1] for row in said], [line["label"] for line in lines])
            self.assertEqual({line["label"] for line in lines}, {"no", "yes"})
            self.assertEqual({row[2] for row in said}, {1 if "hinge" in options else 2})

    def test_a_regression(self):
        """Two targets, in the units of the file; inputs to their range; a feature that is constant."""
        rows = [[i / 10, i % 7, 5, 3000 + 250 * (i % 7), 0.001 * i] for i in range(100)]
        self.train_table("--layers", "3-6:tanh-2:identity", "--target", "price,small", "--scale", "min-max", "--epochs", "30", "--optimizer", "adam", "--lr", "0.01",
                         rows=rows, header=["a", "b", "c", "price", "small"])
        want = self.predicted("t.csv")
        said = self.run_page(self.export(), f"""
            report({{rows: {json.dumps([row[:3] for row in rows])}.map(row => {{ run(row); return outputs().map(unscaled); }}),
                names: rows.map(row => row.element.firstChild.textContent), shown: rows.map(row => row.text.textContent), answer: element("answer").hidden,
                ranges: features.map(f => [Number(f.slider.min), Number(f.slider.max)])}});""")
        self.assert_near(said["rows"], want)
        self.assertEqual(said["names"], ["price", "small"])
        for shown, value in zip(said["shown"], want[-1]):
            self.assertAlmostEqual(float(shown.replace("−", "-")) / value, 1, 4)
        self.assertTrue(said["answer"])
        self.assertEqual(said["ranges"][:2], [[0, 9.9], [0, 6]])

    def test_large_targets_of_small_differences(self):
        """A target around a billion is shown to the digits by which its rows differ, as are inputs of that size."""
        rows = [[2**30 + i / 16, 2**30 - i / 8] for i in range(100)]
        self.train_table("--layers", "1-6:tanh-1:identity", "--target", "y", "--epochs", "60", "--optimizer", "adam", "--lr", "0.02", rows=rows, header=["x", "y"])
        want = self.predicted("t.csv")
        said = self.run_page(self.export(), f"""report({json.dumps([row[:1] for row in rows])}.map(row => {{ run(row); showOutputs(outputs()); return [unscaled(outputs()[0], 0), rows[0].text.textContent]; }}));""")
        for (value, shown), (predicted,) in zip(said, want):
            self.assertAlmostEqual(value, predicted, delta=1e-4)
            self.assertAlmostEqual(float(shown), predicted, delta=1e-2)

    def test_many_features(self):
        rows = [[(i * j) % 13 - 6.5 for j in range(70)] + [i % 2] for i in range(60)]
        self.train_table("--layers", "70-2", "--epochs", "1", "--label", "71", rows=rows, header=[f"f{j}" for j in range(70)] + ["kind"])
        said = self.run_page(self.export(), """report([features.length, document.querySelectorAll("#features input[type=range]").length,
            document.querySelectorAll("#incoming .row").length, element("inside").hidden]);""")
        self.assertEqual(said, [70, 0, 24, True])

    def test_hostile_texts(self):
        self.train_table("--layers", "4-3:softmax", "--cost", "categorical-cross-entropy", "--epochs", "1", "--lr", "0.1")
        own = (self.folder / "m").read_bytes()
        self.put("m", edited(own, {"annc.classes": json.dumps(HOSTILE[:3]), "annc.inputs": json.dumps(HOSTILE[2:])}))
        said = self.run_page(self.export(), """report({classes: Array.from(document.querySelectorAll("#outputs .row")).map(row => row.firstChild.textContent),
            inputs: Array.from(document.querySelectorAll(".feature label")).map(label => label.textContent), made: document.querySelectorAll("img, b").length});""")
        self.assertEqual(said, {"classes": HOSTILE[:3], "inputs": HOSTILE[2:], "made": 0})
        self.put("m", own)
        page = self.export()
        for key, value in {"annc.classes": "[1", "annc.images": "[2,2]", "annc.input_shift": '["0x1p+0"]', "annc.input_factor": '["x","x","x","x"]',
                           "annc.target_shift": '["</p>"]', "annc.inputs": "{}"}.items():
            self.put("m", edited(own, {key: value}))
            self.assertIn(key, self.run_program("export", "m", "--format", "html", "--out", "m.html", code=INPUT).stderr)
            said = self.run_page(changed(page, key, value), """report([element("fault").hidden, element("fault").textContent, element("result").hidden]);""")
            self.assertEqual((said[0], said[2]), (False, True))
            self.assertIn(f"{key} is malformed", said[1])

    def test_a_model_that_says_nothing(self):
        """Of other programs: the page assumes what predict assumes."""
        self.run_program("train", "--data", "bars", "--layers", "784-6-10", "--epochs", "3", "--batch", "20", "--save", "m", "--device", "cpu")
        nothing = {key: None for key in ("annc.classes", "annc.scale", "annc.images")}
        self.put("m", edited((self.folder / "m").read_bytes(), nothing))
        drawn = [0] * 784
        for i in range(6, 20):
            drawn[28 * i + 9:28 * i + 12] = [255, 200, 90]
        said = self.run_page(self.export(), f"""
            run(valuesOf(normalised({{rows: 28, columns: 28, grey: Uint8Array.from({drawn})}}, preparation.look, []), preparation.look));
            report(outputs());""")
        self.assert_near([said], self.predicted(self.put("drawn.png", grey(drawn))))


if __name__ == "__main__":
    main()
