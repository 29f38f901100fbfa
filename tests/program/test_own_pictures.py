#!/usr/bin/env python3
"""People's own pictures: JPEG, the way up by EXIF, pale ink, ink at the border, folders with a subfolder per class. Called as program.py says."""
import random
import struct
import subprocess
import zlib

from pictures import chunk, exif, grey, jpeg, segment_digit, stored
from program import INPUT, PROGRAM, Cli, bars, idx, main

COUNT = 40


class OwnPictures(Cli):
    trained = None  # the bytes of "m", trained once

    def setUp(self):
        super().setUp()
        if not self.has_png():
            self.skipTest("this build has no libpng")
        self.images = [segment_digit(i % 10, i) for i in range(600, 600 + COUNT)]
        if not OwnPictures.trained:
            images = [segment_digit(i % 10, i) for i in range(600)]
            self.put("train-images-idx3-ubyte", idx([600, 28, 28], bytes(v for image in images for v in image)))
            self.put("train-labels-idx1-ubyte", idx([600], bytes(i % 10 for i in range(600))))
            self.run_program("train", "--data", "train-images-idx3-ubyte", "--epochs", "60", "--device", "cpu", "--save", "m")
            OwnPictures.trained = (self.folder / "m").read_bytes()
        self.put("m", OwnPictures.trained)
        self.put("d-images-idx3-ubyte", idx([COUNT, 28, 28], bytes(v for image in self.images for v in image)))
        self.said = self.lines("predict", "m", "d-images-idx3-ubyte")

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return name

    def agreement(self, names):
        return sum(line["label"] == expected["label"] for line, expected in zip(self.lines("predict", "m", *names), self.said, strict=True))

    @staticmethod
    def enlarged(image, times, width=28):
        return [v for i in range(0, len(image), width) for _ in range(times) for v in image[i:i + width] for _ in range(times)]

    # ------------------------------------------------------------ JPEG

    def test_jpeg(self):
        if not self.has_jpeg():
            self.skipTest("this build has no libjpeg")
        names = [self.put(f"{i}.png", jpeg(image)) for i, image in enumerate(self.images)]  # under any name
        self.assertEqual(self.agreement(names), COUNT)
        names = [self.put(f"{i}.jpg", jpeg(self.enlarged([255 - v for v in image], 4), 112)) for i, image in enumerate(self.images)]
        self.assertGreaterEqual(self.agreement(names), COUNT - 1)
        self.assertIn("a picture, not a model", self.run_program("eval", "0.jpg", code=INPUT).stderr)

    def test_damaged_jpegs(self):
        if not self.has_jpeg():
            self.skipTest("this build has no libjpeg")
        whole = jpeg(self.images[0])
        for length in list(range(3, 180, 13)) + [len(whole) // 2, len(whole) * 3 // 4]:
            result = self.run_program("predict", "m", self.put("cut.jpg", whole[:length]), code=INPUT)
            self.assertRegex(result.stderr, "cut.jpg: is (an incomplete|a damaged) JPEG")
        at = whole.index(b"\xff\xc0") + 5
        huge = whole[:at] + struct.pack(">HH", 60000, 60000) + whole[at + 4:]
        self.assertIn("has 60000 x 60000 pixels; at most 100 million", self.run_program("predict", "m", self.put("h.jpg", huge), code=INPUT).stderr)
        lying = whole[:at] + struct.pack(">HH", 9000, 9000) + whole[at + 4:]
        self.assertIn("more than it can hold", self.run_program("predict", "m", self.put("l.jpg", lying), code=INPUT).stderr)
        draw = random.Random(1)
        for _ in range(60):
            content = bytearray(whole)
            for _ in range(3):
                content[draw.randrange(2, len(content))] = draw.randrange(256)
            self.put("random.jpg", bytes(content))
            self.assertIn(self.run_any("predict", "m", "random.jpg"), (0, INPUT))

    def run_any(self, *arguments):
        return subprocess.run([str(PROGRAM), *arguments], cwd=self.folder, env=self.environment, capture_output=True, timeout=60).returncode

    # ------------------------------------------------------------ R43

    def png_of(self, image, width, data, crc=None):
        whole = grey(image, width)
        added = chunk(b"eXIf", data)
        return whole[:33] + (added if crc is None else added[:-4] + struct.pack(">I", zlib.crc32(added[4:-4]) ^ crc)) + whole[33:]

    def test_which_way_is_up(self):
        """Pictures that are not square, so that rows and columns cannot be mixed up."""
        image = self.images[3] + [0] * 84  # 28 wide, 31 high
        upright = self.lines("predict", "m", self.put("u.png", grey(image, 28)))[0]["probabilities"]
        for orientation in range(1, 9):
            turned, width = stored(image, 28, orientation)
            for big in (False, True):
                self.put("t.png", self.png_of(turned, width, exif(orientation, big)))
                result = self.run_program("predict", "m", "t.png", "--json")
                self.assertIn(str(upright[0])[:8], result.stdout, orientation)
                self.assertEqual(f"(orientation {orientation})" in result.stderr, orientation > 1)
                self.assertEqual(self.lines("predict", "m", "t.png")[0]["probabilities"], upright)
            if self.has_jpeg():
                straight = self.lines("predict", "m", self.put("u.jpg", jpeg(image, 28)))[0]
                self.assertEqual(self.lines("predict", "m", self.put("t.jpg", jpeg(turned, width, exif(orientation))))[0]["label"], straight["label"])

    def test_damaged_exif(self):
        image, width = stored(self.images[3], 28, 6)
        as_it_is = self.lines("predict", "m", self.put("p.png", grey(image)))[0]["probabilities"]
        good = exif(6)
        for data in (good[:8], b"", b"II", b"XX" + good[2:], good[:4] + b"\xff\xff\xff\xff" + good[8:], exif(9), exif(0), good[:8] + b"\xff\xff" + good[10:]):
            self.put("e.png", self.png_of(image, width, data))
            result = self.run_program("predict", "m", "e.png")
            self.assertIn("its EXIF data, which could say which way is up, are damaged", result.stderr)
            self.assertEqual(self.lines("predict", "m", "e.png")[0]["probabilities"], as_it_is)
        self.put("e.png", self.png_of(image, width, good, crc=1))
        self.assertIn("are damaged", self.run_program("predict", "m", "e.png").stderr)

    # ------------------------------------------------------------ R44

    def test_pale_ink(self):
        """Ink of 100 to 220 on paper of 255 and of 250."""
        for paper in (250, 255):
            for ink in (100, 150, 200, 220):
                with self.subTest(paper=paper, ink=ink):
                    names = [self.put(f"{i}.png", grey([paper - v * (paper - ink) // 255 for v in self.enlarged(image, 5)], 140))
                             for i, image in enumerate(self.images)]
                    self.assertGreaterEqual(self.agreement(names), COUNT - 1)
                    pale, dark = (self.lines("predict", "m", *files)[0]["probabilities"] for files in (names, [self.put("dark.png", grey([
                        paper - v * paper // 255 for v in self.enlarged(self.images[0], 5)], 140))]))
                    self.assertLess(max(abs(a - b) for a, b in zip(pale, dark, strict=True)), 0.1)

    def test_ink_at_the_border(self):
        """Cut out along the ink, on three sides of which it lies."""
        names = []
        for i, image in enumerate(self.images):
            rows = [image[r:r + 28] for r in range(0, 784, 28)]
            rows = [row for row in rows if any(row)]
            columns = [c for c in range(28) if any(row[c] for row in rows)]
            width = columns[-1] - columns[0] + 4
            cut = [255 - v for row in rows for v in row[columns[0]:columns[-1] + 1] + [0] * 3]
            names.append(self.put(f"{i}.png", grey(self.enlarged(cut, 6, width), 6 * width)))
        said = [line["label"] for line in self.lines("predict", "m", *names)]
        self.assertGreaterEqual(sum(label == expected["label"] for label, expected in zip(said, self.said)), COUNT * 6 // 10)

    @staticmethod
    def thick(image, by):
        """The rows of a digit whose strokes are wider by so many pixels on each side."""
        near = range(-by, by + 1)
        return [[max((image[28 * (r + i) + c + j] for i in near for j in near if 0 <= r + i < 28 and 0 <= c + j < 28)) for c in range(28)] for r in range(28)]

    def test_mostly_ink(self):
        """Cut out along all four sides, ink covers up to 9 tenths: what is read is what is read with paper around it, whatever is dark."""
        cut_out, whole, shares = [], [], []
        for k in (2, 3, 4, 5, 6):
            for by in (0, 1, 2):
                rows = [row for row in self.thick([255 * (v > 127) for v in segment_digit(k, k)], by)]
                kept = [r for r in range(28) if any(rows[r])]
                columns = [c for c in range(28) if any(row[c] for row in rows)]
                cut = [rows[r][columns[0]:columns[-1] + 1] for r in range(kept[0], kept[-1] + 1)]
                wide = len(cut[0])
                shares.append(sum(map(sum, cut)) / 255 / wide / len(cut))
                for times, dark, light in ((6, 0, 255), (6, 40, 190), (1, 0, 255), (5, 255, 0)):
                    def draw(lines, name):
                        values = [light + v * (dark - light) // 255 for line in lines for v in line]
                        return self.put(f"{name}-{k}-{by}-{times}-{dark}.png", grey(self.enlarged(values, times, len(lines[0])), times * len(lines[0])))
                    cut_out.append(draw(cut, "cut"))
                    whole.append(draw([[0] * (wide + 8)] * 4 + [[0] * 4 + row + [0] * 4 for row in cut] + [[0] * (wide + 8)] * 4, "whole"))
        self.assertGreater(sum(share > 0.5 for share in shares), 7)
        self.assertGreater(max(shares), 0.85)
        got, want = (self.lines("predict", "m", *names) for names in (cut_out, whole))
        wrong = [name for name, line, expected in zip(cut_out, got, want, strict=True) if line["probabilities"] != expected["probabilities"]]
        self.assertEqual(wrong, [])

    def test_thin_ink(self):
        """A thin line over the whole of a large picture, from border to border, is ink; so is a frame's inside."""
        for size, wide in ((300, 3), (300, 12), (64, 1), (1000, 6)):
            line = [[0 if abs(c - size // 2 - size // 4 * (r * 2 // size)) < wide or abs(r - size // 2) < wide else 255 for c in range(size)] for r in range(size)]
            said = self.run_program("predict", "m", self.put("t.png", grey([v for row in line for v in row], size))).stderr
            self.assertIn("dark on light and was inverted", said, (size, wide))
            said = self.run_program("predict", "m", self.put("t.png", grey([255 - v for row in line for v in row], size))).stderr
            self.assertNotIn("inverted", said, (size, wide))

    def test_specks(self):
        """Specks of ink on the paper beside thick ink are no pieces."""
        rows = [list(row) for row in self.thick([255 * (v > 127) for v in segment_digit(5, 5)], 1)]
        kept = [r for r in range(28) if any(rows[r])]
        columns = [c for c in range(28) if any(row[c] for row in rows)]
        cut = [rows[r][columns[0]:columns[-1] + 1] for r in range(kept[0], kept[-1] + 1)]
        wide = 12 * len(cut[0])
        values = self.enlarged([255 - v for row in cut for v in row], 12, len(cut[0]))
        clean = self.lines("predict", "m", self.put("c.png", grey(values, wide)))[0]
        draw, specks = random.Random(3), 0
        while specks < 4:
            at = draw.randrange(len(values) - 8 * wide)
            square = [at + wide * r + c for r in range(7) for c in range(7)]
            if all(values[i] == 255 for i in square):
                values = [0 if i in square else v for i, v in enumerate(values)]
                specks += 1
        self.assertEqual(self.lines("predict", "m", self.put("s.png", grey(values, wide)))[0]["label"], clean["label"])

    # ------------------------------------------------------------ several files

    def test_one_bad_picture(self):
        names = [self.put(f"{i}.png", grey(image)) for i, image in enumerate(self.images[:4])]
        self.put("1.png", b"GIF89a" + bytes(100))
        result = self.run_program("predict", "m", *names, code=INPUT)
        self.assertEqual(len(result.stdout.splitlines()), 3)
        self.assertIn("1.png: is a GIF picture; convert it to PNG", result.stderr)
        self.assertIn("1 of 4 files could not be predicted", result.stderr)

    # ------------------------------------------------------------ R46

    def bar_folders(self, folder, count, size=28, write=grey):
        content = bars(count)[0][16:]
        for i in range(count):
            self.put(f"{folder}/{i % 10}/{i:04}.png", write(list(content[784 * i:784 * i + 784])))

    def test_folders(self):
        self.bar_folders("own/train", 200)
        options = ("--layers", "784-16:tanh-10:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--epochs", "10", "--device", "cpu", "--seed", "1")
        result = self.run_program("train", "--data", "own/train", "--test", "own/train", *options, "--save", "own.model", "--json")
        self.assertIn("200 pictures in 10 folders, whose names are the classes", result.stderr)
        self.assertIn('"accuracy":1', result.stdout.replace(" ", ""))
        images, labels = bars(200)
        self.put("i/train-images-idx3-ubyte", images)
        self.put("i/train-labels-idx1-ubyte", labels)
        by_idx = self.lines("train", "--data", "i/train-images-idx3-ubyte", *options, "--save", "idx.model")[-1]
        self.assertGreater(by_idx["accuracy"] if "accuracy" in by_idx else 1, 0.9)
        self.assertIn('"accuracy":1', self.run_program("eval", "own.model", "--data", "own/train", "--json").stdout.replace(" ", ""))
        said = self.lines("predict", "own.model", "own/train/3/0003.png", "own/train/7/0007.png")
        self.assertEqual([line["label"] for line in said], ["3", "7"])
        self.assertEqual(len(self.lines("predict", "own.model", "own/train")), 200)
        self.assertIn("no folder 'test' beside 'train'", self.run_program("eval", "own.model", "--data", "own", code=INPUT).stderr)
        self.bar_folders("own/test", 50)
        self.assertIn('"accuracy":1', self.run_program("train", "--data", "own", *options, "--json").stdout.replace(" ", ""))
        self.assertIn("40 rows are held out", self.run_program("train", "--data", "own/train", "--validation", "0.2", *options).stderr)

    def test_sizes_and_bad_files(self):
        self.bar_folders("own", 40)
        content = list(bars(40)[0][16:])
        self.put("own/3/9.png", grey(self.enlarged(content[784 * 3:784 * 4], 2), 56))
        self.put("own/4/notes.txt", b"not a picture")
        self.put("own/5/broken.png", grey(content[:784])[:50])
        self.put("own/.hidden/x.png", b"")
        self.put("own/empty/.keep", b"")
        result = self.run_program("train", "--data", "own", "--epochs", "1", "--device", "cpu", "--save", "o")
        self.assertIn("41 pictures in 11 folders", result.stderr)
        self.assertIn("1 of them is not 28 x 28 pixels, as the first is, and was fitted and padded to that size", result.stderr)
        self.assertIn("2 files left out; the first: own/4/notes.txt", result.stderr)
        self.put("big/a/1.png", grey([0] * 300 * 1000, 1000))
        self.assertIn("big/a/1.png: has 1000 x 300 pixels, each of which would be an input", self.run_program("train", "--data", "big", code=INPUT).stderr)
        self.put("none/a/1.png", b"no picture")
        self.assertIn("none: has no picture that can be read (1 file); the first: none/a/1.png", self.run_program("train", "--data", "none", code=INPUT).stderr)
        (self.folder / "void/a").mkdir(parents=True)
        self.assertIn("void: has no pictures in its subfolders", self.run_program("train", "--data", "void", code=INPUT).stderr)


if __name__ == "__main__":
    main()
