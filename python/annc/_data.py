"""Arrays of NumPy as data sets of the library."""

from __future__ import annotations

import ctypes
from typing import Any, Sequence

import numpy as np

from . import _library as annc
from ._library import lib


def inputs_of(x: Any) -> np.ndarray:
    """Return rows of inputs as an array that the library reads.

    float32, float64 and uint8 stay what they are, without a copy if they are contiguous; everything
    else becomes float64. ValueError unless the array has two dimensions.
    """
    array = np.asarray(x)
    if array.ndim != 2:
        raise ValueError(f"Expected 2D array, got {array.ndim}D array instead: rows of inputs are needed. "
                         "Reshape your data: X.reshape(-1, 1) for one input, X.reshape(1, -1) for one row.")
    kind = array.dtype.name if array.dtype.name in annc.NUMBERS else "float64"
    return np.ascontiguousarray(array, dtype=kind)


def label_text(label: Any) -> str:
    """Return a label as it stands in files: whole numbers without a point."""
    if isinstance(label, (bool, np.bool_)):
        return "true" if label else "false"
    if isinstance(label, (float, np.floating)) and float(label).is_integer():
        return str(int(label))
    return str(label)


class Rows:
    """Rows of inputs with labels or targets, and the struct that describes them to the library.

    Parameters
    ----------
    x : array of shape (rows, inputs)
        From `inputs_of`.
    labels : array of shape (rows,), optional
        Index of each row's label in `names`.
    names : sequence of str
        Texts of the labels.
    targets : array of shape (rows, outputs), optional
        Targets instead of labels.
    columns : sequence of str, optional
        Names of the inputs.
    weights : array of shape (rows,), optional
        Weights of the rows.
    """

    def __init__(self, x: np.ndarray, labels: np.ndarray | None = None, names: Sequence[str] = (),
                 targets: np.ndarray | None = None, columns: Sequence[str] = (),
                 weights: np.ndarray | None = None) -> None:
        self.x = x
        self.labels = None if labels is None else np.ascontiguousarray(labels, dtype=np.uint32)
        self.targets = None if targets is None else np.ascontiguousarray(targets, dtype=np.float64)
        for y in (self.labels, self.targets):
            if y is not None and len(y) != len(x):
                raise ValueError(f"X has {len(x)} rows, but y has {len(y)}: inconsistent numbers of samples")
        self.weights = None if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
        self._names, self._columns = annc.text_list(list(names)), annc.text_list(list(columns))
        struct = annc.Arrays(count=x.shape[0], inputs=x.shape[1], type=annc.NUMBERS[x.dtype.name], x=x.ctypes.data,
                             label_count=len(names))
        if self._columns:
            struct.input_names = self._columns
        if self.labels is not None:
            struct.labels, struct.label_names = self.labels.ctypes.data, self._names
        if self.targets is not None:
            struct.targets, struct.outputs = self.targets.ctypes.data, self.targets.shape[1]
        if self.weights is not None:
            struct.weights = self.weights.ctypes.data
        self.struct = struct


class DataSets:
    """Training, validation and test sets of the library; a context that frees them."""

    def __init__(self, rows: Rows, held_out: Rows | None = None, **options: Any) -> None:
        self.data = annc.Data()
        self._rows = (rows, held_out)
        self._options = annc.DataOptions(source=annc.SOURCE_ARRAYS, arrays=ctypes.pointer(rows.struct), **options)
        if held_out is not None:
            self._options.validation_arrays = ctypes.pointer(held_out.struct)

    def __enter__(self) -> DataSets:
        annc.check(lib.annc_data_load(ctypes.byref(self._options), ctypes.byref(self.data)))
        return self

    def __exit__(self, *exception: Any) -> None:
        lib.annc_data_free(ctypes.byref(self.data))

    def class_names(self) -> list[str]:
        """Return the names of the classes of the training set, in the order of the outputs."""
        count = lib.annc_dataset_class_count(self.data.train)
        return [lib.annc_dataset_class_name(self.data.train, c).decode() for c in range(count)]


class Device:
    """A device that the library computes on; a context that closes it.

    Parameters
    ----------
    device : str
        'auto', 'cpu', 'cuda' or 'cuda:N'.
    threads : int
        Threads of the CPU; 0 is automatic.
    shape, training, train, epochs : structs, data set and number, optional
        What the device is for: 'auto' selects the faster device.
    """

    def __init__(self, device: str, threads: int, shape: Any = None, training: Any = None,
                 train: Any = None, epochs: int = 0) -> None:
        kind, _, index = str(device).partition(":")
        if index and not (kind == "cuda" and index.isdigit()):
            raise ValueError(f"device is {device!r}: it must be auto, cpu, cuda or cuda:N")
        self._options = annc.DeviceOptions(annc.choose("device", kind, annc.DEVICES), int(index or 0), threads)
        self._shape, self._training, self._train, self._epochs = shape, training, train, epochs

    def __enter__(self) -> ctypes.c_void_p:
        self.device = annc.make(lib.annc_device_open_for, ctypes.byref(self._options), ctypes.byref(self._shape),
                                ctypes.byref(self._training) if self._training is not None else None, self._train,
                                self._epochs)
        return self.device

    def __exit__(self, *exception: Any) -> None:
        lib.annc_device_close(self.device)
