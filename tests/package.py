#!/usr/bin/env python3
"""The Debian package that cpack makes of a release build: what it says of itself, its files in their places, and the program at work.

    tests/package.py BUILD"""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = dict(re.findall(r"^(\w+):\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M))
VERSION = ".".join(re.findall(r"^#define ANNC_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", (ROOT / "include/annc_version.h").read_text(), re.M))
SHARED = CACHE["BUILD_SHARED_LIBS"] == "ON"


def why_not():
    """Why there is nothing to test, or None."""
    if CACHE["CMAKE_BUILD_TYPE"] != "Release" or CACHE["ANNC_SANITIZE"]:
        return "packages are made of release builds"
    missing = [tool for tool in ("dpkg-deb", "dpkg-shlibdeps") if not shutil.which(tool)]
    return f"{missing[0]} is not installed" if missing else None


def run(*command, **more):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, **more)
    if result.returncode:
        raise AssertionError(f"{command} ended with {result.returncode}:\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}")
    return result.stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="annc-package-"))
        run(CACHE["CMAKE_CPACK_COMMAND"], "-G", "DEB", "-B", cls.work, "--config", BUILD / "CPackConfig.cmake", cwd=BUILD)
        (cls.package,) = cls.work.glob("*.deb")
        cls.usr = cls.work / "root" / "usr"
        run("dpkg-deb", "-x", cls.package, cls.work / "root")
        (cls.library,) = (path.parent for path in cls.usr.glob("lib/**/libannc.*") if path.suffix in (".a", ".so"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.work)

    def annc_gpu(self, *arguments):
        environment = {"PATH": os.environ["PATH"], "ANNC_OFFLINE": "1", "XDG_CACHE_HOME": str(self.work / "cache"), "LD_LIBRARY_PATH": str(self.library)}
        return run(self.usr / "bin" / "annc-gpu", *arguments, cwd=self.work, env=environment)

    def test_what_it_says(self):
        fields = dict(line.split(": ", 1) for line in run("dpkg-deb", "-f", self.package).splitlines() if line[:1].isalpha())
        architecture = run("dpkg", "--print-architecture").strip()
        self.assertEqual(self.package.name, f"annc-gpu_{VERSION}_{architecture}.deb")
        self.assertEqual((fields["Package"], fields["Version"], fields["Architecture"]), ("annc-gpu", VERSION, architecture))
        self.assertEqual((fields["Section"], fields["Recommends"]), ("science", "curl"))
        self.assertRegex(fields["Maintainer"], r"^\S.* <\S+@\S+>$")
        said = run("dpkg-deb", "-f", self.package, "Description")
        self.assertRegex(said, r"^.*neural networks.*\n( .+\n?)+$")
        depends = fields["Depends"].split(", ")
        self.assertTrue(all(re.fullmatch(r"[a-z0-9.+-]+( \(>= [^)]+\))?( \| .*)?", one) for one in depends), depends)
        for library, name in (("ANNC_OPENBLAS_LIBRARY", "libopenblas0"), ("ZLIB_LIBRARY_RELEASE", "zlib1g"), ("PNG_LIBRARY_RELEASE", "libpng16")):
            if CACHE.get(library, "").endswith(".so"):
                self.assertTrue(any(one.startswith(name) for one in depends), f"{name} is not among {depends}")
        self.assertTrue(any(one.startswith("libc6 (>= ") for one in depends), depends)

    def test_places(self):
        files = {str(path.relative_to(self.usr)) for path in self.usr.rglob("*") if not path.is_dir()}
        lib = str(self.library.relative_to(self.usr))
        want = {"bin/annc-gpu", "include/annc.h", "include/annc_functions.h", "include/annc_version.h", "share/man/man1/annc-gpu.1", "share/doc/annc-gpu/copyright",
                "share/bash-completion/completions/annc-gpu", "share/zsh/vendor-completions/_annc-gpu", "share/fish/vendor_completions.d/annc-gpu.fish",
                f"{lib}/pkgconfig/annc.pc", *(f"{lib}/cmake/annc/annc-{name}.cmake" for name in ("config", "config-version", "targets", "targets-release")),
                *(f"{lib}/{name}" for name in ("libannc.so", "libannc.so.0", f"libannc.so.{VERSION}") if SHARED)}
        if not SHARED:
            want.add(f"{lib}/libannc.a")
        self.assertEqual({name for name in files if not name.startswith(f"{lib}/annc/")}, want)  # there the CUDA module is, if any
        for name in ("annc.h", "annc_functions.h", "annc_version.h"):
            self.assertEqual((self.usr / "include" / name).read_bytes(), (ROOT / "include" / name).read_bytes())
        said = {**os.environ, "PKG_CONFIG_PATH": str(self.library / "pkgconfig")}
        if shutil.which("pkg-config"):
            self.assertEqual(run("pkg-config", "--modversion", "annc", env=said).strip(), VERSION)
            self.assertEqual((self.usr / "include").resolve(), pathlib.Path(run("pkg-config", "--variable=includedir", "annc", env=said).strip()).resolve())
        if SHARED:
            self.assertEqual(os.readlink(self.library / "libannc.so"), "libannc.so.0")
            self.assertEqual(os.readlink(self.library / "libannc.so.0"), f"libannc.so.{VERSION}")

    def test_program(self):
        (self.work / "images").write_bytes(struct.pack(">IIII", 0x0803, 3, 28, 28) + bytes(3 * 784))
        self.assertIn(VERSION, self.annc_gpu("--version"))
        self.annc_gpu("train", "--data", "digits", "--epochs", "1", "--quiet", "--save", "digits.safetensors")
        self.assertRegex(self.annc_gpu("predict", "digits.safetensors", "images"), r"^(\d \d\.\d{4}\n){3}$")


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    sys.exit(not unittest.main(argv=sys.argv[:1], exit=False).result.wasSuccessful())
