"""Models: files shared with the program, the audit, exports, pickles."""
import copy
import json
import pathlib
import pickle
import tempfile
import unittest

import numpy as np

import annc
from samples import HAS_SKLEARN, blobs, program, waves, write_table


def r2(model, X, y):
    return 1 - np.sum((model.predict(X) - y) ** 2) / np.sum((y - y.mean()) ** 2)


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return pathlib.Path(self.folder.name, name)

    def train(self, X, y, kind, *options):
        """Train by the program; return the model's path and the table's."""
        table, model = self.path("t.csv"), self.path("m.safetensors")
        write_table(table, X, y, "y")
        program("train", "--data", table, f"--{kind}", "y", *options, "--quiet", "--save", model)
        return model, table

    def test_classes(self):
        """A model of the program predicts here what it predicts there."""
        X, y = blobs()
        names = [("rose", "fern", "moss")[c] for c in y]
        path, table = self.train(X, names, "label", "--layers", "4-8:relu-3:softmax", "--cost", "categorical-cross-entropy", "--lr", 0.1)
        model = annc.load(path)
        lines = [json.loads(line) for line in program("predict", path, table, "--json", "--label", "y").splitlines()]
        self.assertEqual(list(model.classes_), ["fern", "moss", "rose"])
        self.assertEqual(list(model.predict(X)), [line["label"] for line in lines])
        told = np.array([[line["probabilities"][i] for i in range(3)] for line in lines])
        self.assertTrue(np.allclose(model.predict_proba(X), told, atol=1e-6))
        self.assertEqual((model.widths, model.activations, model.cost), ([4, 8, 3], ["relu", "softmax"], "categorical-cross-entropy"))

    def test_whole_labels(self):
        X, y = blobs(classes=2)
        path, _ = self.train(X, y, "label", "--layers", "4-3:tanh-1:sigmoid", "--cost", "cross-entropy", "--lr", 0.5)
        model = annc.load(str(path))
        self.assertEqual(model.classes_.tolist(), [0, 1])
        self.assertGreater((model.predict(X) == y).mean(), 0.8)
        self.assertTrue(np.array_equal(model.predict_proba(X)[:, 1] > 0.5, model.predict(X) == 1))

    def test_numbers(self):
        X, y = waves()
        path, table = self.train(X, y, "target", "--layers", "2-16:tanh-1:identity", "--optimizer", "adam", "--lr", 0.01, "--epochs", 60)
        model = annc.load(path)
        self.assertIsNone(model.classes_)
        measured = json.loads(program("eval", path, "--data", table, "--target", "y", "--json").splitlines()[-1])
        self.assertAlmostEqual(float(np.sqrt(np.mean((model.predict(X) - y) ** 2))), measured["rmse"], places=3)

    def test_back(self):
        """What is saved here is used by the program."""
        X, y = blobs()
        model = annc.load(self.train(X, y, "label", "--layers", "4-3:softmax", "--cost", "categorical-cross-entropy", "--lr", 0.1)[0])
        saved = self.path("saved.safetensors")
        model.save(saved)
        self.assertEqual(saved.read_bytes(), self.path("m.safetensors").read_bytes())
        self.assertIn("4-3", program("info", saved))

    def test_parameters(self):
        X, y = blobs()
        model = annc.load(self.train(X, y, "label", "--layers", "4-5:tanh-3:softmax", "--cost", "categorical-cross-entropy", "--lr", 0.1,
                                     "--scale", "none")[0])
        z = np.tanh(X @ model.weights(1).T + model.biases(1)) @ model.weights(2).T + model.biases(2)
        self.assertTrue(np.allclose(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), model.outputs(X), atol=1e-6))
        with self.assertRaisesRegex(ValueError, "layer is 3: it must be 1 to 2"):
            model.weights(3)

    def test_audit(self):
        X, y = blobs()
        model = annc.load(self.train(X, y, "label", "--layers", "4-5:tanh-3:softmax", "--cost", "categorical-cross-entropy", "--lr", 0.1)[0])
        rows = model.check(X, y, sample=0)
        self.assertTrue(all(row.passed and row.worst <= row.tolerance for row in rows))
        self.assertEqual({(row.layer, row.kind) for row in rows}, {(1, "weights"), (1, "biases"), (2, "weights"), (2, "biases")})
        self.assertEqual({row.sampled for row in rows if row.layer == 1 and row.kind == "weights"}, {20})
        with self.assertRaisesRegex(ValueError, "label '9'"):
            model.check(X, np.full(len(y), 9))
        with self.assertRaisesRegex(ValueError, "sample is -1"):
            model.check(X, y, sample=-1)

    def test_exports(self):
        X, y = blobs()
        model = annc.load(self.train(X, y, "label", "--layers", "4-3:softmax", "--cost", "categorical-cross-entropy", "--lr", 0.1)[0])
        for format in ("onnx", "npz", "json", "c", "html"):
            ours, theirs = self.path(f"ours.{format}"), self.path(f"theirs.{format}")
            model.export(ours)
            program("export", self.path("m.safetensors"), "--format", format, "--out", theirs)
            self.assertEqual(ours.read_bytes(), theirs.read_bytes())
        with np.load(self.path("ours.npz")) as arrays:
            self.assertTrue(np.array_equal(arrays["0.weight"], model.weights(1)))
        model.export(self.path("x.txt"), "json")
        with self.assertRaisesRegex(ValueError, "format is 'txt'"):
            model.export(self.path("y.txt"))

    def test_report(self):
        """A page of a loaded model alone, and with rows: the measures, those of the program for the same table."""
        X, y = blobs()
        names = np.array(["rose", "fern", "moss, wet"])[y]
        path, table = self.train(X, [f'"{name}"' for name in names], "label", "--layers", "4-5:tanh-3:softmax", "--cost",
                                 "categorical-cross-entropy", "--lr", 0.1, "--validation", 0.2)
        model, page = annc.load(path), self.path("page.html")
        model.report(page)
        alone = page.read_text(encoding="utf-8")
        for text in ("4-5-3", "Weights of the first layer", "categorical-cross-entropy", f"validation set of {table}"):  # as the model has it
            self.assertIn(text, alone)
        for text in ("No epoch", "no epoch", "Saturation", "Machine"):  # what only a log has
            self.assertNotIn(text, alone)
        model.report(page, X, names)
        whole = page.read_text(encoding="utf-8")
        right = int((model.predict(X) == names).sum())
        for text in ("evaluated again", "PASS", "moss, wet", f"{100 * right / 120:.2f}%"):
            self.assertIn(text, whole)
        self.assertNotIn("FAIL", whole)
        for arguments, error in (((X,), "needs both"), ((X, names[1:]), "X has 120 rows, but y has 119"), ((X[:, :2], names), "2 features")):
            with self.assertRaisesRegex(ValueError, error):
                model.report(page, *arguments)

    def test_report_of_numbers(self):
        X, y = waves()
        model = annc.load(self.train(X, y, "target", "--layers", "2-8:tanh-1:identity", "--lr", 0.01, "--optimizer", "adam")[0])
        model.report(self.path("page.html"), X, y)
        self.assertIn(f"{r2(model, X, y):.6g}"[:7], self.path("page.html").read_text(encoding="utf-8"))

    def test_copies(self):
        X, y = blobs()
        model = annc.load(self.train(X, y, "label", "--layers", "4-3:softmax", "--cost", "categorical-cross-entropy", "--lr", 0.1)[0])
        expected = model.outputs(X)
        for other in (pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)):
            self.assertTrue(np.array_equal(other.outputs(X), expected))
            self.assertEqual(other.metadata, model.metadata)

    @unittest.skipUnless(HAS_SKLEARN, "scikit-learn is not installed")
    def test_copies_of_estimators(self):
        import joblib
        X, y = blobs()
        fitted = annc.AnncClassifier(epochs=3).fit(X, y)
        joblib.dump(fitted, self.path("e.joblib"))
        for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted), joblib.load(self.path("e.joblib"))):
            self.assertTrue(np.array_equal(other.predict_proba(X), fitted.predict_proba(X)))
            other.partial_fit(X, y)
            self.assertEqual((other.n_iter_, fitted.n_iter_), (4, 3))

    def test_refused(self):
        with self.assertRaises(FileNotFoundError):
            annc.load(self.path("none"))
        self.path("text").write_text("no model")
        with self.assertRaisesRegex(ValueError, "text"):
            annc.load(self.path("text"))
        X, y = blobs()
        model = annc.load(self.train(X, y, "label", "--layers", "4-3:softmax", "--cost", "categorical-cross-entropy", "--lr", 0.1)[0])
        with self.assertRaises(OSError):
            model.save(self.path("none/x.safetensors"))
        for wrong, text in ((X[0], "2D array"), (X[:, :3], "3 features"), (np.full((2, 4), np.inf), "too large"),
                            (np.full((2, 4), 1e300), "too large"), (X + 1j, "Complex data")):
            with self.assertRaisesRegex(ValueError, text):
                model.predict(wrong)


if __name__ == "__main__":
    unittest.main()
