#!/usr/bin/env python3
"""Names of files that are no files: FIFOs that nobody else has open, folders, devices, sockets. No command waits for one, or reads one
without end; where a stream makes sense it is read or written. Called as program.py says."""
import os
import socket
import subprocess
import threading
import time

from program import INPUT, OK, OUTPUT, PROGRAM, SMALL, Cli, main, slowness

SECONDS = 2
TRAIN = ["train", "--data", "bars", *SMALL, "--quiet"]
EVAL = ["eval", "MODEL", "--data", "bars"]
# Commands, in which '@' is the name.
INPUTS = {"report": ["report", "@", "--out", "page.html"], "config": [*TRAIN, "--config", "@"], "resume": ["train", "--resume", "@"], "data": ["train", "--data", "@"],
          "test": ["train", "--data", "bars/train-images-idx3-ubyte", "--test", "@"], "eval": ["eval", "@", "--data", "bars"],
          "eval data": ["eval", "MODEL", "--data", "@"], "predict model": ["predict", "@", "bars/t10k-images-idx3-ubyte"],
          "predict": ["predict", "MODEL", "@"], "export": ["export", "@", "--format", "json", "--out", "exported"], "info": ["info", "@"],
          "check": ["check", "@", "--data", "bars"], "trace": ["trace", "@", "--data", "bars"], "show": ["show", "@"]}
OUTPUTS = {"log": [*TRAIN, "--log", "@"], "save": [*TRAIN, "--save", "@"], "checkpoint": [*TRAIN, "--checkpoint", "@"],
           "plot": [*TRAIN, "--plot", "@.svg"], "per-example": [*EVAL, "--per-example", "@"], "export": ["export", "MODEL", "--format", "json", "--out", "@"],
           "show": ["show", "bars", "--out", "@.svg"], "trace": ["trace", "MODEL", "--data", "bars", "--out", "@.svg"],
           "report": ["report", "LOG", "--out", "@"]}


class SpecialFiles(Cli):
    def setUp(self):
        super().setUp()
        self.run_program(*TRAIN, "--save", "MODEL", "--log", "LOG")
        for name in ("fifo", "fifo.svg"):
            os.mkfifo(self.folder / name)
        for name in ("folder", "folder.svg"):
            (self.folder / name).mkdir()
        self.sockets = []
        for name in ("socket", "socket.svg"):
            self.sockets.append(socket.socket(socket.AF_UNIX))
            self.sockets[-1].bind(str(self.folder / name))
        self.limit = SECONDS * slowness()

    def tearDown(self):
        for end in self.sockets:
            end.close()
        super().tearDown()

    def end_in_time(self, arguments, codes, **more):
        """The program's exit code must be one of these within the limit; returns its standard error."""
        began = time.monotonic()
        with subprocess.Popen([str(PROGRAM), *arguments], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more) as process:
            try:
                said = process.communicate(timeout=self.limit)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                said = process.communicate()[1]
                self.fail(f"{arguments} still runs after {time.monotonic() - began:.1f} s: {said}")
        self.assertIn(process.returncode, codes, f"{arguments}: {said}")
        return said

    def check_names(self, commands, names, codes):
        for what, command in commands.items():
            for name in names:
                with self.subTest(what, name=name):
                    arguments = [part.replace("@.svg", name if name.startswith("/") else f"{name}.svg").replace("@", name) for part in command]
                    said = self.end_in_time(arguments, codes)
                    if codes != (OK,):
                        self.assertIn(name, said)

    def test_inputs(self):
        self.check_names(INPUTS, ["fifo", "socket", "/dev/zero"], (INPUT,))

    def test_folders_read(self):
        self.check_names(INPUTS, ["folder"], (INPUT,))

    def test_nothing_read(self):
        """/dev/null is an empty file: a configuration without options, and no data, model or log."""
        self.check_names({what: command for what, command in INPUTS.items() if what != "config"}, ["/dev/null"], (INPUT,))
        self.end_in_time([*TRAIN, "--config", "/dev/null"], (OK,))

    def test_outputs(self):
        self.check_names(OUTPUTS, ["fifo", "folder", "socket"], (OUTPUT,))

    def test_nothing_kept(self):
        commands = {what: command for what, command in OUTPUTS.items() if "@.svg" not in command}
        self.check_names(commands, ["/dev/null"], (OK,))
        self.end_in_time([part.replace("@", "/dev/full") for part in OUTPUTS["log"]], (OUTPUT,))

    def test_streams_read(self):
        """Logs and configurations may come through pipes: process substitution, standard input, a FIFO that is being written to."""
        log = (self.folder / "LOG").read_bytes()
        for arguments, text in ((["report", "@", "--out", "page.html"], log), ([*TRAIN, "--config", "@"], b"batch = 20\n")):
            reading, writing = os.pipe()
            os.write(writing, text)
            os.close(writing)
            self.end_in_time([part.replace("@", f"/dev/fd/{reading}") for part in arguments], (OK,), pass_fds=[reading])
            os.close(reading)
            result = subprocess.run([str(PROGRAM), *[part.replace("@", "/dev/stdin") for part in arguments]], cwd=self.folder, env=self.environment,
                                    input=text, capture_output=True, timeout=60)
            self.assertEqual(result.returncode, OK, result.stderr)

    def test_empty_streams(self):
        """An anonymous pipe that has ended is an empty file, and is not waited for."""
        for arguments, code in ((["report", "@", "--out", "page.html"], INPUT), ([*TRAIN, "--config", "@"], OK)):
            reading, writing = os.pipe()
            os.close(writing)
            self.end_in_time([part.replace("@", f"/dev/fd/{reading}") for part in arguments], (code,), pass_fds=[reading])
            os.close(reading)

    def test_late_writers(self):
        """A FIFO's writer may come a little later than its reader."""
        log = (self.folder / "LOG").read_bytes()
        for pause in (0, 1.5):
            process = subprocess.Popen([str(PROGRAM), "report", "fifo", "--out", "page.html"], cwd=self.folder, env=self.environment,
                                       stderr=subprocess.PIPE)
            time.sleep(0.2)
            with open(self.folder / "fifo", "wb") as fifo:
                time.sleep(pause)
                fifo.write(log)
            said = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, OK, said)

    def test_slow_streams(self):
        """A pipe whose writer pauses is waited for."""
        log = (self.folder / "LOG").read_bytes()
        process = subprocess.Popen([str(PROGRAM), "report", "/dev/stdin", "--out", "page.html"], cwd=self.folder, env=self.environment,
                                   stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.5)
        process.stdin.write(log[:100])
        process.stdin.flush()
        time.sleep(0.5)
        said = process.communicate(log[100:], timeout=60)[1]
        self.assertEqual(process.returncode, OK, said)

    def test_streams_written(self):
        """A FIFO with a reader takes the log, line by line."""
        taken = []
        reader = threading.Thread(target=lambda: taken.append((self.folder / "fifo").read_bytes()))
        reader.start()
        time.sleep(0.2)
        self.run_program(*TRAIN, "--log", "fifo")
        reader.join(60)
        self.assertIn(b'"annc.result/1"', taken[0])


if __name__ == "__main__":
    main()
