#!/usr/bin/env python3
"""Every command of README.md and of the pages about the program runs as it stands, and every link leads somewhere.

    test_documentation.py PROGRAM

Commands are the indented lines that begin with annc-gpu, awk or printf. Those of a page run in their order in one empty directory,
without network, so on built-in digits."""
import gzip
import pathlib
import re
import subprocess
import unittest

from pictures import grey, jpeg, segment_digit
from program import Cli, PROGRAM, main

ROOT = pathlib.Path(__file__).resolve().parents[2]

PAGES = ["README.md", "docs/audit.md", "docs/tables.md"]
TOO_LONG = {"annc-gpu train --preset modern": " --epochs 1"}  # added to the command
OF_MNIST = {"~/.cache/annc/mnist/t10k-images-idx3-ubyte.gz": "mine.png", "show mnist": "show digits"}  # what training downloads


def commands(page):
    """The commands of a page: lines of an indented block, with their continuations, without comments."""
    found, lines = [], (ROOT / page).read_text(encoding="utf-8").splitlines()
    for line in lines:
        text = re.sub(r"\s{2,}# .*", "", line[4:]).rstrip() if line.startswith("    ") else ""
        if found and found[-1].endswith("\\") and text:
            found[-1] = found[-1][:-1] + text.strip()
        elif found and found[-1].count("'") % 2 and text:
            found[-1] += "\n" + text
        elif re.match(r"(annc-gpu|awk|printf) ", text):
            found.append(text)
    return found


class Documentation(Cli):
    def prepare(self):
        """Files that the pages take for granted: the reader's own picture and tables."""
        self.run_program("train", "--data", "digits", "--epochs", "1", "--quiet", "--save", "start.safetensors")
        self.run_program("show", "digits", "--count", "1", "--out", "mine.png")
        row = ",".join(["0"] * 783 + ["255"])
        (self.folder / "many.csv.gz").write_bytes(gzip.compress(f"{row}\n{row}\n".encode()))
        flowers = "length,width,kind\n" + "".join(f"{1 + 2 * (i % 3) + 0.01 * i},{0.5 + i % 3},{('rose', 'fern', 'moss')[i % 3]}\n" for i in range(60))
        (self.folder / "flowers.csv").write_text(flowers)
        (self.folder / "new.csv").write_text("length,width\n1.2,0.5\n")
        for i in range(20):
            path = self.folder / f"own/train/{('one', 'seven')[i % 2]}/{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(grey(segment_digit((1, 7)[i % 2], i)))
        (self.folder / "new").mkdir(exist_ok=True)
        (self.folder / "new/1.jpg").write_bytes(jpeg(segment_digit(1, 99)))

    def test_commands(self):
        if not self.has_png() or not self.has_zlib() or not self.has_jpeg():
            self.skipTest("this build has no libpng, no libjpeg or no zlib")
        for page in PAGES:
            self.prepare()
            found = commands(page)
            self.assertGreater(len(found), 1, page)
            for command in found:
                with self.subTest(page=page, command=command):
                    whole = command + TOO_LONG.get(command, "")
                    for name, digits in OF_MNIST.items():
                        whole = whole.replace(name, digits)
                    run = subprocess.run(["bash", "-c", f"set -o pipefail; annc-gpu() {{ '{PROGRAM}' \"$@\"; }}; {whole}"], cwd=self.folder,
                                         env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
                    self.assertEqual(run.returncode, 0, run.stdout[-1000:] + run.stderr[-1000:])

    def test_links(self):
        pages = [page for page in ROOT.glob("**/*.md") if "build" not in page.relative_to(ROOT).parts]
        for page in pages:
            text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
            for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
                if "://" not in target:
                    self.assertTrue((page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}")


if __name__ == "__main__":
    main()
