#!/usr/bin/env python3
"""annc-gpu and its GPU peers on one job in one run: same data, initial weights, order of examples
and cost, true fp32.

    bench/peers/gpu.py --program build/release/annc-gpu [--data FOLDER] [--job headline|middle|large]
                       [--device cuda|cpu] [--repeats N] [--json FILE] [--table FILE] [--svg FILE]
                       [--peers NAME,NAME] [--seconds-limit S]

Each peer is a process of its own that keeps its data and programs in the device's memory. Before it
is timed, its weights after one step, and after as many steps as one of its graphs has, must agree
with a step in double precision, and its accuracy after a warm-up epoch with that of an epoch in
double precision. A peer that fails is reported and not timed, and the exit code is 1. Then all
programs train one epoch in turn, --repeats times. Results are written after each peer's
verification and after each round, so an interrupted run keeps what it has measured.

--device cpu is a rehearsal without a GPU: PyTorch and JAX compute on the CPU with the same code.
--also NAME=COMMAND adds a peer: COMMAND FOLDER speaks the protocol of worker.py.
--python PATH,PATH names the interpreters that may have torch and jax; default: the one that runs
this file."""
import argparse
import contextlib
import json
import math
import os
import pathlib
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import numpy as np  # noqa: E402

import common  # noqa: E402  (after its folder is known)

SCHEMA = "annc.gpu_peers/1"
NEEDS_CUDA = "needs a CUDA device"
# name: what it is, the module it needs, its arguments, whether it needs CUDA, whether it trains a
# population
PEERS = {
    "torch_eager": ("PyTorch eager", "torch", ["eager"], False, False),
    "torch_compile": ("PyTorch compile", "torch", ["compile"], False, False),
    "torch_graph": ("PyTorch graph, 1 step", "torch", ["graph"], True, False),
    "torch_graphs": ("PyTorch graph, K steps", "torch", ["graphs"], True, False),
    "torch_compile_graphs": ("PyTorch compile + graph", "torch", ["compile_graphs"], True, False),
    "torch_explicit": ("PyTorch, no graph", "torch", ["explicit_many"], False, False),
    "jax_scan": ("JAX scan", "jax", ["scan", "1"], False, False),
    "jax_scan_unroll": ("JAX scan, unroll 8", "jax", ["scan", "8"], False, False),
    "jax_scan_graph": ("JAX scan, CUDA graphs", "jax", ["scan", "1"], True, False),
    "cublas_graph": ("cuBLAS graph", None, [], True, False),
    "torch_population": ("PyTorch population", "torch", ["population"], False, True),
    "jax_population": ("JAX vmap population", "jax", ["population", "1"], False, True),
}
# XLA records the whole loop of a scan, which it does not do by itself.
ENVIRONMENT = {"jax_scan_graph": {"XLA_FLAGS": "--xla_gpu_enable_command_buffer=FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,WHILE,"
                                               "CONDITIONAL --xla_gpu_graph_min_graph_size=1"}}
CANNOT = {"tiny_cuda_nn": "its fused networks need half precision and larger minibatches",
          "annc-gpu_population": "annc-gpu sweep trains its networks one after another on a GPU"}
# Normwise, of the change of the weights after one step and after graph_steps steps.
TOLERANCE = {"one": 1e-5, "many": 1e-4}
ACCURACY_TOLERANCE = 0.01


class Failed(Exception):
    """A peer that did not do its job; the message says why."""


class LeftOut(Exception):
    """A peer that cannot run here; the message says why."""


# ---------------------------------------------------------------- processes

