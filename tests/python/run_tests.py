#!/usr/bin/env python3
"""The tests of the Python package annc.

    tests/python/run_tests.py [LIBRARY PROGRAM] [TEST...]

With a shared library and the program, tests the package in python/ with them; without, the installed package. Exit code 77, a skip,
where NumPy is missing or the library is not a shared one. Tests that need scikit-learn are skipped without it."""
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def main():
    arguments = sys.argv[1:]
    if len(arguments) >= 2 and os.sep in arguments[0]:
        library, program = (pathlib.Path(argument).resolve() for argument in arguments[:2])
        if ".so" not in library.name:
            print(f"{library.name} is no shared library: build with -DBUILD_SHARED_LIBS=ON")
            return 77
        os.environ.update(ANNC_LIBRARY=str(library), ANNC_PROGRAM=str(program), PYTHONDONTWRITEBYTECODE="1",
                          PYTHONPATH=os.pathsep.join([str(HERE.parent.parent / "python"), os.environ.get("PYTHONPATH", "")]))
        sys.path.insert(0, str(HERE.parent.parent / "python"))
        sys.dont_write_bytecode = True
        arguments = arguments[2:]
    try:
        import numpy  # noqa: F401
    except ImportError:
        print("NumPy is not installed")
        return 77
    sys.path.insert(0, str(HERE))
    loader = unittest.defaultTestLoader
    suite = loader.loadTestsFromNames(arguments) if arguments else loader.discover(str(HERE), top_level_dir=str(HERE))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
