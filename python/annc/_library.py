"""libannc through ctypes: its structs, its functions and its errors.

The library is the one in this package, or the one that ``ANNC_LIBRARY`` names. Importing this
module fails if the sizes of the structs or the version differ from what stands here.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import sys
import threading
from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_float, c_int, c_int32,
                    c_size_t, c_uint32, c_uint64, c_void_p)
from typing import Any, Callable

VERSION = "0.1.0"  # include/annc_version.h

MAX_LAYERS = 64

OK, FAILURE, USAGE, INPUT, DEVICE, DIVERGED, OUTPUT, CHECK_FAILED, STOPPED, MEMORY = range(10)
SOURCE_ARRAYS = 3
NUMBERS = {"uint8": 0, "float32": 1, "float64": 2}
MISSING = ["error", "drop", "mean"]
AUTO, YES, NO = range(3)
NO_TEXT = 2**32 - 1  # a missing cell of a column of text


# ---------------------------------------------------------------- structs, as in annc.h

class Build(Structure):
    _fields_ = [(name, c_char_p) for name in ("version", "commit", "compiler", "blas", "zlib", "png", "jpeg", "cuda", "mpi")]


class Shape(Structure):
    _fields_ = [("layers", c_uint32), ("width", c_uint32 * (MAX_LAYERS + 1)), ("activation", c_int * MAX_LAYERS),
                ("cost", c_int), ("quantile", c_double)]


class Examples(Structure):
    _fields_ = [("count", c_uint32), ("inputs", c_uint32), ("outputs", c_uint32), ("type", c_int),
                ("divisor", c_float), ("x", c_void_p), ("labels", POINTER(c_int32)), ("targets", POINTER(c_float)),
                ("weights", POINTER(c_float))]


class TextColumn(Structure):
    _fields_ = [("column", c_uint32), ("categorical", c_int), ("cells", c_void_p), ("texts", POINTER(c_char_p)),
                ("text_count", c_uint32)]


class Arrays(Structure):
    _fields_ = [("count", c_uint32), ("inputs", c_uint32), ("type", c_int), ("x", c_void_p),
                ("input_names", POINTER(c_char_p)), ("labels", c_void_p), ("label_names", POINTER(c_char_p)),
                ("label_count", c_uint32), ("outputs", c_uint32), ("targets", c_void_p), ("weights", c_void_p),
                ("texts", POINTER(TextColumn)), ("text_count", c_uint32), ("image_rows", c_uint32),
                ("image_columns", c_uint32)]


class TextOptions(Structure):
    _fields_ = [("separator", c_char), ("decimal", c_char), ("thousands", c_char), ("label_separator", c_char),
                ("header", c_int), ("skip", c_uint32), ("missing", c_int), ("label", c_char_p), ("target", c_char_p),
                ("drop", c_char_p), ("categorical", c_char_p), ("numeric", c_char_p), ("weight", c_char_p)]


class DataOptions(Structure):
    _fields_ = [("source", c_int), ("path", c_char_p), ("labels_path", c_char_p), ("test_path", c_char_p),
                ("test_labels_path", c_char_p), ("weights_path", c_char_p), ("x_name", c_char_p), ("y_name", c_char_p),
                ("transpose", c_bool), ("text", TextOptions), ("scale", c_int), ("target_scale", c_int), ("outputs", c_uint32),
                ("model", c_void_p), ("unlabelled", c_bool), ("need_train", c_bool), ("need_test", c_bool),
                ("validation", c_double), ("validation_path", c_char_p), ("test_skip", c_uint32),
                ("validation_skip", c_uint32), ("folds", c_uint32), ("fold", c_uint32),
                ("seed", c_uint64), ("shards", c_uint32), ("shard", c_uint32), ("arrays", POINTER(Arrays)), ("validation_arrays", POINTER(Arrays)),
                ("threads", c_int)]


class Data(Structure):
    _fields_ = [("train", c_void_p), ("validation", c_void_p), ("test", c_void_p), ("description", c_char * 512),
                ("preparation", c_void_p), ("notes", c_char * 2048), ("format", c_int)]


class DeviceOptions(Structure):
    _fields_ = [("kind", c_int), ("index", c_int), ("threads", c_int)]


class DeviceInfo(Structure):
    _fields_ = [("kind", c_char * 16), ("name", c_char * 256), ("why", c_char * 256), ("compute_capability", c_int),
                ("multiprocessors", c_int), ("threads", c_int), ("memory_bytes", c_uint64), ("memory_free", c_uint64)]


class Augmentation(Structure):
    _fields_ = [("shift", c_double), ("rotation", c_double), ("elastic", c_double), ("elastic_sigma", c_double),
                ("zoom", c_double)]


class Objective(Structure):
    _fields_ = [("class_weights", POINTER(c_float)), ("label_smoothing", c_double), ("l2", c_double),
                ("l1", c_double), ("dropout", c_double), ("input_dropout", c_double), ("input_noise", c_double)]


class Schedule(Structure):
    _fields_ = [("kind", c_int), ("warmup", c_double), ("factor", c_double), ("period", c_uint32),
                ("epochs", c_uint32)]


class TrainingOptions(Structure):
    _fields_ = [("optimiser", c_int), ("eta", c_double), ("mu", c_double), ("rho", c_double), ("epsilon", c_double),
                ("decay", c_double), ("clip", c_double), ("max_norm", c_double), ("schedule", Schedule),
                ("objective", Objective), ("augmentation", Augmentation), ("batch", c_uint32), ("seed", c_uint64),
                ("engine", c_int), ("precision", c_int), ("shards", c_uint32)]


class Plan(Structure):
    _fields_ = [("shape", Shape), ("training", TrainingOptions), ("epochs", c_uint32)]


class Wishes(Structure):
    _fields_ = [("hidden", POINTER(c_uint32)), ("hidden_count", c_uint32), ("activation", POINTER(c_int)),
                ("output_activation", POINTER(c_int)), ("cost", POINTER(c_int)), ("quantile", c_double),
                ("optimiser", POINTER(c_int)), ("batch", c_uint32), ("epochs", c_uint32)]


class Epoch(Structure):
    _fields_ = [("epoch", c_uint32), ("steps", c_uint32), ("examples", c_uint32), ("loss", c_double),
                ("rate", c_double), ("correct", c_uint32), ("seconds", c_double)]


class Evaluation(Structure):
    _fields_ = [("count", c_uint32), ("correct", c_uint32), ("loss", c_double), ("r2", c_double), ("rmse", c_double),
                ("mae", c_double), ("label_accuracy", c_double), ("pinball", c_double),
                ("poisson_deviance", c_double), ("seconds", c_double), ("weight", c_double),
                ("correct_weight", c_double)]


class LayerHealth(Structure):
    _fields_ = [("saturated", c_double), ("dead", c_uint32), ("first_dead", c_uint32)]


class Outcome(Structure):
    _fields_ = [("epoch", Epoch), ("validation", Evaluation), ("test", Evaluation),
                ("health", LayerHealth * MAX_LAYERS)]


class RunState(Structure):
    _fields_ = [("classes", c_bool), ("epochs", c_uint32), ("saved_epochs", c_uint32), ("last", Outcome),
                ("best", Outcome), ("ending", c_int), ("seconds", c_double), ("evaluation_seconds", c_double)]


ON_RUN = CFUNCTYPE(c_int, c_void_p, c_void_p)


class RunOptions(Structure):
    _fields_ = [("training", TrainingOptions), ("epochs", c_uint32), ("validation", c_void_p), ("test", c_void_p),
                ("patience", c_uint32), ("target_accuracy", c_double), ("seconds", c_double), ("health", c_bool),
                ("evaluate_beside", c_bool),
                ("checkpoint", c_char_p), ("checkpoint_epochs", c_uint32), ("checkpoint_seconds", c_double),
                ("resume", c_void_p), ("folds", c_void_p), ("begun", ON_RUN), ("each", ON_RUN), ("stop", c_void_p),
                ("describe", c_void_p), ("context", c_void_p), ("group", c_void_p)]


class CheckRow(Structure):
    _fields_ = [("layer", c_uint32), ("kind", c_int), ("path", c_char * 24), ("worst", c_double),
                ("normwise", c_double), ("tolerance", c_double), ("sampled", c_size_t), ("parameters", c_size_t),
                ("kinks", c_size_t), ("passed", c_bool)]


class CheckOptions(Structure):
    _fields_ = [("batch", c_uint32), ("sample", c_uint32), ("seed", c_uint64), ("objective", Objective),
                ("augmentation", Augmentation), ("precision", c_int)]


STRUCTS = {"annc_build": Build, "annc_shape": Shape, "annc_examples": Examples, "annc_text_column": TextColumn,
           "annc_arrays": Arrays,
           "annc_text_options": TextOptions, "annc_data_options": DataOptions, "annc_data": Data,
           "annc_device_options": DeviceOptions, "annc_device_info": DeviceInfo, "annc_augmentation": Augmentation,
           "annc_objective": Objective, "annc_schedule": Schedule, "annc_training_options": TrainingOptions,
           "annc_plan": Plan, "annc_wishes": Wishes,
           "annc_epoch": Epoch, "annc_evaluation": Evaluation, "annc_layer_health": LayerHealth,
           "annc_outcome": Outcome, "annc_run_state": RunState, "annc_run_options": RunOptions,
           "annc_check_row": CheckRow, "annc_check_options": CheckOptions}

# ---------------------------------------------------------------- functions: result and arguments

ADDRESS = POINTER(c_void_p)
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "annc_last_error": (c_char_p, []),
    "annc_build_info": (Build, []),
    "annc_struct_size": (c_size_t, [c_char_p]),
    "annc_activation_name": (c_char_p, [c_int]),
    "annc_cost_name": (c_char_p, [c_int]),
    "annc_init_name": (c_char_p, [c_int]),
    "annc_optimiser_name": (c_char_p, [c_int]),
    "annc_scale_name": (c_char_p, [c_int]),
    "annc_device_kind_name": (c_char_p, [c_int]),
    "annc_engine_name": (c_char_p, [c_int]),
    "annc_precision_name": (c_char_p, [c_int]),
    "annc_schedule_name": (c_char_p, [c_int]),
    "annc_export_name": (c_char_p, [c_int]),
    "annc_shape_takes_any_target": (c_bool, [POINTER(Shape)]),
    "annc_shape_weights_at": (c_size_t, [POINTER(Shape), c_uint32]),
    "annc_shape_biases_at": (c_size_t, [POINTER(Shape), c_uint32]),
    "annc_shape_parameters": (c_size_t, [POINTER(Shape)]),
    "annc_network_create": (c_int, [POINTER(Shape), ADDRESS]),
    "annc_network_copy": (c_int, [c_void_p, ADDRESS]),
    "annc_network_free": (None, [c_void_p]),
    "annc_network_shape": (POINTER(Shape), [c_void_p]),
    "annc_network_parameters": (POINTER(c_float), [c_void_p]),
    "annc_network_initialise": (c_int, [c_void_p, c_void_p, c_int, c_uint64]),
    "annc_init_resolve": (c_int, [c_int, POINTER(Shape)]),
    "annc_network_set_metadata": (c_int, [c_void_p, c_char_p, c_char_p]),
    "annc_network_metadata": (c_char_p, [c_void_p, c_char_p]),
    "annc_network_metadata_at": (c_bool, [c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p)]),
    "annc_dataset_examples": (POINTER(Examples), [c_void_p]),
    "annc_dataset_class_count": (c_uint32, [c_void_p]),
    "annc_dataset_class_name": (c_char_p, [c_void_p, c_uint32]),
    "annc_data_load": (c_int, [POINTER(DataOptions), POINTER(Data)]),
    "annc_data_free": (None, [POINTER(Data)]),
    "annc_data_describe": (c_int, [POINTER(Data), c_void_p]),
    "annc_device_open_for": (c_int, [POINTER(DeviceOptions), POINTER(Shape), POINTER(TrainingOptions), c_void_p, c_uint32, ADDRESS]),
    "annc_device_close": (None, [c_void_p]),
    "annc_device_describe": (POINTER(DeviceInfo), [c_void_p]),
    "annc_evaluation_accuracy": (c_double, [POINTER(Evaluation)]),
    "annc_class_weights_balanced": (c_int, [c_void_p, c_void_p]),
    "annc_training_check": (c_int, [POINTER(TrainingOptions), POINTER(Shape)]),
    "annc_plan_make": (c_int, [c_void_p, POINTER(Wishes), POINTER(Plan)]),
    "annc_network_predict_arrays": (c_int, [c_void_p, c_void_p, POINTER(Arrays), c_void_p, c_void_p, c_char_p,
                                            c_size_t]),
    "annc_run_create": (c_int, [c_void_p, c_void_p, c_void_p, POINTER(RunOptions), ADDRESS]),
    "annc_run_free": (None, [c_void_p]),
    "annc_run_train": (c_int, [c_void_p]),
    "annc_run_progress": (POINTER(RunState), [c_void_p]),
    "annc_run_kept": (POINTER(Outcome), [POINTER(RunState)]),
    "annc_run_trainer": (c_void_p, [c_void_p]),
    "annc_trainer_engine": (c_char_p, [c_void_p]),
    "annc_check": (c_int, [c_void_p, c_void_p, ADDRESS, c_size_t, POINTER(CheckOptions), POINTER(POINTER(CheckRow)),
                           POINTER(c_size_t)]),
    "annc_check_free": (None, [POINTER(CheckRow)]),
    "annc_model_save": (c_int, [c_void_p, c_char_p]),
    "annc_model_load": (c_int, [c_char_p, POINTER(Shape), ADDRESS]),
    "annc_model_export": (c_int, [c_void_p, c_int, c_char_p]),
    "annc_checkpoint_strip": (c_int, [c_void_p]),
}


def library_path() -> pathlib.Path:
    """Return the path of the shared library."""
    given = os.environ.get("ANNC_LIBRARY")
    return pathlib.Path(given) if given else pathlib.Path(__file__).parent / "libannc.so"


def cuda_libraries() -> list[str]:
    """Return the directories of NVIDIA's Python packages (nvidia-cublas and others) that have libraries."""
    return [str(folder) for place in sys.path for folder in sorted(pathlib.Path(place or ".").glob("nvidia/*/lib"))
            if any(folder.glob("lib*.so.*"))]


