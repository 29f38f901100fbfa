"""The package's view of the library: layouts, names, errors."""
import ctypes
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from annc import _library
from samples import ROOT, program


class Layouts(unittest.TestCase):
    def test_sizes(self):
        """A library whose struct has another size is refused before the first call."""
        sizes = {name.encode(): ctypes.sizeof(struct) for name, struct in _library.STRUCTS.items()}
        _library.check_layouts(sizes.get, _library.VERSION)
        for name in sizes:
            with self.assertRaisesRegex(ImportError, f"{name.decode()} has {sizes[name] + 8} bytes"):
                _library.check_layouts(lambda asked, name=name: sizes[asked] + 8 * (asked == name), _library.VERSION)
        with self.assertRaisesRegex(ImportError, "version 9.9.9 of libannc"):
            _library.check_layouts(sizes.get, "9.9.9")

    def test_version(self):
        header = (ROOT / "include/annc_version.h").read_text()
        self.assertEqual(_library.VERSION, ".".join(re.findall(r"#define ANNC_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)))

    @unittest.skipUnless(shutil.which("cc"), "no C compiler")
    def test_offsets(self):
        """Every field lies where the compiler puts it."""
        ours = {"passed": "pass"}
        fields = [(name, field[0]) for name, struct in _library.STRUCTS.items() for field in struct._fields_]
        lines = "".join(f'printf("%zu\\n", offsetof({name}, {ours.get(field, field)}));' for name, field in fields)
        values = {"MAX_LAYERS": "ANNC_MAX_LAYERS", "SOURCE_ARRAYS": "ANNC_SOURCE_ARRAYS", "STOPPED": "ANNC_STOPPED", "MEMORY": "ANNC_MEMORY"}
        lines += "".join(f'printf("%d\\n", (int){constant});' for constant in values.values())
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder, "offsets.c")
            source.write_text(f'#include "annc.h"\n#include <stdio.h>\nint main(void) {{ {lines} return 0; }}\n')
            subprocess.run(["cc", "-I", ROOT / "include", "-o", pathlib.Path(folder, "offsets"), source], check=True)
            printed = subprocess.run([pathlib.Path(folder, "offsets")], stdout=subprocess.PIPE, check=True, text=True).stdout.split()
        got = [getattr(_library.STRUCTS[name], field).offset for name, field in fields] + [getattr(_library, name) for name in values]
        self.assertEqual([int(number) for number in printed], got)

    def test_no_library(self):
        result = subprocess.run([sys.executable, "-c", "import annc"], stderr=subprocess.PIPE, text=True,
                                env=dict(os.environ, ANNC_LIBRARY="/none/libannc.so"))
        self.assertIn("ImportError: libannc cannot be loaded", result.stderr)


class Speed(unittest.TestCase):
    @unittest.skipUnless(platform.machine() == "x86_64" and "ANNC_CPU_KERNELS" not in os.environ, "for x86-64 and its own kernels")
    def test_instructions_of_the_processor(self):
        """A compiler's library that finds no vector instructions makes a wheel that is several times slower."""
        flags = set(re.search(r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)[1].split())
        expected = ("AVX-512" if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags else "AVX2" if {"avx2", "fma"} <= flags
                    else "portable vectors")
        options = _library.DeviceOptions(kind=_library.DEVICES["cpu"])
        shape = _library.Shape(layers=1, width=(2, 1))
        device = _library.make(_library.lib.annc_device_open_for, ctypes.byref(options), ctypes.byref(shape), None, None, 0)
        name = _library.lib.annc_device_describe(device).contents.name.decode()
        _library.lib.annc_device_close(device)
        self.assertIn(f"({expected})", name)
        self.assertIn(f"({expected})", program("info"))


class Names(unittest.TestCase):
    def test_enumerations(self):
        self.assertEqual(_library.ACTIVATIONS["sigmoid"], 0)
        self.assertIn("adamw", _library.OPTIMISERS)
        with self.assertRaisesRegex(ValueError, "optimizer is 'adagard': it must be one of sgd, momentum"):
            _library.choose("optimizer", "adagard", _library.OPTIMISERS)

    def test_errors(self):
        kinds = {_library.USAGE: ValueError, _library.INPUT: ValueError, _library.DEVICE: RuntimeError, _library.DIVERGED: RuntimeError,
                 _library.OUTPUT: OSError, _library.MEMORY: MemoryError, _library.FAILURE: RuntimeError}
        for status, kind in kinds.items():
            self.assertIs(type(_library.error_of(status, "x")), kind)


if __name__ == "__main__":
    unittest.main()
