#!/usr/bin/env python3
"""What happens around the program: outputs that cannot be written, files that shrink while they are read, signals at any moment, several runs
in one folder. Called as program.py says. The random moments are drawn with a fixed seed."""
import gzip
import json
import os
import pathlib
import pwd
import random
import resource
import shutil
import signal
import struct
import subprocess
import threading
import time
import unittest

from program import INPUT, OK, OUTPUT, PROGRAM, SMALL, Cli, bars, main, slowness

MNIST = os.environ.get("ANNC_TEST_MNIST", "")
MOMENTS = 50 if os.environ.get("ANNC_LONG") == "1" else 20  # at which a training is stopped
MODEL = ["train", "--data", "bars", *SMALL]


class Faults(Cli):
    def setUp(self):
        super().setUp()
        self.run_program(*MODEL, "--save", "model", "--quiet")
        self.model = (self.folder / "model").read_bytes()

    def mirror(self):
        """The address of MNIST's files on this disk, for fetch."""
        if not MNIST or not shutil.which("curl"):
            self.skipTest("ANNC_TEST_MNIST names no folder of the MNIST files, or curl is not installed")
        return {"ANNC_MIRRORS": f"file://{os.path.abspath(MNIST)}/"}

    def start(self, *arguments, environment=None, **more):
        return subprocess.Popen([str(PROGRAM), *map(str, arguments)], cwd=self.folder, env={**self.environment, **(environment or {})},
                                **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more})

    def leftovers(self, folder=None):
        return [path for path in (folder or self.folder).rglob("*") if path.name.endswith((".tmp", ".part"))]