def check_layouts(sizes: Callable[[bytes], int], version: str) -> None:
    """Raise ImportError unless the library has this module's version and sizes of structs."""
    if version != VERSION:
        raise ImportError(f"{library_path()} is version {version} of libannc, and this package needs {VERSION}; "
                          "install both from one build")
    for name, struct in STRUCTS.items():
        size = sizes(name.encode())
        if size != ctypes.sizeof(struct):
            raise ImportError(f"{library_path()}: {name} has {size} bytes, and this package expects "
                              f"{ctypes.sizeof(struct)}; install both from one build")


def load_library() -> Any:
    """Load the library, check its layouts, and declare its functions.

    Without ``ANNC_CUDA_LIBRARIES``, it is set to `cuda_libraries`, where the library looks for CUDA.
    """
    if found := cuda_libraries():
        os.environ.setdefault("ANNC_CUDA_LIBRARIES", ":".join(found))
    try:
        library = ctypes.CDLL(str(library_path()))
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype = result
            function.argtypes = arguments
    except (OSError, AttributeError) as error:
        raise ImportError(f"libannc cannot be loaded: {error}; reinstall the package, "
                          "or name a libannc.so in ANNC_LIBRARY") from error
    check_layouts(library.annc_struct_size, library.annc_build_info().version.decode())
    return library


