#!/usr/bin/env python3
"""Checks how the source is laid out: which directory includes which, and that nothing goes round.

    tests/structure.py REPOSITORY

Fails on an include that ARROWS does not allow, on a circle between directories (at the first level and at the second) or between
files (a source file and its header are one), on a directory that is too large or that ARROWS does not know, on two files of one name, on a
source file without a header of its own, on an include that is not written with its directory, on a CUDA, MPI or BLAS header outside its
directories, on a call of the program for memory that does not go through memory.h, and on a public function that test_arguments.c does
not call."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
MOST_LINES = 3500  # of one directory of ARROWS

# What the files of a directory may include, besides their own directory's. From the ground up: a directory names only those above it.
ARROWS = {
    "include": "",
    "src/base": "include",
    "src/base/json": "include src/base",
    "src/formats": "include src/base",
    "src/dataset/idx": "include src/base src/formats",
    "src/dataset/categories": "include src/base src/base/json",
    "src/dataset/dates": "include src/base src/base/json",
    "src/dataset/text": "include src/base src/formats src/dataset/categories",
    "src/dataset/tables": "include src/base src/formats src/dataset/categories src/dataset/dates src/dataset/text",
    "src/dataset/array_files": "include src/base src/formats src/dataset/idx src/dataset/tables",
    "src/dataset/pictures": "include src/base src/formats src/dataset/tables",
    "src/dataset/prepare": "include src/base src/base/json src/dataset/categories src/dataset/dates src/dataset/tables src/dataset/pictures",
    "src/dataset/arrays": "include src/base src/dataset/categories src/dataset/dates src/dataset/text src/dataset/tables",
    "src/dataset": "include src/base src/formats src/dataset/idx src/dataset/categories src/dataset/text src/dataset/tables src/dataset/array_files src/dataset/arrays src/dataset/pictures src/dataset/prepare",
    "src/network": "include src/base",
    "src/network/files": "include src/base src/base/json src/formats src/dataset/prepare src/network",
    "src/network/export": "include src/base src/base/json src/formats src/dataset/categories src/dataset/dates src/network src/network/files",
    "src/backend/blas": "src/base",
    "src/backend": "include src/base src/backend/blas",
    "src/backend/cpu/loops": "include src/base src/backend",
    "src/backend/cpu": "include src/base src/backend src/backend/blas src/backend/cpu/loops",
    "src/backend/cuda": "include src/base src/backend",
    "src/backend/mpi": "include src/base src/backend",
    "kernels": "include src/base src/backend src/backend/cuda",
    "kernels/two_layers": "include src/base src/backend src/backend/cuda kernels",
    "kernels/cluster": "include src/base src/backend src/backend/cuda kernels kernels/two_layers",
    "kernels/tensor": "include src/base src/backend src/backend/cuda kernels kernels/two_layers",
    "kernels/block": "include src/base src/backend src/backend/cuda kernels",
    "src/training/step": "include src/base src/dataset/prepare src/network src/backend",
    "src/training/run": "include src/base src/dataset/arrays src/dataset/tables src/dataset/prepare src/network src/backend src/training/step",
    "src/training/sweep": "include src/base src/dataset/prepare src/network src/backend src/training/step src/training/run",
    "src/training/check": "include src/base src/network src/backend src/training/step",
    "src/cli/terminal": "include src/base src/base/json",
    "src/cli/options": "include src/base src/base/json src/cli/terminal",
    "src/cli/log": "include src/base src/base/json src/cli/terminal src/cli/options",
    "src/cli/charts": "include src/base src/cli/terminal src/cli/options src/cli/log",
    "src/cli/train": "include src/base src/cli/terminal src/cli/options src/cli/log src/cli/charts",
    "src/cli/model": "include src/base src/cli/terminal src/cli/options src/cli/charts src/cli/train",
    "src/cli/trace": "include src/base src/cli/terminal src/cli/options src/cli/charts",
    "src/cli/report": "include src/base src/base/json src/cli/terminal src/cli/options src/cli/log src/cli/charts src/cli/model",
    "src/cli": "include src/base src/cli/terminal src/cli/options src/cli/train src/cli/model src/cli/trace src/cli/report",
}
ARROWS = {directory: set(allowed.split()) for directory, allowed in ARROWS.items()}
KERNELS_MAY_USE = {"base/functions.h", "base/philox.h", "base/order.h", "base/share.h", "backend/augmentation.h", "base/device_code.h", "backend/backend.h",
                   "backend/cuda/kernels.h", "annc.h", "kernels/device.cuh", "kernels/reductions.cuh",
                   "kernels/rows.cuh", "kernels/tiles.cuh", "kernels/hopper.cuh"}
OF_THE_LIBRARY = {"annc.h"}  # in include/, that the program may use

# Source files that have no header of their own, by the header that declares what they define.
IMPLEMENTS = {
    "annc.h": "src/formats/gallery_file.c src/dataset/fetch.c src/dataset/prepare/input_columns.c src/network/join.c src/network/files/model_read.c src/network/files/model_write.c "
              "src/backend/build_info.c src/training/step/initialise.c src/training/run/checkpoint.c src/training/run/evaluate.c "
              "src/training/run/network_predict.c src/training/run/early_stopping.c src/training/run/importance.c src/training/run/metrics.c src/training/sweep/sweep.c src/training/sweep/candidate.c "
              "src/training/sweep/cross_validation.c src/training/step/class_weights.c src/training/step/plan.c src/training/check/gradient_check.c "
              "src/training/check/trace.c",
    "training/run/training_run.h": "src/training/run/training_run_checkpoint.c",
    "dataset/text/number_run.h": "src/dataset/text/number_run_avx2.c",  # by instruction set
    "backend/backend.h": "src/backend/cpu/backend_cpu.c src/backend/cuda/backend_cuda.c",  # one table each
    "backend/cuda/cuda_device.h": "src/backend/cuda/cluster_engine.c src/backend/cuda/tensor_engine.c "
                                  "src/backend/cuda/block_engine.c",
    "backend/group.h": "src/backend/mpi/group_mpi.c",
    "backend/blas/gemm.h": "src/backend/blas/gemm_alone.c src/backend/blas/gemm_cblas.c",  # one of them is built
    "backend/cpu/loops/cpu_loops.h": "src/backend/cpu/loops/cpu_portable.c src/backend/cpu/loops/cpu_avx2.c src/backend/cpu/loops/cpu_avx512.c",  # by instruction set
}
IMPLEMENTS = {source: header for header, sources in IMPLEMENTS.items() for source in sources.split()}
MAIN = "src/cli/main.c"

# Made by CMake in the build folder.
GENERATED = {"base/config.h": "src/base/config.h.in", "dataset/mnist.h": "src/dataset/mnist.h.in",
             "network/export/export_page.h": "src/network/export/export_page.h.in"}
DEVICE_HEADERS = re.compile(r"^(cuda|cublas|curand|cblas|openblas|mpi\.h)")
HAS_DEVICE_HEADERS = {"src/backend/blas", "src/backend/cuda", "src/backend/mpi", "kernels", "kernels/two_layers", "kernels/cluster", "kernels/tensor", "kernels/block"}
TAKES_MEMORY = re.compile(r"\b(?:malloc|calloc|realloc|strdup|strndup|v?asprintf|open_memstream|getline|getdelim)\(|"
                          r"(?<!check_allocation\()\b(?:fopen|fdopen|realpath|getcwd)\(")
MAY_SHARE_NAMES = {"README.md", "CMakeLists.txt", "__init__.py"}
# Includes of these are not written from src/ or tests/: programs of their own, and stand-ins for system headers.
FREE_STYLE = ("bench/peers/", "tests/examples/", "tests/install/", "tests/host/include/")


def code_files(*directories):
    for directory in directories:
        for path in sorted((ROOT / directory).rglob("*")):
            if path.suffix in (".c", ".h", ".cu", ".cuh", ".cpp") and path.is_file():
                yield path


def includes(path):
    """Each include of a file: its text, and whether it is in quotes."""
    for quote, header in re.findall(r'^\s*#\s*include\s+(["<])([^">]+)[">]', path.read_text(), re.M):
        yield header, quote == '"'


def file_of(header):
    """The project's file that an include means, relative to the root, or None."""
    for base in ("src", "include", "tests", ""):
        if (ROOT / base / header).is_file():
            return str(pathlib.Path(base) / header)
    return GENERATED.get(header)


