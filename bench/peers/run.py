#!/usr/bin/env python3
"""One job by annc-gpu and by its peers in one run: same data, initial weights, order and cost.

    bench/peers/run.py --program build/release/annc-gpu --data FOLDER [--job headline|middle|large] [--epochs N] [--threads N]
                       [--peers NAME,NAME] [--kann FOLDER] [--genann FOLDER] [--ggml FOLDER] [--json FILE] [--svg FILE]

A peer that does the same job must follow annc-gpu's loss (to 1e-3 of it in the first epoch) before its time counts; exit code 1 otherwise. Those
that cannot (example by example, another cost) are marked: only their time is compared. Rounds of all programs take turns, and medians are of
all epochs. Each peer runs in a process of its own. What is not installed is left out, and that is said. --ggml is built by cmake in the
temporary folder, half a minute for each of ggml and ggml_blas; its threads wait for each other, turning, after every operation, so with several of them its time counts on a quiet machine alone."""
import argparse
import importlib
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import common  # noqa: E402  (after its folder is known)

PYTHON = {"numpy_examples": "numpy", "numpy_batches": "numpy", "torch_eager": "torch", "jax_scan": "jax", "sklearn_mlp": "sklearn"}
IN_C = {"openblas": "plain C on OpenBLAS", "kann": "KANN", "kann_blas": "KANN with BLAS", "genann": "genann", "fann": "FANN", "ggml": "ggml",
        "ggml_blas": "ggml with BLAS"}
OTHER_JOB = {"sklearn_mlp": "log loss", "genann": "one by one", "fann": "one by one"}  # why losses cannot agree


def ours(options):
    command = [options.program, "train", *common.job_options(options), "--epochs", str(options.epochs), "--device", options.device, "--threads",
               str(options.threads), "--json"]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.splitlines()
    return [line for line in map(json.loads, lines) if line["schema"] == "annc.epoch/1"]


def by_module(name):
    """The lines of a peer in Python, in a process of its own: the threads of one library are not there for the next."""
    out = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--alone", name], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def build_ggml(name, options, folder):
    """ggml itself, into folder/name_build, as is fastest for it: native, its own fast product, its own threads rather than OpenMP's."""
    build = folder / f"{name}_build"
    blas = ["-DGGML_BLAS=ON", "-DGGML_BLAS_VENDOR=OpenBLAS"] if name == "ggml_blas" else ["-DGGML_BLAS=OFF"]
    configure = ["cmake", "-S", options.ggml, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=OFF", "-DGGML_NATIVE=ON",
                 "-DGGML_LLAMAFILE=ON", "-DGGML_OPENMP=OFF", "-DGGML_BUILD_TESTS=OFF", "-DGGML_BUILD_EXAMPLES=OFF", *blas]
    return run_build(configure) or run_build(["cmake", "--build", build, "--parallel", str(os.cpu_count())]), sorted(build.rglob("*.a"))


def run_build(command):
    """Nothing, or why it failed."""
    try:
        built = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        return f"{command[0]} is not installed"
    lines = built.stdout.strip().splitlines()
    telling = [line for line in lines if "error" in line.lower()] or lines
    return None if built.returncode == 0 else "it does not build here: " + telling[0][:100]


def compile_peer(name, options, folder):
    """The peer's program, or why there is none."""
    program = folder / name
    flags = ["gcc", "-O3", "-march=native", "-std=gnu11", "-o", program]
    if name == "openblas":
        command = [*flags, "-fopenmp", HERE / "openblas.c", "-lopenblas", "-lm"]
    elif name == "fann":
        command = [*flags, HERE / "fann_peer.c", "-lfloatfann", "-lm"]
    elif name == "genann":
        if not options.genann:
            return None, "its source is not named (--genann FOLDER)"
        command = [*flags, f"-I{options.genann}", HERE / "genann_peer.c", f"{options.genann}/genann.c", "-lm"]
    elif name in ("ggml", "ggml_blas"):
        if not options.ggml:
            return None, "its source is not named (--ggml FOLDER)"
        why, libraries = build_ggml(name, options, folder)
        if why:
            return None, why
        blas = ["-DPEER_BLAS", "-lopenblas"] if name == "ggml_blas" else []
        command = [*flags, f'-DPEER_NAME="{IN_C[name]}"', *blas[:1], f"-I{options.ggml}/include", HERE / "ggml_peer.c", "-Wl,--start-group",
                   *libraries, "-Wl,--end-group", *blas[1:], "-lstdc++", "-lm", "-lpthread", "-ldl"]
    else:
        if not options.kann:
            return None, "its source is not named (--kann FOLDER)"
        blas = ["-DHAVE_CBLAS", "-lopenblas"] if name == "kann_blas" else []
        command = [*flags, f'-DPEER_NAME="{IN_C[name]}"', "-DHAVE_PTHREAD", f"-I{options.kann}", HERE / "kann_peer.c", f"{options.kann}/kann.c",
                   f"{options.kann}/kautodiff.c", *blas[:1], "-lm", "-lpthread", *blas[1:]]
    why = run_build(command)
    return (None, why) if why else (program, None)


