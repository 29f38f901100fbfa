#!/usr/bin/env python3
"""Files of formats that are not read: each is named, with what to do, as data and as a model. Called as program.py says."""
import struct
import time
import zipfile

from program import INPUT, main
from tables import COLUMNS, T, Tables, blobs

MORE = bytes(range(1, 200)) * 3
FILES = {  # by the message, which names the file and the remedy
    "compressed with xz; unpack it with xz -d": b"\xfd7zXZ\0" + MORE,
    "compressed with zstd; unpack it with zstd -d": b"\x28\xb5\x2f\xfd" + MORE,
    "compressed with bzip2; unpack it with bzip2 -d": b"BZh91AY&SY" + MORE,
    "a 7z archive; unpack it with 7z x": b"7z\xbc\xaf\x27\x1c" + MORE,
    "a tar archive; unpack it with tar -xf": b"name".ljust(257, b"\0") + b"ustar\0" + MORE,
    "a Parquet file; save the table as CSV": b"PAR1\x15" + MORE,
    "an Arrow file; save the table as CSV": b"ARROW1\0\0" + MORE,
    "an Excel workbook or another Office file; save the table as CSV": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + MORE,
    "an SQLite database; export": b"SQLite format 3\0" + MORE,
    "a MATLAB file; save the arrays as NPZ": b"MATLAB 5.0 MAT-file, Platform" + MORE,
    "an HDF5 file, such as Keras writes; save": b"\x89HDF\r\n\x1a\n" + MORE,
    "a GGUF model; save the weights as safetensors": b"GGUF\3\0\0\0" + MORE,
    "an ONNX model, which is not read; save the weights": b"\x08\x07\x12\x07pytorch" + MORE,
    "a Python pickle, which is not read since it can run any program; save the weights with safetensors.torch.save_file(net.state_dict()":
        b"\x80\x04\x95" + MORE,
    "a git-lfs pointer, not the file itself; get the file with git lfs pull":
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "a web page, not data: the download went wrong; download it again": b"  <!DOCTYPE html><html></html>",
    "an SVG or XML document; draw a picture as PNG, as with librsvg: rsvg-convert FILE -o image.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a PDF document": b"%PDF-1.7\n" + MORE,
    "a GIF picture; convert it to PNG": b"GIF89a" + MORE,
    "a WebP picture; convert it to PNG": b"RIFF\x10\0\0\0WEBPVP8 " + MORE,
    "a TIFF picture; convert it to PNG": b"II*\0" + MORE,
    "a HEIC picture; convert it to PNG": b"\0\0\0\x18ftypheic" + MORE,
    "an AVIF picture; convert it to PNG": b"\0\0\0\x1cftypavif" + MORE,
    "a BMP picture; convert it to PNG": b"BM" + struct.pack("<III", 500, 0, 54) + MORE,
    "a PGM picture; convert it to PNG": b"P5\n28 28\n255\n" + MORE,
}
ZIPS = {"an Excel workbook; save the table as CSV": "xl/workbook.xml", "an OpenDocument file; save the table": "content.xml",
        "a PyTorch archive of pickles, which are not read since they can run any program; save the weights with safetensors": "archive/data.pkl",
        "a Keras model; save its weights as NPZ": "model.weights.h5"}


class FirstBytes(Tables):
    def check(self, name, said):
        """As data to train on, to test on and to predict, and as a model."""
        began = time.monotonic()
        self.assertIn(f"{name}: is {said}", self.refused(name))
        self.assertIn(f"{name}: is {said}", self.refused("train.csv", "--test", name))
        self.assertIn(f"{name}: is {said}", self.run_program("predict", "m", name, code=INPUT).stderr)
        self.assertIn(f"{name}: is {said}", self.run_program("eval", name, "--data", "train.csv", code=INPUT).stderr)
        self.assertLess(time.monotonic() - began, 60)

    def setUp(self):
        super().setUp()
        self.run_program("train", "--data", self.write("train.csv", blobs(150), COLUMNS), *T, "--save", "m")

    def test_files(self):
        for i, (said, content) in enumerate(FILES.items()):
            with self.subTest(said):
                (self.folder / f"file{i}.png").write_bytes(content)
                self.check(f"file{i}.png", said)

    def test_as_data_alone(self):
        """What a model is named with, and what a table is saved as."""
        for i, text in enumerate(('{"a": 1, "b": 2}', ' [\n {"a": 1}]', "[[1, 2], [3, 4]]", '{"a": 1}\n{"a": 2}\n')):
            (self.folder / f"{i}.json").write_text(text)
            self.assertIn(f"{i}.json: is a JSON file; save the table as CSV", self.refused(f"{i}.json"))
        self.assertIn("m: is a model, not data; name it with --load to train it further, and its data with --data", self.refused("m"))
        self.assertIn("0.json: is a text file, not a model", self.run_program("eval", "0.json", "--data", "train.csv", code=INPUT).stderr)

    def test_cut_short(self):
        """The first few bytes of each are some error, and no crash."""
        for content in FILES.values():
            for length in (1, 2, 3, 5, 9, 11):
                (self.folder / "short").write_bytes(content[:length])
                self.refused("short")
                self.run_program("eval", "short", "--data", "train.csv", code=INPUT)

    def test_archives(self):
        for i, (said, member) in enumerate(ZIPS.items()):
            with self.subTest(said):
                with zipfile.ZipFile(self.folder / f"file{i}.npz", "w") as archive:
                    archive.writestr("other", "text")
                    archive.writestr(member, "text")
                self.check(f"file{i}.npz", said)

    def test_in_folder(self):
        """What git-lfs leaves in the place of MNIST."""
        pointer = next(content for said, content in FILES.items() if "git-lfs" in said)
        (self.folder / "bars" / "train-images-idx3-ubyte").write_bytes(pointer)
        self.assertIn("train-images-idx3-ubyte: is a git-lfs pointer, not the file itself; get the file with git lfs pull",
                      self.refused("bars", "--layers", "784-10", options=[]))

    def test_tables_that_begin_alike(self):
        """Text that begins like another format is a table still."""
        for header in (["PAR1", "P5", "BM", "WEBP", "y"], ["BM", "GIF", "MM", "II", "y"], ["id", "json", "c", "d", "y"],
                       ["{a}", "[b]", "c", "d", "y"], ["[a", "{b", "c", "d", "y"]):
            self.trains(self.write("t.csv", blobs(150), header))


if __name__ == "__main__":
    main()
