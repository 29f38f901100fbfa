"""What the peers share with annc-gpu: the data, the initial weights, and the order of the examples."""
import gzip
import json
import os
import pathlib
import struct
import subprocess

import numpy as np


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
    model = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"annc-peer-{os.getpid()}.safetensors")
    subprocess.run([options.program, "train", *job_options(options), "--epochs", "0", "--device", "cpu", "--quiet", "--save", model], check=True,
                   stdout=subprocess.DEVNULL)
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


def report(name, epoch, loss, correct, count, seconds):
    print(json.dumps({"schema": "annc.peer/1", "peer": name, "epoch": epoch, "loss": loss, "test_correct": int(correct),
                      "test_count": int(count), "seconds": seconds}), flush=True)
