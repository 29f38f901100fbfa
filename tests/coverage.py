#!/usr/bin/env python3
"""Which lines and branches of the readers, writers and checkpoints no test reaches: there may be none but those of uncovered.txt.

    tests/coverage.py [--build FOLDER] [--tests REGEX] [--measured]

Builds with gcc's --coverage, runs the tests, adds up what all programs did, by gcov, and compares what is left with the list. Its entries are a
kind ("line": never run; "branches N": N directions never taken), a file, a function and the text of a line, below the reason for them, a line
that begins with #. An entry that names nothing, or what is reached after all, is an error too. --measured: looks at what the last call
measured, without building and testing again. Exit code 0 when the list and the measurement agree."""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "tests" / "uncovered.txt"
FILES = [
    "src/base/{allocate,buffer,checksum,json_read,json_write,number,safe_file,sha256,text}.c", "src/formats/*.c", "src/dataset/*.c", "src/dataset/tables/*.c", "src/dataset/array_files/*.c", "src/dataset/pictures/*.c",
    "src/dataset/prepare/*.c",
    "src/network/files/*.c", "src/network/export/export*.c", "src/network/join.c", "src/training/run/checkpoint.c", "src/training/run/training_run_checkpoint.c", "src/training/run/progress_text.c", "src/cli/train/saving.c",
    "src/cli/options/resume.c"]
COUNTED = ["-O0", "--coverage", "-fprofile-abs-path", "-fprofile-update=atomic"]
TESTS = ("^(base|model|dataset|idx|downloads|digits|network|train|file_faults|hostile_.*|tables|columns|numpy|models|pictures|sweep|training|resume|numbers|"
         "fetch|reader|shards|number_runs|predict|outputs)$")
# Parts of further tests: those that are about training take long and come to nothing here.
PARTS = [("test_faults", "data_of"), ("test_faults", "model"), ("test_faults", "resumed"), ("test_faults", "sweeps"), ("test_checkpoint", "refusals"),
         ("test_checkpoint", "strangers"), ("test_checkpoint", "blocks")]
# Counters are saved when a program ends: one that is killed meanwhile would leave a broken file for all that follow. A hundred changes of a file
# reach what ten thousand do.
ENVIRONMENT = {**os.environ, "ANNC_TEST_KILLS": "0", "ANNC_TEST_CHANGES": "100", "ANNC_TEST_DEVICE": "cpu"}

# The way on from where an error has just been made: nobody goes there.
ALWAYS_FAILS = re.compile(r"ANNC_TRY\((annc_fail|annc_stream_malformed|malformed|damaged|refuse_names)\(")

Entry = collections.namedtuple("Entry", "kind file function text")


def in_scope():
    found = []
    for pattern in FILES:
        folder, _, name = pattern.rpartition("/")
        choice = re.fullmatch(r"\{(.*)\}(.*)", name)
        names = [stem + choice[2] for stem in choice[1].split(",")] if choice else [name]
        found += [path for name in names for path in sorted((ROOT / folder).glob(name))]
    return found


def run(*command):
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)
    if result.returncode:
        print(result.stdout[-8000:])
        sys.exit(f"failed: {' '.join(map(str, command))}")


def compile_one(command):
    """Stands before the compiler: only the files that are looked at are counted in, the rest stays fast."""
    files = {str(path) for path in in_scope()}
    os.execvp(command[0], command + (COUNTED if files.intersection(command) else []))


def measure(build, tests):
    run("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_COMPILER=gcc", "-DANNC_CUDA=off", "-DANNC_BENCH=OFF",
        f"-DCMAKE_C_COMPILER_LAUNCHER={sys.executable};{__file__};--compile", "-DCMAKE_EXE_LINKER_FLAGS=--coverage")
    run("cmake", "--build", build)
    for counters in build.rglob("*.gcda"):  # of another call
        counters.unlink()
    run("ctest", "--test-dir", build, "-R", tests, "--no-tests=error", "--output-on-failure", "-j", 2 * os.cpu_count())  # some of them wait
    for program, part in PARTS:
        run(build / "bin" / program, part)