def by_program(program, options, folder, counts):
    command = [program, folder, options.layers, str(options.batch), str(options.lr), str(options.epochs), *map(str, counts), str(int(options.softmax)),
               str(options.threads)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def peers_of(options, folder):
    """name: function that runs it; what is not there is said."""
    there, counts = {}, None
    for name in options.peers.split(","):
        why, run = None, None
        if name in PYTHON:
            if name.startswith("numpy") and options.softmax:
                why = "it does the tutorial's job alone"
            elif importlib.util.find_spec(PYTHON[name]) is None:
                why = f"Python has no {PYTHON[name]}"
            else:
                run = lambda name=name: by_module(name)  # noqa: E731
        elif name in IN_C:
            program, why = compile_peer(name, options, folder)
            if name in ("genann", "fann") and options.softmax:
                program, why = None, "it has neither ReLU nor softmax"
            if program:
                counts = counts or common.export(options, folder)
                run = lambda program=program: by_program(program, options, folder, counts)  # noqa: E731
        else:
            why = "there is no such peer"
        if run:
            there[name] = run
        else:
            print(f"{name} is left out: {why}", file=sys.stderr)
    return there


def openblas_kernels(program):
    """Those that annc-gpu has by itself, for its peers too: an OpenBLAS older than the processor would give them those of SSE."""
    clean = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    version = subprocess.run([program, "--version"], check=True, env=clean, stdout=subprocess.PIPE, text=True).stdout
    named = re.search(r"OpenBLAS \S+ \((\w+)\)", version)
    return named and named.group(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", required=True, help="folder of the MNIST files")
    parser.add_argument("--job", choices=common.JOBS, default="headline")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=3, help="of each program in a round")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", default="numpy_examples,numpy_batches")
    parser.add_argument("--kann", help="folder of KANN's source")
    parser.add_argument("--genann", help="folder of genann's source")
    parser.add_argument("--ggml", help="folder of ggml's source")
    parser.add_argument("--json", help="where the rows go too")
    parser.add_argument("--svg", help="a drawing of them")
    parser.add_argument("--alone", choices=PYTHON, help="run this peer in Python alone and print its lines")
    options = parser.parse_args()
    vars(options).update(common.JOBS[options.job])
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = str(options.threads)
    kernels = openblas_kernels(options.program)
    if kernels and os.environ.get("OPENBLAS_CORETYPE") != kernels:
        os.environ["OPENBLAS_CORETYPE"] = kernels
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ)
    if options.alone:
        importlib.import_module(options.alone).main(options)
        return 0
    folder = pathlib.Path(tempfile.mkdtemp(prefix="annc-peers-"))
    try:
        there = peers_of(options, folder)
        mine, lines = [], {name: [] for name in there}
        for _ in range(options.rounds):
            mine += ours(options)
            for name, run in there.items():
                lines[name] += run()
    finally:
        shutil.rmtree(folder)
    base, agreed = common.median(line["seconds"] for line in mine), True
    print(f"{options.layers}, minibatches of {options.batch}, {options.threads} thread{'s' if options.threads > 1 else ''}; medians of "
          f"{len(mine)} epochs")
    print(f"{'program':24} {'s an epoch':>11} {'ratio':>7} {'loss, epoch 1':>14} {'last test':>10}")
    rows = [dict(peer=f"annc-gpu {options.device}", seconds=base, ratio=1.0, loss=mine[0]["loss"], test_correct=mine[options.epochs - 1]["test_correct"])]
    print(f"{rows[0]['peer']:24} {base:11.4f} {1:7.1f} {rows[0]['loss']:14.4f} {rows[0]['test_correct']:10}")
    for name, all_lines in lines.items():
        seconds = common.median(line["seconds"] for line in all_lines)
        row = dict(peer=all_lines[0]["peer"], seconds=seconds, ratio=seconds / base, loss=all_lines[0]["loss"],
                   test_correct=all_lines[options.epochs - 1]["test_correct"])
        rows.append(row)
        off = abs(row["loss"] - mine[0]["loss"]) / mine[0]["loss"]
        agreed = agreed and (name in OTHER_JOB or off <= 1e-3)
        note = f"  another job: {OTHER_JOB[name]}" if name in OTHER_JOB else "" if off <= 1e-3 else "  DIFFERS: not the same job"
        print(f"{row['peer']:24} {seconds:11.4f} {row['ratio']:7.1f} {row['loss']:14.4f} {row['test_correct']:10}{note}")
    if options.json:
        with open(options.json, "a", encoding="utf-8") as out:
            for row in rows:
                out.write(json.dumps(dict(schema="annc.peers/1", job=options.job, threads=options.threads, **row)) + "\n")
    if options.svg:
        common.draw(rows, options, options.svg)
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