def circle_in(graph):
    """A circle of a graph, as the names along it, or None."""
    done, way = set(), []

    def visit(name):
        if name in way:
            return way[way.index(name):] + [name]
        if name in done:
            return None
        way.append(name)
        for target in sorted(graph.get(name, ())):
            found = visit(target)
            if found:
                return found
        way.pop()
        done.add(name)
        return None

    for name in sorted(graph):
        found = visit(name)
        if found:
            return found
    return None


def first_level(directory):
    """src/cli/train belongs to src/cli."""
    return "/".join(directory.split("/")[:2])


def check_table():
    """The table itself has no circle, at either level, and only existing directories."""
    for directory, allowed in ARROWS.items():
        if not (ROOT / directory).is_dir():
            yield f"ARROWS has {directory}, which is not there"
        for unknown in allowed - ARROWS.keys():
            yield f"ARROWS lets {directory} include {unknown}, which it does not have"
    levels = {}
    for directory, allowed in ARROWS.items():
        levels.setdefault(first_level(directory), set()).update(first_level(a) for a in allowed)
    for level in levels:
        levels[level].discard(level)
    for graph in (ARROWS, levels):
        circle = circle_in(graph)
        if circle:
            yield f"ARROWS allows a circle: {' -> '.join(circle)}"


def check_includes():
    files, directories = {}, {}
    for path in code_files("include", "src", "kernels"):
        name, directory = str(path.relative_to(ROOT)), str(path.parent.relative_to(ROOT))
        if directory not in ARROWS:
            yield f"{name}: ARROWS does not have {directory}"
            continue
        for header, quoted in includes(path):
            if DEVICE_HEADERS.match(header) and directory not in HAS_DEVICE_HEADERS:
                yield f"{name} includes {header}: device headers belong in {', '.join(sorted(HAS_DEVICE_HEADERS))}"
            target = file_of(header)
            if not target:
                if quoted:
                    yield f"{name} includes {header}, which is not in the project as written"
                continue
            if not quoted and target not in ("include/annc.h", "include/annc_functions.h"):
                continue  # a system header that has the name of one of ours
            there = str(pathlib.Path(target).parent)
            if there != directory and there not in ARROWS[directory]:
                yield f"{name} includes {header}: no arrow runs from {directory} to {there}"
            if directory.startswith("src/cli") and there == "include" and header not in OF_THE_LIBRARY:
                yield f"{name} includes {header}: of the library the program knows annc.h"
            if directory == "kernels" and header not in KERNELS_MAY_USE:
                yield f"{name} includes {header}: kernels include {', '.join(sorted(KERNELS_MAY_USE))}"
            of, to = (str(pathlib.Path(each).with_suffix("")).removesuffix(".h") for each in (name, target))
            if of != to:
                files.setdefault(of, set()).add(to)
            if there != directory:
                directories.setdefault(directory, set()).add(there)
    levels = {}
    for directory, targets in directories.items():
        levels.setdefault(first_level(directory), set()).update({first_level(t) for t in targets} - {first_level(directory)})
    for what, graph in (("files", files), ("directories", directories), ("directories of the first level", levels)):
        circle = circle_in(graph)
        if circle:
            yield f"a circle between {what}: {' -> '.join(circle)}"


