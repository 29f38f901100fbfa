#!/usr/bin/env python3
"""Files that are written: none takes the place of one that is read, or of another that is written. Called as program.py says."""
import json
import subprocess

from program import DEVICE, INPUT, OUTPUT, PROGRAM, USAGE, main
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


if __name__ == "__main__":
    main()
