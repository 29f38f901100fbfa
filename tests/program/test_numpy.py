#!/usr/bin/env python3
"""NPY and NPZ files as people have them. Called as program.py says. What NumPy writes is written here by hand; where NumPy is installed, by NumPy too."""
import io
import struct
import unittest
import zipfile

try:
    import numpy
except ImportError:
    numpy = None

from program import INPUT, USAGE, bars, idx, main
from tables import COLUMNS, T, Tables, bar_row, blobs, npy

BARS = ["--layers", "784-16:tanh-10:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--epochs", "10", "--device", "cpu"]
HALF = {True: ">", False: "<"}


def features(n=150):
    return [float(cell) for row in blobs(n) for cell in row[:4]]


def labels(n=150):
    return [i % 3 for i in range(n)]


class Numpy(Tables):
    def put(self, name, content):
        (self.folder / name).write_bytes(content)
        return name

    def put_npz(self, name, members, compression=zipfile.ZIP_STORED, zip64=False):
        with zipfile.ZipFile(self.folder / name, "w", compression) as archive:
            for member, content in members.items():
                with archive.open(zipfile.ZipInfo(member), "w", force_zip64=zip64) if compression == zipfile.ZIP_STORED else \
                        archive.open(member, "w", force_zip64=zip64) as stream:
                    stream.write(content)
        return name

    def bars(self, n):
        return npy([n, 28, 28], "B", [pixel for i in range(n) for pixel in bar_row(i)]), npy([n], "q", [i % 10 for i in range(n)])


