"""Data for the tests of the package, and the program."""
import importlib.util
import os
import pathlib
import subprocess

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HAS_SKLEARN = importlib.util.find_spec("sklearn") is not None


def program(*arguments, **more):
    """Run annc-gpu, the one of the build or of the package; return its standard output."""
    import annc
    path = os.environ.get("ANNC_PROGRAM") or pathlib.Path(annc.__file__).parent / "annc-gpu"
    result = subprocess.run([str(path), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120,
                            **more)
    if result.returncode:
        raise AssertionError(f"annc-gpu {arguments} ended with {result.returncode}: {result.stderr}")
    return result.stdout


def blobs(rows=120, classes=3, inputs=4, seed=0):
    """Return overlapping classes as float32 rows and labels 0, 1, ..."""
    random = np.random.RandomState(seed)
    y = np.arange(rows) % classes
    return (random.normal(size=(rows, inputs)) + 1.5 * y[:, None]).astype(np.float32), y


def waves(rows=200, seed=0):
    """Return float32 rows of two inputs, and numbers."""
    random = np.random.RandomState(seed)
    X = random.uniform(-2, 2, size=(rows, 2)).astype(np.float32)
    return X, 20 * np.sin(X[:, 0]) + 3 * X[:, 1]


def write_table(path, X, y, name):
    with open(path, "w", encoding="utf-8") as file:
        print(",".join([*(f"x{j}" for j in range(X.shape[1])), name]), file=file)
        for row, label in zip(X, y):
            print(",".join([*(f"{value:.17g}" for value in row), label if isinstance(label, str) else f"{label:.17g}"]), file=file)


def tensors(path):
    """Return what a safetensors file has after its header."""
    data = pathlib.Path(path).read_bytes()
    return data[8 + int.from_bytes(data[:8], "little"):]