lib = load_library()


# ---------------------------------------------------------------- names

def _names(function: Any) -> dict[str, int]:
    """Return the names that a function of the library gives to the values of an enumeration."""
    names: dict[str, int] = {}
    while (name := function(len(names))) is not None:
        names[name.decode()] = len(names)
    return names


ACTIVATIONS = _names(lib.annc_activation_name)
COSTS = _names(lib.annc_cost_name)
INITS = _names(lib.annc_init_name)
OPTIMISERS = _names(lib.annc_optimiser_name)
SCALES = _names(lib.annc_scale_name)
DEVICES = _names(lib.annc_device_kind_name)
ENGINES = _names(lib.annc_engine_name)
PRECISIONS = _names(lib.annc_precision_name)
SCHEDULES = _names(lib.annc_schedule_name)
EXPORTS = _names(lib.annc_export_name)


def choose(parameter: str, value: Any, names: dict[str, int]) -> int:
    """Return the value of a name; ValueError lists the names."""
    if isinstance(value, str) and value in names:
        return names[value]
    raise ValueError(f"{parameter} is {value!r}: it must be one of {', '.join(names)}")


# ---------------------------------------------------------------- errors

# Fields of the library whose parameters have other names here.
PARAMETERS = {"eta": "lr", "optimiser": "optimizer", "mu": "momentum", "rho": "beta2", "decay": "weight_decay",
              "seconds": "max_time", "rotation": "rotate", "width": "hidden"}
