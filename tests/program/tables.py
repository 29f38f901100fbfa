"""Tables for the tests, and what is tried on them."""
import struct

from program import INPUT, Cli

T = ["--layers", "4-8:tanh-3:softmax", "--cost", "categorical-cross-entropy", "--optimizer", "adam", "--lr", "0.05", "--epochs", "60", "--batch", "16",
     "--seed", "1", "--device", "cpu"]
NAMES = ("alpha", "beta", "gamma")
COLUMNS = ["a", "b", "c", "d", "label"]


def blobs(n, names=NAMES):
    """Row i has class i mod 3 and four features that separate it."""
    return [[f"{2 * ((i % 3 + j) % 3) + (7 * i + 3 * j) % 11 / 22:.4f}" for j in range(4)] + [names[i % 3]] for i in range(n)]


def bar_row(i, classes=10):
    row = [0] * 784
    for y in range(4, 24):
        for x in ((4 + 2 * (i % classes), 5 + 2 * (i % classes)) if classes == 10 else (1 + 2 * (i % classes), 2 + 2 * (i % classes))):
            row[28 * y + x] = 255 - 13 * i % 50
    return row


def npy_file(shape, descr, content, fortran=False, version=1):
    """An NPY file, whose elements are in the content as its type has them."""
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {tuple(shape)!r}, }}"
    header = header.ljust(117).encode() + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + content


def npy(shape, code, values, order="<", fortran=False, version=1, descr=None):
    """An NPY file of values, packed by struct's code."""
    kinds = {"B": "u1", "b": "i1", "?": "b1", "h": "i2", "H": "u2", "i": "i4", "I": "u4", "q": "i8", "Q": "u8", "e": "f2", "f": "f4", "d": "f8"}
    sign = "|" if kinds[code][1] == "1" else order
    return npy_file(shape, descr or sign + kinds[code], struct.pack(order + f"{len(values)}{code}", *values), fortran, version)


class Tables(Cli):
    def write(self, name, rows, header=None, separator=",", end="\n", encoding="utf-8"):
        lines = [separator.join(map(str, row)) for row in ([header] if header else []) + rows]
        (self.folder / name).write_bytes((end.join(lines) + end).encode(encoding))
        return name

    def trains(self, *arguments, test=None, options=T):
        """Trains on the file and is right on at least 98 % of it."""
        file = arguments[0]
        last = self.lines("train", "--data", *arguments, "--test", test or file, *options)[-1]
        self.assertGreaterEqual(last["accuracy"], 0.98)
        return last

    def notes(self, *arguments, options=T):
        return self.run_program("train", "--data", *arguments, *options).stderr

    def refused(self, *arguments, code=INPUT, options=T):
        return self.run_program("train", "--data", *arguments, *options, code=code).stderr
