"""Data frames with columns of words: the program's bits, its models here and ours there, unknown and missing levels, errors."""
import json
import pathlib
import pickle
import tempfile
import unittest
import warnings

import numpy as np

import annc
from samples import HAS_SKLEARN, program, tensors

try:
    import pandas
except ImportError:
    raise unittest.SkipTest("pandas is not installed")
if not HAS_SKLEARN:
    raise unittest.SkipTest("scikit-learn is not installed")

from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


def frame(rows=180, seed=0):
    """Return a frame with a column of every kind, and labels and numbers that follow from it."""
    random = np.random.RandomState(seed)
    table = pandas.DataFrame({
        "size": random.normal(size=rows), "colour": random.choice(["red", "dark blue", "green"], rows),
        "kind": pandas.Categorical(random.choice(["b", "a", "c"], rows), categories=["c", "b", "a", "never"]),
        "code": pandas.Categorical(random.choice([10, 9, 200], rows)), "big": random.uniform(size=rows) > 0.5,
        "number": [f"{value:.3f}" for value in random.normal(size=rows)], "note": random.choice(["u", "NA", None], rows),
        "count": random.randint(0, 9, rows)})
    table.loc[7, "colour"] = "pink"  # a rare level
    value = (table["colour"] == "green") + table["size"] + 0.5 * table["number"].astype(float)
    return table, np.where(value > 0.4, "yes", "no"), 20 * value.to_numpy()


