"""The program under test, as people and scripts call it: in a folder of its own, without a home, without MNIST and without the network.

    TEST_FILE PROGRAM [SIMULATED_MODULE] [-k NAME]"""
import json
import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
MODULE = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 and not sys.argv[2].startswith("-") else None

OK, FAILURE, USAGE, INPUT, DEVICE, DIVERGED, OUTPUT, CHECK = range(8)
SMALL = ["--layers", "784-8-10", "--batch", "50", "--epochs", "2", "--device", "cpu"]


def idx(sizes, data):
    return struct.pack(">BBBB", 0, 0, 8, len(sizes)) + struct.pack(">" + "I" * len(sizes), *sizes) + data


def bars(n):
    """n images of 28 x 28: class i mod 10 is a bar over rows 4...23, columns 4 + 2k and 5 + 2k."""
    images = bytearray(n * 784)
    for i in range(n):
        for row in range(4, 24):
            for column in (4 + 2 * (i % 10), 5 + 2 * (i % 10)):
                images[i * 784 + row * 28 + column] = 255 - 13 * i % 50
    return idx([n, 28, 28], bytes(images)), idx([n], bytes(i % 10 for i in range(n)))


def signed(content):
    """A model or checkpoint with the checksum of its content, as somebody who means to change it would write it."""
    found = re.search(rb'"annc\.checksum": ?"', content)
    if not found:
        return content
    before, after = content[:found.end()], content[found.end() + 8:]
    return before + b"%08x" % zlib.crc32(before + b"0" * 8 + after) + after


def open_terminal():
    """As pty.openpty(); skips the test where the system has no pseudoterminals, as in a chroot without /dev/pts."""
    try:
        return pty.openpty()
    except OSError as error:
        raise unittest.SkipTest(f"no pseudoterminal: {error}") from error


def slowness():
    """How many times longer than on an idle machine a fixed piece of work takes now, at least 1: limits of time are
    multiplied by it. The work is measured on as many processors at once as the machine has, or a busy one might be
    missed. The processor's time, which does not grow with the load, tells what it takes on an idle machine."""
    work = "import time\nbegan = time.monotonic()\nfor _ in range(2000000): pass\nprint(time.monotonic() - began, time.process_time())"
    processes = [subprocess.Popen([sys.executable, "-c", work], stdout=subprocess.PIPE, text=True) for _ in range(os.cpu_count() or 1)]
    measured = [tuple(map(float, process.communicate()[0].split())) for process in processes]
    return max(1, *(seconds / processor for seconds, processor in measured))


class Cli(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="annc-cli-"))
        self.environment = {"PATH": os.environ["PATH"], "ANNC_OFFLINE": "1", "XDG_CACHE_HOME": str(self.folder / "cache"),
                            "CUDA_VISIBLE_DEVICES": "",  # what a GPU computes is for the tests labelled gpu
                            "TMPDIR": str(self.folder / "temporary"),  # where nothing can be written before a test makes it
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        self.write_bars("bars", 400, 100)

    def write_bars(self, name, train, test):
        """A folder of IDX files: so many images of bars to train on, and to test with."""
        folder = self.folder / name
        folder.mkdir()
        for kind, n in (("train", train), ("t10k", test)):
            images, labels = bars(n)
            (folder / f"{kind}-images-idx3-ubyte").write_bytes(images)
            (folder / f"{kind}-labels-idx1-ubyte").write_bytes(labels)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def run_program(self, *arguments, code=OK, environment=None, program=PROGRAM, timeout=120, **more):
        result = subprocess.run([str(program), *map(str, arguments)], cwd=self.folder, env={**self.environment, **(environment or {})},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, **more)
        self.assertEqual(result.returncode, code, f"{arguments}\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
        return result

    def has_zlib(self):
        return "zlib none" not in self.run_program("--version").stdout

    def has_png(self):
        return "libpng none" not in self.run_program("--version").stdout

    def has_jpeg(self):
        return "libjpeg none" not in self.run_program("--version").stdout

    def lines(self, *arguments, **more):
        return [json.loads(line) for line in self.run_program(*arguments, "--json", **more).stdout.splitlines()]

    def train(self, *arguments, **more):
        return self.lines("train", "--data", "bars", *SMALL, *arguments, **more)


def main():
    """Runs the tests; exit code 77 where every one was skipped."""
    arguments = [sys.argv[0]] + [a for a in sys.argv[2:] if not MODULE or pathlib.Path(a).resolve() != MODULE]
    result = unittest.main(argv=arguments, exit=False).result
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}", file=sys.stderr)
    skipped = result.testsRun > 0 and result.testsRun == len(result.skipped)
    sys.exit(77 if skipped else not result.wasSuccessful())
