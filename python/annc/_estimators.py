"""Estimators of scikit-learn that train with libannc."""

from __future__ import annotations

import ctypes
import math
import numbers
from typing import Any, Iterable, Mapping, Sequence

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, _check_y, check_consistent_length, check_is_fitted, column_or_1d

from . import _library as annc
from ._data import DataSets, Device, Inputs, Rows, column_places, frame_inputs, has_text, is_frame, label_text, refuse_dates
from ._html import estimator_html
from ._library import lib
from ._model import Model

SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])

# Parameters that are numbers of annc_training_options or annc_objective, and their fields.
TRAINING = {"lr": "eta", "momentum": "mu", "beta2": "rho", "epsilon": "epsilon", "weight_decay": "decay",
            "clip": "clip", "max_norm": "max_norm"}
# Parameters that move images: their fields and the values that they take.
AUGMENTATION = {"shift": ("shift", 0, math.inf), "rotate": ("rotation", 0, 180), "zoom": ("zoom", 0, math.nextafter(1, 0)),
                "elastic": ("elastic", 0, math.inf), "elastic_sigma": ("elastic_sigma", 0.5, 32)}
OBJECTIVE = ("label_smoothing", "l2", "l1", "dropout", "input_dropout", "input_noise")
# Further parameters that the configuration in a model has where they differ from the defaults.
OTHERS = ("init", "warmup", "schedule_factor", "schedule_period", "validation", "split_seed", "patience", "missing",
          "scale", "target_scale", "quantile", "shift", "rotate", "zoom", "elastic", "elastic_sigma", "seed")

PARAMETERS = """
    Parameters
    ----------
    hidden : tuple of int, optional
        Units of the hidden layers, () for none. None, here and below: chosen by the data, as
        `annc-gpu train` chooses; `model_.metadata["annc.config"]` has what was chosen.
    activation : str, optional
        Activation of the hidden layers: 'sigmoid', 'tanh', 'relu', 'leaky-relu', 'elu', 'selu',
        'gelu', 'silu', 'softplus', 'hard-sigmoid', 'identity'.
    output_activation : str, optional
        Activation of the outputs; None: 'softmax' for classes, 'identity' for numbers. Two classes
        with 'sigmoid' have a single output. Also 'exp', for the cost 'poisson'.
    cost : str, optional
        'quadratic', 'cross-entropy', 'categorical-cross-entropy', 'mean-absolute', 'huber',
        'hinge', 'quantile' or 'poisson'; None: the cost of the output activation, 'quadratic' for
        numbers.
    init : str
        Initialisation of the parameters; 'auto': normal for sigmoid, He's for the ReLU family,
        Xavier's otherwise.
    seed : int
        Of the parameters and of the order of examples. The same seed gives the same bits.
    epochs : int, optional
        Passes through the training set.
    batch : int, optional
        Examples per minibatch.
    optimizer : str, optional
        'sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adam' or 'adamw'.
    lr, momentum, beta2, epsilon, weight_decay : float, optional
        Learning rate; momentum or beta1; decay of the mean squared gradient; term that avoids a
        division by 0; decoupled decay of the weights.
    schedule : str, optional
        Of the learning rate: 'constant', 'step', 'exponential', 'cosine', 'one-cycle', 'plateau'.
    warmup : float
        Epochs over which the learning rate first rises from 0.
    schedule_factor, schedule_period : float and int, optional
        Factor of each decay, and epochs between decays; None: the schedule's defaults.
    l2, l1 : float
        Penalties: add l2/2 times the sum of the squared weights, l1 times that of magnitudes.
    max_norm, clip : float
        Largest norm of the weights into a unit, and of the gradient; 0: no limit.
    dropout : float, optional
        Share of the hidden units that each step leaves out, within [0, 1).
    input_dropout : float
        The same for the inputs.
    input_noise : float
        Standard deviation of the noise added to inputs in each step.
    image_shape : (int, int), optional
        Rows and columns of the image that each row of X is, its rows from the top; None: features.
    shift, rotate, zoom : float
        Move each training image at random by up to so many pixels, turn it by up to so many
        degrees, scale it by 1 - zoom to 1 + zoom; anew in each epoch. They need `image_shape`.
    elastic, elastic_sigma : float
        Distort each training image as Simard, Steinkraus and Platt do: displace each pixel by
        `elastic` pixels times random numbers within (-1, 1) that a Gaussian of this standard
        deviation, 0.5 to 32 pixels, smooths. They use 34 and 4 for digits of 28 x 28 pixels.
    validation : float
        Share of the rows held out for validation; 0: none. With validation, from here or from
        `eval_set`, the model of the epoch with the smallest validation loss is kept.
    split_seed : int, optional
        Seed of what `validation` holds out; None: `seed`.
    patience : int
        Stop after so many epochs without a smaller validation loss; 0: never.
    max_time : float, optional
        Stop training after so many seconds.
    missing : str
        Missing inputs (NaN): 'error', 'drop' the row when training, or use the column's 'mean'.
    categorical, numeric : sequence of str, optional
        Columns of a data frame that are words, each text a level with an input of 0 and 1, and
        columns of text that are numbers or dates. Without them, columns of the type 'category' are
        words, and other columns of text are words if most of their cells are neither numbers nor
        dates. A date, also of the type datetime64, is the number of days since 1970-01-01.
    scale : str
        Scaling of the inputs, learnt from the training rows: 'auto', 'none', '255', 'min-max' or
        'standardise'. 'auto' divides bytes by 255 and standardises other numbers.
    device : str
        'auto', 'cpu', 'cuda' or 'cuda:N'.
    threads : int
        Threads of the CPU; 0: automatic.
    engine : str
        How steps run: 'auto', 'ops', 'recorded', 'fused', 'cluster', 'block', 'tensor' or
        'split'.
    precision : str
        Precision of a GPU's matrix products in training: 'fp32', 'tf32' or 'bf16'.
    verbose : int
        1: show the epochs in a progress bar (needs the package tqdm).
    warm_start : bool
        Whether `fit` goes on from the parameters of the last fit, with its scaling and classes.
"""

