#!/usr/bin/env python3
"""The runner of the GPU peers, on the CPU with peers in NumPy: verification, time limits, results.
Skipped where NumPy is not installed. Called as program.py says."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest
import unittest.mock

from program import PROGRAM, Cli, main

PEERS = pathlib.Path(__file__).resolve().parents[2] / "bench/peers"
sys.path.insert(0, str(PEERS))
sys.dont_write_bytecode = True
try:
    import numpy as np

    import common
except ImportError:
    np = None
try:
    import torch
except ImportError:
    torch = None

# A peer in NumPy. Its argument before the folder is a fault: 'wrong' trains with twice the learning
# rate.
STUB = """
import sys, time
sys.path.insert(0, {peers!r})
sys.dont_write_bytecode = True
fault = sys.argv.pop(1)
import numpy as np
import common, worker

class Stub(worker.Peer):
    def __init__(self, job):
        if fault == "absent":
            raise SystemExit("the stub is absent")
        self.job, self.epochs = job, 0
        self.x, self.y = job.scaled(job.x), job.one_hot(job.y)

    def restore(self):
        self.theta = [(W.copy(), b.copy()) for W, b in self.job.split(self.job.first[0])]

    def train(self, rows):
        lr = self.job.lr * (2 if fault == "wrong" else 1)
        for i in range(0, len(rows), self.job.batch):
            these = rows[i:i + self.job.batch]
            common.reference_step(self.theta, self.x[these], self.y[these], lr, self.job.softmax)

    def run_steps(self, count):
        skipped = self.job.batch if fault == "skips" and count > 1 else 0
        self.train(self.job.orders[0][0][:count * self.job.batch - skipped])

    def run_epoch(self, epoch):
        self.epochs += 1
        if fault == "crash" and self.epochs == 3:
            sys.exit("the stub crashes")
        if fault == "hang":
            time.sleep(60)
        if fault != "idle":
            self.train(self.job.orders[epoch][0])

    def count_correct(self):
        return [common.count_correct(self.theta, self.job.scaled(self.job.test_x), self.job.test_y, self.job.softmax)]

    def parameters(self):
        return common.flat(self.theta)

