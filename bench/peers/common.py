"""What the peers share with annc-gpu: the data, the initial weights, and the order of the examples."""
import gzip
import json
import math
import os
import pathlib
import struct
import subprocess

import numpy as np

JOBS = {"headline": dict(layers="784-32-10", batch=16, lr=3.0, softmax=False),
        "middle": dict(layers="784-128-10", batch=64, lr=0.1, softmax=True),
        "large": dict(layers="784-512-512-10", batch=256, lr=0.1, softmax=True)}


def read_idx(path):
    """An IDX file of bytes, raw or gzip, as an array."""
    raw = pathlib.Path(path).read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    rank = raw[3]
    sizes = struct.unpack(">" + "I" * rank, raw[4:4 + 4 * rank])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(sizes)


def find(folder, name):
    for path in (pathlib.Path(folder) / name, pathlib.Path(folder) / (name + ".gz")):
        if path.exists():
            return path
    raise SystemExit(f"{folder}: no {name}")


def load(folder):
    """(x, label) of training and test set; x in [0, 1] as the float32 that annc-gpu trains on."""
    sets = []
    for kind in ("train", "t10k"):
        images = read_idx(find(folder, f"{kind}-images-idx3-ubyte"))
        labels = read_idx(find(folder, f"{kind}-labels-idx1-ubyte"))
        x = images.reshape(len(images), -1).astype(np.float32) * (np.float32(1) / np.float32(255))
        sets.append((x, labels))
    return sets


def job_options(options):
    """annc-gpu's options for a job."""
    functions = ["--activation", "relu", "--output-activation", "softmax", "--cost", "categorical-cross-entropy", "--init", "he"] if options.softmax \
        else ["--init", "normal"]
    return ["--data", options.data, "--layers", options.layers, "--batch", str(options.batch), "--lr", str(options.lr), "--seed", str(options.seed),
            *functions]


def initial_weights(options):
    """annc-gpu's initial network: [(W, b), ...] as float32, W of shape out x in."""
    return train_model(options, "--epochs", "0", "--device", "cpu")


def train_model(options, *more):
    """The parameters that annc-gpu saves after a training with these options: [(W, b), ...]; CalledProcessError
    with the program's messages in stderr when it fails."""
    model = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"annc-peer-{os.getpid()}.safetensors")
    subprocess.run([options.program, "train", *job_options(options), *more, "--quiet", "--save", model], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    raw = pathlib.Path(model).read_bytes()
    os.remove(model)
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + length])

    def tensor(name):
        begin, end = header[name]["data_offsets"]
        return np.frombuffer(raw[8 + length + begin:8 + length + end], "<f4").reshape(header[name]["shape"]).copy()

    return [(tensor(f"{2 * i}.weight"), tensor(f"{2 * i}.bias")) for i in range(options.layers.count("-"))]


def export(options, folder):
    """The job as files for the peers in C (peer.h); the counts of training and test examples."""
    counts = []
    for kind, prefix in (("train", ""), ("t10k", "test_")):
        images = read_idx(find(options.data, f"{kind}-images-idx3-ubyte"))
        (folder / f"{prefix}x.u8").write_bytes(images.tobytes())
        (folder / f"{prefix}y.u8").write_bytes(read_idx(find(options.data, f"{kind}-labels-idx1-ubyte")).tobytes())
        counts.append(len(images))
    (folder / "weights.f32").write_bytes(b"".join(W.tobytes() + b.tobytes() for W, b in initial_weights(options)))
    for epoch in range(options.epochs):
        (folder / f"order_{epoch}.i32").write_bytes(order(counts[0], options.seed, epoch).astype("<i4").tobytes())
    return counts


