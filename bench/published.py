"""Repeats published trainings of fully connected networks and prints their figures beside ours.

    python bench/published.py build/release/annc-gpu [--mnist DIR] [--fashion DIR] [--seeds N] [--only TEXT]
                              [--long] [--json FILE]

Each row is a training that a book, a paper or a manual describes, with the figure that it gives. The
program repeats it with several seeds, and the row is reached if the published figure is within our
range or worse than all of it. Rows that take minutes per seed, or an hour where images are moved, run
with --long alone and are listed as not run without it. numpy is needed for scikit-learn's row, whose
split it repeats.
"""

import argparse
import collections
import concurrent.futures
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

MNIST_NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
PIXELS, IMAGES_HEAD, LABELS_HEAD = 784, 16, 8

# figure: "best" or "last", of the test accuracies of all epochs, or "loss", of the training's last epoch.
Row = collections.namedtuple("Row", "source setting data figure published options is_long", defaults=[False])

NIELSEN = "Nielsen, Neural Networks and Deep Learning, chapter "
NIELSEN_1 = "--batch 10 --init normal --lr 3 --epochs 30"
NIELSEN_3 = "--batch 10 --init normal --cost cross-entropy"
USUAL = "--lr 0.5 --epochs 30"
LAMBDA_5 = "--l2 1e-4"  # lambda / n: 5 / 50,000, and 0.1 / 1,000
FASHION = "Xiao and others, Fashion-MNIST (2017), scikit-learn's MLPClassifier"
SKLEARN_ADAM = (
    "--optimizer adam --lr 0.001 --batch 200 --init xavier-uniform --l2 5e-7 --epochs 30 --scale standardise "
    "--output-activation softmax --cost categorical-cross-entropy"
)
SIMARD = "Simard and others (2003), LeCun's table: "
SRIVASTAVA = "Srivastava and others, Dropout (2014), table 2: "

