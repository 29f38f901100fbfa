#!/usr/bin/env python3
"""Files that are written: none takes the place of one that is read, or of another that is written. Called as program.py says."""
import json
import os
import subprocess

from program import DEVICE, INPUT, OUTPUT, PROGRAM, SMALL, USAGE, main
from tables import COLUMNS, T, Tables, blobs


class Outputs(Tables):
    def setUp(self):
        super().setUp()
        self.write("d.csv", blobs(60), COLUMNS)
        self.write("e.csv", blobs(30), COLUMNS)
        self.write("run.config", [["epochs = 2"]])
        self.train_it("--save", "m", "--checkpoint", "c", "--log", "l", "--epochs", "2")

    def words(self, *more):
        options = [word for pair in zip(T[::2], T[1::2]) if pair[0] not in more for word in pair]
        return ["train", "--data", "d.csv", *options, *more]

    def train_it(self, *more, **kinds):
        return self.run_program(*self.words(*more), **kinds)

    def contents(self):
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


class Log(Outputs):
    def lines_of(self, name):
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]

    def test_where_lines_are_printed(self):
        """A model or checkpoint is not written among the lines on standard output or standard error, however they are called."""
        train = ["train", "--data", "bars", *SMALL]
        for option in ("--save", "--checkpoint"):
            for path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/stderr", "/proc/self/fd/2"):
                message = self.run_program(*train, option, path, code=USAGE).stderr
                self.assertIn(f"{option} {path}: the program prints there", message)
        with open(self.folder / "lines", "w") as lines:
            result = subprocess.run([str(PROGRAM), *train, "--save", "lines"], cwd=self.folder, env=self.environment, stdout=lines,
                                    stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, USAGE)
        self.assertIn("--save lines: the program prints there", result.stderr)
        self.run_program(*train, "--save", "/dev/null")
        result = subprocess.run([str(PROGRAM), *train, "--save", "/dev/null"], cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 0)

    def test_what_was_said_is_kept_until_the_training_begins(self):
        """A mistake of the command line, or data that cannot be read, cost no log of an earlier run."""
        before = (self.folder / "l").read_bytes()
        (self.folder / "bad.csv").write_text("a,b\n1\n2,3,4\n")
        for arguments, code in ((["--data", "nowhere"], INPUT), (["--data", "bad.csv"], INPUT), (["--data", "d.csv", "--layers", "5-3"], INPUT),
                                (self.words("--device", "cuda:77")[1:], DEVICE), (["--data", "d.csv", "--lr", "x"], USAGE), (["--resume", "m"], INPUT),
                                (["--data", "d.csv", *T, "--save", "no/where"], OUTPUT), (["--data", "d.csv", *T, "--folds", "61"], INPUT)):
            self.run_program("train", *arguments, "--log", "l", code=code)
            self.assertEqual((self.folder / "l").read_bytes(), before, arguments)

    def test_a_new_training_begins_anew(self):
        for more, count in (([], 0), (["--folds", "3"], 3), (["--folds", "3", "--checkpoint", "f"], 3)):
            self.train_it("--epochs", "2", "--log", "l", *more)
            lines = self.lines_of("l")
            self.assertEqual(sorted(line["epoch"] for line in lines if line["schema"] == "annc.epoch/1"), sorted([1, 2] * max(count, 1)))
            self.assertEqual(sum(line["schema"] == "annc.fold/1" for line in lines), count)

    def test_a_resumed_training_goes_on(self):
        self.run_program("train", "--resume", "c", "--epochs", "3", "--log", "l")
        self.assertEqual([line.get("epoch") for line in self.lines_of("l") if line["schema"] == "annc.epoch/1"], [1, 2, 3])

    def test_a_log_beside_the_standard_output(self):
        """What the program has already said in the same file stays."""
        with open(self.folder / "said", "a") as out:
            out.write("before\n")
            out.flush()
            subprocess.run([str(PROGRAM), *self.words("--epochs", "2", "--log", "said")], cwd=self.folder, env=self.environment, stdout=out,
                           stderr=subprocess.DEVNULL, check=True)
        said = (self.folder / "said").read_text()
        self.assertTrue(said.startswith("before\n"), said)
        self.assertIn('"annc.result/1"', said)
        self.assertIn("Epoch 2:", said)


