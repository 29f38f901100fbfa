"""The estimators: scikit-learn's own checks and tools, the program's bits, options, errors."""
import json
import pathlib
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
import warnings

import numpy as np

import annc
from samples import HAS_SKLEARN, blobs, program, tensors, waves, write_table

if not HAS_SKLEARN:
    raise unittest.SkipTest("scikit-learn is not installed")

from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import estimator_checks


# They ask for the same predictions, to rounding, where rows are repeated or removed: but then minibatches are others.
MINIBATCHES = {"check_sample_weight_equivalence_on_dense_data": "minibatches are others",
               "check_sample_weights_invariance": "minibatches are others"}


def checks_of(estimator):
    """Return scikit-learn's checks: pairs of an estimator and a check."""
    if hasattr(estimator_checks, "estimator_checks_generator"):  # from 1.6 on
        return estimator_checks.estimator_checks_generator(estimator, expected_failed_checks=MINIBATCHES, mark="skip")
    return (pair for pair in estimator_checks.check_estimator(estimator, generate_only=True)
            if not any(name in str(pair[1]) for name in MINIBATCHES))


def failures(estimator):
    """Run scikit-learn's checks; return those that fail, and the number that pass."""
    failed, passed = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for tried, check in checks_of(estimator):
            try:
                check(tried)
                passed += 1
            except unittest.SkipTest:
                pass
            except Exception as error:  # the test lists all of them
                failed.append(f"{check}: {error!r}"[:500])
    return failed, passed


