#!/usr/bin/env python3
"""Dependencies go one way: fails on an include that points the other way, on a CUDA or BLAS header outside its room, on a file that the rooms
do not know, on a call of the program for memory that goes past memory.h, and on a message of the library that names an option.

    tests/structure.py REPOSITORY"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])

# What each room may include of the project's own.
ALLOWED = {
    "include": {"include"},
    "src/base": {"include", "src/base"},
    "src/formats": {"include", "src/base", "src/formats"},
    "src/dataset": {"include", "src/base", "src/formats", "src/dataset"},
    "src/network": {"include", "src/base", "src/formats", "src/network"},
    "src/backend": {"include", "src/base", "src/backend"},
    "src/training": {"include", "src/base", "src/dataset", "src/network", "src/backend", "src/training"},
    "src/cli": {"include", "src/base", "src/cli"},
    "kernels": {"include", "src/base", "src/backend", "kernels"},
}
EXTRA = {
    ("src/backend/cuda/backend_cuda.c", "kernels.h"),  # the backend and its kernels are one module
}
KERNELS_MAY_USE = {"kernels.h", "functions.h", "philox.h", "order.h", "augmentation.h", "device_code.h", "backend.h", "annc.h"}
DEVICE_HEADERS = re.compile(r"(cuda|cublas|curand|cblas|openblas)")
TAKES_MEMORY = re.compile(r"\b(?:malloc|calloc|realloc|strdup|strndup|v?asprintf|open_memstream|getline|getdelim)\(|"
                          r"(?<!take_given\()\b(?:fopen|fdopen|realpath|getcwd)\(")
GENERATED = {"config.h", "mnist.h", "export_page.h"}


# Text that names options of another program, or that notes still have.
NAMES_OPTIONS = {"src/dataset/fetch.c", "src/dataset/tables/idx_table.c"}


def option_faults():
    """Messages of the library name fields, for which the program has the options."""
    faults = []
    for room in ("src/base", "src/formats", "src/dataset", "src/network", "src/backend", "src/training"):
        for path in sorted((ROOT / room).glob("*.c")):
            name = str(path.relative_to(ROOT))
            for text in re.findall(r'"[^"\n]*--[a-z][^"\n]*"', path.read_text()) if name not in NAMES_OPTIONS else ():
                faults.append(f"{name} names an option: {text}")
    options = (ROOT / "src/cli/terminal/usage.c").read_text()
    for field in re.findall(r'ANNC_FIELD\("(\w+)"\)', (ROOT / "src/base/status.h").read_text()):
        if '{"' + field + '", "--' not in options:
            faults.append(f"src/cli/terminal/usage.c has no option for the field {field} of src/base/status.h")
    return faults


def main():
    room_of = {path.name: room for room in ALLOWED for path in (ROOT / room).rglob("*.*h")}
    faults = []
    for room, allowed in ALLOWED.items():
        for path in sorted((ROOT / room).rglob("*.[chu]*")):
            name = str(path.relative_to(ROOT))
            for header in re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', path.read_text(), re.M):
                target = room_of.get(header)
                if target and target not in allowed and (name, header) not in EXTRA:
                    faults.append(f"{name} includes {header} of {target}")
                if room == "src/cli" and target == "include" and header != "annc.h":
                    faults.append(f"{name} includes {header}: of include/ the command line knows annc.h alone")
                if room == "kernels" and target in ("src/base", "src/backend") and header not in KERNELS_MAY_USE:
                    faults.append(f"{name} includes {header}, which is no business of the kernels")
                if DEVICE_HEADERS.search(header) and room not in ("src/backend", "kernels"):
                    faults.append(f"{name} includes {header}: device headers belong in src/backend and kernels")
                if not target and header not in GENERATED and '"' + header + '"' in path.read_text():
                    faults.append(f"{name} includes {header}, which no room has")
    for path in sorted((ROOT / "src/cli").rglob("*.c")):
        for call in TAKES_MEMORY.findall(path.read_text()) if path.name != "memory.c" else ():
            faults.append(f"src/cli/{path.name} takes memory past memory.h: {call}")
    faults += option_faults()
    for fault in faults:
        print(fault)
    print(f"{'1 passed, 0 failed' if not faults else '0 passed, 1 failed'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
