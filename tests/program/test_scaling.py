#!/usr/bin/env python3
"""bench/scaling.py, and bench/mpirun_namespaces.py, which it starts: the model by hand,
measurements of small networks, and ranks in network namespaces. Called as program.py says."""
import importlib.util
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from program import PROGRAM, main, slowness
from ranks import CPU, MPIRUN, RankTests, T

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
SMALL = ["--batch", "64", "--rounds", "1"]


class Scaling(RankTests):
    def setUp(self):
        super().setUp()
        self.environment["ANNC_TEST_MPIRUN"] = MPIRUN

    def namespaces(self, *arguments):
        return [sys.executable, str(BENCH / "mpirun_namespaces.py"), *map(str, arguments)]

    def need_namespaces(self, *limits):
        self.need_mpi()
        if not self.is_open_mpi() or not shutil.which("ip"):
            self.skipTest("network namespaces: no Open MPI, or no iproute2")
        result = subprocess.run(self.namespaces(*limits, "-n", "1", "true"), env=self.environment, stderr=subprocess.PIPE, text=True, timeout=60)
        if "this needs root or user namespaces" in result.stderr or "this needs a kernel with" in result.stderr:
            self.skipTest(f"network namespaces: {result.stderr.strip()}")
        self.assertEqual(result.returncode, 0, result.stderr)

    def scaling(self, *arguments):
        return self.run_command([BENCH / "scaling.py", *arguments]).stdout

    def measure(self, layers, *arguments):
        """The JSON line of a network, with what must hold of all."""
        self.need_mpi()
        if not (PROGRAM.parent / "annc-ranks").exists():
            self.skipTest("this build has no benchmarks")
        scaled = json.loads(self.scaling(PROGRAM.parent, "--layers", layers, *SMALL, "--json", *arguments))
        for link in scaled["model"].values():
            self.assertAlmostEqual(link["steps"]["1"]["overlap"], scaled["measured"]["step"]["1"])
            for steps in link["steps"].values():
                self.assertLessEqual(steps["overlap"], steps["after"] + 1e-12)
        return scaled["measured"]

    def test_model(self):
        """The model, by hand."""
        specification = importlib.util.spec_from_file_location("scaling", BENCH / "scaling.py")
        scaling = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(scaling)
        self.assertEqual(scaling.parameters([784, 30, 10]), [23550, 310])
        self.assertAlmostEqual(scaling.all_reduce(4, 1000, 1e-6, 1e9), 6 * (1e-6 + 1e-6))
        latency, bandwidth = scaling.fit([(values, scaling.all_reduce(2, values, 5e-6, 3e9)) for values in (1, 1000, 1000000)])
        self.assertAlmostEqual(latency, 5e-6)
        self.assertAlmostEqual(bandwidth / 3e9, 1)
        free = (0, 1e30)  # a link that costs nothing
        self.assertAlmostEqual(scaling.step(1, [4, 4, 4], 5.0, 0.5, 1, 1, True), 5.5)
        self.assertAlmostEqual(scaling.step(5, [4, 4, 4], 5.0, 0.5, *free, True), 1.5)
        # Of 5 equal products, 2 forward, then G2, its sum beside D1 and G1, and the sum of layer 1
        # after them. A sum of 20 values takes 0.8 s.
        link = (0, 4 * 20 / 0.8)
        self.assertAlmostEqual(scaling.step(2, [4, 4, 4], 10.0, 0, *link, True), 5 + 0.8)
        self.assertAlmostEqual(scaling.step(2, [4, 4, 4], 10.0, 0, *link, False), 5 + 1.6)

    def test_device_model(self):
        """The model of another device, by hand: 5 products of 2 x 100 x 16 FLOP, 2 sums of 20 values."""
        arguments = ["--layers", "4-4-4", "--batch", "100", "--device-model", "Some: device:2e-6:5:0.04"]
        answers = json.loads(self.scaling(*arguments, "--json"))["device_model"]
        (name, answer), = answers.items()
        self.assertEqual(name, "Some: device, 2e-06 TFLOP/s")
        product, total = 2 * 100 * 16 / 2e6, 2 * (5e-6 + 4 * 20 / 2 / 0.04e9)
        self.assertAlmostEqual(answer["steps"]["1"]["overlap"], 5 * product)
        self.assertAlmostEqual(answer["steps"]["2"]["after"], 5 * product / 2 + 2 * total)
        self.assertAlmostEqual(answer["steps"]["2"]["overlap"], 5 * product / 2 + total)
        self.assertIn("model, on paper: Some: device, 2e-06 TFLOP/s: latency 5.0 us, 0.04 GB/s", self.scaling(*arguments))

    def test_measurements(self):
        measured = self.measure("16-64-4")
        self.assertEqual(set(measured["step"]), {"1", "2"})
        self.assertEqual([values for values, _ in measured["sums"]], [1, 17, 34, 68, 136, 272, 544, 1088])

    def test_oversubscribed(self):
        """More ranks than processors are marked, and stand beside the model."""
        self.need_mpi()
        if not (PROGRAM.parent / "annc-ranks").exists():
            self.skipTest("this build has no benchmarks")
        one = str(min(os.sched_getaffinity(0)))
        lines = self.run_command(["taskset", "--cpu-list", one, BENCH / "scaling.py", PROGRAM.parent, "--layers", "16-64-4", *SMALL]).stdout.splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("ranks  step ms  model ms"))
        self.assertEqual([line.split()[::7] for line in lines[first + 1:first + 3]], [["1"], ["2", "oversubscribed"]])

    def test_same_bits(self):
        """Ranks in network namespaces train to the bits of ranks without them, and all gradients
        pass their network devices."""
        self.need_namespaces()
        layers, rows, batch = (4, 600, 600, 3), 900, 60
        options = ["train", "--data", self.data, *CPU, "--layers", "4-600:tanh-600:tanh-3:softmax", "--cost", "categorical-cross-entropy",
                   "--lr", "0.01", "--batch", batch, "--epochs", "1", "--threads", "1", "--quiet"]
        summed = 4 * sum(n * (n_in + 1) for n_in, n in zip(layers, layers[1:])) * rows / batch  # bytes
        count = "sed -n 's/^ *eth0://p' /proc/net/dev > device.$OMPI_COMM_WORLD_RANK && hostname >> names"
        for ranks in (2, 3):
            self.together(ranks, *options, "--save", "m")
            self.run_command(self.namespaces("-n", ranks, "sh", "-c", f'"$@" && {count}', "sh", PROGRAM, *options, "--save", "n"))
            self.assertEqual((self.folder / "n").read_bytes(), (self.folder / "m").read_bytes())
            self.assertEqual(len(set((self.folder / "names").read_text().split())), ranks)
            for rank in range(ranks):
                numbers = list(map(int, (self.folder / f"device.{rank}").read_text().split()))
                for total in (numbers[0], numbers[8]):  # received, sent
                    self.assertGreater(total, 2 * (ranks - 1) / ranks * summed)

    def test_rate(self):
        """A limited rate slows large sums down to the time that their bytes take."""
        limit = ["--rate", "100"]
        self.need_namespaces(*limit)
        values, seconds = self.measure("784-300-4", "--namespaces", *limit)["sums"][-1]
        self.assertEqual(values, 785 * 300)
        self.assertGreater(seconds, 0.9 * 4 * values / (100e6 / 8))

    def test_delay(self):
        """The smallest sum of two ranks waits for two messages."""
        limit = ["--delay", "5000"]
        self.need_namespaces(*limit)
        self.assertGreater(self.measure("16-64-4", "--namespaces", *limit)["sums"][0][1], 2 * 5e-3)

    def programs(self):
        """What the processes run that have this test's environment."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if f"TMPDIR={self.environment['TMPDIR']}".encode() in (process / "environ").read_bytes().split(b"\0"):
                    found.append(os.readlink(process / "exe"))
            except OSError:
                continue  # it has ended, or is another user's
        return found

    def wait_until(self, is_so):
        ends = time.monotonic() + 20 * slowness()
        while not is_so(self.programs()) and time.monotonic() < ends:
            time.sleep(0.02)
        self.assertTrue(is_so(self.programs()), self.programs())

    def test_endings(self):
        """Ctrl-C, SIGTERM and SIGKILL end all processes in the namespaces, and with them these."""
        self.need_namespaces()
        endless = ["train", "--data", self.data, *T, *CPU, "--epochs", "1000000", "--batch", "1", "--quiet"]
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with subprocess.Popen(self.namespaces("-n", 2, PROGRAM, *endless), cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as process:
                self.wait_until(lambda programs: programs.count(str(PROGRAM)) == 2)
                process.send_signal(number)
                self.wait_until(lambda programs: not programs)

    def test_refusals(self):
        """Each failure is one line with its reason."""
        for name, script in (("unshare", "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1"), ("mpirun", "echo Open MPI")):
            (self.folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (self.folder / name).chmod(0o755)
        where = {"ANNC_TEST_MPIRUN": str(self.folder / "mpirun"), "PATH": f"{self.folder}:{self.environment['PATH']}"}
        for arguments, environment, code, message in (
                (["-n", 2, "true"], where, 1, r"mpirun_namespaces\.py: unshare --net .*: Operation not permitted; this needs root or user namespaces"),
                (["-n", 2, "true"], {"ANNC_TEST_MPIRUN": "true"}, 1, r"mpirun_namespaces\.py: true is not Open MPI's"),
                (["-n", 2, "true"], {"ANNC_TEST_MPIRUN": "/none"}, 1, r"mpirun_namespaces\.py: /none: No such file or directory"),
                (["-n", 254, "true"], {}, 2, "more than 253 ranks"), (["-n", 0, "true"], {}, 2, "must be at least 1"), (["-n", 2], {}, 2, "no COMMAND")):
            self.assertRegex(self.run_command(self.namespaces(*arguments), code, environment).stderr, message + "\n$")
        for arguments, message in ((["--delay", "5", PROGRAM.parent], "--delay and --rate need --namespaces"), ([], "BUILD or --device-model is needed")):
            self.assertIn(message, self.run_command([BENCH / "scaling.py", *arguments], 2).stderr)


if __name__ == "__main__":
    main()