class Scikit(unittest.TestCase):
    def test_classifier(self):
        failed, passed = failures(annc.AnncClassifier())
        self.assertEqual(failed, [])
        self.assertGreater(passed, 35)

    def test_regressor(self):
        failed, passed = failures(annc.AnncRegressor())
        self.assertEqual(failed, [])
        self.assertGreater(passed, 35)

    def test_search(self):
        X, y = blobs()
        search = GridSearchCV(annc.AnncClassifier(epochs=20), {"hidden": [(4,), (8, 4)], "lr": [1e-7, 0.01]}, cv=3).fit(X, y)
        self.assertEqual(search.best_params_["lr"], 0.01)
        self.assertGreater(search.best_score_, 0.7)

    def test_cross_validation(self):
        X, y = waves()
        scores = cross_val_score(annc.AnncRegressor(hidden=(32,), lr=0.01), X, y, cv=3, n_jobs=2)
        self.assertGreater(scores.min(), 0.9)

    def test_pipeline(self):
        X, y = blobs()
        table = np.column_stack([X.astype(object), np.array(["red", "green", "blue"])[y]])
        columns = ColumnTransformer([("colour", OneHotEncoder(sparse_output=False), [4])], remainder="passthrough")
        self.assertEqual(make_pipeline(columns, annc.AnncClassifier()).fit(table, y).score(table, y), 1)

    def test_calibration(self):
        X, y = blobs(240)
        fitted = CalibratedClassifierCV(annc.AnncClassifier(epochs=20), cv=3).fit(X, y)
        self.assertTrue(np.allclose(fitted.predict_proba(X).sum(axis=1), 1))
        self.assertGreater(fitted.score(X, y), 0.8)

    def test_importance(self):
        X, y = waves()
        X = np.column_stack([X, np.random.RandomState(1).normal(size=len(X)).astype(np.float32)])
        found = permutation_importance(annc.AnncRegressor(lr=0.01).fit(X, y), X, y, n_repeats=5, random_state=0).importances_mean
        self.assertEqual(list(np.argsort(found)), [2, 1, 0])

    def test_clone(self):
        X, y = blobs()
        estimator = annc.AnncClassifier(hidden=(5, 3), lr=0.02).fit(X, y)
        again = clone(estimator).fit(X, y)
        self.assertEqual(again.get_params(), estimator.get_params())
        for a, b in zip(again.coefs_ + again.intercepts_, estimator.coefs_ + estimator.intercepts_):
            self.assertTrue(np.array_equal(a, b))

    def test_data_frame(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("pandas is not installed")
        X, y = blobs()
        frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
        fitted = annc.AnncClassifier(epochs=5).fit(frame, pandas.Series(np.array(["x", "y", "z"])[y]))
        self.assertEqual(json.loads(fitted.model_.metadata["annc.inputs"]), ["a", "b", "c", "d"])
        with self.assertRaisesRegex(ValueError, "feature names"):
            fitted.predict(frame[["b", "a", "c", "d"]])


class Bits(unittest.TestCase):
    """The program's results for the same options and data."""

    def train(self, estimator, X, y, name, *options):
        with tempfile.TemporaryDirectory() as folder:
            table, ours, theirs = (pathlib.Path(folder, name) for name in ("t.csv", "ours.safetensors", "theirs.safetensors"))
            write_table(table, X, y, "y")
            program("train", "--data", table, f"--{name}", "y", *options, "--save", theirs, "--quiet")
            estimator.fit(X, y).save(ours)
            self.assertEqual(tensors(ours), tensors(theirs))
            ours, theirs = annc.load(ours).metadata, annc.load(theirs).metadata
            for key in ("annc.scale", "annc.classes", "annc.input_shift", "annc.input_factor", "annc.target_shift", "annc.layers",
                        "annc.activations", "annc.cost", "annc.init", "annc.seed", "annc.epochs", "annc.batch"):
                self.assertEqual(ours.get(key), theirs.get(key), key)
            self.assertEqual(float.fromhex(ours["annc.lr"]), float.fromhex(theirs["annc.lr"]))

    def test_moved_images(self):
        """Rows as images: the program's bits for NPY files of three dimensions, of every type."""
        images = np.random.RandomState(3).randint(0, 256, (60, 6, 5)).astype(np.uint8)
        moved = dict(shift=1.5, rotate=20, zoom=0.1, elastic=9, elastic_sigma=1.5)
        options = [text for name, value in moved.items() for text in (f"--{name.replace('_', '-')}", value)]
        y = np.arange(60) % 3
        for kind in (np.uint8, np.float32, np.float64):
            with tempfile.TemporaryDirectory() as folder:
                x, labels, ours, theirs = (pathlib.Path(folder, name) for name in ("x.npy", "y.npy", "ours", "theirs"))
                np.save(x, images.astype(kind))
                np.save(labels, y)
                program("train", "--data", x, "--labels", labels, *options, "--layers", "30-7:relu-3:softmax", "--cost",
                        "categorical-cross-entropy", "--optimizer", "sgd", "--lr", 0.1, "--batch", 4, "--epochs", 3, "--schedule", "constant",
                        "--dropout", 0, "--label-smoothing", 0, "--weight-decay", 0, "--save", theirs, "--quiet")
                fitted = annc.AnncClassifier((7,), activation="relu", optimizer="sgd", lr=0.1, batch=4, epochs=3, schedule="constant", dropout=0,
                                             label_smoothing=0, weight_decay=0, image_shape=(6, 5), **moved)
                fitted.fit(images.astype(kind).reshape(60, 30), y).save(ours)
                self.assertEqual(tensors(ours), tensors(theirs))
                metadata = annc.load(theirs).metadata
                self.assertEqual(fitted.model_.metadata["annc.images"], metadata["annc.images"])
                self.assertIn("shift = 1.5\nrotate = 20\nzoom = 0.1\nelastic = 9\nelastic-sigma = 1.5\n", fitted.model_.metadata["annc.config"])
                still = annc.AnncClassifier((7,), epochs=3, image_shape=[6, 5]).fit(images.astype(kind).reshape(60, 30), y)
                self.assertFalse(np.array_equal(still.coefs_[0], fitted.coefs_[0]))

    def test_no_images(self):
        X, y = blobs()
        for wrong, message in ((dict(shift=1), "shift moves images: image_shape must be"), (dict(image_shape=(3, 2)), "X has 4 columns"),
                               (dict(image_shape=4), "rows and columns"), (dict(image_shape=(2, 0)), "rows and columns"),
                               (dict(image_shape=(2, 2), rotate=200), "rotate is 200"), (dict(image_shape=(2, 2), elastic=-1), "elastic is -1"),
                               (dict(image_shape=(2, 2), zoom=1), "zoom is 1"), (dict(image_shape=(2, 2), elastic_sigma=0), "elastic_sigma is 0"),
                               (dict(zoom=0.1), "zoom moves images"),
                               (dict(image_shape=(2, 2), shift="1"), "shift is '1'")):
            with self.assertRaisesRegex(ValueError, message):
                annc.AnncClassifier(epochs=1, **wrong).fit(X, y)

    def test_classes(self):
        X, y = blobs()
        self.train(annc.AnncClassifier((8,), activation="tanh", optimizer="adam", seed=7, epochs=9, batch=8, dropout=0.1, schedule="step",
                                       label_smoothing=0), X,
                   [("rose", "fern", "moss")[c] for c in y], "label", "--layers", "4-8:tanh-3:softmax", "--cost",
                   "categorical-cross-entropy", "--optimizer", "adam", "--seed", 7, "--epochs", 9, "--batch", 8, "--dropout", 0.1,
                   "--schedule", "step")

    def test_defaults(self):
        """Parameters that are not given are those that the program chooses."""
        X, y = blobs()
        self.train(annc.AnncClassifier(), X, y, "label")
        self.train(annc.AnncClassifier((5, 3), lr=0.01), X, y, "label", "--hidden", "5,3", "--lr", 0.01)
        self.train(annc.AnncClassifier(cost="hinge", optimizer="sgd", activation="gelu"), X, y, "label", "--cost", "hinge",
                   "--optimizer", "sgd", "--activation", "gelu")
        self.train(annc.AnncRegressor(epochs=3, hidden=()), *waves(), "target", "--epochs", 3, "--hidden", "none")

    def test_two_classes(self):
        X, y = blobs(classes=2)
        self.train(annc.AnncClassifier((5, 3), activation="relu", label_smoothing=0, cost="cross-entropy", epochs=4, batch=16,
                                       optimizer="sgd", lr=0.5, l2=1e-3, scale="min-max",
                                       dropout=0, schedule="constant"), X, y, "label",
                   "--layers", "4-5:relu-3:relu-1:sigmoid", "--cost", "cross-entropy", "--lr", 0.5, "--epochs", 4, "--l2", 1e-3,
                   "--scale", "min-max")

    def test_offsets(self):
        """Small differences of large inputs and targets are learned, predicted and measured."""
        X, y = waves()
        X, y, offset = X.astype(np.float64), y.astype(np.float64), 2.0**30
        estimator = annc.AnncRegressor((16,), epochs=60, lr=0.02)
        small = estimator.fit(X, y).score(X, y)
        large = estimator.fit(X + offset, y - offset).score(X + offset, y - offset)
        self.assertGreater(small, 0.8)
        self.assertAlmostEqual(large, small, delta=0.01)

    def test_numbers(self):
        X, y = waves()
        self.train(annc.AnncRegressor((16,), validation=0.2, patience=3, epochs=60, lr=0.02), X, y, "target",
                   "--hidden", 16, "--lr", 0.02, "--epochs", 60, "--validation", 0.2, "--patience", 3)

    def test_configuration(self):
        """The options in the model train the same bits by the program."""
        X, y = waves()
        with tempfile.TemporaryDirectory() as folder:
            table, ours, theirs, config = (pathlib.Path(folder, name) for name in ("t.csv", "o.safetensors", "t.safetensors", "c"))
            write_table(table, X, y, "y")
            fitted = annc.AnncRegressor((6, 4), activation="leaky-relu", schedule_factor=0.5, schedule="step", schedule_period=2, epochs=7,
                                        clip=0.7, weight_decay=0.01, validation=0.25, split_seed=5).fit(X, y)
            fitted.save(ours)
            config.write_text(fitted.model_.metadata["annc.config"])
            program("train", "--config", config, "--data", table, "--target", "y", "--save", theirs)
            self.assertEqual(tensors(ours), tensors(theirs))


class Inputs(unittest.TestCase):
    def test_types(self):
        """Types of numbers make no difference, except that bytes are divided by 255."""
        X, y = blobs()
        fits = [annc.AnncClassifier(epochs=3).fit(np.asarray(X, dtype=kind, order=order), y)
                for kind in (np.float32, np.float64, np.float16) for order in ("C", "F")]
        expected = annc.AnncClassifier(epochs=3).fit(X.astype(np.float16), y).predict_proba(X)
        for fitted in fits[:4]:
            self.assertTrue(np.array_equal(fitted.predict_proba(X), fits[0].predict_proba(X)))
        for fitted in fits[4:]:
            self.assertTrue(np.array_equal(fitted.predict_proba(X), expected))

    def test_layouts(self):
        """Any layout and order of bytes of the same numbers gives the same bits, for training and prediction."""
        X, y = blobs()
        X = np.round(X, 2).astype(np.float64)
        expected = annc.AnncClassifier(epochs=3).fit(X, y).predict_proba(X)
        masked = np.ma.array(X, mask=False)
        for given in (X.astype(">f8"), np.repeat(X, 2, axis=0)[::2], X[::-1][::-1], np.hstack([X, X])[:, :4], X.tolist(), X.astype(object),
                      X.astype(np.longdouble), X.astype(str), masked, tuple(map(tuple, X))):
            fitted = annc.AnncClassifier(epochs=3).fit(given, y.astype(">i4"))
            for got in (fitted.predict_proba(given), fitted.model_.predict_proba(given)):
                self.assertTrue(np.array_equal(got, expected))
            self.assertTrue(np.array_equal(fitted.predict_proba(given[:1]), fitted.predict_proba(X[:1])))
        X.setflags(write=False)
        self.assertTrue(np.array_equal(annc.AnncClassifier(epochs=3).fit(X, y).predict_proba(X), expected))

    def test_shapes(self):
        """A column of labels is taken with a warning, a column of numbers keeps its shape, and wrong shapes are errors."""
        from sklearn.exceptions import DataConversionWarning
        X, y = blobs()
        with self.assertWarns(DataConversionWarning):
            self.assertEqual(annc.AnncClassifier(epochs=1).fit(X, y.reshape(-1, 1)).predict(X).shape, (120,))
        self.assertEqual(annc.AnncRegressor(epochs=1).fit(X, y.reshape(-1, 1)).predict(X).shape, (120, 1))
        fitted = annc.AnncClassifier(epochs=1).fit(X, y)
        for rows, text in ((X[:, :3], "X has 3 features, but AnncClassifier is expecting 4"), (X[0], "Expected 2D array"), (X[:0], "0 sample"),
                           (X + 1j, "Complex data")):
            with self.assertRaisesRegex(ValueError, text):
                fitted.predict(rows)
        with self.assertRaisesRegex(ValueError, "label '5', which is not among the classes"):
            annc.AnncClassifier(epochs=1).fit(X, y, eval_set=(X, y + 5))

    def test_sparse(self):
        import scipy.sparse
        X, y = blobs()
        rows = scipy.sparse.csr_matrix(X)
        fitted = annc.AnncClassifier(epochs=1).fit(X, y)
        for call in (lambda: annc.AnncClassifier().fit(rows, y), lambda: fitted.predict(rows), lambda: fitted.model_.predict(rows)):
            with self.assertRaisesRegex(TypeError, "(?i)dense data is required"):
                call()

    def test_bytes(self):
        random = np.random.RandomState(0)
        X = random.randint(0, 256, size=(60, 9)).astype(np.uint8)
        y = (X[:, 0] > 127).astype(int)
        fitted = annc.AnncClassifier(epochs=60).fit(X, y)
        self.assertEqual(fitted.model_.metadata["annc.scale"], "255")
        self.assertGreater(fitted.score(X, y), 0.8)
        self.assertTrue(np.array_equal(fitted.predict_proba(X), fitted.predict_proba(X.astype(np.float64))))

    def test_no_copy(self):
        from annc._data import inputs_of
        for kind in (np.float32, np.float64, np.uint8):
            X = np.zeros((3, 2), dtype=kind)
            self.assertIs(inputs_of(X), X)

    def test_labels(self):
        X, y = blobs()
        for labels in (["a", "b", "ü"], [-1, 0, 10**15], [2.0, 10.0, 1.0], ["10", "9", "x"], ["01", "02", "10"]):
            given = np.array(labels)[y]
            fitted = annc.AnncClassifier().fit(X, given)
            self.assertEqual(list(fitted.classes_), sorted(labels))
            self.assertGreater(fitted.score(X, given), 0.8)
            best = fitted.classes_[np.argmax(fitted.predict_proba(X), axis=1)]
            self.assertTrue(np.array_equal(best, fitted.predict(X)))

    def test_truth_values(self):
        X, y = blobs(classes=2)
        fitted = annc.AnncClassifier(epochs=20).fit(X, y == 1)
        self.assertEqual((fitted.classes_.dtype, fitted.predict(X).dtype), (np.dtype(bool), np.dtype(bool)))
        self.assertGreater(fitted.score(X, y == 1), 0.8)

    def test_label_order(self):
        """Texts of numbers are sorted as texts here, and as numbers in the library."""
        X, y = blobs()
        given = np.array(["10", "9", "8"])[y]
        fitted = annc.AnncClassifier().fit(X, given)
        self.assertEqual(list(fitted.classes_), ["10", "8", "9"])
        self.assertGreater(fitted.score(X, given), 0.8)
        weighted = annc.AnncClassifier(class_weights={"9": 0.0}).fit(X, given)
        self.assertNotIn("9", weighted.predict(X))

    def test_missing(self):
        X, y = blobs()
        X[3, 1] = np.nan
        with self.assertRaisesRegex(ValueError, "NaN"):
            annc.AnncClassifier().fit(X, y)
        fitted = annc.AnncClassifier(missing="mean").fit(X, y)
        self.assertTrue(np.isfinite(fitted.predict_proba(X)).all())
        annc.AnncClassifier(missing="drop", epochs=1).fit(X, y)
        self.assertTrue(np.isnan(X[3, 1]))

    def test_several_targets(self):
        X, y = waves()
        targets = np.column_stack([y, -3 * y + 1])
        fitted = annc.AnncRegressor(lr=0.01).fit(X, targets)
        self.assertEqual(fitted.predict(X).shape, (len(X), 2))
        self.assertGreater(fitted.score(X, targets), 0.95)

    def test_quantiles(self):
        X = np.random.default_rng(5).random((600, 1))
        y = 10 * X[:, 0] + np.random.default_rng(6).uniform(-1, 1, 600)
        low, high = (annc.AnncRegressor((), cost="quantile", quantile=q, optimizer="adam", lr=0.02, epochs=100).fit(X, y) for q in (0.1, 0.75))
        self.assertAlmostEqual((y <= low.predict(X)).mean(), 0.1, delta=0.03)
        self.assertAlmostEqual((y <= high.predict(X)).mean(), 0.75, delta=0.03)
        self.assertEqual(high.model_.shape.quantile, 0.75)
        with self.assertRaisesRegex(ValueError, "quantile"):
            annc.AnncRegressor(cost="quantile", quantile=1.5).fit(X, y)

    def test_counts(self):
        X = np.random.default_rng(5).random((600, 1))
        rate = np.exp(0.5 + 2 * X[:, 0])
        fitted = annc.AnncRegressor((), cost="poisson", optimizer="adam", lr=0.02, epochs=100).fit(X, np.random.default_rng(6).poisson(rate))
        self.assertEqual(fitted.model_.activations[-1], "exp")
        self.assertLess(np.abs(np.log(fitted.predict(X) / rate)).max(), 0.2)


class Training(unittest.TestCase):
    def test_attributes(self):
        X, y = blobs()
        fitted = annc.AnncClassifier((7, 5), epochs=12, validation=0.25).fit(X, y)
        self.assertEqual([c.shape for c in fitted.coefs_], [(4, 7), (7, 5), (5, 3)])
        self.assertEqual([b.shape for b in fitted.intercepts_], [(7,), (5,), (3,)])
        self.assertEqual((fitted.n_iter_, len(fitted.loss_curve_), len(fitted.validation_curve_)), (12, 12, 12))
        self.assertEqual(fitted.best_epoch_, 1 + int(np.argmin(fitted.validation_curve_)))
        self.assertLess(fitted.loss_curve_[-1], fitted.loss_curve_[0])

    def test_parameters_make_predictions(self):
        X, y = blobs()
        fitted = annc.AnncClassifier((7,), activation="relu", epochs=3, scale="none").fit(X, y)
        hidden = np.maximum(X @ fitted.coefs_[0] + fitted.intercepts_[0], 0)
        z = hidden @ fitted.coefs_[1] + fitted.intercepts_[1]
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        self.assertTrue(np.allclose(p, fitted.predict_proba(X), atol=1e-6))

    def test_weights_of_rows(self):
        """Weight 2 is the row twice, weight 0 its absence, equal weights are none."""
        weight = np.array([2, 1, 0, 3, 1, 0, 1])[np.arange(120) % 7]
        for (X, y), kind in ((blobs(), annc.AnncClassifier), (waves(120), annc.AnncRegressor)):
            X = X.astype(np.float64)
            estimator = kind((5,), epochs=30, batch=1000, dropout=0, lr=0.02)
            fitted = clone(estimator).fit(X, y, sample_weight=weight)
            repeated = clone(estimator).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight, axis=0))
            got, want = ((f.predict_proba if kind is annc.AnncClassifier else f.predict)(X) for f in (fitted, repeated))
            self.assertTrue(np.allclose(got, want, rtol=1e-3, atol=1e-3), np.abs(got - want).max())
            plain = clone(estimator).fit(X, y)
            self.assertFalse(np.allclose(plain.coefs_[0], fitted.coefs_[0], atol=1e-3))
            for data in (X, X.astype(np.float32), np.round(X * 20 + 99).astype(np.uint8)):
                pairs = ((clone(estimator).fit(data, y, 3.0 * np.ones(len(y))), clone(estimator).fit(data, y)),
                         (clone(estimator).fit(data, y, list(weight > 0)), clone(estimator).fit(data[weight > 0], y[weight > 0])))
                for one, other in pairs:
                    self.assertEqual(one.loss_curve_, other.loss_curve_)
                    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_):
                        self.assertTrue(np.array_equal(a, b))
            clone(estimator).partial_fit(X, y, **({"classes": [0, 1, 2]} if kind is annc.AnncClassifier else {}), sample_weight=weight)
            for wrong, message in ((-weight - 1, "row 1 has the weight -3"), (0 * weight, "non-zero|weight of every row is 0"), (weight[1:], "sample_weight"),
                                   (np.where(weight > 2, np.nan, 1), "NaN")):
                with self.assertRaisesRegex(ValueError, message):
                    clone(estimator).fit(X, y, sample_weight=wrong)

    def test_weights_and_validation(self):
        """Held-out rows are weighted too, and classes besides."""
        X, y = blobs(240)
        weight = 1.0 + np.arange(240) % 5
        fitted = annc.AnncClassifier(epochs=20, validation=0.25, class_weights="balanced").fit(X, y, weight)
        other = annc.AnncClassifier(epochs=20, validation=0.25, class_weights="balanced").fit(X, y, 8 * weight)
        self.assertEqual(fitted.validation_curve_, other.validation_curve_)
        self.assertNotEqual(fitted.validation_curve_, annc.AnncClassifier(epochs=20, validation=0.25, class_weights="balanced").fit(X, y).validation_curve_)

    def test_eval_set(self):
        X, y = blobs(240)
        fitted = annc.AnncClassifier(epochs=200, patience=3, lr=0.05).fit(X[:60], y[:60], eval_set=(X[60:], y[60:]))
        self.assertLess(fitted.n_iter_, 200)
        self.assertEqual(fitted.n_iter_, fitted.best_epoch_ + 3)
        p = fitted.predict_proba(X[60:])[np.arange(180), y[60:]]
        self.assertAlmostEqual(float(-np.log(p).mean()), min(fitted.validation_curve_), places=4)

    def test_eval_set_with_weights(self):
        """A held-out row of weight 2 counts as two, one of weight 0 as none."""
        X, y = blobs(240)
        weight = np.arange(180) % 3
        repeated = np.repeat(np.arange(60, 240), weight)
        for kind in (annc.AnncClassifier, annc.AnncRegressor):
            def fit(*held, kind=kind):
                return kind(epochs=8).fit(X[:60], y[:60], eval_set=held).validation_curve_
            weighted = fit(X[60:], y[60:], weight)
            np.testing.assert_allclose(weighted, fit(X[repeated], y[repeated]), rtol=1e-5)
            self.assertGreater(np.abs(np.subtract(weighted, fit(X[60:], y[60:]))).max(), 1e-4)
            self.assertEqual(fit(X[60:], y[60:], None), fit(X[60:], y[60:]))
            for held, message in (((X[60:], y[60:], weight[1:]), "sample_weight"), ((X[60:], y[60:], -weight), "row 2 has the weight -1"),
                                  ((X[60:],), "1 items: it must be"), ((X[60:], y[60:], weight, 1), "4 items: it must be")):
                with self.assertRaisesRegex(ValueError, message):
                    fit(*held)

    def test_partial_fit(self):
        X, y = blobs()
        fitted = annc.AnncClassifier(lr=0.01)
        with self.assertRaisesRegex(ValueError, "classes must be passed"):
            fitted.partial_fit(X, y)
        for _ in range(15):
            for part in (slice(0, 60), slice(60, 120)):
                fitted.partial_fit(X[part], y[part], classes=[0, 1, 2])
        self.assertEqual((fitted.n_iter_, len(fitted.loss_curve_)), (30, 30))
        self.assertGreater(fitted.score(X, y), 0.8)
        with self.assertRaisesRegex(ValueError, "label '7'"):
            fitted.partial_fit(X, y + 7)
        self.assertEqual(annc.AnncClassifier().partial_fit(X[:30], np.zeros(30, int), classes=[0, 1, 2]).predict_proba(X).shape, (120, 3))

    def test_warm_start(self):
        X, y = waves()
        fitted = annc.AnncRegressor(warm_start=True, epochs=5).fit(X, y)
        first = fitted.loss_curve_[0]
        fitted.fit(X, y)
        self.assertEqual(fitted.n_iter_, 10)
        self.assertLess(fitted.loss_curve_[5], first)
        fitted.set_params(warm_start=False).fit(X, y)
        self.assertEqual((fitted.n_iter_, fitted.loss_curve_[0]), (5, first))

    def test_class_weights(self):
        X, y = blobs(300, classes=2)
        y[:100] = 0
        plain, balanced, listed = (annc.AnncClassifier(class_weights=weights, epochs=30).fit(X, y)
                                   for weights in (None, "balanced", 300 / (2 * np.bincount(y))))
        self.assertGreater(balanced.predict(X).sum(), plain.predict(X).sum())
        self.assertTrue(np.array_equal(listed.predict_proba(X), balanced.predict_proba(X)))

    def test_limits(self):
        X, y = blobs()
        self.assertEqual(annc.AnncClassifier(target_accuracy=0.5).fit(X, y).best_epoch_, 0)
        self.assertLess(annc.AnncClassifier(target_accuracy=0.5).fit(X, y).n_iter_, 100)
        self.assertLess(annc.AnncClassifier(max_time=0.05, epochs=10**6).fit(X, y).n_iter_, 10**5)

    def test_report(self):
        """The page has a curve and the chosen options; the program's message is the error."""
        X, y = blobs()
        for fitted in (annc.AnncClassifier(epochs=7, validation=0.2).fit(X, y), annc.AnncRegressor(epochs=7, validation=0.2).fit(*waves())):
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, "page.html")
                fitted.report(path)
                page = path.read_text(encoding="utf-8")
                self.assertEqual(page.count("<html"), 1)
                self.assertIn("<svg", page)
                for text in ("training loss", "validation loss", "adamw", "-".join(map(str, fitted.model_.widths))):
                    self.assertIn(text, page)
                self.assertNotIn("evaluated again", page)
                self.assertIn("the log names none", page)
                with self.assertRaisesRegex(RuntimeError, "none"):
                    fitted.report(pathlib.Path(folder, "none", "page.html"))
                fitted.report(path, *((X, y) if isinstance(fitted, annc.AnncClassifier) else waves()))
                page = path.read_text(encoding="utf-8")
                for text in ("training loss", "evaluated again", ">200<" if isinstance(fitted, annc.AnncRegressor) else ">120<"):
                    self.assertIn(text, page)

    def test_picture(self):
        """A notebook shows the network and the curves of a fitted estimator; before that, what scikit-learn shows."""
        X, y = blobs()
        fitted = annc.AnncClassifier(hidden=(12, 3), epochs=7, validation=0.2).fit(X, y)
        fitted.device_ = "<b>&"
        bundle = fitted._repr_mimebundle_()
        root = ElementTree.fromstring(bundle["text/html"])
        self.assertEqual(bundle["text/html"], fitted._repr_html_())
        self.assertEqual(bundle["text/plain"], repr(fitted))
        network, curves = root.findall("svg")
        self.assertEqual(len(network.findall("circle")), 4 + 9 + 3 + 3)  # of wide layers nine units
        self.assertEqual([text.text for text in network.findall("text")][::2], ["4", "12", "3", "3"])
        lines = [[tuple(map(float, point.split(","))) for point in line.get("points").split()] for line in curves.findall("polyline")]
        self.assertEqual([len(line) for line in lines], [7, 7])
        for line, losses in zip(lines, (fitted.loss_curve_, fitted.validation_curve_)):
            self.assertEqual(np.argsort([y for _, y in line]).tolist(), np.argsort(losses)[::-1].tolist())  # y runs down
        self.assertIn("<b>&", "".join(root.itertext()))
        for epochs in (0, 1, 1000):
            few = annc.AnncRegressor(hidden=(), epochs=epochs).fit(*waves(20))
            ElementTree.fromstring(few._repr_html_())
        self.assertIn("AnncClassifier", annc.AnncClassifier()._repr_html_())
        self.assertIn("text/html", annc.AnncClassifier()._repr_mimebundle_())

    def test_progress(self):
        try:
            import tqdm  # noqa: F401
        except ImportError:
            self.skipTest("tqdm is not installed")
        import contextlib
        import io
        with contextlib.redirect_stderr(io.StringIO()) as shown:
            annc.AnncRegressor(verbose=1, epochs=5).fit(*waves())
        self.assertIn("5/5", shown.getvalue())
        self.assertIn("loss=", shown.getvalue())


