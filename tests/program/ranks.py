"""Starts the program on several processes by a real mpirun. ANNC_TEST_MPIRUN is the mpirun of the
library that the program was built with, if it is not the first one of the PATH."""
import os
import shutil
import subprocess

from program import OK, PROGRAM
from tables import COLUMNS, Tables, blobs

T = ["--layers", "4-8:tanh-3:softmax", "--cost", "categorical-cross-entropy", "--seed", "3"]
CPU = ["--device", "cpu"]
MPIRUN = os.environ.get("ANNC_TEST_MPIRUN") or "mpirun"


class RankTests(Tables):
    def setUp(self):
        super().setUp()
        (self.folder / "temporary").mkdir()
        self.environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_btl_vader_single_copy_mechanism="none")
        self.environment["ASAN_OPTIONS"] += ":detect_leaks=0"  # of the MPI library
        self.data = self.write("t.csv", blobs(900), COLUMNS)

    def need_mpi(self):
        if "MPI none" in self.run_program("--version").stdout:
            self.skipTest("this build has no MPI")
        if not shutil.which(MPIRUN):
            self.skipTest("no mpirun")

    def is_open_mpi(self):
        version = subprocess.run([MPIRUN, "--version"], stdout=subprocess.PIPE, env=self.environment, check=True, text=True).stdout
        return "Open MPI" in version or "OpenRTE" in version

    def command(self, ranks, *arguments):
        self.need_mpi()
        return [MPIRUN, *(["--oversubscribe"] if self.is_open_mpi() else []), "-n", str(ranks), str(PROGRAM), *map(str, arguments)]

    def together(self, ranks, *arguments, code=OK, environment=None):
        return self.run_command(self.command(ranks, *arguments), code, environment)

    def run_command(self, command, code=OK, environment=None):
        result = subprocess.run(command, cwd=self.folder, env={**self.environment, **(environment or {})}, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(result.returncode, code, f"{command}\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
        return result