class Arrays(Numpy):
    def learns(self, x, y, *more):
        self.put("x.npy", x)
        self.put("y.npy", y)
        last = self.lines("train", "--data", "x.npy", "--labels", "y.npy", *T, *more)[-1]
        self.assertGreaterEqual(last["training_accuracy"], 0.98)
        return last["loss"]

    def test_types(self):
        x, y = features(), labels()
        shape = [150, 4]
        plain = self.learns(npy(shape, "f", x), npy([150], "B", y))
        for other in (npy(shape, "d", x), npy(shape, "f", x, ">"), npy(shape, "d", x, ">"), npy(shape, "f", x, version=2), npy(shape, "f", x, version=3),
                      npy(shape, "f", [x[4 * i + j] for j in range(4) for i in range(150)], fortran=True)):
            self.assertAlmostEqual(self.learns(other, npy([150], "B", y)), plain, 4)
        self.learns(npy(shape, "e", x), npy([150], "B", y))
        whole = [round(22 * value) for value in x]
        for code in "hHiIqQ":
            self.learns(npy(shape, code, whole), npy([150], "B", y))
        self.learns(npy(shape, "B", whole), npy([150], "B", y))
        floats = self.learns(npy(shape, "f", whole), npy([150], "B", y), "--scale", "none")  # as they are, bytes too
        self.assertAlmostEqual(self.learns(npy(shape, "B", whole), npy([150], "B", y), "--scale", "none"), floats, 4)
        for inputs in ([2, 2, 1], [2, 2], [2, 1, 2], [1, 2, 2, 1]):
            self.assertEqual(self.learns(npy([150, *inputs], "f", x), npy([150], "B", y)), plain)
            if inputs[:2] == [2, 2]:
                self.assertIn("0", self.run_program("show", "x.npy", "--labels", "y.npy").stdout)
            else:  # of several colours, or of no shape that a picture has
                self.assertIn("not images", self.run_program("show", "x.npy", "--labels", "y.npy", code=INPUT).stderr)
        one_hot = [i % 3 == c for i in range(150) for c in range(3)]
        for y in (npy([150], "q", y), npy([150, 1], "B", y), npy([150], "d", y), npy([150, 3], "?", one_hot), npy([150, 3], "f", one_hot)):
            self.assertEqual(self.learns(npy(shape, "f", x), y), plain)

    def test_what_is_refused(self):
        x, y = npy([150, 4], "f", features()), npy([150], "B", labels())
        two = [i % 3 == c for i in range(150) for c in range(3)]
        two[3 * 70:3 * 71] = [True, True, False]
        values = features()
        values[4 * 20 + 2] = float("nan")
        for bad_x, bad_y, message in (
                (x, npy([150, 3], "?", two), r"y.npy: row 71 is not one-hot: it has 2 ones"),
                (npy([150, 4], "f", features(), descr="|O"), y, r"x.npy: holds Python objects.*save it as float32"),
                (npy([150, 4], "f", features(), descr="<c8"), y, r"elements of type"),
                (npy([150, 4], "f", features())[:-1], y, r"cut short"),
                (npy([150, 4], "f", features()) + b"x", y, r"extra bytes"),
                (npy([150, 4194305, 1 << 40], "f", features()), y, r"claims more elements than the file can hold"),
                (npy([0, 4], "f", []), y, r"is empty"),
                (x, npy([149], "B", labels(149)), r"do not belong together"),
                (npy([150, 4], "f", values), y, r"row 21, column 3: the value is missing \(1 in all\)"),
                (npy([150, 4], "d", [1e300] + features()[1:]), y, r"row 1, input 1 is 1e\+300, which is too large for single precision"),
                (x, npy([150], "d", [0.5] + labels()[1:]), r"--target")):
            self.put("x.npy", bad_x)
            self.put("y.npy", bad_y)
            self.assertRegex(self.refused("x.npy", "--labels", "y.npy"), message)
        self.put("x.npy", x)
        self.assertIn("--labels", self.refused("x.npy"))
        self.put("x.npy", npy([150, 4], "f", values))
        self.put("y.npy", y)
        for how in ("drop", "mean"):
            self.run_program("train", "--data", "x.npy", "--labels", "y.npy", "--missing", how, *T)

    def test_targets(self):
        self.put("x.npy", npy([100], "f", [i / 50 for i in range(100)]))
        self.put("y.npy", npy([100], "d", [3 * i - 70 for i in range(100)]))
        last = self.lines("train", "--data", "x.npy", "--labels", "y.npy", "--target", "y", "--layers", "1-1:identity", "--lr", "0.1", "--epochs", "20",
                          "--validation", "0.2", "--device", "cpu", "--save", "m")[-1]
        self.assertGreater(last["validation_r2"], 0.9999)
        self.assertGreater(self.lines("eval", "m", "--data", "x.npy", "--labels", "y.npy", "--target", "y")[-1]["r2"], 0.9999)
        lines = self.lines("predict", "m", "x.npy")
        self.assertEqual(len(lines), 100)
        self.assertAlmostEqual(lines[50]["values"][0], 80, 1)
        self.put("y.npy", npy([100, 2], "d", range(200)))
        self.assertIn("x.npy: has 2 targets per example, but the model predicts 1",
                      self.run_program("eval", "m", "--data", "x.npy", "--labels", "y.npy", "--target", "y", code=INPUT).stderr)

    def test_means(self):
        """A missing value is the mean of its column to a model whose inputs all have one divisor, too."""
        x = [1, 8, 3, float("nan"), 5, 4, 7, 6]
        for scale, code in (("none", "f"), ("255", "f")):
            self.put("x.npy", npy([4, 2], code, x))
            self.put("y.npy", npy([4], "B", [0, 1, 1, 0]))
            self.run_program("train", "--data", "x.npy", "--labels", "y.npy", "--layers", "2-3:tanh-2", "--epochs", "1", "--scale", scale, "--missing", "mean",
                             "--save", "m", "--device", "cpu")
            self.put("gap.npy", npy([1, 2], code, [2, float("nan")]))
            self.put("mean.npy", npy([1, 2], code, [2, 6]))
            gap, mean = (self.lines("predict", "m", name, "--missing", "mean")[0]["probabilities"] for name in ("gap.npy", "mean.npy"))
            self.assertEqual(gap, mean)
            other = self.lines("predict", "m", self.put("other.npy", npy([1, 2], code, [2, 0])))[0]["probabilities"]
            self.assertNotEqual(gap, other)

    def test_rows_left_out(self):
        for gaps, words in ((1, "1 row with missing values is left out"), (2, "2 rows with missing values are left out")):
            self.put("x.npy", npy([4, 1], "f", [float("nan")] * gaps + [1, 2, 3, 4][gaps:]))
            self.put("y.npy", npy([4], "B", [0, 0, 1, 0]))
            self.assertIn(words, self.run_program("train", "--data", "x.npy", "--labels", "y.npy", "--layers", "1-2", "--missing", "drop", "--epochs", "1").stderr)

    def test_numbers_and_classes(self):
        """Parts that do not learn the same thing are told of by their names."""
        images, _ = bars(20)
        self.put("t10k-images-idx3-ubyte", images)
        self.put("t10k-labels-idx1-ubyte", idx([20], bytes(i % 2 for i in range(20))))
        x, y = npy([20, 784], "B", list(images[16:])), npy([20], "f", range(20))
        self.put("x.npy", x)
        self.put("y.npy", y)
        options = ["--target", "y", "--layers", "784-1:identity", "--epochs", "1", "--device", "cpu"]
        self.assertIn("x.npy has targets, but ./t10k-labels-idx1-ubyte has labels",
                      self.run_program("train", "--data", "x.npy", "--labels", "y.npy", "--test", "t10k-images-idx3-ubyte", *options, code=INPUT).stderr)
        self.assertIn("t10k-labels-idx1-ubyte has labels, but x.npy has targets",
                      self.run_program("train", "--data", "t10k-images-idx3-ubyte", "--test", "x.npy", "--test-labels", "y.npy", *options, code=INPUT).stderr)