worker.serve(Stub)
"""


@unittest.skipUnless(np, "NumPy is not installed")
class Peers(Cli):
    def setUp(self):
        super().setUp()
        self.environment["TMPDIR"] = str(self.folder)
        (self.folder / "stub.py").write_text(STUB.format(peers=str(PEERS)))

    def compare(self, *arguments, stubs=(), code=0, peers="", limit=30):
        """The rows of a run by peer, and its table."""
        also = [f"--also={fault}={sys.executable} stub.py {fault}" for fault in stubs]
        command = [sys.executable, str(PEERS / "gpu.py"), "--program", str(PROGRAM), "--device", "cpu", "--data", "bars",
                   "--repeats", "2", "--peers", peers, "--seconds-limit", str(limit), "--json", "rows", "--table", "table",
                   *also, *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=100)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        table = (self.folder / "table").read_text()
        self.assertEqual(table, done.stdout)
        self.assertFalse(list(self.folder.glob("annc-gpu-peers-*")), "a temporary folder is left")
        return self.rows(), table

    def rows(self):
        lines = [json.loads(line) for line in (self.folder / "rows").read_text().splitlines()]
        self.assertEqual({line["schema"] for line in lines}, {"annc.gpu_peers/1"})
        return {line["peer"]: line for line in lines}

    def test_reference(self):
        """A step in double precision is a step of annc-gpu, for all jobs."""
        self.write_bars("minibatch", 16, 10)
        x, y, _, _ = common.read_set(self.folder / "minibatch")
        x = x.reshape(len(x), -1).astype(np.float32) * (np.float32(1) / np.float32(255))
        with unittest.mock.patch.dict(os.environ, {"TMPDIR": str(self.folder)}):
            for job in common.JOBS.values():
                options = argparse.Namespace(**{**job, "program": str(PROGRAM), "data": str(self.folder / "minibatch"),
                                                "seed": 2, "batch": 16})
                first = common.initial_weights(options)
                want, = common.reference_steps(first, x, y, common.order(16, 2, 0), options, (1,))
                got = common.train_model(options, "--epochs", "1", "--device", "cpu")
                difference, rounding = common.step_difference(*map(common.flat, (first, want, got)))
                self.assertLess(difference, 1e-5 + rounding, options.layers)

    def test_made_data(self):
        """Random data can be learned."""
        x, y, test_x, test_y = common.made_set(2000, 200)
        theta = [(np.zeros((10, 784)), np.zeros(10))]
        options = argparse.Namespace(batch=20, lr=0.1, softmax=True)
        theta, = common.reference_steps(theta, x.reshape(2000, -1) / 255, y, common.order(2000, 1, 0), options, (100,))
        self.assertGreater(common.count_correct(theta, test_x.reshape(200, -1) / 255, test_y, True), 180)

    def test_faults(self):
        """Peers that compute something else are not timed; those that hang or crash do not stop the
        others."""
        began = time.monotonic()
        stubs = ["good", "wrong", "skips", "idle", "hang", "crash", "absent"]
        rows, table = self.compare("--svg", "drawing", "--graph-steps", "5", stubs=stubs, code=1, limit=6,
                                   peers="torch_graph,tiny_cuda_nn,nothing")
        self.assertLess(time.monotonic() - began, 25)
        self.assertEqual({name: row["status"] for name, row in rows.items()},
                         {"annc-gpu": "timed", "good": "timed", "wrong": "failed", "skips": "failed", "idle": "failed",
                          "hang": "failed", "crash": "failed", "absent": "left out", "torch_graph": "left out",
                          "tiny_cuda_nn": "left out", "nothing": "left out"})
        for name, reason in (("wrong", "weights after one step differ"), ("skips", "weights after 5 steps differ"),
                             ("idle", "accuracy after the first epoch"), ("hang", "killed after 6 s"),
                             ("crash", "the stub crashes"), ("absent", "the stub is absent"),
                             ("torch_graph", "needs a CUDA device"), ("nothing", "no such peer")):
            self.assertIn(reason, rows[name]["reason"])
            self.assertIn(reason, table)
            self.assertNotIn("seconds_epoch", rows[name])
        good = rows["good"]
        self.assertTrue(good["verified"])
        self.assertEqual(good["repeats"], 2)
        self.assertLessEqual(good["step_difference"], good["step_tolerance"])
        self.assertLessEqual(good["seconds_epoch_min"], good["seconds_epoch"])
        self.assertAlmostEqual(good["ratio"], good["seconds_epoch"] / rows["annc-gpu"]["seconds_epoch"])
        self.assertAlmostEqual(good["us_step"], good["seconds_epoch"] / 25 * 1e6)
        drawing = (self.folder / "drawing").read_text()
        self.assertIn(">good<", drawing)
        self.assertNotIn(">wrong<", drawing)

    def test_interrupted(self):
        """What is known before an interruption is in the files."""
        command = [sys.executable, str(PEERS / "gpu.py"), "--program", str(PROGRAM), "--device", "cpu", "--data", "bars",
                   "--peers", "", "--json", "rows", "--table", "table", f"--also=good={sys.executable} stub.py good",
                   f"--also=hang={sys.executable} stub.py hang"]
        with subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as run:
            try:
                for _ in range(400):
                    if (self.folder / "rows").exists() and self.rows().get("good", {}).get("verified"):
                        break
                    time.sleep(0.05)
                self.assertTrue(self.rows()["annc-gpu"]["verified"])
                self.assertTrue(self.rows()["good"]["verified"])
                self.assertIn("good", (self.folder / "table").read_text())
            finally:
                run.terminate()
            run.communicate(timeout=20)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("seconds_warm_up", self.rows()["good"])
        self.assertFalse(list(self.folder.glob("annc-gpu-peers-*")), "a temporary folder is left")

    def test_no_program(self):
        """annc-gpu without a CUDA device fails, and the peers are compared all the same."""
        self.environment["ANNC_CUDA_MODULE"] = str(self.folder / "absent.so")
        rows, _ = self.compare("--device", "cuda", stubs=["good"], code=1)
        self.assertEqual(rows["annc-gpu"]["status"], "failed")
        self.assertIn("no CUDA device", rows["annc-gpu"]["reason"])
        self.assertEqual((rows["good"]["status"], rows["good"]["ratio"]), ("timed", None))

    @unittest.skipUnless(torch, "PyTorch is not installed")
    def test_torch(self):
        rows, table = self.compare("--graph-steps", "4", "--population", "3", "--examples", "200",
                                   peers="torch_eager,torch_population")
        for name in ("torch_eager", "torch_population"):
            self.assertEqual(rows[name]["status"], "timed")
        self.assertEqual(rows["torch_population"]["networks"], 3)
        self.assertIn("3 networks at once", table)


if __name__ == "__main__":
    main()
