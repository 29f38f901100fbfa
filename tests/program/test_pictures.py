#!/usr/bin/env python3
"""Pictures: what predict makes of people's own, and what show draws. Called as program.py says. With ANNC_TEST_MNIST, a folder, the digits are
MNIST's; otherwise digits of seven segments."""
import gzip
import json
import os
import pathlib
import re
import struct
import unittest
import xml.dom.minidom
import zlib

try:
    import numpy
except ImportError:
    numpy = None

from pictures import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, grey, large, png, segment_digit
from program import INPUT, PROGRAM, USAGE, Cli, bars, idx, main

MNIST = os.environ.get("ANNC_TEST_MNIST")
COUNT = 100


def digits(count, first=0):
    return [segment_digit(i % 10, i) for i in range(first, first + count)]


class Pictures(Cli):
    """self.images: pictures that the model "m" knows; self.said: what it says of them from IDX."""

    trained = None  # the bytes of "m", trained once

    def setUp(self):
        super().setUp()
        if "libpng none" in self.run_program("--version").stdout:
            self.skipTest("this build has no libpng")
        if MNIST:
            images = gzip.open(pathlib.Path(MNIST) / "t10k-images-idx3-ubyte.gz").read()[16:16 + COUNT * 784]
            self.images = [list(images[i * 784:(i + 1) * 784]) for i in range(COUNT)]
        else:
            self.images = digits(COUNT, 600)
        if not Pictures.trained:
            Pictures.trained = self.train_model()
        self.put("m", Pictures.trained)
        self.put("d-images-idx3-ubyte", idx([COUNT, 28, 28], bytes(v for image in self.images for v in image)))
        self.said = self.lines("predict", "m", "d-images-idx3-ubyte")
        self.assertGreater(len({line["label"] for line in self.said}), 8)

    def train_model(self):
        if not MNIST:
            (self.folder / "segments").mkdir()
            self.put("segments/train-images-idx3-ubyte", idx([600, 28, 28], bytes(v for image in digits(600) for v in image)))
            self.put("segments/train-labels-idx1-ubyte", idx([600], bytes(i % 10 for i in range(600))))
        self.run_program("train", "--data", MNIST or "segments/train-images-idx3-ubyte", "--epochs", "10" if MNIST else "60", "--device", "cpu",
                         "--save", "m")
        return (self.folder / "m").read_bytes()

    def put(self, name, content):
        (self.folder / name).write_bytes(content)
        return name

    def predict(self, *names, **more):
        return self.lines("predict", "m", *names, **more)

    def assert_same(self, lines, said=None):
        for line, expected in zip(lines, said or self.said, strict=True):
            self.assertEqual(line["label"], expected["label"])
            for p, q in zip(line["probabilities"], expected["probabilities"], strict=True):
                self.assertLess(abs(p - q), 1e-6)

    def agreement(self, lines):
        return sum(line["label"] == expected["label"] for line, expected in zip(lines, self.said))

    # R35
    def test_black_on_white(self):
        self.assert_same(self.predict(*(self.put(f"{i}.png", grey(image)) for i, image in enumerate(self.images))))
        names = [self.put(f"{i}.png", grey([255 - v for v in image])) for i, image in enumerate(self.images)]
        self.assert_same(self.predict(*names))
        rows = "".join(",".join(map(str, image)) + "\n" for image in self.images)
        self.assert_same(self.predict(self.put("d.csv", rows.encode())))
        result = self.run_program("predict", "m", "0.png", "--show-input")
        self.assertIn("inverted", result.stderr)
        drawn = [line for line in result.stderr.splitlines() if re.fullmatch(r"[ .:=+*#%@-]{28}", line)]
        self.assertEqual(len(drawn), 14)
        self.assertGreater("".join(drawn).count(" "), 200)  # light on dark, of 392 characters
        self.assertTrue(any(c in "#%@" for line in drawn for c in line))

    # R37
    def test_every_encoding(self):
        order = [(v * 91 + 17) % 256 for v in range(256)]  # brightness to number in the palette
        palette = bytearray(768)
        for v, number in enumerate(order):
            palette[3 * number:3 * number + 3] = bytes([v, v, v])
        encodings = {"16 bit": lambda v: ((257 * v,), GREY, 16, b""), "rgb": lambda v: ((v, v, v), RGB, 8, b""),
                     "rgb 16": lambda v: ((257 * v,) * 3, RGB, 16, b""), "palette": lambda v: ((order[v],), PALETTE, 8, bytes(palette)),
                     "grey": lambda v: ((v,), GREY, 8, b"")}
        for name, encode in encodings.items():
            for interlaced in (False, True):
                with self.subTest(name, interlaced=interlaced):
                    names = []
                    for i, image in enumerate(self.images[:20]):
                        pixels = [[encode(v)[0] for v in image[r * 28:(r + 1) * 28]] for r in range(28)]
                        _, kind, depth, colours = encode(0)
                        names.append(self.put(f"{i}.png", png(pixels, kind, depth, interlaced, colours)))
                    self.assert_same(self.predict(*names), self.said[:20])

    def test_colours(self):
        """Red, green and blue ink weigh as ITU-R BT.601 has it."""
        weights = (299, 587, 114)
        for c, weight in enumerate(weights):
            shades = [self.put(f"{i}.png", grey([(weight * v + 500) // 1000 for v in image])) for i, image in enumerate(self.images[:20])]
            said = self.predict(*shades)
            colours = [[[tuple(v if k == c else 0 for k in range(3)) for v in image[r * 28:(r + 1) * 28]] for r in range(28)] for image in self.images[:20]]
            self.assert_same(self.predict(*(self.put(f"{i}.png", png(pixels, RGB)) for i, pixels in enumerate(colours))), said)

    def test_one_bit(self):
        names = [self.put(f"{i}.png", grey([int(v > 127) for v in image], depth=1)) for i, image in enumerate(self.images)]
        self.assertGreaterEqual(self.agreement(self.predict(*names)), 85)

    def test_transparency(self):
        image = self.images[0]
        rows = [image[r * 28:(r + 1) * 28] for r in range(28)]
        black_ink = [[(0, v) for v in row] for row in rows]  # as drawn on a transparent page
        white_ink = [[(255, 255, 255, v) for v in row] for row in rows]
        one_colour = [[(255 if v else 7,) for v in row] for row in rows]
        self.assert_same(self.predict(self.put("a.png", png(black_ink, GREY_ALPHA)), self.put("b.png", png(white_ink, RGBA))), [self.said[0]] * 2)
        self.assertEqual(self.predict(self.put("c.png", png(one_colour, GREY, 8, transparency=b"\0\7")))[0]["label"],
                         self.predict(self.put("d.png", grey([255 if v else 0 for v in image])))[0]["label"])

    # R38
    @unittest.skipUnless(numpy, "numpy is not installed")
    def test_photos(self):
        noise, paper = numpy.random.default_rng(1), numpy.tile(numpy.linspace(170, 215, 1512), (1512, 1))
        at = (numpy.arange(1120) + 0.5) / 40 - 0.5  # bilinear
        low, share = numpy.clip(numpy.floor(at).astype(int), 0, 27), at - numpy.floor(at)
        high = numpy.clip(low + (at >= 0), 0, 27)
        names = []
        for i, image in enumerate(self.images):
            d = numpy.array(image, float).reshape(28, 28) / 255
            wide = d[:, low] * (1 - share) + d[:, high] * share
            ink = numpy.zeros((1512, 1512))
            ink[196:1316, 196:1316] = wide[low] * (1 - share[:, None]) + wide[high] * share[:, None]
            photo = (paper + noise.integers(-6, 7, paper.shape)) * (1 - ink) + 40 * ink
            raw = numpy.hstack([numpy.zeros((1512, 1), numpy.uint8), photo.astype(numpy.uint8)]).tobytes()
            names.append(self.put(f"{i}.png", large(1512, 1512, 8, lambda row: raw[row * 1513 + 1:(row + 1) * 1513])))
        self.assertGreaterEqual(self.agreement(self.predict(*names)), 85)

    def test_small_and_off_the_middle(self):
        """The same digit anywhere in a larger picture, at half the size, or twice the size."""
        image = self.images[3]
        moved = [0] * (60 * 90)
        double = [0] * (56 * 56)
        for r in range(28):
            moved[(r + 3) * 90 + 50:(r + 3) * 90 + 78] = image[r * 28:(r + 1) * 28]
            for c in range(28):
                for at in (0, 1, 56, 57):
                    double[2 * r * 56 + 2 * c + at] = image[r * 28 + c]
        self.assert_same(self.predict(self.put("a.png", grey(moved, 90))), [self.said[3]])
        self.assertEqual(self.predict(self.put("b.png", grey(double, 56)))[0]["label"], self.said[3]["label"])

    # R40
    def test_large(self):
        self.put("huge.png", large(30000, 30000, 1, lambda row: b"\xff" * 3750))
        self.assertIn("30000 x 30000", self.run_program("predict", "m", "huge.png", code=INPUT).stderr)
        self.assertIn("is blank", self.run_program("predict", "m", self.put("white.png", grey([255] * 784)), code=INPUT).stderr)
        image = self.images[3]
        lines = {r: b"\xff" * 2000 + b"".join(bytes([255 - v]) * 180 for v in image[r * 28:(r + 1) * 28]) + b"\xff" * 1960 for r in range(28)}
        self.put("large.png", large(9000, 9000, 8, lambda row: lines.get((row - 2000) // 180, b"\xff" * 9000)))
        with open(self.folder / "out", "w") as out:
            process = os.fork()
            if process == 0:
                os.chdir(self.folder)
                os.dup2(out.fileno(), 1)
                os.execve(PROGRAM, [str(PROGRAM), "predict", "m", "large.png", "--json", "--quiet"], self.environment)
            _, state, usage = os.wait4(process, 0)
        self.assertEqual(state, 0)
        self.assertIn(f'"label":"{self.said[3]["label"]}"', (self.folder / "out").read_text().replace(" ", ""))
        if not self.environment["ASAN_OPTIONS"]:
            self.assertLess(usage.ru_maxrss, 300 * 1024)

    def test_damaged(self):
        whole = grey(self.images[0])
        for length in range(1, len(whole) - 12, 7):  # without its last, empty chunk it is still whole
            result = self.run_program("predict", "m", self.put("cut.png", whole[:length]), code=INPUT)
            self.assertIn("cut.png", result.stderr)
        flipped = bytearray(whole)
        flipped[60] ^= 4
        self.assertIn("damaged", self.run_program("predict", "m", self.put("flip.png", bytes(flipped)), code=INPUT).stderr)
        self.assertIn("predict", self.run_program("train", "--data", self.put("a.png", whole), code=INPUT).stderr)

    def train_on(self, name, images, *more):
        self.put(f"{name}-train-images-idx3-ubyte", idx([len(images), 28, 28], bytes(v for image in images for v in image)))
        self.put(f"{name}-train-labels-idx1-ubyte", idx([len(images)], bytes(i % 10 for i in range(len(images)))))
        return self.run_program("train", "--data", f"{name}-train-images-idx3-ubyte", "--epochs", "1", "--device", "cpu", "--save", name, *more)

    def test_dark_on_light(self):
        """A model of dark digits on light paper: pictures become like those, whichever way they come."""
        drawn = digits(200)
        self.train_on("dark", [[255 - v for v in image] for image in drawn])
        light, dark = (self.put(name, grey(image)) for name, image in (("light.png", drawn[3]), ("dark.png", [255 - v for v in drawn[3]])))
        said = self.run_program("predict", "dark", light)
        self.assertIn("the picture is light on dark and was inverted", said.stderr)
        self.assertNotIn("inverted", self.run_program("predict", "dark", dark).stderr)
        first, second = (self.lines("predict", "dark", name)[0]["probabilities"] for name in (light, dark))
        self.assert_same([{"label": 0, "probabilities": first}], [{"label": 0, "probabilities": second}])

    def test_of_either_kind(self):
        """Where half of the training images are light and half are dark, a picture stays as it is."""
        drawn = digits(200)
        self.train_on("mixed", [[255 - v for v in image] if i % 2 else image for i, image in enumerate(drawn)])
        for image in (drawn[3], [255 - v for v in drawn[3]]):
            self.assertNotIn("inverted", self.run_program("predict", "mixed", self.put("p.png", grey(image))).stderr)

    def test_folder_of_pictures(self):
        """Its pictures, by name, stand for it; several pictures have their names before them."""
        (self.folder / "mine").mkdir()
        for i in (2, 1, 0):
            self.put(f"mine/{i}.PNG", grey(self.images[i]))
        self.put("mine/notes.txt", b"no picture")
        self.assert_same(self.predict("mine"), self.said[:3])
        self.assertEqual([line["input"] for line in self.predict("mine/")], [f"mine/{i}.PNG" for i in range(3)])
        several = self.run_program("predict", "m", "mine").stdout.splitlines()
        for i, line in enumerate(several):
            self.assertEqual(line, f"mine/{i}.PNG: " + self.run_program("predict", "m", f"mine/{i}.PNG").stdout.strip())
        self.assertEqual(len(several), 3)
        (self.folder / "empty").mkdir()
        self.assertIn("empty: has no test images", self.run_program("predict", "m", "empty", code=INPUT).stderr)

    def test_no_picture_for_it(self):
        self.put("t.csv", b"1,2,a\n3,4,b\n" * 20)
        self.run_program("train", "--data", "t.csv", "--layers", "2-2", "--epochs", "1", "--save", "t", "--device", "cpu")
        self.assertIn("the model's inputs are not images", self.run_program("predict", "t", self.put("p.png", grey(self.images[0])), code=INPUT).stderr)
        faint = [200 + (v > 127) * 10 for v in self.images[0]]
        self.assertIn("faint.png", self.run_program("predict", "m", self.put("faint.png", grey(faint)), code=INPUT).stderr)

    def test_grey_paper(self):
        """Paper that is not quite black is taken off, and what ink is left is as bright as it was; where paper and ink are all but alike, there is
        nothing to see."""
        image = self.images[3]
        said = self.predict(self.put("a.png", grey([40 + v * 160 // 255 for v in image])))[0]
        self.assertEqual(said["label"], self.said[3]["label"])
        for p, q in zip(said["probabilities"], self.said[3]["probabilities"], strict=True):
            self.assertLess(abs(p - q), 0.05)
        edge = [235 if i % 2 else 250 for i in range(784)]
        self.assertIn("is blank", self.run_program("predict", "m", self.put("edge.png", grey(edge)), code=INPUT).stderr)

    def image(self, ink):
        """What the model says of an image, 28 x 28, with this ink: {(row, column): brightness}."""
        return self.predict(self.put("i-images-idx3-ubyte", idx([1, 28, 28], bytes(ink.get((i // 28, i % 28), 0) for i in range(784)))))[0]

    def picture(self, ink, side):
        return self.predict(self.put("p.png", grey([ink.get((i // side, i % side), 0) for i in range(side * side)], side)))[0]

    def test_odd_ink(self):
        """Lines thinner than a pixel of the image keep one; what is heavy on one side stays inside; specks that come to nothing are an empty image."""
        across, down = ({(50, 10 + i) if lies else (10 + i, 50): 255 for i in range(100)} for lies in (True, False))
        self.assert_same([self.picture(across, 120)], [self.image({(14, 5 + i): 255 for i in range(20)})])
        self.assert_same([self.picture(down, 120)], [self.image({(5 + i, 14): 255 for i in range(20)})])
        heavy = {(0, 0): 255, **{(r, c): 200 for r in range(17, 20) for c in range(17, 20)}}
        self.assert_same([self.picture({(9 + r, 11 + c): v for (r, c), v in heavy.items()}, 40)], [self.image(heavy)])
        turned = {(19 - r, 19 - c): v for (r, c), v in heavy.items()}
        self.assert_same([self.picture({(9 + r, 11 + c): v for (r, c), v in turned.items()}, 40)],
                         [self.image({(8 + r, 8 + c): v for (r, c), v in turned.items()})])
        self.assert_same([self.picture({(20, 20): 255, (1980, 1980): 255}, 2000)], [self.image({})])

    def test_in_gzip(self):
        if self.has_zlib():
            self.put("p.png", grey(self.images[0]))
            self.put("q.png", gzip.compress((self.folder / "p.png").read_bytes()))
            self.assert_same(self.predict("q.png"), self.predict("p.png"))

    def test_tables_of_brightness(self):
        """Images as rows of numbers from 0 to 1, of a square that is not 28 wide: a picture becomes one of those."""
        rows = "".join(",".join(f"{v / 255:.3f}" for i, v in enumerate(image) if i % 28 < 20 and i < 560) + f",{n % 10}\n" for n, image in enumerate(digits(100)))
        self.put("t.csv", rows.encode())
        self.run_program("train", "--data", "t.csv", "--label", "401", "--header", "no", "--layers", "400-10", "--epochs", "1", "--scale", "none", "--save", "t", "--device", "cpu")
        self.assertEqual(len(self.lines("predict", "t", self.put("p.png", grey(self.images[0])))[0]["probabilities"]), 10)
        narrow = [[200 + r if 0 < r < 19 and 2 < c < 7 else 0 for c in range(10)] for r in range(20)]
        wide = [[0] * 5 + row + [0] * 5 for row in narrow]  # as high, it stays as it is, in the middle
        said = [self.lines("predict", "t", self.put("p.png", grey(sum(rows, []), len(rows[0]))))[0] for rows in (narrow, wide)]
        self.assertEqual(said[0]["probabilities"], said[1]["probabilities"])

    # R08
    def test_lying_on_its_side(self):
        images, labels = bars(200)
        turned = b"".join(bytes(images[16 + i * 784 + c * 28 + r] for r in range(28) for c in range(28)) for i in range(200))
        folder = self.folder / "emnist"
        folder.mkdir()
        for kind in ("train", "test"):
            (folder / f"emnist-digits-{kind}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx([200, 28, 28], turned)))
            (folder / f"emnist-digits-{kind}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
        names = [self.put(f"{i}.png", grey(list(images[16 + i * 784:16 + (i + 1) * 784]))) for i in range(100)]
        train = ("train", "--data", "emnist", "--epochs", "60", "--device", "cpu", "--save", "e")
        self.assertIn("--transpose", self.run_program(*train).stderr)
        sideways = self.lines("predict", "e", *names)
        self.run_program(*train, "--transpose")
        upright = self.lines("predict", "e", *names)
        right = [sum(line["label"] == str(i % 10) for i, line in enumerate(lines)) for lines in (sideways, upright)]
        self.assertLess(right[0], 50)
        self.assertGreaterEqual(right[1], 98)
        drawn = self.run_program("show", "emnist", "--transpose", "--count", "1").stdout.splitlines()
        self.assertEqual(drawn[0].strip(), "0")
        self.assertEqual([line.strip(" ") != "" for line in drawn[1:]], [False] * 2 + [True] * 10 + [False] * 2)  # rows 4 to 23
        self.assertTrue(all(re.fullmatch(r" {4}[^ ]{2} *", line) for line in drawn[3:13]), drawn)
        flat = self.run_program("show", "emnist", "--count", "1").stdout.splitlines()
        self.assertEqual(sum(line.strip() != "" for line in flat[1:]), 1)

    def test_files_of_pictures(self):
        self.run_program("show", "bars", "--count", "12", "--out", "grid.png")
        content = (self.folder / "grid.png").read_bytes()
        width, height, depth, kind = struct.unpack(">IIBB", content[16:26])
        self.assertEqual((depth, kind), (8, RGB))
        self.assertEqual([len(row) for row in self.pixels_of("grid.png")], [width] * height)
        self.run_program("show", "bars", "--count", "12", "--out", "grid.svg")
        svg = xml.dom.minidom.parse(str(self.folder / "grid.svg"))
        self.assertEqual([text.firstChild.data for text in svg.getElementsByTagName("text")], [str(i % 10) for i in range(12)])
        self.assertIn("M6 6h2v1h-2z", svg.getElementsByTagName("path")[-1].getAttribute("d"))  # row 4, columns 4 and 5, behind a gap of 2, white
        self.assertIn(".png or .svg", self.run_program("show", "bars", "--out", "grid.gif", code=USAGE).stderr)
        self.assertIn("--captions has no effect", self.run_program("show", "bars", "--captions", "--out", "grid.svg").stderr)
        self.assertIn("--captions has no effect", self.run_program("show", "bars", "--captions").stderr)
        self.assertIn("not images", self.run_program("show", self.put("t.csv", b"1,2,a\n3,4,b\n"), code=INPUT).stderr)

    def test_captions(self):
        """With --captions a PNG has the label below each image, in letters of 5 x 7, and the same images."""
        one, two, seven = ("..#.. .##.. #.#.. ..#.. ..#.. ..#.. #####", ".###. #...# ....# ..##. .#... #.... #####",
                           "##### ....# ....# ...#. ..#.. ..#.. ..#..")
        self.run_program("show", "bars", "--count", "12", "--out", "grid.png")
        without = self.pixels_of("grid.png")
        self.assertNotIn("no effect", self.run_program("show", "bars", "--count", "12", "--captions", "--out", "grid.png").stderr)
        pixels, step, letter = self.pixels_of("grid.png"), 8, 8  # 4 across, enlarged by 8; letters as high as a quarter of an image
        cell = 30 * step
        high = cell + 9 * letter  # below a gap of 2
        self.assertEqual((len(pixels), len(pixels[0])), (3 * high + 2 * step, len(without[0])))
        for i in range(12):
            top, left = i // 4 * high + 2 * step, i % 4 * cell + 2 * step
            for r in range(28 * step):
                self.assertEqual(pixels[top + r][left:left + 28 * step], without[i // 4 * cell + 2 * step + r][left:left + 28 * step])
            top, left = top + 28 * step + 2 * letter, left + (28 * step - 5 * letter) // 2
            drawn = " ".join("".join("#" if pixels[top + r * letter + letter // 2][left + c * letter + letter // 2] == (230,) * 3 else "."
                                     for c in range(5)) for r in range(7))
            self.assertEqual(drawn in (one, two, seven), i % 10 in (1, 2, 7))
            if i % 10 in (1, 2, 7):
                self.assertEqual(drawn, {1: one, 2: two, 7: seven}[i % 10])
            ink = sum(pixel == (230,) * 3 for row in pixels[top:top + 7 * letter] for pixel in row[i % 4 * cell:(i % 4 + 1) * cell])
            self.assertEqual(ink, letter * letter * drawn.count("#"))

    def pixels_of(self, name):
        """The pixels of a picture that show drew, enlarged by a whole number: rows of (red, green, blue)."""
        content = (self.folder / name).read_bytes()
        width, height = struct.unpack(">II", content[16:24])
        at, data = 8, b""
        while at < len(content):
            length, kind = struct.unpack(">I4s", content[at:at + 8])
            data += content[at + 8:at + 8 + length] if kind == b"IDAT" else b""
            at += 12 + length
        raw, rows, above = zlib.decompress(data), [], bytes(3 * width)
        self.assertEqual(len(raw), height * (3 * width + 1))
        for r in range(height):
            line = bytearray(raw[r * (3 * width + 1):(r + 1) * (3 * width + 1)])
            kind, line = line[0], line[1:]
            for i in range(3 * width):  # the five filters of PNG
                a, b, c = (line[i - 3] if i > 2 else 0), above[i], (above[i - 3] if i > 2 else 0)
                paeth = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
                line[i] = (line[i] + (0, a, b, (a + b) // 2, paeth)[kind]) % 256
            rows.append([tuple(line[i:i + 3]) for i in range(0, 3 * width, 3)])
            above = line
        return rows

    def test_what_a_model_looks_at(self):
        """Weights in their colours, the largest brightest; means; mistakes with both classes; each from the file or the data."""
        self.put("t.csv", b"p,q,y\n" + b"1,0,a\n0,1,b\n" * 20)
        self.run_program("train", "--data", "t.csv", "--layers", "2-3:tanh-2:softmax", "--cost", "categorical-cross-entropy", "--lr", "0.1", "--epochs", "5",
                         "--save", "t", "--device", "cpu")
        self.run_program("export", "t", "--format", "json", "--out", "t.json")
        W = json.loads((self.folder / "t.json").read_text())["layers"][0]["weights"]
        self.run_program("show", "t", "--out", "w.png")
        pixels, largest = self.pixels_of("w.png"), max(abs(w) for row in W for w in row)
        step = len(pixels) // 7  # 3 rows and two gaps of 2
        for j, row in enumerate(W):
            for k, w in enumerate(row):
                red, green, blue = pixels[(2 + j) * step + step // 2][(2 + k) * step + step // 2]
                self.assertEqual(red > blue, w > 0)
                self.assertAlmostEqual(max(red, blue) / 255, abs(w) / largest, 1)
        self.assertEqual(len(self.run_program("show", "t").stdout.splitlines()), 2 + 3)
        self.assertIn("the model has 2", self.run_program("show", "t", "--of-layer", "3", code=USAGE).stderr)

        self.run_program("show", "bars", "--what", "means", "--out", "means.svg")
        svg = xml.dom.minidom.parse(str(self.folder / "means.svg"))
        self.assertEqual([text.firstChild.data for text in svg.getElementsByTagName("text")], [str(i) for i in range(10)])
        self.run_program("show", "bars", "--what", "means", "--out", "means.png")
        pixels = self.pixels_of("means.png")
        step = len(pixels[0]) // 122  # 4 images of 28 in a row, behind gaps of 2
        for k in range(10):  # in row 10 of a class's image its own bar is bright, and that of another class is not there
            own, other = (pixels[(2 + 30 * (k // 4) + 10) * step][(2 + 30 * (k % 4) + 4 + 2 * bar) * step][0] for bar in (k, (k + 1) % 10))
            self.assertGreater(own, 200)
            self.assertEqual(other, 0)
        self.train("--save", "poor", "--lr", "0.01")
        wrong = [(i, line) for i, line in enumerate(self.lines("predict", "poor", "bars/t10k-images-idx3-ubyte")) if line["label"] != str(i % 10)]
        wrong.sort(key=lambda pair: pair[1]["probabilities"][pair[0] % 10] - max(pair[1]["probabilities"]))
        self.run_program("show", "poor", "--what", "mistakes", "--data", "bars", "--count", "7", "--out", "m.svg")
        svg = xml.dom.minidom.parse(str(self.folder / "m.svg"))
        self.assertEqual([text.firstChild.data for text in svg.getElementsByTagName("text")], [f"{i % 10} not {line['label']}" for i, line in wrong[:7]])
        self.run_program("show", "--what", "weights", code=USAGE)
        self.run_program("train", "--data", self.put("t.csv", b"size,weight of it,kind\n" + b"1,2,a\n3,4,b\n5,1,b\n" * 9), "--hidden", "5", "--epochs", "1",
                         "--save", "table", "--device", "cpu", "--quiet")
        self.run_program("export", "table", "--format", "json", "--out", "table.json", "--quiet")
        layers = json.loads((self.folder / "table.json").read_text())["layers"]
        for layer, names in ((1, ["size", "weight o"]), (2, [str(i) for i in range(1, 6)])):  # a table of units and inputs
            head, columns, *lines = self.run_program("show", "table", "--of-layer", layer).stdout.splitlines()
            self.assertEqual(head, f"weights into layer {layer}: units down, inputs across")
            self.assertEqual([columns[i:i + 9].strip() for i in range(8, len(columns), 9)], names)
            for j, (line, weights) in enumerate(zip(lines, layers[layer - 1]["weights"], strict=True)):
                self.assertEqual(line.split(), [str(j + 1), *(f"{w:.3g}" for w in weights)])
        self.assertIn("and 3 more units; --count N shows them", self.run_program("show", "table", "--count", "2").stdout)
        for what in ("images", "means"):  # of data, whatever model is named besides
            shown = ["--what", what]
            self.assertEqual(self.run_program("show", "poor", *shown, "--data", "bars").stdout, self.run_program("show", "bars", *shown).stdout)
            self.assertIn(f"--what {what} needs data, but poor is a model", self.run_program("show", "poor", *shown, code=USAGE).stderr)
        for more in ([], ["--what", "images"]):
            self.assertIn("give only one of them", self.run_program("show", "bars", "--data", "digits", *more, code=USAGE).stderr)
        self.run_program("show", "bars", "--what", "mistakes", code=INPUT)


if __name__ == "__main__":
    main()
