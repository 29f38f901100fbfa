#!/usr/bin/env python3
"""The program where the system gives little: address space, processes, processors, the memory of a control group. It ends in time, with what it was to
do or with a message; it never hangs, and no signal or crash ends it. Called as program.py says."""
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import unittest

from program import DEVICE, OK, PROGRAM, Cli, main

TRAIN = ["train", "--data", "t.csv", "--layers", "3-200-200-2", "--epochs", "2", "--device", "cpu", "--save", "m"]
MEGABYTE = 1 << 20


class Limits(Cli):
    def setUp(self):
        super().setUp()
        (self.folder / "t.csv").write_text("a,b,c,label\n" + "".join(f"{i % 7},{i % 11},{i % 13},{i % 2}\n" for i in range(400)))

    def runs(self, limit, arguments=TRAIN, program=PROGRAM, **more):
        """Exit code and messages of a command under a limit; after a minute it hangs."""
        result = subprocess.run([str(program), *arguments], cwd=self.folder, env=self.environment, preexec_fn=limit, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, timeout=60, check=False, **more)
        return result.returncode, result.stdout + result.stderr

    def is_sanitized(self):
        """AddressSanitizer takes terabytes of address space."""
        return b"__asan_init" in PROGRAM.read_bytes() or b"__tsan_init" in PROGRAM.read_bytes()

    def test_address_space(self):
        """OpenBLAS retries a refused allocation for ever: without room for it the built-in products serve, and without any the program says so."""
        if self.is_sanitized():
            self.skipTest("a sanitizer needs terabytes of address space")
        codes, blas = set(), "OpenBLAS" in self.run_program("--version").stdout
        for megabytes in (*range(40, 400, 20), 500, 800, 1200):
            limit = lambda size=megabytes * MEGABYTE: resource.setrlimit(resource.RLIMIT_AS, (size, size))
            for more in ([], ["--device", "auto"], ["--engine", "ops"]):
                arguments = [*TRAIN[:7], *(more if "--device" in more else ["--device", "cpu", *more]), "--save", "m"]
                code, said = self.runs(limit, arguments)
                with self.subTest(megabytes=megabytes, arguments=arguments):
                    self.assertIn(code, (OK, DEVICE, 127), said)  # 127: the loader finds no room for the libraries
                    self.assertTrue(code == 127 or code == OK or "memory" in said, said)
                    if code == OK and megabytes <= 300 and blas:
                        self.assertIn("built-in (memory is too short for OpenBLAS)", said)
                codes.add(code)
        self.assertIn(OK, codes)
        self.assertTrue(blas <= (DEVICE in codes))
        self.lines("info", "m")

    def test_processes(self):
        """Fewer threads than processors, and no SIGINT of OpenBLAS's. root has no such limit, and becomes somebody else."""
        if self.is_sanitized():
            self.skipTest("a sanitizer takes threads of its own")
        if os.geteuid() != 0:
            self.skipTest("only root can become a user who has no processes yet")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="annc-limits-"))
        self.addCleanup(shutil.rmtree, folder)
        folder.chmod(0o755)
        self.folder.chmod(0o777)
        program = shutil.copy(PROGRAM, folder / PROGRAM.name)
        for count in (1, 2, 3, 50):
            def limit(count=count):
                resource.setrlimit(resource.RLIMIT_NPROC, (count, count))
                os.setgroups([])
                os.setresuid(64123, 64123, 64123)
            for threads in ([], ["--threads", "1"], ["--threads", "4"]):
                code, said = self.runs(limit, [*TRAIN, *threads], program)
                with self.subTest(count=count, threads=threads):
                    self.assertIn(code, (OK, DEVICE) if threads == ["--threads", "4"] and count < 50 else (OK,), said)
                    self.assertTrue(code == OK or "the system gives no more than" in said, said)

    def test_processors(self):
        """The affinity mask is what there is."""
        one = min(os.sched_getaffinity(0))
        said = self.lines("info", preexec_fn=lambda: os.sched_setaffinity(0, {one}))[0]
        self.assertEqual([device["threads"] for device in said["devices"] if device["kind"] == "cpu"], [1])

    def test_control_group(self):
        """The memory of the control group is what there is: a training that needs more is refused with the numbers, before the system kills it."""
        most = 200 * MEGABYTE
        roots = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"))
        name = f"annc-test-{os.getpid()}"
        for root, limit in roots:
            group = pathlib.Path(root) / name
            try:
                group.mkdir()
            except OSError:
                continue
            self.addCleanup(group.rmdir)
            try:
                (group / limit).write_text(str(most))
            except OSError:
                continue
            join = lambda group=group: (group / "cgroup.procs").write_text(str(os.getpid()))
            try:
                said = self.lines("info", preexec_fn=join)[0]
            except subprocess.SubprocessError:
                continue
            memory = next(device for device in said["devices"] if device["kind"] == "cpu")["memory_bytes"]
            self.assertLessEqual(memory, most)
            code, said = self.runs(join, [*TRAIN[:4], "3-9000-9000-2", *TRAIN[5:]])
            self.assertEqual(code, DEVICE, said)
            self.assertRegex(said, "out of memory.*needs [0-9]+ bytes")
            return
        self.skipTest("no control group can be made here")


if __name__ == "__main__":
    main()