class RowWeights(Numpy):
    """Weights of the rows of arrays and images: what they do is that of a column of a table."""
    W = [0, 1, 2, 1, 3, 1, 1]

    def setUp(self):
        super().setUp()
        x = features()
        self.x, self.y, self.w = npy([150, 4], "d", x), npy([150], "B", labels()), npy([150], "d", [self.W[i % 7] for i in range(150)])
        kept = [i for i in range(150) if self.W[i % 7] > 0]
        self.put("x.npy", self.x)
        self.put("y.npy", self.y)
        self.put("w.npy", self.w)
        rows = [[repr(value) for value in x[4 * i:4 * i + 4]] + [i % 3, self.W[i % 7]] for i in range(150)]
        self.csv = self.write("t.csv", rows, [*COLUMNS, "w"])
        self.kept = len(kept)

    def trained(self, data, *more, model="m"):
        last = self.lines("train", "--data", data, *T, *more, "--save", model)[-1]
        return last["loss"], (self.folder / model).read_bytes()[-200:]

    def test_npy_and_npz(self):
        want = self.trained(self.csv, "--weight", "w")
        self.assertNotEqual(want, self.trained(self.csv, "--drop", "w"))
        self.assertEqual(self.trained("x.npy", "--labels", "y.npy", "--weights", "w.npy"), want)
        self.assertIn(f"{150 - self.kept} rows of weight 0 are left out", self.run_program("train", "--data", "x.npy", "--labels", "y.npy", *T, "--weights", "w.npy").stderr)
        archive = self.put_npz("a.npz", {"x.npy": self.x, "y.npy": self.y, "w.npy": self.w})
        self.assertEqual(self.trained(archive, "--weight", "w", model="n"), want)
        self.assertEqual(self.trained(archive, "--weights", "w.npy"), want)
        self.assertEqual(self.trained(archive, "--weights", self.put_npz("w.npz", {"any.npy": self.w})), want)
        weighted = self.lines("eval", "n", "--data", self.csv, "--weight", "w")[-1]
        for named in ([], ["--data", archive], ["--data", archive, "--weight", "W"], ["--data", "x.npy", "--labels", "y.npy", "--weights", "w.npy"]):
            self.assertEqual(self.lines("eval", "n", *named)[-1]["loss"], weighted["loss"])
        self.assertNotEqual(self.lines("eval", "n", "--data", "x.npy", "--labels", "y.npy")[-1]["loss"], weighted["loss"])
        self.assertEqual(self.run_program("predict", "n", archive).stdout, self.run_program("predict", "n", "x.npy").stdout)
        self.assertEqual(self.lines("eval", "m")[-1]["loss"], weighted["loss"])  # the weights of the training, in a file of their own

    def test_train_and_test(self):
        test = npy([30, 4], "f", features()[:120]), npy([30], "B", labels()[:30]), npy([30], "f", [1 + i % 3 for i in range(30)])
        members = {"x_train.npy": self.x, "y_train.npy": self.y, "w_train.npy": self.w, "x_test.npy": test[0], "y_test.npy": test[1]}
        few = [part if part != "60" else "1" for part in T]
        plain = self.lines("train", "--data", self.put_npz("p.npz", members), *few, "--weight", "w_train")[-1]
        members["w_test.npy"] = test[2]
        both = self.lines("train", "--data", self.put_npz("b.npz", members), *few, "--weight", "w_train", "--save", "m")[-1]
        self.assertEqual(plain["loss"], both["loss"])
        self.assertNotEqual(*(self.lines("eval", "m", "--data", name)[-1]["loss"] for name in ("p.npz", "b.npz")))
        for name in ("xt", "yt", "wt"):
            self.put(f"{name}.npy", test["xyw".index(name[0])])
        self.assertEqual(self.lines("eval", "m", "--data", "xt.npy", "--labels", "yt.npy", "--weights", "wt.npy")[-1]["loss"],
                         self.lines("eval", "m", "--data", "b.npz")[-1]["loss"])

    def test_images(self):
        images, classes = bars(60)
        self.put("train-images-idx3-ubyte", images)
        self.put("train-labels-idx1-ubyte", classes)
        repeated = [i for i in range(60) for _ in range(self.W[i % 7])]
        self.put("w.npy", npy([60], "B", [self.W[i % 7] for i in range(60)]))
        self.put("x.npy", npy([len(repeated), 28, 28], "B", [v for i in repeated for v in images[16 + 784 * i:16 + 784 * i + 784]]))
        self.put("y.npy", npy([len(repeated)], "B", [classes[8 + i] for i in repeated]))
        self.run_program("train", "--data", "train-images-idx3-ubyte", "--epochs", "1", "--device", "cpu", "--weights", "w.npy", "--save", "m")
        got = self.lines("eval", "m", "--data", "train-images-idx3-ubyte", "--weights", "w.npy")[-1]
        want = self.lines("eval", "m", "--data", "x.npy", "--labels", "y.npy")[-1]
        for key in ("loss", "accuracy"):
            self.assertAlmostEqual(got[key], want[key], places=5)

    def test_refused(self):
        archive = self.put_npz("a.npz", {"x.npy": self.x, "y.npy": self.y, "w.npy": self.w})
        for content, fault in ((npy([149], "d", [1] * 149), "has shape 149, but x.npy has 150 examples; there must be one weight for each"),
                               (npy([150, 2], "d", [1] * 300), "has shape 150x2, but"), (npy([], "d", [1]), "has shape"),
                               (npy([150], "d", [1] * 70 + [-1] + [1] * 79), "row 71 has the weight -1: weights must be finite and 0 or more"),
                               (npy([150], "d", [float("nan")] + [1] * 149), "row 1 has the weight nan"), (npy([150], "d", [1e39] * 150), "row 1 has the weight 1e+39"),
                               (npy([150], "d", [0] * 150), "x.npy: the weight of every row is 0"), (self.w[:300], "bad.npy: is cut short"), (b"1,2", "bad.npy")):
            self.put("bad.npy", content)
            self.assertIn(fault, self.run_program("train", "--data", "x.npy", "--labels", "y.npy", "--weights", "bad.npy", *T, code=INPUT).stderr)
        self.assertIn("has no array 'v' for --weight; it has x", self.run_program("train", "--data", archive, "--weight", "v", *T, code=INPUT).stderr)
        self.assertIn("--weight and --weights cannot be combined",
                      self.run_program("train", "--data", archive, "--weight", "w", "--weights", "w.npy", *T, code=USAGE).stderr)
        self.assertIn("--weight names a column of a text table, or an array of an NPZ file, but the data are neither",
                      self.run_program("train", "--data", "x.npy", "--labels", "y.npy", "--weight", "w", *T, code=USAGE).stderr)
        self.assertIn("w.npy", self.run_program("train", "--data", "x.npy", "--labels", "y.npy", "--weights", "w.npy", *T, "--save", "w.npy", code=USAGE).stderr)
        self.assertIn("none.npy", self.run_program("train", "--data", "x.npy", "--labels", "y.npy", "--weights", "none.npy", *T, code=INPUT).stderr)