ROWS = [
    Row(NIELSEN + "1", "784-30-10", "nielsen", "best", 0.9542, f"--layers 784-30-10 {NIELSEN_1}"),
    Row(NIELSEN + "1", "784-100-10", "nielsen", "best", 0.9659, f"--layers 784-100-10 {NIELSEN_1}"),
    Row(NIELSEN + "3", "784-30-10, cross-entropy", "nielsen", "best", 0.9549, f"--layers 784-30-10 {NIELSEN_3} {USUAL}"),
    Row(NIELSEN + "3", "784-100-10, cross-entropy", "nielsen", "best", 0.9682, f"--layers 784-100-10 {NIELSEN_3} {USUAL}"),
    Row(NIELSEN + "3", "784-30-10, 1,000 images", "nielsen 1000", "best", 0.8227,
        f"--layers 784-30-10 {NIELSEN_3} --lr 0.5 --epochs 400"),
    Row(NIELSEN + "3", "the same, lambda 0.1", "nielsen 1000", "best", 0.871,
        f"--layers 784-30-10 {NIELSEN_3} --lr 0.5 --epochs 400 {LAMBDA_5}"),
    Row(NIELSEN + "3", "784-30-10, lambda 5", "nielsen", "best", 0.9649, f"--layers 784-30-10 {NIELSEN_3} {USUAL} {LAMBDA_5}"),
    Row(NIELSEN + "3", "784-100-10, lambda 5 (validation)", "nielsen validation", "best", 0.9792,
        f"--layers 784-100-10 {NIELSEN_3} {USUAL} {LAMBDA_5}"),
    Row(NIELSEN + "3", "the same, eta 0.1, 60 epochs (validation)", "nielsen validation", "best", 0.9804,
        f"--layers 784-100-10 {NIELSEN_3} {LAMBDA_5} --lr 0.1 --epochs 60"),
    *(Row("scikit-learn, plot_mnist_filters", f"loss of iteration {epoch}", "sklearn", "loss", loss,
          f"--layers 784-40:relu-10:softmax --cost categorical-cross-entropy --optimizer nesterov --momentum 0.9 "
          f"--lr 0.2 --batch 200 --init xavier-uniform --l2 5e-7 --epochs {epoch}")
      for epoch, loss in enumerate([0.44139, 0.19175, 0.13984, 0.11379, 0.09444, 0.07847, 0.06506, 0.05535], 1)),
    Row("scikit-learn, plot_mnist_filters", "test score", "sklearn", "last", 0.953061,
        "--layers 784-40:relu-10:softmax --cost categorical-cross-entropy --optimizer nesterov --momentum 0.9 "
        "--lr 0.2 --batch 200 --init xavier-uniform --l2 5e-7 --epochs 8"),
    *(Row(f"{FASHION}, on {name}", f"{activation} {hidden}", name.lower(), "last", accuracy[at],
          f"--layers 784-{hidden.replace(',', '-')}-10 --activation {activation} {SKLEARN_ADAM}")
      for at, name in enumerate(["Fashion", "MNIST"])
      for activation, hidden, *accuracy in
      [("relu", "100", 0.871, 0.972), ("relu", "100,10", 0.870, 0.972), ("tanh", "100", 0.868, 0.962),
       ("tanh", "100,10", 0.863, 0.957), ("relu", "10,10", 0.850, 0.936), ("relu", "10", 0.848, 0.933),
       ("tanh", "10,10", 0.841, 0.921), ("tanh", "10", 0.840, 0.921)]),
    Row(SIMARD + "2 layers, 800 units", "784-800-10, cross-entropy", "mnist", "last", 0.984,
        "--layers 784-800:relu-10:softmax --cost categorical-cross-entropy --init he --lr 0.1 --batch 64 --epochs 40",
        True),
    # Simard's affine distortions have shear, too, which the program lacks.
    *(Row(SIMARD + f"2 layers, 800 units, {name} distortions", f"784-800-10, cross-entropy, {name}", "mnist", "last",
          accuracy, f"--layers 784-800:relu-10:softmax --cost categorical-cross-entropy --init he --lr 0.1 --batch 64 "
          f"--schedule cosine --epochs 200 {options}", True)
      for name, accuracy, options in [("affine", 0.989, "--shift 2 --rotate 10 --zoom 0.15"),
                                      ("elastic", 0.993, "--elastic 34 --elastic-sigma 4")]),
    Row(SRIVASTAVA + "3 layers, 1024 units", "784-1024-1024-1024-10, dropout, max-norm", "mnist", "last", 0.9894,
        "--layers 784-1024:relu-1024:relu-1024:relu-10:softmax --cost categorical-cross-entropy --init he "
        "--optimizer momentum --momentum 0.95 --lr 0.05 --schedule cosine --batch 128 --epochs 200 --dropout 0.5 "
        "--input-dropout 0.2 --max-norm 2", True),
]


def read(folder, name):
    """Returns the bytes of a file of MNIST, packed or not."""
    path = folder / name
    return path.read_bytes() if path.exists() else gzip.decompress((folder / f"{name}.gz").read_bytes())


def idx(head, count, rows):
    """Returns an IDX file of `rows` with the head of another one."""
    return head[:4] + count.to_bytes(4, "big") + head[8:] + rows


def write_part(folder, sources, parts):
    """Writes a folder of MNIST files whose training and test sets are parts of others: (source, rows)."""
    folder.mkdir()
    for names, (source, rows) in zip([MNIST_NAMES[:2], MNIST_NAMES[2:]], parts):
        images, labels = sources[source]
        heads, numbers = (images[:IMAGES_HEAD], labels[:LABELS_HEAD]), list(rows)
        for name, head, data, size in zip(names, heads, (images, labels), (PIXELS, 1)):
            start = len(head)
            row_bytes = b"".join(data[start + i * size : start + (i + 1) * size] for i in numbers)
            (folder / name).write_bytes(idx(head, len(numbers), row_bytes))