class Outputs(Faults):
    """Every command that writes, to every kind of place that cannot be written."""

    def writers(self):
        """Commands, of which '@' is the file that they write."""
        return [[*MODEL, "--save", "@"], [*MODEL, "--checkpoint", "@"], [*MODEL, "--log", "@"],
                ["sweep", "--data", "bars", *SMALL[:4], "--epochs", "1", "--grid", "lr=1,2", "--save", "@"],
                *(["export", "model", "--format", form, "--out", "@"] for form in ("onnx", "npz", "json", "c")),
                ["show", "bars", "--out", "@.svg"], ["trace", "model", "--data", "bars", "--out", "@.svg"],
                ["eval", "model", "--data", "bars", "--per-example", "@"]]

    def talkers(self):
        """Commands that write to standard output."""
        return [MODEL, [*MODEL, "--json"], ["eval", "model", "--data", "bars"], ["eval", "model", "--data", "bars", "--json"],
                ["predict", "model", "bars/t10k-images-idx3-ubyte"], ["predict", "model", "bars/t10k-images-idx3-ubyte", "--json"],
                ["check", "model", "--data", "bars", "--device", "cpu"], ["check", "model", "--data", "bars", "--device", "cpu", "--json"],
                ["info", "model"], ["info", "model", "--json"], ["show", "bars"], ["trace"], ["help"], ["help", "train", "all"], ["--version"],
                ["export", "model", "--format", "npz", "--out", "-"], ["show", "bars", "--out", "-"], ["trace", "--out", "-"],
                ["eval", "model", "--data", "bars", "--per-example", "-"],
                ["sweep", "--data", "bars", *SMALL[:4], "--epochs", "1", "--grid", "lr=1,2"],
                ["sweep", "--data", "bars", *SMALL[:4], "--epochs", "1", "--grid", "lr=1,2", "--json"]]

    @staticmethod
    def named(command, path):
        return [word.replace("@", path) for word in command]

    def refused(self, command, path, old=None, **more):
        """The command ends with OUTPUT and a line with the file's name; what was there before is untouched, and nothing is left over."""
        command = self.named(command, path)
        target = next(self.folder / word for word in command if word.startswith(path))
        with self.subTest(command=command):
            if old is not None:
                target.write_bytes(old)
            before = sorted(target.parent.iterdir()) if target.parent.is_dir() else None
            said = self.run_program(*command, code=OUTPUT, **more).stderr
            last = said.splitlines()[-1]
            self.assertTrue(last.startswith("annc-gpu: ") and (target.name in last or "--log" in command), said)
            if old is not None:
                self.assertEqual(target.read_bytes(), old)
            if before is not None and "--log" not in command:  # a log is written as it goes
                self.assertEqual(sorted(target.parent.iterdir()), before)

    def test_places(self):
        """No such folder, a file where a folder belongs, a folder where a file belongs: told before the work."""
        for name in ("place", "place.svg"):
            (self.folder / name).mkdir()
        for command in self.writers():
            self.refused(command, "no/where")
            self.refused(command, "model/where")
            self.refused(command, "place")

    def test_told_before_the_work(self):
        for command in self.writers():
            if command[0] in ("train", "sweep") or "--per-example" in command:
                command = [word if word != "bars" else "no-such-data" for word in command]
                self.refused(command, "no/where")  # else the data would be complained of

    def test_models_that_nothing_would_read(self):
        """Names of columns that no header of a model holds: told before the training, also by sweep and for checkpoints."""
        columns = 120000
        with open(self.folder / "wide.csv", "w") as table:
            table.write(",".join(f"{i:0900}x" for i in range(columns)) + ",y\n")
            for row in range(4):
                table.write(f"{row}," * columns + f"{row % 2}\n")
        some = ["--data", "wide.csv", "--layers", f"{columns}-1", "--device", "cpu"]
        for command in (["train", *some, "--epochs", "1000000", "--save", "m"], ["train", *some, "--epochs", "1000000", "--checkpoint", "m"],
                        ["sweep", *some, "--epochs", "1000000", "--grid", "lr=1,2", "--validation", "0.5", "--save", "m"]):
            said = self.run_program(*command, code=INPUT, timeout=45).stderr  # minutes, where work grows with the square of the columns
            self.assertRegex(said, "the names and the scaling of the model's columns take [0-9]+ bytes, more than the 99737856 that a model file can hold")
        self.assertFalse((self.folder / "m").exists())

    def test_full_device(self):
        for command in self.writers():
            if "@" in command:
                with self.subTest(command=command):
                    said = self.run_program(*self.named(command, "/dev/full"), code=OUTPUT).stderr
                    self.assertIn("No space left", said)

    def test_full_standard_output(self):
        for command in self.talkers():
            with self.subTest(command=command), open("/dev/full", "w") as full:
                result = subprocess.run([str(PROGRAM), *command], cwd=self.folder, env=self.environment, stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(result.returncode, OUTPUT, result.stderr)
                self.assertIn("No space left", result.stderr)

    def test_closed_standard_output(self):
        """Closed, and no file that is opened takes its place."""
        for command in self.talkers():
            with self.subTest(command=command):
                result = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', str(PROGRAM), *command], cwd=self.folder, env=self.environment,
                                        stderr=subprocess.PIPE, text=True)
                self.assertEqual(result.returncode, OUTPUT, result.stderr)
        for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
            result = subprocess.run(["sh", "-c", f'exec "$0" "$@" {closed}', str(PROGRAM), *MODEL, "--save", "again", "--log", "log"], cwd=self.folder,
                                    env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertEqual(result.returncode, OK if closed == "2>&-" else OUTPUT)
            for line in (self.folder / "log").read_text().splitlines():
                json.loads(line)
        subprocess.run(["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', str(PROGRAM), *MODEL, "--quiet", "--save", "again"], cwd=self.folder, env=self.environment, check=True)
        self.assertEqual((self.folder / "again").read_bytes()[-1000:], self.model[-1000:])

    def test_closed_pipe(self):
        for command in self.talkers():
            with self.subTest(command=command):
                reading, writing = os.pipe()
                os.close(reading)
                process = self.start(*command, stdout=writing)
                os.close(writing)
                _, said = process.communicate(timeout=60)
                self.assertEqual(process.returncode, OUTPUT, said)
                # As in `annc-gpu predict ... | head`: nothing went wrong. A training tells what becomes of its model.
                self.assertEqual("standard output could not be written" in str(said), command[0] in ("train", "sweep"), said)

    def test_file_size_limit(self):
        """As `ulimit -f` sets it: the signal is not ignored for the program."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        for command in self.writers():
            self.refused(command, "small", old=None if "--log" in command else b"old", preexec_fn=limit)
            for path in self.folder.glob("small*"):
                path.unlink()
        self.assertEqual(self.leftovers(), [])

    def test_full_disk(self):
        """A small tmpfs, mounted where nobody else sees it, with a file that was there before."""
        probe = subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=16k none /mnt"], stderr=subprocess.DEVNULL) \
            if shutil.which("unshare") else None
        if not probe or probe.returncode != 0:
            self.skipTest("no tmpfs can be mounted here")
        (self.folder / "disk").mkdir()
        script = """mount -t tmpfs -o size=16k none disk && printf old >"disk/$0" && { [ -z "$fill" ] || head -c 20000 /dev/zero >disk/fill 2>/dev/null; }
                    "$@" 2>said; code=$?; cat "disk/$0"; rm -f disk/fill; ls disk | wc -l; exit $code"""
        for command in self.writers():
            for fill in ("", "1"):  # full in the middle of a file, and from the start
                small = command[0] in ("show", "trace") or "--per-example" in command or "--log" in command or "json" in command
                if not fill and small or "--log" in command:
                    continue
                words = self.named(command, "disk/f")
                name = next(word for word in words if word.startswith("disk/f"))[5:]
                with self.subTest(command=command, fill=fill):
                    result = subprocess.run(["unshare", "-m", "sh", "-c", script, name, str(PROGRAM), *words], cwd=self.folder, env={**self.environment, "fill": fill},
                                            stdout=subprocess.PIPE, text=True)
                    said = (self.folder / "said").read_text()
                    self.assertEqual(result.returncode, OUTPUT, said)
                    self.assertIn("No space left", said)
                    self.assertTrue(result.stdout.endswith("old1\n"), result.stdout[-100:])

    def test_read_only(self):
        """A folder that another user may not write to, and a file in it."""
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        nobody = pwd.getpwnam("nobody")
        os.chmod(self.folder, 0o755)
        place = self.folder / "locked"
        place.mkdir()
        program = self.folder / "program"  # the build may lie where others may not look
        shutil.copy(PROGRAM, program)
        other = {"program": program, "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        for command in self.writers():
            self.refused(command, "locked/f", **other)
            self.refused(command, "locked/g", old=None if "--log" in command else b"old", **other)

    def test_nothing_is_lost(self):
        """What cannot be saved where it was to go is saved in the folder of temporary files, which is told."""
        (self.folder / "temporary").mkdir()
        for command in ([*MODEL, "--save", "/dev/full"], ["sweep", "--data", "bars", *SMALL[:4], "--epochs", "1", "--grid", "lr=1,2", "--save", "/dev/full"]):
            said = self.run_program(*command, "--quiet", code=OUTPUT).stderr
            place = said.splitlines()[0].split("the model is in ")[1].split(" instead")[0]
            self.lines("eval", place, "--data", "bars")

    def test_nothing_is_lost_with_the_reader(self):
        """A reader that goes away in the middle of a training: what was trained until then is saved."""
        process = self.start("train", "--data", "bars", "--layers", "784-8-10", "--epochs", "100000", "--device", "cpu", "--save", "kept", "--checkpoint", "c")
        for _ in range(8):
            process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=60), OUTPUT, said)
        self.assertIn("standard output could not be written", said.splitlines()[-1])
        self.assertGreater(int(self.lines("info", "kept")[0]["annc.epochs"]), 2)
        self.assertEqual(self.lines("info", "c")[0]["annc.epochs"], self.lines("info", "kept")[0]["annc.epochs"])

    def test_long_names(self):
        """The longest names that a file system takes can be written, and longer ones are refused with a reason."""
        longest = "n" * 255
        self.run_program(*MODEL, "--save", longest)
        self.lines("eval", longest, "--data", "bars")
        for path in ("n" * 256, "n" * 4000, "/".join(["n" * 200] * 30)):
            for command in (["eval", path], [*MODEL[:2], path], [*MODEL, "--config", path]):
                said = self.run_program(*command, code=INPUT).stderr
                self.assertRegex(said, "File name too long|No such file")
            for option in ("--save", "--checkpoint", "--log"):
                self.assertRegex(self.run_program(*MODEL, option, path, code=OUTPUT).stderr, "File name too long|No such file")

    def test_modes_and_links(self):
        """A file that is written again keeps its mode, and a link stays one."""
        os.chmod(self.folder / "model", 0o600)
        (self.folder / "link").symlink_to("model")
        self.run_program(*MODEL, "--save", "link", "--seed", "9")
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertEqual((self.folder / "model").stat().st_mode & 0o777, 0o600)
        self.assertNotEqual((self.folder / "model").read_bytes(), self.model)

    def test_files_that_end_in_tmp(self):
        """Data of a name that looks like a temporary file's is data."""
        (self.folder / "d.0.tmp").write_text("0,0,a\n0,1,b\n1,0,b\n1,1,a\n")
        self.run_program("train", "--data", "d.0.tmp", "--layers", "2-2", "--epochs", "1", "--device", "cpu", "--save", "d")
        self.run_program(*MODEL, "--save", "m", "--log", "m.0.tmp")
        self.assertIn("annc.result/1", (self.folder / "m.0.tmp").read_text())
        self.assertEqual({path.name for path in self.leftovers()}, {"d.0.tmp", "m.0.tmp"})

    def test_standard_input_is_an_input(self):
        """A file that standard input reads is not overwritten, under whatever name."""
        table = self.folder / "s.csv"
        table.write_text("x,y,label\n0,0,a\n0,1,b\n1,0,b\n1,1,a\n")
        os.link(table, self.folder / "second")
        for output in (["--save", "s.csv"], ["--log", "s.csv"], ["--checkpoint", "second"]):
            with open(table, "rb") as stdin:
                result = subprocess.run([PROGRAM, "train", "--data", "-", "--layers", "2-2", "--epochs", "1", *output], cwd=self.folder, stdin=stdin,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(f"{output[0]} would overwrite the input of --data from standard input: {output[1]}", result.stderr)
            self.assertEqual(table.read_text()[:10], "x,y,label\n")
        with open(self.folder / "model", "rb") as stdin:
            result = subprocess.run([PROGRAM, "predict", "model", "-", "--out", "model"], cwd=self.folder, stdin=stdin, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 2)
        self.assertEqual((self.folder / "model").read_bytes(), self.model)

    def test_owner_and_umask(self):
        """A file that is replaced keeps its mode whatever the umask, and its owner where that is allowed."""
        model = self.folder / "model"
        os.chmod(model, 0o666)
        if os.geteuid() == 0:
            os.chown(model, 12345, 23456)
        before = model.stat()
        old = os.umask(0o077)
        self.addCleanup(os.umask, old)
        self.run_program(*MODEL, "--save", "model", "--seed", "9")
        self.assertEqual([model.stat().st_mode, model.stat().st_uid, model.stat().st_gid], [before.st_mode, before.st_uid, before.st_gid])
        self.assertNotEqual(model.read_bytes(), self.model)


class Inputs(Faults):
    """Files that change while they are read."""

    def test_packed_to_fill_the_memory(self):
        """A few hundred bytes of gzip do not fill the memory: zeros end with the first block, and a claim of too much with the header."""
        if not self.has_zlib():
            self.skipTest("this build has no zlib")
        zeros = gzip.compress(gzip.compress(b"1,2,a\n" + bytes(1 << 26)))
        (self.folder / "zeros.csv").write_bytes(zeros)
        images = struct.pack(">IIII", 0x803, 6 << 20, 32, 32) + random.Random(1).randbytes(8000)
        (self.folder / "t-images-idx3-ubyte").write_bytes(gzip.compress(gzip.compress(images)))
        for command, message in ((["predict", "model", "t-images-idx3-ubyte"], "t-images-idx3-ubyte: unpacks to 6144 MB; unpack it with gunzip first"),
                                 (["train", "--data", "zeros.csv", "--layers", "2-2"], "zeros.csv: is not a text table: it has NUL bytes")):
            said = self.run_program(*command, code=INPUT, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (1 << 28, 1 << 28))).stderr
            self.assertIn(message, said)

    def test_long_records(self):
        """A record ends somewhere, also before the form of the table is known."""
        if not self.has_zlib():
            self.skipTest("this build has no zlib")
        (self.folder / "long.csv").write_bytes(gzip.compress(b"1" * (300 << 20), 1))
        for command in (["predict", "model", "long.csv"], ["train", "--data", "long.csv", "--layers", "2-2"]):
            said = self.run_program(*command, code=INPUT).stderr
            self.assertIn("long.csv: line 1: the record that begins here is longer than 256 MB", said)

    def shrinks(self, path, read, left, *arguments):
        """Stops the program once it has read so much of a file, cuts the file, and lets it go on."""
        process = self.start(*arguments)
        deadline = time.monotonic() + 30
        stopped = False
        while not stopped and process.poll() is None and time.monotonic() < deadline:
            try:
                for descriptor in os.listdir(f"/proc/{process.pid}/fd"):
                    if os.readlink(f"/proc/{process.pid}/fd/{descriptor}") == str(path):
                        with open(f"/proc/{process.pid}/fdinfo/{descriptor}") as info:
                            stopped = int(info.readline().split()[1]) >= read
                        if stopped:
                            process.send_signal(signal.SIGSTOP)
                            break
            except (FileNotFoundError, ProcessLookupError):  # it was closed meanwhile
                pass
        if stopped:  # on a busy machine the file may have been read and closed before it was seen open
            os.truncate(path, left)
            process.send_signal(signal.SIGCONT)
        _, said = process.communicate(timeout=60)
        return process.returncode, said

    def test_shrinking(self):
        rows = b"a,b,label\n" + b"".join(b"%d,%d,%d\n" % (i % 97, i % 89, i % 2) for i in range(100000)) * 40
        self.write_bars("many", 30000, 10)
        header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (30000, 784), }".ljust(117) + b"\n"
        array = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + bytes(30000 * 784)
        self.run_program("train", "--data", "bars", "--layers", "784-16000-10", "--epochs", "0", "--save", "large", "--device", "cpu")
        many = "many/train-images-idx3-ubyte"
        cases = [("table", "big.csv", rows, 1 << 16, ["train", "--data", "big.csv", "--layers", "2-4-2", "--epochs", "1", "--device", "cpu"]),
                 ("images", many, (self.folder / many).read_bytes(), 1 << 16, ["train", "--data", "many", *SMALL]),
                 ("packed", many, gzip.compress(os.urandom(30000 * 784), 1), 1 << 16, ["train", "--data", "many", *SMALL]),
                 ("array", "x.npy", array, 1 << 16, ["predict", "model", "x.npy"]),
                 ("model", "large", (self.folder / "large").read_bytes(), 0, ["info", "large"])]
        for name, path, content, read, command in cases:
            if name == "packed" and not self.has_zlib():
                continue
            with self.subTest(name):
                seen = []
                for _ in range(5):  # where the program is stopped is chance; it may even have read all
                    (self.folder / path).write_bytes(content)
                    code, said = self.shrinks(self.folder / path, read, 1 << 17, *command)
                    seen.append((code, said))
                    self.assertIn(code, (OK, INPUT), said)
                    if code == INPUT:
                        self.assertRegex(said, "became shorter while it was read|is cut short|its gzip|is not an IDX|is not a text table|pixels|unpacked")
                self.assertIn(INPUT, [code for code, _ in seen])

    def test_mapped(self):
        """A file that is too large to be read is mapped, and a part of it that goes away is no crash."""
        inputs = 100000
        with open("/proc/meminfo") as meminfo:
            available = next(int(line.split()[1]) * 1024 for line in meminfo if line.startswith("MemAvailable"))
        n = available // 2 // inputs
        huge = self.folder / "huge"
        huge.mkdir()
        images = huge / "train-images-idx3-ubyte"
        with open(images, "wb") as file:
            file.write(struct.pack(">BBBBII", 0, 0, 8, 2, n, inputs))
            file.truncate(12 + n * inputs)
        (huge / "train-labels-idx1-ubyte").write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, n) + bytes(i % 2 for i in range(n)))
        process = self.start("train", "--data", "huge", "--layers", f"{inputs}-2", "--epochs", "1", "--device", "cpu", "--batch", "1")
        for line in process.stdout:
            if line.startswith("Training target size"):
                break
        os.truncate(images, 4096)
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INPUT, said)
        self.assertIn("a data file became shorter while it was read", said)

    def has_open(self, process, path):
        try:
            return any(os.readlink(f"/proc/{process.pid}/fd/{d}") == str(path) for d in os.listdir(f"/proc/{process.pid}/fd"))
        except OSError:  # one was closed between the two
            return False

    def test_replaced(self):
        """Another file under the same name does not disturb the one that is being read."""
        want = self.train()[-1]["loss"]
        images = self.folder / "bars" / "train-images-idx3-ubyte"
        process = self.start(*MODEL, "--json")
        while process.poll() is None and not self.has_open(process, images):
            pass
        os.replace(self.folder / "model", images)
        output, said = process.communicate(timeout=60)
        if process.returncode == OK:
            self.assertEqual(json.loads(output.splitlines()[-1])["loss"], want)
        else:
            self.assertEqual(process.returncode, INPUT, said)  # it was opened a second time