def philox(seed, stream, block):
    """Philox4x32-10, as src/base/philox.h has it."""
    key = [seed & 0xFFFFFFFF, seed >> 32]
    c = [block & 0xFFFFFFFF, block >> 32, stream & 0xFFFFFFFF, stream >> 32]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ key[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ key[1], p0 & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def order(n, seed, epoch):
    """The order of the examples in an epoch counted from 0, as src/base/order.h has it."""
    rounds, stream = 8, 1
    bits = max(8, (n - 1).bit_length())
    low_bits = bits // 2
    low_mask, high_mask = (1 << low_bits) - 1, (1 << (bits - low_bits)) - 1
    keys = sum((philox(seed, stream, epoch * (rounds // 4) + i) for i in range(rounds // 4)), [])

    def mix(half, key):
        x = (half ^ np.uint64(key)) & np.uint64(0xFFFFFFFF)
        x ^= x >> np.uint64(16)
        x = (x * np.uint64(0x7FEB352D)) & np.uint64(0xFFFFFFFF)
        x ^= x >> np.uint64(15)
        x = (x * np.uint64(0x846CA68B)) & np.uint64(0xFFFFFFFF)
        return x ^ (x >> np.uint64(16))

    def once(value):
        low, high = value & np.uint64(low_mask), value >> np.uint64(low_bits)
        for r in range(0, rounds, 2):
            low = low ^ (mix(high, keys[r]) & np.uint64(low_mask))
            high = high ^ (mix(low, keys[r + 1]) & np.uint64(high_mask))
        return (high << np.uint64(low_bits)) | low

    value = once(np.arange(n, dtype=np.uint64))
    while (value >= n).any():
        outside = value >= n
        value[outside] = once(value[outside])
    return value.astype(np.int64)


# ---------------------------------------------------------------- the reference in double precision

def reference_step(theta, x, y, lr, softmax):
    """One step of gradient descent in place; theta: [(W, b), ...], x: m x inputs, y: m x outputs.

    Written for double precision; with float32 arrays it computes in float32."""
    activations = [x]
    for l, (W, b) in enumerate(theta):
        z = activations[-1] @ W.T + b
        if not softmax:
            activations.append(1 / (1 + np.exp(-z)))
        elif l < len(theta) - 1:
            activations.append(np.maximum(z, 0))
        else:
            e = np.exp(z - z.max(1, keepdims=True))
            activations.append(e / e.sum(1, keepdims=True))
    a = activations[-1]
    delta = a - y if softmax else (a - y) * a * (1 - a)
    for l in range(len(theta) - 1, -1, -1):
        W, b = theta[l]
        a, below = activations[l], None
        if l > 0:
            below = (delta @ W) * ((a > 0) if softmax else a * (1 - a))
        scale = x.dtype.type(lr / len(x))
        W -= scale * (delta.T @ a)
        b -= scale * delta.sum(0)
        delta = below


def reference_steps(theta, x, labels, rows, options, counts):
    """A copy of theta in double after each of `counts` steps (ascending) in the order `rows`."""
    theta = [(W.astype(np.float64), b.astype(np.float64)) for W, b in theta]
    y = np.eye(len(theta[-1][1]))
    after, done = [], 0
    for count in counts:
        for step in range(done, count):
            these = rows[step * options.batch:(step + 1) * options.batch]
            reference_step(theta, x[these].astype(np.float64), y[labels[these]], options.lr, options.softmax)
        done = count
        after.append([(W.copy(), b.copy()) for W, b in theta])
    return after


def count_correct(theta, x, labels, softmax):
    """How many examples the network classifies correctly."""
    for l, (W, b) in enumerate(theta):
        x = x @ W.T + b
        if l < len(theta) - 1:
            x = np.maximum(x, 0) if softmax else 1 / (1 + np.exp(-x))
    return int(np.sum(np.argmax(x, 1) == labels))


def flat(theta):
    """All parameters in one array: W and b of each layer in turn."""
    return np.concatenate([np.concatenate([W.ravel(), b.ravel()]) for W, b in theta])


def unflat(values, layers):
    """The inverse of flat, by the layers' widths."""
    widths, theta, at = [int(n) for n in layers.split("-")], [], 0
    for n_in, n in zip(widths, widths[1:]):
        theta.append((values[at:at + n * n_in].reshape(n, n_in), values[at + n * n_in:at + n * (n_in + 1)]))
        at += n * (n_in + 1)
    return theta


def step_difference(first, want, got):
    """(difference, allowance): ||dtheta_got - dtheta_want|| / ||dtheta_want||, and what rounding the weights to
    float32 may add to it: 4 * 2^-24 * ||theta|| / ||dtheta||. Arguments are flat."""
    first, want, got = (np.asarray(v, np.float64) for v in (first, want, got))
    size = np.linalg.norm(want - first)
    return float(np.linalg.norm(got - want) / size), float(4 * 2.0**-24 * np.linalg.norm(first) / size)


# ---------------------------------------------------------------- data sets as files

def write_idx(path, array):
    """An array of bytes as an IDX file."""
    array = np.ascontiguousarray(array, np.uint8)
    sizes = struct.pack(">BBBB" + "I" * array.ndim, 0, 0, 8, array.ndim, *array.shape)
    pathlib.Path(path).write_bytes(sizes + array.tobytes())


def write_set(folder, images, labels, test_images, test_labels):
    """A folder of IDX files under MNIST's names."""
    folder.mkdir(parents=True, exist_ok=True)
    write_idx(folder / "train-images-idx3-ubyte", images)
    write_idx(folder / "train-labels-idx1-ubyte", labels)
    write_idx(folder / "t10k-images-idx3-ubyte", test_images)
    write_idx(folder / "t10k-labels-idx1-ubyte", test_labels)


def read_set(folder):
    """Training images and labels, test images and labels, as bytes."""
    return [read_idx(find(folder, f"{kind}-{what}-ubyte")) for kind in ("train", "t10k")
            for what in ("images-idx3", "labels-idx1")]


def made_set(count, tests, seed=1):
    """Random data that can be learned: each of ten classes has a pattern of its own, a fifth of whose pixels are set;
    an image is its class's pattern with noise. Returned as read_set does."""
    rng = np.random.default_rng(seed)
    patterns = (rng.random((10, 28, 28)) < 0.2) * rng.integers(64, 256, (10, 28, 28))

    def part(n):
        labels = rng.integers(0, 10, n).astype(np.uint8)
        kept = rng.random((n, 28, 28), np.float32) < 0.6
        noise = (rng.random((n, 28, 28), np.float32) < 0.1) * 200
        return np.maximum(patterns[labels] * kept, noise).astype(np.uint8), labels

    return [*part(count), *part(tests)]


# ---------------------------------------------------------------- results

def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def draw(rows, options, path):
    """Bars of seconds per epoch on a logarithmic scale, as an SVG file; the first row is annc-gpu's."""
    least = min(row["seconds"] for row in rows) / 2
    longest = max(math.log(row["seconds"] / least) for row in rows)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {40 + 24 * len(rows)}" font-family="sans-serif" font-size="13" role="img">',
             f"<title>Seconds an epoch, {options.layers}, minibatches of {options.batch}</title>",
             '<rect width="100%" height="100%" fill="#fff"/>',
             f'<text x="10" y="22" font-weight="bold">{options.layers}, minibatches of {options.batch}: seconds an epoch (logarithmic)</text>']
    for i, row in enumerate(rows):
        y, width = 36 + 24 * i, 300 * math.log(row["seconds"] / least) / longest
        ratio = f', {row["ratio"]:.1f} times' if row["ratio"] else ""
        lines.append(f'<text x="10" y="{y + 14}">{row["peer"]}</text><rect x="190" y="{y}" width="{width:.0f}" height="18" '
                     f'fill="{"#2a6f97" if i == 0 else "#a9bcd0"}"/><text x="{196 + width:.0f}" y="{y + 14}">{row["seconds"]:.4g} s'
                     f'{ratio}</text>')
    pathlib.Path(path).write_text("\n".join(lines) + "\n</svg>\n", encoding="utf-8")


def report(name, epoch, loss, correct, count, seconds):
    print(json.dumps({"schema": "annc.peer/1", "peer": name, "epoch": epoch, "loss": loss, "test_correct": int(correct),
                      "test_count": int(count), "seconds": seconds}), flush=True)
