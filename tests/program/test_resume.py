#!/usr/bin/env python3
"""Runs that are broken, by signals and by force, and go on from their checkpoints. ANNC_TEST_KILLS says how often by force (200; 0: not at all).
Called as program.py says."""
import json
import os
import random
import resource
import re
import signal
import struct
import subprocess
import sys
import time
import unittest

from program import DIVERGED, INPUT, OK, OUTPUT, PROGRAM, USAGE, main, signed, slowness
from tables import COLUMNS, T, Tables, blobs

KILLS = int(os.environ.get("ANNC_TEST_KILLS", "200"))
TWO_CLASSES = ["--layers", "4-8:tanh-3:softmax", "--cost", "categorical-cross-entropy", "--batch", "4", "--device", "cpu", "--threads", "1"]
MANY = [  # kinds of training that keep something between steps
    ["--optimizer", "adam", "--lr", "0.01", "--schedule", "cosine"],
    ["--optimizer", "momentum", "--lr", "0.05", "--schedule", "plateau", "--schedule-period", "1", "--validation", "0.2"],
    ["--optimizer", "sgd", "--lr", "0.1", "--dropout", "0.2", "--input-noise", "0.1"],
    ["--optimizer", "rmsprop", "--lr", "0.002", "--validation", "0.2", "--patience", "6", "--class-weights", "balanced"],
    ["--optimizer", "adamw", "--lr", "0.01", "--folds", "3", "--schedule", "one-cycle"],
]


def rates(lines):
    return {line["epoch"]: (line["rate"], line["loss"]) for line in lines if line["schema"] == "annc.epoch/1"}