class Together(Faults):
    """Eight runs at once in one folder."""

    def together(self, commands, watched):
        """Runs all at once, while models are looked at over and over; gives how often each was found whole."""
        found = {name: 0 for name in watched}
        bad = []
        done = threading.Event()

        def watch():
            while not done.is_set():
                for name in watched:
                    if (self.folder / name).exists():
                        result = subprocess.run([str(PROGRAM), "info", name, "--json"], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                                                stderr=subprocess.PIPE, text=True)
                        found[name] += 1
                        if result.returncode != OK:
                            bad.append(result.stderr)
        watcher = threading.Thread(target=watch)
        watcher.start()
        processes = [self.start(*command, stdout=subprocess.DEVNULL) for command in commands]
        ends = [(process.communicate(timeout=120)[1], process.returncode) for process in processes]
        done.set()
        watcher.join()
        self.assertEqual(bad, [])
        for said, code in ends:
            self.assertEqual(code, OK, said)
        self.assertEqual(self.leftovers(), [])
        return found

    def test_training(self):
        more = ["--save", "m", "--checkpoint", "c", "--checkpoint-every", "1e", "--log", "log", "--threads", "1"]
        commands = [["train", "--data", "bars", "--layers", "784-300-10", "--batch", "50", "--epochs", "25", "--device", "cpu", "--seed", seed, *more] for seed in range(1, 9)]
        found = self.together(commands, ("m", "c"))
        self.assertGreater(found["c"], 10)
        lines = [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]
        self.assertIn("annc.result/1", [line["schema"] for line in lines])
        seed = self.lines("info", "m")[0]["annc.seed"]
        self.run_program(*commands[int(seed) - 1][:-len(more)], "--save", "alone", "--threads", "1")
        self.assertEqual((self.folder / "m").read_bytes()[-40000:], (self.folder / "alone").read_bytes()[-40000:])
        self.run_program("train", "--resume", "c", "--epochs", "26")

    def test_sweeps_and_others(self):
        sweep = ["sweep", "--data", "bars", *SMALL[:4], "--epochs", "2", "--grid", "lr=1,2", "--threads", "1", "--save", "s"]
        self.together([sweep] * 4 + [["export", "model", "--format", "npz", "--out", "n.npz"]] * 2 + [["show", "bars", "--out", "s.svg"]] * 2, ("s",))

    def test_fetch(self):
        environment = self.mirror()
        processes = [self.start("fetch", "--to", "mnist", environment=environment) for _ in range(8)]
        for process in processes:
            _, said = process.communicate(timeout=120)
            self.assertEqual(process.returncode, OK, said)
        self.assertEqual(len(list((self.folder / "mnist").iterdir())), 4)


