#!/usr/bin/env python3
"""Toolkits that are not whole: nvcc without cuBLAS leaves CUDA out, and says so; cuBLAS among NVIDIA's Python packages is found,
and the module knows its folder; the module of this build knows the folders of the toolkit, which the loader's cache need not.
Needs nvcc; exit code 77 where there is none.

    tests/install/toolkit.py REPOSITORY MODULE"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT, MODULE = map(pathlib.Path, sys.argv[1:])
del sys.argv[1:]
NVCC = shutil.which("nvcc")


def mirror(toolkit, folder):
    """The toolkit as links to its files, without cuBLAS."""
    for path in toolkit.rglob("*"):
        place = folder / path.relative_to(toolkit)
        if "cublas" in path.name.lower():
            continue
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif path.name == "nvcc": # it finds its toolkit by where it lies
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path)


class Toolkit(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="annc-toolkit-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.toolkit = pathlib.Path(NVCC).resolve().parent.parent
        mirror(self.toolkit, self.folder / "cuda")

    def configure(self, *options):
        """CMake's exit code and output, with the toolkit of this test and no other cuBLAS, wherever this machine keeps one."""
        environment = {name: os.environ[name] for name in ("HOME", "TMPDIR", "LANG", "LC_ALL") if name in os.environ}
        environment |= {"PATH": f"{self.folder}/cuda/bin:/usr/bin:/bin", "PYTHONUSERBASE": str(self.folder / "python")}
        ignored = []
        while True:
            build = self.folder / "build"
            shutil.rmtree(build, ignore_errors=True)
            result = subprocess.run(["cmake", "-S", ROOT, "-B", build, "-G", "Unix Makefiles", "-DANNC_TESTS=OFF", "-DANNC_BENCH=OFF",
                                     "-DCMAKE_IGNORE_PATH=" + ";".join(ignored), *options],
                                    env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            found = re.findall(r"^(?:CUDA_cublas_LIBRARY|ANNC_CUBLAS_INCLUDE):\w+=(/.*)$", (build / "CMakeCache.txt").read_text(), re.M)
            folders = {path if pathlib.Path(path).is_dir() else str(pathlib.Path(path).parent) for path in found}
            elsewhere = sorted(path for path in folders if not path.startswith(str(self.folder)))
            if not elsewhere or len(ignored) > 20:
                return result.returncode, " ".join(result.stdout.split())
            ignored += elsewhere

    def test_nvcc_without_cublas(self):
        code, said = self.configure()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"CUDA is left out: \S+/nvcc was found, but not cuBLAS \(libcublas.so and cublas_v2.h\): install libcublas-dev")
        code, said = self.configure("-DANNC_CUDA=on")
        self.assertEqual(code, 1)
        self.assertIn("CUDA was asked for, but", said)

    def test_cublas_of_a_python_package(self):
        site = subprocess.run(["python3", "-c", "import site; print(site.getusersitepackages())"], check=True, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONUSERBASE": str(self.folder / "python"), "PATH": "/usr/bin:/bin"}).stdout.strip()
        package = pathlib.Path(site) / "nvidia" / "cublas"
        for name, pattern in (("lib", "libcublas*.so.*"), ("include", "cublas*.h")):
            (package / name).mkdir(parents=True)
            for path in self.toolkit.rglob(pattern):
                if not (package / name / path.name).exists():
                    (package / name / path.name).symlink_to(path)
        code, said = self.configure("-DANNC_CUDA=on", "-DCMAKE_CUDA_ARCHITECTURES=90-virtual")
        self.assertEqual(code, 0, said)
        how = self.folder / "build" / "kernels" / "CMakeFiles" / "annc_cuda.dir" # how it is linked, as the module itself takes minutes to build
        self.assertRegex("".join(path.read_text() for path in sorted(how.glob("link*"))), rf"-rpath,\S*{package}/lib")


class Loader(unittest.TestCase):
    def test_folders_of_the_toolkit(self):
        """Each library of NVIDIA's that the module needs lies in a folder of its run path."""
        dynamic = subprocess.run(["readelf", "-d", MODULE], check=True, stdout=subprocess.PIPE, text=True).stdout
        needed = re.findall(r"NEEDED.*\[(libcu\S+)\]", dynamic)
        folders = re.findall(r"RUNPATH.*\[(.*)\]", dynamic)[0].split(":")
        self.assertGreaterEqual(len(needed), 2)
        for name in needed:
            self.assertTrue(any((pathlib.Path(folder) / name).exists() for folder in folders), f"{name} is not in {folders}")


if __name__ == "__main__":
    if not NVCC or not shutil.which("readelf"):
        print("skipped: nvcc or readelf is not installed")
        sys.exit(77)
    outcome = unittest.main(exit=False).result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - failed - len(outcome.skipped)} passed, {failed} failed, {len(outcome.skipped)} skipped")
    sys.exit(1 if failed else 0)