class Resume(Tables):
    def setUp(self):
        super().setUp()
        self.data = self.write("t.csv", blobs(900), COLUMNS)

    def start(self, *arguments):
        return subprocess.Popen([str(PROGRAM), "train", *map(str, arguments)], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def read(self, name):
        return (self.folder / name).read_bytes()

    def log(self, name):
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]

    def broken_after(self, epochs, *arguments, by=signal.SIGINT):
        """Runs until so many epochs are told of, and sends a signal; gives the exit code."""
        process = self.start(*arguments, "--json")
        for line in process.stdout:
            if json.loads(line).get("epoch") == epochs:
                process.send_signal(by)
                break
        process.communicate()
        return process.returncode

    def test_rates_and_bits(self):
        """A schedule goes on where it was; a longer run keeps its last rate."""
        more = ["--data", self.data, *TWO_CLASSES, "--optimizer", "adam", "--lr", "0.01", "--schedule", "cosine", "--epochs", "40"]
        self.run_program("train", *more, "--save", "whole", "--log", "whole.log")
        code = self.broken_after(10, *more, "--save", "m", "--checkpoint", "c", "--checkpoint-every", "1e", "--log", "broken.log")
        self.assertEqual(code, 130)
        self.assertLess(len(rates(self.log("broken.log"))), 40)
        said = self.run_program("train", "--resume", "c", "--log", "broken.log").stderr
        self.assertRegex(said, r"resumed after \d+ epochs")
        self.assertNotIn("rounding will differ", said)
        self.assertEqual(self.read("m"), self.read("whole"))  # --save is the broken run's
        self.assertEqual(rates(self.log("broken.log")), rates(self.log("whole.log")))
        self.run_program("train", "--resume", "c", "--epochs", "50", "--save", "long", "--log", "long.log")
        longer = rates(self.log("long.log"))
        self.assertEqual(sorted(longer), list(range(41, 51)))
        last = rates(self.log("whole.log"))[40][0]
        self.assertTrue(all(rate <= last for rate, _ in longer.values()), (last, longer))
        self.assertNotEqual(self.read("long"), self.read("whole"))

    def test_finished(self):
        """Nothing is left to do: the model is saved once more, the same."""
        self.run_program("train", "--data", self.data, *T, "--save", "m", "--checkpoint", "c")
        self.assertIn("resumed after 60 epochs, which is all of them; raise --epochs to continue", self.run_program("train", "--resume", "c").stderr)
        result = self.lines("train", "--resume", "c", "--save", "again")[-1]
        self.assertEqual((result["schema"], result["epochs"]), ("annc.result/1", 60))
        self.assertEqual(self.read("again"), self.read("m"))
        self.assertEqual(self.lines("eval", "c", "--data", self.data)[-1]["correct"], self.lines("eval", "m", "--data", self.data)[-1]["correct"])

    def test_best_is_kept(self):
        """The best epoch came before the break: its parameters come out of the checkpoint."""
        more = ["--data", self.data, *TWO_CLASSES, "--optimizer", "rmsprop", "--lr", "0.3", "--validation", "0.2", "--epochs", "12"]
        result = self.lines("train", *more, "--save", "m", "--checkpoint", "c")[-1]
        self.assertLess(result["best_epoch"], 12)
        again = self.lines("train", "--resume", "c", "--save", "again")[-1]
        self.assertEqual((again["best_epoch"], again["validation_loss"]), (result["best_epoch"], result["validation_loss"]))
        self.assertEqual(self.read("again"), self.read("m"))

    def test_time_is_up(self):
        """A run that --max-time ends goes on, from within an epoch."""
        more = ["--data", self.data, *TWO_CLASSES, "--lr", "0.1", "--epochs", "2000", "--optimizer", "sgd"]
        self.run_program("train", *more, "--save", "whole")
        self.run_program("train", *more, "--save", "m", "--checkpoint", "c", "--max-time", "0.1")
        self.assertNotEqual(self.read("m"), self.read("whole"))
        self.run_program("train", "--resume", "c", "--max-time", "1000", "--quiet")
        weights = 4 * (4 * 8 + 8 + 8 * 3 + 3)  # the configurations differ
        self.assertEqual(self.read("m")[-weights:], self.read("whole")[-weights:])

    def test_signals_at_any_time(self):
        """Whatever is trained, and wherever it is broken off and however often, it ends with the same bits."""
        draw = random.Random(1)
        for i, kind in enumerate(MANY):
            folds = "--folds" in kind
            more = ["--data", self.data, *TWO_CLASSES, *kind, "--epochs", "8" if folds else "30", "--checkpoint", f"c{i}", "--checkpoint-every", "0.05s"]
            whole = self.lines("train", *more, *([] if folds else ["--save", f"whole{i}"]))
            code = None
            for attempt in range(40):
                process = self.start(*(more if attempt == 0 else ["--resume", f"c{i}"]), "--json", *([] if folds else ["--save", f"m{i}"]))
                time.sleep(draw.uniform(0.02, 0.12))
                by = draw.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
                process.send_signal(by)
                output, said = process.communicate()
                code = process.returncode
                if code == OK or not (self.folder / f"c{i}").exists():
                    break
                self.assertIn(code, (128 + by, -by), said)  # the latter: it had not begun yet
            if code != OK:
                output = self.run_program("train", *(["--resume", f"c{i}"] if (self.folder / f"c{i}").exists() else more), "--json",
                                          *([] if folds else ["--save", f"m{i}"])).stdout
            if folds:
                last = json.loads(output.splitlines()[-1])
                for key in ("accuracy_mean", "accuracy_sd", "loss_mean", "loss_sd"):
                    self.assertEqual(last[key], whole[-1][key], (kind, key))
            else:
                self.assertEqual(self.read(f"m{i}"), self.read(f"whole{i}"), kind)

    def test_terminal_is_closed(self):
        """The model is saved, unless the signal is to be ignored."""
        more = ["--data", self.data, *TWO_CLASSES, "--epochs", "100000", "--save", "m"]
        self.assertEqual(self.broken_after(3, *more, by=signal.SIGHUP), 129)
        self.assertGreaterEqual(int(self.lines("info", "m")[0]["annc.epochs"]), 3)
        process = subprocess.Popen(["nohup", str(PROGRAM), "train", *more, "--max-time", "0.5", "--json"], cwd=self.folder, env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        process.communicate()
        self.assertEqual(process.returncode, OK)

    def test_notices(self):
        """A batch system's notice, and the soft limit of processor time, end a training as SIGTERM does, unless they are to be ignored."""
        more = ["--data", self.data, *TWO_CLASSES, "--epochs", "100000", "--save", "m"]
        for by in (signal.SIGUSR1, signal.SIGXCPU, signal.SIGTERM):
            with self.subTest(by):
                self.assertEqual(self.broken_after(3, *more, by=by), 128 + by)
                self.assertGreaterEqual(int(self.lines("info", "m")[0]["annc.epochs"]), 3)
                (self.folder / "m").unlink()
        limited = subprocess.run([str(PROGRAM), "train", *more], cwd=self.folder, env=self.environment, capture_output=True, timeout=60,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, 20)))
        self.assertEqual(limited.returncode, 128 + signal.SIGXCPU, limited.stderr)
        self.assertGreaterEqual(int(self.lines("info", "m")[0]["annc.epochs"]), 1)
        process = subprocess.Popen([str(PROGRAM), "train", *more, "--max-time", "0.5", "--json"], cwd=self.folder, env=self.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN))
        process.stdout.readline()
        process.send_signal(signal.SIGUSR1)
        process.communicate()
        self.assertEqual(process.returncode, OK)

    def test_where_it_stopped(self):
        """A signal ends the log as an interruption, with the message of this run."""
        more = ["--data", self.data, *TWO_CLASSES, "--epochs", "100000", "--log", "log"]
        for place in (["--save", "m"], ["--save", "m", "--checkpoint", "c"], ["--save", "nowhere/m"], []):
            process = self.start(*more, *place, "--engine", "ops")
            if "nowhere/m" in place:
                self.assertEqual(process.wait(), OUTPUT)
                process.communicate()
                continue
            process.stdout.readline()
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            said = process.communicate()[1]
            self.assertEqual(process.returncode, 130)
            self.assertRegex(said, r"stopped (after epoch \d+|in epoch \d+ after step \d+)")
            self.assertEqual(self.log("log")[-1]["ended_by"], "signal")
            how = re.findall("(?:resume|continue) with (.*)", said)
            self.assertEqual(how, ["annc-gpu train --resume c"] if "c" in place else ["annc-gpu train --config m --load m"] if place else [])

    def test_where_folds_stopped(self):
        """What is complete, what is kept, and how to go on."""
        more = ["--data", self.data, *TWO_CLASSES, "--epochs", "100000", "--folds", "3"]
        for place, kept in ([], "nothing is kept, start again with --checkpoint FILE"), (["--checkpoint", "c"], "resume with annc-gpu train --resume c"):
            process = self.start(*more, *place)
            time.sleep(0.5 * slowness())
            process.send_signal(signal.SIGINT)
            said = process.communicate()[1]
            self.assertEqual(process.returncode, 130)
            self.assertIn("annc-gpu: stopped: 0 of 3 folds are complete, too few for their mean", said)
            self.assertIn(kept, said)

    def test_where_further_training_stopped(self):
        self.run_program("train", "--data", self.data, *TWO_CLASSES, "--epochs", "7", "--save", "m")
        process = self.start("--data", self.data, "--load", "m", "--epochs", "100000", "--save", "m", "--json")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, said = process.communicate()
        last = json.loads(out.splitlines()[-1])
        self.assertEqual(process.returncode, 130)
        self.assertIn(f"annc-gpu: stopped in epoch {7 + last['epochs'] + 1}\n", said)
        self.assertEqual(self.lines("info", "m")[0]["annc.epochs"], str(7 + last["epochs"]))

    def test_model_that_was_loaded(self):
        """A model brings its shape: the checkpoint of its training says nothing else, and its configuration makes it again."""
        self.run_program("train", "--data", self.data, *TWO_CLASSES, "--epochs", "2", "--save", "first")
        more = ["--data", self.data, "--load", "first", "--batch", "8", "--schedule", "constant", "--device", "cpu"]
        self.run_program("train", *more, "--epochs", "6", "--save", "whole")
        self.run_program("train", *more, "--epochs", "4", "--save", "m", "--checkpoint", "c")
        self.run_program("train", "--resume", "c", "--epochs", "6", "--save", "m")
        self.assertEqual(self.read("m"), self.read("whole"))
        (self.folder / "again.config").write_text(self.lines("info", "whole")[0]["annc.config"])
        self.run_program("train", "--config", "again.config", "--save", "again")
        self.assertEqual(self.read("again"), self.read("whole"))

    def test_rate_that_vanished(self):
        """Plateaus may lower the rate to nothing; the checkpoint is good all the same."""
        more = ["--data", self.data, *TWO_CLASSES, "--lr", "1e-9", "--schedule", "plateau", "--schedule-period", "1", "--schedule-factor", "1e-30"]
        self.run_program("train", *more, "--epochs", "60", "--save", "whole")
        self.run_program("train", *more, "--epochs", "40", "--checkpoint", "c")
        self.assertIn("plateau 0x0p+0", self.lines("info", "c")[0]["annc.state"])
        self.run_program("train", "--resume", "c", "--epochs", "60", "--save", "m")
        weights = 4 * (4 * 8 + 8 + 8 * 3 + 3)
        self.assertEqual(self.read("m")[-weights:], self.read("whole")[-weights:])

    def test_folds_and_time(self):
        """--max-time is of all folds; one that was cut short counts only once it was trained to its end."""
        more = ["--data", self.data, *TWO_CLASSES, "--lr", "0.01", "--folds", "3", "--epochs", "60"]
        whole = self.lines("train", *more)[-1]
        said = self.run_program("train", *more, "--checkpoint", "c", "--checkpoint-every", "1e", "--max-time", "0.0001", code=1).stderr
        self.assertIn("the time limit was reached in fold 1 of 3; resume with annc-gpu train --resume c", said)
        result = self.lines("train", "--resume", "c", "--max-time", "1000")[-1]
        self.assertEqual([result[key] for key in ("folds", "loss_mean", "loss_sd")], [whole[key] for key in ("folds", "loss_mean", "loss_sd")])
        self.assertIn("2 of the folds are finished", self.run_program("train", "--resume", "c", "--epochs", "70", code=USAGE).stderr)
        self.assertIn("--epochs 0", self.run_program("train", *more[:-1], "0", code=USAGE).stderr)

    def test_data_that_measure(self):
        """Losses on other data to validate or test with are no measure of what was best before."""
        for option in ("--validation", "--test"):
            self.write("v.csv", blobs(60), COLUMNS)
            self.run_program("train", "--data", self.data, *TWO_CLASSES, option, "v.csv", "--epochs", "3", "--checkpoint", "c")
            self.run_program("train", "--resume", "c", "--epochs", "4")
            self.write("v.csv", blobs(50), COLUMNS)
            self.assertIn("other validation or test data", self.run_program("train", "--resume", "c", "--epochs", "5", code=INPUT).stderr)
            self.change("c", b'"annc.measured"', b'"znnc.measured"')  # as before there was such a thing
            self.run_program("train", "--resume", "c", "--epochs", "5")

    def test_names_like_numbers(self):
        """A file to validate with may be called like a date; a share may be written in two ways."""
        self.write("2024-01-01", blobs(60), COLUMNS)
        self.run_program("train", "--data", self.data, *TWO_CLASSES, "--validation", "2024-01-01", "--epochs", "3", "--checkpoint", "c")
        (self.folder / "elsewhere").mkdir()
        subprocess.run([str(PROGRAM), "train", "--resume", "../c", "--epochs", "4"], cwd=self.folder / "elsewhere", env=self.environment, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.assertIn("--validation", self.run_program("train", "--resume", "c", "--validation", "0.2", code=USAGE).stderr)
        self.run_program("train", "--data", self.data, *TWO_CLASSES, "--validation", "0.2", "--epochs", "3", "--checkpoint", "c")
        self.run_program("train", "--resume", "c", "--validation", "0.20")
        self.assertIn("--validation", self.run_program("train", "--resume", "c", "--validation", "0.21", code=USAGE).stderr)
        self.assertIn("--validation", self.run_program("train", "--resume", "c", "--validation", "2024-01-01", code=USAGE).stderr)

    def killed(self, i, kills, draw):
        """One kind of training, killed so often; gives how many kills left a checkpoint, and how many came while a file was being written."""
        kind, folds = MANY[i], "--folds" in MANY[i]
        more = ["--data", self.data, *TWO_CLASSES, *kind, "--epochs", "6" if folds else "25"]
        began = time.monotonic()
        whole = self.lines("train", *more, *([] if folds else ["--save", "whole"]))[-1]
        life = time.monotonic() - began
        more += ["--checkpoint", "c", *([] if folds else ["--save", "m"])]
        resumed = 0

        def check(output):
            if folds:
                last = json.loads(output.splitlines()[-1])
                self.assertEqual([last[key] for key in ("accuracy_mean", "accuracy_sd", "loss_mean", "loss_sd")],
                                 [whole[key] for key in ("accuracy_mean", "accuracy_sd", "loss_mean", "loss_sd")], kind)
            else:
                self.assertEqual(self.read("m"), self.read("whole"), kind)
                (self.folder / "m").unlink()
            (self.folder / "c").unlink()

        for kill in range(kills):
            there = (self.folder / "c").exists()
            every = ("1e", "0.001s", "0.02s")[kill % 3]  # after every block of steps: most of the time goes into writing
            process = self.start(*(["--resume", "c"] if there else more), "--checkpoint-every", every, "--json")
            time.sleep(draw.uniform(0, 1.2 * life))
            process.kill()
            output, said = process.communicate()
            self.assertIn(process.returncode, (-9, OK), said)
            resumed += there
            if process.returncode == OK:
                check(output)
            else:
                left = list(self.folder.glob("*.tmp"))
                self.assertLessEqual(len(left), 2)  # one of each file at most: they do not pile up
                if (self.folder / "c").exists():
                    self.assertIn("annc.state", self.lines("info", "c")[0])
        check(self.run_program("train", *(["--resume", "c"] if (self.folder / "c").exists() else more), "--json").stdout)
        self.assertEqual(list(self.folder.glob("*.tmp")), [])
        return resumed

    @unittest.skipIf(KILLS == 0, "ANNC_TEST_KILLS=0")
    def test_killed(self):
        """SIGKILL at random instants, many of them inside the writing of a checkpoint: it is always whole, and what goes on from it ends with the
        same bits."""
        draw = random.Random(2)
        counts = [self.killed(i, KILLS // len(MANY), draw) for i in range(len(MANY))]
        self.assertGreater(sum(counts), KILLS // 4)
        if os.environ.get("ANNC_TEST_KILLS"):
            print(f"{KILLS} kills: {counts} after a checkpoint, by kind", file=sys.stderr)

    def test_contradictions(self):
        self.run_program("train", "--data", self.data, *T, "--checkpoint", "c", "--patience", "5", "--validation", "0.1")
        said = self.run_program("train", "--resume", "c", "--batch", "32", "--lr", "0.05", "--seed", "2", code=USAGE).stderr
        self.assertIn("--batch (the checkpoint has 16), --seed (the checkpoint has 1)", said.replace("--seed (the checkpoint has 1), --batch (the checkpoint has 16)",
                                                                                                "--batch (the checkpoint has 16), --seed (the checkpoint has 1)"))
        self.assertNotIn("--lr", said)
        for option, value in (("--epochs", "10"), ("--optimizer", "sgd"), ("--layers", "4-9:tanh-3:softmax"), ("--data", "bars"), ("--dropout", "0.5"),
                              ("--validation", "0.2"), ("--momentum", "0.8"), ("--momentum", "0.99"), ("--folds", "3"), ("--cost", "quadratic"), ("--init", "he")):
            said = self.run_program("train", "--resume", "c", option, value, code=USAGE).stderr
            self.assertIn(f"{option} (the checkpoint has ", said)
        self.run_program("train", "--resume", "c", "--data", "./" + self.data, *T, "--max-time", "1000")

    def test_refused(self):
        self.run_program("train", "--data", self.data, *T, "--save", "m", "--checkpoint", "c")
        self.assertIn("m: is not a checkpoint", self.run_program("train", "--resume", "m", code=INPUT).stderr)
        self.run_program("train", "--resume", "nowhere", code=INPUT)
        self.run_program("train", "--resume", self.data, code=INPUT)
        for every in ("0s", "1.5e", "s", "10", "-1s", "1m", "infs", "0x1e", "2000000000s"):
            self.assertIn("--checkpoint-every takes", self.run_program("train", "--data", self.data, *T, "--checkpoint", "d", "--checkpoint-every", every, code=USAGE).stderr)
        self.run_program("train", "--data", self.data, *T, "--checkpoint", "no/such/folder/c", code=OUTPUT)
        self.write("t.csv", blobs(899), COLUMNS)
        self.assertIn("c: the checkpoint was saved with other training data (900 examples then, 899 now)", self.run_program("train", "--resume", "c", code=INPUT).stderr)
        rows = blobs(900)
        rows[5][0] = "1.7"
        self.write("t.csv", rows, COLUMNS)
        self.assertIn("other training data", self.run_program("train", "--resume", "c", code=INPUT).stderr)

    def test_no_model_of_its_own(self):
        """A checkpoint is a model: eval, predict, info and train --load take it, and a model made of it is no checkpoint."""
        self.run_program("train", "--data", self.data, *T, "--checkpoint", "c", "--validation", "0.1")
        self.assertIn("annc.state", self.run_program("info", "c").stdout)
        self.run_program("predict", "c", self.data)
        self.run_program("train", "--data", self.data, "--load", "c", "--save", "m", "--epochs", "0", "--device", "cpu")
        self.assertNotIn(b"annc.state", self.read("m"))
        self.assertNotIn(b"annc.first", self.read("m"))
        self.run_program("train", "--resume", "m", code=INPUT)

    def test_paths(self):
        """A checkpoint is found, and finds its data, from another folder; names may be strange."""
        (self.folder / "odd\n% é").mkdir()
        strange = "odd\n% é/t = 1.csv"
        self.write(strange, blobs(90), COLUMNS)
        self.run_program("train", "--data", strange, *T, "--checkpoint", "odd\n% é/c", "--save", "m")
        (self.folder / "elsewhere").mkdir()
        before = self.read("m")
        (self.folder / "m").unlink()
        subprocess.run([str(PROGRAM), "train", "--resume", "../odd\n% é/c", "--save", "../m"], cwd=self.folder / "elsewhere", env=self.environment,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.assertEqual(self.read("m"), before)

    def add_line(self, name, key, line):
        """Adds a line to a text in a checkpoint's metadata, as a stranger could."""
        content = self.read(name)
        size = struct.unpack("<Q", content[:8])[0]
        header = json.loads(content[8:8 + size])
        header["__metadata__"][key] += line
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        (self.folder / name).write_bytes(signed(struct.pack("<Q", len(text)) + text + content[8 + size:]))

    def test_checkpoints_of_strangers(self):
        """A checkpoint does not decide which files are written: outputs in it are refused, and the model is saved only beside it, as a new file
        or in place of one of the same training."""
        self.run_program("train", "--data", self.data, *T, "--checkpoint", "whole")
        for key, line in (("annc.run", "log = victim\n"), ("annc.run", "plot = victim.svg\n"), ("annc.run", "checkpoint = victim\n"),
                          ("annc.run", "help = yes\n"), ("annc.config", "log = victim\n"), ("annc.config", "save = victim\n"),
                          ("annc.config", "help = yes\n"), ("annc.config", "quiet = yes\n")):
            (self.folder / "c").write_bytes(self.read("whole"))
            self.add_line("c", key, line)
            self.assertIn("its configuration is damaged", self.run_program("train", "--resume", "c", code=INPUT).stderr)
        (self.folder / "victim").write_text("not a model")
        (self.folder / "elsewhere").mkdir()
        (self.folder / "link").symlink_to("nothing")
        self.run_program("train", "--data", self.data, *[{"1": "99"}.get(word, word) for word in T], "--save", "other")
        other = self.read("other")
        for name in ("victim", "elsewhere/new", "link", "other", str(self.folder / "elsewhere" / "new")):
            (self.folder / "c").write_bytes(self.read("whole"))
            self.add_line("c", "annc.run", f"save = {name}\n")
            self.assertIn(f"the model will not be saved to {name}, as in the checkpoint's run: give --save FILE", self.run_program("train", "--resume", "c").stderr)
        self.assertEqual((self.folder / "victim").read_text(), "not a model")
        self.assertEqual(self.read("other"), other)
        self.assertFalse((self.folder / "elsewhere" / "new").exists() or (self.folder / "nothing").exists())
        (self.folder / "c").write_bytes(self.read("whole"))
        self.add_line("c", "annc.run", "save = new\n")
        for _ in range(2):  # it is new, and then a model of the same training
            self.run_program("train", "--resume", "c")
            self.lines("info", "new")

    def change(self, name, pattern, replacement):
        """Another text of the same length in a file's metadata, blanks after it."""
        content = self.read(name)
        found = re.search(pattern, content).group(0)
        (self.folder / name).write_bytes(signed(content.replace(found, replacement + b" " * (len(found) - len(replacement)), 1)))

    def test_damaged(self):
        """What no checkpoint says is refused, and not the user's mistake."""
        for folds in ([], ["--folds", "2"]):
            self.run_program("train", "--data", self.data, *T, *folds, "--checkpoint", "whole")
            for pattern, replacement, message in ((rb"0x[^ ]* ", b"inf", "is malformed"), (rb"0x[^ ]* ", b"x", "is malformed"),
                                                  (rb"0x[^ ]* ", b"-1", "is malformed"), (rb"0x[^ ]* ", b"1x", "is malformed")):
                (self.folder / "c").write_bytes(self.read("whole"))
                self.change("c", rb'"annc.progress":"' + pattern, b'"annc.progress":"' + replacement)
                self.assertIn(message, self.run_program("train", "--resume", "c", code=INPUT).stderr)
        for pattern, replacement, message in ((rb"epochs = 60", b"epochs = xx", "epochs"), (rb"epochs = 60", b"epochz = 60", "its configuration is damaged"),
                                              (rb"epochs = 60", b"resume = 60", "its configuration is damaged"),
                                              (rb"epochs = 60", b"config = 60", "its configuration is damaged"),
                                              (rb"epochs = 60", b"epochs   60", "its configuration is damaged"),
                                              (rb"epochs = 60", b"what = 60", "its configuration is damaged"),  # of another command
                                              (rb"data = /", b"dada = /", "its configuration is damaged"),
                                              (rb"annc.progress", b"annc.progresz", "unknown key, 'annc.progresz'"),
                                              (rb"annc.progress", b"znnc.progress", "its annc.progress is malformed"),
                                              (rb'"annc.version":"0', b'"annc.version":"9', "update the program")):
            (self.folder / "c").write_bytes(self.read("whole"))
            self.change("c", pattern, replacement)
            self.assertIn(message, self.run_program("train", "--resume", "c", code=INPUT).stderr)
        self.run_program("train", "--data", self.data, *T, "--validation", "0.1", "--checkpoint", "c")
        whole = self.read("c")
        for name, other in ((b'"annc.best"', b'"annc.west"'), (b'"annc.progress"', b'"znnc.progress"')):  # which are then not there
            (self.folder / "c").write_bytes(signed(whole.replace(name, other, 1)))
            self.assertIn("its annc.progress is malformed", self.run_program("train", "--resume", "c", code=INPUT).stderr)

    def test_flipped_bits(self):
        """A bit of the weights, the optimiser's state or the rate that is not as it was saved: neither resumed nor used."""
        self.run_program("train", "--data", self.data, *T, "--checkpoint", "whole", "--save", "m")
        whole = self.read("whole")
        size = struct.unpack("<Q", whole[:8])[0]
        header = json.loads(whole[8:8 + size])
        places = {name: 8 + size + header[name]["data_offsets"][0] for name in ("0.weight", "2.bias", "annc.first", "annc.second")}
        for key, text in (("annc.lr", header["__metadata__"]["annc.lr"]), ("annc.state", " steps "), ("annc.run", self.data), ("annc.config", "lr = 0.05")):
            places[key] = whole.index(text.encode(), whole.index(key.encode())) + len(text) - 2
        for name, place in places.items():
            damaged = bytearray(whole)
            damaged[place] ^= 1
            (self.folder / "c").write_bytes(damaged)
            for arguments in (("train", "--resume", "c"), ("eval", "c", "--data", self.data), ("train", "--data", self.data, *T, "--load", "c")):
                said = self.run_program(*arguments, code=INPUT).stderr
                self.assertIn("c: does not match its checksum: the file is damaged", said, name)
        old = re.sub(rb'"annc\.checksum":"[0-9a-f]{8}"', b'"nobodys.check":"12345678"', whole)  # as an older version wrote it
        (self.folder / "c").write_bytes(old)
        self.run_program("train", "--resume", "c", "--epochs", "61")

    def test_damaged_names(self):
        """What is no code of a character in a name is a part of it."""
        self.run_program("train", "--data", self.write("a%b.csv", blobs(90), COLUMNS), *T, "--checkpoint", "c")
        whole = self.read("c")
        self.assertIn(b"/a%25b.csv", whole)
        for damage in ("/a%2gb.csv", "/a%g2b.csv", "/aaaa.csv%", "/aaaa.cs%4"):
            (self.folder / "c").write_bytes(signed(whole.replace(b"/a%25b.csv", damage.encode(), 1)))
            self.assertIn(f"{damage}: ", self.run_program("train", "--resume", "c", code=INPUT).stderr)

    def test_what_is_not_kept(self):
        """Files beside the training are no part of it: a checkpoint says nothing of the log, the curves and the configuration of the run."""
        (self.folder / "run.config").write_text("lr = 0.04\n")
        more = [option for option in T if option not in ("--lr", "0.05")]
        self.run_program("train", "--config", "run.config", "--data", self.data, *more, "--checkpoint", "c", "--log", "l", "--plot", "p.svg")
        run = self.lines("info", "c")[0]["annc.run"]
        self.assertEqual(run, f"data = {self.folder}/t.csv\nlayers = {T[1]}\ndevice = cpu\ncheckpoint-every = 30s\n")
        self.run_program("train", "--resume", "c", "--epochs", "61", "--log", "l", "--plot", "p.svg")
        self.assertEqual(self.lines("info", "c")[0]["annc.run"], run)
        drawn = (self.folder / "p.svg").read_text()
        self.assertIn("epochs 61 to 61", drawn)
        self.assertIn("p.svg is unchanged", self.run_program("train", "--resume", "c", "--plot", "p.svg").stderr)
        self.assertEqual((self.folder / "p.svg").read_text(), drawn)

    def test_folder_that_is_gone(self):
        """Where the working folder has no name any more, names stay as they were given."""
        gone = self.folder / "gone"
        gone.mkdir()
        data, c = self.folder / self.data, self.folder / "c"
        subprocess.run([str(PROGRAM), "train", "--data", str(data), "--test", str(data), "--test-labels", "none", *T, "--checkpoint", str(c)], cwd=gone,
                       preexec_fn=gone.rmdir, env=self.environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.assertIn("test-labels = none\n", self.lines("info", "c")[0]["annc.run"])
        self.run_program("train", "--resume", "c", "--epochs", "61")

    def test_no_room_for_the_model(self):
        """A trained model that cannot be saved where it was to go is saved elsewhere."""
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        arguments = ["train", "--data", self.data, *T, "--save", "/dev/full"]
        self.assertNotIn("instead", self.run_program(*arguments, code=OUTPUT).stderr)  # nothing can be written there either
        (self.folder / "temporary").mkdir()
        said = self.run_program(*arguments, "--log", "/dev/full", code=OUTPUT).stderr
        self.assertIn("the model is in", said)
        self.assertEqual(said.count("No space left"), 1)  # the first thing that went wrong is told, once
        self.run_program("train", "--data", self.data, *T, "--save", "m")
        for temporary in (str(self.folder / "temporary"), "", None):
            environment = {key: value for key, value in self.environment.items() if key != "TMPDIR"}
            result = subprocess.run([str(PROGRAM), *arguments], cwd=self.folder, env={**environment, **({} if temporary is None else {"TMPDIR": temporary})},
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.assertEqual(result.returncode, OUTPUT)
            place = re.search(r"the model is in (.*) instead", result.stderr)[1]
            with open(place, "rb") as file:
                content = file.read()
            os.unlink(place)
            self.assertEqual(os.path.dirname(place), temporary or "/tmp")
            self.assertEqual(content[-100:], self.read("m")[-100:])

    def test_data_that_are_no_file(self):
        """Data by a name of the program's own stay so, a share for validation is no file, flags may be repeated, and the next checkpoint goes where
        it is told."""
        environment = {"ANNC_DATA": str(self.folder / "bars")}
        more = ["--data", "mnist", "--layers", "784-4-10", "--epochs", "1", "--device", "cpu", "--transpose", "--validation", "0.1"]
        self.run_program("train", *more, "--checkpoint", "c", environment=environment)
        self.run_program("train", "--resume", "c", "--transpose", "--epochs", "2", "--checkpoint", "d", "--save", "m", environment=environment)
        self.assertEqual(self.lines("info", "d")[0]["annc.epochs"], "2")
        self.assertEqual(self.lines("info", "c")[0]["annc.epochs"], "1")
        shown = self.run_program("info", "m").stdout
        self.assertIn("  data = mnist\n", shown)
        self.assertIn("  validation = 0.1\n", shown)
        self.write("v.csv", blobs(90), COLUMNS)
        self.run_program("train", "--data", self.data, *T, "--validation", "v.csv", "--checkpoint", "c")
        (self.folder / "elsewhere").mkdir()
        self.run_program("train", "--resume", "c", "--epochs", "61", "--validation", "v.csv")
        self.assertIn("--validation (the checkpoint has", self.run_program("train", "--resume", "c", "--validation", "w.csv", code=USAGE).stderr)
        os.rename(self.folder / "v.csv", self.folder / "w.csv")
        self.assertIn("--validation (the checkpoint has", self.run_program("train", "--resume", "c", "--validation", "w.csv", code=USAGE).stderr)

    def test_a_number_in_use(self):
        """What is given to a run that goes on may be what it goes on with by default, and nothing else; the model is that of an unbroken run."""
        for optimizer, names in (("sgd", {"--lr": "3", "--momentum": "0"}), ("adamw", {"--lr": "1e-3", "--beta2": ".999", "--momentum": "0.90",
                                                                                        "--epsilon": "1e-8", "--weight-decay": "0.01"})):
            more = ["--data", self.data, *TWO_CLASSES, "--optimizer", optimizer]
            self.run_program("train", *more, "--epochs", "4", "--save", "whole")
            self.run_program("train", *more, "--epochs", "2", "--checkpoint", "c")
            for name, value in names.items():
                said = self.run_program("train", "--resume", "c", name, "0.5", code=USAGE).stderr
                self.assertIn(f"{name} (the checkpoint has {float(value):.9g})", said)
            self.run_program("train", "--resume", "c", "--epochs", "4", "--save", "m", *(part for pair in names.items() for part in pair))
            self.assertEqual(self.read("m"), self.read("whole"))
        self.assertIn("--split-seed (the checkpoint has 1)", self.run_program("train", "--resume", "c", "--split-seed", "3", code=USAGE).stderr)
        self.run_program("train", "--resume", "c", "--split-seed", "1")
        for name, value in (("--target", "a"), ("--schedule-period", "3"), ("--test", "t.csv"), ("--transpose",) * 2):
            said = self.run_program("train", "--resume", "c", *({name: None, value: None}), code=USAGE).stderr
            self.assertIn(f"{name} (the checkpoint has none)", said)

    def test_built_in_digits(self):
        """They are no file, wherever a run goes on."""
        self.assertIn("have 10 classes", self.run_program("train", "--data", "digits", "--layers", "784-5", code=INPUT).stderr)
        self.run_program("train", "--data", "digits", "--layers", "784-10", "--epochs", "0", "--device", "cpu", "--checkpoint", "c")
        self.assertIn("data = digits\n", self.lines("info", "c")[0]["annc.run"])

    def test_divergence(self):
        file = self.write("r.csv", [[i, 1000 * i] for i in range(200)], ["x", "y"])
        more = ["--data", file, "--target", "y", "--layers", "1-16:relu-1:identity", "--lr", "1", "--scale", "none", "--target-scale", "none", "--device", "cpu"]
        said = self.run_program("train", *more, "--checkpoint", "c", code=DIVERGED).stderr
        self.assertIn("the last checkpoint before that is in c", said)
        self.assertEqual(self.lines("info", "c")[0]["annc.epochs"], "0")

    def test_log_of_a_divergence(self):
        """A run that diverged goes on in the same log, from whatever epoch its checkpoint is of."""
        file = self.write("steep.csv", [[i, 1000 * i] for i in range(200)], ["x", "y"])
        more = ["--target", "y", "--layers", "1-1:identity", "--device", "cpu", "--scale", "none", "--target-scale", "none", "--lr", "1.6e-4", "--batch", "200"]
        self.run_program("train", "--data", file, *more, "--epochs", "1000", "--init", "xavier", "--checkpoint", "c", "--log", "log", code=DIVERGED)
        self.run_program("train", "--resume", "c", "--log", "log", code=DIVERGED)
        self.run_program("report", "log", "--out", "r.html")

    def test_log_that_broke_off(self):
        """A full disk left half a line: a resumed run begins a line of its own."""
        self.run_program("train", "--data", self.data, *TWO_CLASSES, "--epochs", "3", "--checkpoint", "c", "--log", "log")
        whole = (self.folder / "log").read_text()
        for end in ('{"schema":"annc.epoch/1","ep', "x" * 10000, ""):
            (self.folder / "log").write_text(whole + end)
            self.run_program("train", "--resume", "c", "--epochs", "4", "--log", "log")
            self.assertTrue((self.folder / "log").read_text().startswith(whole + '{"schema":"annc.epoch/1","epoch":4'))
            self.run_program("train", "--data", self.data, *TWO_CLASSES, "--epochs", "3", "--checkpoint", "c")
        (self.folder / "log").write_text("no line at all")
        self.run_program("train", "--resume", "c", "--epochs", "4", "--log", "log")
        self.assertTrue(all(map(json.loads, (self.folder / "log").read_text().splitlines())))

    def test_another_machine(self):
        self.run_program("train", "--data", self.data, *T, "--checkpoint", "c", "--threads", "1")
        self.assertIn("rounding will differ", self.run_program("train", "--resume", "c", "--threads", "2", "--epochs", "61").stderr)
        (self.folder / "c").write_bytes(signed(self.read("c").replace(b'"annc.machine"', b'"znnc.machine"', 1)))  # it does not say where
        self.assertNotIn("rounding will differ", self.run_program("train", "--resume", "c", "--threads", "1", "--epochs", "62").stderr)

    def test_configuration_of_a_resumed_run(self):
        """It says what held at the end."""
        more = [option if option != "cpu" else "auto" for option in T]
        self.run_program("train", "--data", self.data, *more, "--checkpoint", "c")
        self.run_program("train", "--resume", "c", "--device", "cpu", "--epochs", "61", "--save", "m")
        shown = self.run_program("info", "m").stdout
        self.assertIn("  device = cpu\n", shown)
        self.assertIn("  epochs = 61\n", shown)
        self.assertIn("  data = t.csv\n", shown)


if __name__ == "__main__":
    main()
