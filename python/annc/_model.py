"""Trained networks: prediction, the gradient audit, files of models and exports."""

from __future__ import annotations

import csv
import ctypes
import errno
import json
import os
import pathlib
import tempfile
from ctypes import POINTER, c_size_t, c_void_p
from typing import Any, NamedTuple

import numpy as np

from . import _library as annc
from . import _program
from ._data import DataSets, Device, Inputs, Rows, frame_inputs, inputs_of, is_frame, label_text, warn_of
from ._library import lib


# Options that name, read or divide the files of a training, which other rows do not share.
DATA_OPTIONS = ("data", "test", "test-labels", "validation", "split-seed", "folds", "label", "label-separator",
                "target", "drop", "categorical", "numeric", "delimiter", "decimal", "thousands", "header", "skip", "x",
                "y")


class CheckRow(NamedTuple):
    """One line of the gradient audit, of the weights or biases of one layer.

    Attributes
    ----------
    layer : int
        From 1.
    kind : str
        'weights' or 'biases'.
    path : str
        What the gradients are compared with: 'finite-difference', 'cpu' or an engine of it.
    worst, normwise : float
        Relative errors: the largest of one parameter, and that of the vector of all.
    tolerance : float
        Largest error that passes.
    sampled, parameters : int
        Parameters compared, of how many.
    passed : bool
    """

    layer: int
    kind: str
    path: str
    worst: float
    normwise: float
    tolerance: float
    sampled: int
    parameters: int
    passed: bool


def as_labels(names: list[str]) -> np.ndarray:
    """Return names of classes as integers if all are, else as texts."""
    try:
        numbers = [int(name) for name in names]
    except ValueError:
        return np.array(names)
    return np.array(numbers) if [str(number) for number in numbers] == names else np.array(names)


