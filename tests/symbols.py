#!/usr/bin/env python3
"""What libannc gives to the linker and takes from it: names of its own begin with annc_, and nothing that prints, exits, or changes signals, locale
or floating-point state is called.

    tests/symbols.py NM LIBRARY..."""
import pathlib
import re
import subprocess
import sys

# As the linker spells them, with glibc's checked and large-file forms.
FORBIDDEN = re.compile(r"_?_?(_?exit|_Exit|quick_exit|abort|v?f?printf|putchar|puts|fputs|perror|psignal|signal|sigaction|raise|setlocale|fesetround|fesetenv|feupdateenv|"
                       r"feholdexcept|feenableexcept|fedisableexcept|atexit|cxa_atexit|at_quick_exit|umask|chdir|fchdir|setenv|putenv|unsetenv|clearenv|srand|system|"
                       r"fork|stdin|stdout|stderr|assert_fail)(_chk)?")


def symbols(nm, library, *options):
    lines = subprocess.run([nm, *options, library], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if re.match(r"[0-9a-f ]{16} \S \S+$", line)}


def main():
    nm, libraries = sys.argv[1], sys.argv[2:]
    faults = []
    for library in libraries:
        shared = ["-D"] if ".so" in pathlib.Path(library).name else []
        defined, wanted = symbols(nm, library, *shared, "--defined-only", "-g"), symbols(nm, library, *shared, "-u")
        if len(defined) < 50 or len(wanted) < 50:
            faults.append(f"{library}: {len(defined)} names defined and {len(wanted)} wanted: no library")
        faults += [f"{library} defines {name}" for name in sorted(defined) if not name.startswith("annc_")]
        faults += [f"{library} uses {name}" for name in sorted(wanted) if FORBIDDEN.fullmatch(name)]
    for fault in faults:
        print(fault)
    print(f"{0 if faults else 1} passed, {1 if faults else 0} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