def check_style():
    """The project's own headers are in quotes, and written from src/, include/, tests/ or the root."""
    ours = {path.name for path in code_files("src", "kernels", "tests") if path.suffix in (".h", ".cuh")} | {pathlib.Path(g).name for g in GENERATED}
    for path in code_files("include", "src", "kernels", "tests", "bench"):
        name = str(path.relative_to(ROOT))
        for header, quoted in includes(path):
            if name.startswith(FREE_STYLE):
                continue
            if not quoted:
                if "/" in header and file_of(header):
                    yield f"{name} includes <{header}>: write it in quotes"
                continue
            if ".." in header.split("/"):
                yield f"{name} includes {header}: write it from src/"
            elif "/" not in header and header in ours:
                yield f"{name} includes {header} without its directory"


def check_headers():
    for path in code_files("src"):
        if path.suffix != ".c":
            continue
        name = str(path.relative_to(ROOT))
        if name == MAIN:
            continue
        own = IMPLEMENTS.get(name, str(path.relative_to(ROOT / "src").with_suffix(".h")))
        reached = reach(path)
        if name in IMPLEMENTS and path.with_suffix(".h").is_file():
            yield f"{name} has a header of its own: take it off IMPLEMENTS"
        elif not file_of(own):
            yield f"{name} has no header of its own, {own}"
        elif file_of(own) not in reached:
            yield f"{name} does not include {own}, which declares what it defines"
    for name in IMPLEMENTS:
        if not (ROOT / name).is_file():
            yield f"IMPLEMENTS has {name}, which is not there"


