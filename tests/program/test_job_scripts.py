#!/usr/bin/env python3
"""The files of docs/cluster on a machine without Slurm, Kubernetes and containers: the job script under stand-ins for srun and scontrol, the
launcher's script of the manifest under one for mpirun, and the packages of the container file. Called as program.py says."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from program import DIVERGED, OK, PROGRAM, main
from tables import COLUMNS, Tables, blobs

FILES = pathlib.Path(__file__).resolve().parents[2] / "docs/cluster"
T = ["--data", "t.csv", "--layers", "4-8:tanh-3:softmax", "--cost", "categorical-cross-entropy", "--batch", "1", "--device", "cpu"]


class JobScripts(Tables):
    def setUp(self):
        super().setUp()
        self.write("t.csv", blobs(900), COLUMNS)
        tools = self.folder / "tools"
        tools.mkdir()
        self.stand_in(tools / "annc-gpu", f'exec "{PROGRAM}" "$@"')
        # srun and mpirun start the command after their own options; scontrol notes what it is asked for.
        start = 'while [ "$1" != annc-gpu ]; do shift; done; exec "$@"'
        self.stand_in(tools / "srun", start)
        self.stand_in(tools / "mpirun", start)
        self.stand_in(tools / "scontrol", 'echo "$@" >> asked')
        self.environment.update(PATH=f"{tools}:{self.environment['PATH']}", SLURM_JOB_ID="17", SLURM_CPUS_PER_TASK="2")

    def stand_in(self, path, text):
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def job(self, *options, code=OK, signal_after=None):
        """Runs the job script, and sends SIGUSR1 to the training, as Slurm does, when a text is on its standard error or in its log; gives
        standard error."""
        log, told = self.folder / "log.jsonl", self.folder / "told"
        with open(told, "w", encoding="utf-8") as errors:
            process = subprocess.Popen(["bash", str(FILES / "job.sbatch"), *map(str, options)], cwd=self.folder, env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=errors)
        while signal_after and process.poll() is None:
            if signal_after in told.read_text() or (log.exists() and signal_after in log.read_text()):
                child, = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                os.kill(int(child), signal.SIGUSR1)
                break
            time.sleep(0.01)
        process.wait(timeout=60)
        self.assertEqual(process.returncode, code, told.read_text())
        return told.read_text()

    def asked(self):
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def test_job_script(self):
        """A job whose time ends is requeued and resumes with its options; one that is complete, or fails, is not."""
        if not shutil.which("bash"):
            self.skipTest("no bash")
        errors = self.job("train", *T, "--epochs", "1000000", "--log", "log.jsonl", "--save", "m", signal_after='"epoch":2,')
        self.assertIn("resume with", errors)
        self.assertEqual(self.asked(), ["requeue 17"])
        done = int(self.lines("info", "annc-17.safetensors")[0]["annc.epochs"])
        errors = self.job("train", "--none", "--of", "--these", signal_after="resumed after")
        self.assertIn(f"resumed after {done} epochs", errors)
        self.assertEqual(self.asked(), ["requeue 17"] * 2)
        self.environment["SLURM_JOB_ID"] = "18"
        self.job("train", *T, "--epochs", "2", "--save", "m")
        self.assertTrue((self.folder / "m").exists())
        self.environment["SLURM_JOB_ID"] = "19"
        self.job("train", "--data", "t.csv", "--layers", "4-8:relu-3:identity", "--cost", "quadratic", "--lr", "1e30", "--device", "cpu", code=DIVERGED)
        self.assertEqual(self.asked(), ["requeue 17"] * 2)

    def test_job_of_many_networks(self):
        """A sweep, or folds, whose time ends is requeued and trains what --save-all does not have; without it, the job does not begin."""
        if not shutil.which("bash"):
            self.skipTest("no bash")
        for options in (["sweep", "--grid", "lr=0.1,0.2", "--save", "best"], ["train", "--folds", "3"]):
            self.assertIn("add --save-all DIR", self.job(*options, *T, code=2))
        sweep = ["sweep", "--seeds", "500", "--epochs", "20", "--threads", "1", "--save", "best", "--save-all=networks", *T]
        errors = self.job(*sweep, signal_after="5 of 500:")
        self.assertEqual(self.asked(), ["requeue 17"], errors)
        done = len(list((self.folder / "networks").iterdir()))
        self.assertTrue(0 < done < 500)
        sweep[sweep.index("500")] = str(done + 3)
        self.assertRegex(self.job(*sweep), f"{done} ")
        self.assertEqual(self.asked(), ["requeue 17"])

    def test_job_options(self):
        """The notice comes early enough for an epoch's end, to the ranks and not to the script, and the job may be requeued."""
        given = re.findall(r"^#SBATCH --(\S+)$", (FILES / "job.sbatch").read_text(), re.M)
        self.assertIn("signal=USR1@120", given)
        self.assertIn("requeue", given)

    def test_launcher(self):
        """The launcher's script begins a training, and resumes it when it starts again."""
        text = (FILES / "mpijob.yaml").read_text()
        block = re.search(r"args:\n +- \|\n((?: {18}.*\n)+)", text).group(1)
        script = re.sub(r"^ {18}", "", block, flags=re.M)
        shutil.copy(self.folder / "t.csv", self.folder / "flowers.csv")
        for resumed in (False, True):
            told = subprocess.run(["sh", "-c", script], cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  check=True, text=True).stderr
            self.assertEqual("resumed after" in told, resumed)
            self.assertTrue((self.folder / "flowers.safetensors").exists())

    def test_container_packages(self):
        """The container file installs what the README does, without curl and git, and MPI; its options of CMake exist."""
        text = (FILES / "Containerfile").read_text().replace("\\\n", " ")
        readme = (FILES.parents[1] / "README.md").read_text()
        wanted = set(re.search(r"apt-get install -y (.*) &&", readme).group(1).split()) - {"git", "curl", "ca-certificates"}
        installed = set(re.search(r"AS build\nRUN .*?install -y --no-install-recommends (.*)", text).group(1).split())
        self.assertEqual(wanted | {"libopenmpi-dev", "openmpi-bin", "dpkg-dev"}, installed)
        listed = (FILES.parents[1] / "CMakeLists.txt").read_text()
        for option in re.findall(r"-D(ANNC_\w+)=", text):
            self.assertRegex(listed, rf"(set|option)\({option} ")


if __name__ == "__main__":
    main()