class Archives(Numpy):
    def test_names(self):
        (x, y), (x_test, y_test) = self.bars(200), self.bars(50)
        keras = self.put_npz("keras.npz", {"x_train.npy": x, "y_train.npy": y, "x_test.npy": x_test, "y_test.npy": y_test})
        last = self.lines("train", "--data", keras, *BARS, "--save", "m")
        self.assertEqual((last[0]["test_count"], last[-1]["accuracy"]), (50, 1))
        self.assertEqual(self.lines("eval", "m", "--data", keras)[-1]["count"], 50)
        self.put_npz("kmnist-train-imgs.npz", {"arr_0.npy": x})
        self.put_npz("kmnist-train-labels.npz", {"arr_0.npy": y})
        savez = self.put_npz("savez.npz", {"arr_0.npy": x, "arr_1.npy": y})
        upper = self.put_npz("upper.npz", {"X.npy": x, "Y.npy": y})
        named = self.put_npz("named.npz", {"images.npy": x, "labels.npy": y, "readme.txt": b"hello"})
        for file in ("kmnist-train-imgs.npz", savez, upper, named):
            self.assertEqual(self.lines("train", "--data", file, *BARS)[-1]["training_accuracy"], 1, file)
        alone = self.put_npz("alone.npz", {"x.npy": x_test})
        self.assertEqual([line["label"] for line in self.lines("predict", "m", alone)], [str(i % 10) for i in range(50)])
        other = self.put_npz("other.npz", {"foo.npy": x, "bar.npy": y})
        self.assertRegex(self.refused(other, options=BARS), r"foo \(200x28x28\), bar \(200\)")
        self.lines("train", "--data", other, "--x", "foo", "--y", "bar", *BARS)
        self.assertIn("foo (200x28x28)", self.refused(other, "--x", "foo", "--y", "baz", options=BARS))
        many = self.put_npz("many.npz", {"a": b"", **{f"{i:060}.npy": npy([1], "B", [1]) for i in range(40)}})
        self.assertIn(f"{0:060} (1), {1:060} (1), ", self.refused(many, options=BARS))

    def test_labels_beside(self):
        """Archives of one array each go together by their names."""
        x, y = self.bars(50)
        for name, beside in (("digits-images.npz", "digits-labels.npz"), ("./imgs.npz", "labels.npz")):
            self.put_npz(name, {"arr_0.npy": x})
            self.put_npz(beside, {"arr_0.npy": y})
            self.assertIn("examples of each class: 0 5, 1 5, 2 5", self.run_program("train", "--data", name, *BARS).stderr)
        self.put_npz("alone.npz", {"arr_0.npy": x})
        self.assertIn("which array holds the labels or targets", self.refused(self.put_npz("two.npz", {"x.npy": x, "foo.npy": y}), options=BARS))
        self.assertRegex(self.refused("alone.npz", options=BARS), r"which array holds the labels or targets.*arr_0 \(50x28x28\)")

    def test_too_wide(self):
        wide = 16777217
        self.put("wide.npy", npy([1, wide], "B", []) + bytes(wide))
        self.put("one.npy", npy([1], "B", [0]))
        self.assertIn(f"1 examples of {wide} inputs; at most", self.refused("wide.npy", "--labels", "one.npy"))
        self.assertIn(f"wide.npy: has {wide} targets per row", self.refused("one.npy", "--labels", "wide.npy", "--target", "y",
                                                                       options=["--layers", "1-1", "--device", "cpu"]))

    def test_missing_in_the_test_part(self):
        values = features(30)
        values[5] = float("nan")
        members = {"x_train.npy": npy([150, 4], "f", features()), "y_train.npy": npy([150], "B", labels()), "x_test.npy": npy([30, 4], "f", values),
                   "y_test.npy": npy([30], "B", labels(30))}
        file = self.put_npz("t.npz", members)
        self.assertRegex(self.refused(file), r"row 2, column 2: the value is missing \(1 in all\)")
        self.assertEqual(self.lines("train", "--data", file, "--missing", "drop", *T)[0]["test_count"], 29)

    def test_what_zip_allows(self):
        x, y = self.bars(100)
        members = {"x_train.npy": x, "y_train.npy": y}
        if not self.has_zlib():
            self.assertIn("no zlib", self.refused(self.put_npz("t.npz", members, zipfile.ZIP_DEFLATED), options=BARS))
        for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[:1 + self.has_zlib()]:
            for zip64 in (False, True):
                self.lines("train", "--data", self.put_npz("t.npz", members, compression, zip64), *BARS)

    def test_odd_directories(self):
        end = b"PK\5\6" + b"\0" * 4 + b"\xff" * 12 + b"\0\0"
        self.put("a.npz", b"PK\3\4" + end)  # nothing before it
        self.assertIn("its zip64 record is missing", self.refused("a.npz"))
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("x" * 400 + ".npy", npy([150, 4], "f", features()))
        self.put("a.npz", file.getvalue())
        self.put("y.npy", npy([150], "B", labels()))
        self.assertIn("without arrays", self.refused("a.npz", "--labels", "y.npy", "--x", "z"))

    def test_damage(self):
        if not self.has_zlib():
            self.skipTest("this build has no zlib")
        x, y = self.bars(100)
        whole = (self.folder / self.put_npz("t.npz", {"x.npy": x, "y.npy": y}, zipfile.ZIP_DEFLATED)).read_bytes()
        central = whole.index(b"PK\1\2")
        huge = bytearray(whole)
        huge[central + 24:central + 28] = struct.pack("<I", 0xFFFFFFF0)
        wrong = bytearray(whole)
        wrong[central + 16] ^= 1
        encrypted = bytearray(whole)
        encrypted[central + 8] |= 1
        method = bytearray(whole)
        method[central + 10] = 12
        beyond = bytearray(whole)
        beyond[central + 42:central + 46] = struct.pack("<I", len(whole))
        for content, message in ((huge, "more than its"), (wrong, "checksum"), (encrypted, "encrypted"), (method, "method 12"), (beyond, "outside the file"),
                                 (whole[:-30], "no directory"), (b"PK\3\4", "no directory")):
            self.put("t.npz", bytes(content))
            self.assertIn(message, self.refused("t.npz", options=BARS))
        for cut in range(0, len(whole), 97):
            self.put("t.npz", whole[:cut] or b"PK\3\4")
            self.refused("t.npz", options=BARS)
        self.put_npz("t.npz", {"readme.txt": b"hello"})
        self.assertIn("without arrays; unpack it first", self.refused("t.npz", options=BARS))
        claims = npy([100, 28, 28], "B", [0] * 78400).replace(b"(100, 28, 28)", b"(1099511627776,)")[:-3]
        self.put_npz("t.npz", {"x.npy": claims, "y.npy": y})
        self.assertIn("claims more elements", self.refused("t.npz", options=BARS))

    @unittest.skipUnless(numpy, "NumPy is not installed")
    def test_numpy_itself(self):
        x = numpy.array(features(), dtype=numpy.float32).reshape(150, 4)
        y = numpy.array(labels())
        losses = set()
        for save in (numpy.savez, numpy.savez_compressed)[:1 + self.has_zlib()]:
            for order in "CF":
                stream = io.BytesIO()
                save(stream, x=numpy.asarray(x, order=order), y=y)
                losses.add(self.lines("train", "--data", self.put("t.npz", stream.getvalue()), *T)[-1]["loss"])
        self.assertEqual(len(losses), 1)
        stream = io.BytesIO()
        numpy.savez(stream, x=numpy.array([[1, 2], [3]], dtype=object), y=y)
        self.assertIn("Python objects", self.refused(self.put("t.npz", stream.getvalue())))


if __name__ == "__main__":
    main()