class Errors(unittest.TestCase):
    def refused(self, text, kind=ValueError, y=None, **parameters):
        X, labels = blobs()
        with self.assertRaisesRegex(kind, text):
            annc.AnncClassifier(**parameters).fit(X, labels if y is None else y)

    def test_parameters(self):
        self.refused("activation is 'rely': it must be one of sigmoid, tanh, relu", activation="rely")
        self.refused("hidden is", hidden=(3, 0))
        self.refused("hidden is", hidden=(1,) * 64)
        self.refused("the learning rate is -1", lr=-1.0)
        self.refused("dropout", dropout=1.5)
        self.refused("batch", batch=0)
        self.refused("epochs is 2.5", epochs=2.5)
        self.refused("validation is 1", validation=1)
        self.refused("class_weights is", class_weights=[1, 2])
        self.refused("class_weights is 'even'", class_weights="even")
        self.refused("device is 'cuda:x'", device="cuda:x")
        self.refused("precision is 'fp8': it must be one of fp32, tf32, bf16", precision="fp8")
        self.refused("the device 'cpu' computes in fp32", RuntimeError, precision="tf32", device="cpu")
        self.refused("softmax", activation="softmax")
        self.refused("hidden is 64.5", hidden=64.5)
        self.refused("hidden is True", hidden=True)
        self.refused("lr is 'x': it must be a number", lr="x")
        self.refused("dropout is 'x': it must be a number", dropout="x")
        self.refused("warmup is 'x': it must be a number", warmup="x")
        self.refused("validation is 'x'", validation="x")
        self.refused("max_time is -1: it must be a number, 0 or more", max_time=-1)
        self.refused("target_accuracy is 1.5: it must be a number from 0 to 1", target_accuracy=1.5)
        self.refused("seed is None: it must be a whole number", seed=None)
        self.refused("^seed is .*: it must be a whole number", seed=np.random.RandomState(0))
        self.refused("class_weights has the label 7, which is not among", class_weights={7: 2.0})
        self.refused("class_weights is {0: 'a'}", class_weights={0: "a"})
        self.refused("cost", output_activation="softmax", cost="cross-entropy")

    def test_values(self):
        self.refused("one class", y=np.zeros(120))
        self.refused("Unknown label type", y=np.linspace(0, 1, 120))
        self.refused("label '1.0', which is the same number as another", y=np.array(["1", "1.0"])[np.arange(120) % 2])
        self.refused("label '1', which is the same number as another", y=np.array(["1", "01"])[np.arange(120) % 2])
        with self.assertRaisesRegex(ValueError, "row 2, input 1 is 1e\\+300, which is too large for single precision"):
            annc.AnncRegressor().fit([[1.0], [1e300]], [1, 2])
        with self.assertRaisesRegex(ValueError, "no probabilities"):
            X, y = blobs()
            annc.AnncClassifier(output_activation="identity", epochs=1).fit(X, y).predict_proba(X)

    def test_divergence(self):
        X, y = waves()
        with self.assertRaisesRegex(RuntimeError, "diverged: .*lower 'lr'"):
            annc.AnncRegressor(optimizer="sgd", lr=1e6).fit(X, y)

    def test_device(self):
        self.refused("CUDA|cuda|driver|device", RuntimeError, device="cuda:7")

    def test_memory(self):
        self.refused("needs .*(B|bytes)", MemoryError, hidden=(2**24, 2**24))


if __name__ == "__main__":
    unittest.main()
