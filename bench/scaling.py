#!/usr/bin/env python3
"""The time of a step against the number of ranks: measured, and by a model made of the times of one
process and of sums alone.

    bench/scaling.py BUILD [--layers 784-1024-1024-10] [--batch 1024] [--ranks 1,2] [--rounds 5]
                     [--namespaces] [--delay MICROSECONDS] [--rate MBIT] [--json]
    bench/scaling.py --device-model NAME:TERAFLOPS:MICROSECONDS:GIGABYTES_PER_SECOND

BUILD is a build directory, with annc-gpu and annc-ranks. One round runs everything once, one after
another, since the machine's neighbours come and go; times are medians of all rounds, gains medians
of the gains within each. Every rank computes with one thread.

The model of a step with N ranks and minibatches of m rows:

  compute     c m / N + u: c m + u is the time of one process, from two sizes of minibatches; u (the
              update, and what does not depend on the rows) is the same on all ranks
  all-reduce  of P values: 2 (N - 1) (latency + 4 P / (N bandwidth)), both from the measured sums of
              two ranks by least squares
  overlap     products take time in proportion to their multiply-adds; a layer's sum begins when its
              gradient is there, and after the sum before

Assumptions: equal ranks; no rank waits for its neighbours on the same links; a sum takes no time
from the products, as with a processor of its own or a network card that moves the data. 'Without
overlap' assumes the contrary: sums after all products. A machine with fewer processors than ranks
and their sums need lies between the two, or above. More ranks than processors are marked as
oversubscribed: the model gives each a processor of its own.

--namespaces puts each rank into a network namespace of its own, so that the ranks talk by TCP
through virtual links (mpirun_namespaces.py). --delay and --rate slow these links down.

--link NAME:MICROSECONDS:GIGABYTES_PER_SECOND adds the model's answer for another network, on paper.

--device-model adds the model's answer for ranks with another device each, from the rate of its bare
products and from the latency and bandwidth of the link between two of them. It is on paper and
measures nothing; BUILD may be left out. The update and the launches of kernels take no time (u = 0),
so that the step is shorter, and the gain larger, than any that will be measured."""
import argparse
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile

LINKS = ["10 Gbit Ethernet:30:1.1", "100 Gbit InfiniBand:2:11"]  # usual figures of such links, not measured here
MODELLED = (1, 2, 4, 8, 16, 32)
NAMESPACES = pathlib.Path(__file__).resolve().with_name("mpirun_namespaces.py")
MEASURED = "measured between two ranks"
EPOCHS = 3


def parameters(layers):
    return [n * (n_in + 1) for n_in, n in zip(layers, layers[1:])]


def fit(sums):
    """Latency in seconds and bandwidth in bytes per second, of two ranks, from [(values, seconds)]: least squares of relative errors, so that
    the small sums count as the large."""
    rows = [(2 / seconds, 4 * values / seconds) for values, seconds in sums]  # 2 latency + 4 P / bandwidth = seconds
    a, b, d = (sum(x * x for x, _ in rows), sum(x * y for x, y in rows), sum(y * y for _, y in rows))
    e, f = sum(x for x, _ in rows), sum(y for _, y in rows)
    determinant = a * d - b * b
    latency, per_byte = (e * d - b * f) / determinant, (a * f - b * e) / determinant
    return max(latency, 0), 1 / per_byte


def all_reduce(ranks, values, latency, bandwidth):
    return 2 * (ranks - 1) * (latency + 4 * values / ranks / bandwidth)


def step(ranks, layers, rows_seconds, fixed_seconds, latency, bandwidth, overlaps):
    """Seconds of a step; rows_seconds: c m, of all rows."""
    products = [n * n_in for n_in, n in zip(layers, layers[1:])]
    per_product = rows_seconds / ranks / (3 * sum(products) - products[0])  # forward, weights, and errors but for the first layer's
    now, free = per_product * sum(products), 0
    for layer in reversed(range(len(products))):
        now += per_product * products[layer]  # its gradient
        if overlaps:
            free = max(now, free) + all_reduce(ranks, parameters(layers)[layer], latency, bandwidth)
        now += per_product * products[layer] if layer > 0 else 0  # the errors of the layer below
    if not overlaps:
        free = now + sum(all_reduce(ranks, count, latency, bandwidth) for count in parameters(layers))
    return max(now, free) + fixed_seconds


