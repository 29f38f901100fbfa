#!/usr/bin/env python3
"""Compiles the CUDA kernels for an architecture and checks the registers that each takes.

    tests/kernel_registers.py REPOSITORY [FOLDER]

Machine code with line numbers, of sm_90, stays in FOLDER, a file per source: cluster_train.cubin. Above each kernel stands a line "// Registers: at most N". Fails on a kernel without such a line or with more registers, on spills or a
stack frame, and on a warning."""
import pathlib, re, subprocess, sys, tempfile

ROOT = pathlib.Path(sys.argv[1]).resolve()
BUDGET = re.compile(r"// Registers: at most (\d+)")


def budgets(text):
    """The kernels that a file defines, each with the budget in the comment above it, or None."""
    found = {}
    for at in re.finditer(r"^(?:template <[^\n]*>\n)?__global__", text, re.M):
        name = re.search(r"\b(\w+_kernel)\s*\(", text[at.start():]).group(1)
        above = text[:at.start()].rstrip("\n").split("\n")
        comment = []
        while above and above[-1].startswith("//"):
            comment.insert(0, above.pop())
        budget = BUDGET.search("\n".join(comment))
        found[name] = int(budget.group(1)) if budget else None
    return found


def compile(path, cubin):
    command = ["nvcc", "-std=c++17", "--fmad=false", "-cubin", "-lineinfo", "-Xptxas", "-v", "-arch=sm_90", "-Werror", "all-warnings", f"-I{ROOT}/include",
               f"-I{ROOT}/src", f"-I{ROOT}", path, "-o", cubin]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode:
        sys.exit(run.stdout)
    return run.stdout


def check(path, cubin):
    wanted, name = budgets(path.read_text()), None
    for line in compile(path, cubin).splitlines():
        if entry := re.search(r"Compiling entry function '(\w+)'", line):
            name = next(kernel for kernel in sorted(wanted, key=len, reverse=True) if kernel in entry.group(1))
        elif "stack frame" in line and not re.match(r" *0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", line):
            yield f"{path.name}: {name}: {line.strip()}"
        elif used := re.search(r"Used (\d+) registers", line):
            print(f"{path.relative_to(ROOT)}: {name}: {used.group(1)} registers")
            if wanted[name] is None:
                yield f"{path.name}: {name} has no line 'Registers: at most N' above it"
            elif int(used.group(1)) > wanted[name]:
                yield f"{path.name}: {name} takes {used.group(1)} registers, more than {wanted[name]}"


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = sys.argv[2] if len(sys.argv) > 2 else temporary
        failures = [failure for path in sorted(ROOT.glob("kernels/**/*.cu")) for failure in check(path, f"{folder}/{path.stem}.cubin")]
    for failure in failures:
        print(failure)
    sys.exit(len(failures) > 0)


main()