def reach(path):
    """All files of the project that a file includes, and what those include."""
    seen, waiting = set(), [path]
    while waiting:
        for header, _ in includes(waiting.pop()):
            target = file_of(header)
            if target and target not in seen:
                seen.add(target)
                waiting.append(ROOT / target)
    return seen


def check_sizes():
    for directory in ARROWS:
        files = [path for path in sorted((ROOT / directory).glob("*")) if path.is_file() and path.suffix in (".c", ".h", ".in", ".cu", ".cuh", ".html")]
        lines = sum(len(path.read_bytes().splitlines()) for path in files)
        if lines > MOST_LINES:
            yield f"{directory} has {lines} lines, more than {MOST_LINES}: divide it"


def check_names():
    where = {}
    for directory in ("include", "src", "kernels", "tests", "bench", "data"):
        for path in sorted((ROOT / directory).rglob("*")):
            inside = path.relative_to(ROOT).parts
            if path.is_file() and "__pycache__" not in inside and "expected" not in inside and "mnist" not in inside:
                where.setdefault(path.name, []).append(str(path.relative_to(ROOT)))
    for name, paths in where.items():
        if len(paths) > 1 and name not in MAY_SHARE_NAMES:
            yield f"two files of one name: {', '.join(paths)}"


def check_memory():
    for path in code_files("src/cli"):
        if path.suffix == ".c" and path.name != "memory.c":
            for call in TAKES_MEMORY.findall(path.read_text()):
                yield f"{path.relative_to(ROOT)} takes memory without memory.h: {call}"


def check_arguments():
    """Functions of annc.h that test_arguments.c does not call."""
    public = re.findall(r"^ANNC_API [^;(]*?\b(annc_\w+)\(", (ROOT / "include/annc.h").read_text(), re.M)
    tested = (ROOT / "tests/unit/test_arguments.c").read_text()
    for name in public:
        if f"{name}(" not in tested:
            yield f"tests/unit/test_arguments.c does not call {name}"


def main():
    checks = (check_table, check_includes, check_style, check_headers, check_sizes, check_names, check_memory, check_arguments)
    faults = [list(check()) for check in checks]
    for fault in sum(faults, []):
        print(fault)
    failed = sum(map(bool, faults))
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