ATTRIBUTES = """
    Attributes
    ----------
    model_ : Model
        The trained network, with its scaling; it can be saved, audited and exported.
    n_iter_ : int
        Epochs trained, over all calls of `partial_fit` and warm starts.
    loss_curve_ : list of float
        Training loss per epoch: the mean cost of the minibatches, each before its step.
    validation_curve_ : list of float
        Validation loss per epoch, mean per example; empty without validation.
    best_epoch_ : int
        Epoch of the last training whose parameters are kept; 0: the last one.
    coefs_, intercepts_ : list of array
        Weights of each layer, shape (inputs, units), and biases.
    device_, engine_ : str
        What the last training ran on.
    n_features_in_ : int
        Number of inputs.
"""

SOURCES = """
    Notes
    -----
    Gradients are those of backpropagation, equations BP1 to BP4 of [1]_, in single precision
    (docs/architecture.md says where each is computed). AdamW is [2]_, Adam [3]_, dropout [4]_, He's
    initialisation [5]_, Xavier's [6]_; `include/annc_functions.h` has the formula of each activation,
    cost, optimiser and initialiser.

    References
    ----------
    .. [1] M. Nielsen, Neural Networks and Deep Learning, Determination Press, 2015, chapters 1-3.
    .. [2] I. Loshchilov and F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019.
    .. [3] D. P. Kingma and J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015.
    .. [4] N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting,
       Journal of Machine Learning Research 15, 2014.
    .. [5] K. He et al., Delving Deep into Rectifiers, ICCV 2015.
    .. [6] X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
       networks, AISTATS 2010.
"""


class _Epochs:
    """Collects the losses of a run's epochs, and shows them."""

    def __init__(self, epochs: int, verbose: int) -> None:
        self.losses: list[float] = []
        self.validation_losses: list[float] = []
        self.lines: list[dict[str, Any]] = []  # of the program's log
        self.error: BaseException | None = None
        self.bar: Any = None
        if verbose:
            try:
                from tqdm.auto import tqdm
            except ImportError as error:
                raise ImportError("verbose=1 needs the package tqdm: pip install tqdm") from error
            self.bar = tqdm(total=epochs, unit="epoch")

    def take(self, context: Any, run: Any) -> int:
        """Take the last epoch of a run; the library calls it, so no exception may leave it."""
        try:
            state = lib.annc_run_progress(run).contents
            last = state.last
            self.losses.append(last.epoch.loss / last.epoch.steps)
            if last.validation.count:
                self.validation_losses.append(last.validation.loss)
            self.lines.append(self._line(last, state.classes))
            if self.bar is not None:
                self.bar.set_postfix(loss=f"{self.losses[-1]:.4g}")
                self.bar.update()
            return annc.OK
        except BaseException as error:
            self.error = error
            return annc.FAILURE

    @staticmethod
    def _line(last: annc.Outcome, classes: bool) -> dict[str, Any]:
        """Return an epoch's line of the program's log."""
        epoch, held = last.epoch, last.validation
        line = {"schema": "annc.epoch/1", "epoch": epoch.epoch, "loss": epoch.loss,
                "mean_loss": epoch.loss / epoch.steps, "rate": epoch.rate, "seconds": epoch.seconds}
        if classes:
            line.update(training_correct=epoch.correct, training_count=epoch.examples)
        if held.count:
            line.update(validation_loss=held.loss)
            line.update({"validation_correct": held.correct, "validation_count": held.count,
                         "validation_accuracy": lib.annc_evaluation_accuracy(ctypes.byref(held))} if classes else
                        {"validation_r2": held.r2, "validation_rmse": held.rmse})
            for measure in ("label_accuracy", "pinball", "poisson_deviance"):
                if not math.isnan(getattr(held, measure)):
                    line[f"validation_{measure}"] = getattr(held, measure)
        return line

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