class Names(Faults):
    def test_name(self):
        """The process keeps its name where it starts itself anew, for faster kernels of OpenBLAS."""
        process = self.start("train", "--data", "digits", "--device", "cpu", "--epochs", "100000")
        try:
            self.assertTrue(process.stderr.readline())
            name = pathlib.Path(f"/proc/{process.pid}/comm").read_text().strip()
        finally:
            process.kill()
            process.communicate()
        self.assertEqual(name, PROGRAM.name[:15])


class Signals(Faults):
    """SIGINT and SIGTERM at any moment: the end within two seconds of an idle machine, and nothing damaged."""
    LIMIT = float(os.environ.get("ANNC_TEST_LIMIT", "2"))

    def in_time(self, took):
        """Whether an end that took so many seconds was in time. The load is only measured when it was not on an idle machine."""
        return took < self.LIMIT or took < self.LIMIT * slowness()

    def stopped(self, draw, seconds, *arguments, twice=False, environment=None):
        """Runs a command, sends a signal after so many seconds; gives the code, and what was said. What is late once may have waited for a machine
        that was busy with others: it has three tries."""
        number = draw.choice([signal.SIGINT, signal.SIGTERM])
        for _ in range(3):
            code, output, took = self.stopped_once(number, seconds, *arguments, twice=twice, environment=environment)
            if self.in_time(took):
                return code, output
        return self.fail((arguments, output, took))

    def stopped_once(self, number, seconds, *arguments, twice, environment):
        process = self.start(*arguments, environment=environment)
        try:
            output, said = process.communicate(timeout=seconds)
            return process.returncode, output, 0
        except subprocess.TimeoutExpired:
            pass
        # The second signal is the system's own, and so is one before the program has begun.
        early = () if self.handles(process, number) and not twice else (-number,)
        process.send_signal(number)
        if twice:
            process.send_signal(number)
        began = time.monotonic()
        output, said = process.communicate(timeout=60)
        took = time.monotonic() - began
        self.assertIn(process.returncode, (OK, 128 + number, *early), said)
        return process.returncode, output, took

    @staticmethod
    def handles(process, number):
        """Whether the program is so far that it handles a signal."""
        with open(f"/proc/{process.pid}/status") as status:
            caught = next((int(line.split()[1], 16) for line in status if line.startswith("SigCgt:")), 0)
        return caught >> (number - 1) & 1 == 1

    def test_training(self):
        """Moments of a training whose every step, evaluation and checkpoint takes long; the checkpoint is then good, and it goes on."""
        draw = random.Random(3)
        self.write_bars("many", 6000, 2000)
        network = ["--layers", "784-1500-1500-10", "--batch", "1000", "--lr", "0.1", "--epochs", "100000", "--device", "cpu"]
        begun = ["train", "--data", "many", *network, "--checkpoint", "c", "--checkpoint-every", "1s"]
        reached = 0
        for i in range(MOMENTS):
            there = (self.folder / "c").exists()
            code, _ = self.stopped(draw, draw.uniform(0, 1.6), *(["train", "--resume", "c"] if there else begun), twice=i % 10 == 9)
            self.assertNotEqual(code, OK)
            if (self.folder / "c").exists():
                epochs = int(self.lines("info", "c")[0]["annc.epochs"])
                self.assertGreaterEqual(epochs, reached)  # it never goes back
                reached = epochs
        self.assertGreater(reached, 0)
        self.lines("eval", "c", "--data", "many")

    def test_within_a_minibatch(self):
        """A single step of seconds is left where it is, and undone; the training resumes to the bits of one that was not interrupted."""
        with open(self.folder / "t.csv", "w") as table:
            table.writelines(f"{i % 7},{i % 11},{i % 13},{i % 2}\n" for i in range(20000))
        some = ["train", "--data", "t.csv", "--layers", "3-1200-1200-2", "--batch", "20000", "--device", "cpu", "--epochs", "1", "--threads", "1", "--quiet", "--label", "4"]
        for more in (["--optimizer", "sgd"], ["--optimizer", "adam"]):
            for _ in range(3):  # as in stopped()
                (self.folder / "c").unlink(missing_ok=True)
                process = self.start(*some, *more, "--checkpoint", "c")
                while not (self.folder / "c").exists() and process.poll() is None:
                    time.sleep(0.01)
                time.sleep(0.4)
                process.send_signal(signal.SIGTERM)
                began = time.monotonic()
                _, said = process.communicate(timeout=60)
                took = time.monotonic() - began
                if process.returncode != 0 and self.in_time(took):  # 0: the step had ended before
                    break
            else:
                self.fail((took, said))
            self.assertEqual(process.returncode, 143, said)
            self.assertIn("stopped in epoch 1 after step 0 of 1", said)
            self.run_program("train", "--resume", "c", "--quiet", "--save", "resumed")
            self.run_program(*some, *more, "--save", "whole")
            resumed, whole = ((self.folder / name).read_bytes()[-4 * 1200 * 1200:] for name in ("resumed", "whole"))
            self.assertEqual(resumed, whole)

    def write_many_to_test(self):
        """60,000 images of bars, which take a large network seconds to evaluate."""
        images, labels = bars(1000)
        for name, content, header in (("images-idx3", images, 16), ("labels-idx1", labels, 8)):
            file = self.folder / "bars" / f"t10k-{name}-ubyte"
            file.write_bytes(content[:4] + struct.pack(">I", 60000) + content[8:header] + 60 * content[header:])

    def test_not_waited_for(self):
        """An evaluation of several seconds: the checkpoint before it is what the training goes on from."""
        self.write_many_to_test()
        for _ in range(3):  # as in stopped()
            (self.folder / "c").unlink(missing_ok=True)
            process = self.start("train", "--data", "bars", "--layers", "784-2500-2500-10", "--device", "cpu", "--batch", "400", "--checkpoint", "c")
            while not (self.folder / "c").exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(1)
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            _, said = process.communicate(timeout=60)
            took = time.monotonic() - began
            self.assertEqual(process.returncode, 143, said)
            self.assertEqual(self.leftovers(), [])
            self.assertIn("annc.state", self.lines("info", "c")[0])
            if self.in_time(took):
                return
        self.fail((took, said))

    def test_waited_for(self):
        """Epochs that no checkpoint has are worth an evaluation of seconds."""
        self.write_many_to_test()
        process = self.start("train", "--data", "bars", "--layers", "784-1500-1500-10", "--device", "cpu", "--batch", "400", "--checkpoint", "c",
                             "--checkpoint-every", "100e", "--json")
        self.assertEqual(json.loads(process.stdout.readline())["epoch"], 1)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=110)
        self.assertEqual(process.returncode, 143, said)
        self.assertGreaterEqual(int(self.lines("info", "c")[0]["annc.epochs"]), 1)

    def test_other_commands(self):
        draw = random.Random(4)
        self.write_bars("many", 20000, 20000)
        network = ["--layers", "784-1000-1000-10", "--device", "cpu"]
        self.run_program("train", "--data", "bars", *network, "--epochs", "0", "--save", "large")
        for command in (["train", "--data", "many", *network, "--epochs", "9"], ["train", "--data", "many", *network, "--epochs", "9", "--folds", "3"],
                        ["train", "--data", "many", *network, "--epochs", "9", "--folds", "3", "--checkpoint", "f"],
                        ["train", "--data", "many", "--layers", "784-32-10", "--epochs", "999", "--device", "cpu", "--save", "kept"],
                        ["sweep", "--data", "many", *network, "--grid", "lr=1,2,3"], ["sweep", "--data", "many", "--grid", "lr=1,2,3", "--save", "s"],
                        ["check", "large", "--data", "many", "--batch", "2000", "--device", "cpu"], ["eval", "large", "--data", "many"],
                        ["predict", "large", "many/train-images-idx3-ubyte"], ["export", "large", "--format", "json", "--out", "e.json"],
                        ["export", "large", "--format", "onnx", "--out", "e.onnx"], ["show", "many", "--count", "9000", "--out", "s.svg"], ["info"]):
            for i in range(4):
                with self.subTest(command=command):
                    self.stopped(draw, draw.uniform(0, 1), *command, twice=i == 3)
        self.assertLessEqual({p.name for p in self.folder.glob("e.*")}, {"e.json", "e.onnx"})  # nothing in part
        if (self.folder / "e.json").exists():
            json.loads((self.folder / "e.json").read_text())
        for name in ("kept", "s", "f"):
            if (self.folder / name).exists():
                self.lines("info", name)


if __name__ == "__main__":
    main()