def launcher(settings):
    """The command that starts ranks, without their number."""
    if settings.namespaces:
        limits = {"--delay": settings.delay, "--rate": settings.rate}
        return [sys.executable, NAMESPACES, *(str(word) for limit in limits.items() if limit[1] for word in limit)]
    mpirun = os.environ.get("ANNC_TEST_MPIRUN") or "mpirun"
    version = subprocess.run([mpirun, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [mpirun, *(["--oversubscribe"] if "Open MPI" in version or "OpenRTE" in version else [])]


class Bench:
    def __init__(self, settings, folder):
        self.settings, self.folder = settings, folder
        self.environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        self.launcher = launcher(settings)
        examples = 4 * settings.batch
        self.images, self.labels = folder / "x-images-idx3-ubyte", folder / "x-labels-idx1-ubyte"
        self.images.write_bytes(struct.pack(">IIII", 2051, examples, 1, settings.widths[0]) + os.urandom(examples * settings.widths[0]))
        self.labels.write_bytes(struct.pack(">II", 2049, examples) + bytes(i % settings.widths[-1] for i in range(examples)))

    def run(self, ranks, *command):
        start = [*self.launcher, "-n", str(ranks)] if ranks > 1 else []
        result = subprocess.run([*start, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        if result.returncode:
            raise SystemExit(f"{command[0]} failed:\n{result.stderr}")
        return [json.loads(line) for line in result.stdout.splitlines()]

    def train(self, ranks, batch):
        """Seconds of a step, of the fastest epoch. One process runs the operations one after another, as ranks do."""
        lines = self.run(ranks, self.settings.build / "annc-gpu", "train", "--data", self.images, "--labels", self.labels, "--layers",
                         self.settings.layers, "--cost", "quadratic", "--lr", "0.01", "--batch", batch, "--epochs", EPOCHS, "--threads", "1",
                         "--device", "cpu", "--engine", "ops", "--json")
        epochs = [line["seconds"] for line in lines if line["schema"] == "annc.epoch/1"]
        return min(epochs) / (4 * self.settings.batch / batch)

    def parts(self, ranks):
        return self.run(ranks, self.settings.build / "annc-ranks", "--layers", self.settings.layers, "--batch", self.settings.batch)[0]


def measure(settings):
    """Medians of all rounds."""
    steps, products, halves, sums = {}, {}, [], {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(settings, pathlib.Path(folder))
        for _ in range(settings.rounds):
            halves.append(bench.train(1, settings.batch // 2))
            for ranks in settings.ranks:
                steps.setdefault(ranks, []).append(bench.train(ranks, settings.batch))
                parts = bench.parts(ranks)
                products.setdefault(ranks, []).append(parts["products_seconds"])
                for entry in parts["sums"] if ranks == 2 else []:
                    sums.setdefault(entry["values"], []).append(entry["seconds"])
    median = statistics.median

    def gains(times):  # within each round, since neighbours slow down whole rounds
        return {n: median(one / seconds for one, seconds in zip(times[1], times[n])) for n in times}
    return {"step": {n: median(t) for n, t in steps.items()}, "products": {n: median(t) for n, t in products.items()}, "half_step": median(halves),
            "gain": gains(steps), "products_gain": gains(products), "processors": len(os.sched_getaffinity(0)), "sums": [(values, median(t)) for values, t in sorted(sums.items())]}


def answer(settings, rows_seconds, fixed_seconds, latency, bandwidth):
    """The steps of the model for one link, by ranks, with and without overlap."""
    return {"latency": latency, "bandwidth": bandwidth,
            "steps": {n: {kind: step(n, settings.widths, rows_seconds, fixed_seconds, latency, bandwidth, kind == "overlap")
                          for kind in ("overlap", "after")} for n in sorted({*MODELLED, *settings.ranks})}}


def parse_numbers(text, count):
    """NAME:NUMBER:...; a name may have colons."""
    name, *numbers = text.rsplit(":", count)
    return name, [float(number) for number in numbers]


def model(settings, measured):
    """The model's answers by link."""
    whole = measured["step"][1]
    fixed = min(max(2 * measured["half_step"] - whole, 0), whole)
    links = {MEASURED: fit(measured["sums"])} if measured["sums"] else {}
    for link in settings.link:
        name, (microseconds, gigabytes) = parse_numbers(link, 2)
        links[name] = (microseconds * 1e-6, gigabytes * 1e9)
    return {name: answer(settings, whole - fixed, fixed, *link) for name, link in links.items()}, fixed


def model_devices(settings):
    """The model's answers by device, from given numbers alone."""
    answers = {}
    for device in settings.device_model:
        name, (teraflops, microseconds, gigabytes) = parse_numbers(device, 3)
        products = [n * n_in for n_in, n in zip(settings.widths, settings.widths[1:])]
        flops = 2 * settings.batch * (3 * sum(products) - products[0])
        answers[f"{name}, {teraflops:g} TFLOP/s"] = answer(settings, flops / (teraflops * 1e12), 0, microseconds * 1e-6, gigabytes * 1e9)
    return answers


def show_steps(settings, result):
    measured, modelled = result["measured"], result["model"].get(MEASURED)
    print(f"one thread per rank, medians of {settings.rounds} rounds")
    if settings.namespaces:
        print(f"each rank in a network namespace of its own, by TCP over virtual links; added delay: {settings.delay or 0} us, "
              f"rate: {f'{settings.rate} Mbit/s' if settings.rate else 'not limited'}")
    print(f"\nstep of one process: {measured['step'][1] * 1e3:.2f} ms, of which {result['fixed'] * 1e3:.2f} ms do not depend on the rows\n\n"
          "ranks  step ms  model ms   without overlap   gain   gain of bare products   share of it")
    for ranks, seconds in measured["step"].items():
        gain, bare = measured["gain"][ranks], measured["products_gain"][ranks]
        by_model = "{overlap:9.2f} {after:17.2f}".format(**{k: 1e3 * t for k, t in modelled["steps"][ranks].items()}) if modelled else f"{'-':>9} {'-':>17}"
        print(f"{ranks:5d} {seconds * 1e3:8.2f} {by_model} {gain:6.2f} {bare:23.2f} {gain / bare:13.2f}"
              f"{'   oversubscribed' if ranks > measured['processors'] else ''}")


def show_sums(result):
    """The sums that the measured link is fitted to."""
    link = result["model"].get(MEASURED)
    if link:
        print("\n values   sum of two ranks us   model us")
        for values, seconds in result["measured"]["sums"]:
            print(f"{values:7d} {seconds * 1e6:21.1f} {all_reduce(2, values, link['latency'], link['bandwidth']) * 1e6:10.1f}")


def show_answers(answers):
    for name, link in answers.items():
        whole = link["steps"][1]["overlap"]
        print(f"\nmodel, {name if name == MEASURED else f'on paper: {name}'}: latency {link['latency'] * 1e6:.1f} us, "
              f"{link['bandwidth'] / 1e9:.2f} GB/s\n\nranks  step ms   gain   without overlap")
        for ranks, steps in link["steps"].items():
            print(f"{ranks:5d} {steps['overlap'] * 1e3:8.2f} {whole / steps['overlap']:6.2f} {whole / steps['after']:17.2f}")


def show(settings, result):
    print(f"{settings.layers}, minibatches of {settings.batch}")
    if settings.build:
        show_steps(settings, result)
        show_sums(result)
        show_answers(result["model"])
    show_answers(result["device_model"])


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--layers", default="784-1024-1024-10")
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--ranks", type=lambda text: [int(word) for word in text.split(",")], default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--namespaces", action="store_true")
    parser.add_argument("--delay", type=int)
    parser.add_argument("--rate", type=int)
    parser.add_argument("--link", action="append", default=None)
    parser.add_argument("--device-model", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    settings = parser.parse_args()
    if not settings.build and not settings.device_model:
        parser.error("BUILD or --device-model is needed")
    if (settings.delay or settings.rate) and not settings.namespaces:
        parser.error("--delay and --rate need --namespaces")
    settings.widths = [int(word) for word in settings.layers.split("-")]
    settings.link = LINKS if settings.link is None else settings.link
    settings.ranks = [1, *(ranks for ranks in settings.ranks if ranks != 1)]
    return settings


def main():
    settings = parse()
    result = {"schema": "annc.scaling/1", "layers": settings.layers, "batch": settings.batch, "device_model": model_devices(settings)}
    if settings.build:
        measured = measure(settings)
        modelled, fixed = model(settings, measured)
        network = {"delay_microseconds": settings.delay, "rate_mbit": settings.rate} if settings.namespaces else None
        result |= {"namespaces": network, "measured": measured, "fixed": fixed, "model": modelled}
    if settings.json:
        print(json.dumps(result))
    else:
        show(settings, result)


if __name__ == "__main__":
    main()