EXCEPTIONS: dict[int, type[Exception]] = {USAGE: ValueError, INPUT: ValueError, OUTPUT: OSError, MEMORY: MemoryError}


def last_error() -> str:
    """Return the message of this thread's last failure, with the names of parameters."""
    text: str = lib.annc_last_error().decode(errors="replace")
    for field, parameter in PARAMETERS.items():
        text = text.replace(f"'{field}'", f"'{parameter}'")
    return text


def error_of(status: int, text: str) -> Exception:
    """Return the exception of a status: ValueError, OSError, MemoryError or RuntimeError."""
    return EXCEPTIONS.get(status, RuntimeError)(text)


def check(status: int) -> None:
    """Raise the exception of a status unless it is OK."""
    if status != OK:
        raise error_of(status, last_error())


def make(function: Any, *arguments: Any) -> c_void_p:
    """Return the object that a function creates through its last argument."""
    made = c_void_p()
    check(function(*arguments, ctypes.byref(made)))
    return made


def text_list(texts: list[str]) -> Any:
    """Return a C array of texts, or None for an empty list. A text with a NUL is a ValueError."""
    for text in texts:
        if "\0" in text:
            raise ValueError(f"the name {text!r} has a NUL character")
    return (c_char_p * len(texts))(*(text.encode() for text in texts)) if texts else None


# ---------------------------------------------------------------- interruption

def run_interruptibly(call: Callable[[], int], flag: Any) -> BaseException | None:
    """Run a long call that an exception of a signal handler stops; return that exception, or None.

    In the main thread, where Python handles signals, the call runs in a thread of its own. An
    exception (KeyboardInterrupt, mostly) sets `flag`, a C int that the call watches. A failure of
    the call is raised.
    """
    result: list[Any] = [OK, ""]
    done = threading.Event()

    def work() -> None:
        try:
            result[0] = call()
            result[1] = last_error()
        finally:
            done.set()

    interruption: BaseException | None = None
    if threading.current_thread() is threading.main_thread():
        thread = threading.Thread(target=work, name="annc", daemon=True)
        thread.start()
        while not done.is_set():
            try:
                done.wait()
            except BaseException as exception:
                flag.value = 1
                interruption = interruption or exception
        thread.join()
    else:
        work()
    if result[0] not in (OK, STOPPED):
        raise error_of(result[0], result[1]) from interruption
    return interruption


STOP_WHEN_SET = ctypes.cast(lib.annc_stop_when_set, c_void_p)
