"""Arrays of NumPy as data sets of the library."""

from __future__ import annotations

import ctypes
import sys
import warnings
from typing import Any, Collection, NamedTuple, Sequence

import numpy as np

from . import _library as annc
from ._library import lib


def refuse_dates(x: Any) -> None:
    """Raise ValueError for an array of dates, whose numbers NumPy would give in a unit of its own."""
    dtype = getattr(x, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        raise ValueError(f"X has the type {dtype}: give dates as columns of a data frame, or as numbers, such as days since "
                         "1970-01-01")


def inputs_of(x: Any) -> np.ndarray:
    """Return rows of inputs as an array that the library reads.

    float32, float64 and uint8 stay what they are, without a copy if they are contiguous; everything
    else becomes float64. ValueError unless the array has two dimensions of real numbers, and for
    dates; TypeError for a sparse matrix.
    """
    if hasattr(x, "toarray"):
        raise TypeError("Sparse data was passed for X, but dense data is required: use X.toarray()")
    refuse_dates(x)
    array = np.asarray(x)
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported: X must have real numbers")
    if array.ndim != 2:
        raise ValueError(f"Expected 2D array, got {array.ndim}D array instead: rows of inputs are needed. "
                         "Reshape your data: X.reshape(-1, 1) for one input, X.reshape(1, -1) for one row.")
    kind = array.dtype.name if array.dtype.name in annc.NUMBERS else "float64"
    return np.ascontiguousarray(array, dtype=kind)


class TextColumn(NamedTuple):
    """A column of a data frame whose cells are text.

    `cells` are indices into `texts`, or NO_TEXT for missing cells; `categorical` is AUTO, YES or NO.
    """

    column: int
    categorical: int
    cells: np.ndarray
    texts: list[str]


class Inputs(NamedTuple):
    """Rows of inputs: `x` of shape (rows, columns), with NaN in the columns of `texts`, and their names, or none."""

    x: np.ndarray
    texts: tuple[TextColumn, ...] = ()
    names: tuple[str, ...] = ()


def is_frame(x: Any) -> bool:
    """Return whether rows are a data frame of pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(x, pandas.DataFrame)


def is_number_type(kind: Any) -> bool:
    """Return whether a type of pandas' columns is of numbers or truth values."""
    return bool(sys.modules["pandas"].api.types.is_numeric_dtype(kind))


def has_text(x: Any) -> bool:
    """Return whether rows are a data frame with columns that are not numbers."""
    return is_frame(x) and not all(is_number_type(kind) for kind in x.dtypes)


def _text_column(column: int, categorical: int, series: Any) -> TextColumn:
    """Return a column's texts as `to_csv` writes them."""
    pandas = sys.modules["pandas"]
    cells, distinct = pandas.factorize(series)
    texts = pandas.Index(distinct).astype(str).tolist()
    return TextColumn(column, categorical, np.where(cells < 0, annc.NO_TEXT, cells).astype(np.uint32), texts)


def column_places(frame: Any, parameter: str, names: Collection[Any] | None) -> list[int]:
    """Return the places of the columns that a parameter names; ValueError for a name that X does not have."""
    columns = [str(column) for column in frame.columns]
    for name in names or ():
        if str(name) not in columns:
            raise ValueError(f"{parameter} names the column {name!r}, but X has {', '.join(columns)}")
    return [columns.index(str(name)) for name in names or ()]


def frame_inputs(frame: Any, categorical: Collection[int] = (), numeric: Collection[int] = ()) -> Inputs:
    """Return a data frame's columns as the library reads them.

    Columns of the type 'category' and those at the places `categorical` are words. Other columns of
    text or of dates are what most of their cells are; those at the places `numeric` are no words.
    """
    category = sys.modules["pandas"].CategoricalDtype
    x, texts = np.full(frame.shape, np.nan), []
    for j in range(frame.shape[1]):
        series = frame.iloc[:, j]
        if series.dtype.kind == "c":
            raise ValueError(f"Complex data not supported: column {frame.columns[j]!r}")
        if is_number_type(series.dtype) and j not in categorical:
            x[:, j] = series.to_numpy(dtype=np.float64, na_value=np.nan)
        elif j in numeric:
            texts.append(_text_column(j, annc.NO, series))
        else:
            words = j in categorical or isinstance(series.dtype, category)
            texts.append(_text_column(j, annc.YES if words else annc.AUTO, series))
    named = all(isinstance(name, str) for name in frame.columns)
    return Inputs(x, tuple(texts), tuple(frame.columns) if named else ())


def warn_of(notes: str) -> None:
    """Pass on the warnings among the notes of the library, such as of levels that training did not have."""
    for line in notes.splitlines():
        if line.startswith("warning: "):
            warnings.warn(line[len("warning: "):], UserWarning, stacklevel=2)


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
    inputs : Inputs
    labels : array of shape (rows,), optional
        Index of each row's label in `names`.
    names : sequence of str
        Texts of the labels.
    targets : array of shape (rows, outputs), optional
        Targets instead of labels.
    weights : array of shape (rows,), optional
        Weights of the rows.
    """

    def __init__(self, inputs: Inputs, labels: np.ndarray | None = None, names: Sequence[str] = (),
                 targets: np.ndarray | None = None, weights: np.ndarray | None = None) -> None:
        self.inputs, x = inputs, inputs.x
        self.labels = None if labels is None else np.ascontiguousarray(labels, dtype=np.uint32)
        self.targets = None if targets is None else np.ascontiguousarray(targets, dtype=np.float64)
        for y in (self.labels, self.targets):
            if y is not None and len(y) != len(x):
                raise ValueError(f"X has {len(x)} rows, but y has {len(y)}: inconsistent numbers of samples")
        self.weights = None if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
        self._names, self._columns = annc.text_list(list(names)), annc.text_list(list(inputs.names))
        self._texts = [annc.text_list(column.texts) for column in inputs.texts]
        struct = annc.Arrays(count=x.shape[0], inputs=x.shape[1], type=annc.NUMBERS[x.dtype.name], x=x.ctypes.data,
                             label_count=len(names), text_count=len(inputs.texts))
        if self._columns:
            struct.input_names = self._columns
        if inputs.texts:
            struct.texts = (annc.TextColumn * len(inputs.texts))(*(
                annc.TextColumn(column.column, column.categorical, column.cells.ctypes.data, texts, len(column.texts))
                for column, texts in zip(inputs.texts, self._texts)))
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
        self.rows, self._held_out = rows, held_out
        self._options = annc.DataOptions(source=annc.SOURCE_ARRAYS, arrays=ctypes.pointer(rows.struct), **options)
        if held_out is not None:
            self._options.validation_arrays = ctypes.pointer(held_out.struct)

    def __enter__(self) -> DataSets:
        annc.check(lib.annc_data_load(ctypes.byref(self._options), ctypes.byref(self.data)))
        if any(rows is not None and rows.inputs.texts for rows in (self.rows, self._held_out)):
            warn_of(self.data.notes.decode())
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
