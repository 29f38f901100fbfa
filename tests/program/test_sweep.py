#!/usr/bin/env python3
"""Many networks at once. Called as program.py says."""
import json
import signal
import struct
import subprocess
import time
import unittest

from program import DIVERGED, INPUT, OUTPUT, PROGRAM, USAGE, main
from tables import Tables, blobs

NETWORK = ["--layers", "784-8-10", "--epochs", "3", "--device", "cpu"]


def parameters(path):
    """The tensors of a safetensors file, without what it says of itself."""
    content = path.read_bytes()
    return content[8 + struct.unpack("<Q", content[:8])[0]:]


class Sweep(Tables):
    def sweep(self, *arguments, **more):
        return self.lines("sweep", "--data", "bars/train-images-idx3-ubyte", *NETWORK, *arguments, **more)

    def train(self, *arguments):
        return self.lines("train", "--data", "bars/train-images-idx3-ubyte", "--validation", "0.1", *NETWORK, *arguments)[-1]

    def test_as_alone(self):
        """Every network of a grid ends as it does alone, by several threads at once and whatever the engine."""
        for engine in ("auto", "ops"):
            lines = self.sweep("--grid", "lr=0.5,3", "--grid", "batch=10,16", "--engine", engine, "--threads", "3", "--save", "best")
            *networks, result = lines
            self.assertEqual([line["schema"] for line in lines], ["annc.sweep/1"] * 4 + ["annc.sweep_result/1"])
            self.assertEqual(sorted((line["lr"], line["batch"]) for line in networks), [(0.5, 10), (0.5, 16), (3, 10), (3, 16)])
            for line in networks:
                alone = self.train("--lr", line["lr"], "--batch", line["batch"], "--engine", engine, "--threads", "1", "--save", "alone")
                self.assertEqual(line["validation_accuracy"], alone["validation_accuracy"])
                self.assertEqual(line["validation_loss"], alone["validation_loss"])
                if line["network"] == result["best"]:
                    self.assertEqual(parameters(self.folder / "best"), parameters(self.folder / "alone"))
            self.assertEqual(result["validation_accuracy"], max(line["validation_accuracy"] for line in networks))
            self.assertEqual((result["networks"], result["failed"]), (4, 0))

    def test_save_all(self):
        """Networks that --save-all has are not trained again, and the results are the same; a file of another sweep is refused."""
        arguments = ["--grid", "lr=0.5,1,3", "--seeds", "2", "--threads", "3", "--save-all", "all"]
        first = self.sweep(*arguments)
        files = [f"network-{number}.safetensors" for number in range(1, 7)]
        self.assertEqual(sorted(path.name for path in (self.folder / "all").iterdir()), files)
        self.assertEqual([line["network"] for line in first[:-1]], [1, 2, 3, 4, 5, 6])
        self.assertIn("annc.candidate", self.run_program("info", "all/network-1.safetensors").stdout)
        (self.folder / "all" / files[1]).unlink()
        kept = {name: (self.folder / "all" / name).stat().st_mtime_ns for name in (files[0], *files[2:])}
        again = self.run_program("sweep", "--data", "bars/train-images-idx3-ubyte", *NETWORK, *arguments, "--json")
        self.assertIn("5 of 6 networks are already trained in all\n", again.stderr)
        lines = [json.loads(line) for line in again.stdout.splitlines()]
        for line, before in zip(lines, first, strict=True):
            if f"network-{line.get('network')}.safetensors" in kept:
                self.assertEqual(line["seconds"], before["seconds"])
            for key in ("seconds", "wall_seconds"):
                line.pop(key, None)
                before.pop(key, None)
            self.assertEqual(line, before)
        self.assertEqual({name: (self.folder / "all" / name).stat().st_mtime_ns for name in kept}, kept)
        for change, text in ((["--l2", "0.1"], "network-1.safetensors was trained with other options; give --save-all another directory"),
                             (["--validation", "0.3"], "network-1.safetensors was trained with other options")):
            told = self.run_program("sweep", "--data", "bars/train-images-idx3-ubyte", *NETWORK, *arguments, *change, code=INPUT).stderr
            self.assertIn(text, told)
        labels = self.folder / "bars" / "train-labels-idx1-ubyte"
        content = labels.read_bytes()
        labels.write_bytes(content[:-1] + bytes([(content[-1] + 1) % 10]))
        told = self.run_program("sweep", "--data", "bars/train-images-idx3-ubyte", *NETWORK, *arguments, code=INPUT).stderr
        self.assertIn("all/network-1.safetensors: the network was trained with other data; give --save-all another directory", told)
        labels.write_bytes(content)
        (self.folder / "all" / files[0]).write_bytes(b"damaged")
        self.run_program("sweep", "--data", "bars/train-images-idx3-ubyte", *NETWORK, *arguments, code=INPUT)
        for folder, code in (("none/all", OUTPUT), ("best", OUTPUT)):
            (self.folder / "best").write_text("a file")
            told = self.run_program("sweep", "--data", "bars/train-images-idx3-ubyte", *NETWORK, "--save-all", folder, code=code).stderr
            self.assertIn(f"annc-gpu: --save-all: {folder}: ", told)
        for extra, text in ((["--save", "m"], "--save-all needs --folds"), (["--folds", "3", "--checkpoint", "c"], "--save-all and --checkpoint")):
            told = self.run_program("train", "--data", "bars/train-images-idx3-ubyte", *NETWORK, "--save-all", "all", *extra, code=USAGE).stderr
            self.assertIn(text, told)

    def test_save_all_folds(self):
        """The same for folds, one after another and at once."""
        for threads in (1, 3):
            folds = ["train", "--data", "bars/train-images-idx3-ubyte", *NETWORK, "--folds", "3", "--threads", threads]
            alone = self.run_program(*folds).stdout
            self.assertEqual(self.run_program(*folds, "--save-all", f"all{threads}").stdout, alone)
            (self.folder / f"all{threads}" / "fold-2.safetensors").unlink()
            again = self.run_program(*folds, "--save-all", f"all{threads}")
            self.assertEqual(again.stdout, alone)
            self.assertEqual([line for line in again.stderr.splitlines() if "already" in line],
                             ["fold 1 is already trained", "fold 3 is already trained"])
            self.assertEqual(len(list((self.folder / f"all{threads}").iterdir())), 3)

    def test_seeds(self):
        *networks, result = self.sweep("--seeds", "5", "--seed", "7", "--lr", "2", "--save", "best")
        self.assertEqual(sorted(line["seed"] for line in networks), [7, 8, 9, 10, 11])
        self.train("--seed", result["seed"], "--split-seed", "7", "--lr", "2", "--threads", "1", "--save", "alone")
        self.assertEqual(parameters(self.folder / "best"), parameters(self.folder / "alone"))
        config = self.run_program("info", "best").stdout
        self.assertIn(f"seed = {result['seed']}", config)
        self.assertIn("lr = 2", config)
        self.assertIn("split-seed = 7", config)

    def test_random(self):
        arguments = ["--grid", "lr=0.1..10", "--grid", "batch=8..32", "--grid", "activation=tanh,relu", "--random", "12"]
        first, again = (sorted(self.sweep(*arguments)[:-1], key=lambda line: line["network"]) for _ in range(2))
        for line in first + again:
            del line["seconds"]
        self.assertEqual(first, again)
        self.assertEqual(len({line["lr"] for line in first}), 12)
        for line in first:
            self.assertTrue(0.1 <= line["lr"] <= 10 and 8 <= line["batch"] <= 32 and line["activation"] in ("tanh", "relu"))
        self.assertTrue({line["activation"] for line in first} == {"tanh", "relu"})
        self.assertTrue(min(line["lr"] for line in first) < 0.8)  # evenly in size
        other = self.sweep(*arguments, "--seed", "2")
        self.assertNotEqual({line["lr"] for line in first}, {line["lr"] for line in other[:-1]})

    def test_table(self):
        """Patience, several layers and a regression; the table has the best first."""
        rows = [["x", "y"]] + [[str(i / 50 - 1), str((i / 50 - 1) ** 2)] for i in range(100)]
        (self.folder / "r.csv").write_text("\n".join(",".join(row) for row in rows) + "\n")
        base = ["sweep", "--data", "r.csv", "--target", "y", "--grid", "layers=1-8:tanh-1:identity,1-8:tanh-8:tanh-1:identity", "--grid",
                "lr=0.001,0.05", "--epochs", "60", "--patience", "20", "--device", "cpu"]
        *networks, result = self.lines(*base)
        self.assertEqual(result["validation_r2"], max(line["validation_r2"] for line in networks))
        table = self.run_program(*base, "--top", "3").stdout.splitlines()
        self.assertEqual(len(table), 4)
        merits = [float(line.split()[1]) for line in table[1:]]
        self.assertEqual(merits, sorted(merits, reverse=True))
        self.assertIn(f"lr={result['lr']:g}", table[1])

    def test_ensemble(self):
        """The mean of three networks, as one that other commands take."""
        lines = self.sweep("--seeds", "3", "--lr", "2", "--save", "together", "--ensemble", "3")
        for line in lines[:-1]:
            self.train("--seed", line["seed"], "--split-seed", "1", "--lr", "2", "--threads", "1", "--save", f"m{line['seed']}")
        images = "bars/t10k-images-idx3-ubyte"
        together = self.lines("predict", "together", images)
        apart = [self.lines("predict", f"m{seed}", images) for seed in (1, 2, 3)]
        import math
        for i, line in enumerate(together):
            z = [sum(math.log(a[i]["probabilities"][j] / (1 - a[i]["probabilities"][j])) for a in apart) / 3 for j in range(10)]
            for p, mean in zip(line["probabilities"], z, strict=True):
                self.assertAlmostEqual(p, 1 / (1 + math.exp(-mean)), 4)
        self.assertEqual(self.lines("eval", "together", "--data", "bars")[-1]["schema"], "annc.eval/1")
        refused = self.run_program("sweep", "--data", "bars/train-images-idx3-ubyte", *NETWORK, "--grid", "activation=tanh,relu", "--save", "mixed",
                                   "--ensemble", "2", code=USAGE)
        self.assertIn("relu", refused.stderr)
        self.assertIn("activation=", refused.stdout)  # the table is there all the same
        self.assertIn("784-24-10", self.run_program("info", "together").stdout)

    def test_diverging(self):
        """One that diverges is told of, and does not stop the others; where all do, that is an error."""
        self.write_csv_rows("wide.csv")
        base = ["sweep", "--data", "wide.csv", "--target", "y", "--layers", "1-1:identity", "--scale", "none", "--target-scale", "none", "--epochs", "40",
                "--device", "cpu"]
        *networks, result = self.lines(*base, "--grid", "lr=1e-9,1e30")
        failed = [line for line in networks if "error" in line]
        self.assertEqual(len(failed), 1)
        self.assertIn("diverged", failed[0]["error"])
        self.assertEqual((result["failed"], result["lr"]), (1, 1e-9))
        self.run_program(*base, "--grid", "lr=1e30,1e31", code=DIVERGED)

    def write_csv_rows(self, name):
        (self.folder / name).write_text("x,y\n" + "".join(f"{i * 100},{i * 3}\n" for i in range(60)))

    def test_interrupted(self):
        """Ctrl-C ends it soon; what was done is ranked and saved."""
        said = self.folder / "said"
        with open(said, "w", encoding="utf-8") as out:
            process = subprocess.Popen([str(PROGRAM), "sweep", "--data", "bars/train-images-idx3-ubyte", "--layers", "784-8-10", "--epochs", "40",
                                        "--seeds", "2000", "--json", "--device", "cpu", "--save", "best"], cwd=self.folder, env=self.environment,
                                       stdout=out, stderr=subprocess.DEVNULL)
            while "\n" not in said.read_text() and process.poll() is None:
                time.sleep(0.01)
            start = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(process.returncode, 128 + signal.SIGINT)
        lines = [json.loads(line) for line in said.read_text().splitlines()]
        self.assertEqual([line["schema"] for line in lines], ["annc.sweep/1"] * (len(lines) - 1) + ["annc.sweep_result/1"])
        self.assertEqual(lines[-1]["networks"], len(lines) - 1)
        self.assertTrue((self.folder / "best").exists())

    def test_refused(self):
        for arguments, words in ((["--grid", "foo=1"], "unknown option 'foo'"), (["--grid", "learn=1"], "unknown option"), (["--grid", "lr"], "NAME=VALUE"),
                                 (["--grid", "lr=1,x"], "--lr"), (["--grid", "seed=1,2"], "--seeds"), (["--grid", "lr=1..2"], "--random"),
                                 (["--grid", "lr=2..1", "--random", "3"], "empty"), (["--grid", "lr=1", "--grid", "lr=2"], "varied twice"),
                                 (["--random", "5"], "--grid"), (["--grid", "data=a,b"], "same for all"),
                                 (["--grid", "layers=784-8-10,784-8-9"], "must have 784 inputs and 10 outputs"), (["--grid", "batch=0..4", "--random", "2"], "--batch"),
                                 (["--seeds", "100000", "--grid", "lr=1,2"], "networks")):
            with self.subTest(arguments):
                result = self.run_program("sweep", "--data", "bars", *arguments, code=USAGE)
                self.assertIn(words, result.stderr)
        self.run_program("sweep", "--data", "nowhere", "--grid", "lr=1,2", code=INPUT)
        self.run_program("sweep", "--data", "bars", "--grid", "lr=1,2", "--save", "nowhere/m", code=OUTPUT)


if __name__ == "__main__":
    main()