def write_parts(folder, mnist):
    """Writes the data sets that the rows use; returns their folders by name."""
    files = [read(mnist, name) for name in MNIST_NAMES]
    both = tuple(idx(a[:head], 70000, a[head:] + b[head:])
                 for a, b, head in [(files[0], files[2], IMAGES_HEAD), (files[1], files[3], LABELS_HEAD)])
    sources = {"train": files[:2], "test": files[2:], "both": both}
    parts = {
        "nielsen": (("train", range(50000)), ("test", range(10000))),
        "nielsen 1000": (("train", range(1000)), ("test", range(10000))),
        "nielsen validation": (("train", range(50000)), ("train", range(50000, 60000))),
    }
    try:
        import numpy as np

        order = np.random.RandomState(0).permutation(70000)  # train_test_split(random_state=0, test_size=0.7)
        parts["sklearn"] = (("both", order[49000:]), ("both", order[:49000]))
    except ImportError:
        print("scikit-learn's row needs numpy")
    for name, part in parts.items():
        write_part(folder / name, sources, part)
    return {name: folder / name for name in parts} | {"mnist": mnist}


def train(program, row, data, seed, log):
    """Returns our figure of one training, whose log is written to a file that is removed."""
    command = [program, "train", "--data", str(data), *row.options.split(), "--seed", str(seed), "--device", "cpu",
               "--threads", "1", "--quiet", "--log", str(log)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    epochs = [json.loads(line) for line in log.read_text().splitlines() if '"annc.epoch/1"' in line]
    log.unlink()
    if row.figure == "loss":
        return epochs[-1]["mean_loss"]
    return (max if row.figure == "best" else lambda values: values[-1])([epoch["test_accuracy"] for epoch in epochs])


def verdict(row, figures):
    """Returns "reached", or by how much our best seed misses the published figure."""
    is_loss = row.figure == "loss"
    best = min(figures) if is_loss else max(figures)
    missed = best - row.published if is_loss else row.published - best
    if missed <= 0:
        return "reached"
    return f"missed by {missed:.4f}" if is_loss else f"missed by {100 * missed:.2f} points"


def shown(row, figure):
    return f"{figure:.4f}" if row.figure == "loss" else f"{100 * figure:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--mnist", type=pathlib.Path, default=pathlib.Path("data/mnist"))
    parser.add_argument("--fashion", type=pathlib.Path, default=pathlib.Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="rows whose source or setting has this text")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    rows = [row for row in ROWS if options.only in f"{row.source}, {row.setting}"]
    not_run = [row for row in rows if row.is_long and not options.long]
    rows = [row for row in rows if row not in not_run]
    if not options.fashion.is_dir():
        print(f"{options.fashion} is not there: Debian's package dataset-fashion-mnist has the files")
        rows = [row for row in rows if row.data != "fashion"]
    results = []
    with tempfile.TemporaryDirectory() as temporary, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = pathlib.Path(temporary)
        data = write_parts(folder, options.mnist) | {"fashion": options.fashion}
        rows = [row for row in rows if row.data in data]
        runs = [[pool.submit(train, options.program, row, data[row.data], seed, folder / f"{at}-{seed}.jsonl")
                 for seed in range(1, options.seeds + 1)] for at, row in enumerate(rows)]
        source = ""
        print(f"{'setting':44} {'figure':>6} {'published':>9} {'median':>7}  {'range':15} of {options.seeds} seeds")
        for row, seeds in zip(rows, runs):
            figures = [seed.result() for seed in seeds]
            if row.source != source:
                source = row.source
                print(f"\n{source}")
            print(f"{row.setting:44} {row.figure:>6} {shown(row, row.published):>9} "
                  f"{shown(row, statistics.median(figures)):>7}  "
                  f"{shown(row, min(figures)) + ' to ' + shown(row, max(figures)):15} {verdict(row, figures)}",
                  flush=True)
            results.append(row._asdict() | {"figures": figures, "verdict": verdict(row, figures)})
    for row in not_run:
        print(f"\n{row.source}\n{row.setting:44} {row.figure:>6} {shown(row, row.published):>9} not run (--long)")
        results.append(row._asdict() | {"figures": [], "verdict": "not run"})
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