class Frames(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        caught = warnings.catch_warnings()
        caught.__enter__()
        self.addCleanup(caught.__exit__, None, None, None)
        warnings.filterwarnings("ignore", ".*'pink' in row")

    def path(self, name):
        return self.folder / name

    def both(self, estimator, table, y, *options, categorical="kind,code"):
        """Train on a frame, and by the program on the same table as a file; return both models."""
        kind = "label" if isinstance(estimator, annc.AnncClassifier) else "target"
        table.assign(answer=y).to_csv(self.path("t.csv"), index=False)
        program("train", "--data", self.path("t.csv"), f"--{kind}", "answer", *(["--categorical", categorical] if categorical else []), *options, "--quiet",
                "--save", self.path("theirs"))
        estimator.fit(table, y).save(self.path("ours"))
        ours, theirs = annc.load(self.path("ours")), annc.load(self.path("theirs"))
        self.assertEqual(tensors(self.path("ours")), tensors(self.path("theirs")))
        for key in ("annc.categories", "annc.inputs", "annc.classes", "annc.input_shift", "annc.input_factor", "annc.target_shift"):
            self.assertEqual(ours.metadata.get(key), theirs.metadata.get(key), key)
        return ours, theirs

    def test_bits(self):
        """Training gives the program's bits and levels, and predictions of either model are those of the other, in any order of columns."""
        table, labels, numbers = frame()
        for estimator, y, options in ((annc.AnncClassifier(epochs=5), labels, ["--epochs", 5]),
                                      (annc.AnncClassifier(epochs=5, validation=0.3, split_seed=2), labels,
                                       ["--epochs", 5, "--validation", 0.3, "--split-seed", 2]),
                                      (annc.AnncRegressor((4,), lr=0.02, epochs=9, scale="min-max"), numbers,
                                       ["--hidden", 4, "--lr", 0.02, "--epochs", 9, "--scale", "min-max"])):
            ours, theirs = self.both(estimator, table, y, *options)
            expected = ours.outputs(table)
            backwards = table[table.columns[::-1]].assign(other=1)
            for model, rows in ((theirs, table), (theirs, backwards), (ours, backwards), (estimator.model_, table)):
                self.assertTrue(np.array_equal(model.outputs(rows), expected))
            levels = {column["column"]: column for column in json.loads(ours.metadata["annc.categories"])}
            self.assertEqual(list(levels), ["colour", "kind", "code", "note"])
            self.assertEqual(levels["kind"]["levels"], ["a", "b", "c"])
            self.assertEqual(levels["code"]["levels"], ["10", "200", "9"])
            self.assertEqual((levels["colour"]["other"], levels["note"]["missing"]), (True, True))
            shown = [json.loads(line) for line in program("predict", self.path("ours"), self.path("t.csv"), "--json").splitlines()]
            if y is labels:
                self.assertEqual([line["label"] for line in shown], list(estimator.predict(table)))
                right = json.loads(program("eval", self.path("ours"), "--data", self.path("t.csv"), "--label", "answer", "--json").splitlines()[-1])
                self.assertAlmostEqual(right["accuracy"], estimator.score(table, y))
            else:
                right = json.loads(program("eval", self.path("ours"), "--data", self.path("t.csv"), "--target", "answer", "--json").splitlines()[-1])
                self.assertAlmostEqual(right["r2"], estimator.score(table, y), places=5)

    def test_configuration(self):
        """The options in the model train the same bits by the program."""
        table, labels, _ = frame()
        fitted = annc.AnncClassifier(epochs=3, categorical=["count"], numeric=["number"]).fit(table, labels)
        fitted.save(self.path("ours"))
        table.assign(answer=labels).to_csv(self.path("t.csv"), index=False)
        self.path("c").write_text(fitted.model_.metadata["annc.config"])
        program("train", "--config", self.path("c"), "--data", self.path("t.csv"), "--label", "answer", "--quiet", "--save", self.path("theirs"))
        self.assertEqual(tensors(self.path("ours")), tensors(self.path("theirs")))

    def test_unknown_levels(self):
        """They count as rare ones, or as none, with a warning; what the program predicts is the same."""
        table, labels, _ = frame()
        fitted = annc.AnncClassifier(epochs=3).fit(table, labels)
        fitted.save(self.path("m"))
        other = table.head(4).astype({"kind": str, "code": object})
        other.loc[1, "colour"] = "violet"
        other.loc[2, "kind"] = None
        other.to_csv(self.path("o.csv"), index=False)
        with self.assertWarnsRegex(UserWarning, r"column 'colour' has a level .*\('violet' in row 2\); they count as colour=\(other\)"):
            got = fitted.predict_proba(other)
        with self.assertWarnsRegex(UserWarning, r"column 'kind' has a level .*'\(missing\)' in row 3\); none of the column's inputs is 1"):
            fitted.predict_proba(other)
        lines = [json.loads(line) for line in program("predict", self.path("m"), self.path("o.csv"), "--json").splitlines()]
        shown = np.array([[line["probabilities"][i] for i in range(2)] for line in lines])
        np.testing.assert_allclose(got, shown, rtol=1e-6)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fitted.predict(table[table["colour"] != "pink"])
            clone(fitted).fit(table, labels)  # has a rare level, too

    def test_more_training(self):
        """Levels stay those of the first rows in partial_fit and warm starts; a validation set has them, too."""
        table, labels, _ = frame()
        fitted = annc.AnncClassifier(lr=0.01, hidden=(8,)).partial_fit(table[:90], labels[:90], classes=["no", "yes"])
        before = fitted.model_.metadata["annc.categories"]
        more = table[90:].astype({"kind": str})
        more.loc[100, "kind"] = "new"
        with self.assertWarnsRegex(UserWarning, "'new' in row 11"):
            fitted.partial_fit(more, labels[90:])
        self.assertEqual(fitted.model_.metadata["annc.categories"], before)
        held = annc.AnncClassifier(epochs=30, patience=3).fit(table[:90], labels[:90], eval_set=(table[90:], labels[90:]))
        p = held.predict_proba(table[90:])[np.arange(90), (labels[90:] == "yes").astype(int)]
        self.assertAlmostEqual(float(-np.log(p).mean()), min(held.validation_curve_), places=4)
        again = clone(held).fit(table[["size", "colour"]], labels)  # other columns than before
        self.assertEqual(again.n_features_in_, 2)
        self.assertGreater(again.score(table[["size", "colour"]], labels), 0.6)

    def test_kinds(self):
        """Words or numbers, as their cells, their type or the parameters say."""
        table, labels, _ = frame()
        inputs = annc.AnncClassifier(epochs=1, categorical=["count", "big"]).fit(table, labels).model_.metadata["annc.inputs"]
        for name in ("count=0", "big=True", "number", "note=u", "note=(missing)", "size"):
            self.assertIn(name, json.loads(inputs))
        when = pandas.DataFrame({"x": np.arange(40.0), "when": pandas.date_range("2020-01-01", periods=40)})
        y = np.arange(40) % 2
        with self.assertRaisesRegex(ValueError, "column 'when': '01/01/2020' is a date or a time in a form that is not read"):
            annc.AnncClassifier(epochs=1).fit(when.assign(when=when["when"].dt.strftime("%d/%m/%Y")), y)
        self.assertEqual(annc.AnncClassifier(epochs=1, categorical=["when"]).fit(when, y).model_.widths[0], 41)
        numbers = table[["size", "count"]].astype({"count": "Int64"})
        self.assertEqual(annc.AnncClassifier(epochs=1).fit(numbers.assign(word=table["colour"]), labels).model_.widths[0], 6)

    def test_dates(self):
        """Columns of dates have the bits of the program's on the same table, whatever their type, and models go both ways."""
        rows = np.arange(120)
        moments = pandas.Series(pandas.Timestamp("2019-11-03") + pandas.to_timedelta((37 * rows) % 900 + rows / 7, unit="D")).dt.round("ns")
        table = pandas.DataFrame({"size": (7 * rows) % 11 / 4, "when": moments})
        y = table["size"] + (37 * rows) % 900 / 300
        plain = []
        for column in (moments, moments.dt.tz_localize("UTC"), moments.dt.tz_localize("UTC").dt.tz_convert("Asia/Kolkata"), moments.astype(str), moments.astype(object)):
            dated = table.assign(when=column)
            fitted = annc.AnncRegressor(epochs=3)
            ours, theirs = self.both(fitted, dated, y, "--epochs", 3, categorical="")
            self.assertEqual((ours.metadata["annc.dates"], theirs.metadata["annc.dates"]), ("[1]", "[1]"))
            plain.append(ours.outputs(dated))
            self.assertTrue(np.array_equal(theirs.outputs(table[["when", "size"]]), plain[0]))
            self.assertTrue(np.array_equal(plain[-1], plain[0]))
            self.assertTrue(np.array_equal(fitted.predict(dated), plain[0][:, 0]))
        days = (moments.dt.floor("D") - pandas.Timestamp("1970-01-01")).dt.days + (moments - moments.dt.floor("D")).astype("timedelta64[ns]").astype("int64") / 86400e9
        self.assertTrue(np.array_equal(ours.outputs(np.column_stack([table["size"], days])), plain[0]))  # in an array they are days
        with self.assertRaisesRegex(ValueError, "column 'when' has numbers, but dates in the training data"):
            ours.outputs(table.assign(when=days))
        with self.assertRaisesRegex(ValueError, "column 'when' has numbers, but dates in the training data"):
            fitted.predict(table.assign(when=days))
        numbers = annc.AnncRegressor(epochs=1).fit(table.assign(when=days), y)
        with self.assertRaisesRegex(ValueError, "column 'when': '2019-11-03 00:00:00.*' is a date .*the training data have numbers"):
            numbers.predict(table)
        with self.assertRaisesRegex(ValueError, "row 4, column 'when': '2023-02-29' is not a date as in .* \(1 of 120 cells\)"):
            annc.AnncRegressor(epochs=1).fit(table.assign(when=moments.astype(str).where(rows != 3, "2023-02-29")), y)
        holes = table.assign(when=moments.where(rows != 3))
        with self.assertRaisesRegex(ValueError, "row 4, column when: the value is missing"):
            annc.AnncRegressor(epochs=1).fit(holes, y)
        self.assertTrue(np.isfinite(annc.AnncRegressor(epochs=1, missing="mean").fit(holes, y).predict(holes)).all())
        for array in (moments.to_numpy().reshape(-1, 1), (moments - moments[0]).to_numpy().reshape(-1, 1)):
            with self.assertRaisesRegex(ValueError, "X has the type (datetime|timedelta)64.*: give dates as columns of a data frame"):
                annc.AnncRegressor(epochs=1).fit(array, y)
            with self.assertRaisesRegex(ValueError, "X has the type"):
                ours.outputs(array)

    def test_unnamed_columns(self):
        table, labels, _ = frame()
        table.columns = range(8)
        fitted = annc.AnncClassifier(epochs=2, categorical=[7]).fit(table, labels)
        self.assertIn("8=3", json.loads(fitted.model_.metadata["annc.inputs"]))
        self.assertTrue(np.array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(table), fitted.predict_proba(table)))
        self.assertTrue(np.array_equal(fitted.model_.outputs(table), fitted.predict_proba(table)))

    def test_weights_and_missing_numbers(self):
        table, _, numbers = frame()
        weight = np.arange(180) % 3
        some = table[weight > 0].reset_index(drop=True)
        fits = (annc.AnncRegressor(epochs=3).fit(table, numbers, sample_weight=weight > 0), annc.AnncRegressor(epochs=3).fit(some, numbers[weight > 0]))
        self.assertEqual(*(fit.model_.widths for fit in fits))
        table.loc[3, "size"] = np.nan
        table.loc[4, "number"] = None
        with self.assertRaisesRegex(ValueError, "row 4, column size: the value is missing"):
            annc.AnncRegressor(epochs=1).fit(table, numbers)
        fitted = annc.AnncRegressor(epochs=1, missing="mean").fit(table, numbers)
        self.assertTrue(np.isfinite(fitted.predict(table)).all())

    def test_tools(self):
        """The audit, cross-validation and pipelines take such frames."""
        table, labels, numbers = frame()
        model = annc.AnncClassifier((5,), activation="tanh", epochs=3).fit(table, labels).model_
        self.assertTrue(all(row.passed for row in model.check(table, labels)))
        self.assertGreater(cross_val_score(annc.AnncRegressor(lr=0.01, hidden=(16,), epochs=60), table, numbers, cv=3).mean(), 0.5)
        pipeline = make_pipeline(FunctionTransformer(lambda rows: rows.drop(columns="note")), annc.AnncClassifier(epochs=20))
        self.assertGreater(pipeline.fit(table, labels).score(table, labels), 0.8)

    def test_refused(self):
        table, labels, _ = frame()
        cases = ((table.assign(id=[f"i{i}" for i in range(180)]), {}, "column 'id': 'i0' is not a number, and all 180 texts .* as identifiers are"),
                 (table, {"numeric": ["colour"]}, "row 1, column 'colour': '.*' is not a number"),
                 (table, {"categorical": ["shade"]}, "categorical names the column 'shade', but X has size, colour"),
                 (table, {"categorical": ["count"], "numeric": ["count"]}, "column 'count' cannot be both"),
                 (np.zeros((180, 2)), {"categorical": ["count"]}, "X must be a data frame"),
                 (table.assign(size=np.inf), {}, "row 1, column 1 is inf"),
                 (table.assign(size=1j), {}, "Complex data not supported: column 'size'"),
                 (table.assign(note="x" * 2000), {}, "row 1, column 'note': a text or name of more than 1024 bytes"),
                 (table.assign(note="x\0y"), {}, "has a NUL character"),
                 (table.head(0), {}, "0 sample"))
        for rows, parameters, message in cases:
            with self.assertRaisesRegex(ValueError, message):
                annc.AnncClassifier(epochs=1, **parameters).fit(rows, labels[:len(rows)])
        fitted = annc.AnncClassifier(epochs=1).fit(table, labels)
        with self.assertRaisesRegex(ValueError, "feature names"):
            fitted.predict(table[table.columns[::-1]])
        with self.assertRaisesRegex(ValueError, "has no column 'colour', which the training data have"):
            fitted.model_.predict(table.drop(columns="colour"))
        with self.assertRaisesRegex(ValueError, "inconsistent numbers of samples"):
            fitted.fit(table, labels[1:])


if __name__ == "__main__":
    unittest.main()