class Overwriting(Outputs):
    def conflict(self, words, *named):
        """Refused before any work, with the names of both, and every file is as it was."""
        before = self.contents()
        with self.subTest(words=words):
            result = self.run_program(*words, code=USAGE)
            self.assertEqual(result.stdout, "")
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            for name in named:
                self.assertIn(name, result.stderr)
            self.assertEqual(self.contents(), before)

    def test_inputs(self):
        """Every output of every command against what the command reads."""
        for option, other in (("--log", "--data"), ("--save", "--data"), ("--checkpoint", "--data")):
            self.conflict(self.words(option, "d.csv"), option, other, "d.csv")
        for reads in ("--test", "--validation", "--labels", "--test-labels"):
            self.conflict(self.words(reads, "e.csv", "--log", "e.csv"), "--log", reads)
        self.conflict(["train", "--data", "d.csv", *self.words("--epochs")[3:-1], "--config", "run.config", "--save", "run.config"], "--save", "--config")
        self.conflict(["train", "--load", "m", "--data", "d.csv", "--log", "m"], "--log", "--load")
        self.conflict(["train", "--load", "m", "--data", "d.csv", "--checkpoint", "m"], "--checkpoint", "--load")
        self.conflict(["sweep", "--data", "d.csv", "--grid", "lr=1,2", "--save", "d.csv"], "--save", "--data")
        for same in ("m", "d.csv"):
            self.conflict(["eval", "m", "--data", "d.csv", "--per-example", same], "--per-example", same)
        self.conflict(["export", "m", "--format", "c", "--out", "m"], "--out", "m")
        os.rename(self.folder / "m", self.folder / "m.svg")
        self.conflict(["show", "m.svg", "--out", "m.svg"], "--out", "m.svg")
        self.conflict(["trace", "m.svg", "--data", "d.csv", "--out", "m.svg"], "--out", "m.svg")

    def test_what_a_checkpoint_or_a_log_names(self):
        self.conflict(["train", "--resume", "c", "--epochs", "3", "--log", "d.csv"], "--log", "--data")
        self.conflict(["train", "--resume", "c", "--epochs", "3", "--save", "c"], "--save", "--resume")
        self.conflict(["report", "l", "--out", "l"], "--out", "l")
        self.conflict(["report", "l", "--out", "m"], "--out", "model")
        self.conflict(["report", "l", "--out", "d.csv"], "--out", "data")
        self.conflict(["report", "l", "--data", "e.csv", "--out", "e.csv"], "--out", "--data")

    def test_outputs(self):
        self.conflict(self.words("--save", "new", "--checkpoint", "new"), "--save", "--checkpoint")
        self.conflict(self.words("--save", "new", "--log", "./new"), "--save", "--log")
        self.conflict(self.words("--log", "new.svg", "--plot", "new.svg"), "--log", "--plot")
        self.conflict(self.words("--save", "m", "--log", "m"), "--save", "--log")

    def test_other_names_of_one_file(self):
        os.link(self.folder / "d.csv", self.folder / "hard")
        (self.folder / "soft").symlink_to("d.csv")
        (self.folder / "sub").mkdir()
        (self.folder / "folder").symlink_to("sub")
        (self.folder / "sub/link").symlink_to("../new")
        (self.folder / "absolute").symlink_to(self.folder / "sub" / "link")
        for name in ("hard", "soft", "sub/../d.csv", self.folder / "d.csv"):
            self.conflict(self.words("--log", name), "--log", "--data")
        for first, second in (("sub/link", "new"), ("absolute", "new"), ("sub/new", "folder/new"), ("new", "sub/../new"), ("new", self.folder / "new")):
            self.conflict(self.words("--log", first, "--save", second), "--log", "--save")

    def test_images_found_by_name(self):
        for name in ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
            self.conflict(["train", "--data", "bars", "--layers", "784-4-10", "--log", f"bars/{name}"], "--log", name)

    def test_what_is_no_conflict(self):
        """A model or a checkpoint that gives way to the next; places that are no files; a folder of data with a model in it."""
        self.run_program("train", "--load", "m", "--data", "d.csv", "--epochs", "1", "--save", "m")
        self.run_program("train", "--resume", "c", "--checkpoint", "c", "--epochs", "3", "--save", "m")
        self.train_it("--epochs", "1", "--save", "/dev/null", "--checkpoint", "/dev/null", "--log", "/dev/null")
        for _ in range(2):
            self.run_program("train", "--data", "bars", "--layers", "784-4-10", "--epochs", "1", "--save", "bars/model", "--log", "bars/log")