class Worker:
    """A peer's process; `limit` is the time in seconds that it may take in all."""

    def __init__(self, command, log, environment, limit):
        self.left, self.limit, self.buffer, self.log = limit, limit, b"", log
        with open(log, "wb") as errors:
            try:
                self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                                stdout=subprocess.PIPE, stderr=errors, env=environment,
                                                start_new_session=True)
            except OSError as error:
                raise Failed(f"{command[0]} cannot be started: {error.strerror}") from error

    def answer(self):
        """The next line of the peer, as an object."""
        pipe = self.process.stdout.fileno()
        while b"\n" not in self.buffer:
            start = time.monotonic()
            ready, _, _ = select.select([pipe], [], [], max(0, self.left))
            self.left -= time.monotonic() - start
            if not ready:
                raise Failed(f"killed after {self.limit:g} s (--seconds-limit)")
            part = os.read(pipe, 65536)
            if not part:
                raise Failed(f"ended with {self.ended()}")
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\n", 1)
        try:
            values = json.loads(line)
        except ValueError as error:
            raise Failed(f"answered {line[:60]!r}, which is not JSON") from error
        if "error" in values:
            raise Failed(values["error"])
        if "unavailable" in values:
            raise LeftOut(values["unavailable"])
        return values

    def ended(self):
        code = self.process.wait()
        lines = pathlib.Path(self.log).read_text(errors="replace").strip().splitlines()
        return f"exit code {code}" + (f": {lines[-1][:120]}" if lines else "")

    def ask(self, *command):
        try:
            self.process.stdin.write((" ".join(map(str, command)) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # answer() reports the end
        return self.answer()

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def interpreter(module, options):
    """The first Python that has a module."""
    for python in options.python.split(","):
        probe = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)"
        if subprocess.run([python, "-c", probe], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return python
    raise LeftOut(f"{module} is not installed")


def build_cublas(folder, limit):
    """The program of cublas_graph.cu, built here."""
    nvcc = shutil.which("nvcc", path=os.pathsep.join([os.environ.get("PATH", ""), os.path.join(
        os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin")]))
    if not nvcc:
        raise LeftOut("nvcc is not installed")
    program = folder / "cublas_graph"
    command = [nvcc, "-O3", "-std=c++17", "-arch=native", "-o", program, HERE / "cublas_graph.cu", "-lcublas"]
    try:
        built = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                               timeout=limit)
    except subprocess.TimeoutExpired as error:
        raise LeftOut(f"nvcc takes more than {limit:g} s") from error
    if built.returncode:
        lines = [line for line in built.stdout.splitlines() if "error" in line.lower()] or built.stdout.splitlines()
        raise LeftOut(f"it does not build: {(lines or ['?'])[0][:100]}")
    return program


# ---------------------------------------------------------------- the job

def prepare_data(options, folder):
    """The folder of IDX files that all programs read, and what the data are."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    places = [options.data] if options.data else [HERE.parents[1] / "data/mnist", cache / "annc/mnist"]
    found = next((p for p in places if any(pathlib.Path(p).glob("train-images-idx3-ubyte*"))), None)
    if options.data and not found:
        raise SystemExit(f"{options.data}: no train-images-idx3-ubyte")
    if found and not options.examples:
        return str(found), str(found)
    count = options.examples or 60000
    if found:
        x, y, test_x, test_y = common.read_set(found)
        name = f"the first {min(count, len(x))} training examples of {found}"
        x, y = x[:count], y[:count]
    else:
        x, y, test_x, test_y = common.made_set(count, max(1000, count // 6))
        name = f"{count} random images of ten patterns, because MNIST is not on this machine"
    common.write_set(folder / "data", x, y, test_x, test_y)
    return str(folder / "data"), name


class Work:
    """A job's files and its results in double precision, for one network or for a population."""

    def __init__(self, options, folder, networks):
        folder.mkdir()
        self.options, self.folder, self.networks = options, folder, networks
        images, self.labels, test_images, self.test_labels = common.read_set(options.data)
        scale = lambda x: x.reshape(len(x), -1).astype(np.float32) * (np.float32(1) / np.float32(255))  # noqa: E731
        self.x, self.test_x = scale(images), scale(test_images)
        count, batch = len(self.x), options.batch
        if count < batch:
            raise SystemExit(f"{options.data}: {count} examples, fewer than a minibatch of {batch}")
        self.graph_steps = max(1, min(options.graph_steps, count // batch))
        self.epochs = options.repeats if networks == 1 else 1
        seeds = range(options.seed, options.seed + networks)
        orders = np.array([[common.order(count, seed, epoch) for seed in seeds] for epoch in range(self.epochs)])
        self.rows = orders[0]
        # One minibatch as a data set: one epoch of it is the first step, whatever order its
        # examples have.
        first = self.rows[0][:batch]
        self.one_step = folder / "one_step"
        common.write_set(self.one_step, images[first], self.labels[first], images[first], self.labels[first])
        self.first = [common.initial_weights(argparse.Namespace(**{**vars(options), "data": str(self.one_step),
                                                                   "seed": seed})) for seed in seeds]
        (folder / "x.u8").write_bytes(images.tobytes())
        (folder / "y.u8").write_bytes(self.labels.tobytes())
        (folder / "test_x.u8").write_bytes(test_images.tobytes())
        (folder / "test_y.u8").write_bytes(self.test_labels.tobytes())
        (folder / "weights.f32").write_bytes(np.array([common.flat(w) for w in self.first], "<f4").tobytes())
        (folder / "orders.i32").write_bytes(orders.astype("<i4").tobytes())
        (folder / "job.json").write_text(json.dumps(dict(
            layers=options.layers, batch=batch, lr=options.lr, softmax=options.softmax, count=count,
            tests=len(self.test_x), networks=networks, epochs=self.epochs, graph_steps=self.graph_steps)))
        (folder / "job.txt").write_text(f"{options.layers} {batch} {options.lr} {int(options.softmax)} {count} "
                                        f"{len(self.test_x)} {self.epochs} {self.graph_steps}\n")
        self.steps = -(-count // batch)
        self.want = {network: self.reference(network) for network in {0, networks - 1}}

    def reference(self, network):
        """Parameters after 1 and after graph_steps steps, how far each may be away, and the number
        of test examples classified correctly after an epoch."""
        first, counts = self.first[network], (1, self.graph_steps, self.steps)
        run = lambda theta, counts: common.reference_steps(theta, self.x, self.labels, self.rows[network],  # noqa: E731
                                                           self.options, counts)
        one, many, last = run(first, counts)
        correct = common.count_correct(last, self.test_x.astype(np.float64), self.test_labels, self.options.softmax)
        want = dict(first=common.flat(first), one=common.flat(one), many=common.flat(many), correct=correct)
        # The program of one step has the precision of the others: it is held to the strict bound.
        want["allowed"] = dict(one=TOLERANCE["one"], many=max(TOLERANCE["many"], 4 * self.spread(first, many, run)))
        return want

    def spread(self, first, last, run):
        """How far the change of the weights by graph_steps steps moves, in double precision, when the
        initial weights move by about a rounding of float32. It is large where a ReLU's input is so
        near 0 that its sign changes."""
        worst, rng, change = 0.0, np.random.default_rng(1), common.flat(last) - common.flat(first)
        for _ in range(4 if self.options.softmax else 1):
            moved = [tuple(p * (1 + 2.0**-21 * rng.standard_normal(p.shape)) for p in pair) for pair in first]
            other = common.flat(run(moved, (self.graph_steps,))[0]) - common.flat(moved)
            worst = max(worst, float(np.linalg.norm(other - change) / np.linalg.norm(change)))
        return worst

    def check_step(self, row, got, many):
        """Notes how far parameters are from the reference; got: a flat array per network."""
        name, key, worst = ("many", "steps", 0.0) if many else ("one", "step", 0.0)
        allowed = math.inf
        for network, want in self.want.items():
            difference, rounding = common.step_difference(want["first"], want[name], got[network])
            worst = difference if not difference <= worst else worst
            allowed = min(allowed, want["allowed"][name] + rounding)
        row[f"{key}_difference"], row[f"{key}_tolerance"] = worst if worst == worst else None, allowed
        if not worst <= allowed:
            steps = f"{self.graph_steps} steps" if many else "one step"
            raise Failed(f"weights after {steps} differ by {worst:.2g}, more than {allowed:.2g}")

    def check_accuracy(self, row, correct):
        tests = len(self.test_x)
        row.update(test_correct=int(correct[0]), test_count=tests, reference_correct=self.want[0]["correct"])
        for network, want in self.want.items():
            if abs(int(correct[network]) - want["correct"]) > ACCURACY_TOLERANCE * tests + 2:
                raise Failed(f"accuracy after the first epoch {correct[network] / tests:.4f}, in double precision "
                             f"{want['correct'] / tests:.4f}")


# ---------------------------------------------------------------- entries

class Entry:
    """A program that is compared: its row of the results, and its measured epochs."""

    def __init__(self, name, title, work, machine):
        self.name, self.title, self.work, self.seconds = name, title, work, []
        options = work.options
        self.row = dict(schema=SCHEMA, job=options.job, layers=options.layers, batch=options.batch,
                        examples=len(work.x), data=options.data_name, peer=name, title=title, status="started",
                        verified=False, reason=None, networks=work.networks, steps_epoch=work.steps,
                        device=None, engine=None, versions={}, **machine)

    def give_up(self, error):
        self.row.update(status="left out" if isinstance(error, LeftOut) else "failed", reason=str(error))

    def note_times(self):
        if not self.seconds:
            return
        median = common.median(self.seconds)
        self.row.update(status="timed", repeats=len(self.seconds), seconds_epoch=median,
                        seconds_epoch_min=min(self.seconds), seconds_epoch_max=max(self.seconds),
                        us_step=median / self.work.steps * 1e6,
                        network_epochs_per_second=self.work.networks / median)

    def close(self):
        pass


class Annc(Entry):
    """annc-gpu: each repeat is a process that trains --epochs epochs, of which the first is not
    counted."""

    def __init__(self, work, machine):
        super().__init__("annc-gpu", f"annc-gpu {work.options.device}", work, machine)
        self.left = work.options.seconds_limit

    def run(self, epochs, **changes):
        options = argparse.Namespace(**{**vars(self.work.options), **changes})
        command = [options.program, "train", *common.job_options(options), "--epochs", str(epochs), "--device",
                   options.device, "--json"]
        start = time.monotonic()
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                                  timeout=max(0.1, self.left))
        except subprocess.TimeoutExpired as error:
            raise Failed(f"killed after {options.seconds_limit:g} s (--seconds-limit)") from error
        self.left -= time.monotonic() - start
        if done.returncode:
            raise Failed(f"exit code {done.returncode}: {(done.stderr.strip().splitlines() or ['?'])[-1][:160]}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [line for line in lines if line["schema"] == "annc.epoch/1"], lines[-1]

    def verify(self):
        options = self.work.options
        try:
            theta = common.train_model(argparse.Namespace(**{**vars(options), "data": str(self.work.one_step)}),
                                       "--epochs", "1", "--device", options.device)
        except subprocess.CalledProcessError as error:
            raise Failed(f"exit code {error.returncode}: {(error.stderr.strip().splitlines() or ['?'])[-1][:160]}"
                         ) from error
        self.work.check_step(self.row, {0: common.flat(theta)}, False)
        epochs, result = self.run(1)
        wall = result["wall_seconds"] - result["seconds"] - result["test_seconds"]
        # Reading files, start-up, staging and capture together: the program does not time them
        # apart.
        self.row.update(device=result["device_name"], engine=result["engine"], seconds_warm_up=epochs[0]["seconds"],
                        seconds_preparation=wall, seconds_test=epochs[0]["test_seconds"],
                        versions={"annc-gpu": f"{result['version']} {result['commit']}"})
        self.work.check_accuracy(self.row, [epochs[0]["test_correct"]])
        self.row.update(status="verified", verified=True)

    def repeat(self, _):
        epochs, _ = self.run(self.work.options.epochs)
        self.seconds += [epoch["seconds"] for epoch in epochs[1:]]


class Peer(Entry):
    def __init__(self, name, title, work, machine, command):
        super().__init__(name, title, work, machine)
        self.command, self.worker = command, None

    def environment(self):
        environment = {**os.environ, "NVIDIA_TF32_OVERRIDE": "0", "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
                       **ENVIRONMENT.get(self.name, {})}
        if self.work.options.device == "cpu":
            environment["JAX_PLATFORMS"] = "cpu"
        return environment

    def verify(self):
        work, row = self.work, self.row
        log = work.folder / f"{self.name}.log"
        command = self.command(work.folder)
        self.worker = Worker(command, log, self.environment(), work.options.seconds_limit)
        ready = self.worker.answer()
        row.update(device=ready["device"], versions=ready["versions"], inputs=ready["data"], engine=self.title,
                   seconds_staging=ready["seconds_staging"], seconds_preparation=ready["seconds_preparation"],
                   graph_steps=work.graph_steps)
        for many in (False, True) if work.graph_steps > 1 else (False,):
            path = work.folder / f"{self.name}.f32"
            self.worker.ask("steps", work.graph_steps if many else 1, path)
            values = np.fromfile(path, np.float32)
            if values.size != work.networks * work.want[0]["first"].size:
                raise Failed(f"{values.size} parameters instead of {work.networks * work.want[0]['first'].size}")
            work.check_step(row, values.reshape(work.networks, -1), many)
        warm = self.worker.ask("warm")
        row.update(seconds_warm_up=warm["seconds"], seconds_test=warm["seconds_test"])
        work.check_accuracy(row, warm["correct"])
        row.update(status="verified", verified=True)

    def repeat(self, number):
        self.seconds.append(self.worker.ask("epoch", number)["seconds"])

    def close(self):
        if self.worker:
            self.worker.kill()
            self.worker = None


class Absent(Entry):
    """A peer that cannot run here."""

    def __init__(self, name, title, work, machine, reason):
        super().__init__(name, title, work, machine)
        self.error = LeftOut(reason)

    def verify(self):
        raise self.error


def entries_of(options, works, machine, folder):
    """One function per entry, which makes it when its turn comes: building takes time."""
    def peer(name):
        if name in CANNOT:
            return Absent(name, name, works(1), machine, CANNOT[name])
        if name not in PEERS:
            return Absent(name, name, works(1), machine, "there is no such peer")
        title, module, arguments, needs_cuda, population = PEERS[name]
        if needs_cuda and options.device != "cuda":
            return Absent(name, title, works(1), machine, NEEDS_CUDA)
        try:
            if module:
                python = interpreter(module, options)
                command = lambda job: [python, HERE / f"{module}_peers.py", job, *arguments, options.device]  # noqa: E731
            else:
                program = build_cublas(folder, options.seconds_limit)
                command = lambda job: [program, job]  # noqa: E731
        except LeftOut as reason:
            return Absent(name, title, works(1), machine, str(reason))
        return Peer(name, title, works(options.population if population else 1), machine, command)

    yield lambda: Annc(works(1), machine)
    for name in filter(None, options.peers.split(",")):
        yield lambda name=name: peer(name)
    for also in options.also:
        name, command = also.split("=", 1)
        yield lambda name=name, command=command: Peer(name, name, works(1), machine,
                                                      lambda job: [*shlex.split(command), job])


# ---------------------------------------------------------------- results

def gpu_state():
    """Driver, clocks and limits as nvidia-smi reports them; they are never changed."""
    fields = ["name", "driver_version", "clocks.sm", "clocks.mem", "clocks.max.sm", "power.limit", "temperature.gpu"]
    try:
        out = subprocess.run(["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return dict(zip(fields, [cell.strip() for cell in out.splitlines()[0].split(",")])) if out.strip() else None


def write(path, text):
    """Replaces a file in one step, so that an interruption leaves the old one or the new one."""
    path = pathlib.Path(path)
    other = path.with_name(path.name + ".new")
    other.write_text(text, encoding="utf-8")
    other.replace(path)


def brief(value, digits=4):
    return "-" if value is None else f"{value:.{digits}g}"


def table(rows, options):
    """The results as text."""
    first = rows[0]
    lines = [f"{options.layers}, minibatches of {options.batch}, {first['examples']} examples: {options.data_name}"]
    if first.get("gpu"):
        lines.append(", ".join(f"{name} {value}" for name, value in first["gpu"].items()))
    lines.append(f"{'program':26} {'s an epoch':>11} {'range':>19} {'us a step':>10} {'ratio':>7} {'staging':>8} "
                 f"{'prepare':>8} {'test':>8}  step error")
    for row in rows:
        head = f"{row['title'][:26]:26}"
        if row["status"] in ("failed", "left out", "started"):
            lines.append(f"{head} {row['status'].upper() if row['status'] == 'failed' else row['status']}: {row['reason']}")
            continue
        times = [row.get(name) for name in ("seconds_epoch_min", "seconds_epoch_max")]
        spread = "...".join(map(brief, times)) if times[0] is not None else "warm-up alone"
        seconds = row.get("seconds_epoch", row.get("seconds_warm_up"))
        ratio = f"{row['ratio']:.2f}" if row.get("ratio") else "-"
        lines.append(f"{head} {brief(seconds):>11} {spread:>19} {brief(row.get('us_step')):>10} {ratio:>7} "
                     f"{brief(row.get('seconds_staging'), 3):>8} {brief(row.get('seconds_preparation'), 3):>8} "
                     f"{brief(row.get('seconds_test'), 3):>8}  {row.get('step_difference') or 0:.1e}")
        if row["networks"] > 1 and row.get("network_epochs_per_second"):
            lines.append(f"{'':26} {row['networks']} networks at once: {brief(row['network_epochs_per_second'])} "
                         "epochs of a network per second")
    return "\n".join(lines) + "\n"


def publish(entries, options):
    """Writes everything that is known by now."""
    base = entries[0].row.get("seconds_epoch")
    rows = [entry.row for entry in entries]
    for row in rows:
        alike = base and row.get("seconds_epoch") and row["networks"] == 1
        row["ratio"] = row["seconds_epoch"] / base if alike else None
    text = table(rows, options)
    if options.json:
        write(options.json, "".join(json.dumps(row) + "\n" for row in rows))
    if options.table:
        write(options.table, text)
    drawn = [dict(peer=row["title"], seconds=row["seconds_epoch"], ratio=row["ratio"]) for row in rows if row.get("ratio")]
    if options.svg and drawn:
        common.draw(drawn, options, options.svg)
    return text


# ---------------------------------------------------------------- the run

def attempt(entry, action, *arguments):
    """True unless the entry failed; a failed one is closed, and keeps no times."""
    try:
        action(*arguments)
        return True
    except (Failed, LeftOut, OSError, KeyError, TypeError, IndexError) as error:
        entry.give_up(error if isinstance(error, (Failed, LeftOut)) else Failed(f"{type(error).__name__}: {error}"))
        for name in [name for name in entry.row if name.startswith(("seconds_epoch", "us_step", "network_epochs"))]:
            del entry.row[name]
        entry.close()
        print(f"{entry.name} {entry.row['status']}: {entry.row['reason']}", file=sys.stderr)
        return False


def compare(options, folder):
    """Verifies and times all entries; returns whether none failed."""
    known = {}

    def works(networks):
        if networks not in known:
            known[networks] = Work(options, folder / f"job_{networks}", networks)
        return known[networks]

    machine, entries = dict(gpu=gpu_state()), []
    try:
        for make in entries_of(options, works, machine, folder):
            entry = make()
            entries.append(entry)
            print(f"{entry.name}: verification", file=sys.stderr)
            attempt(entry, entry.verify)
            publish(entries, options)
        for number in range(options.repeats):
            for entry in entries:
                if entry.row["verified"] and entry.row["status"] != "failed" and attempt(entry, entry.repeat, number):
                    entry.note_times()
            entries[0].row["gpu_after"] = gpu_state()
            publish(entries, options)
            print(f"round {number + 1} of {options.repeats}", file=sys.stderr)
        for entry in entries:
            if isinstance(entry, Peer) and entry.worker:
                attempt(entry, lambda entry=entry: entry.row.update(
                    test_correct_last=entry.worker.ask("test")["correct"][0]))
    finally:
        for entry in entries:
            entry.close()
        if entries:
            print(publish(entries, options), end="", flush=True)
    return all(entry.row["status"] != "failed" for entry in entries)


def stop(number, _):
    raise SystemExit(128 + number)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="annc-gpu")
    parser.add_argument("--data", help="folder of the MNIST files; default: data/mnist, then ~/.cache/annc/mnist")
    parser.add_argument("--examples", type=int, help="use the first N training examples; default: all")
    parser.add_argument("--job", choices=common.JOBS, default="headline")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--repeats", type=int, default=5, help="rounds in which every program trains an epoch [5]")
    parser.add_argument("--epochs", type=int, default=3, help="epochs per process of annc-gpu, at least 2 [3]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--graph-steps", type=int, default=75, help="steps per graph [75]")
    parser.add_argument("--population", type=int, default=132, help="networks of the population peers [132]")
    parser.add_argument("--peers", default=",".join([*PEERS, *CANNOT]), help="comma-separated names; default: all")
    parser.add_argument("--also", action="append", default=[], metavar="NAME=COMMAND", help="add a peer")
    parser.add_argument("--python", default=sys.executable, help="interpreters that may have torch and jax")
    parser.add_argument("--seconds-limit", type=float, default=300, help="time limit of each program in seconds [300]")
    parser.add_argument("--json", help="write one JSON object per program")
    parser.add_argument("--table", help="write the table")
    parser.add_argument("--svg", help="write a drawing")
    options = parser.parse_args()
    if options.repeats < 1 or options.epochs < 2:
        parser.error("--repeats takes at least 1, --epochs at least 2")
    vars(options).update(common.JOBS[options.job])
    options.program = str(pathlib.Path(options.program).resolve())
    signal.signal(signal.SIGTERM, stop)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="annc-gpu-peers-"))
    try:
        options.data, options.data_name = prepare_data(options, folder)
        return 0 if compare(options, folder) else 1
    except subprocess.CalledProcessError as error:
        print(f"annc-gpu failed: {error.stderr.strip()}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