def add_up(build, files):
    """Of each file its lines: {(number, function): (count, [count of each branch])}, over all programs that have it."""
    lines = {str(path): {} for path in files}
    stems = {path.name for path in files}
    counters = [path for path in build.rglob("*.c.gcda") if path.name[:-len(".gcda")] in stems]
    told = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *map(str, counters)], cwd=build, stdout=subprocess.PIPE, check=True)
    for report in map(json.loads, told.stdout.splitlines()):
        for file in report["files"]:
            known = lines.get(file["file"])
            for line in file["lines"] if known is not None else ():
                branches = [branch["count"] for branch in line["branches"] if not branch["throw"]]
                key = line["line_number"], line.get("function_name", "")
                count, before = known.get(key, (0, [0] * len(branches)))
                known[key] = count + line["count"], [a + b for a, b in zip(before, branches, strict=True)]
    return lines


def missed_of(path, lines):
    text = path.read_text().splitlines()
    for (number, function), (count, branches) in sorted(lines.items()):
        missed = branches.count(0) - bool(0 in branches and ALWAYS_FAILS.search(text[number - 1]))
        if count == 0 or missed > 0:
            kind = f"branches {missed}" if count > 0 else "line"
            yield number, Entry(kind, str(path.relative_to(ROOT)), function, " ".join(text[number - 1].split()))


def excused():
    entries, reason = set(), ""
    for number, line in enumerate(LIST.read_text().splitlines(), 1):
        match = re.fullmatch(r"(line|branches \d+) +(\S+) +(\w+): (.+)", line)
        if line.startswith("# "):
            reason = line
        elif match and reason:
            entries.add(Entry(*match.groups()))
        elif line:
            sys.exit(f"{LIST.name}:{number}: is no entry below a reason: {line}")
        else:
            reason = ""
    return entries


def table(measured):
    print(f"{'':36}{'lines':>7}{'run':>7}{'branches':>10}{'taken':>7}")
    total = [0] * 4
    for path, lines in measured:
        branches = [b for _, of_line in lines.values() for b in of_line]
        row = [len(lines), sum(count > 0 for count, _ in lines.values()), len(branches), sum(b > 0 for b in branches)]
        total = [a + b for a, b in zip(total, row)]
        print(f"{path.relative_to(ROOT)!s:36}{row[0]:>7}{row[1]:>7}{row[2]:>10}{row[3]:>7}")
    print(f"{'all':36}{total[0]:>7}{total[1]:>7}{total[2]:>10}{total[3]:>7}")


def main():
    if sys.argv[1:2] == ["--compile"]:
        compile_one(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", help="folder for the build; default: a temporary one")
    parser.add_argument("--tests", default=TESTS, help="tests to run, as CTest takes them")
    parser.add_argument("--measured", action="store_true", help="look at what is in --build already")
    options = parser.parse_args()
    build = pathlib.Path(options.build or tempfile.mkdtemp(prefix="annc-coverage-")).resolve()
    if not options.measured:
        measure(build, options.tests)
    files = in_scope()
    lines = add_up(build, files)
    measured = [(path, lines[str(path)]) for path in files]
    table(measured)
    faults = [f"{path.relative_to(ROOT)}: no test has it" for path, of_file in measured if not of_file]
    entries, used = excused(), set()
    for path, of_file in measured:
        for number, entry in missed_of(path, of_file):
            used.add(entry)
            if entry not in entries:
                faults.append(f"{path.relative_to(ROOT)}:{number}: {entry.kind} {entry.file} {entry.function}: {entry.text}")
    faults += [f"{LIST.name}: not so: {e.kind} {e.file} {e.function}: {e.text}" for e in sorted(entries - used)]
    for fault in faults:
        print(fault)
    print(f"{len(used & entries)} places are excused, {len(faults)} are not as they should be")
    if not options.build:
        shutil.rmtree(build)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