class Dash(Outputs):
    """'-' is standard output where something can be read from there, and never a file by chance."""

    def setUp(self):
        super().setUp()
        self.run_program("train", "--data", "bars", *SMALL, "--save", "images")

    def out(self, *words):
        """What a command writes to '-' is what it writes to a file, and nothing else is on standard output or told of a file."""
        result = self.run_program(*words, "-")
        self.assertNotIn(" in -", result.stderr)
        self.assertNotIn("wrote -", result.stderr)
        self.assertFalse((self.folder / "-").exists())
        return result.stdout

    def test_standard_output(self):
        for words, name in ((["report", "l", "--out"], "r.html"), (["trace", "--out"], "t"), (["trace", "m", "--data", "d.csv", "--out"], "u.txt"),
                            (["show", "bars", "--out"], "s.svg"), (["show", "images", "--out"], "w.svg"), (["export", "m", "--format", "c", "--out"], "m.c"),
                            (["eval", "m", "--data", "d.csv", "--per-example"], "e.csv")):
            said = self.out(*words)
            self.run_program(*words, name)
            self.assertEqual(said, (self.folder / name).read_text(), words)

    def test_numbers_for_each_example(self):
        self.write("n.csv", [[i, i * i] for i in range(9)], ["x", "y"])
        self.run_program("train", "--data", "n.csv", "--target", "y", "--layers", "1-2:tanh-1:identity", "--epochs", "1", "--lr", "0.01", "--save", "n")
        self.assertRegex(self.out("eval", "n", "--data", "n.csv", "--per-example"), r"^row,y,predicted_y\n1,\S+\n2,")
        said = self.run_program("eval", "n", "--data", "n.csv", "--per-example", "-", "--json", code=USAGE).stderr
        self.assertIn("--per-example - cannot be combined", said)

    def test_files_that_are_none(self):
        for words in (self.words("--save", "-"), self.words("--checkpoint", "-"), self.words("--plot", "-"), ["train", "--resume", "c", "--checkpoint", "-"],
                      ["sweep", "--data", "d.csv", "--grid", "lr=1,2", "--save", "-"]):
            result = self.run_program(*words, code=USAGE)
            self.assertIn(f"{words[-2]} needs a file name", result.stderr)
            self.assertIn("./-", result.stderr)
        self.assertFalse((self.folder / "-").exists())
        self.train_it("--save", "./-", "--epochs", "1")
        self.assertTrue((self.folder / "-").exists())

    def test_write_protected(self):
        """A file that nobody may write is replaced with --force alone, also by root."""
        train = ["train", "--data", "bars", "--layers", "784-4-10", "--epochs", "1", "--device", "cpu", "--quiet"]
        self.run_program(*train, "--save", "m", "--checkpoint", "c")
        for command in ([*train, "--save", "@"], [*train, "--checkpoint", "@"], [*train, "--log", "@"], [*train, "--plot", "@.svg"],
                        ["sweep", *train[1:], "--grid", "lr=1,2", "--save", "@"], ["export", "m", "--format", "c", "--out", "@"],
                        ["eval", "m", "--data", "bars", "--per-example", "@"], ["show", "bars", "--out", "@.svg"], ["trace", "--out", "@.svg"]):
            name = next(word for word in command if word.startswith("@"))
            path = self.folder / name.replace("@", "kept")
            command = [word.replace("@", "kept") for word in command]
            path.write_text("mine")
            path.chmod(0o444)
            said = self.run_program(*command, code=OUTPUT).stderr
            self.assertIn(f"{path.name}: is write-protected; give --force to replace it, or another --", said)
            self.assertEqual(path.read_text(), "mine")
            if os.geteuid() == 0 or "--log" not in command:  # which is written in its place
                self.run_program(*command, "--force")
                self.assertNotEqual(path.read_bytes(), b"mine")
                self.assertEqual(path.stat().st_mode & 0o777, 0o444)
            path.unlink()
        (self.folder / "c").chmod(0o444)
        self.assertIn("is write-protected", self.run_program("train", "--resume", "c", "--epochs", "2", code=OUTPUT).stderr)
        self.run_program("train", "--resume", "c", "--epochs", "2", "--force")


if __name__ == "__main__":
    main()