class _Estimator(BaseEstimator):
    """What the classifier and the regressor have in common."""

    _calls: int  # trainings of the present network
    _continues: bool  # whether the current training began with its parameters

    # ------------------------------------------------------------ input

    def _validate(self, X: Any, y: Any = "no_validation", reset: bool = False, model: Model | None = None) -> Any:
        """Check X, and y unless it is left out, by scikit-learn's rules; return X as Inputs.

        The columns of words are those of `model`, or those that the parameters name.
        """
        if is_frame(X) and (has_text(X) or self.categorical or (model is not None and model._words)):
            return self._validate_frame(X, y, reset, model)
        if self.categorical or self.numeric:
            raise ValueError("categorical and numeric name columns of text: X must be a data frame that has them")
        refuse_dates(X)
        finite = "allow-nan" if self.missing != "error" else True
        options: dict[str, Any] = {"dtype": [np.float64, np.float32, np.uint8], "order": "C", "reset": reset,
                                   "force_all_finite" if SKLEARN < (1, 6) else "ensure_all_finite": finite}
        with_y = not isinstance(y, str)
        if with_y:
            options.update(self._y_rules())
        if SKLEARN < (1, 6):
            checked = self._validate_data(X, y, **options)
        else:
            from sklearn.utils.validation import validate_data
            checked = validate_data(self, X, y, **options)
        names = tuple(str(name) for name in getattr(self, "feature_names_in_", []))
        return (Inputs(checked[0], (), names), checked[1]) if with_y else Inputs(checked, (), names)

    def _validate_frame(self, X: Any, y: Any, reset: bool, model: Model | None) -> Any:
        """Check a data frame with columns of text; the library checks their cells."""
        if len(X) == 0:
            raise ValueError(f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required.")
        if SKLEARN < (1, 6):
            self._check_feature_names(X, reset=reset)
            self._check_n_features(X, reset=reset)
        else:
            from sklearn.utils.validation import validate_data
            validate_data(self, X, reset=reset, skip_check_array=True)
        if model is not None:
            inputs = model._inputs(X)
        else:
            categorical, numeric = (column_places(X, name, getattr(self, name)) for name in ("categorical", "numeric"))
            if both := set(categorical) & set(numeric):
                raise ValueError(f"column {X.columns[min(both)]!r} cannot be both categorical and numeric")
            inputs = frame_inputs(X, categorical, numeric)
        if isinstance(y, str):
            return inputs
        y = _check_y(y, **self._y_rules(), estimator=self)
        check_consistent_length(X, y)
        return inputs, y

    @staticmethod
    def _weights(sample_weight: Any, X: Inputs) -> np.ndarray | None:
        """Return the weights of the rows of X, or None; the library checks their values."""
        return None if sample_weight is None else _check_sample_weight(sample_weight, X.x, dtype=np.float64)

    @staticmethod
    def _held_out(eval_set: tuple[Any, ...]) -> tuple[Any, Any, Any]:
        """Return X, y and the weights, or None for these, of a validation set."""
        if len(eval_set) not in (2, 3):
            raise ValueError(f"eval_set has {len(eval_set)} items: it must be (X, y) or (X, y, sample_weight)")
        return eval_set[0], eval_set[1], eval_set[2] if len(eval_set) == 3 else None

    # ------------------------------------------------------------ options

    def _wishes(self, model: Model | None, epochs: int | None) -> annc.Wishes:
        """Return the parts of the plan that the parameters, or the network to go on with, decide."""
        wishes = annc.Wishes(batch=self._whole("batch", self.batch), epochs=epochs or 0)
        wishes.quantile = self._number("quantile", getattr(self, "quantile", 0.0))
        hidden, activation, output, cost = self._widths(), self.activation, self.output_activation, self.cost
        if model is not None:
            hidden, cost = model.widths[1:-1], model.cost
            activation, output = model.activations[0], model.activations[-1]
        if hidden is not None:
            wishes.hidden, wishes.hidden_count = (ctypes.c_uint32 * max(1, len(hidden)))(*hidden), len(hidden)
        for field, parameter, name, values in (("activation", "activation", activation, annc.ACTIVATIONS),
                                               ("output_activation", "output_activation", output, annc.ACTIVATIONS),
                                               ("cost", "cost", cost, annc.COSTS),
                                               ("optimiser", "optimizer", self.optimizer, annc.OPTIMISERS)):
            if name is not None:
                setattr(wishes, field, ctypes.pointer(ctypes.c_int(annc.choose(parameter, name, values))))
        return wishes

    def _widths(self) -> list[int] | None:
        """Return the widths of the hidden layers, or None to leave them to the data."""
        if self.hidden is None:
            return None
        hidden = list(self.hidden) if np.iterable(self.hidden) else [self.hidden]
        if len(hidden) >= annc.MAX_LAYERS or not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) and
                                                     0 < n < 2**32 for n in hidden):
            raise ValueError(f"hidden is {self.hidden!r}: it must be up to {annc.MAX_LAYERS - 1} numbers of units, "
                             "each 1 or more")
        return [int(n) for n in hidden]

    @staticmethod
    def _whole(name: str, value: Any, least: int = 1, most: int = 2**31 - 1) -> int:
        """Return a whole number within a range, or 0 for None."""
        if value is None:
            return 0
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"{name} is {value!r}: it must be a whole number from {least} to {most}")
        return int(value)

    @staticmethod
    def _number(name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> float:
        """Return a number within a range, or 0 for None; the library knows the ranges of most parameters."""
        if value is None:
            return 0.0
        if not isinstance(value, numbers.Real) or isinstance(value, bool) or not (least <= float(value) <= most or math.isnan(value)):
            within = "" if least == -math.inf else f" from {least:g} to {most:g}" if most < math.inf else f", {least:g} or more"
            raise ValueError(f"{name} is {value!r}: it must be a number{within}")
        return float(value)

    def _plan(self, sets: DataSets, model: Model | None, epochs: int | None, calls: int) -> annc.Plan:
        """Return the network and the options of a training; `calls` trainings of the network came before."""
        plan = annc.Plan()
        annc.check(lib.annc_plan_make(sets.data.train, ctypes.byref(self._wishes(model, epochs)), ctypes.byref(plan)))
        training, schedule = plan.training, plan.training.schedule
        for name, field in TRAINING.items():
            if getattr(self, name) is not None:
                setattr(training, field, self._number(name, getattr(self, name)))
        for name in OBJECTIVE:
            if getattr(self, name, None) is not None:
                setattr(training.objective, name, self._number(name, getattr(self, name)))
        for name, (field, low, high) in AUGMENTATION.items():
            setattr(training.augmentation, field, self._number(name, getattr(self, name), low, high))
        if epochs is not None:
            plan.epochs = epochs
        training.seed = self._whole("seed", self.seed, 0, 2**63 - 1) + calls
        training.engine = annc.choose("engine", self.engine, annc.ENGINES)
        training.precision = annc.choose("precision", self.precision, annc.PRECISIONS)
        if self._in_pieces or plan.epochs == 0:
            schedule.kind = annc.SCHEDULES["constant"]
        elif self.schedule is not None:
            schedule.kind = annc.choose("schedule", self.schedule, annc.SCHEDULES)
        schedule.warmup, schedule.epochs = self._number("warmup", self.warmup), plan.epochs
        schedule.factor = self._number("schedule_factor", self.schedule_factor)
        schedule.period = self._whole("schedule_period", self.schedule_period)
        annc.check(lib.annc_training_check(ctypes.byref(training), ctypes.byref(plan.shape)))
        return plan

    def _data_options(self, outputs: int, model: Model | None, held_out: bool) -> dict[str, Any]:
        if not isinstance(self.validation, numbers.Real) or not 0 <= float(self.validation) < 1:
            raise ValueError(f"validation is {self.validation!r}: it must be a share within [0, 1)")
        missing = dict(zip(annc.MISSING, range(len(annc.MISSING))))
        if self.seed is None:
            raise ValueError("seed is None: it must be a whole number; the same seed gives the same network")
        seed = self._whole("seed", self.seed, 0, 2**63 - 1) if self.split_seed is None else self.split_seed
        return {"need_train": True, "outputs": outputs, "target_scale": self._target_scale(),
                "scale": annc.choose("scale", self.scale, annc.SCALES),
                "text": annc.TextOptions(missing=annc.choose("missing", self.missing, missing)),
                "model": model._network if model is not None else None,
                "validation": 0 if held_out else float(self.validation),
                "seed": self._whole("split_seed", seed, 0, 2**63 - 1)}

    def _given_epochs(self) -> int | None:
        return None if self.epochs is None else self._whole("epochs", self.epochs, 0)

    # ------------------------------------------------------------ training

    def _train(self, rows: Rows, outputs: int, epochs: int | None, held_out: Rows | None = None) -> None:
        """Train, and set the attributes. `outputs` 0: as many as the data have classes or targets."""
        model, calls = (self.model_, self._calls) if self._continues else (None, 0)
        shape = self._image_shape(rows.inputs)
        for part in (rows, held_out):
            if part is not None:
                part.struct.image_rows, part.struct.image_columns = shape
        with DataSets(rows, held_out, **self._data_options(outputs, model, held_out is not None)) as sets:
            self._learn_classes(sets)
            plan = self._plan(sets, model, epochs, calls)
            weights = self._class_weights(sets)
            if weights is not None:
                plan.training.objective.class_weights = weights
            options = annc.RunOptions(training=plan.training, epochs=plan.epochs, validation=sets.data.validation,
                                      patience=self._whole("patience", self.patience, 0),
                                      seconds=self._number("max_time", self.max_time, 0),
                                      target_accuracy=self._number("target_accuracy",
                                                                   getattr(self, "target_accuracy", None), 0, 1))
            threads = self._whole("threads", self.threads, 0, 1024)
            with Device(self.device, threads, plan.shape, plan.training, sets.data.train, plan.epochs) as device:
                interruption = self._run(device, self._network(plan.shape, device, model), sets, options)
        self._calls = calls + 1
        if interruption is not None:
            raise interruption

    def _image_shape(self, inputs: Inputs) -> tuple[int, int]:
        """Return the rows and columns of the images, or zeros for features."""
        if self.image_shape is None:
            if moved := [name for name in AUGMENTATION if name != "elastic_sigma" and getattr(self, name)]:
                raise ValueError(f"{moved[0]} moves images: image_shape must be their numbers of rows and columns")
            return 0, 0
        shape = tuple(self.image_shape) if np.iterable(self.image_shape) else ()
        if len(shape) != 2 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in shape):
            raise ValueError(f"image_shape is {self.image_shape!r}: it must be the numbers of rows and columns")
        if shape[0] * shape[1] != inputs.x.shape[1] or inputs.texts:
            raise ValueError(f"image_shape is {self.image_shape!r}, but X has {inputs.x.shape[1]} columns: "
                             "each must be a pixel")
        return int(shape[0]), int(shape[1])

    def _network(self, shape: annc.Shape, device: Any, model: Model | None) -> Model:
        """Return a new network with its first parameters, or a copy of `model`."""
        if model is not None:
            return Model(annc.make(lib.annc_network_copy, model._network))
        network = Model(annc.make(lib.annc_network_create, ctypes.byref(shape)))
        init = lib.annc_init_resolve(annc.choose("init", self.init, annc.INITS), ctypes.byref(shape))
        annc.check(lib.annc_network_initialise(network._network, device, init, int(self.seed)))
        annc.check(lib.annc_network_set_metadata(network._network, b"annc.init", lib.annc_init_name(init)))
        return network

    def _run(self, device: Any, network: Model, sets: DataSets, options: annc.RunOptions) -> BaseException | None:
        """Train, and keep the result; return the exception that interrupted the training, or None."""
        stop, collected = ctypes.c_int(0), _Epochs(options.epochs, self.verbose)
        options.each = annc.ON_RUN(collected.take)
        options.stop, options.context = annc.STOP_WHEN_SET, ctypes.addressof(stop)
        run = annc.make(lib.annc_run_create, device, network._network, sets.data.train, ctypes.byref(options))
        try:
            try:
                interruption = annc.run_interruptibly(lambda: lib.annc_run_train(run), stop)
            except RuntimeError:
                if collected.error is not None:
                    raise collected.error
                raise
            state = lib.annc_run_progress(run).contents
            self.engine_ = lib.annc_trainer_engine(lib.annc_run_trainer(run)).decode()
            self.device_ = lib.annc_device_describe(device).contents.name.decode()
            self._keep(network, sets, state, collected, options)
            return interruption
        finally:
            collected.close()
            lib.annc_run_free(run)

    def _keep(self, network: Model, sets: DataSets, state: annc.RunState, collected: _Epochs,
              options: annc.RunOptions) -> None:
        """Set the attributes of the trained network."""
        kept = state.best.epoch.epoch or state.epochs
        texts = {"annc.seed": str(int(self.seed)), "annc.epochs": str(kept),
                 "annc.batch": str(self.batch or options.training.batch), "annc.lr": options.training.eta.hex(),
                 "annc.config": self._config(network, options, sets.rows)}
        annc.check(lib.annc_data_describe(ctypes.byref(sets.data), network._network))
        for key, text in texts.items():
            annc.check(lib.annc_network_set_metadata(network._network, key.encode(), text.encode()))
        self.model_ = network
        self.best_epoch_ = state.best.epoch.epoch
        self.n_iter_ = self._earlier("n_iter_", 0) + state.epochs
        self._log = collected.lines
        self.loss_curve_ = self._earlier("loss_curve_", []) + collected.losses
        self.validation_curve_ = self._earlier("validation_curve_", []) + collected.validation_losses

    def _earlier(self, name: str, nothing: Any) -> Any:
        """Return an attribute of the trainings that this one continues."""
        return getattr(self, name, nothing) if self._continues else nothing

    def _config(self, network: Model, options: annc.RunOptions, rows: Rows) -> str:
        """Return the options as the program writes them into a model."""
        training, layers = options.training, network.activations
        chosen: dict[str, Any] = {
            "activation": layers[0] if len(layers) > 1 else None, "output_activation": layers[-1],
            "cost": network.cost, "optimizer": list(annc.OPTIMISERS)[training.optimiser],
            "schedule": list(annc.SCHEDULES)[training.schedule.kind], "batch": self.batch or training.batch,
            "epochs": options.epochs}
        chosen.update({name: getattr(training, field) or None for name, field in TRAINING.items()})
        chosen.update({name: getattr(training.objective, name) or None for name in OBJECTIVE})
        defaults = vars(type(self)())
        for name in OTHERS:
            value = getattr(self, name, None)
            chosen[name] = value if name == "seed" or value != defaults.get(name) else None
        chosen.update(categorical=self._given_kinds(rows, annc.YES), numeric=self._given_kinds(rows, annc.NO))
        lines = [("layers", "-".join(map(str, network.widths))), *chosen.items()]
        return "".join(f"{name.replace('_', '-')} = {value}\n" for name, value in lines if value is not None)

    @staticmethod
    def _given_kinds(rows: Rows, kind: int) -> str | None:
        """Return the columns of a kind as the program's options name them: by numbers where a name has a comma."""
        names = rows.inputs.names
        columns = [text.column for text in rows.inputs.texts if text.categorical == kind]
        return ",".join(names[j] if names and "," not in names[j] else str(j + 1) for j in columns) or None

    def _start(self, X: Any, y: Any, continues: bool, in_pieces: bool = False) -> tuple[Inputs, np.ndarray]:
        """Validate the rows to train with; `continues`: with the parameters that are there."""
        self._in_pieces = in_pieces
        self._continues = continues and hasattr(self, "model_")
        if not self._continues:
            self._calls = 0
        checked: tuple[Inputs, np.ndarray] = self._validate(X, y, reset=not self._continues,
                                                            model=self.model_ if self._continues else None)
        return checked

    # ------------------------------------------------------------ results

    @property
    def coefs_(self) -> list[np.ndarray]:
        check_is_fitted(self, "model_")
        return [self.model_.weights(layer).T for layer in range(1, len(self.model_.widths))]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        check_is_fitted(self, "model_")
        return [self.model_.biases(layer) for layer in range(1, len(self.model_.widths))]

    def _checked(self, X: Any) -> Inputs:
        check_is_fitted(self, "model_")
        checked: Inputs = self._validate(X, model=self.model_)
        return checked

    def save(self, path: Any) -> None:
        """Write the model to a file that `annc.load` and the program read.

        Parameters
        ----------
        path : str or path
            Of the safetensors file, which is replaced.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        check_is_fitted(self, "model_")
        self.model_.save(path)

    def report(self, path: Any, X: Any = None, y: Any = None) -> None:
        """Write a page of the last training: its curves, the network, its weights and its options.

        Parameters
        ----------
        path : str or path
            Of the HTML file, which is replaced.
        X, y : arrays, or data frame and array, optional
            Rows with their labels or targets, as in `fit`, to evaluate and audit the network on.

        Raises
        ------
        RuntimeError
            With the message of the program, which makes the page, if it fails.
        """
        check_is_fitted(self, "model_")
        training = {"device_name": self.device_, "engine": self.engine_, "epochs": len(self._log),
                    "seconds": sum(line["seconds"] for line in self._log)}
        self.model_._report(path, X, y, self._log, training)

    # ------------------------------------------------------------ notebooks

    def _repr_html_(self) -> str:
        """Draw the network and its curves; before fit, what scikit-learn draws."""
        return estimator_html(self) if hasattr(self, "model_") else str(super()._repr_html_())

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        if not hasattr(self, "model_"):
            return dict(super()._repr_mimebundle_(**kwargs))
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    # ------------------------------------------------------------ tags of scikit-learn

    def _more_tags(self) -> dict[str, Any]:
        return {"allow_nan": self.missing != "error"}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing != "error"
        return tags


class AnncClassifier(ClassifierMixin, _Estimator):
    __doc__ = f"""A multilayer perceptron that learns classes.
{PARAMETERS}
    label_smoothing : float, optional
        Share of each label's target spread over all classes, within [0, 1).
    class_weights : 'balanced', dict of label to float, or sequence of float, optional
        Factor of the cost per class; a sequence is in the order of `classes_`.
    target_accuracy : float, optional
        Stop at this accuracy on the validation set, or else on the training set.
{ATTRIBUTES}
    classes_ : array
        Labels, sorted.
{SOURCES}
    """

    classes_: np.ndarray

    def __init__(self, hidden: Any = None, *, activation: str | None = None, output_activation: str | None = None,
                 cost: str | None = None, init: str = "auto", seed: int = 1, epochs: int | None = None,
                 batch: int | None = None, optimizer: str | None = None, lr: float | None = None,
                 momentum: float | None = None,
                 beta2: float | None = None, epsilon: float | None = None, weight_decay: float | None = None,
                 schedule: str | None = None, warmup: float = 0.0, schedule_factor: float | None = None,
                 schedule_period: int | None = None, l2: float = 0.0, l1: float = 0.0, max_norm: float = 0.0,
                 clip: float = 0.0, dropout: float | None = None, input_dropout: float = 0.0, input_noise: float = 0.0,
                 image_shape: Sequence[int] | None = None, shift: float = 0.0, rotate: float = 0.0,
                 zoom: float = 0.0, elastic: float = 0.0, elastic_sigma: float = 4.0,
                 label_smoothing: float | None = None, class_weights: Any = None, validation: float = 0.0,
                 split_seed: int | None = None, patience: int = 0, target_accuracy: float | None = None,
                 max_time: float | None = None, missing: str = "error", categorical: Sequence[str] | None = None,
                 numeric: Sequence[str] | None = None, scale: str = "auto", device: str = "auto",
                 threads: int = 0, engine: str = "auto", precision: str = "fp32", verbose: int = 0,
                 warm_start: bool = False) -> None:
        self.hidden = hidden
        self.activation = activation
        self.output_activation = output_activation
        self.cost = cost
        self.init = init
        self.seed = seed
        self.epochs = epochs
        self.batch = batch
        self.optimizer = optimizer
        self.lr = lr
        self.momentum = momentum
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.warmup = warmup
        self.schedule_factor = schedule_factor
        self.schedule_period = schedule_period
        self.l2 = l2
        self.l1 = l1
        self.max_norm = max_norm
        self.clip = clip
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.input_noise = input_noise
        self.image_shape = image_shape
        self.shift = shift
        self.rotate = rotate
        self.zoom = zoom
        self.elastic = elastic
        self.elastic_sigma = elastic_sigma
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights
        self.validation = validation
        self.split_seed = split_seed
        self.patience = patience
        self.target_accuracy = target_accuracy
        self.max_time = max_time
        self.missing = missing
        self.categorical = categorical
        self.numeric = numeric
        self.scale = scale
        self.device = device
        self.threads = threads
        self.engine = engine
        self.precision = precision
        self.verbose = verbose
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None,
            eval_set: tuple[Any, ...] | None = None) -> AnncClassifier:
        """Train on rows and their labels.

        Parameters
        ----------
        X : array or data frame of shape (rows, inputs)
            Contiguous float32, float64 and uint8 arrays are passed on without a copy. Columns of
            words of a data frame become inputs of 0 and 1.
        y : array of shape (rows,)
            Labels: whole numbers or texts.
        sample_weight : array of shape (rows,), optional
            Weights of the rows, 0 or more: 2 counts as two rows, 0 as none. Only their ratios
            matter. Weights of classes multiply them.
        eval_set : (X, y) or (X, y, sample_weight), optional
            Validation set, in place of `validation`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a shape or a value is wrong; the message names it.
        MemoryError
            If memory runs out.
        RuntimeError
            If the device fails, or the loss is no longer finite.
        KeyboardInterrupt
            If it came during the training, which then ends after the current minibatch; the
            estimator is fitted as far as that.
        """
        X, labels = self._start(X, y, self.warm_start)
        labels = self._labels(labels)
        classes = np.unique(labels)
        if self._continues and not np.array_equal(classes, self.classes_):
            raise ValueError(f"warm_start: y has the classes {classes}, but the model has {self.classes_}")
        if len(classes) < 2:
            raise ValueError(f"y has one class, {classes[0]!r}: a classifier needs 2 or more classes")
        self.classes_ = classes
        held_out = None
        if eval_set is not None:
            X_held, y_held, weights = self._held_out(eval_set)
            X_held = self._validate(X_held)
            held_out = self._rows(X_held, self._labels(y_held), self._weights(weights, X_held))
        rows = self._rows(X, labels, self._weights(sample_weight, X))
        self._train(rows, self._outputs(), self._given_epochs(), held_out)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Iterable[Any] | None = None,
                    sample_weight: Any = None) -> AnncClassifier:
        """Train one epoch on these rows, from the parameters that are there.

        The first call learns the scaling from its rows. The moments of momentum and Adam begin anew
        with each call.

        Parameters
        ----------
        X : array or data frame of shape (rows, inputs)
        y : array of shape (rows,)
        classes : array of shape (classes,), optional
            All labels that will come; needed by the first call.
        sample_weight : array of shape (rows,), optional
            As in `fit`; the ratios of weights are those within one call.

        Returns
        -------
        self

        Raises
        ------
        ValueError, MemoryError, RuntimeError, KeyboardInterrupt
            As `fit`; ValueError also for a label that is not in `classes`.
        """
        X, labels = self._start(X, y, True, True)
        labels = self._labels(labels)
        if not self._continues:
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self.classes_ = np.unique(np.asarray(list(classes)))
        self._train(self._rows(X, labels, self._weights(sample_weight, X)), self._outputs(), 1)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the label of each row: that of the largest output.

        Parameters
        ----------
        X : array or data frame of shape (rows, inputs)
            In the units of the training data.

        Returns
        -------
        array of shape (rows,)

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the number or the names of the columns differ from those of `fit`, or a value is not
            finite.
        """
        x = self._checked(X)
        indices = self.model_.class_indices(x, self.device, self.threads)
        labels: np.ndarray = self.classes_[self._order[indices]]
        return labels

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, in the order of `classes_`.

        Parameters
        ----------
        X : array or data frame of shape (rows, inputs)
            In the units of the training data.

        Returns
        -------
        array of shape (rows, classes)

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the number or the names of the columns differ from those of `fit`, or a value is not
            finite; if the outputs are no
            probabilities (see `Model.predict_proba`).
        """
        x = self._checked(X)
        given = self.model_.predict_proba(x, self.device, self.threads)
        probabilities = np.empty_like(given)
        probabilities[:, self._order] = given
        return probabilities

    # ------------------------------------------------------------ what is particular to classes

    @staticmethod
    def _y_rules() -> dict[str, Any]:
        return {}

    def _labels(self, y: Any) -> np.ndarray:
        labels: np.ndarray = column_or_1d(y, warn=True)
        check_classification_targets(labels)
        return labels

    def _rows(self, X: Inputs, labels: np.ndarray, weights: np.ndarray | None = None) -> Rows:
        indices = np.searchsorted(self.classes_, labels)
        unknown = self.classes_[np.minimum(indices, len(self.classes_) - 1)] != labels
        if np.any(unknown):
            raise ValueError(f"y has the label {label_text(labels[unknown][0])!r}, which is not among the classes "
                             f"{self.classes_}")
        return Rows(X, labels=indices, names=[label_text(label) for label in self.classes_], weights=weights)

    def _outputs(self) -> int:
        single = self.output_activation == "sigmoid" or self.cost == "cross-entropy"
        return 1 if single and len(self.classes_) == 2 else len(self.classes_)

    def _target_scale(self) -> int:
        return annc.SCALES["auto"]

    def _learn_classes(self, sets: DataSets) -> None:
        """Find the index in classes_ of each class of the library."""
        index = {label_text(label): i for i, label in enumerate(self.classes_)}
        names = sets.class_names()
        if set(names) != set(index):
            same = next(name for name in index if name not in names)
            raise ValueError(f"y has the label {same!r}, which is the same number as another label: rename it")
        self._order = np.array([index[name] for name in names])

    def _class_weights(self, sets: DataSets) -> Any:
        """Return a C array of the factors of the classes, or None."""
        if self.class_weights is None:
            return None
        weights = (ctypes.c_float * len(self.classes_))()
        if isinstance(self.class_weights, str):
            if self.class_weights != "balanced":
                raise ValueError(f"class_weights is {self.class_weights!r}: it must be 'balanced', a dict or a list")
            annc.check(lib.annc_class_weights_balanced(sets.data.train, ctypes.addressof(weights)))
            return weights
        if isinstance(self.class_weights, Mapping):
            classes = self.classes_.tolist()
            if unknown := [label for label in self.class_weights if label not in classes]:
                raise ValueError(f"class_weights has the label {unknown[0]!r}, which is not among the classes "
                                 f"{self.classes_}")
            given = [self.class_weights.get(label, 1.0) for label in classes]
        else:
            given = list(self.class_weights)
        if len(given) != len(self.classes_) or not all(isinstance(w, numbers.Real) and 0 <= float(w) < math.inf
                                                       for w in given):
            raise ValueError(f"class_weights is {self.class_weights!r}: it must have one number, 0 or more, for each "
                             f"of the {len(self.classes_)} classes")
        weights[:] = [given[i] for i in self._order]
        return weights


class AnncRegressor(RegressorMixin, _Estimator):
    __doc__ = f"""A multilayer perceptron that learns numbers.
{PARAMETERS}
    quantile : float
        Quantile of the targets that the cost 'quantile' predicts, above 0 and below 1.
    target_scale : str
        Scaling of the targets, undone by `predict`: 'auto' standardises if the outputs take any
        number; 'none', 'min-max', 'standardise'.
{ATTRIBUTES}{SOURCES}
    """

    def __init__(self, hidden: Any = None, *, activation: str | None = None, output_activation: str | None = None,
                 cost: str | None = None, quantile: float = 0.5, init: str = "auto", seed: int = 1,
                 epochs: int | None = None,
                 batch: int | None = None, optimizer: str | None = None, lr: float | None = None,
                 momentum: float | None = None,
                 beta2: float | None = None, epsilon: float | None = None, weight_decay: float | None = None,
                 schedule: str | None = None, warmup: float = 0.0, schedule_factor: float | None = None,
                 schedule_period: int | None = None, l2: float = 0.0, l1: float = 0.0, max_norm: float = 0.0,
                 clip: float = 0.0, dropout: float | None = None, input_dropout: float = 0.0, input_noise: float = 0.0,
                 image_shape: Sequence[int] | None = None, shift: float = 0.0, rotate: float = 0.0,
                 zoom: float = 0.0, elastic: float = 0.0, elastic_sigma: float = 4.0,
                 validation: float = 0.0, split_seed: int | None = None, patience: int = 0,
                 max_time: float | None = None, missing: str = "error",
                 categorical: Sequence[str] | None = None, numeric: Sequence[str] | None = None, scale: str = "auto",
                 target_scale: str = "auto", device: str = "auto", threads: int = 0, engine: str = "auto",
                 precision: str = "fp32", verbose: int = 0, warm_start: bool = False) -> None:
        self.hidden = hidden
        self.activation = activation
        self.output_activation = output_activation
        self.cost = cost
        self.quantile = quantile
        self.init = init
        self.seed = seed
        self.epochs = epochs
        self.batch = batch
        self.optimizer = optimizer
        self.lr = lr
        self.momentum = momentum
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.warmup = warmup
        self.schedule_factor = schedule_factor
        self.schedule_period = schedule_period
        self.l2 = l2
        self.l1 = l1
        self.max_norm = max_norm
        self.clip = clip
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.input_noise = input_noise
        self.image_shape = image_shape
        self.shift = shift
        self.rotate = rotate
        self.zoom = zoom
        self.elastic = elastic
        self.elastic_sigma = elastic_sigma
        self.validation = validation
        self.split_seed = split_seed
        self.patience = patience
        self.max_time = max_time
        self.missing = missing
        self.categorical = categorical
        self.numeric = numeric
        self.scale = scale
        self.target_scale = target_scale
        self.device = device
        self.threads = threads
        self.engine = engine
        self.precision = precision
        self.verbose = verbose
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None,
            eval_set: tuple[Any, ...] | None = None) -> AnncRegressor:
        """Train on rows and their targets.

        Parameters
        ----------
        X : array or data frame of shape (rows, inputs)
            Contiguous float32, float64 and uint8 arrays are passed on without a copy. Columns of
            words of a data frame become inputs of 0 and 1.
        y : array of shape (rows,) or (rows, targets)
        sample_weight : array of shape (rows,), optional
            Weights of the rows, 0 or more: 2 counts as two rows, 0 as none. Only their ratios
            matter.
        eval_set : (X, y) or (X, y, sample_weight), optional
            Validation set, in place of `validation`.

        Returns
        -------
        self

        Raises
        ------
        ValueError, MemoryError, RuntimeError, KeyboardInterrupt
            As `AnncClassifier.fit`.
        """
        X, y = self._start(X, y, self.warm_start)
        rows = self._rows(X, y, self._weights(sample_weight, X))
        held_out = None
        if eval_set is not None:
            X_held, y_held, weights = self._held_out(eval_set)
            X_held, y_held = self._validate(X_held, y_held)
            held_out = self._rows(X_held, y_held, self._weights(weights, X_held))
        self._train(rows, rows.struct.outputs, self._given_epochs(), held_out)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> AnncRegressor:
        """Train one epoch on these rows, from the parameters that are there.

        The first call learns the scaling from its rows. The moments of momentum and Adam begin anew
        with each call.

        Parameters
        ----------
        X : array or data frame of shape (rows, inputs)
        y : array of shape (rows,) or (rows, targets)
        sample_weight : array of shape (rows,), optional
            As in `fit`; the ratios of weights are those within one call.

        Returns
        -------
        self

        Raises
        ------
        ValueError, MemoryError, RuntimeError, KeyboardInterrupt
            As `fit`.
        """
        X, y = self._start(X, y, True, True)
        rows = self._rows(X, y, self._weights(sample_weight, X))
        self._train(rows, rows.struct.outputs, 1)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the targets of each row, in the units of y.

        Parameters
        ----------
        X : array or data frame of shape (rows, inputs)
            In the units of the training data.

        Returns
        -------
        array of shape (rows,) or (rows, targets)

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the number or the names of the columns differ from those of `fit`, or a value is not
            finite.
        """
        x = self._checked(X)
        outputs = self.model_.outputs(x, self.device, self.threads).astype(np.float64)
        return outputs[:, 0] if self._one_dimension else outputs

    # ------------------------------------------------------------ what is particular to numbers

    @staticmethod
    def _y_rules() -> dict[str, Any]:
        return {"multi_output": True, "y_numeric": True}

    def _rows(self, X: Inputs, y: np.ndarray, weights: np.ndarray | None = None) -> Rows:
        self._one_dimension = y.ndim == 1
        return Rows(X, targets=y.reshape(len(y), -1), weights=weights)

    def _learn_classes(self, sets: DataSets) -> None:
        pass

    def _class_weights(self, sets: DataSets) -> Any:
        return None

    def _target_scale(self) -> int:
        """Return the scaling of the targets; 'auto' is none if the outputs have a range."""
        scale = annc.choose("target_scale", self.target_scale, annc.SCALES)
        end = annc.Shape(layers=1, cost=annc.choose("cost", self.cost or "quadratic", annc.COSTS))
        end.width[:2] = [1, 1]
        end.activation[0] = annc.choose("output_activation", self.output_activation or "identity", annc.ACTIVATIONS)
        takes_any = lib.annc_shape_takes_any_target(ctypes.byref(end))
        return scale if takes_any or scale != annc.SCALES["auto"] else annc.SCALES["none"]

    def _more_tags(self) -> dict[str, Any]:
        return dict(super()._more_tags(), multioutput=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
