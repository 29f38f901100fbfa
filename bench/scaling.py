#!/usr/bin/env python3
"""The time of a step against the number of ranks: a model, from times of one process and of sums alone, beside measured ranks.

    bench/scaling.py BUILD [--layers 784-1024-1024-10] [--batch 1024] [--ranks 1,2] [--rounds 5] [--json]

BUILD is a build directory, with annc-gpu and annc-ranks. One round runs everything once, one after another, since the machine's neighbours come
and go; times are medians of all rounds, gains medians of the gains within each. Every rank computes with one thread.

The model of a step with N ranks and minibatches of m rows:

  compute     c m / N + u: c m + u is the time of one process, from two sizes of minibatches; u (the update, and what does not depend on the rows)
              is the same on all ranks
  all-reduce  of P values: 2 (N - 1) (latency + 4 P / (N bandwidth)), both from the measured sums of two ranks by least squares
  overlap     products take time in proportion to their multiply-adds; a layer's sum begins when its gradient is there, and after the sum before

Assumptions: equal ranks; no rank waits for its neighbours on the same links; a sum takes no time from the products, as with a processor of its own or
a network card that moves the data. The line 'without overlap' assumes the contrary: sums after all products. A machine with fewer processors
than ranks and their sums need lies between the two, or above.

--link NAME:MICROSECONDS:GIGABYTES_PER_SECOND adds the model's answer for another network, on paper."""
import argparse
import json
import os
import pathlib
import statistics
import struct
import subprocess
import tempfile

LINKS = ["10 Gbit Ethernet:30:1.1", "100 Gbit InfiniBand:2:11"]  # usual figures of such links, not measured here
MODELLED = (1, 2, 4, 8, 16, 32)
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


class Bench:
    def __init__(self, settings, folder):
        self.settings, self.folder = settings, folder
        self.environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        self.mpirun = os.environ.get("ANNC_TEST_MPIRUN") or "mpirun"
        version = subprocess.run([self.mpirun, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.options = ["--oversubscribe"] if "Open MPI" in version or "OpenRTE" in version else []
        examples = 4 * settings.batch
        self.images, self.labels = folder / "x-images-idx3-ubyte", folder / "x-labels-idx1-ubyte"
        self.images.write_bytes(struct.pack(">IIII", 2051, examples, 1, settings.widths[0]) + os.urandom(examples * settings.widths[0]))
        self.labels.write_bytes(struct.pack(">II", 2049, examples) + bytes(i % settings.widths[-1] for i in range(examples)))

    def run(self, ranks, *command):
        start = [self.mpirun, *self.options, "-n", str(ranks)] if ranks > 1 else []
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
            "gain": gains(steps), "products_gain": gains(products), "sums": [(values, median(t)) for values, t in sorted(sums.items())]}


def model(settings, measured):
    """The steps of the model: by link, then by ranks, with and without overlap."""
    whole = measured["step"][1]
    fixed = min(max(2 * measured["half_step"] - whole, 0), whole)
    links = {}
    if measured["sums"]:
        links["measured between two ranks"] = fit(measured["sums"])
    for link in settings.link:
        name, latency, bandwidth = link.rsplit(":", 2)
        links[name] = (float(latency) * 1e-6, float(bandwidth) * 1e9)
    return {name: {"latency": link[0], "bandwidth": link[1],
                   "steps": {n: {kind: step(n, settings.widths, whole - fixed, fixed, *link, kind == "overlap") for kind in ("overlap", "after")}
                             for n in MODELLED}} for name, link in links.items()}, fixed


def show(settings, measured, modelled, fixed):
    print(f"{settings.layers}, minibatches of {settings.batch}, one thread per rank, medians of {settings.rounds} rounds\n")
    whole = measured["step"][1]
    print(f"step of one process: {whole * 1e3:.2f} ms, of which {fixed * 1e3:.2f} ms do not depend on the rows\n")
    print("ranks  step ms   gain   gain of bare products   share of it")
    for ranks, seconds in measured["step"].items():
        gain, bare = measured["gain"][ranks], measured["products_gain"][ranks]
        print(f"{ranks:5d} {seconds * 1e3:8.2f} {gain:6.2f} {bare:23.2f} {gain / bare:13.2f}")
    for name, link in modelled.items():
        print(f"\nmodel, {name}: latency {link['latency'] * 1e6:.1f} us, {link['bandwidth'] / 1e9:.2f} GB/s\n\n"
              "ranks  step ms   gain   without overlap")
        for ranks, steps in link["steps"].items():
            print(f"{ranks:5d} {steps['overlap'] * 1e3:8.2f} {whole / steps['overlap']:6.2f} {whole / steps['after']:17.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--layers", default="784-1024-1024-10")
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--ranks", type=lambda text: [int(word) for word in text.split(",")], default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--link", action="append", default=None)
    parser.add_argument("--json", action="store_true")
    settings = parser.parse_args()
    settings.widths = [int(word) for word in settings.layers.split("-")]
    settings.link = LINKS if settings.link is None else settings.link
    settings.ranks = [1, *(ranks for ranks in settings.ranks if ranks != 1)]
    measured = measure(settings)
    modelled, fixed = model(settings, measured)
    if settings.json:
        print(json.dumps({"schema": "annc.scaling/1", "layers": settings.layers, "batch": settings.batch, "measured": measured, "fixed": fixed,
                          "model": modelled}))
    else:
        show(settings, measured, modelled, fixed)


if __name__ == "__main__":
    main()