class Model:
    """A network with the scaling and the classes of its training data.

    `annc.load` reads one from a file, and the attribute `model_` of a fitted estimator is one. Models
    are safetensors files, the same that the program ``annc-gpu`` reads and writes.

    Attributes
    ----------
    widths : list of int
        Units per layer, inputs first.
    activations : list of str
        Activation of each layer but the inputs.
    cost : str
        Name of the cost function.
    metadata : dict of str
        Texts that the file keeps; `include/annc.h` lists the keys.
    classes_ : array or None
        Labels of the classes in the order of the outputs; None for a regression.

    Notes
    -----
    Layer l computes A = f(W A_in + b); docs/library.md has the layout of the parameters and
    `include/annc_functions.h` the formulas of activations and costs.
    """

    def __init__(self, network: c_void_p) -> None:
        self._network = network

    def __del__(self) -> None:
        network, self.__dict__["_network"] = self.__dict__.get("_network"), None
        if network:
            lib.annc_network_free(network)

    # ------------------------------------------------------------ description

    @property
    def shape(self) -> annc.Shape:
        """The struct annc_shape of the network."""
        shape: annc.Shape = lib.annc_network_shape(self._network).contents
        return shape

    @property
    def widths(self) -> list[int]:
        shape = self.shape
        return list(shape.width[:shape.layers + 1])

    @property
    def activations(self) -> list[str]:
        names, shape = list(annc.ACTIVATIONS), self.shape
        return [names[activation] for activation in shape.activation[:shape.layers]]

    @property
    def cost(self) -> str:
        costs = list(annc.COSTS)
        cost: int = self.shape.cost
        return costs[cost]

    @property
    def metadata(self) -> dict[str, str]:
        entries: dict[str, str] = {}
        key, value = ctypes.c_char_p(), ctypes.c_char_p()
        while lib.annc_network_metadata_at(self._network, len(entries), ctypes.byref(key), ctypes.byref(value)):
            entries[(key.value or b"").decode()] = (value.value or b"").decode()
        return entries

    @property
    def classes_(self) -> np.ndarray | None:
        metadata = self.metadata
        if "annc.classes" in metadata:
            return as_labels(json.loads(metadata["annc.classes"]))
        return None

    def __repr__(self) -> str:
        return f"<annc.Model {'-'.join(map(str, self.widths))}, {'-'.join(self.activations)}, {self.cost}>"

    # ------------------------------------------------------------ parameters

    def _parameters(self, at: int, shape: tuple[int, ...]) -> np.ndarray:
        start = ctypes.addressof(lib.annc_network_parameters(self._network).contents)
        count = int(np.prod(shape))
        block = (ctypes.c_float * count).from_address(start + at * ctypes.sizeof(ctypes.c_float))
        return np.array(block, dtype=np.float32).reshape(shape)

    def weights(self, layer: int) -> np.ndarray:
        """Return a copy of the weights W of a layer.

        Parameters
        ----------
        layer : int
            1 is the first hidden layer, or the outputs of a network without one.

        Returns
        -------
        array of float32, shape (units, inputs of the layer)
            For scaled inputs: `metadata["annc.input_shift"]` and `["annc.input_factor"]` scale them.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        self._check_layer(layer)
        at = lib.annc_shape_weights_at(ctypes.byref(self.shape), layer)
        return self._parameters(at, (self.widths[layer], self.widths[layer - 1]))

    def biases(self, layer: int) -> np.ndarray:
        """Return a copy of the biases b of a layer, float32 of shape (units,); see `weights`."""
        self._check_layer(layer)
        return self._parameters(lib.annc_shape_biases_at(ctypes.byref(self.shape), layer), (self.widths[layer],))

    def _check_layer(self, layer: int) -> None:
        if not 1 <= layer < len(self.widths):
            raise ValueError(f"layer is {layer}: it must be 1 to {len(self.widths) - 1}")

    # ------------------------------------------------------------ prediction

    def _predict(self, X: Any, device: str, threads: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the index of the class, and the outputs, of each row."""
        rows = Rows(self._inputs(X))
        x, notes = rows.inputs.x, ctypes.create_string_buffer(2048)
        classes = np.empty(len(x), dtype=np.int32)
        outputs = np.empty((len(x), self.widths[-1]))
        with Device(device, threads, self.shape) as opened:
            annc.check(lib.annc_network_predict_arrays(self._network, opened, ctypes.byref(rows.struct),
                                                       classes.ctypes.data, outputs.ctypes.data, notes, len(notes)))
        warn_of(notes.value.decode())
        if x.dtype == np.float32:
            outputs = outputs.astype(np.float32)
        return classes, outputs

    def class_indices(self, X: Any, device: str = "cpu", threads: int = 0) -> np.ndarray:
        """Return the index of the predicted class of each row, int32 of shape (rows,).

        Parameters and errors are those of `outputs`.
        """
        return self._predict(X, device, threads)[0]

    def outputs(self, X: Any, device: str = "cpu", threads: int = 0) -> np.ndarray:
        """Return the outputs of the network for rows of inputs.

        Parameters
        ----------
        X : array of shape (rows, inputs), or data frame
            In the units of the training data; NaN is a missing value where the model has a
            substitute for it. float32 is read without a copy if it is contiguous, and gives float32;
            everything else gives float64, which keeps small differences of large numbers. Columns
            of a data frame are found by their names, if the model has names; a level that the
            training data did not have is a UserWarning.
        device : str
            'auto', 'cpu', 'cuda' or 'cuda:N'.
        threads : int
            Threads of the CPU; 0 is automatic.

        Returns
        -------
        array of float32 or float64, shape (rows, outputs)
            Activations of the last layer, or targets in the units of the training data.

        Raises
        ------
        ValueError
            If the number of inputs is wrong, or a value is not finite.
        """
        return self._predict(X, device, threads)[1]

    @property
    def _words(self) -> list[str]:
        """Names of the columns whose levels are inputs of 0 and 1; numbers from 1 for columns without names."""
        return [category["column"] for category in json.loads(self.metadata.get("annc.categories", "[]"))]

    def _inputs(self, X: Any) -> Inputs:
        if isinstance(X, Inputs):
            return X
        if is_frame(X):
            names = [name if isinstance(name, str) else str(j + 1) for j, name in enumerate(X.columns)]
            return frame_inputs(X, [names.index(name) for name in self._words if name in names])
        x = inputs_of(X)
        if x.shape[1] != self.widths[0]:
            raise ValueError(f"X has {x.shape[1]} features, but the model is expecting {self.widths[0]} features as "
                             "input")
        return Inputs(x if x.dtype == np.float32 else np.ascontiguousarray(x, dtype=np.float64))

    def predict(self, X: Any, device: str = "cpu", threads: int = 0) -> np.ndarray:
        """Return the predicted labels, or numbers of shape (rows,) or (rows, targets).

        Parameters and errors are those of `outputs`.
        """
        indices, outputs = self._predict(X, device, threads)
        classes = self.classes_
        if classes is not None:
            labels: np.ndarray = classes[indices]
            return labels
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict_proba(self, X: Any, device: str = "cpu", threads: int = 0) -> np.ndarray:
        """Return the probability of each class, shape (rows, classes).

        Parameters are those of `outputs`.

        Raises
        ------
        ValueError
            If the outputs are no probabilities of exclusive classes: the output layer must be
            softmax, or a single sigmoid unit.
        """
        single = self.widths[-1] == 1
        if self.activations[-1] != ("sigmoid" if single else "softmax"):
            raise ValueError(f"the {self.widths[-1]} outputs of {self.activations[-1]} are no probabilities of "
                             "exclusive classes: use output_activation='softmax', or one sigmoid output")
        outputs = self.outputs(X, device, threads)
        return np.hstack([1 - outputs, outputs]) if single else outputs

    # ------------------------------------------------------------ the audit

    def check(self, X: Any, y: Any, batch: int = 16, sample: int = 20, seed: int = 1) -> list[CheckRow]:
        """Audit the gradients of the network, as ``annc-gpu check`` does.

        Backpropagation is compared with finite differences in double precision, and the CPU and its
        engines with backpropagation, on one minibatch.

        Parameters
        ----------
        X : array of shape (rows, inputs), or data frame
        y : array of shape (rows,) or (rows, targets)
            Labels or targets.
        batch : int
            Rows in the minibatch.
        sample : int
            Parameters per layer and kind that are compared with finite differences; 0 is all.
        seed : int
            Of the order of the rows and of the sample.

        Returns
        -------
        list of CheckRow
            `passed` of each is True if the gradients are right.

        Raises
        ------
        ValueError
            If a shape does not fit, a label is not one of the model's, or `batch` is 0.

        Notes
        -----
        Central differences of the cost, in double precision (M. Nielsen, Neural Networks and Deep
        Learning, 2015, chapter 2); docs/audit.md explains the lines and the tolerances.
        """
        for name, value in (("batch", batch), ("sample", sample)):
            if not 0 <= value < 2**32:
                raise ValueError(f"{name} is {value}: it must be 0 to {2**32 - 1}")
        rows, count = POINTER(annc.CheckRow)(), c_size_t()
        options = annc.CheckOptions(batch=batch, sample=sample, seed=seed)
        with DataSets(self._rows_of(X, y), need_test=True, model=self._network, outputs=self.widths[-1]) as sets, \
                Device("cpu", 0, self.shape) as device:
            annc.check(lib.annc_check(self._network, sets.data.test, ctypes.byref(device), 1, ctypes.byref(options),
                                      ctypes.byref(rows), ctypes.byref(count)))
        try:
            return [CheckRow(row.layer, "biases" if row.kind else "weights", row.path.decode(), row.worst,
                             row.normwise, row.tolerance, row.sampled, row.parameters, row.passed)
                    for row in rows[:count.value]]
        finally:
            lib.annc_check_free(rows)

    def _rows_of(self, X: Any, y: Any) -> Rows:
        x, y = self._inputs(X), np.asarray(y)
        if self.classes_ is None:
            return Rows(x, targets=y.reshape(len(y), -1).astype(np.float64))
        labels, indices = np.unique(y, return_inverse=True)
        return Rows(x, labels=indices, names=[label_text(label) for label in labels])

    # ------------------------------------------------------------ files

    def save(self, path: Any) -> None:
        """Write the model as safetensors; the file is whole or not written.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        annc.check(lib.annc_model_save(self._network, os.fsencode(path)))

    def export(self, path: Any, format: str | None = None) -> None:
        """Write the model for other programs.

        Parameters
        ----------
        path : str or path
        format : str, optional
            'onnx', 'npz', 'json', 'c' or 'html'; by default the ending of `path`.

        Raises
        ------
        ValueError
            If the format is unknown, or cannot hold the model.
        OSError
            If the file cannot be written.
        """
        chosen = format if format is not None else pathlib.Path(path).suffix[1:]
        annc.check(lib.annc_model_export(self._network, annc.choose("format", chosen, annc.EXPORTS),
                                         os.fsencode(path)))

    def report(self, path: Any, X: Any = None, y: Any = None) -> None:
        """Write a page of the model: the network, its weights and the options of its training.

        Parameters
        ----------
        path : str or path
            Of the HTML file, which is replaced.
        X, y : arrays, or data frame and array, optional
            Rows as for `predict`, of shape (rows, inputs), with labels or targets, to evaluate and
            audit the model on: the page then has its measures, mistakes and gradients.

        Raises
        ------
        ValueError
            If one of X and y is missing, or their shapes do not fit the model.
        RuntimeError
            With the message of the program, which makes the page, if it fails.
        """
        self._report(path, X, y, [], {})

    def _report(self, path: Any, X: Any, y: Any, epochs: list[dict[str, Any]], training: dict[str, Any]) -> None:
        """Write a page from the lines of a log: those of the epochs, and a result with facts of the training."""
        if (X is None) != (y is None):
            raise ValueError("report needs both X and y, or neither")
        metadata = self.metadata
        with tempfile.TemporaryDirectory() as folder:
            model, log, table = (pathlib.Path(folder, name) for name in ("model.safetensors", "log.jsonl", "rows.csv"))
            self.save(model)
            config = metadata.get("annc.config", "").splitlines()
            options = dict(line.split(" = ", 1) for line in config if " = " in line)
            if X is not None:
                options = {name: value for name, value in options.items() if name not in DATA_OPTIONS}
                options.update(self._write_table(table, X, y), data=str(table), test=str(table))
            result = {"schema": "annc.result/1" if epochs else "annc.model/1", "layers": "-".join(map(str, self.widths)),
                      "cost": self.cost, "activations": "-".join(self.activations), "options": options,
                      "model": str(model), **training}
            for key in ("seed", "epochs"):
                if f"annc.{key}" in metadata:
                    result.setdefault(key, int(metadata[f"annc.{key}"]))
            log.write_text("".join(json.dumps(line) + "\n" for line in [*epochs, result]), encoding="utf-8")
            _program.run("report", log, "--out", path)

    def _write_table(self, path: pathlib.Path, X: Any, y: Any) -> dict[str, str]:
        """Write rows as a table of text; return the options that tell its labels or targets from the inputs."""
        y = np.asarray(y)
        if len(y) != len(X):
            raise ValueError(f"X has {len(X)} rows, but y has {len(y)}: inconsistent numbers of samples")
        if is_frame(X):
            names, rows = [str(name) for name in X.columns], X.to_numpy(dtype=object, na_value="")
        else:
            rows = self._inputs(X).x
            names = self._names("annc.inputs") or [f"x{j + 1}" for j in range(rows.shape[1])]
        answers = y.reshape(len(y), -1)
        kind = "label" if self.classes_ is not None else "target"
        known = [self.metadata["annc.label"]] if "annc.label" in self.metadata else self._names("annc.targets")
        added = known or [f"{kind} {j + 1}" for j in range(answers.shape[1])]
        with open(path, "w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            lines.writerow([*names, *added])
            lines.writerows([*row, *(label_text(answer) for answer in answer_row)]
                            for row, answer_row in zip(rows.tolist(), answers.tolist()))
        return {kind: ",".join(added)}

    def _names(self, key: str) -> list[str]:
        """Return a list of names in the metadata; empty if there is none."""
        return list(json.loads(self.metadata.get(key, "[]")))

    def __getstate__(self) -> dict[str, bytes]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "model.safetensors")
            self.save(path)
            return {"safetensors": path.read_bytes()}

    def __setstate__(self, state: dict[str, bytes]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "model.safetensors")
            path.write_bytes(state["safetensors"])
            self._network = annc.make(lib.annc_model_load, os.fsencode(path), None)


def load(path: Any) -> Model:
    """Read a model that ``annc-gpu train --save``, `Model.save` or an estimator has written.

    Parameters
    ----------
    path : str or path
        A safetensors file.

    Returns
    -------
    Model

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no model; the message names the fault.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
    return Model(annc.make(lib.annc_model_load, os.fsencode(path), None))
